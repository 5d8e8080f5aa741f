/* minimise.c -- the smallest automaton of the same labels, numbered so that
 * the same language is the same automaton.
 *
 * Automata of patterns are mostly trees with loops on single states: going
 * from the ends to the start, a state that does what one before it does is
 * that one. What is in longer circles is left to Hopcroft's algorithm
 * (refine.c), on what remains. */
#include <stdlib.h>

#include "automaton/refine.h"
#include "base/must.h"

#define SELF	(UINT32_MAX - 1)	/* in a row: to the state itself */
#define OPEN	(UINT32_MAX - 2)	/* to one that is not done yet */
#define UNKNOWN	UINT32_MAX

struct fold {
	const struct dfa *d;
	uint32_t *kind;		/* by state: its merged one, or UNKNOWN */
	bool *begun;
	uint32_t *rows;		/* by kind, of d->classes */
	uint32_t *label, *rep;	/* by kind: and a state that is of it */
	bool *loose;		/* by kind: in or before a circle */
	uint32_t n;
	bool circles;
	uint32_t *slots, nslots;
	uint32_t *stack, *class;	/* the way down, and how far on it */
	uint32_t depth;
};

static uint32_t
row_hash(const struct fold *f, const uint32_t *row, uint32_t label)
{
	uint32_t h = label * UINT32_C(2654435761) + 1;

	for (uint32_t c = 0; c < f->d->classes; c++)
		h = ((h << 5 | h >> 27) ^ row[c]) * UINT32_C(0x9e3779b1);
	return h ^ h >> 15;
}

/* Would the state with this row, were it this kind, be so? */
static bool
row_is(const struct fold *f, const uint32_t *row, uint32_t label,
    uint32_t kind)
{
	const uint32_t *other = f->rows + (size_t)kind * f->d->classes;

	if (f->label[kind] != label || f->loose[kind])
		return false;
	for (uint32_t c = 0; c < f->d->classes; c++) {
		uint32_t a = row[c] == SELF ? kind : row[c];
		uint32_t b = other[c] == SELF ? kind : other[c];

		if (a != b)
			return false;
	}
	return true;
}

static void
kind_keep(struct fold *f, uint32_t kind)
{
	const uint32_t *row = f->rows + (size_t)kind * f->d->classes;
	uint32_t at = row_hash(f, row, f->label[kind]);

	while (f->slots[at & (f->nslots - 1)] != 0)
		at++;
	f->slots[at & (f->nslots - 1)] = kind + 1;
}

/* The kind that the row is of already, or UNKNOWN. A state that goes on to
 * its own kind is found by looking at where it goes. */
static uint32_t
kind_find(const struct fold *f, const uint32_t *row, uint32_t label)
{
	uint32_t last = UNKNOWN;

	for (uint32_t at = row_hash(f, row, label);; at++) {
		uint32_t slot = f->slots[at & (f->nslots - 1)];

		if (slot == 0)
			break;
		if (row_is(f, row, label, slot - 1))
			return slot - 1;
	}
	for (uint32_t c = 0; c < f->d->classes; c++) {
		if (row[c] == last || row[c] >= OPEN)
			continue;
		last = row[c];
		if (row_is(f, row, label, last))
			return last;
	}
	return UNKNOWN;
}

/* All that the state leads to is done, but for what it is itself below. */
static void
state_done(struct fold *f, uint32_t state)
{
	const uint32_t *next = f->d->next + (size_t)state * f->d->classes;
	uint32_t *row = f->rows + (size_t)f->n * f->d->classes;
	uint32_t label = f->d->label[state];
	bool loose = false;

	for (uint32_t c = 0; c < f->d->classes; c++) {
		row[c] = next[c] == state ? SELF :
		    f->kind[next[c]] == UNKNOWN ? OPEN : f->kind[next[c]];
		loose |= row[c] == OPEN;
	}
	if (!loose) {
		f->kind[state] = kind_find(f, row, label);
		if (f->kind[state] != UNKNOWN)
			return;
	}
	f->kind[state] = f->n;
	f->label[f->n] = label;
	f->rep[f->n] = state;
	f->loose[f->n] = loose;
	f->circles |= loose;
	if (!loose)
		kind_keep(f, f->n);
	f->n++;
}

static void
descend(struct fold *f, uint32_t state)
{
	f->begun[state] = true;
	f->stack[f->depth] = state;
	f->class[f->depth++] = 0;
}

