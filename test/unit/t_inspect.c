/* t_inspect.c -- what bodies ask for: strict readers, and what they find. */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/compat.h"
#include "base/must.h"
#include "inspect/graphql.h"
#include "inspect/inspect.h"
#include "inspect/jdoc.h"

/* ---- JSON */

static const struct {
	const char *what, *text, *why; /* why NULL: it is one */
} texts[] = {
	{ "an object", "{\"a\": [1, -0.5e+9, true, null, \"x\"]}", NULL },
	{ "a value alone", " 1 ", NULL },
	{ "nothing", "", "it ends too early" },
	{ "only blanks", " \n", "it ends too early" },
	{ "two values", "1 2", "something is behind its end" },
	{ "a closing too many", "[]]", "something is behind its end" },
	{ "a byte order mark", "\xef\xbb\xbf{}",
	    "it begins with a byte order mark" },
	{ "UTF-16", "\xff\xfe{", "it is not JSON" },
	{ "a key twice", "{\"a\":1,\"b\":2,\"a\":3}",
	    "a key is there twice in one object" },
	{ "a key twice, once in an escape", "{\"a\":1,\"\\u0061\":2}",
	    "a key is there twice in one object" },
	{ "a key twice, deep inside", "[{\"x\":{\"k\":1,\"k\":1}}]",
	    "a key is there twice in one object" },
	{ "the same key in two objects", "[{\"a\":1},{\"a\":1}]", NULL },
	{ "NaN", "NaN", "it is not JSON" },
	{ "Infinity", "[Infinity]", "it is not JSON" },
	{ "a number with a plus", "+1", "it is not JSON" },
	{ "a number with a zero in front", "01",
	    "something is behind its end" },
	{ "a number that ends in a point", "1.", "a number that is none" },
	{ "a number in hex", "0x10", "something is behind its end" },
	{ "an exponent of nothing", "1e", "a number that is none" },
	{ "a huge exponent", "1e99999", NULL },
	{ "a comma too many", "[1,]", "it is not JSON" },
	{ "a comma too many in an object", "{\"a\":1,}",
	    "a key that is no string" },
	{ "a comment", "[1 /* x */]", "it is not JSON" },
	{ "a key without quotes", "{a:1}", "a key that is no string" },
	{ "single quotes", "['a']", "it is not JSON" },
	{ "a tab in a string", "\"a\tb\"", "a control character in a string" },
	{ "a NUL in an escape", "\"\\u0000\"", "a NUL in a string" },
	{ "a lone surrogate", "\"\\ud800\"", "a lone surrogate in a string" },
	{ "a lone low one", "\"\\udc00\"", "a lone surrogate in a string" },
	{ "two high ones", "\"\\ud800\\ud800\"",
	    "a lone surrogate in a string" },
	{ "a pair", "\"\\ud83d\\ude00\"", NULL },
	{ "a surrogate in UTF-8", "\"\xed\xa0\x80\"", "it is not UTF-8" },
	{ "a long form of a slash", "\"\xc0\xaf\"", "it is not UTF-8" },
	{ "Latin-1", "\"\xe9\"", "it is not UTF-8" },
	{ "beyond Unicode", "\"\xf4\x90\x80\x80\"", "it is not UTF-8" },
	{ "an escape of nothing", "\"\\x41\"",
	    "a broken escape in a string" },
	{ "a string without an end", "\"abc", "it ends too early" },
	{ "an escape at the end", "\"abc\\", "a broken escape in a string" },
	{ "an array without an end", "[1", "it ends too early" },
	{ "blanks of other scripts", "[1,\xc2\xa0" "2]", "it is not JSON" },
	{ "a form feed", "[1,\f2]", "it is not JSON" },
	{ "words in capitals", "True", "it is not JSON" },
};

static void
a_text_is_json_or_it_is_not(void **state)
{
	(void)state;
	for (size_t i = 0; i < NELEM(texts); i++) {
		const char *why = NULL;
		struct jdoc d;
		int rc = jdoc_read(str_c(texts[i].text), &d, &why);

		if ((rc == 0) != (texts[i].why == NULL) || (rc != 0 &&
			strcmp(why, texts[i].why) != 0))
			fail_msg("%s: %s", texts[i].what, rc == 0 ? "taken" :
			    why);
		jdoc_free(&d);
	}
}

