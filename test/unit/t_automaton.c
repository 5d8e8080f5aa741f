/* t_automaton.c -- regular languages: against the definition, on patterns and
 * texts made at random and on all texts of a small alphabet. */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "automaton/automaton.h"
#include "base/compat.h"
#include "policy/match.h"

enum { PATTERNS = 6, PATTERN_BYTES = 7, TEXT_BYTES = 6 };

struct made { /* patterns at random: pattern i is of language i */
	char text[PATTERNS][PATTERN_BYTES];
	struct str v[PATTERNS];
	uint32_t n;
};

static uint32_t
next_random(uint32_t *s)
{
	*s ^= *s << 13;
	*s ^= *s >> 17;
	*s ^= *s << 5;
	return *s;
}

static void
make(uint32_t *seed, struct made *m)
{
	static const char symbols[] = "ab/.ab/\1\2\3\4\5\6";

	m->n = 1 + next_random(seed) % PATTERNS;
	for (uint32_t i = 0; i < m->n; i++) {
		size_t len = next_random(seed) % (PATTERN_BYTES + 1);

		for (size_t k = 0; k < len; k++)
			m->text[i][k] = symbols[next_random(seed) %
			    (sizeof(symbols) - 1)];
		/* A whole set, now and then; or one that is cut off. */
		if (len > 4 && m->text[i][0] == 'a')
			memcpy(m->text[i] + len - 4, "\6\1.a", 4);
		m->v[i] = str_of(m->text[i], len);
	}
}

/* By the tree, or pattern by pattern: the language is the same. */
static void
build(const struct made *m, struct arena *a, bool tree, struct dfa *out)
{
	struct nfa *n = nfa_new(a);
	uint32_t culprit;

	for (uint32_t i = 0; i < m->n; i++)
		if (tree)
			nfa_add(n, m->v[i], i);
		else
			nfa_accept(n, nfa_pattern(n, m->v[i]), i);
	assert_int_equal(dfa_of(n, a, DFA_STATES_MAX, out, &culprit), 0);
}

/* Text number i over "ab/.": all of them, the short ones first. */
static struct str
text_at(uint32_t i, char buf[16])
{
	size_t len = 0, n = 1;

	while (i >= n) {
		i -= (uint32_t)n;
		n *= 4;
		len++;
	}
	for (size_t k = 0; k < len; k++, i /= 4)
		buf[k] = "ab/."[i % 4];
	return str_of(buf, len);
}

enum { TEXTS = 1 + 4 + 16 + 64 + 256 + 1024 + 4096 };

static bool
is_in(const struct dfa *d, uint32_t label, uint32_t id)
{
	for (uint32_t i = 0; i < d->sets[label].n; i++)
		if (d->sets[label].v[i] == id)
			return true;
	return false;
}

static void
test_agrees_with_the_matcher(void **state)
{
	uint32_t seed = 7;
	char buf[16];

	(void)state;
	for (unsigned round = 0; round < 60; round++) {
		struct arena a = { 0 };
		struct made m;
		struct dfa d;

		make(&seed, &m);
		build(&m, &a, true, &d);
		for (uint32_t t = 0; t < TEXTS; t++) {
			struct str text = text_at(t, buf);
			uint32_t at = dfa_run(&d, d.start, text);

			for (uint32_t i = 0; i < m.n; i++)
				assert_int_equal(is_in(&d, d.label[at], i),
				    match_path(m.v[i], text));
		}
		arena_fini(&a);
	}
}

static void
assert_same(const struct dfa *x, const struct dfa *y)
{
	assert_int_equal(x->states, y->states);
	assert_int_equal(x->classes, y->classes);
	assert_int_equal(x->start, y->start);
	assert_memory_equal(x->class_of, y->class_of, sizeof(x->class_of));
	assert_memory_equal(x->next, y->next,
	    (size_t)x->states * x->classes * sizeof(*x->next));
	assert_memory_equal(x->label, y->label,
	    x->states * sizeof(*x->label));
}

