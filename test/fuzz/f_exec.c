/* f_exec.c -- patterns of commands and arguments.  Lines up to an empty one
 * are entries, with + for an allow and - for a deny; those behind it are
 * argv.  The automata agree with the words that explain a denial, and a deny
 * more never makes anything possible. */
#include <stdint.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/compat.h"
#include "base/err.h"
#include "base/must.h"
#include "compile/compile.h"
#include "policy/exec.h"
#include "policy/image.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t len);

enum { ENTRIES_MAX = 12, ARGS_MAX = 32 };

static void
put_entry(struct buf *b, struct str s)
{
	bool ok = buf_addz(b, "\"");

	for (size_t i = 0; i < s.len; i++)
		if (s.p[i] == '"' || s.p[i] == '\\')
			ok = ok && buf_printf(b, "\\%c", s.p[i]);
		else
			ok = ok && buf_add(b, s.p + i, 1);
	must(ok && buf_addz(b, "\", "));
}

/* Without the denies when bare. */
static void
put_policy(struct buf *b, const struct str *entries, size_t n, bool bare)
{
	bool ok = buf_addz(b, "commands:\n  allow: [");

	for (size_t i = 0; i < n; i++)
		if (entries[i].p[0] == '+')
			put_entry(b, str_from(entries[i], 1));
	ok = ok && buf_addz(b, "]\n  deny: [");
	for (size_t i = 0; i < n && !bare; i++)
		if (entries[i].p[0] == '-')
			put_entry(b, str_from(entries[i], 1));
	must(ok && buf_addz(b, "]\n"));
}

static enum verdict
judge(const struct image *im, const struct str *argv, uint32_t argc)
{
	struct exec_form form = { .name = argv[0], .argv = argv,
		.argc = argc };
	struct exec_query q = { .forms = &form, .nforms = 1, .paper = true,
		.cwd = STR("/w/x") };
	struct exec_answer a;

	policy_exec(im, &q, &a);
	must(a.reason[0] != '\0');
	must((a.verdict == VERDICT_ALLOW) == (a.rule.line != 0 &&
	    str_has_prefix(str_c(a.reason), STR("allowed by "))));
	/* There is no condition: the words would have said that it agrees. */
	must(a.nearest.line == 0 || !str_has_suffix(str_c(a.reason),
	    STR("): its condition does not hold")));
	return a.verdict;
}

/* -1: it does not compile. */
static int
verdict_of(const struct str *entries, size_t n, bool bare,
    const struct str *argv, uint32_t argc)
{
	struct policy_file f = { "f.yaml", { NULL, 0 } };
	struct diags d = { 0 };
	struct image *im = NULL;
	char *bytes = NULL;
	int verdict = -1;
	struct buf b;
	size_t len;

	buf_init(&b, 1 << 20);
	put_policy(&b, entries, n, bare);
	f.text = buf_str(&b);
	if (policy_compile(&f, 1, POLICY_STAGE_CHECK, &bytes, &len, &d) ==
	    0) {
		int rc = image_of(str_of(bytes, len), &im, NULL);

		must(rc == 0);
		verdict = (int)judge(im, argv, argc);
	} else
		must(d.errors > 0);
	image_free(im);
	free(bytes);
	diags_fini(&d);
	buf_fini(&b);
	return verdict;
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t len)
{
	struct str rest = str_of((const char *)p, len), line;
	struct str entries[ENTRIES_MAX], argv[ARGS_MAX];
	uint32_t argc = 0;
	int with, without;
	size_t n = 0;

	if (memchr(p, '\0', len) != NULL || len > 4096)
		return 0;
	while (str_cut(rest, '\n', &line, &rest) && line.len > 0) {
		if (n == ENTRIES_MAX || (line.p[0] != '+' &&
			line.p[0] != '-'))
			return 0;
		entries[n++] = line;
	}
	while (argc < ARGS_MAX - 1 && str_cut(rest, '\n', &line, &rest))
		argv[argc++] = line;
	argv[argc++] = rest;
	with = verdict_of(entries, n, false, argv, argc);
	without = verdict_of(entries, n, true, argv, argc);
	must(with != VERDICT_ALLOW || without == VERDICT_ALLOW);
	return 0;
}