static char *
repeat(const char *a, size_t n, const char *b)
{
	char *p = mem_alloc(strlen(a) * n + strlen(b) * n + 1, 1);

	for (size_t i = 0; i < n; i++)
		memcpy(p + i * strlen(a), a, strlen(a));
	for (size_t i = 0; i < n; i++)
		memcpy(p + n * strlen(a) + i * strlen(b), b, strlen(b));
	return p;
}

static void
what_is_deep_or_large_ends(void **state)
{
	static const struct {
		const char *a, *b, *why;
		size_t n;
	} rows[] = {
		{ "[", "]", NULL, JDOC_DEPTH_MAX },
		{ "[", "]", "it is nested too deep", JDOC_DEPTH_MAX + 1 },
		{ "[", "", "it is nested too deep", 100000 },
		{ "[1,", "", "it is nested too deep", 100000 },
	};
	char *many = repeat("1,", JDOC_VALUES_MAX, ""), *whole = NULL;
	const char *why = NULL;
	struct jdoc d;

	(void)state;
	for (size_t i = 0; i < NELEM(rows); i++) {
		char *text = repeat(rows[i].a, rows[i].n, rows[i].b);
		int rc = jdoc_read(str_c(text), &d, &why);

		assert_int_equal(rc, rows[i].why == NULL ? 0 : -1);
		if (rc == -1)
			assert_string_equal(why, rows[i].why);
		jdoc_free(&d);
		free(text);
	}
	assert_true(asprintf(&whole, "[%s1]", many) > 0);
	assert_int_equal(jdoc_read(str_c(whole), &d, &why), -1);
	assert_string_equal(why, "it has too many values");
	jdoc_free(&d);
	free(many);
	free(whole);
}

/* ---- what requests ask for */

static void
put_unit(struct buf *out, const struct inspect_unit *u)
{
	for (unsigned k = 0; k < DETAIL_COUNT; k++)
		for (uint32_t i = 0; i < u->of[k].n; i++) {
			const struct detail_pair *p = &u->of[k].v[i];

			assert_true(buf_printf(out, "%s%s%.*s=%.*s",
			    out->len > 0 ? " " : "", detail_table[k].word,
			    (int)p->name.len, p->name.p, (int)p->value.len,
			    p->value.p));
		}
}

#define G INSPECT_GRAPHQL
#define R INSPECT_RPC
#define M INSPECT_MCP
#define GQL(text) "{\"query\": \"" text "\"}"
#define CALL(rest) "{\"jsonrpc\":\"2.0\",\"id\":1," rest "}"

