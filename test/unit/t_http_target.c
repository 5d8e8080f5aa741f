/* t_http_target.c -- canonical paths, targets, hosts and authorities. */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/compat.h"
#include "http/host.h"
#include "http/target.h"

static const struct {
	const char *in, *want; /* want NULL: refused */
} paths[] = {
	{ "/", "/" },
	{ "/zen", "/zen" },
	{ "/a/b/c", "/a/b/c" },
	{ "/a/b/", "/a/b/" },
	{ "/a//b", "/a/b" },
	{ "//", "/" },
	{ "///a///", "/a/" },
	{ "/.", "/" },
	{ "/./a", "/a" },
	{ "/a/.", "/a/" },
	{ "/a/./b", "/a/b" },
	{ "/a/b/..", "/a/" },
	{ "/a/b/../c", "/a/c" },
	{ "/a/b/../../c", "/c" },
	{ "/a/..", "/" },
	{ "/a/../", "/" },
	{ "/a//../b", "/b" },
	{ "/..", NULL },
	{ "/../a", NULL },
	{ "/a/../../b", NULL },
	{ "/./..", NULL },
	{ "/...", "/..." },
	{ "/..a", "/..a" },
	{ "/a..", "/a.." },
	{ "/.a", "/.a" },
	{ "/%2e%2e/a", NULL },
	{ "/a/%2e%2E/b", "/b" },
	{ "/a/.%2e/b", "/b" },
	{ "/a/%2e/b", "/a/b" },
	{ "/%7Euser", "/~user" },
	{ "/%7euser", "/~user" },
	{ "/%41%62", "/Ab" },
	{ "/ZEN", "/ZEN" },
	{ "/%40types/x", "/@types/x" },
	{ "/@types/x", "/@types/x" },
	{ "/a%2Bb", "/a+b" },
	{ "/a:b", "/a:b" },
	{ "/a%3ab", "/a:b" },
	{ "/!$&'()*,=", "/!$&'()*,=" },
	{ "/%21%24%26%27%28%29%2A%2C%3D", "/!$&'()*,=" },
	{ "/a%20b", "/a%20b" },
	{ "/a%3fb", "/a%3Fb" },
	{ "/a%23b", "/a%23b" },
	{ "/a%25b", "/a%25b" },
	{ "/%252e%252e/a", "/%252e%252e/a" },
	{ "/a\"b", "/a%22b" },
	{ "/a<b>", "/a%3Cb%3E" },
	{ "/{a}|^`", "/%7Ba%7D%7C%5E%60" },
	{ "/[a]", "/%5Ba%5D" },
	{ "/gr%c3%bc%C3%9f", "/gr%C3%BC%C3%9F" },
	{ "/%e2%82%ac", "/%E2%82%AC" },
	{ "/%f0%9f%98%80", "/%F0%9F%98%80" },
	{ "/a;b", NULL },
	{ "/a;", NULL },
	{ "/..;/a", NULL },
	{ "/a%3Bb", "/a%3Bb" },
	{ "/a\\b", NULL },
	{ "/a%5cb", NULL },
	{ "/a%5Cb", NULL },
	{ "/a%00b", NULL },
	{ "/a%0d%0ab", NULL },
	{ "/a%1f", NULL },
	{ "/a%7f", NULL },
	{ "/a%", NULL },
	{ "/a%4", NULL },
	{ "/a%4g", NULL },
	{ "/a%g4", NULL },
	{ "/%u0041", NULL },
	{ "/%ff", NULL },
	{ "/%c3", NULL },
	{ "/%c3/%bc", NULL },
	{ "/%c3a", NULL },
	{ "/%bc", NULL },
	{ "/%c0%ae%c0%ae", NULL },
	{ "/%c0%af", NULL },
	{ "/%e0%80%af", NULL },
	{ "/%ed%a0%80", NULL },
	{ "/%f4%90%80%80", NULL },
	{ "/%f8%88%80%80%80", NULL },
	{ "a", NULL },
	{ "", NULL },
	{ "*", NULL },
};

