/* subset.c -- makes an automaton deterministic: each of its states is a set
 * of the other's that can be reached together.
 *
 * Most ways take a single byte, and the few that take many (stars) take the
 * same ones: for each set the second kind is followed once per group of
 * bytes, and the first kind only where there is one. */
#include <stdlib.h>

#include "automaton/subset.h"
#include "base/must.h"

/* Members of sets looked at, for each state that there may be: what takes
 * more is as good as an explosion. */
#define WORK_PER_STATE	128
#define WORK_MIN	(1U << 20)
/* Of the limit, for telling the first of each kind from the others. */
#define EXACT_PART	4
#define WAYS_MAX	(1U << 23)	/* states, each with all classes */

struct span {
	uint32_t first, n;
};

struct way { /* taking: what is a class of bytes, or a wide set */
	uint32_t what, to;
};

struct work {
	const struct nfa *n;
	uint32_t last;		/* ids beyond are left out */
	uint32_t limit;
	uint64_t left;		/* work that may still be done */

	struct classes k;
	struct alike alike;

	struct span *narrow_of, *wide_of;	/* by state: into ways */
	struct way *ways;

	uint32_t *stamp, now;	/* by state: when it was last met */
	struct vec list, stack;	/* what is being gathered */
	struct vec base;	/* of the group at hand */

	struct vec members;	/* of all sets, one after the other */
	struct span *sets;	/* by state made */
	uint32_t *hashes;
	uint32_t nstates, cap_states;
	struct vec next;
	uint32_t *slots, nslots;

	uint32_t *head, *link;	/* narrow ways of the set at hand, by class */
	struct vec narrow;
};

/* ---- ways as arrays */

static uint32_t
ways_put(struct work *w, uint32_t state, uint32_t at, bool wide)
{
	for (uint32_t l = w->n->states[state].taking; l != 0;
	    l = w->n->links[l - 1].next) {
		const struct nfa_link *k = &w->n->links[l - 1];

		if (wide != (k->what >= SET_SINGLES))
			continue;
		w->ways[at].what = wide ? k->what - SET_SINGLES :
		    w->k.class_of[k->what];
		w->ways[at++].to = k->to;
	}
	return at;
}

static void
ways_make(struct work *w)
{
	const struct nfa *n = w->n;
	uint32_t at = 0;

	w->narrow_of = mem_alloc(n->nstates, sizeof(*w->narrow_of));
	w->wide_of = mem_alloc(n->nstates, sizeof(*w->wide_of));
	w->ways = mem_alloc(n->nlinks + 1, sizeof(*w->ways));
	for (uint32_t i = 0; i < n->nstates; i++) {
		uint32_t mid = ways_put(w, i, at, false);
		uint32_t end = ways_put(w, i, mid, true);

		w->narrow_of[i] = (struct span){ at, mid - at };
		w->wide_of[i] = (struct span){ mid, end - mid };
		at = end;
	}
}

/* ---- sets */

static bool
is_left_out(const struct work *w, const struct nfa_link *l)
{
	return l->what > w->last || w->n->states[l->to].least > w->last;
}

/* A state, and all that is reached from it without taking a byte; those that
 * only lead on are not members. */
static void
gather(struct work *w, uint32_t state)
{
	vec_add(&w->stack, state);
	while (w->stack.n > 0) {
		uint32_t s = w->stack.v[--w->stack.n];
		const struct nfa_state *st = &w->n->states[s];

		if (w->stamp[s] == w->now || st->least > w->last)
			continue;
		w->stamp[s] = w->now;
		if (w->left > 0)
			w->left--;
		if (st->taking != 0 || st->accepts != 0)
			vec_add(&w->list, s);
		for (uint32_t l = st->free; l != 0;
		    l = w->n->links[l - 1].next)
			if (!is_left_out(w, &w->n->links[l - 1]))
				vec_add(&w->stack, w->n->links[l - 1].to);
	}
}

static void
gather_new(struct work *w)
{
	w->now++;
	w->list.n = 0;
}

/* The same in any order of the members. */
static uint32_t
list_hash(const struct work *w)
{
	uint32_t h = 0;

	for (size_t i = 0; i < w->list.n; i++) {
		uint32_t x = (w->list.v[i] + 1) * UINT32_C(2654435761);

		h += (x ^ x >> 15) * UINT32_C(2246822519);
	}
	return h ^ h >> 13;
}

static bool
list_is(const struct work *w, uint32_t state)
{
	struct span s = w->sets[state];

	if (s.n != w->list.n)
		return false;
	for (uint32_t i = 0; i < s.n; i++)
		if (w->stamp[w->members.v[s.first + i]] != w->now)
			return false;
	return true;
}

static void
slots_grow(struct work *w)
{
	free(w->slots);
	w->nslots *= 2;
	w->slots = mem_alloc(w->nslots, sizeof(*w->slots));
	for (uint32_t i = 0; i < w->nstates; i++) {
		uint32_t at = w->hashes[i];

		while (w->slots[at & (w->nslots - 1)] != 0)
			at++;
		w->slots[at & (w->nslots - 1)] = i + 1;
	}
}

