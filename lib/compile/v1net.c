/* v1net.c -- network_policies of the older schema.
 *
 * A rule is endpoints and the programs that may use them; each endpoint
 * becomes one of our rules per thing that it allows or denies. */
#include "base/compat.h"
#include "compile/check.h"
#include "compile/need.h"
#include "policy/match.h"

struct v1_rule { /* one of network_policies */
	struct pol_exe *exes;
	uint32_t nexes;
	struct str name;
	const struct node *endpoints;
};

struct v1_end { /* one endpoint */
	struct pol_rule base;	/* host, ports, programs, addresses */
	const struct node *protocol, *access, *rules, *deny, *path, *tls;
	const struct node *host, *port;
	bool audit, rest;
};

/* ---- what one rules[] item or deny_rules[] item says */

static void
on_method(struct compile *c, const struct node *n, void *arg)
{
	if (!str_eqz(n->text, "*"))
		(void)method_add(c, n, arg, true); /* said if wrong */
}

static void
on_path(struct compile *c, const struct node *n, void *arg)
{
	(void)path_add(c, n, arg, true);	/* said if wrong */
}

/* A star in a value may end at a dot: docs and code disagree, so a grant
 * takes the narrow reading and a deny the wide one. */
static char
star_of(const struct pol_rule *r)
{
	return (r->flags & RULE_DENY) != 0 ? OP_SPAN : OP_LABEL;
}

static void
on_query(struct compile *c, const struct node *n, void *arg)
{
	need_named(c, n, arg, DETAIL_QUERY, star_of(arg));
}

/* A pattern, a list of them, or {any: [...]}. */
static void
on_matcher(struct compile *c, const struct node *n, struct pol_rule *r,
    enum detail detail)
{
	const struct node *any = n->kind == NODE_MAP ?
	    map_find(n, "any") : n;

	if (any == NULL || (n->kind == NODE_MAP && n->n != 1)) {
		node_error(c, n, "write a pattern, or {any: [PATTERN, ...]}");
		return;
	}
	need_list(c, any, r, detail, star_of(r));
}

static void
on_operation_type(struct compile *c, const struct node *n, void *arg)
{
	static const char *const words[] = { "query", "mutation",
		"subscription", "*", NULL };

	if (take_choice(c, n, words, "operation_type") >= 0)
		need_list(c, n, arg, DETAIL_GRAPHQL_OPERATION, OP_SPAN);
}

static void
on_operation_name(struct compile *c, const struct node *n, void *arg)
{
	on_matcher(c, n, arg, DETAIL_GRAPHQL_NAME);
}

static void
on_fields(struct compile *c, const struct node *n, void *arg)
{
	need_list(c, n, arg, DETAIL_GRAPHQL_FIELD, star_of(arg));
}

static void
on_tool(struct compile *c, const struct node *n, void *arg)
{
	on_matcher(c, n, arg, DETAIL_MCP_TOOL);
}

static void
on_params(struct compile *c, const struct node *n, void *arg)
{
	const struct node *name = map_find(n, "name");

	if (name == NULL || n->n != 1)
		node_error(c, n, "params takes name alone: the tool's name");
	else
		on_matcher(c, name, arg, DETAIL_MCP_TOOL);
}

static const struct key match_keys[] = {
	{ "method", WANT_WORD, on_method, NULL },
	{ "path", WANT_WORD, on_path, NULL },
	{ "query", WANT_MAP, on_query, NULL },
	{ "command", WANT_ANY, NULL, "sql commands" },
	{ "operation_type", WANT_WORD, on_operation_type,
	    "graphql operations" },
	{ "operation_name", WANT_ANY, on_operation_name,
	    "graphql operations" },
	{ "fields", WANT_LIST, on_fields, "graphql fields" },
	{ "tool", WANT_ANY, on_tool, "mcp tools" },
	{ "params", WANT_MAP, on_params, "mcp parameters" },
};

/* "**" is every path: a deny of that is of no path in particular, and holds
 * for the connection too. */
static bool
has_every_path(const struct strs *paths)
{
	for (uint32_t i = 0; i < paths->n; i++)
		if (paths->v[i].len == 1 && paths->v[i].p[0] == OP_SPAN)
			return true;
	return false;
}

