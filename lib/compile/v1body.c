/* v1body.c -- endpoints of the older schema of which bodies or messages are
 * judged: graphql, json-rpc, mcp and websocket.
 *
 * What has words there that nothing here enforces is refused, and what is
 * judged is never wider than there: a rule is of the methods of HTTP that its
 * protocol has, and opens no WebSocket but where that is the protocol. */
#include "base/compat.h"
#include "compile/check.h"
#include "compile/need.h"
#include "compile/v1net.h"
#include "policy/match.h"

struct item { /* one of rules or deny_rules */
	const struct node *at;
	const struct node *method, *path, *query;
	const struct node *type, *name, *fields;
	const struct node *tool, *params;
};

#define ITEM(field)							\
	static void							\
	on_##field(struct compile *c, const struct node *n, void *arg)	\
	{								\
		(void)c;						\
		((struct item *)arg)->field = n;			\
	}
ITEM(method)
ITEM(path)
ITEM(query)
ITEM(type)
ITEM(name)
ITEM(fields)
ITEM(tool)
ITEM(params)
#undef ITEM

static const struct key graphql_keys[] = {
	{ "operation_type", WANT_WORD, on_type, NULL },
	{ "operation_name", WANT_ANY, on_name, NULL },
	{ "fields", WANT_LIST, on_fields, NULL },
};

static const struct key rpc_keys[] = {
	{ "method", WANT_WORD, on_method, NULL },
};

static const struct key mcp_keys[] = {
	{ "method", WANT_WORD, on_method, NULL },
	{ "tool", WANT_ANY, on_tool, NULL },
	{ "params", WANT_MAP, on_params, NULL },
};

static const struct key websocket_keys[] = {
	{ "method", WANT_WORD, on_method, NULL },
	{ "path", WANT_WORD, on_path, NULL },
	{ "query", WANT_MAP, on_query, NULL },
	{ "operation_type", WANT_WORD, on_type, NULL },
	{ "operation_name", WANT_ANY, on_name, NULL },
	{ "fields", WANT_LIST, on_fields, NULL },
};

static const struct {
	const struct key *keys;
	size_t n;
	const char *what;
} items[] = {
	[V1_GRAPHQL] = { graphql_keys, NELEM(graphql_keys),
		"a rule of graphql" },
	[V1_JSON_RPC] = { rpc_keys, NELEM(rpc_keys), "a rule of json-rpc" },
	[V1_MCP] = { mcp_keys, NELEM(mcp_keys), "a rule of mcp" },
	[V1_WEBSOCKET] = { websocket_keys, NELEM(websocket_keys),
		"a rule of websocket" },
};

/* false: said what is wrong. */
static bool
take_item(struct compile *c, const struct v1_end *e, const struct node *n,
    struct item *out)
{
	size_t before = c->diags->errors;

	*out = (struct item){ .at = n };
	check_map(c, n, items[e->speaks].keys, items[e->speaks].n, out,
	    items[e->speaks].what);
	return c->diags->errors == before;
}

/* The endpoint's own path, if a rule names none. */
static void
finish(struct compile *c, const struct v1_end *e, struct pol_rule *r,
    size_t before)
{
	if (e->path != NULL && r->paths.n == 0)
		(void)path_add(c, e->path, r, true); /* said if wrong */
	if (c->diags->errors == before)
		rule_add(c, r);
}

/* A scalar that stands where another one was written. */
static const struct node *
word_at(struct compile *c, const struct node *at, const char *text)
{
	struct node *n = take_mem(c, 1, sizeof(*n));

	*n = (struct node){ .kind = NODE_SCALAR, .line = at->line,
		.column = at->column, .width = at->width, .at = at->at,
		.end = at->end, .weight = 1, .doc = at->doc,
		.text = str_c(text) };
	return n;
}

/* ---- GraphQL */

static void
need_operation(struct compile *c, const struct item *it, struct pol_rule *r)
{
	static const char *const words[] = { "query", "mutation",
		"subscription", "*", NULL };

	if (it->type == NULL) {
		node_error(c, it->at, "a rule of operations needs "
		    "operation_type: query, mutation, subscription or \"*\"");
		return;
	}
	if (take_choice(c, it->type, words, "operation_type") >= 0)
		need_list(c, it->type, r, DETAIL_GRAPHQL_OPERATION, OP_SPAN);
	if (it->name != NULL)
		v1_matcher(c, it->name, r, DETAIL_GRAPHQL_NAME);
	if (it->fields != NULL)
		need_list(c, it->fields, r, DETAIL_GRAPHQL_FIELD, v1_star(r));
}

