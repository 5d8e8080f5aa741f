/* argv_machine.c -- the states that the arguments of one program lead two
 * policies to.
 *
 * A state holds a node for each part of the grants, and for each deny which of
 * its options are there and how many of its other words. An image that denies
 * for good is in the same state whatever else it has seen. */
#include <stdlib.h>

#include "analysis/argv.h"
#include "base/must.h"

enum {
	STATES_MAX = 1 << 16,
	WORK_MAX = 1 << 22,	/* states times kinds */
	PATH_MAX_STATES = 4096,
};

/* A deny's place: its options that are there, and how many other words. */
#define OPTIONS_BITS	24
#define RULE_DONE	UINT32_MAX

/* Of a state, before what the units have. */
enum { STATE_FIRST, STATE_DEAD /* by player, a bit each */, STATE_UNITS };

struct machine {
	struct argv_space *s;
	struct argv_units *u;
	struct argv_kinds *k;
	struct str name;
	uint32_t *row;		/* two states of room */
};

struct tour { /* the states seen with some of the kinds */
	struct vectors states;
	uint32_t *from, *by;	/* by state: the one before, and the kind */
	uint32_t cap;
	uint64_t work;
};

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

static const struct f_crule *
deny_of(const struct argv_unit *u, uint32_t i)
{
	return &u->im->crules[u->c->denies.first + i];
}

/* old: the words that it is besides, as a first argument; or NULL. */
static uint32_t
rule_step(const struct argv_unit *u, const struct f_crule *d, uint32_t at,
    const uint32_t *words, const uint32_t *old)
{
	const uint32_t *needs = &u->im->crefs[d->needs.first];
	uint32_t order = at >> OPTIONS_BITS;
	uint32_t all = (UINT32_C(1) << d->options) - 1;

	if (at == RULE_DONE)
		return at;
	for (uint32_t i = 0; i < d->options; i++)
		if (has_word(words, needs[i]) ||
		    (old != NULL && has_word(old, needs[i])))
			at |= UINT32_C(1) << i;
	if (order < d->needs.n - d->options &&
	    has_word(words, needs[d->options + order]))
		at += UINT32_C(1) << OPTIONS_BITS;
	return (at & all) == all && at >> OPTIONS_BITS ==
	    d->needs.n - d->options ? RULE_DONE : at;
}

/* Where in a state what is, for the denies that are not left out. */
static void
units_place(struct argv_units *u)
{
	u->state = STATE_UNITS;
	for (uint32_t i = 0; i < u->n; i++) {
		struct argv_unit *x = &u->v[i];

		x->nactive = 0;
		for (uint32_t r = 0; x->denies && r < x->c->denies.n; r++)
			if (!x->skip[r] && deny_of(x, r)->when == 0)
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
static struct argv_verdict
verdict_of(const struct argv_units *u, uint32_t side, const uint32_t *state)
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
			if (state[x->rules_at + r] == RULE_DONE)
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

static void
state_begin(const struct argv_units *u, uint32_t *state)
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
			if (deny_of(x, x->active[r])->needs.n == 0)
				state[x->rules_at + r] = RULE_DONE;
	}
	state_settle(u, state);
}

static void
state_step(const struct argv_units *u, const uint32_t *from,
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
			to[x->rules_at + r] = rule_step(x, deny_of(x,
			    x->active[r]), from[x->rules_at + r],
			    effect + x->words_at, old);
	}
	state_settle(u, to);
}

/* ---- tours */

static void
tour_add(struct tour *t, const uint32_t *state, uint32_t from, uint32_t by)
{
	uint32_t n = t->states.n;

	if (vectors_add(&t->states, state) != n)
		return;
	if (n == t->cap) {
		t->cap = t->cap == 0 ? 256 : 2 * t->cap;
		t->from = mem_grow(t->from, t->cap, sizeof(*t->from));
		t->by = mem_grow(t->by, t->cap, sizeof(*t->by));
	}
	t->from[n] = from;
	t->by[n] = by;
}

/* With all kinds, or those alone of which a text is known. false: too much. */
static bool
tour_run(const struct machine *m, struct tour *t, bool shown)
{
	uint32_t *at = m->row, *to = at + m->u->state;

	vectors_init(&t->states, m->u->state);
	state_begin(m->u, at);
	tour_add(t, at, 0, 0);
	for (uint32_t i = 0; i < t->states.n; i++) {
		if (t->states.n > STATES_MAX || t->work > WORK_MAX)
			return false;
		memcpy(at, vectors_row(&t->states, i), m->u->state *
		    sizeof(*at));
		for (uint32_t k = 0; k < m->k->effects.n; k++) {
			if (shown && m->k->texts[k].p == NULL)
				continue;
			state_step(m->u, at, vectors_row(&m->k->effects, k),
			    to);
			tour_add(t, to, i, k);
			t->work++;
		}
	}
	return true;
}

static void
tour_fini(struct tour *t)
{
	vectors_fini(&t->states);
	free(t->from);
	free(t->by);
}

static struct str
copy(const struct machine *m, struct str text)
{
	char *p = arena_strdup(m->s->arena, text);

	must(p != NULL);
	return str_of(p, text.len);
}

