#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/err.h"
#include "loop/loop.h"

struct note {
	struct loop *l;
	char said[64];
	size_t n;
	struct loop_io other;
};

static void
note_say(struct note *t, char c)
{
	t->said[t->n++] = c;
	t->said[t->n] = '\0';
}

static void
on_a(struct loop *l, void *arg)
{
	(void)l;
	note_say(arg, 'a');
}

static void
on_b(struct loop *l, void *arg)
{
	(void)l;
	note_say(arg, 'b');
}

static void
on_c(struct loop *l, void *arg)
{
	note_say(arg, 'c');
	loop_stop(l);
}

static void
timers_fire_in_order_and_a_stopped_one_does_not(void **state)
{
	struct note t = { 0 };
	struct loop_timer a = { .on_time = on_a, .arg = &t };
	struct loop_timer b = { .on_time = on_b, .arg = &t };
	struct loop_timer c = { .on_time = on_c, .arg = &t };
	struct loop_timer d = { .on_time = on_b, .arg = &t };
	struct err e = { 0 };

	(void)state;
	assert_int_equal(loop_new(&t.l, &e), 0);
	loop_timer_set(t.l, &c, usec_of_ms(9));
	loop_timer_set(t.l, &b, usec_of_ms(6));
	loop_timer_set(t.l, &d, usec_of_ms(4));
	loop_timer_set(t.l, &a, usec_of_ms(2));
	loop_timer_stop(t.l, &d);
	assert_int_equal(loop_run(t.l, &e), 0);
	assert_string_equal(t.said, "abc");
	loop_free(t.l);
}

static void
unwatch_other(struct loop *l, unsigned events, void *arg)
{
	struct note *t = arg;

	(void)events;
	note_say(t, 'x');
	loop_unwatch(l, &t->other);
	loop_stop(l);
}

/* Two ready at once; the first handler forgets the second. Which comes first
 * is epoll's choice, so both do the same to each other. */
static void
a_thing_unwatched_in_this_pass_is_not_called(void **state)
{
	struct note t = { 0 }, u = { 0 };
	struct err e = { 0 };
	int p[2];

	(void)state;
	assert_int_equal(pipe(p), 0);
	assert_int_equal(write(p[1], "z", 1), 1);
	assert_int_equal(loop_new(&t.l, &e), 0);
	t.other = (struct loop_io){ .fd = p[0], .want = LOOP_READ,
		.on_io = unwatch_other, .arg = &u };
	u.other = (struct loop_io){ .fd = dup(p[0]), .want = LOOP_READ,
		.on_io = unwatch_other, .arg = &t };
	assert_int_equal(loop_watch(t.l, &t.other, &e), 0);
	assert_int_equal(loop_watch(t.l, &u.other, &e), 0);
	assert_int_equal(loop_turn(t.l, &e), 0);
	assert_int_equal(t.n + u.n, 1);
	loop_unwatch(t.l, &t.other);
	loop_unwatch(t.l, &u.other);
	loop_free(t.l);
	(void)close(p[0]);
	(void)close(p[1]);
	(void)close(u.other.fd);
}

static void
on_exit_code(struct loop *l, pid_t pid, int status, void *arg)
{
	(void)pid;
	*(int *)arg = WEXITSTATUS(status);
	loop_stop(l);
}

static void
a_child_is_reaped_with_its_code(void **state)
{
	struct loop *l;
	struct loop_child c = { .on_exit = on_exit_code };
	struct err e = { 0 };
	int code = -1;
	pid_t pid;

	(void)state;
	assert_int_equal(loop_new(&l, &e), 0);
	pid = fork();
	if (pid == 0)
		_exit(7);
	c.arg = &code;
	assert_int_equal(loop_child_watch(l, &c, pid,
	    (int)syscall(SYS_pidfd_open, pid, 0), &e), 0);
	assert_int_equal(loop_run(l, &e), 0);
	assert_int_equal(code, 7);
	assert_int_equal(waitpid(pid, NULL, WNOHANG), -1);
	loop_free(l);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    timers_fire_in_order_and_a_stopped_one_does_not),
		cmocka_unit_test(a_thing_unwatched_in_this_pass_is_not_called),
		cmocka_unit_test(a_child_is_reaped_with_its_code),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
