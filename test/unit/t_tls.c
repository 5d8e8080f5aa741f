/* t_tls.c -- the sandbox's authority, and what a ClientHello says. */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/compat.h"
#include "base/err.h"
#include "tls/ca.h"
#include "tls/ctx.h"
#include "tls/hello.h"
#include "tls/trust.h"

/* ---- certificates ---- */

static X509 *
ca_cert(const struct ca *ca)
{
	struct str pem = ca_pem(ca);
	BIO *b = BIO_new_mem_buf(pem.p, (int)pem.len);
	X509 *x = PEM_read_bio_X509(b, NULL, NULL, NULL);

	BIO_free(b);
	assert_non_null(x);
	return x;
}

static int
verify(const struct ca *ca, X509 *leaf, const char *host, const char *ip)
{
	X509_STORE *store = X509_STORE_new();
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	X509 *root = ca_cert(ca);
	X509_VERIFY_PARAM *p;
	int ok;

	assert_int_equal(X509_STORE_add_cert(store, root), 1);
	assert_int_equal(X509_STORE_CTX_init(ctx, store, leaf, NULL), 1);
	p = X509_STORE_CTX_get0_param(ctx);
	(void)X509_VERIFY_PARAM_set_flags(p, X509_V_FLAG_X509_STRICT);
	(void)X509_VERIFY_PARAM_set_purpose(p, X509_PURPOSE_SSL_SERVER);
	if (host != NULL)
		(void)X509_VERIFY_PARAM_set1_host(p, host, 0);
	if (ip != NULL)
		(void)X509_VERIFY_PARAM_set1_ip_asc(p, ip);
	ok = X509_verify_cert(ctx);
	X509_free(root);
	X509_STORE_CTX_free(ctx);
	X509_STORE_free(store);
	return ok;
}

static const char long_host[] =
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa."
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.test";

static void
leaves_verify_for_their_host_and_no_other(void **state)
{
	static const char *const names[] = { "api.github.com", "a.test",
		long_host };
	static const char *const addrs[] = { "192.0.2.1", "2001:db8::1" };
	struct err e = { 0 };
	struct ca *ca;
	EVP_PKEY *key;
	X509 *leaf;

	(void)state;
	assert_int_equal(ca_new(STR("quiet-otter"), &ca, &e), 0);
	for (size_t i = 0; i < NELEM(names); i++) {
		assert_int_equal(ca_leaf(ca, str_c(names[i]), &leaf, &key,
		    &e), 0);
		assert_int_equal(verify(ca, leaf, names[i], NULL), 1);
		assert_int_equal(verify(ca, leaf, "b.test", NULL), 0);
		assert_int_equal(X509_check_private_key(leaf, key), 1);
	}
	for (size_t i = 0; i < NELEM(addrs); i++) {
		assert_int_equal(ca_leaf(ca, str_c(addrs[i]), &leaf, &key,
		    &e), 0);
		assert_int_equal(verify(ca, leaf, NULL, addrs[i]), 1);
		assert_int_equal(verify(ca, leaf, NULL, "192.0.2.2"), 0);
	}
	ca_free(ca);
}

static void
two_authorities_do_not_know_each_other(void **state)
{
	struct err e = { 0 };
	struct ca *one, *two;
	EVP_PKEY *key;
	X509 *leaf;

	(void)state;
	assert_int_equal(ca_new(STR("same"), &one, &e), 0);
	assert_int_equal(ca_new(STR("same"), &two, &e), 0);
	assert_int_equal(ca_leaf(one, STR("a.test"), &leaf, &key, &e), 0);
	assert_int_equal(verify(two, leaf, "a.test", NULL), 0);
	ca_free(one);
	ca_free(two);
}

static void
leaves_are_kept_and_the_oldest_goes(void **state)
{
	struct err e = { 0 };
	char host[32];
	struct ca *ca;
	EVP_PKEY *key;
	X509 *first, *again;

	(void)state;
	assert_int_equal(ca_new(STR("x"), &ca, &e), 0);
	assert_int_equal(ca_leaf(ca, STR("a.test"), &first, &key, &e), 0);
	assert_int_equal(ca_leaf(ca, STR("a.test"), &again, &key, &e), 0);
	assert_ptr_equal(first, again);
	for (int i = 0; i < 2 * LEAF_COUNT_MAX; i++) {
		(void)snprintf(host, sizeof(host), "h%d.test", i);
		assert_int_equal(ca_leaf(ca, str_c(host), &again, &key, &e),
		    0);
		assert_int_equal(X509_check_host(again, host, 0, 0, NULL), 1);
	}
	ca_free(ca);
}

/* ---- a handshake between both ends of ours ---- */

