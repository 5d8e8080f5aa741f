/* t_policy_match.c -- the pattern matcher against the definition, on patterns
 * and texts made at random; and against a text made to be slow. */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>
#include <cmocka.h>

#include "base/compat.h"
#include "policy/match.h"

/* The definition, by trying everything. */
static bool
naive(struct str p, struct str t)
{
	if (p.len == 0)
		return t.len == 0;
	switch (p.p[0]) {
	case OP_STAR:
	case OP_LABEL:
	case OP_SPAN:
		if (naive(str_from(p, 1), t))
			return true;
		return t.len > 0 &&
		    t.p[0] != (p.p[0] == OP_STAR ? '/' :
		    p.p[0] == OP_LABEL ? '.' : '\0') &&
		    naive(p, str_from(t, 1));
	case OP_DIRS:
		if (naive(str_from(p, 1), t))
			return true;
		for (size_t i = 0; i < t.len; i++)
			if (t.p[i] == '/' &&
			    naive(str_from(p, 1), str_from(t, i + 1)))
				return true;
		return false;
	case OP_ONE:
		return t.len > 0 && t.p[0] != '/' &&
		    naive(str_from(p, 1), str_from(t, 1));
	case OP_SET: {
		size_t n = match_op_len(p);
		bool in = false;

		for (size_t i = 2; i + 1 < n && t.len > 0; i += 2)
			in = in || (t.p[0] >= p.p[i] && t.p[0] <= p.p[i + 1]);
		return in && naive(str_from(p, n), str_from(t, 1));
	}
	default:
		return t.len > 0 && t.p[0] == p.p[0] &&
		    naive(str_from(p, 1), str_from(t, 1));
	}
}

static uint32_t
next_random(uint32_t *s)
{
	*s ^= *s << 13;
	*s ^= *s >> 17;
	*s ^= *s << 5;
	return *s;
}

static size_t
make(uint32_t *s, char *out, size_t max, const char *set, size_t n)
{
	size_t len = next_random(s) % (max + 1);

	for (size_t i = 0; i < len; i++)
		out[i] = set[next_random(s) % n];
	return len;
}

static size_t
make_pattern(uint32_t *s, char *out, size_t max)
{
	static const char ops[] = { OP_STAR, OP_SPAN, OP_DIRS, OP_ONE,
		OP_LABEL, 'a', 'b', '/', 'a', 'b', '/', '.' };
	size_t len = make(s, out, max, ops, sizeof(ops));
	size_t at = next_random(s) % (len + 1);

	if (len < 4 || at > len - 4 || next_random(s) % 2 == 0)
		return len;
	out[at] = OP_SET;	/* two bytes' worth: ".-/" or "a-b" or so */
	out[at + 1] = 1;
	out[at + 2] = next_random(s) % 2 == 0 ? '.' : 'a';
	out[at + 3] = next_random(s) % 2 == 0 ? 'a' : 'b';
	return len;
}

static void
agrees_with_its_definition(void **state)
{
	uint32_t s = 2463534242U;
	unsigned hits = 0;

	(void)state;
	for (int i = 0; i < 200000; i++) {
		char p[10], t[10];
		struct str ps = str_of(p, make_pattern(&s, p, sizeof(p)));
		struct str ts = str_of(t, make(&s, t, sizeof(t), "ab/.", 4));
		bool want = naive(ps, ts);

		hits += want;
		if (match_path(ps, ts) != want)
			fail_msg("pattern of %zu against \"%.*s\"", ps.len,
			    (int)ts.len, ts.p);
	}
	assert_true(hits > 2000);
}

static void
a_set_cut_off_matches_nothing(void **state)
{
	static const char cut[] = { 'a', OP_SET, 2, 'b', 'c', 'd' };

	(void)state;
	for (size_t n = 2; n <= sizeof(cut); n++) {
		assert_false(match_path(str_of(cut, n), STR("ab")));
		assert_false(match_path(str_of(cut, n), STR("a")));
	}
}

static void
no_text_makes_it_slow(void **state)
{
	char p[PATTERN_BYTES_MAX], t[8192];
	struct timespec a, b;

	(void)state;
	for (size_t i = 0; i < sizeof(p); i++)
		p[i] = i % 2 == 0 ? OP_SPAN : 'a';
	p[sizeof(p) - 1] = 'b';
	memset(t, 'a', sizeof(t));
	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &a);
	assert_false(match_path(str_of(p, sizeof(p)), str_of(t, sizeof(t))));
	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &b);
	assert_true(b.tv_sec - a.tv_sec < 5);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(agrees_with_its_definition),
		cmocka_unit_test(a_set_cut_off_matches_nothing),
		cmocka_unit_test(no_text_makes_it_slow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