static void
path_cases(void **state)
{
	struct buf out;

	(void)state;
	buf_init(&out, 3 * HTTP_TARGET_BYTES_MAX);
	for (size_t i = 0; i < NELEM(paths); i++) {
		struct http_fault f;
		struct path p;
		enum parse got = path_canon(str_c(paths[i].in), &out, &p, &f);

		if ((got == PARSE_OK) != (paths[i].want != NULL))
			fail_msg("%s: %s", paths[i].in,
			    got == PARSE_OK ? "accepted" : f.why);
		if (got == PARSE_OK && !str_eqz(p.text, paths[i].want))
			fail_msg("%s: %.*s", paths[i].in, (int)p.text.len,
			    p.text.p);
	}
	buf_fini(&out);
}

static void
a_canonical_path_is_its_own_form(void **state)
{
	struct buf once, twice;

	(void)state;
	buf_init(&once, 3 * HTTP_TARGET_BYTES_MAX);
	buf_init(&twice, 9 * HTTP_TARGET_BYTES_MAX);
	for (size_t i = 0; i < NELEM(paths); i++) {
		struct http_fault f;
		struct path p, q;

		if (path_canon(str_c(paths[i].in), &once, &p, &f) !=
		    PARSE_OK)
			continue;
		assert_int_equal(path_canon(p.text, &twice, &q, &f),
		    PARSE_OK);
		assert_true(str_eq(p.text, q.text));
	}
	buf_fini(&once);
	buf_fini(&twice);
}

static const struct {
	const char *in, *want;
} slashes[] = {
	{ "/@a%2fb", "/@a%2Fb" },
	{ "/a%2F%2Fb", "/a%2F%2Fb" },
	{ "/a%2f..%2f..%2fuser", NULL },
	{ "/a%2f.", NULL },
	{ "/..%2fa", NULL },
	{ "/%2e%2e%2fa", NULL },
	{ "/a%2f...", "/a%2F..." },
};

static void
encoded_slash_cases(void **state)
{
	struct buf out;

	(void)state;
	buf_init(&out, 3 * HTTP_TARGET_BYTES_MAX);
	for (size_t i = 0; i < NELEM(slashes); i++) {
		struct http_fault f;
		struct path p;
		enum parse got = path_canon(str_c(slashes[i].in), &out, &p,
		    &f);

		if ((got == PARSE_OK) != (slashes[i].want != NULL) ||
		    (got == PARSE_OK &&
			(!p.encoded_slash ||
			    !str_eqz(p.text, slashes[i].want))))
			fail_msg("%s", slashes[i].in);
	}
	buf_fini(&out);
}