static void
add_graphql(struct compile *c, const struct v1_end *e, const struct node *n,
    uint32_t flags)
{
	struct pol_rule r = v1_rule_of(e, n, flags);
	size_t before = c->diags->errors;
	struct item it;

	if (!take_item(c, e, n, &it))
		return;
	if ((flags & RULE_DENY) == 0)
		r.methods = form_method(STR("GET")) |
		    form_method(STR("POST"));
	need_operation(c, &it, &r);
	finish(c, e, &r, before);
}

/* ---- JSON-RPC and MCP */

static void
add_rpc(struct compile *c, const struct v1_end *e, const struct node *n,
    uint32_t flags)
{
	struct pol_rule r = v1_rule_of(e, n, flags);
	size_t before = c->diags->errors;
	struct item it;

	if (!take_item(c, e, n, &it))
		return;
	if (it.method == NULL)
		node_error(c, n, "a rule of json-rpc needs method");
	else if (str_index(it.method->text, '*') < it.method->text.len &&
	    !str_eqz(it.method->text, "*"))
		node_error(c, it.method, "a method of json-rpc is named in "
		    "full, or \"*\" for all");
	else
		need_list(c, it.method, &r, DETAIL_RPC_METHOD, OP_SPAN);
	if ((flags & RULE_DENY) == 0)
		r.methods = form_method(STR("POST"));
	finish(c, e, &r, before);
}

static bool
has_star(const struct node *n)
{
	return n->kind == NODE_SCALAR &&
	    str_index(n->text, '*') < n->text.len;
}

static void
need_tool(struct compile *c, const struct v1_end *e, const struct item *it,
    struct pol_rule *r)
{
	const struct node *tool = it->tool;

	if (it->params != NULL) {
		tool = map_find(it->params, "name");
		if (tool == NULL || it->params->n != 1) {
			node_error(c, it->params, "params takes name alone: "
			    "the tool's name");
			return;
		}
		if (it->tool != NULL)
			node_error(c, it->params, "tool and params.name are "
			    "the same: leave one out");
	}
	if (tool == NULL)
		return;
	if (!str_eqz(it->method->text, "tools/call"))
		node_error(c, tool, "a tool is of method tools/call");
	if (e->loose_names && has_star(tool))
		node_error(c, tool, "a pattern of tools needs "
		    "strict_tool_names");
	v1_matcher(c, tool, r, DETAIL_MCP_TOOL);
}

static void
add_mcp(struct compile *c, const struct v1_end *e, const struct node *n,
    uint32_t flags)
{
	struct pol_rule r = v1_rule_of(e, n, flags);
	size_t before = c->diags->errors;
	struct item it;

	if (!take_item(c, e, n, &it))
		return;
	if (it.method == NULL) {
		node_error(c, n, "a rule of mcp needs method");
		return;
	}
	if (has_star(it.method) &&
	    !str_has_prefix(it.method->text, STR("tools/")))
		node_error(c, it.method, "a method of mcp is named in full; "
		    "a pattern begins with tools/");
	need_list(c, it.method, &r, DETAIL_MCP_METHOD, v1_star(&r));
	need_tool(c, e, &it, &r);
	if ((flags & RULE_DENY) == 0)
		r.methods = form_method(STR("POST"));
	finish(c, e, &r, before);
}

/* What every client may do there: answer the server, and listen to it. */
static void
add_mcp_stream(struct compile *c, const struct v1_end *e)
{
	static const char *const words[] = { "response", "GET" };
	size_t before = c->diags->errors;

	for (size_t i = 0; i < NELEM(words); i++) {
		struct pol_rule r = v1_rule_of(e, e->rules, 0);

		need_list(c, word_at(c, e->protocol, words[i]), &r,
		    DETAIL_MCP_METHOD, OP_SPAN);
		r.methods = form_method(i == 0 ? STR("POST") : STR("GET"));
		finish(c, e, &r, before);
	}
}

