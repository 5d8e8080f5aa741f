/* refine.c -- Hopcroft's algorithm: classes of states, parted by which of
 * them lead into a class, until nothing parts them any more.
 *
 * The dead state is no member: states are told apart by where they do not
 * lead, too, because every class is looked at once at least. */
#include "automaton/refine.h"

#include <stdlib.h>

#include "base/must.h"

#define CLASS_BITS 8	/* of a way back: state << CLASS_BITS | class */

struct part_of { /* the states in blocks, those of a block side by side */
	const uint32_t *rows;
	uint32_t n, classes;
	uint32_t *back, *back_first;	/* ways into each state */
	uint32_t *order, *place;	/* states by block, and where */
	uint32_t *block;		/* by state */
	uint32_t *first, *end, *marked;	/* by block */
	uint32_t blocks;
	bool *waits;			/* by block: in queue */
	uint32_t *queue, nqueue;
	uint32_t *touched, ntouched;
	uint32_t *into, *from;		/* of the class at hand: by byte class */
	size_t cap_from;
};

static void
back_make(struct part_of *p)
{
	size_t m = 0;

	p->back_first = mem_alloc((size_t)p->n + 2, sizeof(*p->back_first));
	for (size_t i = 0; i < (size_t)p->n * p->classes; i++)
		p->back_first[p->rows[i] + 2] += p->rows[i] != 0;
	for (uint32_t i = 2; i <= p->n + 1; i++)
		p->back_first[i] += p->back_first[i - 1];
	m = p->back_first[p->n + 1];
	p->back = mem_alloc(m + 1, sizeof(*p->back));
	for (uint32_t i = 0; i < p->n; i++)
		for (uint32_t c = 0; c < p->classes; c++) {
			uint32_t to = p->rows[(size_t)i * p->classes + c];

			if (to != 0)
				p->back[p->back_first[to + 1]++] =
				    i << CLASS_BITS | c;
		}
}

/* The states from which some label is reached; the others are dead too. */
static bool *
living(const struct part_of *p, const uint32_t *label)
{
	bool *live = mem_alloc(p->n, sizeof(*live));
	uint32_t *stack = mem_alloc(p->n, sizeof(*stack)), depth = 0;

	for (uint32_t i = 0; i < p->n; i++)
		if (label[i] != 0) {
			live[i] = true;
			stack[depth++] = i;
		}
	while (depth > 0) {
		uint32_t s = stack[--depth];

		for (uint32_t k = p->back_first[s]; k < p->back_first[s + 1];
		    k++) {
			uint32_t from = p->back[k] >> CLASS_BITS;

			if (!live[from]) {
				live[from] = true;
				stack[depth++] = from;
			}
		}
	}
	free(stack);
	return live;
}

struct labelled {
	uint32_t label, state;
};

static int
by_label(const void *x, const void *y)
{
	const struct labelled *a = x, *b = y;

	if (a->label != b->label)
		return a->label < b->label ? -1 : 1;
	return a->state < b->state ? -1 : a->state > b->state;
}

static uint32_t
block_new(struct part_of *p, uint32_t first, uint32_t end)
{
	uint32_t b = p->blocks++;

	p->first[b] = p->marked[b] = first;
	p->end[b] = end;
	return b;
}

static void
wait(struct part_of *p, uint32_t b)
{
	if (p->waits[b])
		return;
	p->waits[b] = true;
	p->queue[p->nqueue++] = b;
}

/* Block 0 is the dead, and never looked at; then one for each label. */
static void
blocks_begin(struct part_of *p, const uint32_t *label)
{
	struct labelled *v = mem_alloc(p->n, sizeof(*v));
	bool *live = living(p, label);
	uint32_t n = 0, dead = 0;

	for (uint32_t i = 0; i < p->n; i++)
		if (live[i])
			v[n++] = (struct labelled){ label[i], i };
		else
			p->order[dead++] = i;
	qsort(v, n, sizeof(*v), by_label);
	(void)block_new(p, 0, dead);
	for (uint32_t i = 0; i < n; i++) {
		if (i == 0 || v[i].label != v[i - 1].label)
			wait(p, block_new(p, dead + i, dead + i));
		p->order[dead + i] = v[i].state;
		p->block[v[i].state] = p->blocks - 1;
		p->end[p->blocks - 1]++;
	}
	for (uint32_t i = 0; i < p->n; i++)
		p->place[p->order[i]] = i;
	free(live);
	free(v);
}

