#include "analysis/space_files.h"

#include <stdlib.h>

#include "analysis/classes.h"
#include "base/err.h"
#include "base/must.h"
#include "policy/files.h"
#include "policy/match.h"

enum { STATES = 2 * FILE_BOOKS_MAX };	/* of each policy and its maximum */

struct place { /* a path that stands for all in the same states */
	uint64_t state[STATES];
	struct str path;
};

struct places { /* a table of those seen, and the order in which */
	struct place *v;
	uint32_t n, room;
	uint32_t *slot;		/* index + 1; a power of two of them */
	uint32_t nslots;
};

static void *
need(void *p)
{
	must(p != NULL);	/* the arena has no limit of its own */
	return p;
}

/* ---- names */

struct naming { /* parts of patterns between slashes */
	struct nfa *nfa;
	struct strs seen;
	struct arena *arena;
	uint32_t ids;
};

static void
put_part(struct naming *n, const char *p, size_t len)
{
	nfa_accept(n->nfa, nfa_pattern(n->nfa, str_of(p, len)), n->ids++);
}

/* "a**b" goes over slashes: a name may begin as its front and end as its
 * end. */
static void
put_component(struct naming *n, struct str c, bool spans_in, bool spans_out)
{
	char *p = need(arena_alloc(n->arena, c.len + 3, 1));
	size_t len = 0;

	if (c.len == 0)
		return;
	if (spans_in)
		p[len++] = OP_STAR;
	memcpy(p + len, c.p, c.len);
	len += c.len;
	if (spans_out)
		p[len++] = OP_STAR;
	put_part(n, p, len);
}

static void
put_pattern(struct naming *n, struct str s)
{
	size_t from = 0;
	bool in = false;

	for (size_t i = 0; i < s.len; i += match_op_len(str_from(s, i))) {
		char c = s.p[i];

		if (match_op_len(str_from(s, i)) == 0)
			return;	/* matches nothing */
		if (c != '/' && c != OP_SPAN && c != OP_DIRS)
			continue;
		put_component(n, str_of(s.p + from, i - from), in,
		    c == OP_SPAN);
		in = c == OP_SPAN;
		from = i + 1;
	}
	put_component(n, str_from(s, from), in, false);
}

static int
by_pattern(const void *a, const void *b)
{
	const struct str *x = a, *y = b;
	size_t n = x->len < y->len ? x->len : y->len;
	int c = memcmp(x->p, y->p, n);

	return c != 0 ? c : x->len < y->len ? -1 : x->len > y->len;
}

static uint32_t
count(const struct pol_files *f)
{
	uint32_t n = 0;

	for (const struct pol_file *r = f->list; r != NULL; r = r->next)
		n++;
	return n;
}

static uint32_t
add_patterns(const struct pol_files *f, struct str *out)
{
	uint32_t n = 0;

	for (const struct pol_file *r = f->list; r != NULL; r = r->next)
		out[n++] = r->base;
	return n;
}

static void
add_rules(struct naming *n, struct checked *k)
{
	struct pol_files ours = { .end = &ours.list };
	struct str *v;
	uint32_t got;

	if (k == NULL)
		return;
	baseline_add(&k->c, &ours);
	v = mem_alloc((size_t)count(&k->c.pol.files) + count(&ours) + 1,
	    sizeof(*v));
	got = add_patterns(&k->c.pol.files, v);
	got += add_patterns(&ours, v + got);
	qsort(v, got, sizeof(*v), by_pattern);
	for (uint32_t i = 0; i < got; i++)
		if (i == 0 || !str_eq(v[i], v[i - 1]))
			put_pattern(n, v[i]);
	free(v);
}

static int
take_names(struct files_space *s, struct classes *out, struct err *e)
{
	struct naming n = { .nfa = nfa_new(s->arena), .arena = s->arena };
	struct dfa all;

	for (uint32_t i = 0; i < s->nbooks; i++) {
		add_rules(&n, s->book[i]->checked);
		add_rules(&n, s->book[i]->checked->max);
	}
	universe_of(universe_component, s->arena, &all);
	if (classes_of(n.nfa, &all, s->arena, out) == -1)
		return err_set(e, ERR_LIMIT, "the names of files that rules "
		    "tell apart are too many");
	return 0;
}