static int
roots_file(const struct ca *ca)
{
	char name[] = "/tmp/openshell-test-XXXXXX";
	int fd = mkstemp(name);
	struct str pem = ca_pem(ca);

	assert_true(fd >= 0);
	assert_int_equal(unlink(name), 0);
	assert_int_equal(write(fd, pem.p, pem.len), (long)pem.len);
	return fd;
}

static int
shake(SSL *a, SSL *b, struct err *e)
{
	bool ww;
	int ra = 0, rb = 0;

	for (int i = 0; i < 20 && (ra != 1 || rb != 1); i++) {
		if (ra == 0)
			ra = tls_handshake(a, &ww, e);
		if (ra == -1)
			return -1;
		if (rb == 0)
			rb = tls_handshake(b, &ww, e);
		if (rb == -1)
			return -1;
	}
	return ra == 1 && rb == 1 ? 0 : -1;
}

static int
meet(const char *served, const char *wanted, struct err *e)
{
	struct ca *ca;
	struct tls *t;
	SSL *client = NULL, *server = NULL;
	int fds[2], rc;

	assert_int_equal(ca_new(STR("x"), &ca, e), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0,
	    fds), 0);
	t = tls_new(ca, roots_file(ca), -1);
	assert_int_equal(tls_server(t, fds[0], str_c(served), &server, e), 0);
	assert_int_equal(tls_client(t, fds[1], str_c(wanted), 443, TLS_HTTP1, &client,
	    e), 0);
	rc = shake(client, server, e);
	SSL_free(client);
	SSL_free(server);
	tls_free(t);
	(void)close(fds[0]);
	(void)close(fds[1]);
	return rc;
}

static void
a_client_takes_the_right_name_only(void **state)
{
	struct err e = { 0 };

	(void)state;
	assert_int_equal(meet("a.test", "a.test", &e), 0);
	assert_int_equal(meet("192.0.2.1", "192.0.2.1", &e), 0);
	assert_int_equal(meet("a.test", "b.test", &e), -1);
	assert_non_null(strstr(e.text, "not trusted"));
	assert_int_equal(meet("192.0.2.1", "192.0.2.2", &e), -1);
}

static void
without_roots_nothing_is_trusted(void **state)
{
	struct err e = { 0 };
	struct ca *ca;
	struct tls *t;
	SSL *ssl;

	(void)state;
	assert_int_equal(ca_new(STR("x"), &ca, &e), 0);
	t = tls_new(ca, -1, -1);
	assert_int_equal(tls_client(t, 0, STR("a.test"), 443, TLS_HTTP1, &ssl,
	    &e), -1);
	assert_non_null(strstr(e.text, "no trusted roots"));
	tls_free(t);
}

static int
bundle(const struct ca *const *cas, size_t n, const char *tail)
{
	char name[] = "/tmp/openshell-test-XXXXXX";
	int fd = mkstemp(name);

	assert_true(fd >= 0);
	assert_int_equal(unlink(name), 0);
	for (size_t i = 0; i < n; i++) {
		struct str pem = ca_pem(cas[i]);

		assert_int_equal(dprintf(fd, "a comment\n%.*s\n",
		    (int)pem.len, pem.p) > 0, 1);
	}
	assert_true(dprintf(fd, "%s", tail) >= 0);
	return fd;
}

static int
trusts(struct trust *t, X509 *leaf)
{
	X509_STORE *store = X509_STORE_new();
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	struct err e = { 0 };
	int ok;

	assert_int_equal(trust_attach(t, store, &e), 0);
	assert_int_equal(X509_STORE_CTX_init(ctx, store, leaf, NULL), 1);
	ok = X509_verify_cert(ctx);
	X509_STORE_CTX_free(ctx);
	X509_STORE_free(store);
	return ok;
}

/* Two of them even have one name. */
static void
roots_are_found_by_name_in_every_file(void **state)
{
	static const char *const names[] = { "a", "b", "b", "c", "d" };
	struct ca *cas[NELEM(names)];
	struct trust *t = trust_new();
	struct err e = { 0 };
	EVP_PKEY *key;
	X509 *leaf;

	(void)state;
	for (size_t i = 0; i < NELEM(names); i++)
		assert_int_equal(ca_new(str_c(names[i]), &cas[i], &e), 0);
	assert_int_equal(trust_add(t, bundle((const struct ca *const *)cas,
	    3, ""), &e), 0);
	assert_int_equal(trust_add(t, bundle((const struct ca *const *)cas +
	    3, 1, "\n"), &e), 0);
	assert_int_equal(trust_count(t), 4);
	for (size_t i = 0; i < NELEM(names); i++) {
		assert_int_equal(ca_leaf(cas[i], STR("a.test"), &leaf, &key,
		    &e), 0);
		assert_int_equal(trusts(t, leaf), i < 4);
	}
	for (size_t i = 0; i < NELEM(names); i++)
		ca_free(cas[i]);
	trust_free(t);
}

