#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/buf.h"
#include "base/compat.h"
#include "base/log.h"
#include "base/str.h"

static const struct {
	const char *what, *in;
	uint64_t max;
	int ok;
	uint64_t want;
} numbers[] = {
	{ "zero is a number", "0", 9, 1, 0 },
	{ "the limit itself is allowed", "65535", 65535, 1, 65535 },
	{ "one past the limit is refused", "65536", 65535, 0, 0 },
	{ "a sign is refused", "+5", 9, 0, 0 },
	{ "a leading zero is refused", "05", 9, 0, 0 },
	{ "blanks are refused", " 5", 9, 0, 0 },
	{ "empty is refused", "", 9, 0, 0 },
	{ "overflow is refused", "18446744073709551616", UINT64_MAX, 0, 0 },
	{ "the largest fits", "18446744073709551615", UINT64_MAX, 1,
	    UINT64_MAX },
};

static void
number_cases(void **state)
{
	(void)state;
	for (size_t i = 0; i < NELEM(numbers); i++) {
		uint64_t v = 0;
		int ok = str_u64(str_c(numbers[i].in), numbers[i].max, &v);

		if (ok != numbers[i].ok || (ok && v != numbers[i].want))
			fail_msg("%s", numbers[i].what);
	}
}

static const struct {
	const char *what, *in, *want;
} safes[] = {
	{ "plain text is unchanged", "GET /zen", "GET /zen" },
	{ "an escape sequence cannot reach the terminal", "a\033[2Jb",
	    "a\\x1b[2Jb" },
	{ "a newline cannot forge a log line", "a\nb", "a\\x0ab" },
	{ "good UTF-8 stays", "gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f" },
	{ "an overlong form is shown as bytes", "\xc0\xaf", "\\xc0\\xaf" },
	{ "a C1 control is shown as bytes", "\xc2\x9b", "\\xc2\\x9b" },
	{ "an override of direction is shown as bytes", "\xe2\x80\xae",
	    "\\xe2\\x80\\xae" },
	{ "an arrow stays", "\xe2\x86\x92", "\xe2\x86\x92" },
	{ "a surrogate is shown as bytes", "\xed\xa0\x80",
	    "\\xed\\xa0\\x80" },
};

static void
safe_cases(void **state)
{
	(void)state;
	for (size_t i = 0; i < NELEM(safes); i++) {
		char out[64];

		if (strcmp(log_safe(str_c(safes[i].in), out, sizeof(out)),
			safes[i].want) != 0)
			fail_msg("%s: got %s", safes[i].what, out);
	}
}

static void
a_backslash_that_tells_nothing_stays(void **state)
{
	char out[64];

	(void)state;
	assert_string_equal(log_shown(STR("a\\n\x1b\\"), out, sizeof(out)),
	    "a\\n\\x1b\\");
}

static void
buf_keeps_its_limit(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 10);
	assert_true(buf_addz(&b, "12345678"));
	assert_false(buf_addz(&b, "abc"));
	assert_true(str_eqz(buf_str(&b), "12345678"));
	buf_eat(&b, 6);
	assert_true(buf_addz(&b, "abcdefgh"));
	assert_true(str_eqz(buf_str(&b), "78abcdefgh"));
	assert_false(buf_addz(&b, "x"));
	buf_fini(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(number_cases),
		cmocka_unit_test(safe_cases),
		cmocka_unit_test(a_backslash_that_tells_nothing_stays),
		cmocka_unit_test(buf_keeps_its_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