/* ---- places */

static void
state_of(const struct files_space *s, struct str path,
    uint64_t out[STATES])
{
	memset(out, 0, STATES * sizeof(*out));
	for (uint32_t i = 0; i < s->nbooks; i++) {
		struct file_state one = policy_file_state(s->book[i]->image,
		    path);

		out[2 * i] = one.own;
		out[2 * i + 1] = one.maximum;
	}
}

static uint32_t
hash_of(const uint64_t state[STATES])
{
	uint64_t h = UINT64_C(14695981039346656037);

	for (unsigned i = 0; i < STATES; i++)
		h = (h ^ state[i] ^ state[i] >> 29) *
		    UINT64_C(1099511628211);
	return (uint32_t)(h >> 32);
}

static void
put_slot(struct places *p, uint32_t index)
{
	uint32_t at = hash_of(p->v[index].state) & (p->nslots - 1);

	while (p->slot[at] != 0)
		at = (at + 1) & (p->nslots - 1);
	p->slot[at] = index + 1;
}

static void
grow(struct places *p)
{
	p->room = p->room == 0 ? 1024 : 2 * p->room;
	p->nslots = 4 * p->room;
	p->v = mem_grow(p->v, p->room, sizeof(*p->v));
	free(p->slot);
	p->slot = mem_alloc(p->nslots, sizeof(*p->slot));
	for (uint32_t i = 0; i < p->n; i++)
		put_slot(p, i);
}

static bool
is_seen(const struct places *p, const uint64_t state[STATES])
{
	uint32_t at = hash_of(state) & (p->nslots - 1);

	for (; p->slot[at] != 0; at = (at + 1) & (p->nslots - 1))
		if (memcmp(p->v[p->slot[at] - 1].state, state,
			STATES * sizeof(*state)) == 0)
			return true;
	return false;
}

/* false: it stands for a place that was seen. */
static bool
add(struct files_space *s, struct places *p, struct str path)
{
	uint64_t state[STATES];
	char *copy;

	state_of(s, path, state);
	if (is_seen(p, state))
		return false;
	if (p->n == p->room)
		grow(p);
	copy = need(arena_strdup(s->arena, path));
	memcpy(p->v[p->n].state, state, sizeof(state));
	p->v[p->n++].path = str_of(copy, path.len);
	put_slot(p, p->n - 1);
	return true;
}

/* ---- the walk */

static bool
look_into(struct files_space *s, struct places *p, const struct classes *names,
    struct str dir)
{
	char path[PATH_BYTES_MAX];
	size_t len = dir.len == 1 ? 0 : dir.len;

	memcpy(path, dir.p, len);
	path[len++] = '/';
	for (uint32_t i = 0; i < names->n; i++) {
		struct str name = names->v[i].example;

		if (len + name.len >= sizeof(path))
			continue;
		memcpy(path + len, name.p, name.len);
		if (add(s, p, str_of(path, len + name.len)) &&
		    !s->on(s->arg, p->v[p->n - 1].path))
			return false;
	}
	return true;
}

static int
walk(struct files_space *s, struct places *p, const struct classes *names,
    struct err *e)
{
	grow(p);
	if (add(s, p, STR("/")) && !s->on(s->arg, p->v[0].path))
		return 0;
	for (uint32_t i = 0; i < p->n; i++) {
		if (!look_into(s, p, names, p->v[i].path))
			return 0;
		if (p->n > FILE_PLACES_MAX)
			return err_set(e, ERR_LIMIT, "the places that rules "
			    "about files tell apart are too many");
	}
	return 0;
}

int
files_walk(struct files_space *s, struct err *e)
{
	struct places p = { 0 };
	struct classes names;
	int rc = take_names(s, &names, e);

	if (rc == 0)
		rc = walk(s, &p, &names, e);
	free(p.v);
	free(p.slot);
	return rc;
}