/* The command line that leads to state i. false: both say something else. */
static bool
tour_tell(const struct machine *m, const struct tour *t, uint32_t i)
{
	struct question q = { .kind = ASK_EXEC,
		.cwd = copy(m, m->k->cwd) };
	uint32_t n = 1;

	for (uint32_t k = i; k != 0; k = t->from[k])
		n++;
	q.word = arena_alloc(m->s->arena, n, sizeof(*q.word));
	must(q.word != NULL);
	q.nwords = n;
	q.word[0] = copy(m, m->name);
	for (uint32_t k = i; k != 0; k = t->from[k])
		q.word[--n] = copy(m, m->k->texts[t->by[k]]);
	return m->s->on(m->s->arg, &q);
}

/* ---- denies that were left out, and matter */

/* Is the deny among those that the way to state i meets? */
static bool
is_met(const struct machine *m, const struct tour *t, uint32_t i,
    const struct argv_unit *x, const struct f_crule *d)
{
	uint32_t path[PATH_MAX_STATES], n = 0, at = 0;

	for (; i != 0 && n < PATH_MAX_STATES; i = t->from[i])
		path[n++] = t->by[i];
	for (bool first = m->u->old; n > 0; first = false) {
		const uint32_t *effect = vectors_row(&m->k->effects,
		    path[--n]);

		at = rule_step(x, d, at, effect + x->words_at, first &&
		    (x->c->flags & COMMAND_OLD_STYLE) != 0 ?
		    effect + x->old_at : NULL);
	}
	return at == RULE_DONE;
}

/* Looks at those from now on. false: there are none. */
static bool
take_met(const struct machine *m, const struct tour *t, uint32_t i)
{
	bool any = false;

	for (uint32_t k = 0; k < m->u->n; k++) {
		const struct argv_unit *x = &m->u->v[k];

		for (uint32_t r = 0; x->denies && r < x->c->denies.n; r++)
			if (x->skip[r] && deny_of(x, r)->when == 0 &&
			    is_met(m, t, i, x, deny_of(x, r))) {
				x->skip[r] = false;
				any = true;
			}
	}
	return any;
}

/* ---- all of one program */

struct sight { /* what was seen of it so far */
	struct vectors told;	/* states to which a command line leads */
	uint32_t ways;		/* in which both differed there, a bit each */
	bool hidden;		/* and where both said the same after all */
	bool more;		/* denies are to be looked at, for that */
};

/* What is denied by one and audited by the other is one way. */
static uint32_t
way_of(const struct machine *m, const uint32_t *state)
{
	struct argv_verdict a = verdict_of(m->u, 0, state);
	struct argv_verdict b = verdict_of(m->u, 1, state);

	if (!m->s->differs(&a, &b))
		return 0;
	return UINT32_C(1) << (3 * (uint32_t)a.verdict + (uint32_t)b.verdict);
}

static void
look(const struct machine *m, struct sight *s)
{
	struct tour t = { .cap = 0 };

	(void)tour_run(m, &t, true);	/* the tour of all kinds was short */
	for (uint32_t i = 0; i < t.states.n; i++) {
		const uint32_t *state = vectors_row(&t.states, i);

		if (vectors_find(&s->told, state) != VECTORS_NONE)
			continue;
		(void)vectors_add(&s->told, state);
		if (way_of(m, state) == 0)
			continue;
		if (tour_tell(m, &t, i))
			s->ways |= way_of(m, state);
		else if (take_met(m, &t, i))
			s->more = true;
		else
			s->hidden = true;
		if (s->more)
			break;
	}
	tour_fini(&t);
}

/* Is some state of interest in its own way, and no command line led there? */
static bool
is_left(const struct machine *m, const struct tour *all,
    const struct sight *s)
{
	for (uint32_t i = 0; i < all->states.n; i++) {
		const uint32_t *state = vectors_row(&all->states, i);

		if ((way_of(m, state) & ~s->ways) != 0 &&
		    vectors_find(&s->told, state) == VECTORS_NONE)
			return true;
	}
	return false;
}

static bool
any_of_interest(const struct machine *m, const struct tour *all)
{
	for (uint32_t i = 0; i < all->states.n; i++)
		if (way_of(m, vectors_row(&all->states, i)) != 0)
			return true;
	return false;
}

/* First as from nowhere, then as from directories that matter. */
static void
look_around(const struct machine *m, const struct tour *all, struct sight *s)
{
	argv_kinds_show(m->u, m->k, STR(""));
	look(m, s);
	if (s->more || !is_left(m, all, s))
		return;
	argv_kinds_places(m->u, m->k);
	for (uint32_t i = 0; i < m->k->nplaces && !s->more &&
	    is_left(m, all, s); i++) {
		argv_kinds_show(m->u, m->k, m->k->places[i]);
		look(m, s);
	}
	if (!s->more && is_left(m, all, s))
		m->u->unsure |= ARGV_BIT(ARGV_LINKS);
}

enum argv_run
argv_machine(struct argv_space *s, struct argv_units *u, struct argv_kinds *k,
    struct str name)
{
	struct machine m = { s, u, k, name, NULL };
	struct tour all = { .cap = 0 };
	struct sight seen = { .hidden = false };
	bool ok;

	units_place(u);
	m.row = mem_alloc(2 * (size_t)u->state, sizeof(*m.row));
	ok = tour_run(&m, &all, false);
	vectors_init(&seen.told, u->state);
	s->states += all.states.n;
	if (ok && any_of_interest(&m, &all))
		look_around(&m, &all, &seen);
	if (seen.hidden && !seen.more)
		u->unsure |= ARGV_BIT(ARGV_HIDDEN);
	vectors_fini(&seen.told);
	tour_fini(&all);
	free(m.row);
	return !ok ? ARGV_TOO_MUCH : seen.more ? ARGV_AGAIN : ARGV_DONE;
}
