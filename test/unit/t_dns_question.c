/* t_dns_question.c -- what may be asked inside, and what is answered. */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/compat.h"
#include "dns/question.h"

#define HEAD "\x12\x34\1\0\0\1\0\0\0\0\0\0"
#define HEAD_OPT "\x12\x34\1\0\0\1\0\0\0\0\0\1"
#define API "\3api\4test\0"
#define A_IN "\0\1\0\1"
#define OPT "\0\0\x29\4\xd0\0\0\0\0\0\0"

static const struct {
	const char *what;
	struct str in;
	int want;	/* -1, or a code */
	const char *host; /* "": none of a host */
	unsigned type;
} cases[] = {
	{ "the usual", STR(HEAD API A_IN), 0, "api.test", 1 },
	{ "in mixed capitals", STR(HEAD "\3aPi\4TeST\0" A_IN), 0, "api.test",
	    1 },
	{ "another type", STR(HEAD API "\0\x1c\0\1"), 0, "api.test", 28 },
	{ "with EDNS", STR(HEAD_OPT API A_IN OPT), 0, "api.test", 1 },
	{ "with a cookie in it", STR(HEAD_OPT API A_IN
	    "\0\0\x29\4\xd0\0\0\0\0\0\4\0\x0a\0\0"), 0, "api.test", 1 },
	{ "an underscore", STR(HEAD "\4_srv\4test\0" A_IN), 0, "_srv.test",
	    1 },
	{ "a name that is an address", STR(HEAD "\1\061\1\062\1\063\1\064\0"
	    A_IN), 0, "1.2.3.4", 1 },
	{ "the root is no host", STR(HEAD "\0" A_IN), 0, "", 1 },
	{ "a blank is no host's", STR(HEAD "\3a b\4test\0" A_IN), 0, "", 1 },
	{ "a dot inside a label is no host's", STR(HEAD "\7api.bad\4test\0"
	    A_IN), 0, "", 1 },
	{ "a NUL neither", STR(HEAD "\3a\0b\4test\0" A_IN), 0, "", 1 },
	{ "an answer gets none", STR("\x12\x34\x81\x80\0\1\0\0\0\0\0\0" API
	    A_IN), -1, NULL, 0 },
	{ "a head cut short", STR("\x12\x34\1\0\0\1"), -1, NULL, 0 },
	{ "no question", STR("\x12\x34\1\0\0\0\0\0\0\0\0\0"), 1, NULL, 0 },
	{ "two questions", STR("\x12\x34\1\0\0\2\0\0\0\0\0\0" API A_IN API
	    A_IN), 1, NULL, 0 },
	{ "an answer in the question", STR("\x12\x34\1\0\0\1\0\1\0\0\0\0" API
	    A_IN), 1, NULL, 0 },
	{ "an update", STR("\x12\x34\x29\0\0\1\0\0\0\0\0\0" API A_IN), 4,
	    NULL, 0 },
	{ "class CHAOS", STR(HEAD API "\0\1\0\3"), 4, NULL, 0 },
	{ "a name cut short", STR(HEAD "\3api\4te"), 1, NULL, 0 },
	{ "a name without its end", STR(HEAD "\3api"), 1, NULL, 0 },
	{ "a pointer", STR(HEAD "\xc0\x0c" A_IN), 1, NULL, 0 },
	{ "a long label", STR(HEAD "\x40" "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\0" A_IN), 1, NULL, 0 },
	{ "no type", STR(HEAD API), 1, NULL, 0 },
	{ "bytes behind it", STR(HEAD API A_IN "x"), 1, NULL, 0 },
	{ "an OPT that is not announced", STR(HEAD API A_IN OPT), 1, NULL,
	    0 },
	{ "one that is not there", STR(HEAD_OPT API A_IN), 1, NULL, 0 },
	{ "another record in its place", STR(HEAD_OPT API A_IN
	    "\0\0\x10\4\xd0\0\0\0\0\0\0"), 1, NULL, 0 },
	{ "one cut short", STR(HEAD_OPT API A_IN "\0\0\x29\4\xd0\0\0\0\0\0\4"),
	    1, NULL, 0 },
};

static void
questions(void **state)
{
	(void)state;
	for (size_t i = 0; i < NELEM(cases); i++) {
		struct dns_question q;
		int got = dns_question_parse(cases[i].in, &q);

		if (got != cases[i].want)
			fail_msg("%s: %d", cases[i].what, got);
		if (got != 0)
			continue;
		assert_int_equal(q.id, 0x1234);
		assert_true(q.recurse);
		assert_int_equal(q.type, cases[i].type);
		if (cases[i].host[0] == '\0')
			assert_int_equal(q.host.kind, HOST_NONE);
		else
			assert_string_equal(q.host.text, cases[i].host);
	}
}

static void
a_name_of_253_bytes_is_the_longest(void **state)
{
	char m[12 + 300] = { 0x12, 0x34, 1, 0, 0, 1 };
	struct dns_question q;

	(void)state;
	for (size_t last = 60; last <= 63; last++) {
		size_t at = 12;

		for (int i = 0; i < 4; i++) {
			size_t n = i < 3 ? 63 : last;

			m[at++] = (char)n;
			memset(m + at, 'a', n);
			at += n;
		}
		memcpy(m + at, "\0" A_IN, 5);
		assert_int_equal(dns_question_parse(str_of(m, at + 5), &q),
		    last <= 61 ? 0 : 1);
		if (last <= 61)
			assert_int_equal(q.host.len, 192 + last);
	}
}

static void
an_answer_repeats_the_question_as_it_came(void **state)
{
	const struct dns_reply r = { .has_address = true,
		.address = 0xC6130001, .ttl = 60 };
	unsigned char out[ANSWER_BYTES_MAX];
	struct dns_question q;
	struct str want = STR("\x12\x34\x81\x80\0\1\0\1\0\0\0\0"
	    "\3aPi\4test\0" A_IN "\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4\306\23\0\1");
	size_t n;

	(void)state;
	assert_int_equal(dns_question_parse(STR(HEAD "\3aPi\4test\0" A_IN),
	    &q), 0);
	n = dns_reply_put(&q, &r, out);
	assert_true(str_eq(str_of((char *)out, n), want));
}

static void
a_refusal_says_why_to_those_who_take_it(void **state)
{
	const struct dns_reply r = { .code = DNS_NO_SUCH_NAME,
		.why = "no rule" };
	unsigned char out[ANSWER_BYTES_MAX];
	struct dns_question q;
	struct str want = STR("\x12\x34\x81\x83\0\1\0\0\0\0\0\1" API A_IN
	    "\0\0\x29\4\xd0\0\0\0\0\0\x0d\0\x0f\0\x09\0\x12no rule");
	size_t n;

	(void)state;
	assert_int_equal(dns_question_parse(STR(HEAD_OPT API A_IN OPT), &q),
	    0);
	n = dns_reply_put(&q, &r, out);
	assert_true(str_eq(str_of((char *)out, n), want));
	assert_int_equal(dns_question_parse(STR(HEAD API A_IN), &q), 0);
	assert_int_equal(dns_reply_put(&q, &r, out), 12 + 14);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(questions),
		cmocka_unit_test(a_name_of_253_bytes_is_the_longest),
		cmocka_unit_test(an_answer_repeats_the_question_as_it_came),
		cmocka_unit_test(a_refusal_says_why_to_those_who_take_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
