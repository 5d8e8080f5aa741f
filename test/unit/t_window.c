/* t_window.c -- sums over a span that ends now: never less than was in it. */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/window.h"

#define MINUTE ((struct usec){ 60000000 })

static struct usec
at(int64_t v)
{
	return (struct usec){ v };
}

static void
what_is_young_counts_and_what_is_old_does_not(void **state)
{
	const int64_t t = 123456789;
	struct window w;

	(void)state;
	window_init(&w, MINUTE, at(t));
	window_add(&w, at(t), 3);
	window_add(&w, at(t + 30000000), 4);
	assert_int_equal(window_sum(&w, at(t + 59999999)), 7);
	assert_int_equal(window_sum(&w, at(t + 60060000)), 4);
	assert_int_equal(window_sum(&w, at(t + 90060000)), 0);
}

static void
a_long_silence_leaves_nothing(void **state)
{
	struct window w;

	(void)state;
	window_init(&w, MINUTE, at(5));
	window_add(&w, at(5), 9);
	assert_int_equal(window_sum(&w, at(INT64_C(1) << 50)), 0);
	window_add(&w, at(INT64_C(1) << 50), 2);
	assert_int_equal(window_sum(&w, at(INT64_C(1) << 50)), 2);
}

static void
when_there_is_room_again_is_when_enough_is_old(void **state)
{
	const int64_t t = 600000000;
	struct usec until;
	struct window w;

	(void)state;
	window_init(&w, MINUTE, at(t));
	window_add(&w, at(t), 1);
	window_add(&w, at(t + 20000000), 2);
	assert_int_equal(window_until(&w, at(t + 20000000), 3).v, 0);
	until = window_until(&w, at(t + 20000000), 2);
	assert_in_range(until.v, 40000000, 40060000);
	assert_int_equal(window_sum(&w, at(t + 20000000 + until.v - 1)), 3);
	assert_int_equal(window_sum(&w, at(t + 20000000 + until.v)), 2);
	until = window_until(&w, at(t + 61000000), 0);
	assert_int_equal(window_sum(&w, at(t + 61000000 + until.v)), 0);
}

static void
what_is_taken_back_never_was(void **state)
{
	struct window w;

	(void)state;
	window_init(&w, MINUTE, at(0));
	window_add(&w, at(0), 10);
	window_add(&w, at(60000), 5);
	window_take_back(&w, 7);
	assert_int_equal(window_sum(&w, at(60000)), 8);
	assert_int_equal(window_sum(&w, at(60060000)), 0);
}

static uint64_t
next(uint64_t *seed)
{
	*seed = *seed * UINT64_C(6364136223846793005) + 1442695040888963407;
	return *seed >> 33;
}

/* Whoever asks for room first and adds then never has more than the limit in
 * any span, and never waits for more than a slot too long. */
static void
no_span_holds_more_than_was_let_in(void **state)
{
	enum { N = 20000, LIMIT = 17 };
	static int64_t when[N];
	uint64_t seed = 7;
	struct window w;
	int64_t t = 1;
	uint32_t n = 0;

	(void)state;
	window_init(&w, MINUTE, at(t));
	for (int i = 0; i < N; i++) {
		t += (int64_t)(next(&seed) % 4000000);
		if (window_sum(&w, at(t)) < LIMIT) {
			window_add(&w, at(t), 1);
			when[n++] = t;
			if (n > LIMIT)
				assert_true(t - when[n - 1 - LIMIT] >
				    60000000);
		} else {
			assert_true(n >= LIMIT &&
			    t - when[n - LIMIT] <= 60060000);
		}
	}
	assert_true(n > 1000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_young_counts_and_what_is_old_does_not),
		cmocka_unit_test(a_long_silence_leaves_nothing),
		cmocka_unit_test(
		    when_there_is_room_again_is_when_enough_is_old),
		cmocka_unit_test(what_is_taken_back_never_was),
		cmocka_unit_test(no_span_holds_more_than_was_let_in),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
