/* scan.c -- a window over the stream, and all that is found in it. */
#include "scan/scan.h"

#include <stdlib.h>
#include <string.h>

#include "base/must.h"
#include "scan/forms.h"

enum {
	LEFT = 512,		/* kept of what is settled: what stands before */
	BACK = 512,		/* a finding begins at most that far before the
				 * word that leads to it */
	HOLD_MAX = 32768,	/* unsettled; more than that is told as such */
	FEED_MAX = 32768,
	FOUND_MAX = 8192,
	FOUND_MIN = 64,
	FRESH_MIN = 2048,
	VIEWS_MAX = 24		/* bytes that views of a byte may have */
};

/* ---- one window ---- */

struct hunt {
	struct scan *s;
	size_t from;		/* what begins before is settled already */
	size_t settled;		/* what begins from here on is not yet */
	size_t n;		/* of s->found */
	size_t budget;		/* bytes that views may still take */
	bool full;		/* more was found than there was room for */
	bool opaque;		/* more was there than is read */
	unsigned depth;
};

struct look { /* in one view */
	struct hunt *h;
	const struct view *v;
	const struct text *t;	/* of it, up to an island's end */
};

/* What a word leads to may begin before it. */
static void
unsettle(struct hunt *h, size_t raw)
{
	raw = raw > BACK ? raw - BACK : 0;
	if (raw < h->from)
		raw = h->from;
	if (raw < h->settled)
		h->settled = raw;
}

static void
found_add(struct hunt *h, const struct found *f)
{
	struct scan *s = h->s;

	if (h->n == s->found_cap) {
		s->found_cap = s->found_cap == 0 ? FOUND_MIN :
						   2 * s->found_cap;
		s->found = mem_grow(s->found, s->found_cap,
		    sizeof(*s->found));
	}
	s->found[h->n++] = *f;
}

/* When there is no room, what is found next settles later. */
static void
report(const struct look *l, struct span s, const struct detector *d)
{
	struct hunt *h = l->h;
	const size_t at = view_begin(l->v, s.at);
	const struct found f = { at, view_end(l->v, s.at + s.len), d,
		view_under(l->v, s.at, s.at + s.len) };

	if (at < h->from)
		return;
	if (h->n < FOUND_MAX) {
		found_add(h, &f);
		return;
	}
	h->full = true;
	if (at < h->settled)
		h->settled = at > h->from ? at : h->from + 1;
}

static void
on_word(size_t word, size_t at, void *arg)
{
	const struct look *l = arg;
	const struct text *t = l->t;
	const struct detector *d;
	struct span s = { at, 0 };
	enum seen got;

	if (word < detectors_count) {
		d = &detectors[word];
		if (!d->any_case &&
		    memcmp(t->p + at, d->word, strlen(d->word)) != 0)
			return;
		got = d->look(d, t, at, &s);
	} else {
		const struct form *f =
		    &l->h->s->forms[word - detectors_count];

		d = &l->h->s->values[f->value];
		got = look_form(f, t, at, &s);
	}
	if (got == SEEN_YES)
		report(l, s, d);
	else if (got == SEEN_MORE)
		unsettle(l->h, view_begin(l->v, at));
}

static void
on_number(struct span s, const struct detector *d, void *arg)
{
	report(arg, s, d);
}

static void
on_more(size_t at, void *arg)
{
	const struct look *l = arg;

	unsettle(l->h, view_begin(l->v, at));
}

static void examine(struct hunt *h, const struct view *v);

/* false: it is too much. */
static bool
may_make(struct hunt *h, size_t bytes)
{
	if (bytes > h->budget) {
		h->opaque = true;
		return false;
	}
	h->budget -= bytes;
	return true;
}

static void
examine_runs(struct hunt *h, const struct view *v, struct room *made,
    const struct room *runs)
{
	struct view inner;

	for (unsigned k = 0; k < RUN_KIND_COUNT; k++) {
		const enum run_name name = (enum run_name)k;

		for (unsigned i = 0; runs->letters[k] > 0 &&
		    i < runs_places(name); i++) {
			if (!may_make(h, runs->letters[k]))
				return;
			runs_decode(made, v, name, i, runs, &inner);
			examine(h, &inner);
		}
	}
}

/* What is as long as a secret of the runtime's is looked for in all that comes;
 * in what it decodes to, its own base64 was looked for before. */
static void
examine_islands(struct hunt *h, const struct view *v, const struct room *found)
{
	struct look l = { h, v, &v->t };
	const struct number_taker numbers = { on_number, on_more, &l,
		h->s->near };

	if (v->outer == NULL)
		words_find(h->s->words, &v->t, 0, on_word, &l);
	for (size_t i = 0; i < found->nislands; i++) {
		const struct island *it = &found->islands[i];
		const struct text t = island_text(&v->t, it);

		l.t = &t;
		if (v->outer != NULL)
			words_find(h->s->words, &t, it->at, on_word, &l);
		numbers_find(&t, it->at, &numbers);
	}
}

