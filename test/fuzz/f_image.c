/* f_image.c -- hostile bytes as an image.  The size and the hash are made
 * right first: what is tried is every check behind them. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/must.h"
#include "compile/compile.h"
#include "policy/decide.h"
#include "policy/exec.h"
#include "policy/files.h"
#include "policy/form.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t len);

static void
make_right(char *bytes, size_t len)
{
	struct f_head *h = (struct f_head *)(void *)bytes;

	memcpy(h->magic, FORM_MAGIC, sizeof(h->magic));
	h->version = FORM_VERSION;
	h->size = (uint32_t)len;
	sha256(str_from(str_of(bytes, len), FORM_HASHED), h->hash);
}

static void
ask(const struct image *im, const char *host, uint16_t port, bool tls,
    const char *method)
{
	struct str exe[] = { STR("/usr/bin/curl"), STR("/bin/sh") };
	struct detail_pair field = { STR("x-team"), STR("red") };
	struct net_details d = { { { .known = false } } };
	struct net_query q = { .host = str_c(host), .port = port,
		.tls = tls, .who = { exe, 2 }, .method = str_c(method),
		.path = STR("/repos/x/y"), .query = STR("a=b&c=%64"),
		.details = &d };
	struct in6_addr addr = { { { 0 } } };
	struct net_answer a;
	char why[128];

	d.of[DETAIL_HEADER] = (struct detail_list){ true, &field, 1 };
	policy_network(im, &q, &a);
	must(a.reason[0] != '\0');
	(void)policy_address(im, &q, &addr, why, sizeof(why));
}

static void
ask_path(const struct image *im, const char *path)
{
	struct file_query q = { .path = str_c(path), .access = FILE_WRITE };
	struct file_below below;
	struct file_answer a;

	policy_file(im, &q, &a);
	must(a.reason[0] != '\0');
	(void)policy_file_judge(im, &q);
	(void)policy_file_state(im, q.path);
	policy_file_below(im, q.path, FILE_READ, &below);
}

static void
ask_exec(const struct image *im, bool paper)
{
	static const struct str argv[] = { STR("git"), STR("push"),
		STR("-rf"), STR("--out=/w/x"), STR("/w/y"), STR("") };
	static const struct str env[] = { STR("LD_PRELOAD=x") };
	static const uint32_t same[] = { 0, 1, 2, 3, UINT32_MAX };
	struct exec_form form = { .name = argv[0], .argv = argv, .argc = 6,
		.file = STR("/usr/bin/rm.x"), .same = same, .nsame = 5 };
	struct exec_query q = { .forms = &form, .nforms = 1, .env = env,
		.nenv = 1, .cwd = STR("/w"), .paper = paper };
	struct exec_command c;
	struct exec_answer a;

	policy_exec(im, &q, &a);
	must(a.reason[0] != '\0');
	form.name = form.file = STR("busybox");
	policy_exec(im, &q, &a);
	for (uint32_t i = 0; i < image_commands(im); i++)
		image_command(im, i, &c);
	for (uint32_t i = 0; i < image_envs(im); i++)
		(void)image_env(im, i);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t len)
{
	struct file_grant g;
	struct image *im;
	char *bytes;

	if (len < sizeof(struct f_head) || len > 65536)
		return 0;
	bytes = mem_alloc(1, len);
	memcpy(bytes, p, len);
	make_right(bytes, len);
	if (image_of(str_of(bytes, len), &im, NULL) == 0) {
		ask(im, "api.github.com", 443, true, "GET");
		ask(im, "a.b.c.example.com", 80, false, "POST");
		ask(im, "10.0.0.1", 22, false, "");
		ask(im, "::1", 443, true, "BREW");
		ask(im, "", 0, true, "");
		ask_path(im, "/srv/p/.git/config");
		ask_path(im, "/");
		ask_path(im, "/etc/shadow");
		ask_exec(im, true);
		ask_exec(im, false);
		for (uint32_t i = 0; i < image_info(im)->files; i++)
			image_file(im, i, &g);
		free(policy_locked_changes(im, im));
		image_free(im);
	}
	free(bytes);
	return 0;
}
