#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/buf.h"
#include "base/clean.h"
#include "base/compat.h"
#include "base/err.h"
#include "compile/compile.h"
#include "policy/decide.h"
#include "policy/exec.h"
#include "policy/form.h"
#include "policy/image.h"
#include "policy/route.h"

/* ---- images of one policy, or of two */

struct made { /* made_fini() it */
	char *bytes;
	size_t len;
	struct image *im;
};

static bool
make(const struct policy_file *f, size_t n, struct made *out)
{
	struct diags d = { 0 };
	struct err e = { 0 };
	bool ok;

	*out = (struct made){ 0 };
	ok = policy_compile(f, n, POLICY_STAGE_CHECK, &out->bytes, &out->len,
	    &d) == 0;
	if (!ok)
		print_error("%s:%u: %s\n%s\n", d.v[0].file, d.v[0].line,
		    d.v[0].text, d.v[0].source);
	else
		assert_int_equal(image_of(str_of(out->bytes, out->len),
		    &out->im, &e), 0);
	diags_fini(&d);
	return ok;
}

static void
made_fini(struct made *m)
{
	image_free(m->im);
	free(m->bytes);
}

/* The policy, the maximum, and the one under the other. */
struct three {
	struct made own, max, both;
};

static bool
make_three(const char *own, const char *max, struct three *t)
{
	struct policy_file f[] = {
		{ "own.yaml", str_c(own), POLICY_GIVEN, false },
		{ "max.yaml", str_c(max), POLICY_GIVEN, false },
	};

	if (!make(&f[0], 1, &t->own) || !make(&f[1], 1, &t->max))
		return false;
	f[1].maximum = true;
	return make(f, 2, &t->both);
}

static void
three_fini(struct three *t)
{
	made_fini(&t->own);
	made_fini(&t->max);
	made_fini(&t->both);
}

/* ---- network: cases */

static const struct {
	const char *what, *own, *max, *host, *method, *path;
	enum verdict want;
	const char *why;	/* in the reason */
} cases[] = {
	{ "what both allow is allowed", "allow: [{endpoint: a.test}]",
	    "allow: [{endpoint: a.test}]", "a.test", "GET", "/",
	    VERDICT_ALLOW, "own.yaml" },
	{ "what the maximum does not name is denied",
	    "allow: [{endpoint: b.test}]", "allow: [{endpoint: a.test}]",
	    "b.test", "GET", "/", VERDICT_DENY, "the maximum policy: " },
	{ "what it denies is denied, by its rule",
	    "allow: [{endpoint: a.test}]", "default_policy: allow\n  "
	    "deny: [{endpoint: a.test}]", "a.test", "GET", "/",
	    VERDICT_DENY, "the maximum policy: denied by max.yaml:3" },
	{ "a method is bounded", "allow: [{endpoint: a.test}]",
	    "allow: [{endpoint: a.test, methods: [GET]}]", "a.test", "POST",
	    "/", VERDICT_DENY, "the maximum policy: " },
	{ "a path is bounded", "allow: [{endpoint: a.test}]",
	    "allow: [{endpoint: a.test, paths: [/x/*]}]", "a.test", "GET",
	    "/y", VERDICT_DENY, "the maximum policy: " },
	{ "it gives nothing by itself", "deny: []",
	    "allow: [{endpoint: a.test}]", "a.test", "GET", "/",
	    VERDICT_DENY, "no rule" },
	{ "default_policy: allow below is bounded", "default_policy: allow",
	    "allow: [{endpoint: a.test}]", "b.test", "GET", "/",
	    VERDICT_DENY, "the maximum policy: " },
	{ "a deny below stays", "allow: [{endpoint: a.test}]\n  "
	    "deny: [{endpoint: a.test, paths: [/x]}]",
	    "default_policy: allow", "a.test", "GET", "/x", VERDICT_DENY,
	    "denied by own.yaml:3" },
};

