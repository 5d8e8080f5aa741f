/* argv_texts.c -- arguments of each kind, as a person would type them.
 *
 * Texts are tried that differ for some reader, and with them ways to write the
 * same path; which kind each is, the enforcer's own functions say. */
#include <stdlib.h>

#include "analysis/argv_bytes.h"
#include "base/must.h"

enum {
	ROWS_MAX = 1 << 16,
	TEXT_MAX = 512,
};

/* ---- which kind a text is */

struct judging {
	const struct exec_scan *s;
	struct str arg, value, path, attached;
	uint32_t *effect;
};

static void
put_cluster(struct judging *j, const struct argv_unit *u,
    const struct f_creader *r)
{
	char buf[PATH_BYTES_MAX];
	struct str rest;
	size_t at = 2;

	while (exec_clustered(j->arg, &at, &rest)) {
		rest = exec_path_of(j->s, rest, buf);
		if (rest.len > 0)
			argv_put_found(u, r, true, 0, walk_label(
			    u->im->csteps, walk_text(u->im->csteps, r->walk,
			    rest)), j->effect + u->words_at, NULL);
	}
}

static void
put_judged(void *arg, const struct argv_unit *u, const struct f_creader *r,
    bool deny, uint32_t number)
{
	struct judging *j = arg;
	const struct str forms[] = { [READ_ARGUMENT] = j->arg,
		[READ_VALUE] = j->value, [READ_PATH] = j->path,
		[READ_ATTACHED] = j->attached };
	struct str text = forms[r->source];
	const struct f_step *w = u->im->csteps;
	uint32_t at;

	if (u->plain && j->arg.len > 0 && j->arg.p[0] != '-' &&
	    str_index(j->arg, '/') < str_index(j->arg, '=') && (r->source ==
	    READ_VALUE || r->source == READ_ATTACHED))
		return;
	if (text.len > 0 || r->source == READ_ARGUMENT)
		argv_put_found(u, r, deny, number, walk_label(w, walk_text(w,
		    r->walk, text)), j->effect + u->words_at,
		    j->effect + u->labels_at);
	if (deny && r->source == READ_ATTACHED)
		put_cluster(j, u, r);
	if (!argv_is_old(u, r, deny) || text.len == 0 || text.p[0] == '-')
		return;
	at = argv_old_start(u, r);
	argv_put_found(u, r, deny, number, walk_label(w, walk_text(w, at,
	    text)), j->effect + u->old_at, NULL);
}

static void
judge_text(const struct argv_units *u, struct str text, struct str cwd,
    uint32_t *effect)
{
	char path[PATH_BYTES_MAX], attached[PATH_BYTES_MAX];
	struct str argv[] = { STR("x"), text };
	struct exec_form form = { .argv = argv, .argc = 2 };
	struct exec_query q = { .forms = &form, .nforms = 1, .cwd = cwd };
	struct exec_scan s = { .q = &q, .form = &form };
	struct judging j = { .s = &s, .arg = text, .effect = effect };

	j.value = exec_value(text);
	j.path = exec_arg_path(&s, 1, path);
	j.attached = exec_arg_attached(&s, 1, attached);
	memset(effect, 0, u->effect * sizeof(*effect));
	argv_readers(u, put_judged, &j);
}

/* ---- texts to be tried */

struct showing {
	const struct argv_units *u;
	struct argv_kinds *k;
	uint32_t *effect;
	uint32_t left;		/* kinds that have none yet */
};

static void
try_text(struct showing *s, struct str text)
{
	uint32_t kind;
	char *copy;

	judge_text(s->u, text, s->k->cwd, s->effect);
	kind = vectors_find(&s->k->effects, s->effect);
	must(kind != VECTORS_NONE);	/* all that there can be are there */
	if (s->k->texts[kind].p != NULL)
		return;
	copy = arena_strdup(&s->k->arena, text);
	must(copy != NULL);
	s->k->texts[kind] = str_of(copy, text.len);
	s->left--;
}