/* As deep as DEPTH_MAX. */
static void
examine(struct hunt *h, const struct view *v)
{
	struct room *made = &h->s->made[h->depth],
		    *found = &h->s->runs[h->depth];
	struct view inner;

	islands_find(found, &v->t);
	examine_islands(h, v, found);
	if (h->depth == DEPTH_MAX || found->nislands == 0)
		return;
	h->depth++;
	if (peel(made, v, found, &inner) && may_make(h, inner.t.n))
		examine(h, &inner);
	runs_find(found, v);
	examine_runs(h, v, made, found);
	h->depth--;
}

/* ---- the stream ---- */

static int
by_place(const void *a, const void *b)
{
	const struct found *x = a, *y = b;

	if (x->at != y->at)
		return x->at < y->at ? -1 : 1;
	return (int)x->d->class - (int)y->d->class;
}

static void
tell(struct scan_stream *t, const struct found *f, unsigned classes)
{
	const size_t len = f->end - f->at;
	const struct scan_finding out = { f->d->name, f->d->class,
		t->base + f->at,
		len > SCAN_FINDING_BYTES_MAX ? SCAN_FINDING_BYTES_MAX :
					       (uint32_t)len,
		f->under, classes };

	t->on_finding(&out, t->arg);
}

/* Overlapping ones are one: where the first begins, what the surer is. */
static void
tell_settled(struct scan_stream *t, struct hunt *h)
{
	const struct found *v = h->s->found;
	struct found all = { .end = 0 };
	unsigned classes = 0;

	if (h->n > 0)
		qsort(h->s->found, h->n, sizeof(*v), by_place);
	for (size_t i = 0; i < h->n && v[i].at < h->settled; i++) {
		const struct found *f = &v[i];

		if (classes == 0 || f->at >= all.end) {
			if (classes != 0)
				tell(t, &all, classes);
			all = *f;
			classes = 1u << f->d->class;
			continue;
		}
		if (f->d->class < all.d->class) {
			all.d = f->d;
			all.under = f->under;
		}
		if (f->end > all.end)
			all.end = f->end;
		classes |= 1u << f->d->class;
	}
	if (classes == 0)
		return;
	tell(t, &all, classes);
	if (all.end > h->settled)
		h->settled = all.end;
}

/* Somebody wants it not to be read: it may be anything, and all of what is
 * settled is. */
static void
tell_opaque(struct scan_stream *t, struct hunt *h)
{
	static const struct detector opaque = {
		.name = "more-encodings-than-are-read",
		.class = SCAN_GENERIC };
	struct found f = { h->from, h->settled, &opaque, "" };

	for (size_t i = 0; i < h->n; i++)
		if (h->s->found[i].at < h->settled &&
		    h->s->found[i].end > f.end)
			f.end = h->s->found[i].end;
	h->settled = f.end;
	tell(t, &f, (1u << SCAN_CLASS_COUNT) - 1);
}

static void
window_run(struct scan_stream *t, bool final)
{
	struct hunt h = { .s = t->scan, .from = t->from, .settled = t->len,
		.budget = VIEWS_MAX * t->len };
	const struct view whole = { .t = { t->p, t->len, final } };
	size_t gone;

	if (!final)
		h.settled = t->len - t->from > BACK ? t->len - BACK : t->from;
	examine(&h, &whole);
	if (t->len - h.settled > HOLD_MAX && !h.full) {
		h.opaque = true; /* it has no end */
		h.settled = t->len - BACK;
	}
	if (final && !h.full)
		h.settled = t->len;
	if (h.opaque && h.settled > h.from)
		tell_opaque(t, &h);
	else
		tell_settled(t, &h);
	if (h.settled > t->len)
		h.settled = t->len;
	t->fresh = 0;
	gone = h.settled > LEFT ? h.settled - LEFT : 0;
	memmove(t->p, t->p + gone, t->len - gone);
	t->len -= gone;
	t->base += gone;
	t->from = h.settled - gone;
}

void
scan_begin(struct scan_stream *t, struct scan *s,
    void (*on_finding)(const struct scan_finding *f, void *arg), void *arg)
{
	*t = (struct scan_stream){ .scan = s, .on_finding = on_finding,
		.arg = arg };
}

uint64_t
scan_feed(struct scan_stream *t, struct str bytes)
{
	while (bytes.len > 0) {
		const struct str some = str_upto(bytes, FEED_MAX);

		if (t->cap < t->len + some.len) {
			t->cap = t->len + some.len;
			t->p = mem_grow(t->p, t->cap, 1);
		}
		memcpy(t->p + t->len, some.p, some.len);
		t->len += some.len;
		t->fresh += some.len;
		bytes = str_from(bytes, some.len);
		/* so that each byte is looked at a few times at most, however
		 * small the pieces are */
		if (t->fresh >= FRESH_MIN && t->fresh >= (t->len - t->from) / 4)
			window_run(t, false);
	}
	return t->base + t->from;
}

void
scan_end(struct scan_stream *t)
{
	while (t->len > t->from)
		window_run(t, true);
}

void
scan_fini(struct scan_stream *t)
{
	mem_wipe(t->p, t->cap);
	free(t->p);
	t->p = NULL;
}