static const struct {
	const char *in;
	enum host_kind kind;
	const char *want;
} hosts[] = {
	{ "a.test", HOST_NAME, "a.test" },
	{ "A.Test", HOST_NAME, "a.test" },
	{ "a.test.", HOST_NAME, "a.test" },
	{ "a.test..", HOST_NONE, NULL },
	{ ".a.test", HOST_NONE, NULL },
	{ "a..test", HOST_NONE, NULL },
	{ ".", HOST_NONE, NULL },
	{ "", HOST_NONE, NULL },
	{ "localhost", HOST_NAME, "localhost" },
	{ "xn--bcher-kva.test", HOST_NAME, "xn--bcher-kva.test" },
	{ "b\xc3\xbc" "cher.test", HOST_NONE, NULL },
	{ "a_b.test", HOST_NAME, "a_b.test" },
	{ "-a.test", HOST_NONE, NULL },
	{ "a-.test", HOST_NONE, NULL },
	{ "a-b.test", HOST_NAME, "a-b.test" },
	{ "a b.test", HOST_NONE, NULL },
	{ "user@a.test", HOST_NONE, NULL },
	{ "a.test%2e", HOST_NONE, NULL },
	{ "a%2etest", HOST_NONE, NULL },
	{ "a/b", HOST_NONE, NULL },
	{ "a\\b", HOST_NONE, NULL },
	{ "*.test", HOST_NONE, NULL },
	{ "1.2.3.4", HOST_IPV4, "1.2.3.4" },
	{ "1.2.3.4.", HOST_IPV4, "1.2.3.4" },
	{ "127.1", HOST_NONE, NULL },
	{ "2130706433", HOST_NONE, NULL },
	{ "0x7f000001", HOST_NONE, NULL },
	{ "0x7f.1", HOST_NONE, NULL },
	{ "127.0.0.0x1", HOST_NONE, NULL },
	{ "0177.0.0.1", HOST_NONE, NULL },
	{ "1.2.3.04", HOST_NONE, NULL },
	{ "1.2.3.256", HOST_NONE, NULL },
	{ "1.2.3.4.5", HOST_NONE, NULL },
	{ "a.1", HOST_NONE, NULL },
	{ "1.a", HOST_NAME, "1.a" },
	{ "a.0x", HOST_NONE, NULL },
	{ "a.0xg", HOST_NAME, "a.0xg" },
	{ "::1", HOST_IPV6, "::1" },
	{ "2001:DB8:0:0::1", HOST_IPV6, "2001:db8::1" },
	{ "::ffff:1.2.3.4", HOST_IPV6, "::ffff:1.2.3.4" },
	{ "fe80::1%eth0", HOST_NONE, NULL },
	{ "1::2::3", HOST_NONE, NULL },
	{ "[::1]", HOST_NONE, NULL },
	{ "a:b", HOST_NONE, NULL },
};

static void
host_cases(void **state)
{
	(void)state;
	for (size_t i = 0; i < NELEM(hosts); i++) {
		struct http_fault f;
		struct host h;
		enum parse got = host_parse(str_c(hosts[i].in), &h, &f);

		if ((got == PARSE_OK) != (hosts[i].want != NULL))
			fail_msg("%s", hosts[i].in);
		if (got == PARSE_OK &&
		    (h.kind != hosts[i].kind ||
			!str_eqz(host_str(&h), hosts[i].want)))
			fail_msg("%s: %s", hosts[i].in, h.text);
	}
}

static void
long_hosts(void **state)
{
	char name[300];
	struct http_fault f;
	struct host h;

	(void)state;
	memset(name, 'a', sizeof(name));
	assert_int_equal(host_parse(str_of(name, 63), &h, &f), PARSE_OK);
	assert_int_equal(host_parse(str_of(name, 64), &h, &f), PARSE_BAD);
	for (size_t i = 63; i < sizeof(name); i += 64)
		name[i] = '.';
	assert_int_equal(host_parse(str_of(name, 253), &h, &f), PARSE_OK);
	assert_int_equal(host_parse(str_of(name, 254), &h, &f), PARSE_BAD);
	assert_int_equal(host_parse(STR("a\0b"), &h, &f), PARSE_BAD);
}

static const struct {
	const char *in, *host; /* host NULL: refused */
	uint16_t port;
} authorities[] = {
	{ "a.test", "a.test", 0 },
	{ "a.test:443", "a.test", 443 },
	{ "A.test.:443", "a.test", 443 },
	{ "a.test:65535", "a.test", 65535 },
	{ "a.test:65536", NULL, 0 },
	{ "a.test:0", NULL, 0 },
	{ "a.test:", NULL, 0 },
	{ "a.test:0443", NULL, 0 },
	{ "a.test:+443", NULL, 0 },
	{ "a.test: 443", NULL, 0 },
	{ "a.test:443:", NULL, 0 },
	{ "a.test:443/", NULL, 0 },
	{ "a.test:x", NULL, 0 },
	{ "user@a.test:443", NULL, 0 },
	{ "user:pw@a.test", NULL, 0 },
	{ "[::1]", "::1", 0 },
	{ "[::1]:443", "::1", 443 },
	{ "[::1]443", NULL, 0 },
	{ "[::1", NULL, 0 },
	{ "[a.test]:443", NULL, 0 },
	{ "[1.2.3.4]", NULL, 0 },
	{ "::1", NULL, 0 },
	{ ":443", NULL, 0 },
	{ "1.2.3.4:80", "1.2.3.4", 80 },
	{ "", NULL, 0 },
};