static const struct {
	const char *what;
	uint32_t kinds;
	const char *body;
	const char *want;	/* units, with | between; or "? why" */
} bodies[] = {
	/* GraphQL */
	{ "a query", G, GQL("{a}"), "operations=query names= fields=a" },
	{ "names and kinds", G, GQL("mutation M($x: [Int!]! = 1) @d(a: 1) {a}"),
	    "operations=mutation names=M fields=a" },
	{ "an alias does not hide", G, GQL("{viewer: deleteRepo(id: 1) {ok}}"),
	    "operations=query names= fields=deleteRepo.ok" },
	{ "fields by the way to them", G, GQL("{a{b{c}d}e}"),
	    "operations=query names= fields=a.b.c fields=a.d fields=e" },
	{ "fragments are followed", G,
	    GQL("{a{...F}} fragment F on T {b ... on U {c} ... {d}}"),
	    "operations=query names= fields=a.b fields=a.c fields=a.d" },
	{ "what is skipped counts", G, GQL("{a @skip(if: true)}"),
	    "operations=query names= fields=a" },
	{ "each operation is a unit", G,
	    GQL("query A {a} mutation B {b} subscription C {c}"),
	    "operations=query names=A fields=a|operations=mutation names=B "
	    "fields=b|operations=subscription names=C fields=c" },
	{ "each of a batch is one", G, "[" GQL("{a}") "," GQL("{b}") "]",
	    "operations=query names= fields=a|operations=query names= "
	    "fields=b" },
	{ "values of all kinds", G, GQL("{a(b: [1, -2.5e3, true, null, E, $v, "
	    "\\\"s\\\", {c: {d: 1}}], e: [], f: {}) }"),
	    "operations=query names= fields=a" },
	{ "a comment", G, GQL("{a # } mutation {b\\n}"),
	    "operations=query names= fields=a" },
	{ "a string that looks like the end", G,
	    GQL("{a(b: \\\"} mutation {c}\\\")}"),
	    "operations=query names= fields=a" },
	{ "a block string", G, GQL("{a(b: \\\"\\\"\\\"x\\n}\\\"\\\"\\\")}"),
	    "operations=query names= fields=a" },
	{ "a block string with a quote", G,
	    GQL("{a(b: \\\"\\\"\\\" \\\" } mutation{x} \\\"\\\"\\\")}"),
	    "? a block string with a quote inside" },
	{ "a fragment that leads to itself", G,
	    GQL("{...F} fragment F on T {a{...F}}"),
	    "? it is nested too deep" },
	{ "two that lead to each other", G,
	    GQL("{...F} fragment F on T {...H ...H} fragment H on T {...F}"),
	    "? it is nested too deep" },
	{ "a fragment that is not there", G, GQL("{...F}"),
	    "? it uses a fragment that is not there" },
	{ "a fragment twice", G,
	    GQL("{...F} fragment F on T {a} fragment F on T {b}"),
	    "? two fragments have one name" },
	{ "no operation", G, GQL("fragment F on T {a}"),
	    "? it has no operation" },
	{ "an empty selection", G, GQL("{}"), "? it is not GraphQL" },
	{ "an empty document", G, GQL(""), "? it is not GraphQL" },
	{ "a schema", G, GQL("type A {b: C}"), "? it is not GraphQL" },
	{ "a kind in capitals", G, GQL("Mutation {a}"),
	    "? it is not GraphQL" },
	{ "a byte order mark inside", G, GQL("\\ufeff{a}"),
	    "? a character that GraphQL has not" },
	{ "a no-break space", G, GQL("{a\\u00a0b}"),
	    "? a character that GraphQL has not" },
	{ "a line separator in a comment", G, GQL("{a #\\u2028}"),
	    "? a comment that is not plain ASCII" },
	{ "a number that runs into a name", G, GQL("{a(b: 1c: 2)}"),
	    "? a number that is none" },
	{ "key and query twice", G, "{\"query\":\"{a}\",\"query\":\"{b}\"}",
	    "? a key is there twice in one object" },
	{ "a key in capitals beside it", G,
	    "{\"query\":\"{a}\",\"QUERY\":\"{b}\"}",
	    "? a request with other keys than query, operationName, variables "
	    "and extensions" },
	{ "a key in capitals alone", G, "{\"Query\":\"{a}\"}",
	    "? a request with other keys than query, operationName, variables "
	    "and extensions" },
	{ "a stored operation", G, "{\"extensions\":{\"persistedQuery\":{}}}",
	    "? it may ask for a stored operation, which only the server "
	    "knows" },
	{ "a stored operation by its number", G, "{\"documentId\":\"x\"}",
	    "? it may ask for a stored operation, which only the server "
	    "knows" },
	{ "a stored operation by its id", G, "{\"id\":\"x\",\"variables\":{}}",
	    "? it may ask for a stored operation, which only the server "
	    "knows" },
	{ "another thing with an id", G, "{\"id\":\"x\",\"a\":1}", "" },
	{ "both at once", G, "{\"query\":\"{a}\",\"extensions\":"
	    "{\"persistedQuery\":{}}}", "? it names a stored operation, which "
	    "only the server knows" },
	{ "a query that is null", G, "{\"query\":null}", "? a request with "
	    "other keys than query, operationName, variables and "
	    "extensions" },
	{ "variables that are a text", G, "{\"query\":\"{a}\","
	    "\"variables\":\"{}\"}",
	    "? a request whose parts are of another kind" },
	{ "a batch with something else", G, "[" GQL("{a}") ",1]",
	    "? a batch in which not all are requests" },
	{ "what is none", G, "{\"a\":1}", "" },
	{ "a text that is none", G, "a=1", "? it is not JSON" },
	/* JSON-RPC */
	{ "a call", R, CALL("\"method\":\"a\",\"params\":{\"x\":1}"),
	    "methods=a paramsx=1" },
	{ "a notification", R, "{\"jsonrpc\":\"2.0\",\"method\":\"a\"}",
	    "methods=a" },
	{ "an old one", R, "{\"method\":\"a\",\"params\":[],\"id\":1}",
	    "methods=a" },
	{ "parameters by place", R, CALL("\"method\":\"a\",\"params\":"
	    "[\"x\",[1,2],{\"y\":null}]"), "methods=a params0=x params1=1 "
	    "params1=2 params2={} params2.y=null" },
	{ "objects in a list", R, CALL("\"method\":\"a\",\"params\":{\"l\":"
	    "[{\"y\":1},2,[{\"y\":3}]]}"), "methods=a paramsl[]={} "
	    "paramsl[].y=1 paramsl=2 paramsl[]={} paramsl[].y=3" },
	{ "a name that looks like a list's", R, CALL("\"method\":\"a\","
	    "\"params\":{\"l[]\":1}"), "? a name with [] in it" },
	{ "deep ones", R, CALL("\"method\":\"a\",\"params\":{\"x\":{\"y\":"
	    "[{\"z\":\"v\"}]}}"), "methods=a paramsx={} paramsx.y[]={} "
	    "paramsx.y[].z=v" },
	{ "a batch", R, "[" CALL("\"method\":\"a\"") ","
	    CALL("\"method\":\"b\"") "]", "methods=a|methods=b" },
	{ "an empty batch", R, "[]", "" },
	{ "a batch with something else", R, "[" CALL("\"method\":\"a\"")
	    ",{\"x\":1}]", "? a batch in which not all are messages" },
	{ "a method in an escape", R, CALL("\"m\\u0065thod\":\"b\""),
	    "methods=b" },
	{ "a second method in capitals", R,
	    CALL("\"method\":\"a\",\"Method\":\"b\""),
	    "? a message with keys that differ in case alone" },
	{ "a method in capitals", R, CALL("\"METHOD\":\"b\""),
	    "? a message with keys that differ in case alone" },
	{ "a long s in params", R,
	    CALL("\"method\":\"a\",\"param\\u017f\":{}"),
	    "? a message with keys that differ in case alone" },
	{ "a method that is a number", R, CALL("\"method\":1"),
	    "? a method that is no string" },
	{ "parameters that are none", R,
	    CALL("\"method\":\"a\",\"params\":\"x\""),
	    "? parameters that are none" },
	{ "names that differ in case", R, CALL("\"method\":\"a\",\"params\":"
	    "{\"path\":\"x\",\"Path\":\"y\"}"),
	    "? two names differ in case alone" },
	{ "a Kelvin sign", R, CALL("\"method\":\"a\",\"params\":"
	    "{\"key\":\"x\",\"\\u212aey\":\"y\"}"),
	    "? two names differ in case alone" },
	{ "a reply", R, CALL("\"result\":1"), "? a message without a "
	    "method" },
	/* MCP */
	{ "a tool", M, CALL("\"method\":\"tools/call\",\"params\":{\"name\":"
	    "\"t\",\"arguments\":{\"p\":\"/x\"}}"),
	    "methods=tools/call tools=t argumentsp=/x" },
	{ "a tool without arguments", M, CALL("\"method\":\"tools/call\","
	    "\"params\":{\"name\":\"t\"}"), "methods=tools/call tools=t" },
	{ "another method", M, CALL("\"method\":\"initialize\",\"params\":"
	    "{\"name\":\"t\"}"), "methods=initialize" },
	{ "a reply of the client's", M, CALL("\"result\":{}"),
	    "methods=response" },
	{ "a failure of the client's", M, CALL("\"error\":{}"),
	    "methods=response" },
	{ "both at once", M, CALL("\"error\":{},\"result\":{}"),
	    "? a message without a method" },
	{ "a tool without a name", M, CALL("\"method\":\"tools/call\","
	    "\"params\":{}"), "? a call of a tool without its name" },
	{ "a name in capitals", M, CALL("\"method\":\"tools/call\","
	    "\"params\":{\"name\":\"t\",\"NAME\":\"u\"}"),
	    "? a call of a tool that is none" },
	{ "a method that is nearly a call", M, CALL("\"method\":"
	    "\"Tools/Call\",\"params\":{\"name\":\"t\"}"),
	    "? a method that is nearly tools/call" },
	{ "arguments that are a list", M, CALL("\"method\":\"tools/call\","
	    "\"params\":{\"name\":\"t\",\"arguments\":[1]}"),
	    "? arguments of a tool that are none" },
	{ "another version", M, "{\"jsonrpc\":\"1.0\",\"method\":\"ping\"}",
	    "? a message that is not of JSON-RPC 2.0" },
	{ "no version", M, "{\"method\":\"ping\"}",
	    "? a message that is not of JSON-RPC 2.0" },
	/* together */
	{ "both kinds of call", R | M, CALL("\"method\":\"tools/call\","
	    "\"params\":{\"name\":\"t\"}"), "methods=tools/call "
	    "paramsname=t methods=tools/call tools=t" },
	{ "GraphQL where either may be", G | R, GQL("{a}"),
	    "operations=query names= fields=a" },
	{ "what is both", G | R, "{\"query\":\"{a}\",\"method\":\"b\"}",
	    "? a request with other keys than query, operationName, variables "
	    "and extensions" },
};

