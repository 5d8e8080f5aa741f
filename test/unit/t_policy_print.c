#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <fcntl.h>
#include <cmocka.h>

#include "analysis/diff.h"
#include "base/buf.h"
#include "base/clean.h"
#include "base/compat.h"
#include "base/err.h"
#include "base/io.h"
#include "base/must.h"
#include "compile/print.h"

/* ---- do two sets of documents mean the same? */

static bool
open_book(const struct policy_file *f, size_t n, struct book *out)
{
	if (book_open(f, n, out) == 0)
		return true;
	print_error("%s:%u:%u: %s\n", out->diags.v[0].file,
	    out->diags.v[0].line, out->diags.v[0].column,
	    out->diags.v[0].text);
	return false;
}

static bool
mean_the_same(const struct policy_file *a, size_t n,
    const struct policy_file *b, size_t m)
{
	struct book x = { 0 }, y = { 0 };
	struct diff d = { 0 };
	struct err e = { 0 };
	bool same = open_book(a, n, &x) && open_book(b, m, &y);

	if (same && diff_books(&x, &y, &d, &e) == -1) {
		print_error("%s\n", e.text);
		same = false;
	}
	if (same && d.n > 0) {
		print_error("%.*s: %s, and then %s\n",
		    (int)d.v[0].example.shown.len, d.v[0].example.shown.p,
		    d.v[0].before.reason, d.v[0].after.reason);
		same = false;
	}
	diff_fini(&d);
	book_close(&x);
	book_close(&y);
	return same;
}

/* ---- texts of the source */

enum { FILES = 16 };
struct texts { /* texts_fini() it */
	struct policy_file v[FILES];
	char *text[FILES];
	char name[FILES][64];
	size_t n;
};

static void
add_text(struct texts *t, const char *name)
{
	CLEAN_FREE char *path = mem_printf("%s/%s", getenv("SOURCE_ROOT"),
	    name);
	struct err e = { 0 };
	size_t len;

	must(t->n < FILES);
	if (io_read_file(AT_FDCWD, path, 1 << 20, &t->text[t->n], &len, &e) ==
	    -1)
		fail_msg("%s", e.text);
	(void)snprintf(t->name[t->n], sizeof(t->name[0]), "%.63s",
	    strrchr(name, '/') + 1);
	t->v[t->n] = (struct policy_file){ t->name[t->n],
		str_of(t->text[t->n], len), POLICY_GIVEN, false };
	t->n++;
}

static void
texts_fini(struct texts *t)
{
	for (size_t i = 0; i < t->n; i++)
		free(t->text[i]);
	t->n = 0;
}

/* ---- effective */

static bool
survives_printing(const struct policy_file *f, size_t n)
{
	struct diags d = { 0 };
	CLEAN_FREE char *text = policy_effective(f, n, &d);
	CLEAN_FREE char *again = NULL;
	struct policy_file one = { "printed", { text, 0 }, POLICY_GIVEN,
		false };
	bool ok;

	if (text == NULL)
		fail_msg("%s:%u: %s", d.v[0].file, d.v[0].line, d.v[0].text);
	one.text = str_c(text);
	ok = mean_the_same(f, n, &one, 1);
	if (!ok)
		print_error("%s", text);
	/* What is printed is printed the same, but for where it stood. */
	again = policy_effective(&one, 1, &d);
	assert_non_null(again);
	diags_fini(&d);
	return ok;
}

static const char *const files[] = {
	"test/cases/policies/01-http-egress.yaml",
	"test/cases/policies/02-inference-router.yaml",
	"test/cases/policies/03-agent-policy.yaml",
	"test/cases/policies/04-file-access.yaml",
	"test/cases/policies/05-network.yaml",
	"test/cases/policies/06-commands.yaml",
	"test/cases/policies/07-resources.yaml",
	"policies/no-exfiltration.yaml",
	"policies/secrets-protected.yaml",
};

