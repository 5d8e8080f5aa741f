/* exec_read.c -- arguments against a command's patterns, all of them at
 * once (form_commands.h). */
#include "base/compat.h"
#include "policy/exec_scan.h"

struct reading { /* of one argument; its other forms are made when needed */
	const struct exec_scan *s;
	uint32_t i;
	bool has_path, has_attached;
	struct str path, attached;
	char path_buf[PATH_BYTES_MAX], attached_buf[PATH_BYTES_MAX];
};

static void
reading_of(struct reading *r, uint32_t i)
{
	r->i = i;
	r->has_path = r->has_attached = false;
}

static struct str
source(struct reading *r, uint32_t which)
{
	switch (which) {
	case READ_PATH:
		if (!r->has_path)
			r->path = exec_arg_path(r->s, r->i, r->path_buf);
		r->has_path = true;
		return r->path;
	case READ_VALUE:
		return exec_value(exec_arg(r->s, r->i));
	case READ_ATTACHED:
		if (!r->has_attached)
			r->attached = exec_arg_attached(r->s, r->i,
			    r->attached_buf);
		r->has_attached = true;
		return r->attached;
	default:
		return exec_arg(r->s, r->i);
	}
}

static uint32_t
found(struct reading *r, const struct f_creader *c)
{
	const struct f_step *w = r->s->im->csteps;
	struct str text = source(r, c->source);

	if (text.len == 0 && c->source != READ_ARGUMENT)
		return 0;	/* there is no such form */
	return walk_label(w, walk_text(w, c->walk, text));
}

static struct f_span
list_of(const struct image *im, struct f_span lists, uint32_t label)
{
	if (label >= lists.n)
		return (struct f_span){ 0, 0 };
	return im->clists[lists.first + label];
}

static void
each(const struct exec_scan *s, struct f_span rules, exec_on *on, void *arg)
{
	for (uint32_t i = 0; i < rules.n; i++)
		on(arg, &s->im->crules[rules.first + i]);
}

static void
each_of(const struct exec_scan *s, struct f_span list, exec_on *on, void *arg)
{
	for (uint32_t i = 0; i < list.n; i++)
		on(arg, &s->im->crules[s->im->crefs[list.first + i]]);
}

/* ---- grants */

struct states {
	uint32_t v[PARTS_MAX];
	uint32_t n;
};

static uint32_t
cares(const struct image *im, const struct states *st)
{
	uint32_t labels = 0;

	for (uint32_t p = 0; p < st->n; p++)
		labels |= walk_label(im->csteps, st->v[p]);
	return labels & PART_CARES;
}

/* What a reader found of an argument; false: none can match any more. */
static bool
step(const struct image *im, struct states *st, const struct f_creader *r,
    uint32_t label)
{
	uint32_t any = 0;

	for (uint32_t p = 0; p < st->n; p++) {
		uint32_t state = st->v[p];

		if (r->wide != 0)
			state = walk_byte(im->csteps, state,
			    (char)(label >> 8));
		state = walk_byte(im->csteps, state, (char)(label & 0xff));
		st->v[p] = state;
		any |= state;
	}
	return any != 0;
}

/* Apart from its caller, since only few commands need so much of the stack. */
static bool __attribute__((noinline))
grants_run(const struct exec_scan *s, const struct f_command *c,
    struct states *st)
{
	const struct f_creader *readers = &s->im->creaders[c->readers.first];
	struct reading r __attribute__((uninitialized));

	r.s = s;
	for (uint32_t a = 1; a <= exec_args(s); a++) {
		reading_of(&r, a);
		for (uint32_t i = 0; i < c->readers.n; i++) {
			uint32_t label = cares(s->im, st) != 0 ?
			    found(&r, &readers[i]) : 0;

			if (!step(s->im, st, &readers[i], label))
				return false;
		}
	}
	return true;
}

void
exec_grants(const struct exec_scan *s, const struct f_command *c, exec_on *on,
    void *arg)
{
	const struct f_cpart *parts = &s->im->cparts[c->parts.first];
	struct states st __attribute__((uninitialized));

	each(s, c->bare, on, arg);
	st.n = c->parts.n;
	if (st.n == 0)
		return;
	for (uint32_t p = 0; p < st.n; p++)
		st.v[p] = parts[p].walk;
	if (!grants_run(s, c, &st))
		return;
	for (uint32_t p = 0; p < st.n; p++)
		each_of(s, list_of(s->im, parts[p].lists,
		    walk_label(s->im->csteps, st.v[p]) & PART_LIST), on,
		    arg);
}

/* ---- denies */

struct seen { /* words of a command's denies */
	uint64_t bits[WORDS_MAX / 64 + 1];
	uint32_t words;
};

