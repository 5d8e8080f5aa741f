/* pack.c -- finds each state a place among the ways of the others.
 *
 * A state's place is taken when no other state has it, and when each of its
 * own ways, so far behind it as its byte says, falls on a step that is
 * nobody's. Most states have one way: they fit nearly anywhere. */
#include "automaton/pack.h"

#include <stdlib.h>

#include "base/must.h"

#define BYTES	256U
/* Places looked at for a state with many ways before the next such state is
 * looked for further on. */
#define PATIENCE 512U
#define SIZES	9	/* of numbers of ways: powers of two */

struct kept { /* an automaton packed already */
	struct dfa d;
	uint32_t hash;
	uint32_t *state_of;
};

struct pack {
	struct f_step *steps;
	bool *is_state;
	uint32_t n, cap;	/* steps up to the last one that is used */
	uint32_t low[BYTES];	/* by first way: no place below has room for a
				 * state with that way alone */
	uint32_t low_many[SIZES];	/* by how many: where to look */
	uint32_t low_bare;		/* all places below are taken */
	struct kept *kept;
	uint32_t nkept, cap_kept;
	uint32_t *slots, nslots;	/* of kept, by hash */
	bool full;
};

struct ways { /* of one state, those that are not `other` */
	uint32_t other, n;
	unsigned char byte[BYTES];
	uint32_t to[BYTES];
};

struct pack *
pack_new(void)
{
	struct pack *p = mem_alloc(1, sizeof(*p));

	p->nslots = 64;
	p->slots = mem_alloc(p->nslots, sizeof(*p->slots));
	return p;
}

void
pack_free(struct pack *p)
{
	if (p == NULL)
		return;
	for (uint32_t i = 0; i < p->nkept; i++)
		free(p->kept[i].state_of);
	free(p->kept);
	free(p->slots);
	free(p->steps);
	free(p->is_state);
	free(p);
}

bool
pack_is_full(const struct pack *p)
{
	return p->full;
}

const struct f_step *
pack_steps(const struct pack *p, uint32_t *n)
{
	/* Behind the last state there is a step for each byte. */
	*n = p->n == 0 ? 0 : p->n + BYTES;
	return p->steps;
}

/* Steps up to at, and the ones behind it, are there. */
static void
reserve(struct pack *p, uint32_t at)
{
	uint32_t old = p->cap;

	if (at + 2 * BYTES <= old)
		return;
	while (at + 2 * BYTES > p->cap)
		p->cap = p->cap == 0 ? 4 * BYTES : 2 * p->cap;
	p->steps = mem_grow(p->steps, p->cap, sizeof(*p->steps));
	p->is_state = mem_grow(p->is_state, p->cap, sizeof(*p->is_state));
	for (uint32_t i = old; i < p->cap; i++) {
		p->steps[i] = (struct f_step){ .owner = STEP_NOBODY };
		p->is_state[i] = false;
	}
}

/* The bytes of each class, for all states of one automaton. */
struct bytes_of {
	unsigned char byte[BYTES];
	uint32_t first[BYTES + 1];
};

static void
bytes_sort(const struct dfa *d, struct bytes_of *b)
{
	uint32_t at[BYTES];

	memset(b->first, 0, sizeof(b->first));
	for (uint32_t i = 0; i < BYTES; i++)
		b->first[d->class_of[i] + 1]++;
	for (uint32_t c = 0; c < BYTES; c++) {
		b->first[c + 1] += b->first[c];
		at[c] = b->first[c];
	}
	for (uint32_t i = 0; i < BYTES; i++)
		b->byte[at[d->class_of[i]]++] = (unsigned char)i;
}

/* Where most bytes lead: more than half of them, if any place is that. */
static uint32_t
most_common(const struct dfa *d, const struct bytes_of *b,
    const uint32_t *row)
{
	uint32_t best = row[0], votes = 0;

	for (uint32_t c = 0; c < d->classes; c++) {
		uint32_t n = b->first[c + 1] - b->first[c];

		if (row[c] == best) {
			votes += n;
		} else if (votes >= n) {
			votes -= n;
		} else {
			best = row[c];
			votes = n - votes;
		}
	}
	return best;
}

static void
ways_of(const struct dfa *d, const struct bytes_of *b, uint32_t state,
    struct ways *w)
{
	const uint32_t *row = d->next + (size_t)state * d->classes;

	w->other = most_common(d, b, row);
	w->n = 0;
	for (uint32_t c = 0; c < d->classes; c++)
		for (uint32_t i = b->first[c]; row[c] != w->other &&
		    i < b->first[c + 1]; i++) {
			w->byte[w->n] = b->byte[i];
			w->to[w->n++] = row[c];
		}
}

static bool
fits(const struct pack *p, const struct ways *w, uint32_t at)
{
	if (p->is_state[at])
		return false;
	for (uint32_t i = 0; i < w->n; i++)
		if (p->steps[at + w->byte[i]].owner != STEP_NOBODY)
			return false;
	return true;
}

/* Whether there is room for the first way alone: what is taken once stays
 * taken, so a place without is never looked at again. */
static bool
fits_first(const struct pack *p, unsigned char byte, uint32_t at)
{
	return !p->is_state[at] &&
	    p->steps[at + byte].owner == STEP_NOBODY;
}

