/* t_bypass.c -- where a proxy is not asked. */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <arpa/inet.h>
#include <cmocka.h>

#include "base/compat.h"
#include "http/bypass.h"

static const struct {
	const char *entry, *host;
	uint16_t port;
	const char *addrs[2];
	bool has;
} cases[] = {
	{ "a.test", "a.test", 443, { 0 }, true },
	{ "A.Test", "a.test", 80, { 0 }, true },
	{ "a.test", "b.a.test", 443, { 0 }, false },
	{ "a.test", "aa.test", 443, { 0 }, false },
	{ "a.test:443", "a.test", 443, { 0 }, true },
	{ "a.test:443", "a.test", 80, { 0 }, false },
	{ ".a.test", "b.a.test", 443, { 0 }, true },
	{ ".a.test", "c.b.a.test", 443, { 0 }, true },
	{ ".a.test", "a.test", 443, { 0 }, false },
	{ ".a.test", "ba.test", 443, { 0 }, false },
	{ ".a.test:80", "b.a.test", 443, { 0 }, false },
	{ "10.0.0.1", "10.0.0.1", 443, { "::ffff:10.0.0.1" }, true },
	{ "10.0.0.1:80", "10.0.0.1", 443, { "::ffff:10.0.0.1" }, false },
	{ "10.0.0.1", "a.test", 443, { "::ffff:10.0.0.1" }, true },
	{ "10.0.0.0/8", "a.test", 443, { "::ffff:10.9.9.9" }, true },
	{ "10.0.0.0/8", "a.test", 443, { "::ffff:10.9.9.9",
	    "::ffff:11.0.0.1" }, false },
	{ "10.0.0.0/8", "a.test", 443, { 0 }, false },
	{ "10.0.0.0/9", "a.test", 443, { "::ffff:10.128.0.0" }, false },
	{ "0.0.0.0/0", "a.test", 443, { "2001:db8::1" }, false },
	{ "2001:db8::/32", "a.test", 443, { "2001:db8:1::1" }, true },
	{ "[2001:db8::1]:443", "a.test", 443, { "2001:db8::1" }, true },
	{ "2001:db8::1", "a.test", 443, { "2001:db8::1" }, true },
	{ "10.test", "a.test", 443, { "::ffff:10.0.0.1" }, false },
};

static void
what_an_entry_stands_for(void **state)
{
	(void)state;
	for (size_t i = 0; i < NELEM(cases); i++) {
		struct in6_addr addrs[2];
		struct http_fault f;
		struct bypass b;
		struct host host;
		uint32_t n = 0;

		assert_int_equal(host_parse(str_c(cases[i].host), &host, &f),
		    PARSE_OK);
		for (; n < 2 && cases[i].addrs[n] != NULL; n++)
			assert_int_equal(inet_pton(AF_INET6,
			    cases[i].addrs[n], &addrs[n]), 1);
		if (bypass_parse(str_c(cases[i].entry), &b, &f) != PARSE_OK)
			fail_msg("%s: %s", cases[i].entry, f.why);
		if (bypass_has(&b, &host, cases[i].port, addrs, n) !=
		    cases[i].has)
			fail_msg("%s and %s:%u", cases[i].entry,
			    cases[i].host, cases[i].port);
	}
}

static void
what_is_no_entry(void **state)
{
	static const char *const bad[] = { "", "*", ".", "*.a.test", "a b",
		"10.0.0.1/8", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/8:80",
		".10.0.0.1", "a.test/8", "a.test:", "a.test:0x50", "::/129",
		"2001:db8::1/32", "10.0.0.0/08" };

	(void)state;
	for (size_t i = 0; i < NELEM(bad); i++) {
		struct http_fault f;
		struct bypass b;

		if (bypass_parse(str_c(bad[i]), &b, &f) != PARSE_BAD)
			fail_msg("'%s' is taken", bad[i]);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_an_entry_stands_for),
		cmocka_unit_test(what_is_no_entry),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
