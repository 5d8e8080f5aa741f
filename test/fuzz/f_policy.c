/* f_policy.c -- hostile YAML through the compiler, both stages.  Whatever
 * compiles must be an image, twice the same bytes, and must be able to
 * answer; whatever does not must say why. */
#include <stdint.h>
#include <stdlib.h>

#include "base/must.h"
#include "compile/compile.h"
#include "policy/decide.h"
#include "policy/files.h"
#include "policy/image.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t len);

static void
ask(const struct image *im)
{
	struct str exe = STR("/usr/bin/curl");
	struct net_query q = { .host = STR("a.b.example.com"), .port = 443,
		.tls = true, .who = { &exe, 1 }, .method = STR("GET"),
		.path = STR("/a/b/c") };
	struct in6_addr addr = { { { 0 } } };
	struct file_query f = { STR("/a/b/.git/config"), FILE_WRITE, 0 };
	struct file_answer file;
	struct net_answer a;
	char why[64];

	policy_file(im, &f, &file);
	must(file.reason[0] != '\0');
	must((file.judged == VERDICT_ALLOW) ==
	    ((policy_file_judge(im, &f) & FILE_WRITE) != 0));

	policy_network(im, &q, &a);
	must(a.reason[0] != '\0');
	(void)policy_address(im, &q, &addr, why, sizeof(why));
	q.method = q.path = STR("");
	q.host = STR("10.0.0.1");
	policy_network(im, &q, &a);
}

static void
check(const struct policy_file *f, char *bytes, size_t len,
    enum policy_stage stage)
{
	struct diags d = { 0 };
	struct image *im = NULL;
	char *again, *changes;
	size_t n;

	must(policy_compile(f, 1, stage, &again, &n, &d) == 0);
	must(n == len && memcmp(again, bytes, n) == 0);
	diags_fini(&d);
	free(again);
	must(image_of(str_of(bytes, len), &im, NULL) == 0);
	ask(im);
	changes = policy_locked_changes(im, im);
	must(changes == NULL);
	image_free(im);
}

static void
compile(const struct policy_file *f, enum policy_stage stage)
{
	struct diags d = { 0 };
	char *bytes = NULL;
	size_t len;

	if (policy_compile(f, 1, stage, &bytes, &len, &d) == 0) {
		must(d.errors == 0);
		check(f, bytes, len, stage);
		free(bytes);
	} else {
		must(d.errors > 0 && d.n > 0);
	}
	free(diags_print(&d, true));
	diags_fini(&d);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t len)
{
	struct policy_file f = { "f.yaml", str_of((const char *)p, len) };

	compile(&f, POLICY_STAGE_CHECK);
	compile(&f, POLICY_STAGE_ENFORCE);
	return 0;
}