static uint32_t
state_add(struct work *w, uint32_t hash)
{
	uint32_t i = w->nstates++;

	if (i == w->cap_states) {
		w->cap_states *= 2;
		w->sets = mem_grow(w->sets, w->cap_states, sizeof(*w->sets));
		w->hashes = mem_grow(w->hashes, w->cap_states,
		    sizeof(*w->hashes));
	}
	w->hashes[i] = hash;
	w->sets[i] = (struct span){ (uint32_t)w->members.n,
		(uint32_t)w->list.n };
	for (size_t k = 0; k < w->list.n; k++)
		vec_add(&w->members, w->list.v[k]);
	return i;
}

/* The state that what was gathered is. */
static uint32_t
list_state(struct work *w)
{
	uint32_t hash, at;

	alike_drop(&w->alike, &w->list, w->stamp);
	hash = list_hash(w);
	if (2 * w->nstates >= w->nslots)
		slots_grow(w);
	for (at = hash; w->slots[at & (w->nslots - 1)] != 0; at++) {
		uint32_t i = w->slots[at & (w->nslots - 1)] - 1;

		if (w->hashes[i] == hash && list_is(w, i))
			return i;
	}
	w->slots[at & (w->nslots - 1)] = w->nstates + 1;
	return state_add(w, hash);
}

/* ---- one state's ways */

/* The narrow ways of a set, listed by class. */
static void
narrow_list(struct work *w, struct span set)
{
	memset(w->head, 0, w->k.classes * sizeof(*w->head));
	w->narrow.n = 0;
	for (uint32_t i = 0; i < set.n; i++) {
		struct span s =
		    w->narrow_of[w->members.v[set.first + i]];

		for (uint32_t k = 0; k < s.n; k++) {
			const struct way *y = &w->ways[s.first + k];

			vec_add(&w->narrow, w->head[y->what]);
			vec_add(&w->narrow, y->to);
			w->head[y->what] = (uint32_t)(w->narrow.n / 2);
		}
	}
}

static void
wide_gather(struct work *w, struct span set, uint32_t group)
{
	gather_new(w);
	for (uint32_t i = 0; i < set.n; i++) {
		struct span s = w->wide_of[w->members.v[set.first + i]];

		for (uint32_t k = 0; k < s.n; k++) {
			const struct way *y = &w->ways[s.first + k];

			if (set_has(&w->k.wide[y->what], group))
				gather(w, y->to);
		}
	}
	w->base.n = 0;
	for (size_t i = 0; i < w->list.n; i++)
		vec_add(&w->base, w->list.v[i]);
}

static void
base_again(struct work *w)
{
	gather_new(w);
	for (size_t i = 0; i < w->base.n; i++) {
		w->stamp[w->base.v[i]] = w->now;
		vec_add(&w->list, w->base.v[i]);
	}
	w->left -= w->base.n < w->left ? w->base.n : w->left;
}

static uint32_t
class_state(struct work *w, uint32_t class)
{
	base_again(w);
	for (uint32_t i = w->head[class]; i != 0;
	    i = w->narrow.v[2 * (i - 1)])
		gather(w, w->narrow.v[2 * (i - 1) + 1]);
	return list_state(w);
}

static void
state_expand(struct work *w, uint32_t state)
{
	struct span set = w->sets[state];
	size_t row = (size_t)state * w->k.classes;

	narrow_list(w, set);
	for (uint32_t i = 0; i < w->k.classes; i++)
		vec_add(&w->next, 0);
	for (uint32_t g = 0; g < w->k.groups; g++) {
		uint32_t plain;

		wide_gather(w, set, g);
		plain = list_state(w);
		for (uint32_t c = 0; c < w->k.classes; c++)
			if (w->k.group_of[c] == g)
				w->next.v[row + c] = w->head[c] == 0 ?
				    plain : class_state(w, c);
	}
}

/* ---- the whole */

static void
work_init(struct work *w, const struct nfa *n, uint32_t last, uint32_t limit,
    bool any_order)
{
	*w = (struct work){ .n = n, .last = last, .limit = limit };
	w->left = (uint64_t)limit * WORK_PER_STATE;
	if (w->left < WORK_MIN)
		w->left = WORK_MIN;
	classes_init(&w->k, n);
	alike_init(&w->alike, n, any_order);
	ways_make(w);
	w->stamp = mem_alloc(n->nstates, sizeof(*w->stamp));
	w->head = mem_alloc(w->k.classes, sizeof(*w->head));
	w->cap_states = 64;
	w->sets = mem_alloc(w->cap_states, sizeof(*w->sets));
	w->hashes = mem_alloc(w->cap_states, sizeof(*w->hashes));
	w->nslots = 256;
	w->slots = mem_alloc(w->nslots, sizeof(*w->slots));
}

