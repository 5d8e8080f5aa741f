/* argv_paths.c -- all paths that an argument may lead to: one for each state
 * of all readers of paths together. */
#include <stdlib.h>

#include "analysis/argv_bytes.h"
#include "analysis/classes.h"
#include "base/must.h"

enum { ROWS_MAX = 1 << 16 };

static void
lead_add(struct lead *l, const uint32_t *row, uint32_t from, unsigned char by)
{
	uint32_t n = l->rows.n;

	if (vectors_add(&l->rows, row) != n)
		return;
	if (n == l->cap) {
		l->cap = l->cap == 0 ? 256 : 2 * l->cap;
		l->from = mem_grow(l->from, l->cap, sizeof(*l->from));
		l->by = mem_grow(l->by, l->cap, 1);
	}
	l->from[n] = from;
	l->by[n] = by;
}

static void
lead_step(struct lead *l, uint32_t from, unsigned char b, uint32_t *row)
{
	const uint32_t *at = vectors_row(&l->rows, from);

	row[0] = l->can.next[(size_t)at[0] * l->can.classes +
	    l->can.class_of[b]];
	if (row[0] == 0)
		return;	/* no path goes on like this */
	for (uint32_t i = 0; i < l->r.path.n; i++)
		row[1 + i] = walk_byte(l->r.path.v[i].steps, at[1 + i],
		    (char)b);
	lead_add(l, row, from, b);
}

bool
lead_all(const struct argv_units *u, struct arena *a, struct lead *l)
{
	const struct walks *only = &l->r.path;
	uint32_t row[1 + WALKS_MAX];

	*l = (struct lead){ .cap = 0 };
	if (!argv_reading(u, false, &l->r))
		return false;
	bytes_of(&only, 1, &l->r.bytes);
	universe_of(universe_file, a, &l->can);
	vectors_init(&l->rows, 1 + l->r.path.n);
	row[0] = l->can.start;
	for (uint32_t i = 0; i < l->r.path.n; i++)
		row[1 + i] = l->r.path.v[i].start;
	lead_add(l, row, 0, 0);
	for (uint32_t i = 0; i < l->rows.n && l->r.path.n > 0; i++) {
		if (l->rows.n > ROWS_MAX)
			return false;
		for (uint32_t k = 0; k < l->r.bytes.n; k++)
			lead_step(l, i, l->r.bytes.v[k], row);
	}
	return true;
}

void
lead_fini(struct lead *l)
{
	vectors_fini(&l->rows);
	free(l->from);
	free(l->by);
}

static struct str
lead_text(const struct lead *l, uint32_t at, struct arena *a)
{
	size_t n = 0;
	char *p;

	for (uint32_t i = at; i != 0; i = l->from[i])
		n++;
	p = arena_alloc(a, n + 1, 1);
	must(p != NULL);
	for (size_t i = n; at != 0; at = l->from[at])
		p[--i] = (char)l->by[at];
	return str_of(p, n);
}

bool
lead_is_whole(const struct lead *l, uint32_t i)
{
	return l->can.label[vectors_row(&l->rows, i)[0]] != 0;
}

/* ---- where one may be */

static struct str
parent_of(struct str path)
{
	size_t n = path.len;

	while (n > 1 && path.p[n - 1] != '/')
		n--;
	return str_head(path, n > 1 ? n - 1 : n);
}

static void
place_add(struct argv_kinds *k, struct str dir)
{
	for (uint32_t i = 0; i < k->nplaces; i++)
		if (str_eq(k->places[i], dir))
			return;
	if (k->nplaces < ARGV_PLACES_MAX)
		k->places[k->nplaces++] = dir;
}

void
argv_kinds_places(const struct argv_units *u, struct argv_kinds *k)
{
	struct vectors labels;
	uint32_t row[WALKS_MAX];
	struct lead l;
	bool ok;

	if (k->placed)
		return;
	k->placed = true;
	ok = lead_all(u, &k->arena, &l);

	vectors_init(&labels, WALKS_MAX);
	memset(row, 0, sizeof(row));
	(void)vectors_add(&labels, row);
	for (uint32_t i = 0; ok && i < l.rows.n; i++) {
		const uint32_t *v = vectors_row(&l.rows, i) + 1;
		uint32_t was = labels.n;

		if (!lead_is_whole(&l, i))
			continue;
		for (uint32_t w = 0; w < l.r.path.n; w++)
			row[w] = walk_label(l.r.path.v[w].steps, v[w]);
		if (vectors_add(&labels, row) == was) {
			struct str text = lead_text(&l, i, &k->arena);

			place_add(k, parent_of(text));
			place_add(k, text);
		}
	}
	vectors_fini(&labels);
	lead_fini(&l);
}
