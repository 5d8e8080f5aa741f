/* peel.c -- takes one layer of escapes off a text. */
#include <string.h>

#include "scan/view.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

enum { ESCAPE_MAX = 10 };	/* bytes of the longest */

struct escape {
	size_t len;		/* 0: it is none; or what comes behind tells */
	long says;		/* a character; -1: nothing */
	const char *under;
	bool byte;		/* says one, of any character */
};

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

/* RFC 8259, 7; \x is of JavaScript. */
static struct escape
read_backslash(const struct text *t, size_t at)
{
	static const char says[256] = { ['b'] = '\b', ['f'] = '\f',
		['n'] = '\n', ['r'] = '\r', ['t'] = '\t' };
	const unsigned char c = at + 1 < t->n ? t->p[at + 1] : 0;
	const long v = c == 'u' ? hex_at(t, at + 2, 4) :
	    c == 'x'		? hex_at(t, at + 2, 2) :
				  -1;

	if (at + 1 == t->n)
		return (struct escape){ .len = 0 };
	if (v >= 0)
		return (struct escape){ c == 'u' ? 6 : 4, v, "escapes", false };
	return (struct escape){ 2, says[c] == 0 ? c : says[c], "escapes",
		false };
}

static struct escape
read_percent(const struct text *t, size_t at)
{
	const long v = hex_at(t, at + 1, 2);

	return (struct escape){ v < 0 ? 0 : 3, v, "percent-encoding", true };
}

/* &#65; &#x41; &amp; */
static struct escape
read_entity(const struct text *t, size_t at)
{
	static const struct {
		const char *name;
		char says;
	} names[] = { { "amp;", '&' }, { "lt;", '<' }, { "gt;", '>' },
		{ "quot;", '"' }, { "apos;", '\'' } };
	size_t i = at + 2;
	long v = 0;
	bool hex;

	for (size_t k = 0; k < NELEM(names); k++) {
		const size_t n = strlen(names[k].name);

		if (t->n - at > n &&
		    memcmp(t->p + at + 1, names[k].name, n) == 0)
			return (struct escape){ n + 1, names[k].says,
				"entities", false };
	}
	if (t->n - at < 4 || t->p[at + 1] != '#')
		return (struct escape){ .len = 0 };
	hex = (t->p[i] | 0x20) == 'x';
	for (i += hex; i < t->n && i - at < ESCAPE_MAX - 1; i++) {
		const int d = hex_value((char)t->p[i]);

		if (d < 0 || (!hex && d > 9))
			break;
		v = v * (hex ? 16 : 10) + d;
	}
	if (i == t->n || t->p[i] != ';')
		return (struct escape){ .len = 0 };
	return (struct escape){ i + 1 - at, v, "entities", false };
}

/* ---- characters ---- */

/* A character of UTF-8, or 0. */
static size_t
utf8_at(const struct text *t, size_t at, long *c)
{
	const unsigned char first = t->p[at];
	const size_t n = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;

	if (first < 0xc2 || first > 0xf4 || t->n - at < n)
		return 0;
	*c = first & (0x7f >> n);
	for (size_t i = 1; i < n; i++) {
		if ((t->p[at + i] & 0xc0) != 0x80)
			return 0;
		*c = *c << 6 | (t->p[at + i] & 0x3f);
	}
	return n;
}

/* Soft hyphen, zero width, direction, variation, byte order, tags. */
static bool
is_invisible(long c)
{
	return c == 0xad || c == 0x34f || c == 0x61c || c == 0x180e ||
	    (c >= 0x200b && c <= 0x200f) || (c >= 0x202a && c <= 0x202e) ||
	    (c >= 0x2060 && c <= 0x206f) || (c >= 0xfe00 && c <= 0xfe0f) ||
	    c == 0xfeff || (c >= 0xe0000 && c <= 0xe007f);
}

/* Letters of other scripts that are taken for ours (Unicode TR 39; those that
 * no reader tells apart). */
