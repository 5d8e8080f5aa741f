/* t_policy_files.c -- the documents that must load as they are. */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/clean.h"
#include "base/compat.h"
#include "base/err.h"
#include "base/io.h"
#include "base/limits.h"
#include "compile/compile.h"
#include "policy/decide.h"
#include "policy/image.h"

#define SPEC "/test/cases/policies/"

static const struct {
	const char *name;
	bool enforced; /* by this version */
} files[] = {
	{ SPEC "01-http-egress.yaml", true },
	{ SPEC "02-inference-router.yaml", false },
	{ SPEC "03-agent-policy.yaml", false },
	{ SPEC "04-file-access.yaml", true },
	{ SPEC "05-network.yaml", true },
	{ SPEC "06-commands.yaml", true },
	{ SPEC "07-resources.yaml", false },
	{ SPEC "v1.yaml", true },
	{ "/policies/anthropic.yaml", true },
	{ "/policies/github-readonly.yaml", true },
	{ "/policies/openai.yaml", true },
	{ "/policies/pypi.yaml", true },
};

static void
take_file(const char *name, struct policy_file *f)
{
	CLEAN_FREE char *path = NULL;
	struct err e = { 0 };
	char *text;
	size_t len;

	assert_true(asprintf(&path, "%s%s", getenv("SOURCE_ROOT"), name) > 0);
	if (io_read_file(AT_FDCWD, path, POLICY_BYTES_MAX, &text, &len, &e) ==
	    -1)
		fail_msg("%s", e.text);
	*f = (struct policy_file){ name, str_of(text, len) };
}

static void
drop_file(struct policy_file *f)
{
	char *text;

	memcpy(&text, &f->text.p, sizeof(text));
	free(text);
}

static bool
loads(const struct policy_file *f, size_t n, enum policy_stage stage,
    const char *name)
{
	struct diags d = { 0 };
	CLEAN_FREE char *image = NULL;
	size_t len;
	int rc = policy_compile(f, n, stage, &image, &len, &d);

	for (size_t i = 0; i < d.n; i++)
		if (d.v[i].level == DIAG_ERROR &&
		    (stage == POLICY_STAGE_CHECK ||
		    strstr(d.v[i].text, "not enforced by this version: ") !=
		    d.v[i].text))
			fail_msg("%s:%u: %s", name, d.v[i].line, d.v[i].text);
	diags_fini(&d);
	return rc == 0;
}

static void
each_alone(void **state)
{
	(void)state;
	for (size_t i = 0; i < NELEM(files); i++) {
		struct policy_file f;

		take_file(files[i].name, &f);
		assert_true(loads(&f, 1, POLICY_STAGE_CHECK, f.name));
		if (loads(&f, 1, POLICY_STAGE_ENFORCE, f.name) !=
		    files[i].enforced)
			fail_msg("%s", f.name);
		drop_file(&f);
	}
}

static void
all_together(void **state)
{
	struct policy_file f[NELEM(files)];

	(void)state;
	for (size_t i = 0; i < NELEM(files); i++)
		take_file(files[i].name, &f[i]);
	assert_true(loads(f, NELEM(files), POLICY_STAGE_CHECK, "all"));
	for (size_t i = 0; i < NELEM(files); i++)
		drop_file(&f[i]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_alone),
		cmocka_unit_test(all_together),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
