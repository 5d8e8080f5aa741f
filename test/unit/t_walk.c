/* t_walk.c -- packed automata do what they were packed from; and damaged ones
 * are refused, or at least never lead outside. */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "automaton/pack.h"
#include "base/compat.h"
#include "policy/match.h"

enum { AUTOMATA = 40, PATTERNS = 5, BYTES = 9 };

static uint32_t
next_random(uint32_t *s)
{
	*s ^= *s << 13;
	*s ^= *s >> 17;
	*s ^= *s << 5;
	return *s;
}

static struct str
make(uint32_t *seed, struct arena *a, const char *set, size_t n)
{
	size_t len = next_random(seed) % (BYTES + 1);
	char *p = arena_alloc(a, BYTES + 1, 1);

	assert_non_null(p);
	for (size_t i = 0; i < len; i++)
		p[i] = set[next_random(seed) % n];
	return str_of(p, len);
}

static void
build(uint32_t *seed, struct arena *a, struct dfa *out)
{
	static const char symbols[] = "abc/.abc/\1\2\3\4\5";
	struct nfa *n = nfa_new(a);
	uint32_t culprit;

	for (uint32_t i = 0; i < 1 + next_random(seed) % PATTERNS; i++)
		nfa_add(n, make(seed, a, symbols, sizeof(symbols) - 1), i);
	assert_int_equal(dfa_of(n, a, DFA_STATES_MAX, out, &culprit), 0);
}

struct packed {
	struct arena a;
	struct pack *p;
	struct dfa d[AUTOMATA];
	uint32_t start[AUTOMATA];
};

static void
pack_some(struct packed *k, uint32_t seed)
{
	*k = (struct packed){ .p = pack_new() };
	for (unsigned i = 0; i < AUTOMATA; i++) {
		build(&seed, &k->a, &k->d[i]);
		k->start[i] = pack_add(k->p, &k->d[i], NULL);
	}
	assert_false(pack_is_full(k->p));
}

static void
packed_fini(struct packed *k)
{
	pack_free(k->p);
	arena_fini(&k->a);
}

static void
test_packed_as_before(void **state)
{
	const struct f_step *w;
	struct packed k;
	uint32_t n, seed = 3;

	(void)state;
	pack_some(&k, 17);
	w = pack_steps(k.p, &n);
	assert_true(walk_sound(w, n));
	for (unsigned i = 0; i < AUTOMATA; i++)
		for (unsigned round = 0; round < 2000; round++) {
			struct arena a = { 0 };
			struct str t = make(&seed, &a, "abc/.\xff", 6);
			uint32_t at = dfa_run(&k.d[i], k.d[i].start, t);

			assert_int_equal(k.d[i].label[at], walk_label(w,
			    walk_text(w, k.start[i], t)));
			arena_fini(&a);
		}
	packed_fini(&k);
}

static void
test_a_walk_goes_on_where_it_was(void **state)
{
	const struct f_step *w;
	struct packed k;
	uint32_t n, *of;

	(void)state;
	pack_some(&k, 23);
	of = calloc(k.d[0].states, sizeof(*of));
	assert_int_equal(pack_add(k.p, &k.d[0], of), k.start[0]);
	w = pack_steps(k.p, &n);
	for (uint32_t s = 0; s < k.d[0].states; s++)
		for (unsigned c = 0; c < 256; c++) {
			char byte = (char)c;

			assert_int_equal(walk_byte(w, of[s], byte),
			    of[dfa_run(&k.d[0], s, str_of(&byte, 1))]);
		}
	free(of);
	packed_fini(&k);
}

static void
test_the_same_is_there_once(void **state)
{
	struct packed k;
	uint32_t n, again;

	(void)state;
	pack_some(&k, 29);
	(void)pack_steps(k.p, &n);
	for (unsigned i = 0; i < AUTOMATA; i++)
		assert_int_equal(pack_add(k.p, &k.d[i], NULL), k.start[i]);
	(void)pack_steps(k.p, &again);
	assert_int_equal(n, again);
	packed_fini(&k);
}

/* Whatever is called sound can be walked from any state by any bytes. */
static void
test_damage_never_leads_outside(void **state)
{
	static const uint32_t values[] = { 0, 1, 255, 256, UINT32_MAX,
		UINT32_MAX - 255 };
	uint32_t seed = 77, n, refused = 0;
	const struct f_step *w;
	struct packed k;
	struct f_step *copy;

	(void)state;
	pack_some(&k, 31);
	w = pack_steps(k.p, &n);
	copy = calloc(n, sizeof(*copy));
	for (unsigned round = 0; round < 1000; round++) {
		uint32_t *words = (uint32_t *)copy;
		uint32_t at;

		memcpy(copy, w, n * sizeof(*copy));
		at = next_random(&seed) % (n * 4);
		words[at] = round % 2 == 0 ?
		    values[next_random(&seed) % NELEM(values)] :
		    next_random(&seed) % n;
		if (!walk_sound(copy, n)) {
			refused++;
			continue;
		}
		at = next_random(&seed) % (n - 255);
		for (unsigned i = 0; i < 100; i++) {
			at = walk_byte(copy, at, (char)next_random(&seed));
			assert_true(walk_is_state(n, at));
		}
	}
	assert_true(refused > 50);
	free(copy);
	packed_fini(&k);
}

static void
test_too_few_steps_are_refused(void **state)
{
	struct f_step w[256] = { { 0 } };

	(void)state;
	for (unsigned i = 0; i < NELEM(w); i++)
		w[i].owner = STEP_NOBODY;
	assert_true(walk_sound(w, 0));
	assert_true(walk_sound(w, 256));
	assert_false(walk_sound(w, 255));
	assert_false(walk_is_state(0, 0));
	assert_true(walk_is_state(256, 0));
	assert_false(walk_is_state(256, 1));
	w[9].owner = 0;
	assert_false(walk_sound(w, 256)); /* the dead has a way out */
	w[9].owner = STEP_NOBODY;
	w[0].label = 1;
	assert_false(walk_sound(w, 256)); /* or something to say */
}

/* Each pattern has a tail of its own: about a step a state. */
static void
test_a_thousand_patterns_are_small(void **state)
{
	struct arena a = { 0 };
	struct nfa *nfa = nfa_new(&a);
	struct pack *p = pack_new();
	struct dfa d;
	uint32_t n, culprit;

	(void)state;
	for (uint32_t i = 0; i < 1000; i++)
		nfa_add(nfa, str_c(arena_printf(&a, "/repos/%u/x%u/\2",
		    i * 7919 % 1000, i)), i);
	assert_int_equal(dfa_of(nfa, &a, DFA_STATES_MAX, &d, &culprit), 0);
	(void)pack_add(p, &d, NULL);
	(void)pack_steps(p, &n);
	assert_true(n < d.states + d.states / 10 + 512);
	pack_free(p);
	arena_fini(&a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_packed_as_before),
		cmocka_unit_test(test_a_walk_goes_on_where_it_was),
		cmocka_unit_test(test_the_same_is_there_once),
		cmocka_unit_test(test_damage_never_leads_outside),
		cmocka_unit_test(test_too_few_steps_are_refused),
		cmocka_unit_test(test_a_thousand_patterns_are_small),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
