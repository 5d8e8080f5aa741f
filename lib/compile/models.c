/* models.c -- the inference section: the router's default and rules, and
 * budgets. */
#include "base/compat.h"
#include "compile/check.h"

/* ---- limits of a rule */

static void
on_output(struct compile *c, const struct node *n, void *arg)
{
	struct route_limits *l = arg;

	(void)take_count(c, n, &l->output_tokens, "max_output_tokens");
}

static void
on_input(struct compile *c, const struct node *n, void *arg)
{
	struct route_limits *l = arg;

	(void)take_count(c, n, &l->input_tokens, "max_input_tokens");
}

static void
on_cost(struct compile *c, const struct node *n, void *arg)
{
	struct route_limits *l = arg;

	(void)take_cost(c, n, &l->cost, "cost");
}

static void
on_timeout(struct compile *c, const struct node *n, void *arg)
{
	struct route_limits *l = arg;

	(void)take_time(c, n, &l->time_ms, "timeout");
}

static void
on_limits(struct compile *c, const struct node *n, void *arg)
{
	static const struct key keys[] = {
		{ "max_output_tokens", WANT_ANY, on_output, NULL },
		{ "max_input_tokens", WANT_ANY, on_input, NULL },
		{ "cost", WANT_ANY, on_cost, NULL },
		{ "timeout", WANT_ANY, on_timeout, NULL },
	};
	struct pol_route *r = arg;

	check_map(c, n, keys, NELEM(keys), &r->limits, "limits");
}

/* ---- rules */

static void
on_condition(struct compile *c, const struct node *n, void *arg)
{
	struct pol_route *r = arg;

	(void)c;
	r->condition = n;
}

static void
on_route(struct compile *c, const struct node *n, void *arg)
{
	struct pol_route *r = arg;

	if (take_word(c, n, "route") != NULL)
		r->route = n;
}

static void
on_fallback(struct compile *c, const struct node *n, void *arg)
{
	struct pol_route *r = arg;

	if (take_word(c, n, "fallback") != NULL &&
	    !str_eqz(n->text, "none"))
		r->fallback_at = n;
}

static void
on_name(struct compile *c, const struct node *n, void *arg)
{
	struct pol_route *r = arg;

	if (take_word(c, n, "a rule's name") == NULL)
		return;
	if (r->name.len > 0)
		node_error(c, n, "id and name are the same: leave one out");
	r->name = n->text;
}

static void
on_action(struct compile *c, const struct node *n, void *arg)
{
	static const char *const words[] = { [ROUTE_TO] = "route",
		[ROUTE_DENY] = "deny", [ROUTE_REDACT] = "redact", NULL };
	struct pol_route *r = arg;
	int i = take_choice(c, n, words, "action");

	if (i >= 0)
		r->action = (enum route_action)i;
}

static void
on_then(struct compile *c, const struct node *n, void *arg)
{
	static const char *const words[] = { "continue", NULL };

	(void)arg;
	(void)take_choice(c, n, words, "then"); /* what a rule that only
	    redacts does anyway */
}

static const struct key rule_keys[] = {
	{ "id", WANT_WORD, on_name, NULL },
	{ "name", WANT_WORD, on_name, NULL },
	{ "condition", WANT_WORD, on_condition, NULL },
	{ "route", WANT_WORD, on_route, NULL },
	{ "action", WANT_WORD, on_action, NULL },
	{ "then", WANT_WORD, on_then, NULL },
	{ "fallback", WANT_WORD, on_fallback, NULL },
	{ "limits", WANT_MAP, on_limits, NULL },
};

/* Which keys go together. */
static void
check_keys(struct compile *c, const struct node *n, struct pol_route *r)
{
	if (r->condition == NULL)
		node_error(c, n, "a routing rule needs condition: what is "
		    "for the rest stands in default");
	if (r->action == ROUTE_TO && r->route == NULL)
		node_error(c, n, "a routing rule needs route, or action: "
		    "deny");
	if (r->action == ROUTE_DENY && r->route != NULL)
		node_error(c, r->route, "a rule that denies has no route");
	if (r->route == NULL && r->fallback_at != NULL)
		node_error(c, r->fallback_at, "a fallback of no route");
	if (map_find(n, "then") != NULL && (r->action != ROUTE_REDACT ||
	    r->route != NULL))
		node_error(c, map_find(n, "then"), "only a rule with action: "
		    "redact and no route goes on");
	r->redact = r->action == ROUTE_REDACT;
	if (r->redact && r->route != NULL)
		r->action = ROUTE_TO;
}