static void
test_equal_languages_are_equal_automata(void **state)
{
	uint32_t seed = 99;

	(void)state;
	for (unsigned round = 0; round < 500; round++) {
		struct arena a = { 0 };
		struct made m;
		struct dfa x, y;

		make(&seed, &m);
		build(&m, &a, true, &x);
		build(&m, &a, false, &y);
		assert_same(&x, &y);
		assert_int_equal(x.nsets, y.nsets);
		arena_fini(&a);
	}
}

/* No two states do the same, by trying all texts of a few bytes on both. */
static void
test_it_is_minimal(void **state)
{
	uint32_t seed = 5;
	char buf[16];

	(void)state;
	for (unsigned round = 0; round < 40; round++) {
		struct arena a = { 0 };
		struct made m;
		struct dfa d;

		make(&seed, &m);
		build(&m, &a, true, &d);
		for (uint32_t x = 0; x < d.states && d.states < 40; x++)
			for (uint32_t y = 0; y < x; y++) {
				bool differ = false;

				for (uint32_t t = 0; t < TEXTS && !differ; t++)
					differ = d.label[dfa_run(&d, x,
					    text_at(t, buf))] !=
					    d.label[dfa_run(&d, y,
					    text_at(t, buf))];
				/* The dead state is there, reached or not. */
				if (y != 0)
					assert_true(differ);
			}
		arena_fini(&a);
	}
}

static uint32_t
only_first(const void *arg, uint32_t x, uint32_t y)
{
	(void)arg;
	return x != 0 && y == 0;
}

static uint32_t
not_either(const void *arg, uint32_t x, uint32_t y)
{
	(void)arg;
	return x == 0 && y == 0;
}

static bool
is_set(const void *arg, uint32_t label)
{
	(void)arg;
	return label != 0;
}

static void
product_agrees(dfa_combine *f, uint32_t seed)
{
	char buf[16];

	for (unsigned round = 0; round < 60; round++) {
		struct arena a = { 0 };
		struct dfa x, y, d;
		struct made m;
		struct str example;
		bool any = false;

		make(&seed, &m);
		build(&m, &a, true, &x);
		make(&seed, &m);
		build(&m, &a, true, &y);
		assert_int_equal(dfa_product(&x, &y, f, NULL, &a,
		    DFA_STATES_MAX, &d), 0);
		for (uint32_t t = 0; t < TEXTS; t++) {
			struct str text = text_at(t, buf);
			uint32_t want = f(NULL,
			    x.label[dfa_run(&x, x.start, text)],
			    y.label[dfa_run(&y, y.start, text)]);

			assert_int_equal(d.label[dfa_run(&d, d.start, text)],
			    want);
			any |= want != 0;
		}
		assert_int_equal(d.label[0], 0);
		if (dfa_example(&d, is_set, NULL, &a, &example))
			assert_int_not_equal(d.label[dfa_run(&d, d.start,
			    example)], 0);
		else
			assert_false(any);
		assert_int_equal(dfa_reaches(&d, d.start, is_set, NULL),
		    dfa_example(&d, is_set, NULL, &a, &example));
		arena_fini(&a);
	}
}

static void
test_product_agrees_with_trying_all(void **state)
{
	(void)state;
	product_agrees(only_first, 11);
	product_agrees(not_either, 12);
}

static void
test_an_example_is_a_shortest_one(void **state)
{
	uint32_t seed = 21;
	char buf[16];

	(void)state;
	for (unsigned round = 0; round < 100; round++) {
		struct arena a = { 0 };
		struct str example;
		struct made m;
		struct dfa d;

		make(&seed, &m);
		build(&m, &a, true, &d);
		example = str_of("", TEXT_BYTES + 1);
		(void)dfa_example(&d, is_set, NULL, &a, &example);
		for (uint32_t t = 0; t < TEXTS; t++) {
			struct str text = text_at(t, buf);

			if (text.len == example.len)
				break;
			assert_int_equal(d.label[dfa_run(&d, d.start, text)],
			    0);
		}
		arena_fini(&a);
	}
}

