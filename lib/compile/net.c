/* net.c -- the native network section. */
#include "base/compat.h"
#include "compile/check.h"
#include "compile/need.h"
#include "policy/sift.h"

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

#define NEED(key)							\
	static void							\
	on_##key(struct compile *c, const struct node *n, void *arg)	\
	{								\
		struct entry *e = arg;					\
									\
		e->extra = n;						\
		need_##key(c, n, &e->r);				\
	}
NEED(query)
NEED(headers)
NEED(graphql)
NEED(json_rpc)
NEED(mcp)
NEED(git)
NEED(sql)
#undef NEED

static void
on_slash(struct compile *c, const struct node *n, void *arg)
{
	static const char *const words[] = { "refuse", "allow", NULL };
	struct entry *e = arg;

	if (take_choice(c, n, words, "encoded_slash") == 1 &&
	    (e->r.flags & RULE_DENY) != 0)
		node_error(c, n, "encoded_slash permits, so it has no place "
		    "in a deny");
}

/* What egress can say of a request. Addresses are not known when the rules
 * are asked, but after a name was allowed. */
#define FACTS_OF_EGRESS (FACT_BIT(FACT_HOST) | FACT_BIT(FACT_PORT) |	\
	FACT_BIT(FACT_PROTOCOL) | FACT_BIT(FACT_EXE) |			\
	FACT_BIT(FACT_CALLERS) | FACT_BIT(FACT_METHOD) |		\
	FACT_BIT(FACT_PATH) | FACT_BIT(FACT_QUERY))

static void
on_when(struct compile *c, const struct node *n, void *arg)
{
	struct entry *e = arg;

	e->extra = n;
	e->r.when = take_cond(c, n, FOR_NET, PHASE_HEAD,
	    (e->r.flags & RULE_DENY) == 0);
	e->bad |= e->r.when == 0;	/* said */
	cond_not_enforced(c, e->r.when, FACTS_OF_EGRESS);
}

static void
on_rates(struct compile *c, const struct node *n, void *arg)
{
	struct entry *e = arg;

	e->extra = n;
	if ((e->r.flags & RULE_DENY) != 0)
		node_error(c, n, "rate_limits permits so much, so it has no "
		    "place in a deny");
	else
		e->r.rate = entry_rate_limits(c, n);
}

struct sifting {
	struct compile *c;
	uint32_t sift;
};

static void
on_sift(struct compile *c, const struct node *n, struct sifting *s,
    enum sift_kind kind, const char *name)
{
	static const char *const words[] = { "log", "redact", "block", NULL };
	int v = take_choice(c, n, words, name);

	if (v >= 0)
		s->sift |= sift_of(kind, (enum sift_act)(v + 1));
}