static void
what_is_printed_means_the_same(void **state)
{
	struct texts all = { .n = 0 };

	(void)state;
	for (size_t i = 0; i < NELEM(files); i++) {
		struct texts one = { .n = 0 };

		add_text(&one, files[i]);
		add_text(&all, files[i]);
		if (!survives_printing(one.v, 1))
			fail_msg("%s", files[i]);
		texts_fini(&one);
	}
	assert_true(survives_printing(all.v, 7));
	assert_true(survives_printing(all.v, all.n));
	texts_fini(&all);
}

static void
no_documents_are_a_policy(void **state)
{
	struct diags d = { 0 };
	CLEAN_FREE char *text = policy_effective(NULL, 0, &d);

	(void)state;
	assert_string_equal(text, "version: \"1.0\"\n");
	diags_fini(&d);
}

static void
each_rule_says_where_it_is_from(void **state)
{
	const struct policy_file f[] = {
		{ "a.yaml", STR("extends: [lib]\n# x\nnetwork:\n  allow:\n"
		    "  - endpoint: a.test\n    methods: [GET]\n"
		    "  rate_limits: {max_requests_per_minute: 60}\n"),
		    POLICY_GIVEN, false },
		{ "lib", STR("network:\n  default_policy: deny\n"
		    "  allow: [{endpoint: \"b.test\"}]\n"
		    "  rate_limits: {max_requests_per_minute: 50}\n"
		    "  deny: []\n"), POLICY_SHIPPED, false },
		{ "v.yaml", STR("version: 1\nnetwork_policies:\n  r:\n"
		    "    endpoints:\n"
		    "      - {host: c.test, port: 443}\n"
		    "    binaries: [{path: /bin/x}]\n"), POLICY_GIVEN,
		    false },
		{ "max.yaml", STR("network: {}\n"), POLICY_GIVEN, true },
	};
	struct diags d = { 0 };
	CLEAN_FREE char *text = policy_effective(f, 4, &d);

	(void)state;
	assert_string_equal(text, "version: \"1.0\"\n"
	    "network:\n"
	    "  allow:\n"
	    "    - endpoint: a.test  # a.yaml:5\n"
	    "      methods: [GET]\n"
	    "    - endpoint: \"b.test\"  # lib:3\n"
	    "    - endpoint: c.test  # v.yaml:5\n"
	    "      ports: [443]\n"
	    "      binaries: [/bin/x]\n"
	    "  rate_limits:\n"
	    "    max_requests_per_minute: 50  # lib:4\n"
	    "  default_policy: deny  # lib:2\n"
	    "  deny: []\n");
	diags_fini(&d);
}

static void
what_has_no_native_words_follows_as_it_is(void **state)
{
	struct texts t = { .n = 0 };
	struct diags d = { 0 };
	CLEAN_FREE char *text = NULL;

	(void)state;
	add_text(&t, "test/cases/policies/01-http-egress.yaml");
	add_text(&t, "test/cases/policies/v1.yaml");
	text = policy_effective(t.v, 2, &d);
	assert_non_null(text);
	assert_non_null(strstr(text, "# 01-http-egress.yaml:3\n"));
	assert_non_null(strstr(text, "---\n# v1.yaml, in the older schema as "
	    "it is:\n# line 25 cannot be said in the native language: audit "
	    "of one endpoint"));
	assert_non_null(strstr(text, t.text[1]));
	diags_fini(&d);
	texts_fini(&t);
}

/* ---- convert */

#define RULE(end) "version: 1\nnetwork_policies:\n  r:\n    endpoints:\n" \
	"      - " end "\n    binaries: [{path: /bin/x}]\n"