/* Parts: (ab|c)* and a set, against what they mean. */
static void
test_parts(void **state)
{
	static const struct {
		const char *text;
		bool in;
	} rows[] = {
		{ "1", true }, { "ab1", true }, { "cab2", true },
		{ "", false }, { "a1", false }, { "abc", false },
		{ "abcabc9", true }, { "ab1c", false },
	};
	struct arena a = { 0 };
	struct nfa *n = nfa_new(&a);
	struct byte_set digits = { { 0 } };
	struct part p;
	struct dfa d;
	uint32_t culprit;

	(void)state;
	for (unsigned b = '0'; b <= '9'; b++)
		digits.bits[0] |= UINT64_C(1) << b;
	p = nfa_alt(n, nfa_text(n, STR("ab")), nfa_text(n, STR("c")));
	p = nfa_cat(n, nfa_star(n, p), nfa_set(n, &digits));
	nfa_accept(n, p, 3);
	assert_int_equal(dfa_of(n, &a, 100, &d, &culprit), 0);
	for (size_t i = 0; i < NELEM(rows); i++)
		assert_int_equal(is_in(&d, d.label[dfa_run(&d, d.start,
		    str_c(rows[i].text))], 3), rows[i].in);
	arena_fini(&a);
}

static void
test_nothing_and_everything(void **state)
{
	struct arena a = { 0 };
	struct nfa *n = nfa_new(&a);
	struct dfa d;
	struct str s;
	uint32_t culprit;

	(void)state;
	assert_int_equal(dfa_of(n, &a, 10, &d, &culprit), 0);
	assert_int_equal(d.states, 1);
	assert_int_equal(d.start, 0);
	assert_false(dfa_example(&d, is_set, NULL, &a, &s));
	nfa_add(n, STR("\2"), 4);
	assert_int_equal(dfa_of(n, &a, 10, &d, &culprit), 0);
	assert_int_equal(d.states, 2);
	assert_int_equal(d.classes, 1);
	assert_true(dfa_example(&d, is_set, NULL, &a, &s));
	assert_int_equal(s.len, 0);
	arena_fini(&a);
}

static void
test_relabelled_states_merge(void **state)
{
	struct arena a = { 0 };
	struct nfa *n = nfa_new(&a);
	struct dfa d, kept;
	uint32_t culprit, of[8];
	const uint32_t same[] = { 0, 1, 1 }, swapped[] = { 1, 0, 0 };

	(void)state;
	nfa_add(n, STR("a"), 0);
	nfa_add(n, STR("b"), 1);
	assert_int_equal(dfa_of(n, &a, 10, &d, &culprit), 0);
	assert_int_equal(d.states, 4);
	kept = d;
	dfa_relabel(&d, &a, same);
	dfa_minimise(&d, &a, of);
	assert_int_equal(d.states, 3);
	assert_int_equal(of[dfa_run(&kept, kept.start, STR("a"))],
	    of[dfa_run(&kept, kept.start, STR("b"))]);
	assert_int_equal(of[kept.start], d.start);
	/* The complement: what was dead has a label now. */
	d = kept;
	dfa_relabel(&d, &a, swapped);
	dfa_minimise(&d, &a, NULL);
	assert_int_equal(d.label[0], 0);
	assert_int_equal(d.label[dfa_run(&d, d.start, STR("zz"))], 1);
	assert_int_equal(d.label[dfa_run(&d, d.start, STR("a"))], 0);
	arena_fini(&a);
}

/* "the tenth byte from the end is an a": a thousand states and more. */
static void
test_an_explosion_names_the_one(void **state)
{
	struct arena a = { 0 };
	struct nfa *n = nfa_new(&a);
	struct dfa d;
	uint32_t culprit = 0;

	(void)state;
	nfa_add(n, STR("/good"), 1);
	nfa_add(n, STR("/x/\2"), 2);
	nfa_add(n, STR("\2a\4\4\4\4\4\4\4\4\4\4\4\4"), 3);
	nfa_add(n, STR("/also/good"), 4);
	assert_int_equal(dfa_of(n, &a, 1000, &d, &culprit), -1);
	assert_int_equal(culprit, 3);
	arena_fini(&a);
}

