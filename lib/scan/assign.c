/* assign.c -- password = "..." and the like: the least sure of all. */
#include <math.h>
#include <string.h>

#include "scan/detect.h"

enum { GAP_MAX = 20, VALUE_MIN = 10, VALUE_MAX = 150 };

static bool
is_one_of(unsigned char c, const char *set)
{
	return c != '\0' && strchr(set, c) != NULL;
}

/* Bits per character, times sixteen. */
static unsigned
entropy(const unsigned char *p, size_t n)
{
	unsigned count[256] = { 0 };
	double bits = 0;

	for (size_t i = 0; i < n; i++)
		count[p[i]]++;
	for (int c = 0; c < 256; c++)
		if (count[c] != 0)
			bits -= count[c] * log2((double)count[c] / (double)n);
	return (unsigned)(16 * bits / (double)n);
}

/* Letters alone are a word or a name; a path, a call or a variable is no
 * value. */
static bool
is_value(const struct text *t, size_t at, size_t n)
{
	bool digit = false, letter = false;

	for (size_t i = 0; i < n; i++) {
		digit |= set_has(SET_DIGIT, t->p[at + i]);
		letter |= set_has(SET_ALNUM, t->p[at + i]) &&
		    !set_has(SET_DIGIT, t->p[at + i]);
	}
	return digit && letter && is_varied(t, at, n) &&
	    entropy(t->p + at, n) >= 3 * 16 + 4;
}

/* The end of what stands between a name and its value; 0: none does. *more:
 * the text ends before. */
static size_t
gap_end(const struct text *t, size_t at, bool *more)
{
	size_t i = at;
	bool assigned = false;

	while (i < t->n && i - at < GAP_MAX &&
	    (set_has(SET_DOTTED, t->p[i]) || is_one_of(t->p[i], "\"'` \t\\")))
		i++;
	while (i < t->n && i - at < (size_t)2 * GAP_MAX &&
	    is_one_of(t->p[i], ":=>,| \t\"'`\\")) {
		assigned |= is_one_of(t->p[i], ":=>");
		i++;
	}
	*more = i == t->n && !t->final;
	return assigned ? i : 0;
}

enum seen
look_assigned(const struct detector *d, const struct text *t, size_t at,
    struct span *out)
{
	bool more;
	const size_t from = gap_end(t, at + strlen(d->word), &more);
	size_t n;

	if (more)
		return SEEN_MORE;
	if (from == 0)
		return SEEN_NO;
	n = 0;
	while (n <= VALUE_MAX && from + n < t->n &&
	    (set_has(SET_BASE64, t->p[from + n]) ||
		is_one_of(t->p[from + n], "_-.~!@#%^*")))
		n++;
	if (from + n == t->n && !t->final && n <= VALUE_MAX)
		return SEEN_MORE;
	if (n < VALUE_MIN || n > VALUE_MAX || !is_value(t, from, n))
		return SEEN_NO;
	*out = (struct span){ from, n };
	return SEEN_YES;
}
