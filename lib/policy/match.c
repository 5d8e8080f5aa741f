/* match.c -- the pattern is a small automaton, and all the states that it can
 * be in are followed at once: no backtracking, whatever the text. */
#include "policy/match.h"

#include <stdint.h>

#include "base/must.h"

#define WORD_BITS 64U
#define WORDS (PATTERN_BYTES_MAX / WORD_BITS + 1)

struct states { /* state i: the pattern's first i bytes are behind us */
	uint64_t bit[WORDS];
};

static bool
is_op(char c)
{
	return c >= OP_STAR && c <= OP_SET;
}

size_t
match_op_len(struct str p)
{
	size_t n;

	if (p.len == 0 || p.p[0] != OP_SET)
		return p.len == 0 ? 0 : 1;
	n = p.len < 2 ? 0 : 2 + 2 * (size_t)(unsigned char)p.p[1];
	return n <= p.len ? n : 0;
}

size_t
match_literal(struct str pattern)
{
	size_t n = 0;

	while (n < pattern.len && !is_op(pattern.p[n]))
		n++;
	return n;
}

static void
set_bit(struct states *s, size_t i)
{
	s->bit[i / WORD_BITS] |= UINT64_C(1) << (i % WORD_BITS);
}

/* Operators that match nothing let us pass at once. */
static void
reach(struct states *s, struct str p, size_t i)
{
	set_bit(s, i);
	while (i < p.len && is_op(p.p[i]) && p.p[i] != OP_ONE &&
	    p.p[i] != OP_SET)
		set_bit(s, ++i);
}

/* From the set at i, if c is in it. */
static void
step_set(struct states *next, struct str p, size_t i, unsigned char c)
{
	size_t len = match_op_len(str_from(p, i));

	for (size_t k = 2; k + 1 < len; k += 2)
		if (c >= (unsigned char)p.p[i + k] &&
		    c <= (unsigned char)p.p[i + k + 1])
			reach(next, p, i + len);
}

/* Where state i goes on the byte c. */
static void
step(struct states *next, struct str p, size_t i, char c)
{
	if (i == p.len)
		return;
	switch (p.p[i]) {
	case OP_STAR:
		if (c != '/')
			reach(next, p, i);
		return;
	case OP_LABEL:
		if (c != '.')
			reach(next, p, i);
		return;
	case OP_SPAN:
		reach(next, p, i);
		return;
	case OP_DIRS:
		set_bit(next, i);
		if (c == '/')
			reach(next, p, i + 1);
		return;
	case OP_ONE:
		if (c != '/')
			reach(next, p, i + 1);
		return;
	case OP_SET:
		step_set(next, p, i, (unsigned char)c);
		return;
	default:
		if (c == p.p[i])
			reach(next, p, i + 1);
		return;
	}
}

static bool
step_all(const struct states *now, struct states *next, struct str p, char c)
{
	size_t words = p.len / WORD_BITS + 1;
	uint64_t any = 0;

	memset(next, 0, words * sizeof(next->bit[0]));
	for (size_t w = 0; w < words; w++) {
		uint64_t left = now->bit[w];

		for (; left != 0; left &= left - 1)
			step(next, p, w * WORD_BITS +
			    (size_t)__builtin_ctzll(left), c);
	}
	for (size_t w = 0; w < words; w++)
		any |= next->bit[w];
	return any != 0;
}

bool
match_rest(struct str p, struct str text)
{
	struct states s[2];
	unsigned now = 0;

	must(p.len <= PATTERN_BYTES_MAX);
	if (p.len == 0 || (p.len == 1 && p.p[0] == OP_SPAN))
		return p.len == 1 || text.len == 0;
	memset(&s[0], 0, (p.len / WORD_BITS + 1) * sizeof(uint64_t));
	reach(&s[0], p, 0);
	for (size_t i = 0; i < text.len; i++, now ^= 1)
		if (!step_all(&s[now], &s[now ^ 1], p, text.p[i]))
			return false;
	return (s[now].bit[p.len / WORD_BITS] >> (p.len % WORD_BITS) & 1) != 0;
}

bool
match_path(struct str p, struct str text)
{
	size_t n = match_literal(p);

	return str_has_prefix(text, str_head(p, n)) &&
	    match_rest(str_from(p, n), str_from(text, n));
}