static void
work_fini(struct work *w)
{
	classes_fini(&w->k);
	alike_fini(&w->alike);
	free(w->narrow_of);
	free(w->wide_of);
	free(w->ways);
	free(w->stamp);
	free(w->list.v);
	free(w->stack.v);
	free(w->base.v);
	free(w->members.v);
	free(w->sets);
	free(w->hashes);
	free(w->next.v);
	free(w->slots);
	free(w->head);
	free(w->narrow.v);
}

/* State 0 is the empty set, 1 (or 0) the start. */
static int
work_run(struct work *w, uint32_t *start)
{
	gather_new(w);
	(void)list_state(w);
	gather_new(w);
	gather(w, 0);
	*start = list_state(w);
	for (uint32_t i = 0; i < w->nstates; i++) {
		state_expand(w, i);
		if (w->nstates > w->limit || w->left == 0 ||
		    w->next.n > WAYS_MAX)
			return -1;
	}
	return 0;
}

/* ---- labels */

static int
by_value(const void *x, const void *y)
{
	const uint32_t *a = x, *b = y;

	return *a < *b ? -1 : *a > *b;
}

/* What is accepted in a state, rising, in w->list. */
static void
accepted(struct work *w, uint32_t state)
{
	struct span set = w->sets[state];
	size_t n = 0;

	w->list.n = 0;
	for (uint32_t i = 0; i < set.n; i++)
		for (uint32_t l = w->n->states[w->members.v[set.first +
			i]].accepts; l != 0; l = w->n->links[l - 1].next)
			if (w->n->links[l - 1].to <= w->last)
				vec_add(&w->list, w->n->links[l - 1].to);
	if (w->list.n > 1)
		qsort(w->list.v, w->list.n, sizeof(*w->list.v), by_value);
	for (size_t i = 0; i < w->list.n; i++)
		if (n == 0 || w->list.v[n - 1] != w->list.v[i])
			w->list.v[n++] = w->list.v[i];
	w->list.n = n;
}

static uint32_t *
labels_make(struct work *w, struct arena *a, struct labels *s)
{
	uint32_t *label = mem_alloc(w->nstates, sizeof(*label));

	labels_init(s, a, w->nstates);
	for (uint32_t i = 0; i < w->nstates; i++) {
		accepted(w, i);
		label[i] = labels_take(s, w->list.v, w->list.n);
	}
	return label;
}

static void
work_finish(struct work *w, struct arena *a, uint32_t start, struct dfa *out)
{
	struct labels s;
	uint32_t *label = labels_make(w, a, &s);

	*out = (struct dfa){ .states = w->nstates, .classes = w->k.classes,
		.start = start, .next = w->next.v, .label = label,
		.made = w->nstates };
	memcpy(out->class_of, w->k.class_of, sizeof(out->class_of));
	dfa_minimise(out, a, NULL);
	labels_order(&s, out, a);
	labels_fini(&s);
	free(label);
}

static bool
explodes(const struct nfa *n, uint32_t last, uint32_t limit)
{
	struct work w;
	uint32_t start;
	int rc;

	work_init(&w, n, last, limit, true);
	rc = work_run(&w, &start);
	work_fini(&w);
	return rc == -1;
}

/* The ids, rising, each once; heap. */
static uint32_t *
ids_all(const struct nfa *n, uint32_t *count)
{
	struct vec ids = { 0 };

	for (uint32_t i = 0; i < n->nstates; i++)
		for (uint32_t l = n->states[i].accepts; l != 0;
		    l = n->links[l - 1].next)
			vec_add(&ids, n->links[l - 1].to);
	*count = 0;
	if (ids.n > 0)
		qsort(ids.v, ids.n, sizeof(*ids.v), by_value);
	for (size_t i = 0; i < ids.n; i++)
		if (i == 0 || ids.v[*count - 1] != ids.v[i])
			ids.v[(*count)++] = ids.v[i];
	return ids.v;
}

/* The first id at which it is too much: fewer never have more states. */
static uint32_t
find_culprit(const struct nfa *n, uint32_t limit)
{
	uint32_t count, lo = 0, hi, id;
	uint32_t *ids = ids_all(n, &count);

	hi = count == 0 ? 0 : count - 1;
	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (explodes(n, ids[mid], limit))
			hi = mid;
		else
			lo = mid + 1;
	}
	id = count == 0 ? 0 : ids[lo];
	free(ids);
	return id;
}

static int
attempt(struct nfa *n, struct arena *a, uint32_t limit, bool any_order,
    struct dfa *out)
{
	struct work w;
	uint32_t start;
	int rc;

	work_init(&w, n, UINT32_MAX, limit, any_order);
	rc = work_run(&w, &start);
	if (rc == 0)
		work_finish(&w, a, start, out);
	work_fini(&w);
	return rc;
}

int
dfa_of(struct nfa *n, struct arena *a, uint32_t limit, struct dfa *out,
    uint32_t *culprit)
{
	if (n->kind_of != NULL &&
	    attempt(n, a, limit / EXACT_PART, false, out) == 0)
		return 0;
	if (attempt(n, a, limit, true, out) == 0)
		return 0;
	*culprit = find_culprit(n, limit);
	return -1;
}
