/* view.c -- where a byte of a view is from, and the runs in a text: what it
 * says in base64 and in hexadecimal.
 *
 * A run may begin anywhere in its letters (the path of a URL ends in one), so
 * it is decoded from each place that gives other bytes. All runs of a text are
 * put into one view for each such place, with a byte between them that is in
 * no word: a view costs something, a run hardly. */
#include <stdlib.h>
#include <string.h>

#include "base/must.h"
#include "scan/view.h"

enum { BASE64_MIN = 20, HEX_MIN = 24, FIRST_MIN = 12,
	SEGMENTS_MIN = 256 };

/* ---- where it is from ---- */

static const struct segment *
segment_of(const struct view *v, size_t at)
{
	size_t low = 0, high = v->n;

	while (high - low > 1) {
		const size_t mid = low + (high - low) / 2;

		if (v->segments[mid].out <= at)
			low = mid;
		else
			high = mid;
	}
	return &v->segments[low];
}

/* The first and the one past the last byte of the outer text that the byte at
 * at is made of. */
static size_t
outer_begin(const struct view *v, size_t at)
{
	const struct segment *s = segment_of(v, at);
	const size_t n = at - s->out;

	return s->bits == 0 || n * 8 < s->skip ? s->in :
	    s->in + (n * 8 - s->skip) / s->bits;
}

static size_t
outer_end(const struct view *v, size_t last)
{
	const struct segment *s = segment_of(v, last);
	const size_t n = last - s->out;

	return s->bits == 0 ? s[1].in :
	    s->in + ((n + 1) * 8 - s->skip + s->bits - 1) / s->bits;
}

size_t
view_begin(const struct view *v, size_t at)
{
	for (; v->outer != NULL; v = v->outer)
		at = outer_begin(v, at);
	return at;
}

size_t
view_end(const struct view *v, size_t end)
{
	for (; v->outer != NULL; v = v->outer)
		end = outer_end(v, end - 1);
	return end;
}

const char *
view_under(const struct view *v, size_t at, size_t end)
{
	const struct segment *s;

	if (v->outer == NULL || v->under != NULL)
		return v->outer == NULL ? "" : v->under;
	/* the first escape in it, or else the one before it */
	for (s = segment_of(v, at); s->out < end; s++)
		if (s->under != NULL)
			return s->under;
	for (s = segment_of(v, at); s > v->segments; s--)
		if (s[-1].under != NULL)
			return s[-1].under;
	return "escapes";
}

/* ---- room for one ---- */

void
room_fini(struct room *r)
{
	if (r->p != NULL)
		mem_wipe(r->p, r->cap);
	free(r->p);
	free(r->segments);
	free(r->runs);
	free(r->islands);
	*r = (struct room){ .cap = 0 };
}

void
room_begin(struct room *r, size_t bytes)
{
	if (r->cap < bytes) {
		if (r->p != NULL)
			mem_wipe(r->p, r->cap);
		free(r->p);
		r->p = mem_alloc(bytes, 1);
		r->cap = bytes;
	}
	r->n = r->nsegments = 0;
}

void
room_segment(struct room *r, struct segment s)
{
	if (r->nsegments == r->segments_cap) {
		r->segments_cap = r->segments_cap == 0 ? SEGMENTS_MIN :
		    2 * r->segments_cap;
		r->segments = mem_grow(r->segments, r->segments_cap,
		    sizeof(*r->segments));
	}
	s.out = (uint32_t)r->n;
	r->segments[r->nsegments++] = s;
}

void
room_view(const struct room *r, const struct view *outer, bool final,
    const char *under, struct view *out)
{
	*out = (struct view){ .t = { r->p, r->n, final }, .under = under,
		.outer = outer, .segments = r->segments,
		.n = r->nsegments };
}

/* ---- runs ---- */