static void
check_units(const char *what, struct inspect *in, const char *want)
{
	struct buf out;

	buf_init(&out, 65536);
	assert_true(in->over && in->n > 0);
	for (uint32_t i = 0; i < in->n; i++) {
		struct buf one;

		buf_init(&one, 65536);
		put_unit(&one, &in->v[i]);
		assert_true(buf_printf(&out, "%s%.*s", i == 0 ? "" : "|",
		    (int)one.len, one.len > 0 ? buf_str(&one).p : ""));
		buf_fini(&one);
	}
	if (in->why != NULL) {
		assert_true(out.len == 0);
		assert_true(buf_printf(&out, "? %s", in->why));
	}
	if (!str_eqz(buf_str(&out), want))
		fail_msg("%s:\n%.*s\nand not\n%s", what, (int)out.len,
		    out.len > 0 ? buf_str(&out).p : "", want);
	buf_fini(&out);
	inspect_fini(in);
}

static struct inspect_head
head_of(uint32_t kinds, const char *method, const char *path)
{
	return (struct inspect_head){ .kinds = kinds, .body = true,
		.method = str_c(method), .path = str_c(path),
		.type = STR("application/json; charset=utf-8") };
}

static void
bodies_fall_into_units(void **state)
{
	(void)state;
	for (size_t i = 0; i < NELEM(bodies); i++) {
		struct inspect_head h = head_of(bodies[i].kinds, "POST", "/");
		struct inspect in;

		inspect_begin(&in, &h);
		/* in pieces of a byte, as they may come */
		for (const char *p = bodies[i].body; *p != '\0'; p++)
			inspect_feed(&in, str_of(p, 1));
		inspect_close(&in);
		check_units(bodies[i].what, &in, bodies[i].want);
	}
}

