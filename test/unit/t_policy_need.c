/* t_policy_need.c -- what an entry asks of a request beside host, method and
 * path. */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/compat.h"
#include "base/err.h"
#include "compile/compile.h"
#include "policy/decide.h"
#include "policy/image.h"

#define DENY VERDICT_DENY
#define ALLOW VERDICT_ALLOW
#define ENTRY(x) "network: {allow: [{endpoint: a.test, " x "}]}"
#define BUT(x) "network: {allow: [{endpoint: a.test}], " \
	"deny: [{endpoint: a.test, " x "}]}"

static struct image *
image_made(const char *yaml, char **bytes)
{
	struct policy_file f = { "p.yaml", str_c(yaml) };
	struct diags d = { 0 };
	struct image *im = NULL;
	size_t len;

	if (policy_compile(&f, 1, POLICY_STAGE_CHECK, bytes, &len, &d) == -1)
		fail_msg("%s\n%s", yaml, diags_print(&d, false));
	diags_fini(&d);
	assert_int_equal(image_of(str_of(*bytes, len), &im, NULL), 0);
	return im;
}

static void
judge(const char *what, const char *yaml, struct net_query *q,
    enum verdict want, const char *reason)
{
	struct net_answer a;
	struct image *im;
	char *bytes;

	im = image_made(yaml, &bytes);
	q->host = STR("a.test");
	q->port = 443;
	q->tls = true;
	if (q->method.len == 0)
		q->method = STR("GET");
	policy_network(im, q, &a);
	if (a.verdict != want ||
	    (reason != NULL && strstr(a.reason, reason) == NULL))
		fail_msg("%s: %s", what, a.reason);
	image_free(im);
	free(bytes);
}

