/* clash.c -- endpoints of the older schema that meet at one host and port and
 * do not agree.
 *
 * Rules add up, so an endpoint that only records would open what another one
 * enforces, and one without a path would allow what a narrower one beside it
 * does not. Neither can be meant. */
#include "compile/check.h"
#include "policy/match.h"

static bool
names_meet(const struct pol_host *a, const struct pol_host *b)
{
	if (a->klass == HOST_GLOB && b->klass == HOST_EXACT)
		return match_path(a->name, b->name);
	if (b->klass == HOST_GLOB && a->klass == HOST_EXACT)
		return match_path(b->name, a->name);
	if (a->klass >= HOST_GLOB || b->klass >= HOST_GLOB)
		return a->klass != HOST_ADDR && b->klass != HOST_ADDR;
	if (a->klass == HOST_EXACT && b->klass == HOST_EXACT)
		return str_eq(a->name, b->name);
	return str_has_suffix(a->name, b->name) ||
	    str_has_suffix(b->name, a->name);
}

static bool
ports_meet(const struct pol_rule *a, const struct pol_rule *b)
{
	for (uint32_t i = 0; i < a->nports; i++)
		for (uint32_t j = 0; j < b->nports; j++)
			if (a->ports[i].lo <= b->ports[j].hi &&
			    b->ports[j].lo <= a->ports[i].hi)
				return true;
	return false;
}

/* The part of a path before its first star. */
static struct str
stem(const struct node *path)
{
	return path == NULL ? STR("") :
	    str_head(path->text, str_index(path->text, '*'));
}

/* Could one request be of both, and the paths not be the same? */
static bool
paths_clash(const struct pol_rule *a, const struct pol_rule *b)
{
	struct str x = stem(a->end_path), y = stem(b->end_path);

	if (b->end_path != NULL && str_eq(a->end_path->text,
	    b->end_path->text))
		return false;
	return str_has_prefix(x, y) || str_has_prefix(y, x);
}

static bool
meets(const struct pol_rule *a, const struct pol_rule *b)
{
	return (b->flags & RULE_DENY) == 0 && a->end != b->end &&
	    ports_meet(a, b) && names_meet(&a->host, &b->host);
}

static void
check_one(struct compile *c, const struct pol_rule *a)
{
	bool audit = false, path = false;

	for (const struct pol_rule *b = c->pol.rules; b != NULL &&
	    !(audit && path); b = b->next) {
		if (!meets(a, b))
			continue;
		if (!audit && a->flags == RULE_SOFT && !b->audit) {
			audit = true;
			node_error(c, a->at, "audit here, and enforced in "
			    "%s:%u for the same host and port: make both the "
			    "same", b->at->doc->name, b->at->line);
		}
		if (!path && a->end_path != NULL && paths_clash(a, b)) {
			path = true;
			not_enforced(c, a->end_path, "a path that overlaps "
			    "%s:%u, for the same host and port",
			    b->at->doc->name, b->at->line);
		}
	}
}

void
clash_check(struct compile *c)
{
	const struct node *last = NULL;

	for (const struct pol_rule *a = c->pol.rules; a != NULL;
	    a = a->next) {
		if (a->end == NULL || (a->flags != RULE_SOFT &&
		    (a->end_path == NULL || a->end == last)))
			continue;
		last = a->end;
		check_one(c, a);
	}
}
