/* argv_machine.c -- the states that the arguments of one program lead two
 * policies to, and a command line for each that is of interest. */
#include <stdlib.h>

#include "analysis/argv_state.h"
#include "base/must.h"

enum {
	STATES_MAX = 1 << 16,
	WORK_MAX = 1 << 22,	/* states times kinds */
	PATH_MAX_STATES = 4096,
};

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
	argv_state_begin(m->u, at);
	tour_add(t, at, 0, 0);
	for (uint32_t i = 0; i < t->states.n; i++) {
		if (t->states.n > STATES_MAX || t->work > WORK_MAX)
			return false;
		memcpy(at, vectors_row(&t->states, i), m->u->state *
		    sizeof(*at));
		for (uint32_t k = 0; k < m->k->effects.n; k++) {
			if (shown && m->k->texts[k].p == NULL)
				continue;
			argv_state_step(m->u, at, vectors_row(&m->k->effects, k),
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

		at = argv_deny_step(x, d, at, effect + x->words_at, first &&
		    (x->c->flags & COMMAND_OLD_STYLE) != 0 ?
		    effect + x->old_at : NULL);
	}
	return at == ARGV_DENIED;
}

/* Looks at those from now on. false: there are none. */
static bool
take_met(const struct machine *m, const struct tour *t, uint32_t i)
{
	bool any = false;

	for (uint32_t k = 0; k < m->u->n; k++) {
		const struct argv_unit *x = &m->u->v[k];

		for (uint32_t r = 0; x->denies && r < x->c->denies.n; r++)
			if (x->skip[r] && argv_deny(x, r)->when == 0 &&
			    is_met(m, t, i, x, argv_deny(x, r))) {
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
	struct argv_verdict a = argv_state_verdict(m->u, 0, state);
	struct argv_verdict b = argv_state_verdict(m->u, 1, state);

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

	argv_state_place(u);
	m.row = mem_alloc(2 * (size_t)u->state, sizeof(*m.row));
	ok = tour_run(&m, &all, false);
	vectors_init(&seen.told, u->state);
	s->states += all.states.n;
	s->work += all.work;
	if (ok && any_of_interest(&m, &all))
		look_around(&m, &all, &seen);
	if (seen.hidden && !seen.more)
		u->unsure |= ARGV_BIT(ARGV_HIDDEN);
	vectors_fini(&seen.told);
	tour_fini(&all);
	free(m.row);
	return !ok ? ARGV_TOO_MUCH : seen.more ? ARGV_AGAIN : ARGV_DONE;
}