static void
seen_add(const struct image *im, struct seen *seen, struct f_span list)
{
	for (uint32_t i = 0; i < list.n; i++) {
		uint32_t word = im->crefs[list.first + i];

		seen->bits[word / 64] |= UINT64_C(1) << (word % 64);
	}
}

static bool
seen_all(const struct image *im, const struct seen *seen, struct f_span needs)
{
	for (uint32_t i = 0; i < needs.n; i++) {
		uint32_t word = im->crefs[needs.first + i];

		if (word != 0 && (seen->bits[word / 64] >> (word % 64) & 1) ==
		    0)
			return false;
	}
	return true;
}

static bool
list_has(const struct image *im, struct f_span list, uint32_t word)
{
	for (uint32_t i = 0; i < list.n; i++)
		if (im->crefs[list.first + i] == word)
			return true;
	return false;
}

/* Is this argument the word? */
static bool
arg_is(struct reading *r, const struct f_command *c, uint32_t word)
{
	const struct image *im = r->s->im;

	for (uint32_t i = 0; word != 0 && i < c->words.n; i++) {
		const struct f_creader *rd =
		    &im->creaders[c->words.first + i];

		if (list_has(im, list_of(im, rd->lists, found(r, rd)), word))
			return true;
	}
	return word == 0;
}

/* Its words that are no options, one after the other, with anything in
 * between. */
static bool
in_order(struct reading *r, const struct f_command *c, const struct f_crule *d)
{
	const uint32_t *needs = &r->s->im->crefs[d->needs.first];
	uint32_t at = d->options;

	for (uint32_t a = 1; at < d->needs.n && a <= exec_args(r->s); a++) {
		reading_of(r, a);
		at += arg_is(r, c, needs[at]);
	}
	return at == d->needs.n;
}

/* "tar xf": an argument that is a cluster without its dash. */
static void
read_old(struct reading *r, const struct f_command *c, struct seen *seen)
{
	const struct image *im = r->s->im;
	struct str arg = exec_arg(r->s, 1);

	if (arg.len == 0 || arg.p[0] == '-')
		return;
	for (uint32_t i = 0; i < c->words.n; i++) {
		const struct f_creader *rd =
		    &im->creaders[c->words.first + i];
		uint32_t at = walk_byte(im->csteps, rd->walk, '-');

		if (rd->source == READ_ARGUMENT)
			seen_add(im, seen, list_of(im, rd->lists, walk_label(
			    im->csteps, walk_text(im->csteps, at, arg))));
	}
}

static void
read_words(struct reading *r, const struct f_command *c, struct seen *seen)
{
	const struct image *im = r->s->im;

	memset(seen->bits, 0, (seen->words / 64 + 1) * sizeof(uint64_t));
	for (uint32_t a = 1; a <= exec_args(r->s); a++) {
		reading_of(r, a);
		for (uint32_t i = 0; i < c->words.n; i++) {
			const struct f_creader *rd =
			    &im->creaders[c->words.first + i];

			seen_add(im, seen, list_of(im, rd->lists,
			    found(r, rd)));
		}
	}
	if ((c->flags & COMMAND_OLD_STYLE) != 0 && exec_args(r->s) > 0)
		read_old(r, c, seen);
}

static void
try_key(struct reading *r, const struct f_command *c, const struct seen *seen,
    uint32_t word, exec_on *on, void *arg)
{
	const struct image *im = r->s->im;
	struct f_span list = im->clists[c->keys.first + word];

	for (uint32_t i = 0; i < list.n; i++) {
		const struct f_crule *d =
		    &im->crules[im->crefs[list.first + i]];

		if (seen_all(im, seen, d->needs) && in_order(r, c, d))
			on(arg, d);
	}
}

static void __attribute__((noinline))
denies_run(const struct exec_scan *s, const struct f_command *c, exec_on *on,
    void *arg)
{
	struct reading r __attribute__((uninitialized));
	struct seen seen __attribute__((uninitialized));

	r.s = s;
	seen.words = c->keys.n;
	read_words(&r, c, &seen);
	try_key(&r, c, &seen, 0, on, arg);
	for (uint32_t w = 0; w <= seen.words / 64; w++) {
		uint64_t left = seen.bits[w];

		for (; left != 0; left &= left - 1)
			try_key(&r, c, &seen, w * 64 +
			    (uint32_t)__builtin_ctzll(left), on, arg);
	}
}

void
exec_denies(const struct exec_scan *s, const struct f_command *c, exec_on *on,
    void *arg)
{
	each(s, c->bare, on, arg);
	if (c->keys.n > 0)
		denies_run(s, c, on, arg);
}
