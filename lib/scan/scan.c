/* scan.c -- a window over the stream, and all that is found in it. */
#include "scan/scan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/must.h"
#include "scan/detect.h"

enum {
	LEFT = 256,		/* kept of what is settled: what stands before */
	BACK = 256,		/* a finding begins at most that far before the
				 * word that leads to it */
	HOLD_MAX = 32768,	/* unsettled; more than that is settled as is */
	FOUND_MAX = 256,
	RUNS_MAX = 1024,
	FRESH_MIN = 1024,
	DEPTH_MAX = 3,
	VIEWS_MAX = 24,		/* bytes that views of a byte may have */
	LETTERS_MAX = 32,	/* of an exact value, to look for */
	FORMS_MAX = 10		/* an exact value's */
};

struct form { /* of an exact value */
	unsigned char *p;
	size_t len;
	bool any_case;
	uint32_t value;
};

struct scan {
	struct words *words;	/* the detectors' first, then the forms' */
	struct form forms[SCAN_EXACT_MAX * FORMS_MAX];
	size_t nforms;
	struct detector values[SCAN_EXACT_MAX];
	size_t nvalues;
};

const char *
scan_class_name(enum scan_class c)
{
	static const char *const names[SCAN_CLASS_COUNT] = { "exact", "canary",
		"secret", "personal", "address", "generic" };

	return names[c];
}

/* ---- what is looked for ---- */

static void
form_add(struct scan *s, const unsigned char *p, size_t len, bool any_case)
{
	struct form *f = &s->forms[s->nforms++];

	must(s->nforms <= SCAN_EXACT_MAX * FORMS_MAX);
	*f = (struct form){ mem_alloc(len, 1), len, any_case,
		(uint32_t)s->nvalues };
	memcpy(f->p, p, len);
}

static void
add_hex(struct scan *s, struct str v)
{
	unsigned char out[2 * SCAN_EXACT_BYTES_MAX];

	for (size_t i = 0; i < v.len; i++) {
		out[2 * i] = (unsigned char)"0123456789abcdef"
		    [(unsigned char)v.p[i] >> 4];
		out[2 * i + 1] = (unsigned char)"0123456789abcdef"
		    [v.p[i] & 0xf];
	}
	form_add(s, out, 2 * v.len, true);
}

static void
add_reversed(struct scan *s, struct str v)
{
	unsigned char out[SCAN_EXACT_BYTES_MAX];

	for (size_t i = 0; i < v.len; i++)
		out[i] = (unsigned char)v.p[v.len - 1 - i];
	form_add(s, out, v.len, false);
}

/* In a longer text's base64 the value begins at one of three places; its
 * first and last letters depend on what stands beside it, and are left out. */
static void
add_base64(struct scan *s, struct str v, size_t before, const char *letters)
{
	unsigned char in[SCAN_EXACT_BYTES_MAX + 4] = { 0 };
	unsigned char out[(SCAN_EXACT_BYTES_MAX + 4) / 3 * 4 + 4];
	const size_t bits = (before + v.len) * 8;
	const size_t first = (before * 8 + 5) / 6, last = bits / 6;
	size_t n = 0;

	memcpy(in + before, v.p, v.len);
	for (size_t i = first; i < last; i++) {
		const size_t at = i * 6;
		const unsigned two = (unsigned)in[at / 8] << 8 |
		    in[at / 8 + 1];

		out[n++] = (unsigned char)
		    letters[two >> (10 - at % 8) & 0x3f];
	}
	form_add(s, out, n, false);
}

