/* argv_kinds.c -- the kinds of arguments that readers can tell apart.
 *
 * What an argument spells, its canonical form and that of what is attached to
 * it are each walked through by themselves; every combination is a kind. */
#include <stdlib.h>

#include "analysis/argv_bytes.h"
#include "base/must.h"

enum {
	ROWS_MAX = 1 << 16,	/* of one exploration */
	KINDS_MAX = 1 << 15,
	PAIRS_MAX = 1 << 20,	/* combinations tried */
	CLUSTERS_MAX = 256,
};

enum attaching { NOTHING, ONE, MANY, IN_FILE, EMPTY };

struct parts { /* what effects are put together from */
	const struct argv_units *u;
	struct vectors spelled;	/* effect, and in front enum attaching */
	struct vectors path, attached, clusters;
	struct vectors behind;	/* attached to a file's name */
	struct arena arena;
};

/* ---- readers of a unit */

void
argv_readers(const struct argv_units *u, argv_on_reader *on, void *arg)
{
	for (uint32_t i = 0; i < u->n; i++) {
		const struct argv_unit *x = &u->v[i];
		const struct f_creader *r = x->im->creaders;

		for (uint32_t k = 0; x->grants && k < x->c->readers.n; k++)
			on(arg, x, &r[x->c->readers.first + k], false, k);
		for (uint32_t k = 0; x->denies && k < x->c->words.n; k++)
			on(arg, x, &r[x->c->words.first + k], true, k);
	}
}

/* What a reader's finding is in an effect. */
void
argv_put_found(const struct argv_unit *u, const struct f_creader *r, bool deny,
    uint32_t number, uint32_t label, uint32_t *words, uint32_t *labels)
{
	struct f_span list;

	if (!deny) {
		labels[number] = label;
		return;
	}
	if (label >= r->lists.n)
		return;
	list = u->im->clists[r->lists.first + label];
	for (uint32_t i = 0; i < list.n; i++) {
		uint32_t word = u->im->crefs[list.first + i];

		words[word / 32] |= UINT32_C(1) << (word % 32);
	}
}

/* "tar xf": read as if a dash were before it. */
bool
argv_is_old(const struct argv_unit *u, const struct f_creader *r, bool deny)
{
	return deny && (u->c->flags & COMMAND_OLD_STYLE) != 0 &&
	    r->source == READ_ARGUMENT;
}

uint32_t
argv_old_start(const struct argv_unit *u, const struct f_creader *r)
{
	return walk_byte(u->im->csteps, r->walk, '-');
}

/* ---- which walks there are */

struct taking {
	struct reading_of *r;
	bool full;
};

static void
take_reader(void *arg, const struct argv_unit *u, const struct f_creader *r,
    bool deny, uint32_t number)
{
	struct taking *t = arg;
	struct walks *w = r->source == READ_ARGUMENT ? &t->r->spelled :
	    r->source == READ_VALUE ? &t->r->value : &t->r->path;

	(void)number;
	t->full |= walks_add(w, u->im->csteps, u->im->ncsteps, r->walk) ==
	    VECTORS_NONE;
	if (argv_is_old(u, r, deny))
		t->full |= walks_add(w, u->im->csteps, u->im->ncsteps,
		    argv_old_start(u, r)) == VECTORS_NONE;
}

/* false: too many. */
bool
argv_reading(const struct argv_units *u, bool paths, struct reading_of *r)
{
	const struct walks *const w[] = { &r->spelled, &r->value, &r->path };
	struct taking t = { r, false };

	*r = (struct reading_of){ .paths = paths };
	argv_readers(u, take_reader, &t);
	if (!t.full)
		bytes_of(w, paths ? 3 : 2, &r->bytes);
	return !t.full;
}

/* ---- what an argument spells */

struct spelling {
	const struct reading_of *r;
	const uint32_t *row;
	uint32_t *effect;
};

static uint32_t
label_in(const struct walks *w, const uint32_t *v, const struct f_step *steps,
    uint32_t start)
{
	for (uint32_t i = 0; i < w->n; i++)
		if (w->v[i].steps == steps && w->v[i].start == start)
			return walk_label(steps, v[i]);
	return 0;
}