static void
add_match(struct compile *c, const struct v1_end *e, const struct node *n,
    uint32_t flags)
{
	struct pol_rule r = e->base;
	size_t before = c->diags->errors;

	r.flags = flags | ((flags & RULE_DENY) != 0 ? 0 : e->base.flags);
	r.at = n;
	check_map(c, n, match_keys, NELEM(match_keys), &r, "a rule");
	if (e->path != NULL && r.paths.n == 0)
		(void)path_add(c, e->path, &r, true); /* said if wrong */
	else if (e->path != NULL)
		not_enforced(c, n, "paths of a rule inside an endpoint that "
		    "has a path of its own");
	if ((flags & RULE_DENY) != 0 && has_every_path(&r.paths))
		r.paths.n = 0;
	if (c->diags->errors == before)
		rule_add(c, &r);
}

static void
on_allow(struct compile *c, const struct node *n, void *arg)
{
	add_match(c, arg, n, 0);
}

static void
add_rules(struct compile *c, struct v1_end *e)
{
	static const struct key keys[] = {
		{ "allow", WANT_MAP, on_allow, NULL },
	};

	if (e->rules->n == 0)
		node_error(c, e->rules, "rules is empty: leave it out, or "
		    "allow something");
	for (uint32_t i = 0; i < e->rules->n; i++) {
		const struct node *n = e->rules->items[i];

		check_map(c, n, keys, NELEM(keys), e, "an item of rules");
		if (n->kind == NODE_MAP && n->n == 0)
			node_error(c, n, "an item of rules needs allow");
	}
}

static void
add_denies(struct compile *c, const struct v1_end *e)
{
	if (e->deny->n == 0)
		node_error(c, e->deny, "deny_rules is empty: leave it out, "
		    "or deny something");
	for (uint32_t i = 0; i < e->deny->n; i++)
		add_match(c, e, e->deny->items[i],
		    RULE_DENY | (e->audit ? (uint32_t)RULE_SOFT : 0));
}

/* ---- access: presets over every path */

static void
add_access(struct compile *c, const struct v1_end *e)
{
	static const char *const words[] = { "read-only", "read-write",
		"full", NULL };
	struct pol_rule r = e->base;
	int k = take_choice(c, e->access, words, "access");

	if (k < 0)
		return;
	r.at = e->access;
	if (k < 2)
		r.methods = form_method(STR("GET")) |
		    form_method(STR("HEAD")) | form_method(STR("OPTIONS"));
	if (k == 1)
		r.methods |= form_method(STR("POST")) |
		    form_method(STR("PUT")) | form_method(STR("PATCH"));
	if (e->path != NULL && !path_add(c, e->path, &r, true))
		return;
	rule_add(c, &r);
}

/* ---- an endpoint's keys */

static void
on_host(struct compile *c, const struct node *n, void *arg)
{
	struct v1_end *e = arg;

	e->host = n;
	if (!take_v1_host(c, n, &e->base.host))
		e->host = NULL;
}

static void
on_port(struct compile *c, const struct node *n, void *arg)
{
	struct v1_end *e = arg;
	uint64_t v;

	if (e->port != NULL)
		node_error(c, n, "port and ports are the same: leave one out");
	e->port = n;
	if (!take_number(c, n, 1, UINT16_MAX, &v, "port"))
		return;
	e->base.ports = take_mem(c, 1, sizeof(*e->base.ports));
	e->base.ports[0] = (struct f_port){ (uint32_t)v, (uint32_t)v };
	e->base.nports = 1;
}

static void
on_ports(struct compile *c, const struct node *n, void *arg)
{
	struct v1_end *e = arg;

	if (e->port != NULL)
		node_error(c, n, "port and ports are the same: leave one out");
	e->port = n;
	take_ports(c, n, &e->base);
}

static void
on_protocol(struct compile *c, const struct node *n, void *arg)
{
	static const char *const words[] = { "", "rest", "tcp", "websocket",
		"graphql", "sql", "json-rpc", "mcp", NULL };
	struct v1_end *e = arg;
	int k = take_choice(c, n, words, "protocol");

	if (k > 0)
		e->protocol = n;
	e->rest = k == 1;
	if (k == 2)
		e->base.wire = WIRE_TCP;
	if (k == 1)
		e->base.wire = WIRE_HTTPS | WIRE_HTTP;
	if (k > 2)
		not_enforced(c, n, "protocol %s", words[k]);
}

static void
on_tls(struct compile *c, const struct node *n, void *arg)
{
	static const char *const words[] = { "auto", "skip", "terminate",
		"passthrough", "", NULL };
	struct v1_end *e = arg;
	int k = take_choice(c, n, words, "tls");

	if (k == 1)
		e->tls = n;
	if (k == 3)
		node_warning(c, n, "tls: passthrough is read as auto: TLS is "
		    "terminated and requests are judged");
}

