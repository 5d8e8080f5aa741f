/* t_queue.c -- whose question is next when many wait. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "broker/queue.h"

#define STORM 1000

static struct queue q;

static int
setup(void **state)
{
	(void)state;
	memset(&q, 0, sizeof(q));
	return 0;
}

static void
put(pid_t process, pid_t tid)
{
	struct ask a = { .tid = tid };

	queue_put(&q, process, &a);
}

static pid_t
next(void)
{
	struct ask a;

	return queue_take(&q, &a) ? a.tid : 0;
}

static void
one_process_is_served_in_its_order(void **state)
{
	(void)state;
	for (pid_t t = 1; t <= STORM; t++)
		put(7, t);
	for (pid_t t = 1; t <= STORM; t++)
		assert_int_equal(next(), t);
	assert_int_equal(next(), 0);
}

static void
many_processes_are_served_in_their_order(void **state)
{
	(void)state;
	for (pid_t t = 1; t <= STORM; t++)
		put(t, t);
	for (pid_t t = 1; t <= STORM; t++)
		assert_int_equal(next(), t);
}

static void
who_asks_once_does_not_wait_for_a_storm(void **state)
{
	(void)state;
	for (pid_t t = 1; t <= STORM; t++)
		put(7, t);
	for (pid_t t = 1; t <= 10; t++)
		assert_int_equal(next(), t);
	put(8, 5000);
	put(9, 6000);
	assert_int_equal(next(), 11);
	assert_int_equal(next(), 5000);
	assert_int_equal(next(), 6000);
	assert_int_equal(next(), 12);
}

static void
a_storm_that_goes_on_takes_every_second_turn(void **state)
{
	unsigned mine = 0;

	(void)state;
	for (pid_t t = 1; t <= STORM; t++)
		put(7, t);
	put(8, 5000);
	for (int i = 0; i < STORM; i++) {
		pid_t t = next();

		if (t == 5000)
			mine++;
		put(t == 5000 ? 8 : 7, t);
	}
	assert_in_range(mine, STORM / 2 - 1, STORM / 2 + 1);
}

static void
who_was_away_saved_no_turns(void **state)
{
	(void)state;
	for (pid_t t = 1; t <= STORM; t++) {
		put(7, t);
		assert_int_equal(next(), t);
	}
	for (pid_t t = 1; t <= 4; t++)
		put(7, t);
	for (pid_t t = 1; t <= 4; t++)
		put(8, 100 + t);
	for (pid_t t = 1; t <= 4; t++) {
		assert_int_equal(next(), t);
		assert_int_equal(next(), 100 + t);
	}
}

static void
it_holds_a_question_of_every_thread(void **state)
{
	(void)state;
	for (pid_t t = 1; !queue_full(&q); t++)
		put(t % 3, t);
	assert_int_equal(q.n, BOX_PIDS_MAX);
	for (size_t i = 0; i < BOX_PIDS_MAX; i++)
		assert_int_not_equal(next(), 0);
	assert_int_equal(next(), 0);
}

int
main(void)
{
#define CASE(f) cmocka_unit_test_setup(f, setup)
	const struct CMUnitTest tests[] = {
		CASE(one_process_is_served_in_its_order),
		CASE(many_processes_are_served_in_their_order),
		CASE(who_asks_once_does_not_wait_for_a_storm),
		CASE(a_storm_that_goes_on_takes_every_second_turn),
		CASE(who_was_away_saved_no_turns),
		CASE(it_holds_a_question_of_every_thread),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