static bool
case_is_right(size_t i)
{
	CLEAN_FREE char *own = NULL;
	CLEAN_FREE char *max = NULL;
	struct three t = { 0 };
	struct net_query q = { .host = str_c(cases[i].host), .port = 443,
		.tls = true, .method = str_c(cases[i].method),
		.path = str_c(cases[i].path) };
	struct net_answer a = { 0 };
	bool ok;

	assert_true(asprintf(&own, "network:\n  %s\n", cases[i].own) > 0);
	assert_true(asprintf(&max, "network:\n  %s\n", cases[i].max) > 0);
	ok = make_three(own, max, &t);
	if (ok)
		policy_network(t.both.im, &q, &a);
	ok = ok && a.verdict == cases[i].want && a.judged == cases[i].want &&
	    strstr(a.reason, cases[i].why) != NULL;
	if (!ok)
		print_error("%s: %s\n", cases[i].what, a.reason);
	three_fini(&t);
	return ok;
}

static void
network_cases(void **state)
{
	int wrong = 0;

	(void)state;
	for (size_t i = 0; i < NELEM(cases); i++)
		wrong += !case_is_right(i);
	assert_int_equal(wrong, 0);
}

/* ---- network: any two policies */

static uint64_t
roll(uint64_t *seed, uint64_t n)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed % n;
}

static const char *const hosts[] = { "a.test", "b.test", "x.a.test",
	"y.x.a.test", "c.test" };
static const char *const patterns[] = { "a.test", "b.test", "\"*.a.test\"",
	"\"**.a.test\"", "x.a.test" };
static const char *const methods[] = { "GET", "POST", "HEAD", "PURGE" };
static const char *const routes[] = { "/", "/x", "/x/y", "/y" };
static const char *const globs[] = { "/x", "/x/*", "\"/*\"", "/**/y", "/" };
static const char *const wires[] = { "https", "http", "tls", "tcp" };
static const uint16_t ports[] = { 443, 80, 22 };

static void
put_entry(struct buf *b, uint64_t *seed)
{
	bool raw = false;

	assert_true(buf_printf(b, "    - endpoint: %s\n",
	    patterns[roll(seed, NELEM(patterns))]));
	if (roll(seed, 2) == 0)
		assert_true(buf_printf(b, "      ports: [%u]\n",
		    ports[roll(seed, NELEM(ports))]));
	if (roll(seed, 3) == 0) {
		uint64_t w = roll(seed, NELEM(wires));

		raw = w >= 2;
		assert_true(buf_printf(b, "      protocols: [%s]\n",
		    wires[w]));
	}
	if (!raw && roll(seed, 2) == 0)
		assert_true(buf_printf(b, "      methods: [%s]\n",
		    methods[roll(seed, NELEM(methods))]));
	if (!raw && roll(seed, 2) == 0)
		assert_true(buf_printf(b, "      paths: [%s]\n",
		    globs[roll(seed, NELEM(globs))]));
	if (roll(seed, 4) == 0)
		assert_true(buf_addz(b, "      binaries: [/usr/bin/curl]\n"));
}

static char *
some_policy(uint64_t *seed)
{
	static const char *const modes[] = { "enforce", "enforce", "enforce",
		"audit" };
	struct buf b;

	buf_init(&b, 65536);
	assert_true(buf_printf(&b, "policy_mode: %s\nnetwork:\n",
	    modes[roll(seed, NELEM(modes))]));
	if (roll(seed, 4) == 0)
		assert_true(buf_addz(&b, "  default_policy: allow\n"));
	for (int deny = 0; deny < 2; deny++) {
		uint64_t n = roll(seed, 4);

		assert_true(buf_printf(&b, "  %s:%s\n", deny ? "deny" :
		    "allow", n == 0 ? " []" : ""));
		for (uint64_t i = 0; i < n; i++)
			put_entry(&b, seed);
	}
	return buf_take(&b, NULL);
}

static struct net_query
some_query(uint64_t *seed, const struct str *exe)
{
	struct net_query q = { .host = str_c(hosts[roll(seed, NELEM(hosts))]),
		.port = ports[roll(seed, NELEM(ports))],
		.tls = roll(seed, 2) == 0 };

	if (roll(seed, 2) == 0) {
		q.method = str_c(methods[roll(seed, NELEM(methods))]);
		q.path = str_c(routes[roll(seed, NELEM(routes))]);
	}
	if (roll(seed, 2) == 0)
		q.who = (struct net_who){ exe, 1 };
	return q;
}

