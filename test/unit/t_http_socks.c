/* t_http_socks.c -- what a SOCKS5 client may say. */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/compat.h"
#include "http/socks.h"

static const struct {
	const char *what;
	struct str in;
	size_t end; /* 0: refused */
	bool open;
} greetings[] = {
	{ "no authentication", STR("\5\1\0"), 3, true },
	{ "among others", STR("\5\3\2\0\1"), 5, true },
	{ "a password alone", STR("\5\1\2"), 3, false },
	{ "what follows is not its part", STR("\5\1\0\5\1"), 3, true },
	{ "no method at all", STR("\5\0"), 0, false },
	{ "SOCKS4", STR("\4\1\0\120"), 0, false },
};

#define NAME(s, n) "\5\1\0\3" n s "\1\273"

static const struct {
	const char *what;
	struct str in;
	const char *host; /* NULL: refused */
	unsigned port, code;
} requests[] = {
	{ "a name", STR(NAME("api.test", "\10")), "api.test", 443, 0 },
	{ "in capitals, with a final dot", STR(NAME("API.test.", "\11")),
	    "api.test", 443, 0 },
	{ "an IPv4 address", STR("\5\1\0\1\12\0\0\1\0\120"), "10.0.0.1", 80,
	    0 },
	{ "an IPv6 address", STR("\5\1\0\4\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0"
	    "\0\0\0\1\0\120"), "2001:db8::1", 80, 0 },
	{ "an address in letters is an address", STR(NAME("10.0.0.1", "\10")),
	    "10.0.0.1", 443, 0 },
	{ "a NUL in the name", STR(NAME("api.test\0.evil", "\15")), NULL, 0,
	    SOCKS_FAILED },
	{ "a number", STR(NAME("2130706433", "\12")), NULL, 0, SOCKS_FAILED },
	{ "octal", STR(NAME("0177.0.0.1", "\12")), NULL, 0, SOCKS_FAILED },
	{ "an empty name", STR("\5\1\0\3\0\1\273"), NULL, 0, SOCKS_FAILED },
	{ "a slash", STR(NAME("a.test/x", "\10")), NULL, 0, SOCKS_FAILED },
	{ "a name that is not ASCII", STR(NAME("\xc3\xa4.test", "\7")), NULL,
	    0, SOCKS_FAILED },
	{ "port 0", STR("\5\1\0\1\12\0\0\1\0\0"), NULL, 0, SOCKS_FAILED },
	{ "BIND", STR("\5\2\0\1\12\0\0\1\0\120"), NULL, 0,
	    SOCKS_NO_COMMAND },
	{ "UDP", STR("\5\3\0\1\12\0\0\1\0\120"), NULL, 0, SOCKS_NO_COMMAND },
	{ "an unknown kind", STR("\5\1\0\2\12\0\0\1\0\120"), NULL, 0,
	    SOCKS_NO_ADDRESS },
	{ "a reserved byte", STR("\5\1\1\1\12\0\0\1\0\120"), NULL, 0,
	    SOCKS_FAILED },
	{ "another version", STR("\4\1\0\1\12\0\0\1\0\120"), NULL, 0,
	    SOCKS_FAILED },
};

static void
greeting_cases(void **state)
{
	(void)state;
	for (size_t i = 0; i < NELEM(greetings); i++) {
		struct str in = greetings[i].in;
		struct http_fault f;
		size_t end = 0;
		bool open = false;
		enum parse got = socks_greeting_parse(in, &end, &open, &f);

		if ((got == PARSE_OK ? end : 0) != greetings[i].end ||
		    open != greetings[i].open)
			fail_msg("%s", greetings[i].what);
		for (size_t n = 0; n < end && got == PARSE_OK; n++)
			assert_int_equal(socks_greeting_parse(
			    str_head(in, n), &end, &open, &f), PARSE_MORE);
	}
}

static void
request_cases(void **state)
{
	(void)state;
	for (size_t i = 0; i < NELEM(requests); i++) {
		struct str in = requests[i].in;
		struct http_fault f = { 0, "" };
		struct authority at;
		size_t end = 0;
		enum parse got = socks_request_parse(in, &end, &at, &f);

		if ((got == PARSE_OK) != (requests[i].host != NULL))
			fail_msg("%s: %s", requests[i].what, f.why);
		if (got != PARSE_OK) {
			assert_int_equal(got, PARSE_BAD);
			assert_int_equal(f.status, requests[i].code);
			continue;
		}
		assert_string_equal(at.host.text, requests[i].host);
		assert_int_equal(at.port, requests[i].port);
		assert_int_equal(end, in.len);
		for (size_t n = 0; n < end; n++)
			assert_int_equal(socks_request_parse(
			    str_head(in, n), &end, &at, &f), PARSE_MORE);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(greeting_cases),
		cmocka_unit_test(request_cases),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
