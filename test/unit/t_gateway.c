#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/compat.h"
#include "base/err.h"
#include "gateway/call.h"
#include "gateway/config.h"
#include "gateway/names.h"
#include "gateway/spec.h"

/* ---- names ---- */

static const struct {
	const char *what, *name;
	bool ok;
} names[] = {
	{ "a label", "calm-otter", true },
	{ "one letter", "a", true },
	{ "digits first", "1st", true },
	{ "63 characters", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	    "aaaaaaaaaaaa", true },
	{ "64 characters", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	    "aaaaaaaaaaaaa", false },
	{ "nothing", "", false },
	{ "capitals", "Box", false },
	{ "a dot", "a.b", false },
	{ "a slash", "a/b", false },
	{ "dots that lead up", "..", false },
	{ "a dash in front", "-a", false },
	{ "a dash at the end", "a-", false },
	{ "the form of an id", "01jd0000000000000000000000", false },
	{ "26 characters that no id has", "01jd000000000000000000000l", true },
};

static void
name_cases(void **state)
{
	(void)state;
	for (size_t i = 0; i < NELEM(names); i++) {
		struct err e = { 0 };

		if ((name_check(str_c(names[i].name), &e) == 0) !=
		    names[i].ok)
			fail_msg("%s: %s", names[i].what, e.text);
	}
}

static void
made_names_are_names(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 20000; i++) {
		char name[NAME_BYTES_MAX + 1];
		struct err e = { 0 };

		name_make(i * 2654435761U, i % 2 == 0, name);
		if (name_check(str_c(name), &e) == -1)
			fail_msg("%s: %s", name, e.text);
	}
}

static void
ids_sort_by_time(void **state)
{
	const unsigned char low[10] = { 0 }, high[10] = { 255, 255, 255, 255,
		255, 255, 255, 255, 255, 255 };
	char a[ID_BYTES_MAX + 1], b[ID_BYTES_MAX + 1];

	(void)state;
	id_make((struct wall){ 1767323045678000 }, high, a);
	id_make((struct wall){ 1767323045679000 }, low, b);
	assert_true(strcmp(a, b) < 0);
	assert_true(id_is(str_c(a)) && id_is(str_c(b)));
	assert_string_equal(a + 10, "ZZZZZZZZZZZZZZZZ");
}

/* ---- parameters ---- */

static const struct {
	const char *what, *query;
	int rc;
	const char *a, *b;
} queries[] = {
	{ "nothing", "", 0, "", "" },
	{ "both", "a=1&b=2", 0, "1", "2" },
	{ "an escape", "a=%40last", 0, "@last", "" },
	{ "an escape at the end", "a=x%41", 0, "xA", "" },
	{ "half an escape", "a=%4", -1, NULL, NULL },
	{ "an escaped NUL", "a=%00", -1, NULL, NULL },
	{ "a name twice", "a=1&a=2", -1, NULL, NULL },
	{ "an unknown name", "c=1", -1, NULL, NULL },
	{ "no value", "a", -1, NULL, NULL },
	{ "an empty pair", "a=1&&b=2", -1, NULL, NULL },
	{ "a value that fills its buffer", "a=1234567", 0, "1234567", "" },
	{ "a value that does not fit", "a=12345678", -1, NULL, NULL },
};

static void
query_cases(void **state)
{
	(void)state;
	for (size_t i = 0; i < NELEM(queries); i++) {
		char a[8], b[8];
		const struct param p[] = { { "a", a, sizeof(a) },
			{ "b", b, sizeof(b) } };
		struct err e = { 0 };
		int rc = params_read(str_c(queries[i].query), p, 2, &e);

		if (rc != queries[i].rc || (rc == 0 &&
		    (strcmp(a, queries[i].a) != 0 ||
		    strcmp(b, queries[i].b) != 0)))
			fail_msg("%s: %d \"%s\" \"%s\"", queries[i].what, rc,
			    a, b);
	}
}