static const struct {
	const char *what, *yaml, *path, *query;
	enum verdict want;
	const char *reason;
} targets[] = {
	/* ---- query */
#define STATE ENTRY("query: {state: open}")
	{ "a value that is asked for", STATE, "/", "state=open", ALLOW, NULL },
	{ "another one is not", STATE, "/", "state=all", DENY,
	    "query state is not, or not all of it, in [open]" },
	{ "it must be there", STATE, "/", "", DENY, NULL },
	{ "every one of that name must be so", STATE, "/",
	    "state=open&state=all", DENY, NULL },
	{ "others may be there", STATE, "/", "page=2&state=open&x", ALLOW,
	    NULL },
	{ "names have their case", STATE, "/", "State=open", DENY, NULL },
	{ "what is encoded is what it encodes", STATE, "/",
	    "%73tate=o%70en", ALLOW, NULL },
	{ "and so cannot hide", STATE, "/", "state=open&st%61te=all", DENY,
	    NULL },
	{ "a broken escape may be anything", STATE, "/", "state=open&x=%zz",
	    DENY, NULL },
	{ "a semicolon may part", STATE, "/", "state=open&x=1;state=all",
	    DENY, NULL },
	{ "a NUL may end", STATE, "/", "state=open%00", DENY, NULL },
	{ "a list is any of it", ENTRY("query: {n: [\"1*\", \"50\"]}"), "/",
	    "n=100", ALLOW, NULL },
	{ "a star is any characters",
	    ENTRY("query: {n: {any: [\"a*z\"]}}"), "/", "n=a/b.c+z", ALLOW,
	    NULL },
	{ "a question mark is one", ENTRY("query: {n: \"a?\"}"), "/",
	    "n=abc", DENY, NULL },
	{ "optional may be left out",
	    ENTRY("query: {n: {any: [a], optional: true}}"), "/", "", ALLOW,
	    NULL },
	{ "but not be otherwise",
	    ENTRY("query: {n: {any: [a], optional: true}}"), "/", "n=b",
	    DENY, NULL },
	{ "forbidden is not there",
	    ENTRY("query: {token: {forbidden: true}}"), "/", "a=b", ALLOW,
	    NULL },
	{ "or else", ENTRY("query: {token: {forbidden: true}}"), "/",
	    "a=b&token", DENY, "query token must not be there" },
#define ONLY ENTRY("query: {a: \"*\", \"*\": {forbidden: true}}")
	{ "no name but those listed", ONLY, "/", "a=1", ALLOW, NULL },
	{ "none at all", ONLY, "/", "a=1&b=2", DENY,
	    "holds a name that is not listed" },
	{ "a deny of a value", BUT("query: {admin: \"1\"}"), "/", "admin=1",
	    DENY, "denied by" },
	{ "one among others is enough", BUT("query: {admin: \"1\"}"), "/",
	    "admin=0&admin=1", DENY, NULL },
	{ "without it nothing is denied", BUT("query: {admin: \"1\"}"), "/",
	    "admin=0", ALLOW, NULL },
	{ "a list of a name is of the name", BUT("query: {admin: \"1\"}"),
	    "/", "admin[]=1", DENY, NULL },
	{ "so is an item of it", BUT("query: {admin: \"1\"}"), "/",
	    "admin[0]=1", DENY, NULL },
	{ "and a name behind a blank", BUT("query: {admin: \"1\"}"), "/",
	    "+admin=1", DENY, NULL },
	{ "in an allow its value counts", STATE, "/",
	    "state=open&state[]=closed", DENY, NULL },
	{ "but it is not enough", STATE, "/", "state[]=open", DENY, NULL },
	{ "what cannot be read is denied", BUT("query: {admin: \"1\"}"), "/",
	    "x=%", DENY, NULL },

	/* ---- git */
#define FETCH ENTRY("git: {operations: [fetch], repositories: [acme/*]}")
	{ "a fetch begins", FETCH, "/acme/x.git/info/refs",
	    "service=git-upload-pack", ALLOW, NULL },
	{ "which is asked for by GET", FETCH, "/acme/x/git-upload-pack", "",
	    DENY, NULL },
	{ "objects one by one are not", FETCH, "/acme/x.git/objects/ab/cd",
	    "", DENY, NULL },
	{ "a push does not hide", FETCH, "/acme/x.git/info/refs",
	    "service=git%2Dreceive-pack", DENY, NULL },
	{ "nor behind what cannot be read", FETCH, "/acme/x.git/info/refs",
	    "x=%2&service=git-upload-pack", DENY, NULL },
	{ "a push does not begin", FETCH, "/acme/x.git/info/refs",
	    "service=git-receive-pack", DENY, "git.operations" },
	{ "nor when it says both", FETCH, "/acme/x.git/info/refs",
	    "service=git-upload-pack&service=git-receive-pack", DENY, NULL },
	{ "nor go on", FETCH, "/acme/x.git/git-receive-pack", "", DENY,
	    NULL },
	{ "another's repository is not", FETCH, "/evil/x.git/info/refs",
	    "service=git-upload-pack", DENY, "git.repositories" },
	{ "nor one further down", FETCH, "/acme/x/y.git/info/refs",
	    "service=git-upload-pack", DENY, NULL },
	{ "what is not git's is not granted", FETCH, "/acme/x", "", DENY,
	    NULL },
#define NO_PUSH BUT("git: {operations: [push]}")
	{ "a deny of pushes", NO_PUSH, "/acme/x.git/git-receive-pack", "",
	    DENY, NULL },
	{ "denies no fetch", NO_PUSH, "/acme/x.git/git-upload-pack", "",
	    ALLOW, NULL },
	{ "nor anything else", NO_PUSH, "/acme", "", ALLOW, NULL },
	{ "a deny of fetches", BUT("git: {operations: [fetch]}"),
	    "/acme/x.git/objects/ab/cd", "", DENY, NULL },

	/* ---- encoded slashes */
	{ "an encoded slash needs a word", ENTRY("paths: [/a*]"), "/a%2Fb",
	    "", DENY, "encoded_slash: allow" },
	{ "with it the path passes",
	    ENTRY("paths: [/a*], encoded_slash: allow"), "/a%2Fb", "", ALLOW,
	    NULL },
	{ "it can be written in a pattern",
	    ENTRY("paths: [/a%2Fb], encoded_slash: allow"), "/a%2Fb", "",
	    ALLOW, NULL },
	{ "one entry's word is not another's", "network: {allow: ["
	    "{endpoint: a.test, paths: [/x], encoded_slash: allow}, "
	    "{endpoint: a.test, paths: [/a*]}]}", "/a%2Fb", "", DENY, NULL },
};

static void
test_targets(void **state)
{
	(void)state;
	for (size_t i = 0; i < NELEM(targets); i++) {
		struct net_query q = { .path = str_c(targets[i].path),
			.query = str_c(targets[i].query) };

		judge(targets[i].what, targets[i].yaml, &q, targets[i].want,
		    targets[i].reason);
	}
}

