/* alike.c -- what need not be followed any further: patterns of which one of
 * the same kind matches already, whatever comes. */
#include <stdlib.h>

#include "automaton/subset.h"
#include "base/must.h"

#define NEVER UINT32_MAX

/* The lowest id that such a text is in however it goes on, or NEVER. */
static uint32_t
forever(const struct nfa *n, uint32_t state)
{
	const struct nfa_state *s = &n->states[state];
	uint32_t best = NEVER;
	bool loops = false;

	for (uint32_t l = s->taking; l != 0; l = n->links[l - 1].next) {
		const struct nfa_link *k = &n->links[l - 1];
		const uint64_t *b;

		if (k->to != state || k->what < SET_SINGLES)
			continue;
		b = n->sets[k->what - SET_SINGLES].bits;
		loops |= (b[0] & b[1] & b[2] & b[3]) == UINT64_MAX;
	}
	for (uint32_t l = loops ? s->accepts : 0; l != 0;
	    l = n->links[l - 1].next)
		if (n->links[l - 1].to < best)
			best = n->links[l - 1].to;
	return best;
}

void
alike_init(struct alike *a, const struct nfa *n, bool any_order)
{
	*a = (struct alike){ .n = n, .any_order = any_order };
	if (n->kind_of == NULL)
		return;
	a->forever = mem_alloc(n->nstates, sizeof(*a->forever));
	a->first = mem_alloc(n->nkinds, sizeof(*a->first));
	for (uint32_t i = 0; i < n->nstates; i++)
		a->forever[i] = forever(n, i);
	for (uint32_t k = 0; k < n->nkinds; k++)
		a->first[k] = NEVER;
}

void
alike_fini(struct alike *a)
{
	free(a->forever);
	free(a->first);
}

/* Is all that can still come of the state said by the first of its kind? */
static bool
is_said(const struct alike *a, uint32_t state)
{
	const struct nfa_state *s = &a->n->states[state];
	uint32_t own = a->forever[state];

	if (s->as != 0)
		s = &a->n->states[s->as];
	if (s->kind == 0 || a->first[s->kind] == NEVER ||
	    own == a->first[s->kind])
		return false;
	return a->any_order || s->least > a->first[s->kind];
}

void
alike_drop(struct alike *a, struct vec *list, uint32_t *stamp)
{
	uint32_t kinds = 0;
	size_t n = 0;

	if (a->forever == NULL)
		return;
	for (size_t i = 0; i < list->n; i++) {
		uint32_t id = a->forever[list->v[i]];
		uint32_t kind = id == NEVER ? 0 : a->n->kind_of[id];

		if (kind == 0)
			continue;
		kinds++;
		if (id < a->first[kind])
			a->first[kind] = id;
	}
	if (kinds == 0)
		return;
	for (size_t i = 0; i < list->n; i++) {
		if (is_said(a, list->v[i]))
			stamp[list->v[i]] = 0;
		else
			list->v[n++] = list->v[i];
	}
	/* What is left holds the first of each kind, to be forgotten now. */
	for (size_t i = 0; i < n; i++) {
		uint32_t id = a->forever[list->v[i]];

		if (id != NEVER)
			a->first[a->n->kind_of[id]] = NEVER;
	}
	list->n = n;
}
