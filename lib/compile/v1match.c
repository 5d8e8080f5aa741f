/* v1match.c -- what one item of rules or deny_rules says, in the older schema:
 * of requests by method, path and query. */
#include "base/compat.h"
#include "compile/check.h"
#include "compile/need.h"
#include "compile/v1net.h"
#include "policy/match.h"

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
char
v1_star(const struct pol_rule *r)
{
	return (r->flags & RULE_DENY) != 0 ? OP_SPAN : OP_LABEL;
}

static void
on_query(struct compile *c, const struct node *n, void *arg)
{
	need_named(c, n, arg, DETAIL_QUERY, v1_star(arg));
}

/* A pattern, a list of them, or {any: [...]}. */
void
v1_matcher(struct compile *c, const struct node *n, struct pol_rule *r,
    enum detail detail)
{
	const struct node *any = n->kind == NODE_MAP ?
	    map_find(n, "any") : n;

	if (any == NULL || (n->kind == NODE_MAP && n->n != 1)) {
		node_error(c, n, "write a pattern, or {any: [PATTERN, ...]}");
		return;
	}
	need_list(c, any, r, detail, v1_star(r));
}

static const struct key match_keys[] = {
	{ "method", WANT_WORD, on_method, NULL },
	{ "path", WANT_WORD, on_path, NULL },
	{ "query", WANT_MAP, on_query, NULL },
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

struct pol_rule
v1_rule_of(const struct v1_end *e, const struct node *n, uint32_t flags)
{
	struct pol_rule r = e->base;

	r.flags = flags | ((flags & RULE_DENY) != 0 ?
		(e->audit ? (uint32_t)RULE_SOFT : 0) : e->base.flags);
	r.at = n;
	return r;
}

static void
add_match(struct compile *c, const struct v1_end *e, const struct node *n,
    uint32_t flags)
{
	struct pol_rule r = v1_rule_of(e, n, flags);
	size_t before = c->diags->errors;

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

struct allows { /* while a list of rules is walked */
	const struct v1_end *e;
	void (*one)(struct compile *c, const struct node *n, void *arg);
};

static void
on_allow(struct compile *c, const struct node *n, void *arg)
{
	const struct allows *a = arg;

	a->one(c, n, (void *)(uintptr_t)a->e); /* it only reads it */
}

void
v1_each_allow(struct compile *c, const struct v1_end *e,
    void (*one)(struct compile *c, const struct node *n, void *arg))
{
	static const struct key keys[] = {
		{ "allow", WANT_MAP, on_allow, NULL },
	};
	struct allows a = { e, one };

	if (e->rules->n == 0)
		node_error(c, e->rules, "rules is empty: leave it out, or "
		    "allow something");
	for (uint32_t i = 0; i < e->rules->n; i++) {
		const struct node *n = e->rules->items[i];

		check_map(c, n, keys, NELEM(keys), &a, "an item of rules");
		if (n->kind == NODE_MAP && n->n == 0)
			node_error(c, n, "an item of rules needs allow");
	}
}

static void
add_allow(struct compile *c, const struct node *n, void *arg)
{
	add_match(c, arg, n, 0);
}

void
v1_add_rules(struct compile *c, const struct v1_end *e)
{
	v1_each_allow(c, e, add_allow);
}

void
v1_add_denies(struct compile *c, const struct v1_end *e)
{
	for (uint32_t i = 0; i < e->deny->n; i++)
		add_match(c, e, e->deny->items[i], RULE_DENY);
}

/* ---- access: presets over every path */

void
v1_add_access(struct compile *c, const struct v1_end *e)
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