static const struct {
	const char *what, *yaml;
	enum detail detail;
	const char *name, *value; /* value NULL: known, and none is there */
	enum verdict want;
	const char *reason;
} details[] = {
	{ "a field that is asked for", ENTRY("headers: {X-Team: red}"),
	    DETAIL_HEADER, "x-team", "red", ALLOW, NULL },
	{ "names have no case", ENTRY("headers: {X-Team: red}"),
	    DETAIL_HEADER, "X-TEAM", "red", ALLOW, NULL },
	{ "values have", ENTRY("headers: {X-Team: red}"), DETAIL_HEADER,
	    "X-Team", "Red", DENY, "headers x-team" },
	{ "it must be there", ENTRY("headers: {X-Team: red}"), DETAIL_HEADER,
	    "", NULL, DENY, NULL },
	{ "another's underscore is a dash", BUT("headers: {X-Team: red}"),
	    DETAIL_HEADER, "X_Team", "red", DENY, NULL },
	{ "not known is not granted", ENTRY("headers: {X-Team: red}"),
	    DETAIL_SQL_TABLE, "", "red", DENY, NULL },
	{ "not known is denied", BUT("headers: {X-Team: red}"),
	    DETAIL_SQL_TABLE, "", "red", DENY, "denied by" },
	{ "known and not there is not denied", BUT("headers: {X-Team: red}"),
	    DETAIL_HEADER, "", NULL, ALLOW, NULL },
	{ "one line of two values is two lines", BUT("headers: {X-Team: "
	    "red}"), DETAIL_HEADER, "X-Team", "blue ,\tred", DENY,
	    "denied by" },
	{ "and is granted as a whole alone", ENTRY("headers: {X-Team: red}"),
	    DETAIL_HEADER, "X-Team", "red, blue", DENY, "headers x-team" },
	{ "a part of a value is none", BUT("headers: {X-Team: red}"),
	    DETAIL_HEADER, "X-Team", "blue, redder", ALLOW, NULL },
	{ "a tool", ENTRY("mcp: {tools: [search_*]}"), DETAIL_MCP_TOOL, "",
	    "search_code", ALLOW, NULL },
	{ "a star does not end at a dot", BUT("mcp: {tools: [delete*]}"),
	    DETAIL_MCP_TOOL, "", "delete.all", DENY, NULL },
	{ "another tool", ENTRY("mcp: {tools: [search_*]}"), DETAIL_MCP_TOOL,
	    "", "delete", DENY, "mcp.tools" },
	{ "an argument that is a path",
	    ENTRY("mcp: {arguments: {path: /srv/**}}"), DETAIL_MCP_ARGUMENT,
	    "path", "/srv/a/b", ALLOW, NULL },
	{ "leads where it says", ENTRY("mcp: {arguments: {path: /srv/**}}"),
	    DETAIL_MCP_ARGUMENT, "path", "/srv/../etc/shadow", DENY, NULL },
	{ "a mutation is no query", ENTRY("graphql: {operations: [query]}"),
	    DETAIL_GRAPHQL_OPERATION, "", "mutation", DENY, NULL },
	{ "a query is", ENTRY("graphql: {operations: [query]}"),
	    DETAIL_GRAPHQL_OPERATION, "", "query", ALLOW, NULL },
	{ "a method of JSON-RPC", ENTRY("json_rpc: {methods: [eth_*]}"),
	    DETAIL_RPC_METHOD, "", "eth_call", ALLOW, NULL },
	{ "a ref that is pushed to",
	    ENTRY("git: {refs: [refs/heads/agent/*]}"), DETAIL_GIT_REF, "",
	    "refs/heads/main", DENY, NULL },
};

static void
test_details(void **state)
{
	(void)state;
	for (size_t i = 0; i < NELEM(details); i++) {
		struct detail_pair p = { str_c(details[i].name),
			str_c(details[i].value) };
		struct net_details d = { { { .known = false } } };
		struct net_query q = { .path = STR("/"), .details = &d };

		d.of[details[i].detail] = (struct detail_list){ true, &p,
			details[i].value == NULL ? 0 : 1 };
		judge(details[i].what, details[i].yaml, &q, details[i].want,
		    details[i].reason);
	}
}

static void
test_a_fetch_goes_on_by_post(void **state)
{
	struct net_query q = { .method = STR("POST"),
		.path = STR("/acme/x/git-upload-pack") };

	(void)state;
	judge("a fetch goes on", FETCH, &q, ALLOW, NULL);
	q.path = STR("/acme/x.git/git-receive-pack");
	judge("a push does not", FETCH, &q, DENY, "git.operations");
	q.path = STR("/acme/x.git/info/refs");
	judge("nor what no git sends", FETCH, &q, DENY, NULL);
}

/* Of a connection: a request on it could be so. */
static void
test_a_connection_is_open_for_what_may_come(void **state)
{
	struct image *im;
	struct net_answer a;
	struct net_query q = { .host = STR("a.test"), .port = 443,
		.tls = true };
	char *bytes;

	(void)state;
	im = image_made(ENTRY("query: {a: b}"), &bytes);
	policy_network(im, &q, &a);
	assert_int_equal(a.verdict, VERDICT_ALLOW);
	assert_int_equal(a.treat, TREAT_HTTP);
	image_free(im);
	free(bytes);
	im = image_made(BUT("query: {a: b}"), &bytes);
	policy_network(im, &q, &a);
	assert_int_equal(a.verdict, VERDICT_ALLOW);
	image_free(im);
	free(bytes);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_targets),
		cmocka_unit_test(test_details),
		cmocka_unit_test(test_a_fetch_goes_on_by_post),
		cmocka_unit_test(test_a_connection_is_open_for_what_may_come),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