/* A rule of one tool beside one of all would say nothing. */
static void
check_mcp_tools(struct compile *c, const struct v1_end *e)
{
	const struct node *broad = NULL, *narrow = NULL;

	for (uint32_t i = 0; i < e->rules->n; i++) {
		const struct node *n = map_find(e->rules->items[i], "allow");
		const struct node *m = n == NULL ? NULL :
		    map_find(n, "method");

		if (m == NULL)
			continue;
		if (map_find(n, "tool") != NULL ||
		    map_find(n, "params") != NULL)
			narrow = n;
		else if (str_eqz(m->text, "tools/call") || has_star(m))
			broad = n;
	}
	if (broad != NULL && narrow != NULL)
		node_error(c, broad, "this allows tools/call of every tool, "
		    "and another rule of the endpoint names one: leave one "
		    "of them out");
}

/* ---- WebSockets */

enum { WEBSOCKET_RULES_MAX = 256 };

struct websocket {
	struct item opens[WEBSOCKET_RULES_MAX];	/* method GET, or "*" */
	struct item texts[WEBSOCKET_RULES_MAX];	/* WEBSOCKET_TEXT, or "*" */
	struct item operations[WEBSOCKET_RULES_MAX];
	uint32_t nopens, ntexts, noperations;
};

static void
collect(struct compile *c, const struct item *it, struct websocket *w)
{
	struct str m = it->method == NULL ? STR("") : it->method->text;
	bool all = str_eqz(m, "*");

	if (it->type != NULL || it->name != NULL || it->fields != NULL) {
		if (it->method != NULL || it->path != NULL ||
		    it->query != NULL)
			node_error(c, it->at, "a rule of operations takes no "
			    "method, path or query");
		else
			w->operations[w->noperations++] = *it;
		return;
	}
	if (!all && !str_case_eq(m, STR("GET")) &&
	    !str_case_eq(m, STR("WEBSOCKET_TEXT"))) {
		node_error(c, it->at, "a rule of websocket has method GET, "
		    "WEBSOCKET_TEXT or \"*\", or operation_type");
		return;
	}
	if (all || str_case_eq(m, STR("GET")))
		w->opens[w->nopens++] = *it;
	if (all || str_case_eq(m, STR("WEBSOCKET_TEXT")))
		w->texts[w->ntexts++] = *it;
}

static void
collect_all(struct compile *c, const struct v1_end *e, struct websocket *w)
{
	if (e->rules->n > WEBSOCKET_RULES_MAX) {
		node_error(c, e->rules, "more than %d rules in an endpoint",
		    WEBSOCKET_RULES_MAX);
		return;
	}
	for (uint32_t i = 0; i < e->rules->n; i++) {
		const struct node *n = map_find(e->rules->items[i], "allow");
		struct item it;

		if (n != NULL && take_item(c, e, n, &it))
			collect(c, &it, w);
	}
}

static void
ignore(struct compile *c, const struct node *n, void *arg)
{
	(void)c, (void)n, (void)arg;
}

static bool
path_is_all(const struct node *path)
{
	return path == NULL || str_eqz(path->text, "**") ||
	    str_eqz(path->text, "/**");
}

/* May something be said where it opens? */
static bool
has_text(const struct websocket *w, const struct item *open)
{
	for (uint32_t i = 0; i < w->ntexts; i++) {
		const struct item *t = &w->texts[i];

		if (t->query == NULL && (path_is_all(t->path) ||
		    (open->path != NULL &&
			str_eq(t->path->text, open->path->text))))
			return true;
	}
	return false;
}

static void
add_websocket(struct compile *c, const struct v1_end *e,
    const struct item *open, const struct item *operation, uint32_t flags)
{
	struct pol_rule r = v1_rule_of(e, operation == NULL ? open->at :
		operation->at, flags);
	size_t before = c->diags->errors;

	if (open != NULL && open->query != NULL)
		need_named(c, open->query, &r, DETAIL_QUERY, v1_star(&r));
	if (open != NULL && open->path != NULL && e->path != NULL)
		not_enforced(c, open->path, "paths of a rule inside an "
		    "endpoint that has a path of its own");
	else if (open != NULL && !path_is_all(open->path))
		(void)path_add(c, open->path, &r, true); /* said if wrong */
	if (operation != NULL)
		need_operation(c, operation, &r);
	finish(c, e, &r, before);
}