/* What each letter says; -1: it is none. */
#define NONE8  -1, -1, -1, -1, -1, -1, -1, -1
#define NONE16 NONE8, NONE8
#define NONE128 NONE16, NONE16, NONE16, NONE16, NONE16, NONE16, NONE16, NONE16
static const int8_t base64_letters[256] = {
	NONE16, NONE16, NONE8, -1, -1, -1, 62, -1, 62, -1, 63,
	52, 53, 54, 55, 56, 57, 58, 59, 60, 61, -1, -1, -1, -1, -1, -1,
	-1, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14,
	15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, -1, -1, -1, -1, 63,
	-1, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40,
	41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, -1, -1, -1, -1, -1,
	NONE128
};
static const int8_t hex_letters[256] = {
	NONE16, NONE16, NONE16,
	0, 1, 2, 3, 4, 5, 6, 7, 8, 9, -1, -1, -1, -1, -1, -1,
	-1, 10, 11, 12, 13, 14, 15, -1, NONE8, NONE16,
	-1, 10, 11, 12, 13, 14, 15, -1, NONE8, NONE16, NONE128
};

static const struct run_kind {
	const char *under;
	const int8_t *value;
	unsigned bits;		/* that a letter says */
	size_t min;
	unsigned places;	/* to begin at */
} kinds[RUN_KIND_COUNT] = {
	{ "base64", base64_letters, 6, BASE64_MIN, 4 },
	{ "hexadecimal", hex_letters, 4, HEX_MIN, 2 },
};

static size_t
letters_end(const struct run_kind *k, const struct text *t, size_t i)
{
	while (i < t->n && k->value[t->p[i]] != -1)
		i++;
	return i;
}

/* Where line ends are between letters, the run goes on. */
static size_t
run_end(const struct run_kind *k, const struct text *t, size_t from,
    size_t *letters)
{
	size_t end = from;

	*letters = 0;
	for (;;) {
		const size_t was = end;
		size_t i;

		end = letters_end(k, t, end);
		*letters += end - was;
		for (i = end; i < t->n && i - end < 2 &&
		    (t->p[i] == '\r' || t->p[i] == '\n'); i++)
			;
		if (i == end || i == t->n || k->value[t->p[i]] == -1)
			return end;
		end = i;
	}
}

/* Where the next letters begin that are FIRST_MIN at least, and may be a run.
 * Most of a text is words, too short for one, and is skipped over. */
static size_t
run_next(const struct run_kind *k, const struct text *t, size_t i)
{
	while (i + FIRST_MIN <= t->n) {
		size_t at = i + FIRST_MIN;

		while (at > i && k->value[t->p[at - 1]] != -1)
			at--;
		if (at == i)
			return i;
		i = at;
	}
	return t->n;
}

/* In the letters of base64, of which those of hexadecimal are some. */
static void
add_run(struct room *r, enum run_name name, size_t at, size_t end)
{
	if (r->nruns == r->runs_cap) {
		r->runs_cap = r->runs_cap == 0 ? SEGMENTS_MIN :
		    2 * r->runs_cap;
		r->runs = mem_grow(r->runs, r->runs_cap, sizeof(*r->runs));
	}
	r->runs[r->nruns++] = (struct run){ (uint32_t)at, (uint32_t)end,
		(uint8_t)name };
	r->letters[name] += end - at;
}

/* An escape that was taken off is in it, or beside it; else the outer text
 * had the same run. */
static bool
is_new(const struct view *v, size_t at, size_t end)
{
	const struct segment *s;

	if (v->outer == NULL || v->under != NULL)
		return true;
	s = segment_of(v, at);
	return s->under != NULL || at == s->out ||
	    s + 1 >= v->segments + v->n || end >= s[1].out;
}

static void
hex_runs(struct room *r, const struct view *v, size_t from, size_t end)
{
	const struct run_kind *k = &kinds[RUN_HEX];
	const struct text t = { v->t.p, end, true };
	size_t i = from;

	while (i < end) {
		size_t letters;
		const size_t to = run_end(k, &t, i, &letters);

		if (letters >= k->min)
			add_run(r, RUN_HEX, i, to);
		i = to + 1;
	}
}