static void
on_enforcement(struct compile *c, const struct node *n, void *arg)
{
	static const char *const words[] = { "enforce", "audit", NULL };
	struct v1_end *e = arg;
	int k = take_choice(c, n, words, "enforcement");

	e->audit = k == 1;
	if (e->audit)
		node_warning(c, n, "audit: what the rules of this endpoint "
		    "would deny passes, and is recorded");
}

static void
on_access(struct compile *c, const struct node *n, void *arg)
{
	(void)c;
	((struct v1_end *)arg)->access = n;
}

static void
on_rules(struct compile *c, const struct node *n, void *arg)
{
	(void)c;
	((struct v1_end *)arg)->rules = n;
}

static void
on_deny_rules(struct compile *c, const struct node *n, void *arg)
{
	(void)c;
	((struct v1_end *)arg)->deny = n;
}

static void
on_ips(struct compile *c, const struct node *n, void *arg)
{
	take_nets(c, n, &((struct v1_end *)arg)->base, true);
}

static void
on_end_path(struct compile *c, const struct node *n, void *arg)
{
	(void)c;
	((struct v1_end *)arg)->path = n;
}

static void
on_slash(struct compile *c, const struct node *n, void *arg)
{
	(void)c;
	if (str_case_eq(n->text, STR("true")))
		((struct v1_end *)arg)->base.flags = RULE_SLASH;
}

static void
only_false(struct compile *c, const struct node *n, void *arg)
{
	(void)arg;
	if (str_case_eq(n->text, STR("true")))
		not_enforced(c, n, "this option");
}

static const struct key end_keys[] = {
	{ "host", WANT_WORD, on_host, NULL },
	{ "path", WANT_WORD, on_end_path, NULL },
	{ "port", WANT_NUMBER, on_port, NULL },
	{ "ports", WANT_LIST, on_ports, NULL },
	{ "protocol", WANT_WORD, on_protocol, NULL },
	{ "tls", WANT_WORD, on_tls, NULL },
	{ "enforcement", WANT_WORD, on_enforcement, NULL },
	{ "access", WANT_WORD, on_access, NULL },
	{ "rules", WANT_LIST, on_rules, NULL },
	{ "deny_rules", WANT_LIST, on_deny_rules, NULL },
	{ "allowed_ips", WANT_LIST, on_ips, NULL },
	{ "allow_encoded_slash", WANT_BOOL, on_slash, NULL },
	{ "websocket_credential_rewrite", WANT_BOOL, only_false, NULL },
	{ "request_body_credential_rewrite", WANT_BOOL, only_false, NULL },
	{ "allow_uninspected_credentials", WANT_BOOL, only_false, NULL },
	{ "persisted_queries", WANT_ANY, NULL, "graphql" },
	{ "graphql_persisted_queries", WANT_ANY, NULL, "graphql" },
	{ "graphql_max_body_bytes", WANT_ANY, NULL, "graphql" },
	{ "credential_signing", WANT_ANY, NULL, "credential_signing" },
	{ "signing_service", WANT_ANY, NULL, "credential_signing" },
	{ "signing_region", WANT_ANY, NULL, "credential_signing" },
	{ "credential_binding", WANT_ANY, NULL, "credential_binding" },
	{ "json_rpc", WANT_ANY, NULL, "json_rpc" },
	{ "mcp", WANT_ANY, NULL, "mcp" },
};

/* ---- an endpoint as a whole */

static bool
end_is_whole(struct compile *c, const struct v1_end *e, const struct node *n)
{
	size_t before = c->diags->errors;

	if (map_find(n, "host") == NULL && e->base.nnets == 0)
		node_error(c, n, "an endpoint needs host, or allowed_ips");
	if (e->base.nports == 0)
		node_error(c, n, "an endpoint needs port");
	if (e->access != NULL && e->rules != NULL)
		node_error(c, e->rules, "access and rules exclude each "
		    "other");
	if (e->deny != NULL && e->access == NULL && e->rules == NULL)
		node_error(c, e->deny, "deny_rules need access or rules to "
		    "take from");
	if (!e->rest && e->protocol == NULL &&
	    (e->access != NULL || e->rules != NULL || e->deny != NULL))
		node_error(c, n, "access and rules need protocol: rest");
	if (e->rest && e->access == NULL && e->rules == NULL)
		node_error(c, e->protocol, "protocol rest needs access or "
		    "rules");
	if (e->base.wire == WIRE_TCP && (e->access != NULL ||
	    e->rules != NULL || e->deny != NULL || e->path != NULL))
		node_error(c, e->protocol, "protocol tcp is not inspected, so "
		    "it takes no access, rules or path");
	if (e->tls != NULL && e->rest)
		node_error(c, e->tls, "tls: skip cannot be inspected, so it "
		    "takes no protocol rest");
	return c->diags->errors == before;
}