static void
test_a_thousand_alike_are_few_states(void **state)
{
	struct arena a = { 0 };
	struct nfa *n = nfa_new(&a);
	struct dfa d;
	uint32_t culprit;

	(void)state;
	for (uint32_t i = 0; i < 1000; i++) {
		char *p = arena_printf(&a, "/a/\1/p%u/\2", i);

		nfa_add(n, str_c(p), i);
	}
	assert_int_equal(dfa_of(n, &a, 4096, &d, &culprit), 0);
	assert_true(d.states < 2500);
	assert_true(is_in(&d, d.label[dfa_run(&d, d.start,
	    STR("/a/any/p999/x/y"))], 999));
	arena_fini(&a);
}

static uint32_t
lowest_in(const struct dfa *d, uint32_t label, const uint32_t *kind_of,
    uint32_t kind)
{
	for (uint32_t i = 0; i < d->sets[label].n; i++)
		if (kind_of[d->sets[label].v[i]] == kind)
			return d->sets[label].v[i];
	return UINT32_MAX;
}

/* The first of each kind is the first by the definition. */
static void
test_alike_keeps_the_first_of_each_kind(void **state)
{
	static const uint32_t kind_of[PATTERNS] = { 1, 2, 1, 1, 2, 0 };
	uint32_t seed = 55;
	char buf[16];

	(void)state;
	for (unsigned round = 0; round < 60; round++) {
		struct arena a = { 0 };
		struct nfa *n = nfa_new(&a);
		struct made m;
		struct dfa d;
		uint32_t culprit;

		make(&seed, &m);
		nfa_alike(n, kind_of, PATTERNS);
		for (uint32_t i = 0; i < m.n; i++)
			nfa_add(n, m.v[i], i);
		assert_int_equal(dfa_of(n, &a, DFA_STATES_MAX, &d, &culprit),
		    0);
		for (uint32_t t = 0; t < TEXTS; t++) {
			struct str text = text_at(t, buf);
			uint32_t first[3] = { UINT32_MAX, UINT32_MAX,
				UINT32_MAX };
			uint32_t label = d.label[dfa_run(&d, d.start, text)];

			for (uint32_t i = m.n; i-- > 0;)
				if (match_path(m.v[i], text))
					first[kind_of[i]] = i;
			for (uint32_t k = 0; k < 3; k++)
				assert_int_equal(lowest_in(&d, label, kind_of,
				    k), first[k]);
		}
		arena_fini(&a);
	}
}

/* Not which of them were met, one bit each. */
static void
test_alike_does_not_remember_each(void **state)
{
	static uint32_t kind_of[400];
	struct arena a = { 0 };
	struct nfa *n = nfa_new(&a);
	struct dfa d;
	uint32_t culprit, label;

	(void)state;
	for (uint32_t i = 0; i < NELEM(kind_of); i++)
		kind_of[i] = 1;
	nfa_alike(n, kind_of, NELEM(kind_of));
	for (uint32_t i = 0; i < NELEM(kind_of); i++)
		nfa_add(n, str_c(arena_printf(&a, "/\3n%u/\2", i)), i);
	assert_int_equal(dfa_of(n, &a, 4096, &d, &culprit), 0);
	label = d.label[dfa_run(&d, d.start, STR("/x/n399/y/n7/z"))];
	assert_true(is_in(&d, label, 7) || is_in(&d, label, 399));
	label = d.label[dfa_run(&d, d.start, STR("/x/n400/y"))];
	assert_int_equal(label, 0);
	arena_fini(&a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_agrees_with_the_matcher),
		cmocka_unit_test(test_equal_languages_are_equal_automata),
		cmocka_unit_test(test_it_is_minimal),
		cmocka_unit_test(test_product_agrees_with_trying_all),
		cmocka_unit_test(test_an_example_is_a_shortest_one),
		cmocka_unit_test(test_parts),
		cmocka_unit_test(test_nothing_and_everything),
		cmocka_unit_test(test_relabelled_states_merge),
		cmocka_unit_test(test_an_explosion_names_the_one),
		cmocka_unit_test(test_a_thousand_alike_are_few_states),
		cmocka_unit_test(test_alike_keeps_the_first_of_each_kind),
		cmocka_unit_test(test_alike_does_not_remember_each),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