static const struct {
	uint16_t is;
	char looks;
} alike[] = {
	{ 0x391, 'A' }, { 0x392, 'B' }, { 0x395, 'E' }, { 0x396, 'Z' },
	{ 0x397, 'H' }, { 0x399, 'I' }, { 0x39a, 'K' }, { 0x39c, 'M' },
	{ 0x39d, 'N' }, { 0x39f, 'O' }, { 0x3a1, 'P' }, { 0x3a4, 'T' },
	{ 0x3a5, 'Y' }, { 0x3a7, 'X' }, { 0x3b9, 'i' }, { 0x3bd, 'v' },
	{ 0x3bf, 'o' }, { 0x3c1, 'p' }, { 0x405, 'S' }, { 0x406, 'I' },
	{ 0x408, 'J' }, { 0x410, 'A' }, { 0x412, 'B' }, { 0x415, 'E' },
	{ 0x41a, 'K' }, { 0x41c, 'M' }, { 0x41d, 'H' }, { 0x41e, 'O' },
	{ 0x420, 'P' }, { 0x421, 'C' }, { 0x422, 'T' }, { 0x425, 'X' },
	{ 0x430, 'a' }, { 0x435, 'e' }, { 0x43e, 'o' }, { 0x440, 'p' },
	{ 0x441, 'c' }, { 0x443, 'y' }, { 0x445, 'x' }, { 0x455, 's' },
	{ 0x456, 'i' }, { 0x458, 'j' }, { 0x4bb, 'h' }, { 0x501, 'd' },
	{ 0x51b, 'q' }, { 0x51d, 'w' }, { 0x2010, '-' }, { 0x2011, '-' },
	{ 0x2012, '-' }, { 0x2013, '-' }, { 0x2212, '-' },
};

static long
looks_like(long c)
{
	if (c >= 0xff01 && c <= 0xff5e)
		return c - 0xff01 + '!';
	if (c == 0xa0 || c == 0x3000 || (c >= 0x2000 && c <= 0x200a))
		return ' ';
	if (c >= 0x1d400 && c <= 0x1d6a3) /* of mathematics */
		return (c - 0x1d400) % 52 < 26 ? 'A' + (c - 0x1d400) % 52 :
						 'a' + (c - 0x1d400) % 52 - 26;
	if (c >= 0x1d7ce && c <= 0x1d7ff)
		return '0' + (c - 0x1d7ce) % 10;
	for (size_t i = 0; i < NELEM(alike); i++)
		if (alike[i].is == c)
			return alike[i].looks;
	return -1;
}

static struct escape
read_character(const struct text *t, size_t at)
{
	long c = 0, like;
	const size_t n = utf8_at(t, at, &c);

	if (n == 0)
		return (struct escape){ .len = 0 };
	if (is_invisible(c))
		return (struct escape){ n, -1, "invisible characters",
			false };
	like = looks_like(c);
	return (struct escape){ like < 0 ? 0 : n, like, "other letters",
		false };
}

/* ---- the whole text ---- */

static struct escape
read_escape(const struct text *t, size_t at)
{
	switch (t->p[at]) {
	case '\\':
		return read_backslash(t, at);
	case '%':
		return read_percent(t, at);
	case '&':
		return read_entity(t, at);
	case '\0':
		return (struct escape){ 1, -1, "UTF-16", true };
	default:
		return read_character(t, at);
	}
}

/* What an escape that is known begins with. */
static const bool leads[256] = { ['\\'] = true, ['%'] = true, ['&'] = true,
	['\0'] = true, [0xc2] = true, [0xcd] = true, [0xce] = true,
	[0xcf] = true, [0xd0] = true, [0xd1] = true, [0xd2] = true,
	[0xd4] = true, [0xd8] = true, [0xe1] = true, [0xe2] = true,
	[0xe3] = true, [0xef] = true, [0xf0] = true, [0xf3] = true };