static const struct {
	const char *what, *yaml;
	const char *has;	/* in the text; or, with a place, the error */
	bool refused;
} cases[] = {
	{ "an endpoint", RULE("{host: a.test, port: 443}"),
	    "    - endpoint: a.test\n      ports: [443]\n"
	    "      binaries: [/bin/x]\n", false },
	{ "encoded slashes", RULE("{host: a.test, port: 443, protocol: rest, "
	    "access: full, allow_encoded_slash: true}"),
	    "      encoded_slash: allow\n", false },
	{ "several ports", RULE("{host: a.test, ports: [443, 80]}"),
	    "      ports: [443, 80]\n", false },
	{ "a preset", RULE("{host: a.test, port: 443, protocol: rest, "
	    "access: read-only}"), "      protocols: [https, http]\n"
	    "      methods: [GET, HEAD, OPTIONS]\n", false },
	{ "all of a host", RULE("{host: a.test, port: 443, protocol: rest, "
	    "access: full}"), "      protocols: [https, http]\n"
	    "      binaries:", false },
	{ "a rule for each method", RULE("{host: a.test, port: 443, "
	    "protocol: rest, rules: [{allow: {method: get, path: /x}}, "
	    "{allow: {method: \"*\", path: \"**\"}}]}"),
	    "      methods: [GET]\n      paths: [/x]\n", false },
	{ "braces are written out", RULE("{host: a.test, port: 443, "
	    "protocol: rest, rules: [{allow: {method: GET, "
	    "path: \"/{a,b}/**\"}}]}"),
	    "      paths: [\"/a/**\", \"/b/**\"]\n", false },
	{ "a deny", RULE("{host: a.test, port: 443, protocol: rest, "
	    "access: full, deny_rules: [{method: POST, path: /x/**}]}"),
	    "  deny:\n    - endpoint: a.test\n      ports: [443]\n"
	    "      protocols: [https, http]\n      methods: [POST]\n"
	    "      paths: [\"/x/**\"]\n", false },
	{ "TLS that passes", RULE("{host: a.test, port: 443, tls: skip}"),
	    "      protocols: [tls]\n", false },
	{ "addresses", RULE("{host: a.test, port: 443, "
	    "allowed_ips: [10.0.0.0/8]}"),
	    "      allowed_ips: [10.0.0.0/8]\n", false },
	{ "trees of files", "version: 1\nfilesystem_policy:\n"
	    "  read_only: [/srv//a/]\n  read_write: [/srv/b]\n",
	    "    - path: \"/srv/a/**\"\n      permissions: [read]\n"
	    "    - path: \"/srv/b/**\"\n      permissions: [read, write]\n",
	    false },
	{ "no files at all", "version: 1\nfilesystem_policy: {}\n",
	    "file_access: {}\n", false },
	{ "comments above", "# one\n# two\nversion: 1\nnetwork_policies:\n"
	    "  # of r\n  r:\n    endpoints:\n      # of a\n"
	    "      - {host: a.test, port: 443}\n"
	    "    binaries: [{path: /bin/x}]\n",
	    "    # of r\n    # r\n    # of a\n    - endpoint", false },
	{ "a rule of nobody", "version: 1\nnetwork_policies:\n"
	    "  r: {endpoints: [{host: a.test, port: 443}]}\n",
	    "  allow: []\n    # r\n    # (it named no programs", false },
	{ "a native document", "network: {}\n", "p.yaml: error: this is no "
	    "document of the older schema", true },
	{ "a final star in its segment", RULE("{host: a.test, port: 443, "
	    "protocol: rest, rules: [{allow: {method: GET, path: /x/*}}]}"),
	    "p.yaml:5:87: error: cannot be said in the native language: a "
	    "final * that stays in its segment", true },
	{ "one character of a path", RULE("{host: a.test, port: 443, "
	    "protocol: rest, rules: [{allow: {method: GET, path: /x?}}]}"),
	    "p.yaml:5:87: error: cannot be said in the native language: ? in "
	    "a path", true },
	{ "a star within a label", RULE("{host: \"x-*.a.test\", port: 443}"),
	    "p.yaml:5:17: error: cannot be said in the native language: "
	    "stars within a label", true },
	{ "an endpoint of addresses alone", RULE("{port: 443, "
	    "allowed_ips: [10.0.0.0/8]}"), "p.yaml:5:9: error: cannot be "
	    "said in the native language: an endpoint without a host", true },
	{ "audit of one endpoint", RULE("{host: a.test, port: 443, "
	    "protocol: rest, access: full, enforcement: audit}"),
	    "p.yaml:5:78: error: cannot be said in the native language: "
	    "audit of one endpoint", true },
	{ "a deny one label deep", RULE("{host: \"*.a.test\", port: 443, "
	    "protocol: rest, access: full, "
	    "deny_rules: [{method: GET, path: /}]}"),
	    "p.yaml:5:82: error: cannot be said in the native language: a "
	    "deny for one more label alone", true },
	{ "what is not enforced", RULE("{host: a.test, port: 443, "
	    "protocol: graphql, access: full}"), "p.yaml:5:", true },
};