static const struct {
	const char *what;
	uint32_t kinds;
	const char *method, *query, *type, *encoding;
	bool body;
	const char *want;
} heads[] = {
	{ "an operation in the target", G, "GET", "query=%7Ba%7D", "", "",
	    false, "operations=query names= fields=a" },
	{ "with a name and variables", G, "GET",
	    "operationName=A&query=query+A{a}&variables={}", "", "", false,
	    "operations=query names=A fields=a" },
	{ "two in the target", G, "GET", "query={a}&query={b}", "", "", false,
	    "? a target with other parts than query, operationName and "
	    "variables" },
	{ "a stored one in the target", G, "GET", "extensions={}", "", "",
	    false, "? a target with other parts than query, operationName and "
	    "variables" },
	{ "one in the target of a DELETE", G, "DELETE", "query={a}", "", "",
	    false, "? an operation in the target of a request that is no "
	    "GET" },
	{ "nothing in the target", G, "GET", "page=1", "", "", false, "" },
	{ "a broken target", G, "GET", "a=%zz", "", "", false,
	    "? a target with other parts than query, operationName and "
	    "variables" },
	{ "target and body", G, "POST", "query={b}", "application/json", "",
	    true, "? a part of the operation is in the target of the "
	    "request" },
	{ "a GET with a body", G, "GET", "", "application/json", "", true,
	    "? it has a body and is no POST" },
	{ "a compressed body", G, "POST", "", "application/json", "gzip",
	    true, "? its body is compressed" },
	{ "identity is no compression", G, "POST", "", "application/json",
	    "identity", true, "operations=query names= fields=a" },
	{ "another charset", G, "POST", "", "application/json; "
	    "charset=utf-16", "", true, "? its body is not said to be JSON in "
	    "UTF-8 (Content-Type: application/json)" },
	{ "a form", G, "POST", "", "application/x-www-form-urlencoded", "",
	    true, "? its body is not said to be JSON in UTF-8 (Content-Type: "
	    "application/json)" },
	{ "no type", G, "POST", "", "", "", true, "? its body is not said to "
	    "be JSON in UTF-8 (Content-Type: application/json)" },
	{ "a stream of MCP", M, "GET", "", "", "", false, "methods=GET" },
	{ "the end of a session", M, "DELETE", "", "", "", false,
	    "methods=DELETE" },
	{ "another method", M, "PUT", "", "", "", false, "" },
	{ "a call in target and body", M, "POST", "method=a",
	    "application/json", "", true, "? a call in the target of the "
	    "request" },
	{ "a call in the target", R, "GET", "method=a", "", "", false,
	    "? a call in the target of the request" },
};