#define SIFT(key, kind)							\
	static void							\
	on_##key(struct compile *c, const struct node *n, void *arg)	\
	{								\
		on_sift(c, n, arg, kind, #key);				\
	}
SIFT(secrets, SIFT_SECRETS)
SIFT(personal, SIFT_PERSONAL)
SIFT(addresses, SIFT_ADDRESSES)
SIFT(generic, SIFT_GENERIC)
SIFT(canaries, SIFT_CANARIES)
SIFT(responses, SIFT_RESPONSES)
#undef SIFT

static uint32_t
take_sift(struct compile *c, const struct node *n)
{
	static const struct key keys[] = {
		{ "secrets", WANT_WORD, on_secrets, NULL },
		{ "personal", WANT_WORD, on_personal, NULL },
		{ "addresses", WANT_WORD, on_addresses, NULL },
		{ "generic", WANT_WORD, on_generic, NULL },
		{ "canaries", WANT_WORD, on_canaries, NULL },
		{ "responses", WANT_WORD, on_responses, NULL },
	};
	struct sifting s = { c, 0 };

	check_map(c, n, keys, NELEM(keys), &s, "inspect");
	return s.sift;
}

static void
on_inspect(struct compile *c, const struct node *n, void *arg)
{
	struct entry *e = arg;

	e->extra = n;
	if ((e->r.flags & RULE_DENY) != 0)
		node_error(c, n, "inspect looks at what is allowed, so it has "
		    "no place in a deny");
	else
		e->r.sift = take_sift(c, n);
}

/* Documents add up: the stricter counts. */
static void
on_inspect_all(struct compile *c, const struct node *n, void *arg)
{
	(void)arg;
	c->pol.sift = sift_join(c->pol.sift, take_sift(c, n));
	c->pol.sift_at = n;
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
	{ "rate_limits", WANT_MAP, on_rates, NULL },
	{ "inspect", WANT_MAP, on_inspect, NULL },
	{ "encoded_slash", WANT_WORD, on_slash, NULL },
	{ "when", WANT_WORD, on_when, NULL },
	{ "query", WANT_MAP, on_query, NULL },
	{ "headers", WANT_MAP, on_headers, NULL },
	{ "graphql", WANT_MAP, on_graphql, NULL },
	{ "json_rpc", WANT_MAP, on_json_rpc, NULL },
	{ "mcp", WANT_MAP, on_mcp, NULL },
	{ "git", WANT_MAP, on_git, NULL },
	{ "sql", WANT_MAP, on_sql, "sql" },
};

/* What is of HTTP alone: with anything else nothing would look. */
static bool
is_of_http(const struct pol_rule *r)
{
	for (uint32_t i = 0; i < r->nneeds; i++)
		if (r->needs[i].detail < DETAIL_SQL_STATEMENT)
			return true;
	return r->methods != 0 || r->words.n > 0 || r->paths.n > 0;
}

static bool
is_of_sql(const struct pol_rule *r)
{
	for (uint32_t i = 0; i < r->nneeds; i++)
		if (r->needs[i].detail >= DETAIL_SQL_STATEMENT)
			return true;
	return false;
}

/* Does its condition ask about what only an inspected request says? */
static bool
asks_of_http(struct compile *c, const struct pol_rule *r)
{
	uint64_t facts = r->when == 0 ? 0 :
	    cond_uses(pol_cond(c, r->when)->root);

	for (; facts != 0; facts &= facts - 1)
		if (fact_table[__builtin_ctzll(facts)].phase == PHASE_HEAD)
			return true;
	return false;
}

static void
check_inspected(struct compile *c, const struct entry *e)
{
	const struct pol_rule *r = &e->r;

	if ((r->wire & (WIRE_TLS | WIRE_TCP)) != 0 && asks_of_http(c, r))
		node_error(c, pol_cond(c, r->when)->at, "what this asks of a "
		    "request is seen only with a protocol that is inspected: "
		    "http or https alone");
	if ((r->wire & (WIRE_TLS | WIRE_TCP)) != 0 && is_of_http(r))
		node_error(c, r->at, "methods, paths and what else is asked "
		    "of a request need a protocol that is inspected: http or "
		    "https alone");
	if ((r->wire & (WIRE_TLS | WIRE_TCP)) != 0 && r->sift != 0)
		node_error(c, r->at, "inspect needs a protocol whose requests "
		    "are seen: http or https alone");
	if ((r->wire & WIRE_INSPECTED) != 0 && is_of_sql(r))
		node_error(c, r->at, "sql needs the protocol of a database: "
		    "postgres, mysql or mssql");
	if (is_of_sql(r) && is_of_http(r))
		node_error(c, r->at, "sql and what is asked of HTTP requests "
		    "exclude each other");
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

/* Known before the paths are read, which may hold one then. */
static bool
says_slash(const struct node *n)
{
	const struct node *v = n->kind == NODE_MAP ?
	    map_find(n, "encoded_slash") : NULL;

	return v != NULL && v->kind == NODE_SCALAR &&
	    str_eqz(v->text, "allow");
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
	if (!deny && says_slash(n))
		e.r.flags |= RULE_SLASH;
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
	(void)arg;
	take_fallback(c, &c->pol.net_default, n, "network");
}

void
check_network(struct compile *c, const struct node *n, void *arg)
{
	static const struct key keys[] = {
		{ "default_policy", WANT_WORD, on_default, NULL },
		{ "allow", WANT_LIST, on_allow, NULL },
		{ "egress", WANT_LIST, on_egress, NULL },
		{ "deny", WANT_LIST, on_deny, NULL },
		{ "rate_limits", WANT_MAP, take_rate_limits, NULL },
		{ "inspect", WANT_MAP, on_inspect_all, NULL },
		{ "canaries", WANT_LIST, check_canaries, NULL },
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