static void
convert_cases(void **state)
{
	int wrong = 0;

	(void)state;
	for (size_t i = 0; i < NELEM(cases); i++) {
		struct policy_file f = { "p.yaml", str_c(cases[i].yaml),
			POLICY_GIVEN, false };
		struct diags d = { 0 };
		CLEAN_FREE char *text = policy_convert(&f, &d);
		CLEAN_FREE char *said = diags_print(&d, false);
		bool ok = cases[i].refused ? text == NULL &&
		    strncmp(said, cases[i].has, strlen(cases[i].has)) == 0 :
		    text != NULL && strstr(text, cases[i].has) != NULL;

		if (ok && text != NULL) {
			struct policy_file g = { "native", str_c(text),
				POLICY_GIVEN, false };

			ok = mean_the_same(&f, 1, &g, 1);
		}
		if (!ok) {
			print_error("%s:\n%s%s\n", cases[i].what, text ==
			    NULL ? "" : text, said);
			wrong++;
		}
		diags_fini(&d);
	}
	assert_int_equal(wrong, 0);
}

/* ---- any document */

static uint64_t
roll(uint64_t *seed, uint64_t n)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed % n;
}

#define ONE_OF(seed, list) list[roll(seed, NELEM(list))]

static void
put_match(struct buf *b, uint64_t *seed)
{
	static const char *const methods[] = { "GET", "post", "\"*\"",
		"PURGE" };
	static const char *const paths[] = { "/", "/x", "\"/x/**\"", "\"**\"",
		"\"/{a,b}/c\"", "\"/*/y\"", "\"/**/z\"" };

	must(buf_printf(b, "{method: %s, path: %s}", ONE_OF(seed, methods),
	    ONE_OF(seed, paths)));
}

static void
put_end(struct buf *b, uint64_t *seed, unsigned host)
{
	static const char *const names[] = { "a.test", "\"*.b.test\"",
		"\"**.c.test\"", "d.test", "192.0.2.1" };
	static const char *const kinds[] = { "port: 443", "port: 22, "
	    "protocol: tcp", "port: 443, tls: skip", "ports: [443, 80], "
	    "protocol: rest, access: read-only", "port: 443, protocol: rest, "
	    "access: read-write", "port: 8443, protocol: rest, access: full",
	    "port: 443, path: /p/**, protocol: rest, access: full" };
	bool deep = names[host][0] == '"';
	uint64_t n;

	must(buf_printf(b, "      - {host: %s, ", names[host]));
	if (roll(seed, 3) > 0) {
		must(buf_printf(b, "%s}\n", ONE_OF(seed, kinds)));
		return;
	}
	must(buf_addz(b, "port: 443, protocol: rest, rules: ["));
	n = 1 + roll(seed, 3);
	for (uint64_t i = 0; i < n; i++) {
		must(buf_addz(b, i == 0 ? "{allow: " : ", {allow: "));
		put_match(b, seed);
		must(buf_addz(b, "}"));
	}
	must(buf_addz(b, "]"));
	if (!deep && roll(seed, 2) == 0) {
		must(buf_addz(b, ", deny_rules: ["));
		put_match(b, seed);
		must(buf_addz(b, "]"));
	}
	must(buf_addz(b, "}\n"));
}