/* Marked states come first in their block. */
static void
mark(struct part_of *p, uint32_t state)
{
	uint32_t b = p->block[state], at = p->place[state];
	uint32_t to = p->marked[b], other;

	if (at < to)
		return;
	if (to == p->first[b])
		p->touched[p->ntouched++] = b;
	other = p->order[to];
	p->order[to] = state;
	p->order[at] = other;
	p->place[state] = to;
	p->place[other] = at;
	p->marked[b]++;
}

static void
split(struct part_of *p, uint32_t b)
{
	uint32_t mid = p->marked[b], new_;

	p->marked[b] = p->first[b];
	if (mid == p->end[b])
		return;
	/* The smaller part is the new block. */
	if (mid - p->first[b] <= p->end[b] - mid) {
		new_ = block_new(p, p->first[b], mid);
		p->first[b] = p->marked[b] = mid;
	} else {
		new_ = block_new(p, mid, p->end[b]);
		p->end[b] = mid;
	}
	for (uint32_t i = p->first[new_]; i < p->end[new_]; i++)
		p->block[p->order[i]] = new_;
	wait(p, new_);
}

/* Who leads into the block, by class of byte: into[c] .. into[c + 1]. */
static void
gather_into(struct part_of *p, uint32_t b)
{
	size_t m = 0;

	memset(p->into, 0, (p->classes + 2) * sizeof(*p->into));
	for (uint32_t i = p->first[b]; i < p->end[b]; i++) {
		uint32_t s = p->order[i];

		m += p->back_first[s + 1] - p->back_first[s];
		for (uint32_t k = p->back_first[s]; k < p->back_first[s + 1];
		    k++)
			p->into[(p->back[k] & 0xff) + 2]++;
	}
	for (uint32_t c = 2; c < p->classes + 2; c++)
		p->into[c] += p->into[c - 1];
	if (m > p->cap_from) {
		p->cap_from = 2 * m;
		p->from = mem_grow(p->from, p->cap_from, sizeof(*p->from));
	}
	for (uint32_t i = p->first[b]; i < p->end[b]; i++) {
		uint32_t s = p->order[i];

		for (uint32_t k = p->back_first[s]; k < p->back_first[s + 1];
		    k++)
			p->from[p->into[(p->back[k] & 0xff) + 1]++] =
			    p->back[k] >> CLASS_BITS;
	}
}

static void
blocks_refine(struct part_of *p)
{
	while (p->nqueue > 0) {
		uint32_t b = p->queue[--p->nqueue];

		p->waits[b] = false;
		gather_into(p, b);
		for (uint32_t c = 0; c < p->classes; c++) {
			p->ntouched = 0;
			for (uint32_t i = p->into[c]; i < p->into[c + 1]; i++)
				mark(p, p->from[i]);
			for (uint32_t i = 0; i < p->ntouched; i++)
				split(p, p->touched[i]);
		}
	}
}

static uint32_t
blocks_number(const struct part_of *p, uint32_t *block_of)
{
	uint32_t *number = mem_alloc(p->blocks, sizeof(*number)), n = 1;

	for (uint32_t i = 0; i < p->n; i++) {
		uint32_t b = p->block[i];

		if (b != 0 && number[b] == 0)
			number[b] = n++;
		block_of[i] = number[b];
	}
	free(number);
	return n;
}

uint32_t
refine(const uint32_t *rows, const uint32_t *label, uint32_t n,
    uint32_t classes, uint32_t *block_of)
{
	struct part_of p = { .rows = rows, .n = n, .classes = classes };
	uint32_t *v = mem_alloc((size_t)n * 8 + 8, sizeof(*v)), made;

	must(n < UINT32_MAX >> CLASS_BITS);
	p.order = v;
	p.place = v + n;
	p.block = v + 2 * (size_t)n;
	p.first = v + 3 * (size_t)n;
	p.end = v + 4 * (size_t)n + 1;
	p.marked = v + 5 * (size_t)n + 2;
	p.queue = v + 6 * (size_t)n + 3;
	p.touched = v + 7 * (size_t)n + 4;
	p.waits = mem_alloc((size_t)n + 1, sizeof(*p.waits));
	p.into = mem_alloc((size_t)classes + 2, sizeof(*p.into));
	back_make(&p);
	blocks_begin(&p, label);
	blocks_refine(&p);
	made = blocks_number(&p, block_of);
	free(p.back);
	free(p.back_first);
	free(p.waits);
	free(p.into);
	free(p.from);
	free(v);
	return made;
}