static void
put_spelled(void *arg, const struct argv_unit *u, const struct f_creader *r,
    bool deny, uint32_t number)
{
	struct spelling *s = arg;
	const uint32_t *v = s->row + ROW_WALKS;
	uint32_t label = 0;

	if (argv_is_old(u, r, deny) && !row_is_empty(s->row) &&
	    !row_is_dashed(s->row))
		argv_put_found(u, r, deny, number, label_in(&s->r->spelled, v,
		    u->im->csteps, argv_old_start(u, r)), s->effect + u->old_at,
		    NULL);
	if (r->source == READ_ARGUMENT)
		label = label_in(&s->r->spelled, v, u->im->csteps, r->walk);
	else if (r->source == READ_VALUE && row_has_value(s->row) &&
	    !(u->plain && row_is_file(s->row)))
		label = label_in(&s->r->value, v + s->r->spelled.n,
		    u->im->csteps, r->walk);
	else
		return;
	argv_put_found(u, r, deny, number, label, s->effect + u->words_at,
	    s->effect + u->labels_at);
}

static enum attaching
attaching_of(const uint32_t *row)
{
	/* Told apart from others, since it is no path. */
	if (row_is_empty(row))
		return EMPTY;
	if (!row_has_attached(row))
		return NOTHING;
	return row_has_cluster(row) ? MANY : row_is_file(row) ? IN_FILE :
								    ONE;
}

/* All that there can be; false: too many. */
static bool
spell_all(struct parts *p)
{
	struct reading_of r;
	struct vectors rows;
	uint32_t *row, *effect = mem_alloc(p->u->effect + 1, sizeof(*effect));

	if (!argv_reading(p->u, false, &r)) {
		free(effect);
		return false;
	}
	vectors_init(&rows, row_width(&r));
	row = mem_alloc(2 * (size_t)rows.width, sizeof(*row));
	row_begin(&r, row);
	(void)vectors_add(&rows, row);
	for (uint32_t i = 0; i < rows.n && rows.n <= ROWS_MAX; i++) {
		struct spelling s = { &r, row, effect + 1 };

		memcpy(row, vectors_row(&rows, i), rows.width * sizeof(*row));
		memset(effect, 0, (p->u->effect + 1) * sizeof(*effect));
		effect[0] = attaching_of(row);
		argv_readers(p->u, put_spelled, &s);
		(void)vectors_add(&p->spelled, effect);
		for (uint32_t k = 0; k < r.bytes.n; k++) {
			row_step(&r, row, r.bytes.v[k], row + rows.width);
			(void)vectors_add(&rows, row + rows.width);
		}
	}
	free(row);
	free(effect);
	vectors_fini(&rows);
	return rows.n <= ROWS_MAX;
}

/* ---- where it leads */

struct leading {
	const struct walks *w;
	const uint32_t *row;
	uint32_t *path, *attached;	/* effects */
};

static void
put_leading(void *arg, const struct argv_unit *u, const struct f_creader *r,
    bool deny, uint32_t number)
{
	struct leading *l = arg;
	uint32_t *to = r->source == READ_PATH ? l->path : l->attached;

	if (r->source == READ_PATH || r->source == READ_ATTACHED)
		argv_put_found(u, r, deny, number, label_in(l->w, l->row,
		    u->im->csteps, r->walk), to + u->words_at,
		    to + u->labels_at);
}

/* A cluster's option is a deny's alone: what grants find stays out. */
static void
drop_labels(const struct argv_units *u, uint32_t *effect)
{
	for (uint32_t i = 0; i < u->n; i++)
		if (u->v[i].grants)
			memset(effect + u->v[i].labels_at, 0,
			    u->v[i].c->readers.n * sizeof(*effect));
}

/* For a plain side nothing is attached. */
static void
drop_plain(const struct argv_units *u, uint32_t *effect)
{
	for (uint32_t i = 0; i < u->n; i++)
		if (u->v[i].denies && u->v[i].plain)
			memset(effect + u->v[i].words_at, 0,
			    argv_words(&u->v[i]) * sizeof(*effect));
}

