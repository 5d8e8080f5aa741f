/* t_cases.c -- the case files beside the policies that must load as they
 * are: what a reader expects of their words alone. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "analysis/cases.h"
#include "base/clean.h"
#include "base/compat.h"
#include "base/err.h"
#include "base/io.h"

#define FOLDER "/test/cases/policies/"
#define FILES_MAX 8

static const struct {
	const char *cases;
	const char *policies[FILES_MAX];
} files[] = {
	{ "01-http-egress.cases.yaml", { "01-http-egress.yaml" } },
	{ "02-inference-router.cases.yaml", { "02-inference-router.yaml" } },
	{ "03-agent-policy.cases.yaml", { "03-agent-policy.yaml" } },
	{ "04-file-access.cases.yaml", { "04-file-access.yaml" } },
	{ "05-network.cases.yaml", { "05-network.yaml" } },
	{ "06-commands.cases.yaml", { "06-commands.yaml" } },
	{ "07-resources.cases.yaml", { "07-resources.yaml" } },
	{ "all.cases.yaml", { "01-http-egress.yaml",
	    "02-inference-router.yaml", "03-agent-policy.yaml",
	    "04-file-access.yaml", "05-network.yaml", "06-commands.yaml",
	    "07-resources.yaml" } },
	{ "v1.cases.yaml", { "v1.yaml" } },
	{ "bodies.cases.yaml", { "bodies.yaml" } },
};

static char *
read_file(const char *name, struct policy_file *f)
{
	CLEAN_FREE char *path = NULL;
	struct err e = { 0 };
	char *text;
	size_t len;

	assert_true(asprintf(&path, "%s" FOLDER "%s", getenv("SOURCE_ROOT"),
	    name) > 0);
	if (io_read_file(AT_FDCWD, path, POLICY_BYTES_MAX, &text, &len, &e) ==
	    -1)
		fail_msg("%s", e.text);
	*f = (struct policy_file){ .name = name, .text = str_of(text, len) };
	return text;
}

static uint32_t
count_failures(const struct book *b, const struct cases *c)
{
	uint32_t failed = 0;

	for (uint32_t i = 0; i < c->n; i++) {
		const struct one_case *one = &c->v[i];
		struct reply r;

		book_ask(b, &one->question, &r);
		if (r.verdict == one->expect && (one->route.len == 0 ||
			str_eq(one->route, r.route)))
			continue;
		failed++;
		print_error("%s:%u: %.*s: not %s: %s\n", c->file, one->line,
		    (int)one->question.shown.len, one->question.shown.p,
		    reply_word(one->expect), r.reason);
	}
	return failed;
}

static void
run_file(size_t at)
{
	struct policy_file policies[FILES_MAX], f;
	char *text[FILES_MAX + 1] = { NULL };
	struct diags d = { 0 };
	struct cases c;
	struct book b;
	size_t n = 0;

	for (; n < FILES_MAX && files[at].policies[n] != NULL; n++)
		text[n] = read_file(files[at].policies[n], &policies[n]);
	text[FILES_MAX] = read_file(files[at].cases, &f);
	assert_int_equal(book_open(policies, n, &b), 0);
	if (cases_read(&f, &c, &d) == -1)
		fail_msg("%s: %s", f.name, d.v[0].text);
	assert_true(c.n > 0);
	assert_int_equal(count_failures(&b, &c), 0);
	cases_fini(&c);
	diags_fini(&d);
	book_close(&b);
	for (size_t i = 0; i <= FILES_MAX; i++)
		free(text[i]);
}

static void
the_words_mean_what_a_reader_expects(void **state)
{
	(void)state;
	for (size_t i = 0; i < NELEM(files); i++)
		run_file(i);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_words_mean_what_a_reader_expects),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