static void
runs_of(struct room *r, const struct view *v, const struct text *t,
    size_t from)
{
	const struct run_kind *k = &kinds[RUN_BASE64];
	size_t i = run_next(k, t, from);

	while (i < t->n) {
		size_t letters;
		const size_t end = run_end(k, t, i, &letters);

		if (letters >= k->min && is_new(v, i, end)) {
			add_run(r, RUN_BASE64, i, end);
			hex_runs(r, v, i, end);
		}
		i = run_next(k, t, end);
	}
}

void
runs_find(struct room *r, const struct view *v)
{
	r->nruns = 0;
	memset(r->letters, 0, sizeof(r->letters));
	for (size_t i = 0; i < r->nislands; i++) {
		const struct text t = island_text(&v->t, &r->islands[i]);

		runs_of(r, v, &t, r->islands[i].at);
	}
}

unsigned
runs_places(enum run_name name)
{
	return kinds[name].places;
}

/* The letters from s->in on say the bytes from s->out on. */
struct bits {
	uint32_t v;
	unsigned have;
};

static size_t
put_letters(struct room *r, const struct run_kind *k, const unsigned char *p,
    size_t i, size_t end, struct bits *b)
{
	while (i < end) {
		const int c = k->value[p[i]];

		if (c == -1)
			break;
		i++;
		b->v = b->v << k->bits | (unsigned)c;
		b->have += k->bits;
		if (b->have < 8)
			continue;
		b->have -= 8;
		r->p[r->n++] = (unsigned char)(b->v >> b->have);
	}
	return i;
}

/* Four letters of base64 are three bytes. */
static size_t
put_quads(struct room *r, const unsigned char *p, size_t i, size_t end)
{
	unsigned char *out = r->p + r->n;

	for (; i + 4 <= end; i += 4) {
		const int a = base64_letters[p[i]],
			  b = base64_letters[p[i + 1]],
			  c = base64_letters[p[i + 2]],
			  d = base64_letters[p[i + 3]];
		uint32_t v;

		if ((a | b | c | d) < 0)
			break;
		v = (uint32_t)a << 18 | (uint32_t)b << 12 |
		    (uint32_t)c << 6 | (uint32_t)d;
		*out++ = (unsigned char)(v >> 16);
		*out++ = (unsigned char)(v >> 8);
		*out++ = (unsigned char)v;
	}
	r->n = (size_t)(out - r->p);
	return i;
}

static void
put_run(struct room *r, const struct run_kind *k, const struct text *t,
    const struct run *run, unsigned place)
{
	struct bits b = { 0, 0 };
	size_t i = run->at;

	for (unsigned skipped = 0; i < run->end && skipped < place; i++)
		skipped += k->value[t->p[i]] != -1;
	while (i < run->end) {
		if (k->value[t->p[i]] == -1) {
			i++;
			continue;
		}
		room_segment(r, (struct segment){ .in = (uint32_t)i,
		    .bits = (uint8_t)k->bits, .skip = (uint8_t)b.have });
		if (k->bits == 6 && b.have == 0)
			i = put_quads(r, t->p, i, run->end);
		i = put_letters(r, k, t->p, i, run->end, &b);
	}
}

void
runs_decode(struct room *r, const struct view *outer, enum run_name name,
    unsigned place, const struct room *found, struct view *out)
{
	const struct run_kind *k = &kinds[name];
	const struct text *t = &outer->t;
	size_t end = 0;

	room_begin(r, found->letters[name] + found->nruns + 1);
	for (size_t i = 0; i < found->nruns; i++) {
		const struct run *run = &found->runs[i];

		if (run->name != name)
			continue;
		end = run->end;
		put_run(r, k, t, run, place);
		if (end == t->n)
			break;
		room_segment(r, (struct segment){ .in = (uint32_t)end });
		r->p[r->n++] = BETWEEN;
	}
	room_segment(r, (struct segment){ .in = (uint32_t)end });
	room_view(r, outer, t->final || end < t->n, k->under, out);
}