static const char letters_std[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char letters_url[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static int
value_add(struct scan *s, const struct scan_value *v, struct err *e)
{
	if (s->nvalues == SCAN_EXACT_MAX ||
	    v->value.len < SCAN_EXACT_BYTES_MIN ||
	    v->value.len > SCAN_EXACT_BYTES_MAX)
		return err_set(e, ERR_LIMIT,
		    "the value of %.*s cannot be looked for: it must have %d "
		    "to %d bytes, and there may be %d values",
		    (int)v->name.len, v->name.p, SCAN_EXACT_BYTES_MIN,
		    SCAN_EXACT_BYTES_MAX, SCAN_EXACT_MAX);
	form_add(s, (const unsigned char *)v->value.p, v->value.len, false);
	add_reversed(s, v->value);
	add_hex(s, v->value);
	for (size_t before = 0; before < 3; before++) {
		add_base64(s, v->value, before, letters_std);
		add_base64(s, v->value, before, letters_url);
	}
	s->values[s->nvalues++] = (struct detector){
		.name = mem_printf("%.*s", (int)v->name.len, v->name.p),
		.class = v->class };
	return 0;
}

static int
words_make(struct scan *s, struct err *e)
{
	const size_t n = detectors_count + s->nforms;
	struct words_word *w = mem_alloc(n, sizeof(*w));
	int rc;

	for (size_t i = 0; i < detectors_count; i++)
		w[i] = (struct words_word){
			(const unsigned char *)detectors[i].word,
			strlen(detectors[i].word) };
	for (size_t i = 0; i < s->nforms; i++)
		w[detectors_count + i] = (struct words_word){ s->forms[i].p,
			s->forms[i].len < LETTERS_MAX ? s->forms[i].len :
							LETTERS_MAX };
	rc = words_new(w, n, &s->words, e);
	free(w);
	return rc;
}

int
scan_new(const struct scan_value *values, size_t n, struct scan **out,
    struct err *e)
{
	struct scan *s = mem_alloc(1, sizeof(*s));
	int rc = 0;

	for (size_t i = 0; i < n && rc == 0; i++)
		rc = value_add(s, &values[i], e);
	if (rc == 0)
		rc = words_make(s, e);
	if (rc != 0)
		scan_free(s);
	else
		*out = s;
	return rc;
}

void
scan_free(struct scan *s)
{
	if (s == NULL)
		return;
	for (size_t i = 0; i < s->nforms; i++) {
		mem_wipe(s->forms[i].p, s->forms[i].len);
		free(s->forms[i].p);
	}
	for (size_t i = 0; i < s->nvalues; i++)
		free((char *)(uintptr_t)s->values[i].name);
	words_free(s->words);
	free(s);
}

/* ---- one window ---- */

struct found {
	size_t at, end;
	const struct detector *d;
	const char *under;
};

struct hunt {
	const struct scan *s;
	size_t from;		/* what begins before is settled already */
	size_t settled;		/* what begins from here on is not yet */
	struct found v[FOUND_MAX];
	struct span runs[RUNS_MAX];	/* nothing settles inside one */
	size_t n, nruns, budget;
	size_t piece;		/* the last run of the window itself */
	bool full;		/* more was found than there was room for */
	unsigned depth;
};

struct look { /* in one view */
	struct hunt *h;
	const struct view *v;
};

static size_t
raw_begin(const struct view *v, size_t at)
{
	for (; v->outer != NULL; v = v->outer)
		at = v->map[at];
	return at;
}

/* One past the byte at at: where the next one begins in the outer view, but
 * at least one past where it began. */
static size_t
raw_end(const struct view *v, size_t end)
{
	for (; v->outer != NULL; v = v->outer) {
		const size_t last = v->map[end - 1], next = v->map[end];

		end = next > last ? next : last + 1;
	}
	return end;
}

static void
unsettle(struct hunt *h, size_t raw)
{
	if (raw < h->from)
		raw = h->from;
	if (raw < h->settled)
		h->settled = raw;
}

/* What a word leads to may begin before it. */
static void
unsettle_before(struct hunt *h, size_t raw)
{
	unsettle(h, raw > BACK ? raw - BACK : 0);
}

/* When there is no room, what is found next settles later. */
static void
report(const struct look *l, struct span s, const struct detector *d)
{
	struct hunt *h = l->h;
	const size_t at = raw_begin(l->v, s.at);

	if (at < h->from)
		return;
	if (h->n == FOUND_MAX) {
		h->full = true;
		if (at < h->settled)
			h->settled = at > h->from ? at : h->from + 1;
		return;
	}
	h->v[h->n++] = (struct found){ at, raw_end(l->v, s.at + s.len), d,
		l->v->under };
}

static bool
same_letters(const struct form *f, const unsigned char *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		unsigned char c = p[i];

		if (f->any_case && c >= 'A' && c <= 'F')
			c |= 0x20;
		if (c != f->p[i])
			return false;
	}
	return true;
}

static enum seen
look_form(const struct form *f, const struct text *t, size_t at,
    struct span *out)
{
	const size_t n = t->n - at < f->len ? t->n - at : f->len;

	if (!same_letters(f, t->p + at, n))
		return SEEN_NO;
	if (n < f->len)
		return t->final ? SEEN_NO : SEEN_MORE;
	*out = (struct span){ at, n };
	return SEEN_YES;
}

static void
on_word(size_t word, size_t at, void *arg)
{
	const struct look *l = arg;
	const struct text *t = &l->v->t;
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
		unsettle_before(l->h, raw_begin(l->v, at));
}

static void
look_numbers(const struct look *l, size_t from)
{
	const struct text *t = &l->v->t;

	for (size_t i = from; i < t->n; i++) {
		const struct detector *d = NULL;
		struct span s = { i, 0 };
		enum seen got;

		if (!number_may(t->p[i]))
			continue;
		if (t->p[i] != '@' && i > 0 && set_has(SET_WORD, t->p[i - 1]))
			continue;
		got = look_number(t, i, &s, &d);
		if (got == SEEN_MORE)
			unsettle_before(l->h, raw_begin(l->v, i));
		if (got == SEEN_YES)
			report(l, s, d);
	}
}

static void examine(struct hunt *h, const struct view *v, size_t from);

static void
on_view(const struct view *v, void *arg)
{
	examine(arg, v, 0);
}

static void
on_more(const struct view *outer, size_t at, void *arg)
{
	unsettle(arg, raw_begin(outer, at));
}

static void
on_run(const struct view *outer, struct span run, void *arg)
{
	struct hunt *h = arg;
	const size_t at = raw_begin(outer, run.at);

	if (outer->outer == NULL)
		h->piece = at;
	if (h->nruns < RUNS_MAX)
		h->runs[h->nruns++] = (struct span){ at,
			raw_end(outer, run.at + run.len) - at };
}

/* A run is decoded from its beginning: half of one says nothing. */
static void
settle_between_runs(struct hunt *h)
{
	bool again = true;

	while (again) {
		again = false;
		for (size_t i = 0; i < h->nruns; i++) {
			const struct span *r = &h->runs[i];

			if (r->at >= h->settled ||
			    r->at + r->len <= h->settled)
				continue;
			h->settled = r->at > h->from ? r->at : h->from;
			again = h->settled > h->from;
		}
	}
}

/* Somebody wants it not to be read. */
static const struct detector opaque = { .name = "more-encodings-than-are-read",
	.class = SCAN_GENERIC };

static void
on_full(const struct view *outer, void *arg)
{
	const struct look l = { arg, outer };

	report(&l, (struct span){ 0, outer->t.n }, &opaque);
}

/* As deep as DEPTH_MAX. */
static void
examine(struct hunt *h, const struct view *v, size_t from)
{
	struct look l = { h, v };
	const struct view_taker to = { on_view, on_more, on_run, on_full,
		h, &h->budget };

	words_find(h->s->words, &v->t, from > LEFT ? from - LEFT : 0,
	    on_word, &l);
	look_numbers(&l, from);
	if (h->depth == DEPTH_MAX)
		return;
	h->depth++;
	views_of(v, from, &to);
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
	struct found all = { .end = 0 };
	unsigned classes = 0;
	bool any = false;

	qsort(h->v, h->n, sizeof(*h->v), by_place);
	for (size_t i = 0; i < h->n && h->v[i].at < h->settled; i++) {
		const struct found *f = &h->v[i];

		if (any && f->at < all.end) {
			const size_t end = f->end > all.end ? f->end :
							      all.end;

			if (f->d->class < all.d->class) {
				all.d = f->d;
				all.under = f->under;
			}
			all.end = end;
			classes |= 1u << f->d->class;
			continue;
		}
		if (any)
			tell(t, &all, classes);
		all = *f;
		classes = 1u << f->d->class;
		any = true;
	}
	if (!any)
		return;
	tell(t, &all, classes);
	if (all.end > h->settled)
		h->settled = all.end;
}

static void
window_run(struct scan_stream *t, bool final)
{
	struct hunt h = { .s = t->scan, .from = t->from, .settled = t->len,
		.budget = VIEWS_MAX * t->len };
	const struct view whole = { .t = { t->p, t->len, final },
		.under = "" };
	size_t gone;

	if (!final)
		h.settled = t->len - t->from > BACK ? t->len - BACK : t->from;
	examine(&h, &whole, t->from);
	if (!final)
		settle_between_runs(&h);
	if (t->len - h.settled > HOLD_MAX)
		h.settled = h.piece > t->from ? h.piece : t->len - BACK;
	if (final && !h.full)
		h.settled = t->len;
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
scan_begin(struct scan_stream *t, const struct scan *s,
    void (*on_finding)(const struct scan_finding *f, void *arg), void *arg)
{
	*t = (struct scan_stream){ .scan = s, .on_finding = on_finding,
		.arg = arg };
}

uint64_t
scan_feed(struct scan_stream *t, struct str bytes)
{
	while (bytes.len > 0) {
		const struct str some = str_upto(bytes, HOLD_MAX);

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
