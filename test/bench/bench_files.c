/* bench_files.c -- how long one decision about a path of 60 bytes takes, with
 * few rules and many, and how long PCRE2's machine code takes to try the same
 * rules one after another.  Prints: rules, question, nanoseconds; and what
 * compiling the rules took and came to. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/buf.h"
#include "base/must.h"
#include "compile/compile.h"
#include "policy/files.h"

#ifdef HAVE_PCRE2
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#endif

enum { ROUNDS = 200000, PEER_ROUNDS = 2000, PATH_BYTES = 60 };

static double
now_ns(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

/* ---- rules: trees, and every tenth something else */

static const char *
rule_of(unsigned i, char out[128], bool *deny)
{
	static const char *const forms[] = {
		"/srv/team%u/p%u/conf/*.yaml", "/srv/team%u/p%u/secret/**",
		"**/team%u-%u.key",
	};
	const char *form = i % 10 < 7 ? "/srv/team%u/p%u/**" :
					forms[i % 10 - 7];

	*deny = i % 10 > 7;
	(void)snprintf(out, 128, form, i / 100, i);
	return out;
}

static char *
document(unsigned rules)
{
	struct buf b;
	char text[128];
	bool ok, deny;

	buf_init(&b, 1 << 21);
	ok = buf_addz(&b, "file_access:\n  allow:\n");
	for (unsigned i = 0; i < rules; i++) {
		(void)rule_of(i, text, &deny);
		if (!deny)
			ok = ok && buf_printf(&b, "  - {path: \"%s\"}\n",
			    text);
	}
	ok = ok && buf_addz(&b, "  deny:\n");
	for (unsigned i = 0; i < rules; i++) {
		(void)rule_of(i, text, &deny);
		if (deny)
			ok = ok && buf_printf(&b, "  - {path: \"%s\"}\n",
			    text);
	}
	must(ok);
	return buf_take(&b, NULL);
}

static void
path_of(unsigned i, const char *end, char out[PATH_BYTES + 1])
{
	int n = snprintf(out, PATH_BYTES, "/srv/team%u/p%u/", i / 100, i);

	while (n + (int)strlen(end) < PATH_BYTES) {
		out[n] = n % 8 == 0 && out[n - 1] != '/' ? '/' : 'x';
		n++;
	}
	if (out[n - 1] == '/')
		out[n - 1] = 'x';
	(void)strcpy(out + n, end);
}

/* ---- ours */

static struct image *
image_with(unsigned rules, char **bytes)
{
	char *text = document(rules);
	struct policy_file f = { .name = "bench.yaml", .text = str_c(text) };
	struct diags d = { 0 };
	struct image *im;
	double start = now_ns();
	size_t len;
	int rc = policy_compile(&f, 1, POLICY_STAGE_CHECK, bytes, &len, &d);

	must(rc == 0);
	(void)printf("%6u rules  compiled in %.1f ms to %zu kB\n", rules,
	    (now_ns() - start) / 1e6, len / 1000);
	rc = image_of(str_of(*bytes, len), &im, NULL);
	must(rc == 0);
	diags_fini(&d);
	free(text);
	return im;
}

static void
measure(const struct image *im, unsigned rules, const char *what,
    const char *path)
{
	struct file_query q = { .path = str_c(path), .access = FILE_READ };
	struct file_answer a;
	unsigned allowed = 0;
	double start = now_ns(), judged;

	for (int i = 0; i < ROUNDS; i++)
		allowed += policy_file_judge(im, &q) & FILE_READ;
	judged = (now_ns() - start) / ROUNDS;
	start = now_ns();
	for (int i = 0; i < ROUNDS; i++)
		policy_file(im, &q, &a);
	(void)printf("%6u rules  %-24s %6.0f ns, with the reason %6.0f ns  "
	    "%s\n", rules, what, judged, (now_ns() - start) / ROUNDS,
	    allowed > 0 ? "allow" : "deny");
}

/* ---- the peer */

#ifdef HAVE_PCRE2
static pcre2_code *
regex_of(const char *glob)
{
	char re[512] = "^";
	size_t n = 1, at = 0;
	PCRE2_SIZE where;
	pcre2_code *code;
	int error;

	for (; glob[at] != '\0'; at++) {
		const char *as = NULL;

		if (strcmp(glob + at, "/**") == 0) {
			n += (size_t)snprintf(re + n, sizeof(re) - n, "(/.*)?");
			break;
		}
		if (strncmp(glob + at, "**/", 3) == 0) {
			as = "(.*/)?";
			at += 2;
		} else if (glob[at] == '*') {
			as = "[^/]*";
		} else if (glob[at] == '.') {
			as = "\\.";
		}
		n += (size_t)snprintf(re + n, sizeof(re) - n, "%s%.*s",
		    as == NULL ? "" : as, as == NULL, glob + at);
	}
	(void)snprintf(re + n, sizeof(re) - n, "$");
	code = pcre2_compile((PCRE2_SPTR)re, PCRE2_ZERO_TERMINATED,
	    PCRE2_DOTALL, &error, &where, NULL);
	must(code != NULL);
	must(pcre2_jit_compile(code, PCRE2_JIT_COMPLETE) == 0);
	return code;
}

/* All rules: a deny may stand anywhere. */
static void
measure_peer(unsigned rules, const char *path)
{
	pcre2_code **codes = mem_alloc(rules, sizeof(*codes));
	pcre2_match_data *m = pcre2_match_data_create(4, NULL);
	unsigned hits = 0;
	double start;
	bool deny;

	for (unsigned i = 0; i < rules; i++) {
		char text[128];

		codes[i] = regex_of(rule_of(i, text, &deny));
	}
	start = now_ns();
	for (int k = 0; k < PEER_ROUNDS; k++)
		for (unsigned i = 0; i < rules; i++)
			hits += pcre2_jit_match(codes[i], (PCRE2_SPTR)path,
			    strlen(path), 0, 0, m, NULL) > 0;
	(void)printf("%6u rules  %-24s %6.0f ns  %u\n", rules,
	    "PCRE2, one by one", (now_ns() - start) / PEER_ROUNDS, hits);
	for (unsigned i = 0; i < rules; i++)
		pcre2_code_free(codes[i]);
	pcre2_match_data_free(m);
	free(codes);
}
#endif

int
main(void)
{
	static const unsigned counts[] = { 10, 1000, 10000 };

	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		unsigned n = counts[i];
		char path[PATH_BYTES + 1], *bytes;
		struct image *im = image_with(n, &bytes);

		path_of(n - 4, "/a.c", path);
		measure(im, n, "in a tree", path);
#ifdef HAVE_PCRE2
		measure_peer(n, path);
#endif
		path_of(n - 4, "/.git/config", path);
		measure(im, n, "a protected name", path);
		path_of(n + 100000, "/a.c", path);
		measure(im, n, "in none", path);
		image_free(im);
		free(bytes);
	}
	return 0;
}