static void
check_rule(struct compile *c, const struct node *n)
{
	struct pol_models *m = &c->pol.models;
	struct pol_route r = { .at = n };
	size_t before = c->diags->errors;

	check_map(c, n, rule_keys, NELEM(rule_keys), &r, "a routing rule");
	if (c->diags->errors == before)
		check_keys(c, n, &r);
	if (c->diags->errors != before)
		return;
	if (m->nroutes == ROUTES_MAX) {
		node_error(c, n, "more than %d routing rules", ROUTES_MAX);
		return;
	}
	if (m->routes == NULL)
		m->routes = take_mem(c, ROUTES_MAX, sizeof(*m->routes));
	m->routes[m->nroutes++] = r;
}

static void
on_rules(struct compile *c, const struct node *n, void *arg)
{
	(void)arg;
	for (uint32_t i = 0; i < n->n; i++)
		check_rule(c, n->items[i]);
}

/* ---- the default: a word, or {route: word} */

static void
take_default(struct compile *c, const struct node *n, void *arg)
{
	struct pol_models *m = &c->pol.models;

	(void)arg;
	if (take_word(c, n, "default") == NULL)
		return;
	if (m->fallback == NULL)
		m->fallback = n;
	else if (!str_eq(m->fallback->text, n->text))
		node_error(c, n, "default of router is said differently in "
		    "%s:%u:%u: make both the same, or remove one",
		    m->fallback->doc->name, m->fallback->line,
		    m->fallback->column);
}

static void
on_default(struct compile *c, const struct node *n, void *arg)
{
	static const struct key keys[] = {
		{ "route", WANT_WORD, take_default, NULL },
	};

	if (n->kind != NODE_MAP) {
		take_default(c, n, arg);
		return;
	}
	check_map(c, n, keys, NELEM(keys), arg, "default");
	if (n->n == 0)
		node_error(c, n, "default needs route");
}

/* ---- budgets */

static void
on_scope(struct compile *c, const struct node *n, void *arg)
{
	static const char *const words[] = { [BUDGET_REQUEST] = "request",
		[BUDGET_SESSION] = "session", [BUDGET_AGENT] = "agent",
		[BUDGET_SANDBOX] = "sandbox", [BUDGET_USER] = "user",
		[BUDGET_GLOBAL] = "global", NULL };
	struct pol_budget *b = arg;
	int i = take_choice(c, n, words, "scope of a budget");

	if (i >= 0)
		b->b.scope = (enum budget_scope)i;
}

static void
on_window(struct compile *c, const struct node *n, void *arg)
{
	struct pol_budget *b = arg;

	(void)take_time(c, n, &b->b.window_ms, "window");
}

static void
on_tokens(struct compile *c, const struct node *n, void *arg)
{
	struct pol_budget *b = arg;

	(void)take_count(c, n, &b->b.tokens, "tokens");
}

static void
on_budget_cost(struct compile *c, const struct node *n, void *arg)
{
	struct pol_budget *b = arg;

	(void)take_cost(c, n, &b->b.cost, "cost");
}

/* deny, {route: NAME}, or "route NAME" in a word. */
static void
on_exceed(struct compile *c, const struct node *n, void *arg)
{
	struct pol_budget *b = arg;
	struct node *word;

	if (n->kind == NODE_MAP && n->n == 1 &&
	    str_eqz(n->items[0]->text, "route")) {
		b->route = take_word(c, n->items[1], "route");
		return;
	}
	if (take_word(c, n, "on_exceed") == NULL ||
	    str_eqz(n->text, "deny"))
		return;
	if (!str_has_prefix(n->text, STR("route ")) || n->text.len < 7) {
		node_error(c, n, "on_exceed is deny, or route and a "
		    "backend's name: write \"route local\"");
		return;
	}
	word = take_mem(c, 1, sizeof(*word));
	*word = *n;
	word->text = str_from(n->text, 6);
	b->route = word;
}

