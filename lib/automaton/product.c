/* product.c -- two automata side by side. */
#include <stdlib.h>

#include "automaton/parts.h"
#include "base/must.h"

#define WAYS_MAX	(1U << 23)	/* states, each with all classes */

struct pairs {
	const struct dfa *x, *y;
	struct dfa d;		/* next on the heap */
	uint32_t x_class[256], y_class[256]; /* of each class of d */
	uint32_t *v;		/* pairs made: x, y */
	uint32_t *next;
	uint32_t n, cap;
	uint32_t *slots, nslots;
};

/* Bytes that either tells apart. */
static void
classes_cross(struct pairs *p)
{
	p->d.classes = 0;
	for (uint32_t b = 0; b < 256; b++) {
		uint32_t cx = p->x->class_of[b], cy = p->y->class_of[b];
		uint32_t i = 0;

		while (i < p->d.classes &&
		    (p->x_class[i] != cx || p->y_class[i] != cy))
			i++;
		if (i == p->d.classes) {
			p->x_class[i] = cx;
			p->y_class[i] = cy;
			p->d.classes++;
		}
		p->d.class_of[b] = (unsigned char)i;
	}
}

static uint32_t *
pair_slot(struct pairs *p, uint32_t x, uint32_t y)
{
	uint32_t at = x * UINT32_C(2654435761) ^ y * UINT32_C(0x9e3779b1);

	for (at ^= at >> 15;; at++) { /* half of it is empty */
		uint32_t *slot = &p->slots[at & (p->nslots - 1)];

		if (*slot == 0 || (p->v[2 * (*slot - 1)] == x &&
		    p->v[2 * (*slot - 1) + 1] == y))
			return slot;
	}
}

static void
pairs_grow(struct pairs *p)
{
	p->cap = p->cap == 0 ? 64 : 2 * p->cap;
	p->v = mem_grow(p->v, 2 * (size_t)p->cap, sizeof(*p->v));
	p->next = mem_grow(p->next, (size_t)p->cap * p->d.classes,
	    sizeof(*p->next));
	free(p->slots);
	p->nslots = 2 * p->cap;
	p->slots = mem_alloc(p->nslots, sizeof(*p->slots));
	for (uint32_t i = 0; i < p->n; i++)
		*pair_slot(p, p->v[2 * i], p->v[2 * i + 1]) = i + 1;
}

static uint32_t
pair_take(struct pairs *p, uint32_t x, uint32_t y)
{
	uint32_t *slot;

	if (p->n == p->cap)
		pairs_grow(p);
	slot = pair_slot(p, x, y);
	if (*slot == 0) {
		p->v[2 * p->n] = x;
		p->v[2 * p->n + 1] = y;
		*slot = ++p->n;
	}
	return *slot - 1;
}

static void
pair_expand(struct pairs *p, uint32_t i)
{
	size_t x = (size_t)p->v[2 * i] * p->x->classes;
	size_t y = (size_t)p->v[2 * i + 1] * p->y->classes;

	for (uint32_t c = 0; c < p->d.classes; c++) {
		uint32_t to = pair_take(p, p->x->next[x + p->x_class[c]],
		    p->y->next[y + p->y_class[c]]);

		p->next[(size_t)i * p->d.classes + c] = to;
	}
}

static void
product_write(struct pairs *p, dfa_combine *f, const void *arg,
    struct arena *a, struct dfa *out)
{
	uint32_t *label = mem_alloc(p->n, sizeof(*label));

	for (uint32_t i = 0; i < p->n; i++)
		label[i] = f(arg, p->x->label[p->v[2 * i]],
		    p->y->label[p->v[2 * i + 1]]);
	*out = p->d;
	out->states = out->made = p->n;
	out->next = p->next;
	out->label = label;
	dfa_minimise(out, a, NULL);
	free(label);
}

int
dfa_product(const struct dfa *x, const struct dfa *y, dfa_combine *f,
    const void *arg, struct arena *a, uint32_t limit, struct dfa *out)
{
	struct pairs p = { .x = x, .y = y };
	int rc = 0;

	classes_cross(&p);
	p.d.start = pair_take(&p, x->start, y->start);
	for (uint32_t i = 0; i < p.n && rc == 0; i++) {
		pair_expand(&p, i);
		if (p.n > limit || (uint64_t)p.n * p.d.classes > WAYS_MAX)
			rc = -1;
	}
	if (rc == 0)
		product_write(&p, f, arg, a, out);
	free(p.v);
	free(p.next);
	free(p.slots);
	return rc;
}