static const struct {
	const char *what, *json;
	bool ok;
} bodies[] = {
	{ "a command alone", "{\"command\":[\"true\"]}", true },
	{ "no command", "{}", false },
	{ "an empty command", "{\"command\":[]}", false },
	{ "a command without a name", "{\"command\":[\"\"]}", false },
	{ "a number among the words", "{\"command\":[1]}", false },
	{ "a key misspelt", "{\"command\":[\"a\"],\"evn\":{}}", false },
	{ "environment",
	    "{\"command\":[\"a\"],\"env\":{\"A_1\":\"x\"}}", true },
	{ "a name with =",
	    "{\"command\":[\"a\"],\"env\":{\"A=\":\"x\"}}", false },
	{ "a value that is no string",
	    "{\"command\":[\"a\"],\"env\":{\"A\":1}}",
	    false },
	{ "a relative workdir",
	    "{\"command\":[\"a\"],\"workdir\":\"x\"}", false },
	{ "a workdir with ..", "{\"command\":[\"a\"],\"workdir\":\"/x/../y\"}",
	    false },
	{ "a mount",
	    "{\"command\":[\"a\"],\"mounts\":[{\"host\":\"/x\"}]}", true },
	{ "a mount without a host",
	    "{\"command\":[\"a\"],\"mounts\":[{\"inside\":\"/x\"}]}", false },
	{ "a mount of a relative path",
	    "{\"command\":[\"a\"],\"mounts\":[{\"host\":\"x\"}]}", false },
	{ "a mount of a path with a dot",
	    "{\"command\":[\"a\"],\"mounts\":[{\"host\":\"/x/.\"}]}", false },
	{ "a terminal too wide",
	    "{\"command\":[\"a\"],\"cols\":65536}", false },
	{ "a negative height", "{\"command\":[\"a\"],\"rows\":-1}", false },
	{ "a bad name", "{\"command\":[\"a\"],\"name\":\"A\"}", false },
	{ "policies", "{\"command\":[\"a\"],\"policies\":[{\"name\":\"p\","
	    "\"text\":\"\"}]}", true },
	{ "a policy without text",
	    "{\"command\":[\"a\"],\"policies\":[{\"name\":\"p\"}]}", false },
	{ "text where a bool stands", "{\"command\":[\"a\"],\"keep\":\"no\"}",
	    false },
};

static void
body_cases(void **state)
{
	(void)state;
	for (size_t i = 0; i < NELEM(bodies); i++) {
		json_t *o = json_loads(bodies[i].json, 0, NULL);
		struct err e = { 0 };
		struct create c;

		if ((create_read(o, &c, &e) == 0) != bodies[i].ok)
			fail_msg("%s: %s", bodies[i].what, e.text);
		json_decref(o);
	}
}

static void
a_mount_stands_where_it_is_unless_said(void **state)
{
	json_t *o = json_loads("{\"command\":[\"a\"],\"mounts\":"
	    "[{\"host\":\"/x\"}]}", 0, NULL);
	struct err e = { 0 };
	struct create c;
	json_t *m;

	(void)state;
	assert_int_equal(create_read(o, &c, &e), 0);
	m = json_array_get(c.mounts, 0);
	assert_string_equal(json_string_value(json_object_get(m, "inside")),
	    "/x");
	assert_true(json_is_false(json_object_get(m, "read_only")));
	json_decref(o);
}

/* ---- config.yaml ---- */

#define PROXY "upstream_proxy: {url: "

