/* words.c -- finds many words at once.
 *
 * Each word is known by three letters that follow one another in it, the
 * rarest that it has. At each place of a text the three letters there are
 * looked up in a set of bits: one load that waits for no other, so that eight
 * places are under way at once, where an automaton would wait for each state.
 * Only where the set has them is a word compared. */
#include <endian.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/must.h"
#include "scan/detect.h"

enum {
	GRAM = 3,
	HASH_BITS = 15,
	WORDS_MAX = 4096,
	LETTERS_MAX = 32	/* of a word, compared; and one of two letters
				 * is known by every third */
};
#define NO_WORD UINT16_MAX

struct word {
	const unsigned char *p;	/* the caller's */
	uint32_t gram;
	uint16_t len, at, next;	/* at: of the gram in it */
};

struct words {
	uint64_t has[(1u << HASH_BITS) / 64];
	uint16_t first[256];	/* by the last byte of the hash */
	struct word *v;
	size_t n;
};

static unsigned char
folded(unsigned char c)
{
	return c >= 'A' && c <= 'Z' ? (unsigned char)(c | 0x20) : c;
}

/* More is put aside than case: the comparison sees to that. */
static uint32_t
gram_of(uint32_t four)
{
	return (four & 0xffffff) | 0x202020;
}

static uint32_t
hash(uint32_t gram)
{
	return gram * 0x9e3779b1u >> (32 - HASH_BITS);
}

static uint32_t
gram_at(const unsigned char *p)
{
	return gram_of((uint32_t)p[0] | (uint32_t)p[1] << 8 |
	    (uint32_t)p[2] << 16);
}

static uint16_t *
chain_of(struct words *w, uint32_t gram)
{
	return &w->first[hash(gram) & 0xff];
}

/* How often texts have it, by and large; and how many words do. */
static unsigned
cost_of(struct words *w, uint32_t gram)
{
	static const char common[] = " etaoinsrhldcumfpgwybvkxjqz";
	unsigned cost = 0;

	for (int i = 0; i < GRAM; i++) {
		const char *p = strchr(common, (int)(gram >> 8 * i & 0x7f));

		cost += p == NULL || *p == '\0' ? 4 :
		    30 - (unsigned)(p - common);
	}
	for (uint16_t i = *chain_of(w, gram); i != NO_WORD; i = w->v[i].next)
		cost += w->v[i].gram == gram ? 16 : 1;
	return cost;
}

static void
word_add(struct words *w, const struct words_word *of, uint16_t number)
{
	struct word *it = &w->v[number];
	const size_t len = of->len < LETTERS_MAX ? of->len : LETTERS_MAX;
	unsigned least = UINT32_MAX;
	uint16_t *chain;

	*it = (struct word){ .p = of->p, .len = (uint16_t)of->len };
	for (size_t i = 0; i + GRAM <= len; i++) {
		const uint32_t gram = gram_at(of->p + i);
		const unsigned cost = cost_of(w, gram);

		if (cost >= least)
			continue;
		least = cost;
		it->gram = gram;
		it->at = (uint16_t)i;
	}
	w->has[hash(it->gram) / 64] |= 1ul << hash(it->gram) % 64;
	chain = chain_of(w, it->gram);
	it->next = *chain;
	*chain = number;
}

int
words_new(const struct words_word *v, size_t n, struct words **out,
    struct err *e)
{
	struct words *w;

	if (n > WORDS_MAX)
		return err_set(e, ERR_LIMIT, "too many words to look for");
	w = mem_alloc(1, sizeof(*w));
	memset(w->first, 0xff, sizeof(w->first));
	w->v = mem_alloc(n + 1, sizeof(*w->v));
	w->n = n;
	for (size_t i = 0; i < n; i++) {
		must(v[i].len >= GRAM && v[i].len <= UINT16_MAX);
		word_add(w, &v[i], (uint16_t)i);
	}
	*out = w;
	return 0;
}

void
words_free(struct words *w)
{
	if (w == NULL)
		return;
	free(w->v);
	free(w);
}

static bool
is_there(const struct word *v, const unsigned char *p)
{
	const size_t n = v->len < LETTERS_MAX ? v->len : LETTERS_MAX;

	for (size_t i = 0; i < n; i++)
		if (folded(p[i]) != folded(v->p[i]))
			return false;
	return true;
}

static void
compare(const struct words *w, const struct text *t, size_t at,
    void (*on_word)(size_t word, size_t at, void *arg), void *arg)
{
	const uint32_t gram = gram_at(t->p + at);

	for (uint16_t i = w->first[hash(gram) & 0xff]; i != NO_WORD;
	    i = w->v[i].next) {
		const struct word *v = &w->v[i];
		const size_t n = v->len < LETTERS_MAX ? v->len : LETTERS_MAX;

		if (v->gram == gram && at >= v->at &&
		    t->n - (at - v->at) >= n &&
		    is_there(v, t->p + at - v->at))
			on_word(i, at - v->at, arg);
	}
}

static unsigned
has(const struct words *w, uint32_t four)
{
	const uint32_t h = hash(gram_of(four));

	return (unsigned)(w->has[h / 64] >> h % 64 & 1);
}

void
words_find(const struct words *w, const struct text *t, size_t from,
    void (*on_word)(size_t word, size_t at, void *arg), void *arg)
{
	size_t i = from;

	for (; i + 12 <= t->n; i += 8) {
		uint64_t a;
		uint32_t b;
		unsigned hits;

		memcpy(&a, t->p + i, 8);
		memcpy(&b, t->p + i + 8, 4);
		a = le64toh(a);
		b = le32toh(b);
		hits = has(w, (uint32_t)a) | has(w, (uint32_t)(a >> 8)) << 1 |
		    has(w, (uint32_t)(a >> 16)) << 2 |
		    has(w, (uint32_t)(a >> 24)) << 3 |
		    has(w, (uint32_t)(a >> 32)) << 4 |
		    has(w, (uint32_t)(a >> 40)) << 5 |
		    has(w, (uint32_t)(a >> 48 | (uint64_t)b << 16)) << 6 |
		    has(w, (uint32_t)(a >> 56 | (uint64_t)b << 8)) << 7;
		for (; hits != 0; hits &= hits - 1)
			compare(w, t, i + (size_t)__builtin_ctz(hits),
			    on_word, arg);
	}
	for (; i + GRAM <= t->n; i++)
		compare(w, t, i, on_word, arg);
}