static void
fold_from(struct fold *f, uint32_t start)
{
	if (!f->begun[start])
		descend(f, start);
	while (f->depth > 0) {
		uint32_t state = f->stack[f->depth - 1];
		uint32_t c = f->class[f->depth - 1]++;

		if (c == f->d->classes) {
			f->depth--;
			state_done(f, state);
			continue;
		}
		c = f->d->next[(size_t)state * f->d->classes + c];
		if (!f->begun[c])
			descend(f, c);
	}
}

/* Kind 0 is dead, whether or not a state is. */
static void
fold_init(struct fold *f, const struct dfa *d)
{
	size_t n = (size_t)d->states + 1;

	*f = (struct fold){ .d = d };
	f->kind = mem_alloc(n, sizeof(*f->kind));
	f->begun = mem_alloc(n, sizeof(*f->begun));
	f->rows = mem_alloc(n * d->classes, sizeof(*f->rows));
	f->label = mem_alloc(n, sizeof(*f->label));
	f->rep = mem_alloc(n, sizeof(*f->rep));
	f->loose = mem_alloc(n, sizeof(*f->loose));
	f->stack = mem_alloc(n, sizeof(*f->stack));
	f->class = mem_alloc(n, sizeof(*f->class));
	for (f->nslots = 4; f->nslots < 2 * n; f->nslots *= 2)
		;
	f->slots = mem_alloc(f->nslots, sizeof(*f->slots));
	for (uint32_t i = 0; i < d->states; i++)
		f->kind[i] = UNKNOWN;
	for (uint32_t c = 0; c < d->classes; c++)
		f->rows[c] = SELF;
	f->n = 1;
	kind_keep(f, 0);
}

static void
fold_fini(struct fold *f)
{
	free(f->kind);
	free(f->begun);
	free(f->rows);
	free(f->label);
	free(f->rep);
	free(f->loose);
	free(f->stack);
	free(f->class);
	free(f->slots);
}

/* The rows, which had holes where there were circles, made whole. */
static void
fold_close(struct fold *f)
{
	for (uint32_t k = 1; k < f->n; k++)
		for (uint32_t c = 0; c < f->d->classes; c++)
			f->rows[(size_t)k * f->d->classes + c] =
			    f->kind[f->d->next[(size_t)f->rep[k] *
				f->d->classes + c]];
	for (uint32_t c = 0; c < f->d->classes; c++)
		f->rows[c] = 0;
}

/* ---- numbering */

struct whole { /* kinds under their last numbers */
	struct dfa d;
	uint32_t *number;	/* by kind; UNKNOWN: not reached */
	uint32_t *order;	/* by number */
};

/* In the order in which the states are met, the lowest bytes first. */
static void
number_all(struct whole *w, const uint32_t *rows, uint32_t kinds,
    uint32_t start)
{
	uint32_t done = 1, n = 1;

	for (uint32_t i = 0; i < kinds; i++)
		w->number[i] = UNKNOWN;
	w->number[0] = 0;
	w->order[0] = 0;
	if (start != 0) {
		w->number[start] = n;
		w->order[n++] = start;
	}
	for (; done < n; done++)
		for (uint32_t c = 0; c < w->d.classes; c++) {
			uint32_t to = rows[(size_t)w->order[done] *
			    w->d.classes + c];

			if (w->number[to] == UNKNOWN) {
				w->number[to] = n;
				w->order[n++] = to;
			}
		}
	w->d.states = n;
	w->d.start = w->number[start];
}

static uint32_t
column_hash(const uint32_t *rows, uint32_t kinds, uint32_t classes,
    uint32_t c)
{
	uint32_t h = 0;

	for (uint32_t k = 0; k < kinds; k++)
		h = ((h << 5 | h >> 27) ^ rows[(size_t)k * classes + c]) *
		    UINT32_C(0x9e3779b1);
	return h;
}

static bool
columns_same(const uint32_t *rows, uint32_t kinds, uint32_t classes,
    uint32_t x, uint32_t y)
{
	for (uint32_t k = 0; k < kinds; k++)
		if (rows[(size_t)k * classes + x] !=
		    rows[(size_t)k * classes + y])
			return false;
	return true;
}

/* Classes of bytes that every state treats alike become one; they are
 * numbered by their lowest byte. first[new] is an old one. */
