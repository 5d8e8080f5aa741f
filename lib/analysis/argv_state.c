/* argv_state.c -- what the arguments so far have come to, in all patterns of
 * both policies at once.
 *
 * A state holds a node for each part of the grants, and for each deny which of
 * its options are there and how many of its other words. An image that denies
 * for good is in the same state whatever else it has seen. */
#include "analysis/argv_state.h"

/* A deny's place: its options that are there, and how many other words. */
#define OPTIONS_BITS	24

/* Of a state, before what the units have. */
enum { STATE_FIRST, STATE_DEAD /* by player, a bit each */, STATE_UNITS };

/* ---- one argument further */

static uint32_t
way(const struct image *im, uint32_t from, uint32_t label)
{
	uint32_t mask = im->ncways - 1;
	uint32_t at = form_slot(form_way_hash(from, label), im->ncways);

	for (; im->cways[at].from != 0; at = (at + 1) & mask)
		if (im->cways[at].from == from &&
		    im->cways[at].label == label)
			return im->cways[at].to;
	return im->cnodes[from].other;
}

/* As exec_read.c does with what it reads. */
static uint32_t
node_step(const struct argv_unit *u, const uint32_t *labels, uint32_t node)
{
	uint32_t to = node;

	do {
		const struct f_cnode *n = &u->im->cnodes[to];
		uint32_t label = n->reader >= u->c->readers.n ? 0 :
		    labels[n->reader];

		if (label == 0)
			to = n->other;
		else if (n->label != 0)
			to = label == n->label ? n->to : n->other;
		else
			to = way(u->im, to, label);
	} while ((to & NODE_NEXT) == 0);
	return to & ~NODE_NEXT;
}

static bool
has_word(const uint32_t *words, uint32_t word)
{
	return word == 0 || (words[word / 32] >> (word % 32) & 1) != 0;
}

const struct f_crule *
argv_deny(const struct argv_unit *u, uint32_t i)
{
	return &u->im->crules[u->c->denies.first + i];
}

/* old: the words that it is besides, as a first argument; or NULL. */
uint32_t
argv_deny_step(const struct argv_unit *u, const struct f_crule *d, uint32_t at,
    const uint32_t *words, const uint32_t *old)
{
	const uint32_t *needs = &u->im->crefs[d->needs.first];
	uint32_t order = at >> OPTIONS_BITS;
	uint32_t all = (UINT32_C(1) << d->options) - 1;

	if (at == ARGV_DENIED)
		return at;
	for (uint32_t i = 0; i < d->options; i++)
		if (has_word(words, needs[i]) ||
		    (old != NULL && has_word(old, needs[i])))
			at |= UINT32_C(1) << i;
	if (order < d->needs.n - d->options &&
	    has_word(words, needs[d->options + order]))
		at += UINT32_C(1) << OPTIONS_BITS;
	return (at & all) == all && at >> OPTIONS_BITS ==
	    d->needs.n - d->options ? ARGV_DENIED : at;
}

/* Where in a state what is, for the denies that are not left out. */
void
argv_state_place(struct argv_units *u)
{
	u->state = STATE_UNITS;
	for (uint32_t i = 0; i < u->n; i++) {
		struct argv_unit *x = &u->v[i];

		x->nactive = 0;
		for (uint32_t r = 0; x->denies && r < x->c->denies.n; r++)
			if (!x->skip[r] && argv_deny(x, r)->when == 0)
				x->active[x->nactive++] = r;
		x->nodes_at = u->state;
		x->rules_at = x->nodes_at + (x->grants ? x->c->parts.n : 0);
		u->state = x->rules_at + x->nactive;
	}
}

/* ---- what a state says */

static bool
grants_now(const struct argv_units *u, const struct f_crule *r)
{
	return (r->flags & CRULE_DENY) == 0 && (r->when == 0 || u->granted);
}

struct granting {
	const struct f_crule *allow, *audit;
	uint64_t profiles;
	bool other;		/* one that the image does not have */
};

static const struct f_crule *
lower(const struct f_crule *a, const struct f_crule *b)
{
	return a == NULL || b < a ? b : a;
}

static void
granting_add(const struct argv_units *u, struct granting *g,
    const struct f_crule *r)
{
	if (!grants_now(u, r))
		return;
	if ((r->flags & CRULE_AUDIT) != 0)
		g->audit = lower(g->audit, r);
	else
		g->allow = lower(g->allow, r);
	if (r->under > 0)
		g->profiles |= UINT64_C(1) << (r->under - 1);
	g->other |= r->profile.len > 0 && r->under == 0;
}

static void
unit_grants(const struct argv_units *u, const struct argv_unit *x,
    const uint32_t *state, struct granting *g)
{
	const struct image *im = x->im;

	for (uint32_t i = 0; i < x->c->bare.n; i++)
		granting_add(u, g, &im->crules[x->c->bare.first + i]);
	for (uint32_t p = 0; p < x->c->parts.n; p++) {
		uint32_t node = state[x->nodes_at + p];
		struct f_span list = im->clists[im->cnodes[node].list];

		for (uint32_t i = 0; i < list.n; i++)
			granting_add(u, g, &im->crules[
			    im->crefs[list.first + i]]);
	}
}

struct judged { /* by one image */
	bool allowed, audit, enforced, other;
	uint64_t profiles;
};