static bool
path_is_all(const struct node *path)
{
	return path == NULL || str_eqz(path->text, "**") ||
	    str_eqz(path->text, "/**") || path->text.len == 0;
}

/* Everything on the endpoint passes, and is recorded. */
static void
add_audit(struct compile *c, const struct v1_end *e, const struct node *n)
{
	struct pol_rule r = e->base;

	r.flags = RULE_SOFT;
	r.at = n;
	if (e->path != NULL && !path_add(c, e->path, &r, true))
		return;
	rule_add(c, &r);
}

static void
check_end(struct compile *c, const struct node *n, const struct v1_rule *v)
{
	struct v1_end e = { 0 };
	size_t before = c->diags->errors;

	e.base.exes = v->exes;
	e.base.nexes = v->nexes;
	e.base.section = v->name;
	e.base.at = e.base.end = n;
	e.base.host.klass = HOST_ANY;
	e.base.host.shown = STR("*");
	check_map(c, n, end_keys, NELEM(end_keys), &e, "an endpoint");
	if (n->kind != NODE_MAP || c->diags->errors != before ||
	    !end_is_whole(c, &e, n))
		return;
	if (path_is_all(e.path))
		e.path = NULL;
	e.base.end_path = e.path;
	e.base.audit = e.audit;
	if (e.tls != NULL)
		e.base.wire = WIRE_TLS;
	if (e.access != NULL)
		add_access(c, &e);
	else if (e.rules != NULL)
		add_rules(c, &e);
	else if (e.path == NULL || path_add(c, e.path, &e.base, true))
		rule_add(c, &e.base);
	if (e.deny != NULL)
		add_denies(c, &e);
	if (e.audit)
		add_audit(c, &e, n);
}

/* ---- a rule */

static void
on_name(struct compile *c, const struct node *n, void *arg)
{
	if (take_word(c, n, "name") != NULL)
		((struct v1_rule *)arg)->name = n->text;
}

static void
on_exe_path(struct compile *c, const struct node *n, void *arg)
{
	struct v1_rule *v = arg;

	if (exe_add(c, n, &v->exes[v->nexes], true))
		v->nexes++;
}

static void
on_binaries(struct compile *c, const struct node *n, void *arg)
{
	static const struct key keys[] = {
		{ "path", WANT_WORD, on_exe_path, NULL },
		{ "harness", WANT_BOOL, NULL, NULL },
	};
	struct v1_rule *v = arg;

	if (n->n > LIST_MAX) {
		node_error(c, n, "more than %d programs", LIST_MAX);
		return;
	}
	v->exes = take_mem(c, n->n, sizeof(*v->exes));
	for (uint32_t i = 0; i < n->n; i++)
		check_map(c, n->items[i], keys, NELEM(keys), v, "a program");
}

static void
on_endpoints(struct compile *c, const struct node *n, void *arg)
{
	(void)c;
	((struct v1_rule *)arg)->endpoints = n;
}

static const struct key rule_keys[] = {
	{ "name", WANT_WORD, on_name, NULL },
	{ "endpoints", WANT_LIST, on_endpoints, NULL },
	{ "binaries", WANT_LIST, on_binaries, NULL },
};

static void
check_rule(struct compile *c, const struct node *key, const struct node *n)
{
	struct v1_rule v = { .name = key->text };
	size_t before = c->diags->errors;

	if (str_has_prefix(key->text, STR("_provider_")))
		node_error(c, key, "names that begin with _provider_ are "
		    "reserved");
	check_map(c, n, rule_keys, NELEM(rule_keys), &v, "a rule");
	if (c->diags->errors != before || v.endpoints == NULL)
		return;
	if (v.nexes == 0) {
		node_warning(c, key, "rule \"%.64s\" names no binaries, so it "
		    "matches no program and grants nothing: add binaries: "
		    "[{path: \"/**\"}] for all", key->text.p);
		v.exes = take_mem(c, 1, sizeof(*v.exes));
		v.exes[0] = (struct pol_exe){ EXE_PATH, STR("") };
		v.nexes = 1;
	}
	for (uint32_t i = 0; i < v.endpoints->n; i++)
		check_end(c, v.endpoints->items[i], &v);
}

void
check_v1_network(struct compile *c, const struct node *n, void *arg)
{
	(void)arg;
	for (uint32_t i = 0; i < n->n; i++)
		check_rule(c, n->items[2 * i], n->items[2 * i + 1]);
}
