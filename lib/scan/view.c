/* view.c -- what a text says once an encoding is taken off it. */
#include <stdlib.h>
#include <string.h>

#include "base/must.h"
#include "scan/detect.h"

enum { LEFT = 256, BASE64_MIN = 24, HEX_MIN = 32, RUN_LATEST = 8192,
	LINE_MIN = 16		/* letters of a run's first line */ };

struct room { /* where a view is written */
	unsigned char *p;
	uint32_t *map;
	size_t n;
	bool changed;
};

static bool
room_get(struct room *r, const struct view *outer, size_t n,
    const struct view_taker *to)
{
	if (n > *to->budget) {
		to->on_full(outer, to->arg);
		return false;
	}
	*to->budget -= n;
	*r = (struct room){ .p = malloc(n + 1),
		.map = malloc((n + 1) * sizeof(uint32_t)) };
	must(r->p != NULL && r->map != NULL);
	return true;
}

static void
room_put(struct room *r)
{
	free(r->p);
	free(r->map);
}

static void
put(struct room *r, unsigned char c, size_t from)
{
	r->p[r->n] = c;
	r->map[r->n++] = (uint32_t)from;
}

static void
hand_out(struct room *r, const struct view *outer, size_t end, bool final,
    const char *under, const struct view_taker *to)
{
	const struct view v = { .t = { r->p, r->n, final }, .under = under,
		.outer = outer, .map = r->map };

	r->map[r->n] = (uint32_t)end;
	to->on_view(&v, to->arg);
}

/* ---- escapes ---- */

/* n hexadecimal digits at at, or -1. */
static long
hex_at(const struct text *t, size_t at, size_t n)
{
	long v = 0;

	if (t->n < at + n)
		return -1;
	for (size_t i = 0; i < n; i++) {
		int d = hex_value((char)t->p[at + i]);

		if (d == -1)
			return -1;
		v = v << 4 | d;
	}
	return v;
}

/* Characters beyond ASCII are in no word of ours but exact values: they are
 * put as UTF-8. Surrogates are put as they are, which no text has. */
static void
put_utf8(struct room *r, long c, size_t from)
{
	if (c < 0x80) {
		put(r, (unsigned char)c, from);
	} else if (c < 0x800) {
		put(r, (unsigned char)(0xc0 | c >> 6), from);
		put(r, (unsigned char)(0x80 | (c & 0x3f)), from);
	} else {
		put(r, (unsigned char)(0xe0 | c >> 12), from);
		put(r, (unsigned char)(0x80 | (c >> 6 & 0x3f)), from);
		put(r, (unsigned char)(0x80 | (c & 0x3f)), from);
	}
}

/* RFC 8259, 7. Returns the length of the escape. */
static size_t
put_escape(struct room *r, const struct text *t, size_t at)
{
	static const char from[] = "bfnrt", to[] = "\b\f\n\r\t";
	const unsigned char c = t->p[at + 1];
	const char *known = c == '\0' ? NULL : strchr(from, c);
	long v = c == 'u' ? hex_at(t, at + 2, 4) :
	    c == 'x'	  ? hex_at(t, at + 2, 2) :
			    -1;

	r->changed = true;
	if (v >= 0) {
		put_utf8(r, v, at);
		return c == 'u' ? 6 : 4;
	}
	put(r, known == NULL ? c : (unsigned char)to[known - from], at);
	return 2;
}

static size_t
put_percent(struct room *r, const struct text *t, size_t at)
{
	long v = hex_at(t, at + 1, 2);

	if (v < 0) {
		put(r, '%', at);
		return 1;
	}
	r->changed = true;
	put(r, (unsigned char)v, at);
	return 3;
}

/* Of what is not seen: soft hyphen, zero width, direction, byte order. */
static size_t
invisible(const struct text *t, size_t at)
{
	const unsigned char *p = t->p + at;

	if (t->n - at >= 2 && p[0] == 0xc2 && p[1] == 0xad)
		return 2;
	if (t->n - at < 3)
		return 0;
	if (p[0] == 0xef && p[1] == 0xbb && p[2] == 0xbf)
		return 3;
	if (p[0] != 0xe2)
		return 0;
	return (p[1] == 0x80 && ((p[2] >= 0x8b && p[2] <= 0x8f) ||
				    (p[2] >= 0xaa && p[2] <= 0xae))) ||
		(p[1] == 0x81 && p[2] >= 0xa0 && p[2] <= 0xaf) ?
	    3 : 0;
}

static size_t
skip_invisible(struct room *r, const struct text *t, size_t at)
{
	const size_t n = invisible(t, at);

	if (n == 0)
		put(r, t->p[at], at);
	r->changed |= n != 0;
	return n == 0 ? 1 : n;
}

/* The whole text with one kind of escape taken off. */
struct escape {
	const char *under;
	unsigned char lead[3];	/* bytes that one begins with; 0: none */
	size_t len;		/* the longest */
	size_t (*take)(struct room *r, const struct text *t, size_t at);
};

static const struct escape escapes[] = {
	{ "escapes", { '\\' }, 6, put_escape },
	{ "percent-encoding", { '%' }, 3, put_percent },
	{ "invisible characters", { 0xc2, 0xe2, 0xef }, 3, skip_invisible },
};

static bool
leads(const struct escape *e, unsigned char c)
{
	return c != 0 &&
	    (c == e->lead[0] || c == e->lead[1] || c == e->lead[2]);
}