static char *
some_document(uint64_t *seed)
{
	static const char *const bins[] = { "[{path: /bin/x}]",
		"[{path: \"/**\"}]", "[{path: /bin/x}, {path: \"/opt/*/y\"}]",
		"[]" };
	struct buf b;
	unsigned host = 0;
	uint64_t n = 1 + roll(seed, 3);

	buf_init(&b, 65536);
	must(buf_addz(&b, "version: 1\nnetwork_policies:\n"));
	for (uint64_t i = 0; i < n && host < 5; i++) {
		must(buf_printf(&b, "  r%u:\n    endpoints:\n", (unsigned)i));
		for (uint64_t k = 1 + roll(seed, 2); k > 0 && host < 5; k--)
			put_end(&b, seed, host++);
		must(buf_printf(&b, "    binaries: %s\n", ONE_OF(seed,
		    bins)));
	}
	return buf_take(&b, NULL);
}

static void
what_is_converted_decides_the_same(void **state)
{
	uint64_t seed = 521288629521288629ULL;
	unsigned done = 0;

	(void)state;
	for (int i = 0; i < 150; i++) {
		CLEAN_FREE char *yaml = some_document(&seed);
		const struct policy_file f = { "old", str_c(yaml),
			POLICY_GIVEN, false };
		struct diags d = { 0 };
		CLEAN_FREE char *text = policy_convert(&f, &d);
		struct policy_file g = { "new", { text, 0 }, POLICY_GIVEN,
			false };

		if (text == NULL)
			fail_msg("%s:%u: %s\n%s", d.v[0].file, d.v[0].line,
			    d.v[0].text, yaml);
		g.text = str_c(text);
		if (!mean_the_same(&f, 1, &g, 1))
			fail_msg("%s---\n%s", yaml, text);
		done++;
		diags_fini(&d);
	}
	assert_int_equal(done, 150);
}

/* ---- merge */

static void
the_order_of_documents_means_nothing(void **state)
{
	static const size_t orders[][4] = { { 1, 0, 3, 2 }, { 3, 2, 1, 0 },
		{ 2, 3, 0, 1 } };
	struct texts t = { .n = 0 };

	(void)state;
	add_text(&t, "test/cases/policies/03-agent-policy.yaml");
	add_text(&t, "test/cases/policies/01-http-egress.yaml");
	add_text(&t, "test/cases/policies/05-network.yaml");
	add_text(&t, "test/cases/policies/04-file-access.yaml");
	for (size_t i = 0; i < NELEM(orders); i++) {
		struct policy_file f[4];

		for (size_t k = 0; k < 4; k++)
			f[k] = t.v[orders[i][k]];
		assert_true(mean_the_same(t.v, 4, f, 4));
	}
	texts_fini(&t);
}

/* Merged two at a time, from either end, it is the same. */
static void
merging_is_associative(void **state)
{
	struct texts t = { .n = 0 };
	struct diags d = { 0 };
	struct policy_file ab[2], bc[2];
	char *left, *right;

	(void)state;
	add_text(&t, "test/cases/policies/03-agent-policy.yaml");
	add_text(&t, "test/cases/policies/05-network.yaml");
	add_text(&t, "test/cases/policies/01-http-egress.yaml");
	left = policy_effective(t.v, 2, &d);
	right = policy_effective(t.v + 1, 2, &d);
	assert_non_null(left);
	assert_non_null(right);
	ab[0] = (struct policy_file){ "ab", str_c(left), POLICY_GIVEN,
		false };
	ab[1] = t.v[2];
	bc[0] = t.v[0];
	bc[1] = (struct policy_file){ "bc", str_c(right), POLICY_GIVEN,
		false };
	assert_true(mean_the_same(ab, 2, bc, 2));
	assert_true(mean_the_same(ab, 2, t.v, 3));
	free(left);
	free(right);
	diags_fini(&d);
	texts_fini(&t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_printed_means_the_same),
		cmocka_unit_test(no_documents_are_a_policy),
		cmocka_unit_test(each_rule_says_where_it_is_from),
		cmocka_unit_test(what_has_no_native_words_follows_as_it_is),
		cmocka_unit_test(convert_cases),
		cmocka_unit_test(what_is_converted_decides_the_same),
		cmocka_unit_test(the_order_of_documents_means_nothing),
		cmocka_unit_test(merging_is_associative),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
