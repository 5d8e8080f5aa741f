/* t_details.c -- what is said of all requests, whatever their queries and
 * fields: against trying many. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "analysis/diff.h"
#include "base/buf.h"
#include "base/clean.h"
#include "base/compat.h"
#include "base/err.h"
#include "base/must.h"

enum { PAIRS = 120, QUESTIONS = 800, RULES = 3 };

static const char *const needs[] = { "query: {a: x}", "query: {a: 'x*'}",
	"query: {a: {any: [x, y]}}", "query: {a: {any: ['*'], optional: true}}",
	"query: {a: x, b: '*y'}", "query: {'*': x}", "query: {a: x, '*': y}",
	"headers: {T: x}", "headers: {T: 'x*'}", "headers: {T: '*y'}",
	"headers: {T: x}, query: {a: x}", "headers: {T: {any: [x, y]}}",
	"query: {b: y}", "headers: {U: x}", "query: {'a[]': x}", "methods: [GET]", "paths: [/p]",
	"mcp: {tools: [x]}", "mcp: {tools: ['x*'], arguments: {p: /s/**}}",
	"mcp: {methods: [tools/call]}", "graphql: {operations: [query]}",
	"graphql: {fields: [x, y]}", "json_rpc: {methods: [x]}",
	"mcp: {arguments: {p: {any: [x], optional: true}}}" };
static const char *const denied[] = { "query: {a: x}", "query: {a: '*y'}",
	"query: {b: x}", "headers: {T: x}", "headers: {T: 'x*'}",
	"headers: {U: '*'}", "query: {'*': x}", "methods: [GET]",
	"mcp: {tools: [y]}", "mcp: {arguments: {p: /s/k/**}}",
	"graphql: {fields: [y]}", "graphql: {operations: [mutation]}" };
static const char *const contents[] = { "mcp", "mcp.tools=x", "mcp.tools=xy",
	"mcp.tools=y", "mcp.arguments.p=/s/a", "mcp.arguments.p=/s/k/a",
	"mcp.arguments.P=/s/k", "mcp.arguments.p=/s/../k", "mcp.arguments.q=x",
	"mcp.methods=tools/call", "mcp.methods=ping", "json_rpc.methods=x",
	"json_rpc.methods=y", "graphql", "graphql.operations=query",
	"graphql.operations=mutation", "graphql.fields=x",
	"graphql.fields=y", "graphql.fields=z" };
static const char *const queries[] = { "", "", "a=x", "a=y", "a=xy", "b=y",
	"b=x", "c=x", "c=y", "a=x&b=y", "a=x&a=y", "a=y&b=x", "a", "a=",
	"a=x&c=y", "a=x&c=x", "a=%78", ";", "b=xy&a=x", "a=x&;", "a[]=x",
	"a[]=y", "a=x&a[]=y", "a[0]=x&a=x", "+a=y&a=x", "a=x&%20b[1]=x" };
static const char *const values[] = { "x", "y", "xy", "x, y", "z", "y,x",
	"xz", "" };

static uint64_t seed = 20261122;

static unsigned
below(unsigned n)
{
	seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407U;
	return (unsigned)(seed >> 33) % n;
}

struct rule {
	bool deny;
	const char *need;
};

static void
rule_make(struct rule *r)
{
	r->deny = below(3) == 0;
	r->need = r->deny ? denied[below(NELEM(denied))] :
	    needs[below(NELEM(needs))];
}

static char *
write_rules(const struct rule *v, unsigned n)
{
	struct buf b;

	buf_init(&b, 1 << 16);
	must(buf_addz(&b, "network:\n"));
	for (unsigned deny = 0; deny < 2; deny++) {
		must(buf_printf(&b, "  %s:\n    - {endpoint: b.test}\n",
		    deny != 0 ? "deny" : "allow"));
		for (unsigned i = 0; i < n; i++)
			if (v[i].deny == (deny != 0))
				must(buf_printf(&b, "    - {endpoint: a.test, "
				    "%s}\n", v[i].need));
	}
	return buf_take(&b, NULL);
}

static void
open_text(const char *text, struct book *out)
{
	struct policy_file f = { "p.yaml", str_c(text), POLICY_GIVEN, false };

	if (book_open(&f, 1, out) == -1)
		fail_msg("%s%s", text, diags_print(&out->diags, false));
}

static void
question_make(struct arena *a, struct question *q)
{
	char url[128];
	struct str word;
	struct err e;

	(void)snprintf(url, sizeof(url), "%s https://a.test%s%s%s",
	    below(2) == 0 ? "GET" : "PUT", below(2) == 0 ? "/p" : "/",
	    "?", queries[below(NELEM(queries))]);
	word = str_c(arena_printf(a, "%s", url));
	assert_int_equal(question_parse(a, &word, 1, q, &e), 0);
	for (unsigned i = below(3); i > 0; i--) {
		(void)snprintf(url, sizeof(url), "%s=%s", below(3) == 0 ? "U" :
		    "T", values[below(NELEM(values))]);
		assert_int_equal(question_field(a, str_c(arena_printf(a, "%s",
		    url)), q, &e), 0);
	}
	for (unsigned i = below(4); i > 0; i--)
		assert_int_equal(question_content(a, str_c(contents[below(
		    NELEM(contents))]), q, &e), 0);
}

static bool
is_told(const struct diff *d, const struct reply *a)
{
	enum change change = a->verdict == REPLY_DENY ? CHANGE_POSSIBLE :
							CHANGE_IMPOSSIBLE;

	for (uint32_t i = 0; i < d->n; i++)
		if (d->v[i].change == change)
			return true;
	return false;
}

static bool
compare(const char *x, const char *y, unsigned *large)
{
	struct arena arena = { 0 };
	struct book a, b;
	struct diff d;
	struct err e = { 0 };
	bool same;

	open_text(x, &a);
	open_text(y, &b);
	assert_int_equal(diff_books(&a, &b, &d, &e), 0);
	for (unsigned i = 0; i < QUESTIONS; i++) {
		struct question q;
		struct reply before, after;

		question_make(&arena, &q);
		book_ask(&a, &q, &before);
		book_ask(&b, &q, &after);
		if (before.verdict != after.verdict && !is_told(&d, &before))
			fail_msg("%s, T %s:\n%s\n%s", question_print(&arena,
			    &q).p, q.nfields > 0 ? q.field[0].value.p : "",
			    x, y);
	}
	for (uint32_t i = 0; i < d.n; i++) {
		struct reply before, after;

		if (d.v[i].text != NULL) {	/* it may be too much */
			(*large)++;
			continue;
		}
		book_ask(&a, &d.v[i].example, &before);
		book_ask(&b, &d.v[i].example, &after);
		assert_true(before.verdict != after.verdict);
	}
	same = d.n == 0;
	diff_fini(&d);
	book_close(&a);
	book_close(&b);
	arena_fini(&arena);
	return same;
}

static void
policies_differ_where_some_request_does(void **state)
{
	unsigned same = 0, large = 0;

	(void)state;
	for (unsigned p = 0; p < PAIRS; p++) {
		struct rule v[RULES + 1];
		unsigned n = 1 + below(RULES);
		CLEAN_FREE char *x = NULL;
		CLEAN_FREE char *y = NULL;

		for (unsigned i = 0; i < n; i++)
			rule_make(&v[i]);
		x = write_rules(v, n);
		if (below(2) == 0)
			rule_make(&v[n++]);
		else
			rule_make(&v[below(n)]);
		y = write_rules(v, n);
		same += compare(x, y, &large);
	}
	print_message("%u of %u are the same, %u too large\n", same, PAIRS,
	    large);
	assert_true(large < PAIRS / 20);
	assert_true(same > PAIRS / 20 && same < PAIRS / 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(policies_differ_where_some_request_does),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