static void
authority_cases(void **state)
{
	(void)state;
	for (size_t i = 0; i < NELEM(authorities); i++) {
		struct http_fault f;
		struct authority a;
		enum parse got = authority_parse(str_c(authorities[i].in),
		    &a, &f);

		if ((got == PARSE_OK) != (authorities[i].host != NULL))
			fail_msg("%s", authorities[i].in);
		if (got == PARSE_OK &&
		    (a.port != authorities[i].port ||
			!str_eqz(host_str(&a.host), authorities[i].host)))
			fail_msg("%s", authorities[i].in);
	}
}

static const struct {
	const char *in, *host, *path, *query; /* path NULL: refused */
	uint16_t port;
} targets[] = {
	{ "/a?b=c", "", "/a", "b=c", 0 },
	{ "/a?", "", "/a", "", 0 },
	{ "/a?b?c", "", "/a", "b?c", 0 },
	{ "/", "", "/", NULL, 0 },
	{ "http://a.test/b?c", "a.test", "/b", "c", 80 },
	{ "HTTP://A.test:81/b", "a.test", "/b", NULL, 81 },
	{ "http://a.test", "a.test", "/", NULL, 80 },
	{ "http://a.test?q", "a.test", "/", "q", 80 },
	{ "https://a.test/", "a.test", "/", NULL, 443 },
	{ "http://[::1]:81/", "::1", "/", NULL, 81 },
	{ "ftp://a.test/", NULL, NULL, NULL, 0 },
	{ "http:/a.test/", NULL, NULL, NULL, 0 },
	{ "http:a.test", NULL, NULL, NULL, 0 },
	{ "http:///a", NULL, NULL, NULL, 0 },
	{ "http://u@a.test/", NULL, NULL, NULL, 0 },
	{ "http://a.test:/", NULL, NULL, NULL, 0 },
	{ "http://a.test\\@b.test/", NULL, NULL, NULL, 0 },
	{ "a.test:443", NULL, NULL, NULL, 0 },
	{ "*", NULL, NULL, NULL, 0 },
	{ "a", NULL, NULL, NULL, 0 },
	{ "?a", NULL, NULL, NULL, 0 },
};

static void
target_cases(void **state)
{
	(void)state;
	for (size_t i = 0; i < NELEM(targets); i++) {
		struct http_fault f;
		struct target t;
		enum parse got = target_parse(str_c(targets[i].in), &t, &f);

		if ((got == PARSE_OK) != (targets[i].path != NULL))
			fail_msg("%s", targets[i].in);
		if (got == PARSE_OK &&
		    (!str_eqz(t.path, targets[i].path) ||
			!str_eqz(t.query, targets[i].query == NULL ?
				"" : targets[i].query) ||
			t.has_query != (targets[i].query != NULL) ||
			t.at.port != targets[i].port ||
			!str_eqz(host_str(&t.at.host), targets[i].host)))
			fail_msg("%s", targets[i].in);
	}
}

static void
authorities_print(void **state)
{
	char out[AUTHORITY_BYTES_MAX];

	(void)state;
	assert_int_equal(authority_print(STR("a.test"), 443, 443, out), 6);
	assert_string_equal(out, "a.test");
	(void)authority_print(STR("a.test"), 8443, 443, out);
	assert_string_equal(out, "a.test:8443");
	(void)authority_print(STR("::1"), 80, 80, out);
	assert_string_equal(out, "[::1]");
	(void)authority_print(STR("::1"), 81, 80, out);
	assert_string_equal(out, "[::1]:81");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(path_cases),
		cmocka_unit_test(a_canonical_path_is_its_own_form),
		cmocka_unit_test(encoded_slash_cases),
		cmocka_unit_test(host_cases),
		cmocka_unit_test(long_hosts),
		cmocka_unit_test(authority_cases),
		cmocka_unit_test(target_cases),
		cmocka_unit_test(authorities_print),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
