/* labels.c -- sets of languages, each once. */
#include <stdlib.h>

#include "automaton/subset.h"
#include "base/must.h"

static uint32_t
ids_hash(const uint32_t *v, size_t n)
{
	uint32_t h = UINT32_C(2166136261);

	for (size_t i = 0; i < n; i++)
		h = (h ^ v[i]) * UINT32_C(2654435761) ^ h >> 15;
	return h;
}

static uint32_t *
labels_slot(struct labels *s, const uint32_t *v, size_t n)
{
	for (uint32_t at = ids_hash(v, n);; at++) { /* half of it is empty */
		uint32_t *slot = &s->slots[at & (s->nslots - 1)];

		if (*slot == 0 || (s->sets[*slot - 1].n == n && (n == 0 ||
		    memcmp(s->sets[*slot - 1].v, v, n * sizeof(*v)) == 0)))
			return slot;
	}
}

uint32_t
labels_take(struct labels *s, const uint32_t *v, size_t n)
{
	uint32_t *slot = labels_slot(s, v, n), *copy = NULL;

	if (*slot != 0)
		return *slot - 1;
	if (n > 0) {
		copy = part_mem(s->a, n, sizeof(*copy));
		memcpy(copy, v, n * sizeof(*copy));
	}
	s->sets[s->n] = (struct id_set){ copy, (uint32_t)n };
	*slot = ++s->n;
	return *slot - 1;
}

void
labels_init(struct labels *s, struct arena *a, uint32_t most)
{
	*s = (struct labels){ .a = a };
	s->sets = mem_alloc((size_t)most + 1, sizeof(*s->sets));
	for (s->nslots = 4; s->nslots < 2 * (most + 1); s->nslots *= 2)
		;
	s->slots = mem_alloc(s->nslots, sizeof(*s->slots));
	(void)labels_take(s, NULL, 0); /* 0: none */
}

void
labels_fini(struct labels *s)
{
	free(s->sets);
	free(s->slots);
}

void
labels_order(const struct labels *s, struct dfa *d, struct arena *a)
{
	uint32_t *new_of = mem_alloc(s->n, sizeof(*new_of));
	uint32_t *label = part_mem(a, d->states, sizeof(*label));
	struct id_set *sets = part_mem(a, s->n, sizeof(*sets));
	uint32_t n = 1;

	for (uint32_t i = 0; i < d->states; i++) {
		uint32_t old = d->label[i];

		if (old != 0 && new_of[old] == 0) {
			sets[n] = s->sets[old];
			new_of[old] = n++;
		}
		label[i] = new_of[old];
	}
	d->label = label;
	d->sets = sets;
	d->nsets = n;
	free(new_of);
}