static void
heads_say_whether_a_body_is_known(void **state)
{
	(void)state;
	for (size_t i = 0; i < NELEM(heads); i++) {
		struct inspect_head h = head_of(heads[i].kinds,
		    heads[i].method, "/");
		struct inspect in;

		h.body = heads[i].body;
		h.query = str_c(heads[i].query);
		h.type = str_c(heads[i].type);
		h.encoding = str_c(heads[i].encoding);
		inspect_begin(&in, &h);
		inspect_feed(&in, STR(GQL("{a}")));
		inspect_close(&in);
		check_units(heads[i].what, &in, heads[i].want);
	}
}

static void
websockets_and_long_bodies_are_not_known(void **state)
{
	struct inspect_head h = head_of(M, "GET", "/");
	struct inspect in;

	(void)state;
	h.body = false;
	h.websocket = true;
	inspect_begin(&in, &h);
	check_units("a WebSocket", &in, "? it becomes a WebSocket");
	h = head_of(M, "POST", "/");
	h.length = INSPECT_BODY_MAX + 1;
	inspect_begin(&in, &h);
	check_units("announced", &in, "? its body has more than a mebibyte");
	h.length = 0;
	inspect_begin(&in, &h);
	while (!in.over)
		inspect_feed(&in, STR("          "));
	check_units("in pieces", &in, "? its body has more than a mebibyte");
}

static void
fragments_that_multiply_end(void **state)
{
	char text[8192] = "{\"query\":\"{...F0}";
	struct inspect_head h = head_of(G, "POST", "/");
	struct inspect in;

	(void)state;
	for (int i = 0; i < 30; i++)
		(void)snprintf(text + strlen(text), sizeof(text) -
		    strlen(text), " fragment F%d on T {...F%d ...F%d}", i,
		    i + 1, i + 1);
	(void)snprintf(text + strlen(text), sizeof(text) - strlen(text),
	    " fragment F30 on T {a}\"}");
	inspect_begin(&in, &h);
	inspect_feed(&in, str_c(text));
	inspect_close(&in);
	check_units("fragments", &in,
	    "? with its fragments it selects too much");
}

static void
many_at_once_are_too_many(void **state)
{
	char *calls = repeat("{\"method\":\"a\"},", INSPECT_UNITS_MAX, "");
	struct inspect_head h = head_of(R, "POST", "/");
	struct inspect in;

	(void)state;
	inspect_begin(&in, &h);
	inspect_feed(&in, STR("["));
	inspect_feed(&in, str_c(calls));
	inspect_feed(&in, STR("{\"method\":\"a\"}]"));
	inspect_close(&in);
	check_units("calls", &in, "? it asks for too much at once");
	free(calls);
}