static size_t
lead_next(const struct text *t, size_t i)
{
#ifdef __SSE2__
	const __m128i backslash = _mm_set1_epi8('\\'),
		      percent = _mm_set1_epi8('%'), and = _mm_set1_epi8('&'),
		      zero = _mm_setzero_si128();

	for (; i + 16 <= t->n; i += 16) {
		const __m128i v = _mm_loadu_si128(
		    (const __m128i *)(const void *)(t->p + i));
		const __m128i is = _mm_or_si128(
		    _mm_or_si128(_mm_cmpeq_epi8(v, backslash),
			_mm_cmpeq_epi8(v, percent)),
		    _mm_or_si128(_mm_cmpeq_epi8(v, and),
			_mm_cmpeq_epi8(v, zero)));
		unsigned mask = (unsigned)_mm_movemask_epi8(
		    _mm_or_si128(is, v));

		for (; mask != 0; mask &= mask - 1) {
			const size_t at = i + (size_t)__builtin_ctz(mask);

			if (leads[t->p[at]])
				return at;
		}
	}
#endif
	while (i < t->n && !leads[t->p[i]])
		i++;
	return i;
}

/* Characters beyond ASCII are in no word of ours but exact values: they are
 * put as UTF-8. Surrogates are put as they are, which no text has. */
static void
put_character(struct room *r, long c, bool byte)
{
	unsigned char *p = r->p + r->n;

	if (c < 0)
		return;
	if (c < 0x80 || byte) {
		p[0] = (unsigned char)c;
		r->n += 1;
	} else if (c < 0x800) {
		p[0] = (unsigned char)(0xc0 | c >> 6);
		p[1] = (unsigned char)(0x80 | (c & 0x3f));
		r->n += 2;
	} else {
		p[0] = (unsigned char)(0xe0 | (c >> 12 & 0xf));
		p[1] = (unsigned char)(0x80 | (c >> 6 & 0x3f));
		p[2] = (unsigned char)(0x80 | (c & 0x3f));
		r->n += 3;
	}
}

/* From where on the first escape is; the end: there is none. */
static size_t
escape_next(const struct text *t, size_t i, struct escape *out)
{
	for (;; i++) {
		i = lead_next(t, i);
		if (i == t->n)
			return i;
		*out = read_escape(t, i);
		if (out->len != 0)
			return i;
	}
}

/* One island; what stands between two is left out. */
static void
peel_island(struct room *r, const struct text *t, size_t from, size_t at,
    struct escape e)
{
	while (from < t->n) {
		if (at > from) {
			room_segment(r, (struct segment){
			    .in = (uint32_t)from, .bits = 8 });
			memcpy(r->p + r->n, t->p + from, at - from);
			r->n += at - from;
		}
		if (at == t->n)
			break;
		room_segment(r, (struct segment){ .in = (uint32_t)at,
		    .under = e.under });
		put_character(r, e.says, e.byte);
		from = at + e.len;
		at = escape_next(t, from, &e);
	}
	room_segment(r, (struct segment){ .in = (uint32_t)t->n });
	r->p[r->n++] = BETWEEN;
}

bool
peel(struct room *r, const struct view *outer, const struct room *found,
    struct view *out)
{
	bool any = false, goes_on = false;

	for (size_t i = 0; i < found->nislands; i++) {
		const struct island *it = &found->islands[i];
		const struct text t = island_text(&outer->t, it);
		struct escape e = { .len = 0 };
		const size_t at = escape_next(&t, it->at, &e);

		if (at == t.n)
			continue;
		if (!any)
			room_begin(r, outer->t.n + found->nislands + 1);
		any = true;
		goes_on = !t.final;
		peel_island(r, &t, it->at, at, e);
	}
	if (!any)
		return false;
	r->n -= goes_on ? 1 : 0;
	room_segment(r, (struct segment){ .in = (uint32_t)outer->t.n });
	room_view(r, outer, !goes_on, NULL, out);
	return true;
}