static void
a_broken_bundle_is_refused(void **state)
{
	static const char *const tails[] = {
		"-----BEGIN CERTIFICATE-----\nMIIB\n",
		"-----BEGIN CERTIFICATE-----\nAAAA\n"
		"-----END CERTIFICATE-----\n",
	};
	struct err e = { 0 };
	struct ca *ca;

	(void)state;
	assert_int_equal(ca_new(STR("a"), &ca, &e), 0);
	for (size_t i = 0; i < NELEM(tails); i++) {
		struct trust *t = trust_new();

		assert_int_equal(trust_add(t,
		    bundle((const struct ca *const *)&ca, 1, tails[i]), &e),
		    -1);
		assert_non_null(strstr(e.text, "certificate 2"));
		trust_free(t);
	}
	ca_free(ca);
}

/* ---- hello ---- */

static const char hello_a_test[] = /* a.test, as OpenSSL would say it */
    "\x16\x03\x01\x00\x3e\x01\x00\x00\x3a\x03\x03"
    "rrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrr"
    "\x00\x00\x02\x13\x01\x01\x00\x00\x0f"
    "\x00\x00\x00\x0b\x00\x09\x00\x00\x06" "a.test";

static unsigned char scratch[HELLO_BYTES_MAX];

static void
a_hello_names_its_server(void **state)
{
	struct str in = str_of(hello_a_test, sizeof(hello_a_test) - 1);
	struct http_fault f;
	struct hello h;

	(void)state;
	assert_int_equal(hello_parse(in, scratch, &h, &f), PARSE_OK);
	assert_true(str_eqz(h.name, "a.test"));
	assert_false(h.encrypted);
	for (size_t n = 0; n < in.len; n++)
		assert_int_equal(hello_parse(str_head(in, n), scratch, &h,
		    &f), PARSE_MORE);
}

static void
a_hello_may_come_in_two_records(void **state)
{
	char two[sizeof(hello_a_test) + 5];
	struct http_fault f;
	struct hello h;
	size_t n = 20; /* bytes of the message in the first record */

	(void)state;
	memcpy(two, hello_a_test, 5 + n);
	two[4] = (char)n;
	memcpy(two + 5 + n, hello_a_test, 5);
	two[5 + n + 4] = (char)(0x3e - n);
	memcpy(two + 10 + n, hello_a_test + 5 + n, 0x3e - n);
	assert_int_equal(hello_parse(str_of(two, 10 + 0x3e), scratch, &h,
	    &f), PARSE_OK);
	assert_true(str_eqz(h.name, "a.test"));
}

static const struct {
	const char *what;
	size_t at;
	unsigned char byte;
} broken[] = {
	{ "another record type", 0, 0x17 },
	{ "another major version", 1, 0x02 },
	{ "an empty record", 4, 0x00 },
	{ "another handshake message", 5, 0x02 },
	{ "a message longer than its record allows", 6, 0x01 },
	{ "a session longer than the message", 43, 0xff },
	{ "ciphers longer than the message", 44, 0xff },
	{ "extensions longer than the message", 50, 0xff },
	{ "extensions shorter than the message", 50, 0x01 },
	{ "an extension longer than the list", 54, 0xff },
	{ "a name list longer than its extension", 56, 0xff },
	{ "another kind of name", 57, 0x01 },
	{ "a name longer than its list", 59, 0xff },
	{ "a name shorter than its list", 59, 0x01 },
};

static void
broken_hellos(void **state)
{
	(void)state;
	for (size_t i = 0; i < NELEM(broken); i++) {
		char text[sizeof(hello_a_test)];
		struct http_fault f;
		struct hello h;

		memcpy(text, hello_a_test, sizeof(text));
		text[broken[i].at] = (char)broken[i].byte;
		if (hello_parse(str_of(text, sizeof(text) - 1), scratch, &h,
			&f) != PARSE_BAD)
			fail_msg("%s", broken[i].what);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(leaves_verify_for_their_host_and_no_other),
		cmocka_unit_test(two_authorities_do_not_know_each_other),
		cmocka_unit_test(leaves_are_kept_and_the_oldest_goes),
		cmocka_unit_test(a_client_takes_the_right_name_only),
		cmocka_unit_test(without_roots_nothing_is_trusted),
		cmocka_unit_test(roots_are_found_by_name_in_every_file),
		cmocka_unit_test(a_broken_bundle_is_refused),
		cmocka_unit_test(a_hello_names_its_server),
		cmocka_unit_test(a_hello_may_come_in_two_records),
		cmocka_unit_test(broken_hellos),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
