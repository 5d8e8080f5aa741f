/* t_mask.c -- what of a command's arguments a log shows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "audit/mask.h"
#include "base/compat.h"

#define ARGS_MAX 6

static const struct {
	const char *says;
	const char *args[ARGS_MAX], *shown[ARGS_MAX];
} cases[] = {
	{ "what names no secret is shown as it is",
	    { "curl", "-s", "https://a.test/x?y=z", "-o", "f" },
	    { "curl", "-s", "https://a.test/x?y=z", "-o", "f" } },
	{ "the word behind an option that names a secret is not",
	    { "mysql", "--password", "hunter2", "db" },
	    { "mysql", "--password", "***", "db" } },
	{ "nor is what is attached to it",
	    { "mysql", "--password=hunter2", "API_KEY=xyz" },
	    { "mysql", "--password=***", "API_KEY=***" } },
	{ "an option behind it is no secret",
	    { "x", "--password", "--token", "abc" },
	    { "x", "--password", "--token", "***" } },
	{ "fields of a request that carry one",
	    { "curl", "-H", "Authorization: Bearer abc", "-H",
		"X-Api-Key:abc" },
	    { "curl", "-H", "Authorization:***", "-H", "X-Api-Key:***" } },
	{ "a URL's password, and a URL's only word",
	    { "git", "https://me:pw@h.test/x", "https://pw@h.test/" },
	    { "git", "https://me:***@h.test/x", "https://***@h.test/" } },
	{ "an @ behind the host is none",
	    { "x", "https://h.test/a:b@c" }, { "x", "https://h.test/a:b@c" } },
	{ "a user and a password",
	    { "curl", "-u", "me:pw", "x" }, { "curl", "-u", "me:***", "x" } },
	{ "a user alone", { "sudo", "-u", "me" }, { "sudo", "-u", "me" } },
	{ "tokens, wherever they stand",
	    { "x", "a sk-0123456789abcdefXYZ b",
		"ghp_0123456789abcdef0123" },
	    { "x", "a sk-*** b", "ghp_***" } },
	{ "what only begins like one",
	    { "x", "sk-short", "task-0123456789abcdefgh" },
	    { "x", "sk-short", "task-0123456789abcdefgh" } },
	{ "nothing at all", { "x", "", "--token=", "=" },
	    { "x", "", "--token=", "=" } },
};

static void
masked(void **state)
{
	(void)state;
	for (size_t i = 0; i < NELEM(cases); i++) {
		struct mask m = { 0 };

		for (size_t k = 0; k < ARGS_MAX &&
		     cases[i].args[k] != NULL; k++) {
			char buf[MASK_BYTES_MAX];
			struct str got = mask_argument(&m,
			    str_c(cases[i].args[k]), buf);

			if (!str_eqz(got, cases[i].shown[k]))
				fail_msg("%s: %.*s is not %s", cases[i].says,
				    (int)got.len, got.p, cases[i].shown[k]);
		}
	}
}

static void
what_is_long_is_cut(void **state)
{
	static char text[3 * MASK_BYTES_MAX];
	char buf[MASK_BYTES_MAX];
	struct mask m = { 0 };
	struct str got;

	(void)state;
	memset(text, '/', sizeof(text));
	got = mask_argument(&m, str_of(text, sizeof(text)), buf);
	assert_int_equal(got.len, MASK_BYTES_MAX);
	for (size_t i = 0; i + 4 <= sizeof(text); i += 4)
		memcpy(text + i, "//a@", 4);
	got = mask_argument(&m, str_of(text, sizeof(text)), buf);
	assert_in_range(got.len, 1, MASK_BYTES_MAX);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(masked),
		cmocka_unit_test(what_is_long_is_cut),
	};

	return cmocka_run_group_tests_name("mask", tests, NULL, NULL);
}
