/* island.c -- which parts of a text are worth to be read closely.
 *
 * What a run decodes to when it is read from the wrong letter, and most of a
 * picture, are noise: of its bytes one in nine is a control character, and
 * hardly ever are eight in a row printable. A block is kept that has eight in
 * a row, as all that is looked for has, or no control character; and those
 * beside it. */
#include <stdlib.h>
#include <string.h>

#include "base/must.h"
#include "scan/view.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

enum { BLOCK = 64, WORD = 8, ISLANDS_MIN = 64 };

/* Bits of the bytes that are printable, blank or zero (of UTF-16), and of
 * those that are control characters. */
struct kinds {
	uint64_t plain, control;
};

#ifdef __SSE2__
static struct kinds
kinds_of(const unsigned char *p)
{
	const __m128i low = _mm_set1_epi8(0x20), del = _mm_set1_epi8(0x7f),
		      tab = _mm_set1_epi8(9), four = _mm_set1_epi8(4),
		      zero = _mm_setzero_si128();
	struct kinds k = { 0, 0 };

	for (int i = 0; i < BLOCK; i += 16) {
		const __m128i v = _mm_loadu_si128(
		    (const __m128i *)(const void *)(p + i));
		/* signed: bytes beyond ASCII are below the blank */
		const __m128i small = _mm_cmplt_epi8(v, low);
		const __m128i beyond = _mm_cmplt_epi8(v, zero);
		const __m128i blank = _mm_sub_epi8(v, tab);
		const __m128i fine = _mm_or_si128(_mm_cmpeq_epi8(v, zero),
		    _mm_cmpeq_epi8(_mm_min_epu8(blank, four), blank));
		const __m128i bad = _mm_or_si128(_mm_cmpeq_epi8(v, del),
		    _mm_andnot_si128(fine, small));

		k.plain |= (uint64_t)(uint16_t)~_mm_movemask_epi8(bad) << i;
		k.control |= (uint64_t)(uint16_t)_mm_movemask_epi8(
		    _mm_andnot_si128(beyond, bad)) << i;
	}
	return k;
}
#else
static struct kinds
kinds_of(const unsigned char *p)
{
	struct kinds k = { 0, 0 };

	for (unsigned i = 0; i < BLOCK; i++) {
		const bool fine = p[i] == 0 || (p[i] >= 9 && p[i] <= 13);
		const bool bad = (p[i] < 0x20 && !fine) || p[i] == 0x7f;

		k.plain |= (uint64_t)(!bad && p[i] < 0x80) << i;
		k.control |= (uint64_t)bad << i;
	}
	return k;
}
#endif

static bool
is_kept(const struct text *t, size_t at)
{
	unsigned char last[BLOCK] = { 1 };
	const unsigned char *p = t->p + at;
	struct kinds k;

	if (t->n - at < BLOCK) {
		memset(last, 1, sizeof(last));
		memcpy(last, p, t->n - at);
		p = last;
	}
	k = kinds_of(p);
	if (k.control == 0)
		return true;
	k.plain &= k.plain >> 1;
	k.plain &= k.plain >> 2;
	k.plain &= k.plain >> 4;
	return k.plain != 0;
}

/* Blocks overlap by a word, so that no word is cut. */
void
islands_find(struct room *r, const struct text *t)
{
	struct island *last = NULL;

	r->nislands = 0;
	for (size_t at = 0; at < t->n; at += BLOCK - WORD) {
		const size_t from = at > BLOCK ? at - BLOCK : 0;
		const size_t to = t->n - at > 2 * BLOCK ? at + 2 * BLOCK :
							  t->n;

		if (!is_kept(t, at))
			continue;
		if (last != NULL && from <= last->end) {
			last->end = (uint32_t)to;
			continue;
		}
		if (r->nislands == r->islands_cap) {
			r->islands_cap = r->islands_cap == 0 ? ISLANDS_MIN :
			    2 * r->islands_cap;
			r->islands = mem_grow(r->islands, r->islands_cap,
			    sizeof(*r->islands));
		}
		last = &r->islands[r->nislands++];
		*last = (struct island){ (uint32_t)from, (uint32_t)to };
	}
}

struct text
island_text(const struct text *t, const struct island *it)
{
	return (struct text){ t->p, it->end, t->final || it->end < t->n };
}
