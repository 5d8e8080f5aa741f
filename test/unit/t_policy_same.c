/* t_policy_same.c -- what runs when a file is executed: scripts, and which
 * commands a file is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/compat.h"
#include "policy/same.h"
#include "policy/shebang.h"

/* ---- scripts */

static const struct {
	const char *behaviour;
	struct str head;
	enum shebang_kind kind;
	const char *interpreter, *argument; /* NULL: none */
} scripts[] = {
	{ "no script", STR("\177ELF"), SHEBANG_NONE, "", NULL },
	{ "an empty file", STR(""), SHEBANG_NONE, "", NULL },
	{ "one byte of it", STR("#"), SHEBANG_NONE, "", NULL },
	{ "a blank before it", STR(" #!/bin/sh\n"), SHEBANG_NONE, "", NULL },
	{ "a shell", STR("#!/bin/sh\nx"), SHEBANG_SCRIPT, "/bin/sh", NULL },
	{ "no end of line", STR("#!/bin/sh"), SHEBANG_SCRIPT, "/bin/sh",
	    NULL },
	{ "blanks and tabs around", STR("#! \t/bin/sh \t \n"),
	    SHEBANG_SCRIPT, "/bin/sh", NULL },
	{ "an argument", STR("#!/bin/sh -e\n"), SHEBANG_SCRIPT, "/bin/sh",
	    "-e" },
	{ "the rest is one argument", STR("#!/bin/sh  -e  -x \n"),
	    SHEBANG_SCRIPT, "/bin/sh", "-e  -x" },
	{ "a carriage return is part of the name", STR("#!/bin/sh\r\n"),
	    SHEBANG_SCRIPT, "/bin/sh\r", NULL },
	{ "a NUL ends the name", STR("#!/bin/sh\0-e\n"), SHEBANG_SCRIPT,
	    "/bin/sh", NULL },
	{ "nothing", STR("#!\n"), SHEBANG_BAD, "", NULL },
	{ "blanks alone", STR("#!  \n/bin/sh"), SHEBANG_BAD, "", NULL },
};

static void
scripts_are_read_as_the_kernel_does(void **state)
{
	(void)state;
	for (size_t i = 0; i < NELEM(scripts); i++) {
		struct shebang s;

		if (shebang_parse(scripts[i].head, &s) != scripts[i].kind ||
		    !str_eqz(s.interpreter, scripts[i].interpreter) ||
		    s.has_argument != (scripts[i].argument != NULL) ||
		    (s.has_argument && !str_eqz(s.argument,
			scripts[i].argument)))
			fail_msg("%s", scripts[i].behaviour);
	}
}

static void
a_long_line_is_cut_as_the_kernel_cuts_it(void **state)
{
	char head[SHEBANG_BYTES];
	struct shebang s;

	(void)state;
	memset(head, 'x', sizeof(head));
	memcpy(head, "#!/", 3);
	assert_int_equal(shebang_parse(str_of(head, sizeof(head)), &s),
	    SHEBANG_BAD);
	head[10] = ' ';
	assert_int_equal(shebang_parse(str_of(head, sizeof(head)), &s),
	    SHEBANG_SCRIPT);
	assert_int_equal(s.interpreter.len, 8);
	assert_int_equal(s.argument.len, SHEBANG_BYTES - 1 - 11);
}

static const struct {
	const char *behaviour, *line;
	enum shebang_kind kind;
	const char *words[4];
} envs[] = {
	{ "another interpreter", "#!/bin/sh\n", SHEBANG_NONE, { NULL } },
	{ "what ends alike", "#!/bin/printenv x\n", SHEBANG_NONE, { NULL } },
	{ "a name", "#!/usr/bin/env python3\n", SHEBANG_SCRIPT,
	    { "python3" } },
	{ "a name with a blank is one", "#!/usr/bin/env python3 -x\n",
	    SHEBANG_SCRIPT, { "python3 -x" } },
	{ "split", "#!/usr/bin/env -S python3  -x y\n", SHEBANG_SCRIPT,
	    { "python3", "-x", "y" } },
	{ "split, in long", "#!/usr/bin/env --split-string=node -x\n",
	    SHEBANG_SCRIPT, { "node", "-x" } },
	{ "nothing to run", "#!/usr/bin/env\n", SHEBANG_BAD, { NULL } },
	{ "nothing to split", "#!/usr/bin/env -S\n", SHEBANG_BAD, { NULL } },
	{ "a variable", "#!/usr/bin/env A=1\n", SHEBANG_BAD, { NULL } },
	{ "a variable in what is split", "#!/usr/bin/env -S A=1 x\n",
	    SHEBANG_BAD, { NULL } },
	{ "an option", "#!/usr/bin/env -i\n", SHEBANG_BAD, { NULL } },
	{ "an option in what is split", "#!/usr/bin/env -S -i x\n",
	    SHEBANG_BAD, { NULL } },
	{ "quotes", "#!/usr/bin/env -S x 'a b'\n", SHEBANG_BAD, { NULL } },
	{ "what env would put in", "#!/usr/bin/env -S ${HOME}/x\n",
	    SHEBANG_BAD, { NULL } },
};

static void
env_is_the_program_that_it_runs(void **state)
{
	(void)state;
	for (size_t i = 0; i < NELEM(envs); i++) {
		struct shebang_env e;
		struct shebang s;

		assert_int_equal(shebang_parse(str_c(envs[i].line), &s),
		    SHEBANG_SCRIPT);
		if (shebang_env(&s, &e) != envs[i].kind)
			fail_msg("%s", envs[i].behaviour);
		for (unsigned k = 0; envs[i].words[k] != NULL; k++)
			if (k >= e.n || !str_eqz(e.words[k],
				envs[i].words[k]))
				fail_msg("%s", envs[i].behaviour);
	}
}

/* ---- files */

static const struct same_known known[] = {
	{ 7, true, { 1, 10, { 'a' } } },
	{ 3, true, { 1, 10, { 'a' } } },	/* the same by another name */
	{ 4, true, { 1, 11, { 'b' } } },
	{ 4, false, { 2, 11, { 'c' } } },	/* further down the PATH */
};

static void
a_file_is_what_it_was(void **state)
{
	struct file_id id = { 1, 10, { 'a' } };
	uint32_t out[4];

	(void)state;
	assert_int_equal(same_find(known, 4, &id, false, out, 4), 2);
	assert_int_equal(out[0], 3);
	assert_int_equal(out[1], 7);
	id.ino = 99;	/* a copy */
	assert_int_equal(same_find(known, 4, &id, false, out, 4), 0);
	assert_int_equal(same_find(known, 4, &id, true, out, 4), 2);
	id = (struct file_id){ 1, 11, { 'x' } };	/* written to */
	assert_int_equal(same_find(known, 4, &id, false, out, 4), 0);
	assert_int_equal(same_find(known, 4, &id, true, out, 4), 1);
	assert_int_equal(out[0], 4);
	id = (struct file_id){ 2, 11, { 'c' } };	/* not on the PATH */
	assert_int_equal(same_find(known, 4, &id, false, out, 4), 0);
	assert_int_equal(same_find(known, 4, &id, true, out, 4), 1);
	id = (struct file_id){ 1, 10, { 'a' } };
	assert_int_equal(same_find(known, 4, &id, true, out, 1), 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(scripts_are_read_as_the_kernel_does),
		cmocka_unit_test(a_long_line_is_cut_as_the_kernel_cuts_it),
		cmocka_unit_test(env_is_the_program_that_it_runs),
		cmocka_unit_test(a_file_is_what_it_was),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