static const struct {
	const char *what, *text, *resolve, *fault;
} configs[] = {
	{ "nothing", "", "", NULL },
	{ "comments", "# none\n\n", "", NULL },
	{ "a name", "resolve:\n  a.test: 10.0.0.1\n", "a.test=10.0.0.1\n",
	    NULL },
	{ "ports on both sides", "resolve: {\"A.test:8443\": \"10.0.0.1:443\"}",
	    "a.test:8443=10.0.0.1:443\n", NULL },
	{ "IPv6 bare and in brackets",
	    "resolve:\n  a.test: 2001:db8::1\n  b.test: \"[::1]:8080\"\n",
	    "a.test=[2001:db8::1]\nb.test=[::1]:8080\n", NULL },
	{ "an unknown key", "resolv: {}\n", NULL, "c:1:1: unknown key" },
	{ "a key twice", "resolve: {}\nresolve: {}\n", NULL, "c:2:1:" },
	{ "a name for an address", "resolve:\n  a.test: b.test\n", NULL,
	    "c:2:11: an address" },
	{ "an address for a name", "resolve:\n  10.0.0.1: 10.0.0.2\n", NULL,
	    "c:2:3: not HOST" },
	{ "a list", "- a\n", NULL, "c:1:1:" },
	{ "resolve as a list", "resolve: [a]\n", NULL, "c:1:1: resolve is" },
	{ "an alias", "resolve:\n  a.test: &x 10.0.0.1\n  b.test: *x\n", NULL,
	    "c:3:" },
	{ "two documents", "resolve: {}\n---\nresolv: {}\n", NULL,
	    "c: more than one" },
	{ "a key after the document", "{resolve: {}}\nresolv: {}\n", NULL,
	    "c:" },
	{ "not YAML", "resolve: {\n", NULL, "c:" },
	{ "a relative file", "upstream_ca: x.pem\n", NULL,
	    "c:1:14: upstream_ca is" },
	{ "a file that is not there", "upstream_ca: /nowhere/x.pem\n", NULL,
	    "c:1:14: upstream_ca cannot" },
	{ "a time to answer in", "approval_timeout: 10m\n", "", NULL },
	{ "in seconds", "approval_timeout: 90\n", "", NULL },
	{ "none at all", "approval_timeout: 0s\n", NULL,
	    "c:1:19: approval_timeout is" },
	{ "more than a day", "approval_timeout: 25h\n", NULL,
	    "c:1:19: approval_timeout is" },
	{ "no number", "approval_timeout: h\n", NULL,
	    "c:1:19: approval_timeout is" },
	{ "in days", "approval_timeout: 1d\n", NULL,
	    "c:1:19: approval_timeout is" },
	{ "a proxy", PROXY "http://p.test:3128/, connect_by: name, "
		"no_proxy: [a.test, .b.test, 10.0.0.0/8, \"[::1]:80\"]}\n",
	    "", NULL },
	{ "a proxy under TLS", PROXY "https://p.test:3128}\n", NULL,
	    "c:1:23: a proxy is http://HOST:PORT" },
	{ "a proxy with a password", PROXY "http://me:word@p.test:3128}\n",
	    NULL, "c:1:23: a proxy is http://HOST:PORT; its user" },
	{ "a proxy without a port", PROXY "http://p.test}\n", NULL,
	    "c:1:23: a proxy is http://HOST:PORT" },
	{ "a proxy with a path", PROXY "http://p.test:80/x}\n", NULL,
	    "c:1:23: a proxy is http://HOST:PORT" },
	{ "no proxy for anything", PROXY "http://p.test:80, "
		"no_proxy: [\"*\"]}\n", NULL, "c:1:53: not a HOST" },
	{ "a range with more bits than it has", PROXY "http://p.test:80, "
		"no_proxy: [10.0.0.1/8]}\n", NULL, "c:1:52: not a HOST" },
	{ "another way to ask", PROXY "http://p.test:80, "
		"connect_by: luck}\n", NULL, "c:1:53: connect_by is" },
	{ "a password that all may read", PROXY "http://p.test:80, "
		"credentials: /etc/passwd}\n", NULL, "c:1:54: others may" },
	{ "no environment", PROXY "environment}\n", NULL,
	    "c:1:23: HTTPS_PROXY is not set" },
	{ "no url", "upstream_proxy: {connect_by: name}\n", NULL,
	    "c:1:1: upstream_proxy is a mapping with url" },
	{ "no mapping", "upstream_proxy: http://p.test:80\n", NULL, "c:1:" },
	{ "a key of no proxy", PROXY "http://p.test:80, port: 1}\n", NULL,
	    "c:1:41: unknown key; the keys are url" },
	{ "an authority of one server",
	    "upstream_tls: {\"A.test:443\": {ca: /etc/passwd}}\n", "", NULL },
	{ "nothing of one", "upstream_tls: {a.test: {}}\n", NULL,
	    "c:1:16: a server has ca, or certificate and key" },
	{ "a certificate without a key",
	    "upstream_tls: {a.test: {certificate: /etc/passwd}}\n", NULL,
	    "c:1:16: certificate and key go together" },
	{ "a relative authority", "upstream_tls: {a.test: {ca: x.pem}}\n",
	    NULL, "c:1:29: the absolute path" },
	{ "an authority that is not there",
	    "upstream_tls: {a.test: {ca: /nowhere}}\n", NULL,
	    "c:1:29: /nowhere cannot be read" },
	{ "a directory", "upstream_tls: {a.test: {ca: /etc}}\n", NULL,
	    "c:1:29: /etc cannot be read" },
	{ "a key that all may read", "upstream_tls: {a.test: {certificate: "
		"/etc/passwd, key: /etc/passwd}}\n", NULL,
	    "c:1:56: others may read" },
	{ "a key of no server", "upstream_tls: {a.test: {cert: /etc/passwd}}\n",
	    NULL, "c:1:25: unknown key; a server has" },
	{ "no server", "upstream_tls: {a/b: {ca: /etc/passwd}}\n", NULL,
	    "c:1:16: not HOST or HOST:PORT" },
};

static void
config_cases(void **state)
{
	(void)state;
	for (size_t i = 0; i < NELEM(configs); i++) {
		struct config c = { .resolve = NULL };
		struct err e = { 0 };
		int rc = config_parse("c", str_c(configs[i].text), &c, &e);

		if (rc == 0 && (configs[i].fault != NULL ||
		    strcmp(c.resolve, configs[i].resolve) != 0))
			fail_msg("%s: taken as %s", configs[i].what,
			    c.resolve);
		if (rc == 0 && c.approval_s !=
		    (strstr(configs[i].text, "90") != NULL ? 90 : 600))
			fail_msg("%s: %u s", configs[i].what, c.approval_s);
		if (rc == -1 && (configs[i].fault == NULL ||
		    strncmp(e.text, configs[i].fault,
			strlen(configs[i].fault)) != 0))
			fail_msg("%s: %s", configs[i].what, e.text);
		config_fini(&c);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(name_cases),
		cmocka_unit_test(made_names_are_names),
		cmocka_unit_test(ids_sort_by_time),
		cmocka_unit_test(query_cases),
		cmocka_unit_test(body_cases),
		cmocka_unit_test(a_mount_stands_where_it_is_unless_said),
		cmocka_unit_test(config_cases),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