static bool
one_agrees(const struct three *t, const struct net_query *q)
{
	struct net_answer own, max, both;

	policy_network(t->own.im, q, &own);
	policy_network(t->max.im, q, &max);
	policy_network(t->both.im, q, &both);
	return (both.verdict == VERDICT_ALLOW) ==
	    (own.verdict == VERDICT_ALLOW && max.verdict == VERDICT_ALLOW) &&
	    (both.judged == VERDICT_ALLOW) ==
	    (own.judged == VERDICT_ALLOW && max.judged == VERDICT_ALLOW) &&
	    (both.verdict == VERDICT_DENY ||
	    (both.treat <= own.treat && both.treat <= max.treat));
}

static void
nothing_escapes_the_network(void **state)
{
	static const struct str exe[] = { { "/usr/bin/curl", 13 } };
	uint64_t seed = 88172645463325252ULL;

	(void)state;
	for (int i = 0; i < 100; i++) {
		CLEAN_FREE char *own = some_policy(&seed);
		CLEAN_FREE char *max = some_policy(&seed);
		struct three t = { 0 };

		assert_true(make_three(own, max, &t));
		for (int k = 0; k < 200; k++) {
			struct net_query q = some_query(&seed, exe);

			if (!one_agrees(&t, &q))
				fail_msg("%.*s:%u %.*s %.*s\n%s\n---\n%s",
				    (int)q.host.len, q.host.p, q.port,
				    (int)q.method.len, q.method.p == NULL ?
				    "" : q.method.p, (int)q.path.len,
				    q.path.p == NULL ? "" : q.path.p, own,
				    max);
		}
		three_fini(&t);
	}
}

static void
an_address_needs_both(void **state)
{
	static const char own[] = "network: {allow: [{endpoint: a.test, "
	    "allowed_ips: [10.0.0.0/8]}]}\n";
	static const char max[] = "network: {allow: [{endpoint: a.test, "
	    "allowed_ips: [10.1.0.0/16]}]}\n";
	static const struct in6_addr in = { { { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
		255, 255, 10, 1, 0, 1 } } };
	static const struct in6_addr out = { { { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
		255, 255, 10, 2, 0, 1 } } };
	struct net_query q = { .host = STR("a.test"), .port = 443,
		.tls = true };
	struct three t = { 0 };
	char why[256];

	(void)state;
	assert_true(make_three(own, max, &t));
	assert_true(policy_address(t.both.im, &q, &in, why, sizeof(why)));
	assert_true(policy_address(t.own.im, &q, &out, why, sizeof(why)));
	assert_false(policy_address(t.both.im, &q, &out, why, sizeof(why)));
	three_fini(&t);
}

/* ---- commands */

enum { ARGS = 8 };

static enum verdict
may_run(const struct image *im, const char *text, struct exec_answer *a)
{
	struct str argv[ARGS], rest = str_c(text);
	struct exec_form form = { .argv = argv };
	struct exec_query q = { .forms = &form, .nforms = 1, .paper = true,
		.cwd = STR("/app") };

	while (form.argc < ARGS - 1 &&
	    str_cut(rest, ' ', &argv[form.argc], &rest))
		form.argc++;
	argv[form.argc++] = rest;
	form.name = argv[0];
	policy_exec(im, &q, a);
	return a->judged;
}

static char *
some_commands(uint64_t *seed)
{
	static const char *const entries[] = { "git", "git push", "\"rm -rf "
	    "*\"", "rm", "python3 /app/*.py", "{command: curl, args_pattern: "
	    "\"--max-time 30 *\"}", "curl", "git status" };
	static const char *const lists[] = { "allow", "deny", "audit" };
	struct buf b;

	buf_init(&b, 65536);
	if (roll(seed, 8) == 0) {	/* no section allows all */
		assert_true(buf_addz(&b, "version: \"1.0\"\n"));
		return buf_take(&b, NULL);
	}
	assert_true(buf_printf(&b, "commands:\n  default_policy: %s\n",
	    roll(seed, 3) == 0 ? "allow" : "deny"));
	for (size_t k = 0; k < NELEM(lists); k++) {
		uint64_t n = roll(seed, 3);

		assert_true(buf_printf(&b, "  %s:%s\n", lists[k], n == 0 ?
		    " []" : ""));
		for (uint64_t i = 0; i < n; i++)
			assert_true(buf_printf(&b, "    - %s\n",
			    entries[roll(seed, NELEM(entries))]));
	}
	return buf_take(&b, NULL);
}