static bool
has_lead(const struct escape *e, const struct text *t, size_t from)
{
	for (int i = 0; i < 3 && e->lead[i] != 0; i++)
		if (memchr(t->p + from, e->lead[i], t->n - from) != NULL)
			return true;
	return false;
}

static void
unescaped(const struct escape *e, const struct view *outer, size_t from,
    const struct view_taker *to)
{
	const struct text *t = &outer->t;
	size_t i = from > LEFT ? from - LEFT : 0;
	struct room r;

	if (!has_lead(e, t, i) || !room_get(&r, outer, t->n - i, to))
		return;
	while (i < t->n) {
		if (!leads(e, t->p[i])) {
			put(&r, t->p[i], i);
			i++;
			continue;
		}
		if (t->n - i < e->len && !t->final)
			break; /* the rest of it decides */
		if (t->n - i < 2)
			break;
		i += e->take(&r, t, i);
	}
	if (r.changed)
		hand_out(&r, outer, i, t->final && i >= t->n, e->under, to);
	room_put(&r);
}

/* ---- runs: base64 and hexadecimal ---- */

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

struct run_kind {
	const char *under;
	const int8_t *value;
	unsigned bits;		/* that a character says */
	size_t min;
};

static const struct run_kind runs[] = {
	{ "base64", base64_letters, 6, BASE64_MIN },
	{ "hexadecimal", hex_letters, 4, HEX_MIN },
};

struct run {
	size_t end, letters;
	bool cut;		/* it is longer */
};

/* The run that begins at from; line ends inside it do not end it. */
static struct run
run_at(const struct run_kind *k, const struct text *t, size_t from)
{
	struct run r = { .end = from };
	size_t i = from;

	for (; i < t->n && i - from < RUN_LATEST; i++) {
		const bool line = t->p[i] == '\r' || t->p[i] == '\n';

		if (k->value[t->p[i]] != -1) {
			r.end = i + 1;
			r.letters++;
		} else if (!line || i - r.end > 1 || r.letters == 0) {
			return r;
		}
	}
	r.cut = i - from >= RUN_LATEST;
	if (i == t->n)
		r.end = i;
	return r;
}

static bool
is_printable(const struct room *r)
{
	size_t odd = 0;

	for (size_t i = 0; i < r->n; i++)
		odd += r->p[i] < 9 || (r->p[i] > 13 && r->p[i] < 32) ||
		    r->p[i] == 127;
	return odd * 10 <= r->n;
}

static void
decode(const struct run_kind *k, const struct view *outer, struct span s,
    const struct view_taker *to)
{
	const struct text *t = &outer->t;
	unsigned have = 0;
	uint32_t v = 0;
	size_t first = s.at;
	struct room r;

	if (!room_get(&r, outer, s.len, to))
		return;
	for (size_t i = s.at; i < s.at + s.len; i++) {
		const int c = k->value[t->p[i]];

		if (c == -1)
			continue;
		if (have == 0)
			first = i;
		v = v << k->bits | (unsigned)c;
		have += k->bits;
		if (have < 8)
			continue;
		have -= 8;
		put(&r, (unsigned char)(v >> have), first);
		first = i;
	}
	if (is_printable(&r))
		hand_out(&r, outer, s.at + s.len, true, k->under, to);
	room_put(&r);
}

/* A very long run is taken in pieces that overlap, cut where a byte begins:
 * after so many letters, whatever lines they stand in. What a piece cuts is
 * whole in the next one. */
static size_t
piece_next(const struct run_kind *k, const struct text *t, size_t i)
{
	for (size_t n = 0; n < RUN_LATEST / 2; i++)
		n += k->value[t->p[i]] != -1;
	return i;
}

/* Where the next run begins: most of a text is words, too short for one. */
static size_t
run_next(const struct run_kind *k, const struct text *t, size_t i)
{
	while (i < t->n) {
		size_t end;

		while (i < t->n && k->value[t->p[i]] == -1)
			i++;
		end = i;
		while (end < t->n && k->value[t->p[end]] != -1)
			end++;
		if (end - i >= LINE_MIN || end == t->n)
			return i;
		i = end;
	}
	return i;
}

/* A run that may go on is taken again, from where its last piece began. */
static void
runs_of(const struct run_kind *k, const struct view *outer, size_t from,
    const struct view_taker *to)
{
	const struct text *t = &outer->t;
	size_t i = run_next(k, t, from), last = from;
	bool piece = false;	/* i is inside a run that began before */

	while (i < t->n) {
		const struct run r = run_at(k, t, i);
		size_t next;

		if (r.end == t->n && r.end != i && !t->final && !r.cut) {
			to->on_more(outer, piece ? last : i, to->arg);
			return;
		}
		next = r.cut ? piece_next(k, t, i) : run_next(k, t, r.end);
		if (r.letters >= k->min) {
			to->on_run(outer, (struct span){ i,
			    r.cut ? next - i : r.end - i }, to->arg);
			decode(k, outer, (struct span){ i, r.end - i }, to);
		}
		last = i;
		piece = r.cut;
		i = next;
	}
}

void
views_of(const struct view *outer, size_t from, const struct view_taker *to)
{
	for (size_t i = 0; i < sizeof(escapes) / sizeof(*escapes); i++)
		unescaped(&escapes[i], outer, from, to);
	for (size_t i = 0; i < sizeof(runs) / sizeof(*runs); i++)
		runs_of(&runs[i], outer, from, to);
}
