/* clash.c -- endpoints of the older schema that meet at one host and port and
 * do not agree.
 *
 * Rules add up, so an endpoint that only records would open what another one
 * enforces, one without a path would allow what a narrower one beside it does
 * not, and one that judges no bodies, or others, what one that does would not.
 * None of them can be meant. */
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

/* Could one request be of both? */
static bool
paths_meet(const struct pol_rule *a, const struct pol_rule *b)
{
	struct str x = stem(a->end_path), y = stem(b->end_path);

	return str_has_prefix(x, y) || str_has_prefix(y, x);
}

/* A WebSocket is no request of the others, nor these of it. */
static bool
bodies_clash(const struct pol_rule *a, const struct pol_rule *b)
{
	bool same = b->body != NULL &&
	    str_eq(a->body->text, b->body->text);
	uint32_t wire = b->wire != 0 ? b->wire : WIRE_ALL;

	if (b->body == NULL && (wire & WIRE_HTTPS) != 0)
		wire |= WIRE_WSS;
	return !same && paths_meet(a, b) &&
	    (wire & (a->wire | WIRE_TLS | WIRE_TCP)) != 0;
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
	bool audit = false, path = false, body = false;

	for (const struct pol_rule *b = c->pol.rules; b != NULL &&
	    !(audit && path && body); b = b->next) {
		if (!meets(a, b))
			continue;
		if (!audit && a->flags == RULE_SOFT && !b->audit) {
			audit = true;
			node_error(c, a->at, "audit here, and enforced in "
			    "%s:%u for the same host and port: make both the "
			    "same", b->at->doc->name, b->at->line);
		}
		if (!body && a->body != NULL && bodies_clash(a, b)) {
			body = true;
			node_error(c, a->body, "%s:%u is for the same host "
			    "and port and judges otherwise, so that what one "
			    "refuses the other would let pass: make the "
			    "protocol the same, or give them paths that do "
			    "not overlap", b->at->doc->name, b->at->line);
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
		    ((a->end_path == NULL && a->body == NULL) ||
			a->end == last)))
			continue;
		last = a->end;
		check_one(c, a);
	}
}