/* ---- git */

#define ZERO "0000000000000000000000000000000000000000"
#define ONE  "1111111111111111111111111111111111111111"
#define TWO  "2222222222222222222222222222222222222222"

static const struct {
	const char *what;
	struct str body;
	const char *want;	/* NULL: more is needed */
} pushes[] = {
	{ "a branch", STR("0070" ZERO " " ONE " refs/heads/m\0 agent=git/2"
	    "\n0000PACK"), "operations=push refs=refs/heads/m" },
	{ "two of them", STR("0064" ONE " " TWO " refs/heads/a\0x"
	    "0063" ONE " " ZERO " refs/heads/b\n0000"),
	    "operations=push refs=refs/heads/a|operations=delete "
	    "refs=refs/heads/b" },
	{ "nothing", STR("0000"), "operations=push" },
	{ "a shallow clone's", STR("0034shallow " ONE "0062" ONE " " TWO
	    " refs/heads/a0000"), "operations=push refs=refs/heads/a" },
	{ "a half", STR("0062" ONE " " TWO " refs/he"), NULL },
	{ "a length that is none", STR("00g0"), "? a line of git's that is "
	    "none" },
	{ "a line of nothing", STR("0004"), "? a line of git's that is "
	    "none" },
	{ "a delimiter", STR("0001"), "? a line of git's that is none" },
	{ "too long a line", STR("ffff"), "? a line of git's that is none" },
	{ "a certificate", STR("000epush-cert\n"), "? a signed push, which is "
	    "not understood here" },
	{ "a second NUL", STR("0063" ONE " " TWO " refs/heads/a\0"
	    "0063" ONE " " TWO " refs/heads/b\0" "0000"),
	    "? a NUL in a command that is not the first" },
	{ "what is not there is removed", STR("0062" ZERO " " ZERO
	    " refs/heads/a0000"), "operations=delete refs=refs/heads/a" },
	{ "a short id", STR("00141111 2222 refs/x0000"),
	    "? a command that is none" },
	{ "a blank in a ref", STR("0064" ONE " " TWO " refs/heads/a b0000"),
	    "? the name of a ref that is none" },
	{ "a ref with a tilde", STR("0063" ONE " " TWO " refs/heads/a~0000"),
	    "? the name of a ref that is none" },
};

static void
pushes_fall_into_commands(void **state)
{
	(void)state;
	for (size_t i = 0; i < NELEM(pushes); i++) {
		struct inspect_head h = head_of(INSPECT_GIT, "POST",
		    "/a/b.git/git-receive-pack");
		struct inspect in;

		inspect_begin(&in, &h);
		for (size_t k = 0; k < pushes[i].body.len; k++)
			inspect_feed(&in, str_of(pushes[i].body.p + k, 1));
		if (pushes[i].want == NULL) {
			assert_false(in.over);
			inspect_close(&in);
			check_units(pushes[i].what, &in,
			    "? it ends in the middle of a push");
		} else {
			if (!in.over)
				fail_msg("%s: not over", pushes[i].what);
			check_units(pushes[i].what, &in, pushes[i].want);
		}
	}
}

static void
other_requests_of_git_need_no_body(void **state)
{
	struct inspect_head h = head_of(INSPECT_GIT, "POST",
	    "/a/b.git/git-upload-pack");
	struct inspect in;

	(void)state;
	inspect_begin(&in, &h);
	check_units("a fetch", &in, "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_text_is_json_or_it_is_not),
		cmocka_unit_test(what_is_deep_or_large_ends),
		cmocka_unit_test(bodies_fall_into_units),
		cmocka_unit_test(heads_say_whether_a_body_is_known),
		cmocka_unit_test(websockets_and_long_bodies_are_not_known),
		cmocka_unit_test(fragments_that_multiply_end),
		cmocka_unit_test(many_at_once_are_too_many),
		cmocka_unit_test(pushes_fall_into_commands),
		cmocka_unit_test(other_requests_of_git_need_no_body),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