static void
no_command_escapes(void **state)
{
	static const char *const lines[] = { "git push", "git status", "git",
		"rm -rf /x", "rm -r -f /x", "rm x", "python3 /app/a.py",
		"python3 -c x", "curl --max-time 30 x", "curl x", "vi" };
	uint64_t seed = 362436069362436069ULL;

	(void)state;
	for (int i = 0; i < 300; i++) {
		CLEAN_FREE char *own = some_commands(&seed);
		CLEAN_FREE char *max = some_commands(&seed);
		struct three t = { 0 };

		assert_true(make_three(own, max, &t));
		for (size_t k = 0; k < NELEM(lines); k++) {
			struct exec_answer a, b, c;
			bool x = may_run(t.own.im, lines[k], &a) ==
			    VERDICT_ALLOW;
			bool y = may_run(t.max.im, lines[k], &b) ==
			    VERDICT_ALLOW;
			bool z = may_run(t.both.im, lines[k], &c) ==
			    VERDICT_ALLOW;

			if (z != (x && y) || (z && c.audit !=
				(a.audit || b.audit)))
				fail_msg("%s\n%s---\n%s", lines[k], own,
				    max);
		}
		three_fini(&t);
	}
}

static void
names_of_both_are_found(void **state)
{
	static const char own[] = "commands: {allow: [git, curl]}\n";
	static const char max[] = "commands: {allow: [curl, git], "
	    "deny: [git push]}\n";
	struct str argv[] = { STR("git"), STR("push") };
	uint32_t same[8], n = 0;
	struct exec_form form = { .name = STR("git"), .file = STR("/bin/g"),
		.argv = argv, .argc = 2, .same = same };
	struct exec_query q = { .forms = &form, .nforms = 1 };
	struct exec_answer a;
	struct three t = { 0 };

	(void)state;
	assert_true(make_three(own, max, &t));
	assert_int_equal(image_commands(t.both.im),
	    image_commands(t.own.im) + image_commands(t.max.im));
	for (uint32_t i = 0; i < image_commands(t.both.im); i++) {
		struct exec_command c;

		image_command(t.both.im, i, &c);
		if (str_eqz(c.name, "git"))
			same[n++] = i;
	}
	assert_int_equal(n, 2);
	form.nsame = n;
	policy_exec(t.both.im, &q, &a);
	assert_int_equal(a.judged, VERDICT_DENY);
	assert_non_null(strstr(a.reason, "the maximum policy: "));
	form.argc = 1;
	policy_exec(t.both.im, &q, &a);
	assert_int_equal(a.judged, VERDICT_ALLOW);
	/* Found as its own alone, the maximum does not know the file. */
	form.nsame = 1;
	policy_exec(t.both.im, &q, &a);
	assert_int_equal(a.judged, VERDICT_DENY);
	three_fini(&t);
}

/* ---- models */

#define ROUTER(x) "inference: {router: {default: " x "}}\n"

static const struct {
	const char *what, *own, *max;
	const char *route;	/* NULL: denied */
	const char *why;
} routes_to[] = {
	{ "what both say", ROUTER("local"), ROUTER("local"), "local", "" },
	{ "more private than the maximum", ROUTER("local"),
	    ROUTER("frontier"), "local", "" },
	{ "less private than the maximum goes where that says",
	    ROUTER("frontier"), ROUTER("local"), "local",
	    "the maximum policy: routed to local" },
	{ "a maximum without models", ROUTER("local"), "network: {}\n", NULL,
	    "the maximum policy: the policy has no inference section" },
	{ "a policy without models", "network: {}\n", ROUTER("local"), NULL,
	    "the policy has no inference section" },
	{ "a backend that the maximum does not have", "inference: {router: "
	    "{default: mine}, backends: {mine: {kind: vllm, url: "
	    "\"https://gpu.test\", locality: site}}}\n", ROUTER("frontier"),
	    NULL, "does not allow mine" },
	{ "the same backend in both", "inference: {router: "
	    "{default: mine}, backends: {mine: {kind: vllm, url: "
	    "\"https://gpu.test\", locality: site}}}\n", "inference: "
	    "{router: {default: mine}, backends: {mine: {kind: vllm, url: "
	    "\"https://gpu.test\", locality: site}}}\n", "mine", "" },
	{ "the same name elsewhere", "inference: {router: "
	    "{default: mine}, backends: {mine: {kind: vllm, url: "
	    "\"https://evil.test\", locality: site}}}\n", "inference: "
	    "{router: {default: mine}, backends: {mine: {kind: vllm, url: "
	    "\"https://gpu.test\", locality: site}}}\n", NULL,
	    "does not allow mine" },
};