static uint32_t
classes_merge(const uint32_t *rows, uint32_t kinds, struct dfa *d,
    uint32_t first[256])
{
	uint32_t hash[256], new_of[256], n = 0;
	const uint32_t old = d->classes;

	for (uint32_t c = 0; c < old; c++) {
		hash[c] = column_hash(rows, kinds, old, c);
		new_of[c] = UNKNOWN;
	}
	for (uint32_t b = 0; b < 256; b++) {
		uint32_t c = d->class_of[b], i = 0;

		if (new_of[c] == UNKNOWN) {
			while (i < n && (hash[first[i]] != hash[c] ||
			    !columns_same(rows, kinds, old, first[i], c)))
				i++;
			if (i == n)
				first[n++] = c;
			new_of[c] = i;
		}
		d->class_of[b] = (unsigned char)new_of[c];
	}
	return n;
}

static uint32_t *
rows_narrow(const uint32_t *rows, uint32_t kinds, uint32_t old, uint32_t n,
    const uint32_t first[256])
{
	uint32_t *out = mem_alloc((size_t)kinds * n, sizeof(*out));

	for (uint32_t k = 0; k < kinds; k++)
		for (uint32_t c = 0; c < n; c++)
			out[(size_t)k * n + c] =
			    rows[(size_t)k * old + first[c]];
	return out;
}

static void
whole_write(struct whole *w, struct arena *a, const uint32_t *rows,
    const uint32_t *label_of)
{
	const uint32_t n = w->d.classes;
	uint32_t *next = part_mem(a, (size_t)w->d.states * n, sizeof(*next));
	uint32_t *label = part_mem(a, w->d.states, sizeof(*label));

	for (uint32_t i = 0; i < w->d.states; i++) {
		label[i] = label_of[w->order[i]];
		for (uint32_t c = 0; c < n; c++)
			next[(size_t)i * n + c] =
			    w->number[rows[(size_t)w->order[i] * n + c]];
	}
	w->d.next = next;
	w->d.label = label;
}

/* Kinds to states, with as few classes of bytes as will do. */
static void
whole_make(struct whole *w, struct arena *a, const uint32_t *rows,
    uint32_t kinds, const uint32_t *label_of, uint32_t start)
{
	uint32_t first[256];
	uint32_t old = w->d.classes;
	uint32_t *narrow;

	w->d.classes = classes_merge(rows, kinds, &w->d, first);
	narrow = rows_narrow(rows, kinds, old, w->d.classes, first);
	w->number = mem_alloc(kinds, sizeof(*w->number));
	w->order = mem_alloc(kinds, sizeof(*w->order));
	number_all(w, narrow, kinds, start);
	whole_write(w, a, narrow, label_of);
	free(narrow);
	free(w->order);
}

/* Kinds that are the same after all, merged: kind_of[old] is the new one. */
static uint32_t
fold_refine(struct fold *f, uint32_t *kind_of)
{
	const uint32_t classes = f->d->classes;
	uint32_t n;

	if (!f->circles) {
		for (uint32_t k = 0; k < f->n; k++)
			kind_of[k] = k;
		return f->n;
	}
	n = refine(f->rows, f->label, f->n, classes, kind_of);
	/* In place: a kind is never numbered higher than the first it has. */
	for (uint32_t k = f->n; k-- > 0;)
		f->rep[kind_of[k]] = k;
	for (uint32_t i = 0; i < n; i++) {
		uint32_t k = f->rep[i];

		f->label[i] = f->label[k];
		for (uint32_t c = 0; c < classes; c++)
			f->rows[(size_t)i * classes + c] =
			    kind_of[f->rows[(size_t)k * classes + c]];
	}
	return n;
}

void
dfa_minimise(struct dfa *d, struct arena *a, uint32_t *class_of_state)
{
	struct whole w = { .d = *d };
	struct fold f;
	uint32_t *kind_of, n;

	fold_init(&f, d);
	fold_from(&f, d->start);
	fold_close(&f);
	kind_of = mem_alloc(f.n, sizeof(*kind_of));
	n = fold_refine(&f, kind_of);
	whole_make(&w, a, f.rows, n, f.label,
	    kind_of[f.kind[d->start]]);
	for (uint32_t i = 0; class_of_state != NULL && i < d->states; i++) {
		uint32_t k = f.kind[i];

		class_of_state[i] = k == UNKNOWN ? 0 : w.number[kind_of[k]];
	}
	*d = w.d;
	free(w.number);
	free(kind_of);
	fold_fini(&f);
}