static void
add_websockets(struct compile *c, const struct v1_end *e)
{
	struct websocket *w = take_mem(c, 1, sizeof(*w));

	v1_each_allow(c, e, ignore); /* each item is a map with allow */
	collect_all(c, e, w);
	if (w->noperations > 0 && w->ntexts > 0)
		node_error(c, w->texts[0].at, "an endpoint with operations "
		    "takes no WEBSOCKET_TEXT: they say which texts pass");
	if (w->nopens == 0)
		node_error(c, e->rules, "no rule lets a WebSocket begin: add "
		    "one with method GET");
	for (uint32_t i = 0; i < w->nopens; i++) {
		for (uint32_t k = 0; k < w->noperations; k++)
			add_websocket(c, e, &w->opens[i], &w->operations[k],
			    0);
		if (w->noperations > 0)
			continue;
		if (has_text(w, &w->opens[i]))
			add_websocket(c, e, &w->opens[i], NULL, 0);
		else
			not_enforced(c, w->opens[i].at, "a WebSocket on which "
			    "no text may be sent (no WEBSOCKET_TEXT for the "
			    "same path)");
	}
}

static void
add_websocket_deny(struct compile *c, const struct v1_end *e,
    const struct node *n)
{
	struct websocket *w = take_mem(c, 1, sizeof(*w));
	struct item it;

	if (!take_item(c, e, n, &it))
		return;
	collect(c, &it, w);
	/* One on which nothing may be said is not opened either. */
	if (w->nopens + w->ntexts > 0)
		add_websocket(c, e, &it, NULL, RULE_DENY);
	else if (w->noperations > 0)
		add_websocket(c, e, NULL, &it, RULE_DENY);
}

/* ---- an endpoint */

void
v1_body_access(struct compile *c, const struct v1_end *e)
{
	static const char *const words[] = { "read-only", "read-write",
		"full", NULL };
	static const char *const kinds[] = { "query", "mutation" };
	struct pol_rule r = v1_rule_of(e, e->access, 0);
	size_t before = c->diags->errors;
	int k = take_choice(c, e->access, words, "access");

	if (k < 0)
		return;
	if (e->speaks == V1_WEBSOCKET) {
		if (k == 0)
			not_enforced(c, e->access, "a WebSocket on which no "
			    "text may be sent (read-only)");
		finish(c, e, &r, before);
		return;
	}
	if (e->speaks != V1_GRAPHQL) {
		node_error(c, e->access, "this protocol takes no access, but "
		    "rules");
		return;
	}
	for (int i = 0; i < (k == 1 ? 2 : 1); i++) {
		r = v1_rule_of(e, e->access, 0);
		r.methods = form_method(STR("GET")) |
		    form_method(STR("POST"));
		need_list(c, word_at(c, e->access, k == 2 ? "*" : kinds[i]),
		    &r, DETAIL_GRAPHQL_OPERATION, OP_SPAN);
		finish(c, e, &r, before);
	}
}

static void
add_one(struct compile *c, const struct v1_end *e, const struct node *n,
    uint32_t flags)
{
	if (e->speaks == V1_GRAPHQL)
		add_graphql(c, e, n, flags);
	else if (e->speaks == V1_JSON_RPC)
		add_rpc(c, e, n, flags);
	else if (e->speaks == V1_MCP)
		add_mcp(c, e, n, flags);
	else
		add_websocket_deny(c, e, n);
}

static void
add_allow(struct compile *c, const struct node *n, void *arg)
{
	add_one(c, arg, n, 0);
}

void
v1_body_rules(struct compile *c, const struct v1_end *e)
{
	if (e->speaks == V1_WEBSOCKET) {
		add_websockets(c, e);
		return;
	}
	v1_each_allow(c, e, add_allow);
	if (e->speaks != V1_MCP)
		return;
	check_mcp_tools(c, e);
	add_mcp_stream(c, e);
}

void
v1_body_denies(struct compile *c, const struct v1_end *e)
{
	for (uint32_t i = 0; i < e->deny->n; i++)
		add_one(c, e, e->deny->items[i], RULE_DENY);
}
