#include "analysis/vectors.h"

#include <stdlib.h>
#include <string.h>

#include "base/must.h"

void
vectors_init(struct vectors *s, uint32_t width)
{
	*s = (struct vectors){ .width = width };
}

void
vectors_fini(struct vectors *s)
{
	free(s->v);
	free(s->slots);
	*s = (struct vectors){ 0 };
}

/* The slot that holds it, or the empty one where it belongs. */
static uint32_t
slot_of(const struct vectors *s, const uint32_t *row)
{
	uint64_t h = UINT64_C(14695981039346656037);
	uint32_t at;

	for (uint32_t i = 0; i < s->width; i++)
		h = (h ^ row[i]) * UINT64_C(0x9e3779b97f4a7c15);
	at = (uint32_t)(h >> 32) & (s->nslots - 1);
	for (; s->slots[at] != 0; at = (at + 1) & (s->nslots - 1))
		if (memcmp(vectors_row(s, s->slots[at] - 1), row,
			s->width * sizeof(*row)) == 0)
			break;
	return at;
}

static void
grow(struct vectors *s)
{
	s->cap = s->cap == 0 ? 64 : 2 * s->cap;
	s->v = mem_grow(s->v, s->cap, s->width * sizeof(*s->v));
	free(s->slots);
	s->nslots = 2 * s->cap;
	s->slots = mem_alloc(s->nslots, sizeof(*s->slots));
	for (uint32_t i = 0; i < s->n; i++)
		s->slots[slot_of(s, vectors_row(s, i))] = i + 1;
}

uint32_t
vectors_find(const struct vectors *s, const uint32_t *row)
{
	uint32_t at;

	if (s->n == 0)
		return VECTORS_NONE;
	at = slot_of(s, row);
	return s->slots[at] == 0 ? VECTORS_NONE : s->slots[at] - 1;
}

uint32_t
vectors_add(struct vectors *s, const uint32_t *row)
{
	uint32_t at;

	if (s->n == s->cap)
		grow(s);
	at = slot_of(s, row);
	if (s->slots[at] != 0)
		return s->slots[at] - 1;
	memcpy(s->v + (uint64_t)s->n * s->width, row,
	    s->width * sizeof(*row));
	s->slots[at] = ++s->n;
	return s->n - 1;
}
