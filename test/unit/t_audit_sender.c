#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "audit/sender.h"
#include "base/clean.h"
#include "base/err.h"
#include "base/must.h"

static struct {
	struct loop *loop;
	struct audit_sender s;
	struct chan auditor;
	unsigned changes;
	unsigned char *buf;
} t;

static void
on_change(struct audit_sender *s, void *arg)
{
	(void)s;
	(void)arg;
	t.changes++;
}

static void
new_channel(void)
{
	struct err e = { 0 };
	int fds[2];

	chan_close(&t.auditor);
	assert_int_equal(chan_pair(fds, &e), 0);
	t.auditor = (struct chan){ fds[0], ROLE_AUDITOR, ROLE_EGRESS };
	assert_int_equal(audit_sender_use(&t.s, fds[1], &e), 0);
}

static int
setup(void **state)
{
	struct err e = { 0 };

	(void)state;
	t.auditor.fd = -1;
	t.changes = 0;
	t.buf = mem_alloc(1, MSG_BYTES_MAX + CHAN_HEAD_BYTES);
	assert_int_equal(loop_new(&t.loop, &e), 0);
	audit_sender_init(&t.s, t.loop, ROLE_EGRESS, on_change, NULL);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	audit_sender_fini(&t.s);
	chan_close(&t.auditor);
	loop_free(t.loop);
	free(t.buf);
	return 0;
}

static uint32_t
put(uint64_t mark)
{
	struct audit_record r = { .kind = AUDIT_DNS, .generation = mark };

	return audit_sender_put(&t.s, &r);
}

/* Reads one message: its records' marks must go on from *mark. Its number,
 * or 0 when there is none. */
static uint32_t
take(uint64_t *mark)
{
	struct audit_record a;
	struct err e = { 0 };
	struct msg m;
	struct rbuf r;

	if (chan_recv(&t.auditor, t.buf, &m, &e) != CHAN_MSG)
		return 0;
	r = rbuf_of(m.body);
	while (r.at < r.len) {
		assert_int_equal(audit_record_get(&r, &a), 0);
		assert_int_equal(a.generation, *mark);
		(*mark)++;
	}
	return m.id;
}

static void
ack(uint32_t id)
{
	struct err e = { 0 };

	assert_int_equal(chan_send(&t.auditor, MSG_AUDIT_ACK, id, STR(""),
	    NULL, 0, &e), 1);
	assert_int_equal(loop_turn(t.loop, &e), 0);
}

static void
a_record_is_held_until_acknowledged(void **state)
{
	uint64_t mark = 0;
	uint32_t id;

	(void)state;
	new_channel();
	id = put(0);
	assert_int_not_equal(id, 0);
	assert_int_equal(take(&mark), id);
	assert_false(audit_sender_acked(&t.s, id));
	ack(id);
	assert_true(audit_sender_acked(&t.s, id));
	assert_int_equal(t.s.held, 0);
	assert_int_equal(t.changes, 1);
}

static void
a_new_channel_hears_all_again(void **state)
{
	uint64_t mark = 0;

	(void)state;
	new_channel();
	for (uint64_t i = 0; i < 100; i++)
		(void)put(i);
	while (take(&mark) != 0)
		;
	assert_in_range(mark, 1, 99);
	new_channel();
	mark = 0;
	for (uint32_t id; (id = take(&mark)) != 0;)
		ack(id);
	assert_int_equal(mark, 100);
	assert_int_equal(t.s.held, 0);
}

static void
full_is_not_ready_and_takes_nothing(void **state)
{
	uint64_t mark = 0, n = 0;

	(void)state;
	new_channel();
	while (put(n) != 0)
		n++;
	assert_false(audit_sender_ready(&t.s));
	for (uint32_t id; (id = take(&mark)) != 0;)
		ack(id);
	assert_int_equal(mark, n);
	assert_true(audit_sender_ready(&t.s));
}

static void
without_a_channel_it_is_not_ready(void **state)
{
	struct err e = { 0 };

	(void)state;
	assert_false(audit_sender_ready(&t.s));
	assert_int_not_equal(put(0), 0);
	new_channel();
	assert_true(audit_sender_ready(&t.s));
	chan_close(&t.auditor);
	assert_int_equal(loop_turn(t.loop, &e), 0);
	assert_false(audit_sender_ready(&t.s));
	assert_int_equal(t.changes, 1);
}

static void
a_channel_that_stands_is_not_renewed(void **state)
{
	struct err e = { 0 };
	uint64_t mark = 0;
	int fds[2];

	(void)state;
	new_channel();
	(void)put(0);
	assert_int_equal(chan_pair(fds, &e), 0);
	assert_int_equal(audit_sender_renew(&t.s, fds[1], &e), 0);
	assert_int_equal(take(&mark), 1);
	chan_close(&t.auditor); /* the loop has not seen that */
	t.auditor.fd = fds[0];
	assert_int_equal(chan_pair(fds, &e), 0);
	chan_close(&t.auditor);
	t.auditor.fd = fds[0];
	assert_int_equal(audit_sender_renew(&t.s, fds[1], &e), 0);
	mark = 0;
	assert_int_equal(take(&mark), 1);
}

static void
a_wrong_acknowledgement_ends_the_channel(void **state)
{
	(void)state;
	new_channel();
	ack(put(0) + 1);
	assert_false(audit_sender_up(&t.s));
	assert_int_not_equal(t.s.held, 0);
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_record_is_held_until_acknowledged),
		TEST(a_new_channel_hears_all_again),
		TEST(full_is_not_ready_and_takes_nothing),
		TEST(without_a_channel_it_is_not_ready),
		TEST(a_channel_that_stands_is_not_renewed),
		TEST(a_wrong_acknowledgement_ends_the_channel),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
