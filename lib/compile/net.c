/* net.c -- the native network section. */
#include "base/compat.h"
#include "compile/check.h"

struct entry { /* one item of allow, deny or egress */
	struct compile *c;
	struct pol_rule r;
	bool has_host, bad;
	const struct node *extra; /* a key that narrows it, if any */
};

static void
on_host(struct compile *c, const struct node *n, void *arg)
{
	struct entry *e = arg;

	if (e->has_host)
		node_error(c, n, "endpoint and destination are the same: "
		    "leave one out");
	e->has_host = true;
	e->bad |= !take_host(c, n, (e->r.flags & RULE_DENY) != 0,
	    &e->r.host);
}

static void
on_ports(struct compile *c, const struct node *n, void *arg)
{
	struct entry *e = arg;

	e->extra = n;
	take_ports(c, n, &e->r);
}

static void
on_protocols(struct compile *c, const struct node *n, void *arg)
{
	struct entry *e = arg;

	e->extra = n;
	take_protocols(c, n, &e->r);
}

static void
on_methods(struct compile *c, const struct node *n, void *arg)
{
	struct entry *e = arg;

	e->extra = n;
	take_methods(c, n, &e->r);
}

static void
on_paths(struct compile *c, const struct node *n, void *arg)
{
	struct entry *e = arg;

	e->extra = n;
	take_paths(c, n, &e->r);
}

static void
on_binaries(struct compile *c, const struct node *n, void *arg)
{
	struct entry *e = arg;

	e->extra = n;
	take_exes(c, n, &e->r);
}

static void
on_ips(struct compile *c, const struct node *n, void *arg)
{
	struct entry *e = arg;

	if ((e->r.flags & RULE_DENY) != 0)
		node_error(c, n, "allowed_ips permits, so it has no place in "
		    "a deny: deny the addresses as endpoint");
	else
		take_nets(c, n, &e->r, false);
}

static const struct key entry_keys[] = {
	{ "endpoint", WANT_WORD, on_host, NULL },
	{ "destination", WANT_WORD, on_host, NULL },
	{ "ports", WANT_LIST, on_ports, NULL },
	{ "protocols", WANT_LIST, on_protocols, NULL },
	{ "methods", WANT_LIST, on_methods, NULL },
	{ "paths", WANT_LIST, on_paths, NULL },
	{ "binaries", WANT_LIST, on_binaries, NULL },
	{ "allowed_ips", WANT_LIST, on_ips, NULL },
	{ "rate_limits", WANT_MAP, check_rate_limits, "rate_limits" },
	{ "query", WANT_ANY, NULL, "query matchers" },
	{ "headers", WANT_ANY, NULL, "headers matchers" },
	{ "graphql", WANT_ANY, NULL, "graphql matchers" },
	{ "json_rpc", WANT_ANY, NULL, "json_rpc matchers" },
	{ "mcp", WANT_ANY, NULL, "mcp matchers" },
	{ "git", WANT_ANY, NULL, "git matchers" },
	{ "sql", WANT_ANY, NULL, "sql matchers" },
};

/* methods and paths are of HTTP: with anything else nothing would look. */
static void
check_inspected(struct compile *c, const struct entry *e)
{
	const struct pol_rule *r = &e->r;

	if ((r->wire & (WIRE_TLS | WIRE_TCP)) != 0 &&
	    (r->methods != 0 || r->words.n > 0 || r->paths.n > 0))
		node_error(c, r->at, "methods and paths need a protocol that "
		    "is inspected: http or https alone");
}

/* Ports that a grant has when it names none; a deny without ports is one of
 * them all. */
static void
default_port(struct compile *c, struct pol_rule *r)
{
	if (r->nports > 0 || (r->flags & RULE_DENY) != 0)
		return;
	r->ports = take_mem(c, 1, sizeof(*r->ports));
	r->ports[0] = (struct f_port){ 443, 443 };
	r->nports = 1;
}

static bool
states_default(struct compile *c, const struct entry *e)
{
	if (e->r.host.klass != HOST_ANY || e->extra != NULL)
		return false;
	if (c->pol.star == NULL)
		c->pol.star = e->r.at;
	return true;
}

static void
check_entry(struct compile *c, const struct node *n, bool deny,
    const char *section)
{
	struct entry e = { .c = c };
	size_t before = c->diags->errors;

	e.r.flags = deny ? RULE_DENY : 0;
	e.r.section = str_c(section);
	e.r.at = n;
	check_map(c, n, entry_keys, NELEM(entry_keys), &e,
	    deny ? "a deny" : "an allow");
	if (n->kind == NODE_MAP && map_find(n, "endpoint") == NULL &&
	    map_find(n, "destination") == NULL)
		node_error(c, n, "an entry needs endpoint (or destination)");
	if (e.bad || c->diags->errors != before)
		return;
	check_inspected(c, &e);
	if (states_default(c, &e))
		return;
	default_port(c, &e.r);
	rule_add(c, &e.r);
}

static void
on_allow(struct compile *c, const struct node *n, void *arg)
{
	(void)arg;
	for (uint32_t i = 0; i < n->n; i++)
		check_entry(c, n->items[i], false, "network.allow");
}

static void
on_egress(struct compile *c, const struct node *n, void *arg)
{
	(void)arg;
	for (uint32_t i = 0; i < n->n; i++)
		check_entry(c, n->items[i], false, "network.egress");
}

static void
on_deny(struct compile *c, const struct node *n, void *arg)
{
	(void)arg;
	for (uint32_t i = 0; i < n->n; i++)
		check_entry(c, n->items[i], true, "network.deny");
}

static void
on_default(struct compile *c, const struct node *n, void *arg)
{
	static const char *const words[] = { "deny", "allow", NULL };
	int v = take_choice(c, n, words, "default_policy");

	(void)arg;
	if (v >= 0)
		take_scalar(c, &c->pol.net_default, n, (uint32_t)v,
		    "default_policy of network");
}

void
check_network(struct compile *c, const struct node *n, void *arg)
{
	static const struct key keys[] = {
		{ "default_policy", WANT_WORD, on_default, NULL },
		{ "allow", WANT_LIST, on_allow, NULL },
		{ "egress", WANT_LIST, on_egress, NULL },
		{ "deny", WANT_LIST, on_deny, NULL },
		{ "rate_limits", WANT_MAP, check_rate_limits, "rate_limits" },
	};

	check_map(c, n, keys, NELEM(keys), arg, "network");
}

void
rule_add(struct compile *c, const struct pol_rule *r)
{
	struct pol_rule *copy;

	if (c->pol.nrules == RULES_MAX) {
		node_error(c, r->at, "more than %d rules", RULES_MAX);
		return;
	}
	copy = take_mem(c, 1, sizeof(*copy));
	*copy = *r;
	copy->next = NULL;
	*c->pol.rules_end = copy;
	c->pol.rules_end = &copy->next;
	c->pol.nrules++;
}
