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

struct labels { /* what the readers found of one argument */
	uint32_t v[READERS_MAX];
	uint32_t known;		/* one bit each */
};

static uint32_t
label_of(struct reading *r, const struct f_command *c, struct labels *l,
    uint32_t reader)
{
	if (reader >= c->readers.n)
		return 0;	/* no node of this command asks that */
	if ((l->known >> reader & 1) == 0) {
		l->v[reader] = found(r,
		    &r->s->im->creaders[c->readers.first + reader]);
		l->known |= UINT32_C(1) << reader;
	}
	return l->v[reader];
}

static uint32_t
way(const struct image *im, uint32_t from, uint32_t label)
{
	uint32_t mask = im->ncways - 1;
	uint32_t at = form_slot(form_way_hash(from, label), im->ncways);

	for (; im->cways[at].from != 0; at = (at + 1) & mask)
		if (im->cways[at].from == from &&
		    im->cways[at].label == label)
			return im->cways[at].to;
	return im->cnodes[from].other;
}

/* One argument further. It ends, since each node on the way asks a later
 * reader. */
static uint32_t
step(struct reading *r, const struct f_command *c, struct labels *l,
    uint32_t node)
{
	const struct image *im = r->s->im;
	uint32_t to = node;

	do {
		const struct f_cnode *n = &im->cnodes[to];
		uint32_t label = n->reader == NODE_ANY ? 0 :
		    label_of(r, c, l, n->reader);

		if (label == 0)
			to = n->other;
		else if (n->label != 0)
			to = label == n->label ? n->to : n->other;
		else
			to = way(im, to, label);
	} while ((to & NODE_NEXT) == 0);
	return to & ~NODE_NEXT;
}

/* Apart from its caller, since only few commands need so much of the stack.
 * False: none can match any more. */
static bool __attribute__((noinline))
grants_run(const struct exec_scan *s, const struct f_command *c,
    uint32_t *nodes)
{
	struct reading r __attribute__((uninitialized));
	struct labels l __attribute__((uninitialized));

	r.s = s;
	for (uint32_t a = 1; a <= exec_args(s); a++) {
		uint32_t any = 0;

		reading_of(&r, a);
		l.known = 0;
		for (uint32_t p = 0; p < c->parts.n; p++) {
			nodes[p] = step(&r, c, &l, nodes[p]);
			any |= nodes[p];
		}
		if (any == 0)
			return false;
	}
	return true;
}

void
exec_grants(const struct exec_scan *s, const struct f_command *c, exec_on *on,
    void *arg)
{
	uint32_t nodes[PARTS_MAX] __attribute__((uninitialized));

	each(s, c->bare, on, arg);
	for (uint32_t p = 0; p < c->parts.n; p++)
		nodes[p] = s->im->crefs[c->parts.first + p];
	if (c->parts.n == 0 || !grants_run(s, c, nodes))
		return;
	for (uint32_t p = 0; p < c->parts.n; p++)
		each_of(s, s->im->clists[s->im->cnodes[nodes[p]].list], on,
		    arg);
}

/* ---- denies */

struct seen { /* words of a command's denies */
	uint64_t bits[WORDS_MAX / 64 + 1];
	uint32_t words;
	uint32_t first[128];	/* those seen, each once, as far as they fit */
	uint32_t n;		/* all of them */
};

static void
seen_add(const struct image *im, struct seen *seen, struct f_span list)
{
	for (uint32_t i = 0; i < list.n; i++) {
		uint32_t word = im->crefs[list.first + i];
		uint64_t bit = UINT64_C(1) << (word % 64);

		if ((seen->bits[word / 64] & bit) != 0)
			continue;
		seen->bits[word / 64] |= bit;
		if (seen->n < NELEM(seen->first))
			seen->first[seen->n] = word;
		seen->n++;
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

/* "-so/etc/x": what is attached to the last option of a cluster. Where its
 * options end cannot be known, so that each place counts. */
static bool
cluster_next(const struct reading *r, const struct f_creader *rd, size_t *at,
    struct f_span *out)
{
	const struct image *im = r->s->im;
	char buf[PATH_BYTES_MAX] __attribute__((uninitialized));
	struct str rest;

	if (rd->source != READ_ATTACHED ||
	    !exec_clustered(exec_arg(r->s, r->i), at, &rest))
		return false;
	rest = exec_path_of(r->s, rest, buf);
	*out = rest.len == 0 ? (struct f_span){ 0, 0 } :
	    list_of(im, rd->lists, walk_label(im->csteps,
	    walk_text(im->csteps, rd->walk, rest)));
	return true;
}

/* Is this argument the word? */
static bool
arg_is(struct reading *r, const struct f_command *c, uint32_t word)
{
	const struct image *im = r->s->im;

	for (uint32_t i = 0; word != 0 && i < c->words.n; i++) {
		const struct f_creader *rd =
		    &im->creaders[c->words.first + i];

		struct f_span list = list_of(im, rd->lists, found(r, rd));
		size_t at = 2;

		do {
			if (list_has(im, list, word))
				return true;
		} while (cluster_next(r, rd, &at, &list));
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
	seen->n = 0;
	for (uint32_t a = 1; a <= exec_args(r->s); a++) {
		reading_of(r, a);
		for (uint32_t i = 0; i < c->words.n; i++) {
			const struct f_creader *rd =
			    &im->creaders[c->words.first + i];

			struct f_span list = list_of(im, rd->lists,
			    found(r, rd));
			size_t at = 2;

			do
				seen_add(im, seen, list);
			while (cluster_next(r, rd, &at, &list));
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
	if (seen.n <= NELEM(seen.first)) {
		for (uint32_t i = 0; i < seen.n; i++)
			try_key(&r, c, &seen, seen.first[i], on, arg);
		return;
	}
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