static uint32_t
find_place(struct pack *p, const struct ways *w)
{
	unsigned size = 31 - (unsigned)__builtin_clz(w->n);
	uint32_t *low = &p->low[w->byte[0]], at, begin;

	for (;; (*low)++) {	/* ends: behind the last step all is free */
		reserve(p, *low);
		if (fits_first(p, w->byte[0], *low))
			break;
	}
	if (w->n == 1)
		return *low;
	begin = *low > p->low_many[size] ? *low : p->low_many[size];
	for (at = begin;; at++) {
		reserve(p, at);
		if (fits(p, w, at))
			break;
	}
	if (at - begin > PATIENCE)
		p->low_many[size] = at - PATIENCE / 2;
	return at;
}

static uint32_t
find_bare(struct pack *p)
{
	for (;; p->low_bare++) {
		reserve(p, p->low_bare);
		if (!p->is_state[p->low_bare])
			return p->low_bare;
	}
}

/* The place is the state's; where its ways lead is said later, when all have
 * places. */
static void
place(struct pack *p, const struct ways *w, uint32_t at, uint32_t label)
{
	p->is_state[at] = true;
	p->steps[at].label = label;
	for (uint32_t i = 0; i < w->n; i++)
		p->steps[at + w->byte[i]].owner = at;
	if (at >= p->n)
		p->n = at + 1;
	if (p->n > PACK_STEPS_MAX)
		p->full = true;
}

static void
lead(struct pack *p, const struct ways *w, uint32_t at,
    const uint32_t *state_of)
{
	p->steps[at].other = state_of[w->other];
	for (uint32_t i = 0; i < w->n; i++)
		p->steps[at + w->byte[i]].to = state_of[w->to[i]];
}

static void
pack_dead(struct pack *p)
{
	reserve(p, 0);
	p->is_state[0] = true;
	p->n = 1;
}

static void
pack_states(struct pack *p, const struct dfa *d, uint32_t *state_of)
{
	struct bytes_of b;
	struct ways w;

	bytes_sort(d, &b);
	for (uint32_t i = 1; i < d->states && !p->full; i++) {
		ways_of(d, &b, i, &w);
		state_of[i] = w.n > 0 ? find_place(p, &w) : find_bare(p);
		place(p, &w, state_of[i], d->label[i]);
	}
	for (uint32_t i = 1; i < d->states && !p->full; i++) {
		ways_of(d, &b, i, &w);
		lead(p, &w, state_of[i], state_of);
	}
}

/* ---- each automaton once */

static uint32_t
dfa_hash(const struct dfa *d)
{
	uint32_t h = d->start + d->states * 31;

	for (uint32_t i = 0; i < d->states * d->classes; i++)
		h = ((h << 5 | h >> 27) ^ d->next[i]) * UINT32_C(0x9e3779b1);
	for (uint32_t i = 0; i < d->states; i++)
		h = ((h << 5 | h >> 27) ^ d->label[i]) * UINT32_C(0x9e3779b1);
	for (uint32_t i = 0; i < BYTES; i++)
		h = (h ^ d->class_of[i]) * UINT32_C(16777619);
	return h ^ h >> 15;
}

static bool
dfa_same(const struct dfa *x, const struct dfa *y)
{
	return x->states == y->states && x->classes == y->classes &&
	    x->start == y->start &&
	    memcmp(x->class_of, y->class_of, BYTES) == 0 &&
	    memcmp(x->label, y->label,
		x->states * sizeof(*x->label)) == 0 &&
	    memcmp(x->next, y->next, (size_t)x->states * x->classes *
		sizeof(*x->next)) == 0;
}

static const struct kept *
kept_find(const struct pack *p, const struct dfa *d, uint32_t hash)
{
	for (uint32_t at = hash;; at++) { /* half of it is empty */
		uint32_t slot = p->slots[at & (p->nslots - 1)];

		if (slot == 0)
			return NULL;
		if (p->kept[slot - 1].hash == hash &&
		    dfa_same(&p->kept[slot - 1].d, d))
			return &p->kept[slot - 1];
	}
}

static void
slot_put(struct pack *p, uint32_t i)
{
	uint32_t at = p->kept[i].hash;

	while (p->slots[at & (p->nslots - 1)] != 0)
		at++;
	p->slots[at & (p->nslots - 1)] = i + 1;
}

static const struct kept *
keep(struct pack *p, const struct dfa *d, uint32_t hash, uint32_t *state_of)
{
	if (p->nkept == p->cap_kept) {
		p->cap_kept = p->cap_kept == 0 ? 16 : 2 * p->cap_kept;
		p->kept = mem_grow(p->kept, p->cap_kept, sizeof(*p->kept));
	}
	p->kept[p->nkept++] = (struct kept){ *d, hash, state_of };
	if (2 * p->nkept > p->nslots) {
		free(p->slots);
		p->nslots *= 2;
		p->slots = mem_alloc(p->nslots, sizeof(*p->slots));
		for (uint32_t i = 0; i + 1 < p->nkept; i++)
			slot_put(p, i);
	}
	slot_put(p, p->nkept - 1);
	return &p->kept[p->nkept - 1];
}

uint32_t
pack_add(struct pack *p, const struct dfa *d, uint32_t *state_of)
{
	uint32_t hash = dfa_hash(d);
	const struct kept *k = kept_find(p, d, hash);

	if (k == NULL) {
		uint32_t *places = mem_alloc(d->states, sizeof(*places));

		if (p->n == 0)
			pack_dead(p);
		pack_states(p, d, places);
		k = keep(p, d, hash, places);
	}
	if (state_of != NULL)
		memcpy(state_of, k->state_of,
		    d->states * sizeof(*state_of));
	return k->state_of[d->start];
}