/* The same path, written with `more' at that place. */
static void
try_with(struct showing *s, struct str text, size_t at, const char *more)
{
	char buf[2 * TEXT_MAX];
	size_t len = strlen(more);

	if (text.len + len > sizeof(buf))
		return;
	memcpy(buf, text.p, at);
	memcpy(buf + at, more, len);
	memcpy(buf + at + len, text.p + at, text.len - at);
	try_text(s, str_of(buf, text.len + len));
}

static void
try_all(struct showing *s, struct str text)
{
	static const char *const within[] = { "/.", "/", "/x/.." };

	try_text(s, text);
	for (size_t i = 0; i < text.len; i++)
		for (size_t k = 0; text.p[i] == '/' && k < 3; k++)
			try_with(s, text, i, within[k]);
	if (str_index(text, '/') < text.len)
		for (size_t k = 0; k < 3; k++)
			try_with(s, text, text.len, within[k]);
	else
		try_with(s, text, 0, "./");
}

/* ---- one text for each state of all readers together */

struct rows {
	struct vectors v;
	uint32_t *from;
	unsigned char *by;
	uint32_t cap;
};

static void
rows_add(struct rows *r, const uint32_t *row, uint32_t from, unsigned char by)
{
	uint32_t n = r->v.n;

	if (vectors_add(&r->v, row) != n)
		return;
	if (n == r->cap) {
		r->cap = r->cap == 0 ? 256 : 2 * r->cap;
		r->from = mem_grow(r->from, r->cap, sizeof(*r->from));
		r->by = mem_grow(r->by, r->cap, 1);
	}
	r->from[n] = from;
	r->by[n] = by;
}

static struct str
rows_text(const struct rows *r, uint32_t at, char buf[TEXT_MAX])
{
	size_t n = TEXT_MAX;

	for (; at != 0 && n > 0; at = r->from[at])
		buf[--n] = (char)r->by[at];
	return str_of(buf + n, at == 0 ? TEXT_MAX - n : 0);
}

static void
cwd_set(struct reading_of *r, struct str cwd)
{
	for (uint32_t i = 0; i < r->path.n; i++) {
		const struct walk_of *w = &r->path.v[i];

		r->cwd[i] = cwd.len == 0 ? 0 : cwd.len == 1 ? w->start :
		    walk_text(w->steps, w->start, cwd);
	}
}

static void
show(const struct argv_units *u, struct argv_kinds *k)
{
	struct showing s = { u, k, mem_alloc(u->effect, sizeof(*s.effect)),
		k->effects.n };
	struct reading_of r;
	struct rows rows = { .cap = 0 };
	uint32_t *row;
	char buf[TEXT_MAX];

	must(argv_reading(u, true, &r));	/* it did for all kinds */
	cwd_set(&r, k->cwd);
	vectors_init(&rows.v, row_width(&r));
	row = mem_alloc(2 * (size_t)rows.v.width, sizeof(*row));
	row_begin(&r, row);
	rows_add(&rows, row, 0, 0);
	for (uint32_t i = 0; i < rows.v.n && rows.v.n <= ROWS_MAX &&
	    s.left > 0; i++) {
		memcpy(row, vectors_row(&rows.v, i), rows.v.width *
		    sizeof(*row));
		if (i > 0)
			try_all(&s, rows_text(&rows, i, buf));
		for (uint32_t b = 0; b < r.bytes.n; b++) {
			row_step(&r, row, r.bytes.v[b], row + rows.v.width);
			rows_add(&rows, row + rows.v.width, i, r.bytes.v[b]);
		}
	}
	try_text(&s, STR(""));	/* where nothing better will do */
	vectors_fini(&rows.v);
	free(rows.from);
	free(rows.by);
	free(row);
	free(s.effect);
}

void
argv_kinds_show(const struct argv_units *u, struct argv_kinds *k,
    struct str cwd)
{
	k->cwd = cwd;
	for (uint32_t i = 0; i < k->nshown; i++)
		if (str_eq(k->shown[i].cwd, cwd)) {
			k->texts = k->shown[i].texts;
			return;
		}
	must(k->nshown < 1 + ARGV_PLACES_MAX);
	k->texts = arena_alloc(&k->arena, k->effects.n, sizeof(*k->texts));
	must(k->texts != NULL);
	k->shown[k->nshown].cwd = cwd;
	k->shown[k->nshown++].texts = k->texts;
	show(u, k);
}