static void
check_budget(struct compile *c, const struct node *n)
{
	static const struct key keys[] = {
		{ "scope", WANT_WORD, on_scope, NULL },
		{ "window", WANT_ANY, on_window, NULL },
		{ "tokens", WANT_ANY, on_tokens, NULL },
		{ "cost", WANT_ANY, on_budget_cost, NULL },
		{ "on_exceed", WANT_ANY, on_exceed, NULL },
	};
	struct pol_models *m = &c->pol.models;
	struct pol_budget b = { .at = n };
	size_t before = c->diags->errors;

	check_map(c, n, keys, NELEM(keys), &b, "a budget");
	if (c->diags->errors != before)
		return;
	if (map_find(n, "scope") == NULL)
		node_error(c, n, "a budget needs scope");
	else if (b.b.tokens == 0 && b.b.cost == 0)
		node_error(c, n, "a budget needs tokens, cost, or both");
	else if ((b.b.scope == BUDGET_REQUEST) != (b.b.window_ms == 0))
		node_error(c, n, b.b.window_ms == 0 ? "a budget needs "
		    "window" : "a budget of one request has no window");
	else if (m->nbudgets == BUDGETS_MAX)
		node_error(c, n, "more than %d budgets", BUDGETS_MAX);
	if (c->diags->errors != before)
		return;
	if (m->budgets == NULL)
		m->budgets = take_mem(c, BUDGETS_MAX, sizeof(*m->budgets));
	m->budgets[m->nbudgets++] = b;
}

static void
on_budgets(struct compile *c, const struct node *n, void *arg)
{
	(void)arg;
	for (uint32_t i = 0; i < n->n; i++)
		check_budget(c, n->items[i]);
}

/* ---- the section */

static void
check_router(struct compile *c, const struct node *n, void *arg)
{
	static const struct key keys[] = {
		{ "default", WANT_ANY, on_default, NULL },
		{ "rules", WANT_LIST, on_rules, NULL },
		{ "backends", WANT_MAP, check_backends, NULL },
		{ "budgets", WANT_LIST, on_budgets, NULL },
	};

	check_map(c, n, keys, NELEM(keys), arg, "router");
}

void
check_inference(struct compile *c, const struct node *n, void *arg)
{
	static const struct key keys[] = {
		{ "router", WANT_MAP, check_router, NULL },
		{ "backends", WANT_MAP, check_backends, NULL },
		{ "budgets", WANT_LIST, on_budgets, NULL },
	};

	if (c->pol.models.section == NULL)
		c->pol.models.section = n;
	check_map(c, n, keys, NELEM(keys), arg, "inference");
}

/* ---- after all documents */

static enum route_rank
rank_of(const struct pol_route *r)
{
	if (r->action != ROUTE_TO)
		return r->action == ROUTE_DENY ? RANK_DENY : RANK_REDACT;
	if (r->to->locality != LOCALITY_FRONTIER)
		return r->to->locality == LOCALITY_LOCAL ? RANK_LOCAL :
		    RANK_SITE;
	return r->redact ? RANK_FRONTIER_REDACTED : RANK_FRONTIER;
}

static bool
resolve(struct compile *c, struct pol_route *r)
{
	if (r->route != NULL && (r->to = backend_find(c, r->route)) == NULL)
		return false;
	if (r->fallback_at != NULL) {
		r->fallback = backend_find(c, r->fallback_at);
		if (r->fallback == NULL)
			return false;
		if (r->fallback->locality > r->to->locality) {
			node_error(c, r->fallback_at, "a fallback is never "
			    "less private than its route: %.64s is %s",
			    r->to->name.p, r->to->locality == LOCALITY_LOCAL ?
			    "local" : "of this site");
			return false;
		}
	}
	r->rank = rank_of(r);
	r->cond = take_cond(c, r->condition, FOR_MODEL, PHASE_BODY,
	    r->rank > RANK_LOCAL);
	/* Between the most private route and the least, a rule both opens
	 * and closes: then neither way of asking what is known is safe. */
	if (r->cond != 0 && r->rank > RANK_LOCAL && r->rank < RANK_FRONTIER &&
	    cond_asks_known(pol_cond(c, r->cond)->root)) {
		node_error(c, r->condition, "has() may not stand in a rule "
		    "for this site, nor in one that redacts for a provider");
		return false;
	}
	return r->cond != 0;
}

void
models_check(struct compile *c)
{
	struct pol_models *m = &c->pol.models;
	uint32_t n = 0;

	if (m->section == NULL)
		return;
	backends_close(c);
	for (uint32_t i = 0; i < m->nroutes; i++)
		if (resolve(c, &m->routes[i]))
			m->routes[n++] = m->routes[i];
	m->nroutes = n;
	for (uint32_t i = 0; i < m->nbackends && m->to == NULL; i++)
		if (m->fallback == NULL &&
		    str_eqz(m->backends[i].name, "local"))
			m->to = &m->backends[i];
	if (m->fallback != NULL)
		m->to = backend_find(c, m->fallback);
	for (uint32_t i = 0; i < m->nbudgets; i++) {
		struct pol_budget *b = &m->budgets[i];
		const struct pol_backend *to;

		if (b->route == NULL)
			continue;
		to = backend_find(c, b->route);
		if (to != NULL)
			b->b.route = to->index + 1;
	}
}
