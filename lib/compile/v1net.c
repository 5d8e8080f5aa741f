/* v1net.c -- network_policies of the older schema.
 *
 * A rule is endpoints and the programs that may use them; each endpoint
 * becomes one of our rules per thing that it allows or denies. */
#include "base/compat.h"
#include "compile/check.h"
#include "compile/v1net.h"

#define BODY_BYTES_MAX 1048576	/* INSPECT_BODY_MAX, of lib/inspect */

struct v1_rule { /* one of network_policies */
	struct pol_exe *exes;
	uint32_t nexes;
	struct str name;
	const struct node *endpoints;
};

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

	if (k <= 0)
		return;
	e->protocol = n;
	e->speaks = (enum v1_protocol)k;
	if (e->speaks == V1_TCP)
		e->base.wire = WIRE_TCP;
	else if (e->speaks == V1_WEBSOCKET)
		e->base.wire = WIRE_WSS | WIRE_WS;
	else
		e->base.wire = WIRE_HTTPS | WIRE_HTTP;
	if (e->speaks == V1_SQL)
		not_enforced(c, n, "protocol sql");
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

/* ---- what graphql, json-rpc and mcp say of themselves */

static void
on_persisted(struct compile *c, const struct node *n, void *arg)
{
	static const char *const words[] = { "deny", "allow_registered", NULL };

	if (take_choice(c, n, words, "persisted_queries") == 1)
		not_enforced(c, n, "persisted_queries: allow_registered");
	((struct v1_end *)arg)->options = n;
}

static void
on_body_max(struct compile *c, const struct node *n, void *arg)
{
	uint64_t v;

	((struct v1_end *)arg)->options = n;
	if (take_number(c, n, 1, UINT32_MAX, &v, "the limit") &&
	    v != BODY_BYTES_MAX)
		node_warning(c, n, "a body is read up to %d bytes, whatever "
		    "this says; a longer one is refused", BODY_BYTES_MAX);
}

static void
on_loose_names(struct compile *c, const struct node *n, void *arg)
{
	(void)c;
	((struct v1_end *)arg)->loose_names =
	    str_case_eq(n->text, STR("false"));
}

static void
on_json_rpc(struct compile *c, const struct node *n, void *arg)
{
	static const struct key keys[] = {
		{ "max_body_bytes", WANT_NUMBER, on_body_max, NULL },
	};

	check_map(c, n, keys, NELEM(keys), arg, "json_rpc");
	((struct v1_end *)arg)->options = n;
}

static void
on_mcp(struct compile *c, const struct node *n, void *arg)
{
	static const struct key keys[] = {
		{ "max_body_bytes", WANT_NUMBER, on_body_max, NULL },
		{ "strict_tool_names", WANT_BOOL, on_loose_names, NULL },
		{ "allow_all_known_mcp_methods", WANT_BOOL, only_false,
		    NULL },
	};

	check_map(c, n, keys, NELEM(keys), arg, "mcp");
	((struct v1_end *)arg)->options = n;
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
	{ "persisted_queries", WANT_WORD, on_persisted, NULL },
	{ "graphql_persisted_queries", WANT_ANY, NULL,
	    "graphql_persisted_queries" },
	{ "graphql_max_body_bytes", WANT_NUMBER, on_body_max, NULL },
	{ "credential_signing", WANT_ANY, NULL, "credential_signing" },
	{ "signing_service", WANT_ANY, NULL, "credential_signing" },
	{ "signing_region", WANT_ANY, NULL, "credential_signing" },
	{ "credential_binding", WANT_ANY, NULL, "credential_binding" },
	{ "json_rpc", WANT_MAP, on_json_rpc, NULL },
	{ "mcp", WANT_MAP, on_mcp, NULL },
};

/* ---- an endpoint as a whole */

static bool
is_judged(const struct v1_end *e)
{
	return e->speaks != V1_PLAIN && e->speaks != V1_TCP;
}

static bool
is_of_bodies(const struct v1_end *e)
{
	return e->speaks == V1_WEBSOCKET || e->speaks == V1_GRAPHQL ||
	    e->speaks == V1_JSON_RPC || e->speaks == V1_MCP;
}

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
	if (e->deny != NULL && e->deny->n == 0)
		node_error(c, e->deny, "deny_rules is empty: leave it out, "
		    "or deny something");
	if (e->speaks == V1_PLAIN &&
	    (e->access != NULL || e->rules != NULL || e->deny != NULL))
		node_error(c, n, "access and rules need protocol: rest, or "
		    "another one that is judged");
	if (is_judged(e) && e->access == NULL && e->rules == NULL)
		node_error(c, e->protocol, "protocol %s needs %s",
		    e->protocol->text.p, e->speaks >= V1_JSON_RPC ? "rules" :
		    "access or rules");
	if (e->speaks == V1_TCP && (e->access != NULL ||
	    e->rules != NULL || e->deny != NULL || e->path != NULL))
		node_error(c, e->protocol, "protocol tcp is not inspected, so "
		    "it takes no access, rules or path");
	if (e->tls != NULL && is_judged(e))
		node_error(c, e->tls, "tls: skip cannot be inspected, so it "
		    "takes no protocol %s", e->protocol->text.p);
	if (e->options != NULL && !is_of_bodies(e))
		node_error(c, e->options, "this is of protocol graphql, "
		    "json-rpc or mcp alone");
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
	e.base.body = is_of_bodies(&e) ? e.protocol : NULL;
	if (e.access != NULL)
		(is_of_bodies(&e) ? v1_body_access : v1_add_access)(c, &e);
	else if (e.rules != NULL)
		(is_of_bodies(&e) ? v1_body_rules : v1_add_rules)(c, &e);
	else if (e.path == NULL || path_add(c, e.path, &e.base, true))
		rule_add(c, &e.base);
	if (e.deny != NULL)
		(is_of_bodies(&e) ? v1_body_denies : v1_add_denies)(c, &e);
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