static void
models_are_bounded(void **state)
{
	static const struct facts none;
	int wrong = 0;

	(void)state;
	for (size_t i = 0; i < NELEM(routes_to); i++) {
		struct three t = { 0 };
		struct route_answer a;
		const char *route = routes_to[i].route;

		assert_true(make_three(routes_to[i].own, routes_to[i].max,
		    &t));
		policy_route(t.both.im, &none, &a);
		if ((a.verdict == VERDICT_ALLOW) != (route != NULL) ||
		    (route != NULL && !str_eqz(a.route, route)) ||
		    strstr(a.reason, routes_to[i].why) == NULL) {
			print_error("%s: %s\n", routes_to[i].what, a.reason);
			wrong++;
		}
		three_fini(&t);
	}
	assert_int_equal(wrong, 0);
}

/* ---- the image */

static void
what_either_needs_is_needed(void **state)
{
	static const char max[] = "network: {allow: [{endpoint: a.test, "
	    "headers: {x-a: b}, binaries: [curl]}]}\n";
	struct three t = { 0 };

	(void)state;
	assert_true(make_three("network: {allow: [{endpoint: a.test}]}\n",
	    max, &t));
	assert_false(image_info(t.own.im)->needs_fields);
	assert_false(image_info(t.own.im)->needs_who);
	assert_true(image_info(t.both.im)->needs_fields);
	assert_true(image_info(t.both.im)->needs_who);
	three_fini(&t);
}

static void
a_maximum_has_none(void **state)
{
	struct three t = { 0 };
	struct image *im = NULL;
	struct err e = { 0 };
	struct f_head *h;
	CLEAN_FREE char *bytes = NULL;

	(void)state;
	assert_true(make_three("network: {}\n", "network: {}\n", &t));
	bytes = malloc(t.both.len);
	assert_non_null(bytes);
	memcpy(bytes, t.both.bytes, t.both.len);
	h = (struct f_head *)(void *)bytes;
	/* The one within says that it has one, too: it is not looked at. */
	((struct f_head *)(void *)(bytes +
	    h->sections[FORM_maximum].first))->sections[FORM_maximum].n = 1;
	sha256(str_from(str_of(bytes, t.both.len), FORM_HASHED), h->hash);
	assert_int_equal(image_of(str_of(bytes, t.both.len), &im, &e), -1);
	assert_non_null(strstr(e.text, "its maximum has one of its own"));
	three_fini(&t);
}

static void
a_damaged_maximum_is_refused(void **state)
{
	struct three t = { 0 };
	CLEAN_FREE char *bytes = NULL;
	struct f_head *h;
	uint32_t first, n;

	(void)state;
	assert_true(make_three("network: {}\n",
	    "network: {allow: [{endpoint: a.test}]}\n", &t));
	bytes = malloc(t.both.len);
	assert_non_null(bytes);
	h = (struct f_head *)(void *)bytes;
	memcpy(bytes, t.both.bytes, t.both.len);
	first = h->sections[FORM_maximum].first;
	n = h->sections[FORM_maximum].n;
	for (uint32_t i = 0; i < n; i += 101) {
		struct image *im = NULL;
		struct err e = { 0 };

		bytes[first + i] ^= 1;
		sha256(str_from(str_of(bytes, t.both.len), FORM_HASHED),
		    h->hash);
		assert_int_equal(image_of(str_of(bytes, t.both.len), &im,
		    &e), -1);
		bytes[first + i] ^= 1;
	}
	three_fini(&t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(network_cases),
		cmocka_unit_test(nothing_escapes_the_network),
		cmocka_unit_test(an_address_needs_both),
		cmocka_unit_test(no_command_escapes),
		cmocka_unit_test(names_of_both_are_found),
		cmocka_unit_test(models_are_bounded),
		cmocka_unit_test(what_either_needs_is_needed),
		cmocka_unit_test(a_maximum_has_none),
		cmocka_unit_test(a_damaged_maximum_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