static bool
paths_take(struct parts *p)
{
	uint32_t *effect = mem_alloc(2 * (size_t)p->u->effect,
	    sizeof(*effect));
	uint32_t *attached = effect + p->u->effect;
	struct lead l;
	bool ok = lead_all(p->u, &p->arena, &l);

	/* None at all: there is no such form. */
	(void)vectors_add(&p->path, effect);
	(void)vectors_add(&p->attached, effect);
	(void)vectors_add(&p->clusters, effect);
	(void)vectors_add(&p->behind, effect);
	for (uint32_t i = 0; ok && i < l.rows.n; i++) {
		struct leading x = { &l.r.path, vectors_row(&l.rows, i) + 1,
			effect, attached };

		if (!lead_is_whole(&l, i))
			continue;
		memset(effect, 0, 2 * p->u->effect * sizeof(*effect));
		argv_readers(p->u, put_leading, &x);
		(void)vectors_add(&p->path, effect);
		(void)vectors_add(&p->attached, attached);
		memcpy(effect, attached, p->u->effect * sizeof(*effect));
		drop_plain(p->u, effect);
		(void)vectors_add(&p->behind, effect);
		drop_labels(p->u, attached);
		(void)vectors_add(&p->clusters, attached);
	}
	lead_fini(&l);
	free(effect);
	return ok;
}

/* Each place of a cluster counts, so that one argument may be all of some. */
static bool
clusters_close(struct parts *p)
{
	uint32_t width = p->u->effect, n = p->clusters.n;
	uint32_t *both = mem_alloc(width, sizeof(*both));

	for (uint32_t i = 0; i < p->clusters.n &&
	    p->clusters.n <= CLUSTERS_MAX; i++)
		for (uint32_t k = 0; k < n; k++) {
			for (uint32_t w = 0; w < width; w++)
				both[w] = vectors_row(&p->clusters, i)[w] |
				    vectors_row(&p->clusters, k)[w];
			(void)vectors_add(&p->clusters, both);
		}
	free(both);
	return p->clusters.n <= CLUSTERS_MAX;
}

/* ---- all of it together */

struct joining {
	struct vectors *to;
	uint32_t *sum;
	uint64_t tried;
};

static void
join(struct joining *j, const uint32_t *a, const uint32_t *b,
    const uint32_t *c, const uint32_t *d)
{
	for (uint32_t i = 0; i < j->to->width; i++)
		j->sum[i] = a[i] | b[i] | c[i] | d[i];
	(void)vectors_add(j->to, j->sum);
	j->tried++;
}

static bool
join_spelled(struct joining *j, const struct parts *p, uint32_t i)
{
	const uint32_t *s = vectors_row(&p->spelled, i);
	const struct vectors *one = s[0] == IN_FILE ? &p->behind :
						       &p->attached;
	uint32_t paths = s[0] == EMPTY ? 1 : p->path.n;
	uint32_t ones = s[0] == EMPTY || s[0] == NOTHING ? 1 : one->n;
	uint32_t many = s[0] == MANY ? p->clusters.n : 1;

	for (uint32_t x = 0; x < paths; x++)
		for (uint32_t y = 0; y < ones; y++)
			for (uint32_t z = 0; z < many; z++) {
				if (j->tried > PAIRS_MAX ||
				    j->to->n > KINDS_MAX)
					return false;
				join(j, s + 1, vectors_row(&p->path, x),
				    vectors_row(one, y),
				    vectors_row(&p->clusters, z));
			}
	return true;
}

static bool
join_all(const struct parts *p, struct vectors *to)
{
	struct joining j = { to, mem_alloc(p->u->effect, sizeof(*j.sum)), 0 };
	bool ok = true;

	for (uint32_t i = 0; ok && i < p->spelled.n; i++)
		ok = join_spelled(&j, p, i);
	free(j.sum);
	return ok;
}

int
argv_kinds_make(const struct argv_units *u, struct argv_kinds *k)
{
	struct parts p = { .u = u };
	bool ok;

	*k = (struct argv_kinds){ .cwd = STR("") };
	vectors_init(&k->effects, u->effect);
	vectors_init(&p.spelled, u->effect + 1);
	vectors_init(&p.path, u->effect);
	vectors_init(&p.attached, u->effect);
	vectors_init(&p.clusters, u->effect);
	vectors_init(&p.behind, u->effect);
	ok = spell_all(&p) && paths_take(&p) && clusters_close(&p) &&
	    join_all(&p, &k->effects);
	vectors_fini(&p.spelled);
	vectors_fini(&p.path);
	vectors_fini(&p.attached);
	vectors_fini(&p.clusters);
	vectors_fini(&p.behind);
	arena_fini(&p.arena);
	return ok ? 0 : -1;
}

void
argv_kinds_fini(struct argv_kinds *k)
{
	vectors_fini(&k->effects);
	arena_fini(&k->arena);
}