static struct judged
judge(const struct argv_units *u, uint32_t player, const uint32_t *state)
{
	const struct image *im = u->players[player].im;
	struct judged j = { .enforced = im->info.mode == POLICY_ENFORCE };
	struct granting g = { NULL, NULL, 0, false };

	if (im->ncommands == 0) {
		j.allowed = true;
		return j;
	}
	if ((state[STATE_DEAD] >> player & 1) != 0)
		return j;
	for (uint32_t i = 0; i < u->n; i++)
		if (u->v[i].player == player && u->v[i].grants)
			unit_grants(u, &u->v[i], state, &g);
	j.audit = g.audit != NULL;
	j.allowed = g.allow != NULL || g.audit != NULL ||
	    im->commands->fallback == 1;
	j.profiles = g.profiles;
	j.other = g.other;
	return j;
}

/* A profile of the second side by the number that the first one's of that
 * name has. */
static void
profiles_put(const struct argv_units *u, uint32_t side, uint64_t set,
    uint64_t out[2])
{
	const struct image *first = u->profiles[0], *im = u->profiles[side];

	for (; set != 0; set &= set - 1) {
		uint32_t i = (uint32_t)__builtin_ctzll(set);
		int at = image_profile_find(first, image_profile(im, i));

		if (at == -1)
			out[1] |= UINT64_C(1) << i;
		else
			out[0] |= UINT64_C(1) << at;
	}
}

/* As maximum_exec() and ask_commands() put it. */
struct argv_verdict
argv_state_verdict(const struct argv_units *u, uint32_t side, const uint32_t *state)
{
	uint32_t at = u->begins[side];
	struct judged own = judge(u, at, state);
	struct argv_verdict v = { REPLY_DENY, { 0, 0 } };
	bool denied = !own.allowed && own.enforced;

	if (u->begins[side + 1] > at + 1) {
		struct judged max = judge(u, at + 1, state);

		denied |= (!max.allowed && max.enforced) || (max.other &&
		    own.allowed);
		own.allowed &= max.allowed && !max.other;
		own.audit |= max.audit;
	}
	v.verdict = denied ? REPLY_DENY : own.audit || !own.allowed ?
	    REPLY_AUDIT : REPLY_ALLOW;
	if (own.allowed)
		profiles_put(u, side, own.profiles, v.profiles);
	return v;
}

/* ---- states, each once */

/* Nothing will be granted any more, or a deny holds for good. */
static bool
is_dead(const struct argv_units *u, uint32_t player, const uint32_t *state)
{
	bool live = u->players[player].bare;

	for (uint32_t i = 0; i < u->n; i++) {
		const struct argv_unit *x = &u->v[i];

		if (x->player != player)
			continue;
		for (uint32_t r = 0; r < x->nactive; r++)
			if (state[x->rules_at + r] == ARGV_DENIED)
				return true;
		for (uint32_t p = 0; x->grants && p < x->c->parts.n; p++)
			live |= state[x->nodes_at + p] != 0;
	}
	return !live;
}

static void
bury(const struct argv_units *u, uint32_t player, uint32_t *state)
{
	state[STATE_DEAD] |= UINT32_C(1) << player;
	for (uint32_t i = 0; i < u->n; i++) {
		const struct argv_unit *x = &u->v[i];

		if (x->player != player)
			continue;
		if (x->grants)
			memset(state + x->nodes_at, 0,
			    x->c->parts.n * sizeof(*state));
		memset(state + x->rules_at, 0, x->nactive * sizeof(*state));
	}
}

static void
state_settle(const struct argv_units *u, uint32_t *state)
{
	for (uint32_t p = 0; p < u->nplayers; p++)
		if (u->players[p].im->ncommands > 0 &&
		    (state[STATE_DEAD] >> p & 1) == 0 && is_dead(u, p, state))
			bury(u, p, state);
}

bool
argv_is_denied(const struct argv_unit *x)
{
	for (uint32_t i = 0; x->denies && i < x->c->bare.n; i++) {
		const struct f_crule *r =
		    &x->im->crules[x->c->bare.first + i];

		if ((r->flags & CRULE_DENY) != 0 && r->when == 0)
			return true;
	}
	return false;
}

void
argv_state_begin(const struct argv_units *u, uint32_t *state)
{
	memset(state, 0, u->state * sizeof(*state));
	state[STATE_FIRST] = u->old;
	for (uint32_t i = 0; i < u->n; i++) {
		const struct argv_unit *x = &u->v[i];

		for (uint32_t p = 0; x->grants && p < x->c->parts.n; p++)
			state[x->nodes_at + p] = x->im->crefs[
			    x->c->parts.first + p];
		if (argv_is_denied(x))
			bury(u, x->player, state);
		/* A deny of "*" alone would need nothing. */
		for (uint32_t r = 0; r < x->nactive; r++)
			if (argv_deny(x, x->active[r])->needs.n == 0)
				state[x->rules_at + r] = ARGV_DENIED;
	}
	state_settle(u, state);
}

void
argv_state_step(const struct argv_units *u, const uint32_t *from,
    const uint32_t *effect, uint32_t *to)
{
	memcpy(to, from, u->state * sizeof(*to));
	to[STATE_FIRST] = 0;
	for (uint32_t i = 0; i < u->n; i++) {
		const struct argv_unit *x = &u->v[i];
		const uint32_t *old = from[STATE_FIRST] != 0 &&
		    (x->c->flags & COMMAND_OLD_STYLE) != 0 ?
		    effect + x->old_at : NULL;

		if ((from[STATE_DEAD] >> x->player & 1) != 0)
			continue;
		for (uint32_t p = 0; x->grants && p < x->c->parts.n; p++)
			to[x->nodes_at + p] = node_step(x, effect +
			    x->labels_at, from[x->nodes_at + p]);
		for (uint32_t r = 0; r < x->nactive; r++)
			to[x->rules_at + r] = argv_deny_step(x, argv_deny(x,
			    x->active[r]), from[x->rules_at + r],
			    effect + x->words_at, old);
	}
	state_settle(u, to);
}
