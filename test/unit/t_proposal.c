/* Proposals: on the wire, and as the gateway keeps them. */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <sqlite3.h>

#include "base/err.h"
#include "gateway/proposal.h"
#include "gateway/store.h"
#include "gateway/store_sql.h"
#include "msg/body.h"

#define ONE "01JD0000000000000000000000"
#define TWO "01JD0000000000000000000001"

static struct {
	char dir[64], db[80];
} t;

static int
setup(void **state)
{
	(void)state;
	(void)snprintf(t.dir, sizeof(t.dir), "/tmp/t_proposal.XXXXXX");
	if (mkdtemp(t.dir) == NULL)
		return -1;
	(void)snprintf(t.db, sizeof(t.db), "%s/state.db", t.dir);
	return 0;
}

static int
teardown(void **state)
{
	static const char *const ends[] = { "", "-wal", "-shm" };
	char path[96];

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		(void)snprintf(path, sizeof(path), "%s%s", t.db, ends[i]);
		(void)unlink(path);
	}
	return rmdir(t.dir);
}

static struct store *
opened(void)
{
	struct store *s = NULL;
	struct err e = { 0 };

	if (store_open(t.db, &s, &e) == -1)
		fail_msg("%s", e.text);
	return s;
}

static void
propose(struct store *s, const char *sandbox, const char *subject,
    int64_t when)
{
	const struct proposal_row p = { .sandbox = sandbox, .name = "box",
		.kind = PROPOSAL_CODE, .subject = subject, .title = "/x",
		.rule = "r", .detail = "{}", .asked = { when } };
	struct err e = { 0 };

	if (store_propose(s, &p, 3, &e) == -1)
		fail_msg("%s", e.text);
}

struct got {
	unsigned n;
	struct proposal_row row;
	char subject[32];
};

static int
on_row(void *arg, const struct proposal_row *p, struct err *e)
{
	struct got *g = arg;

	(void)e;
	if (g->n++ == 0) {
		g->row = *p;
		(void)snprintf(g->subject, sizeof(g->subject), "%s",
		    p->subject);
	}
	return 0;
}

static struct got
find(struct store *s, const char *sandbox, const char *subject)
{
	struct got g = { 0 };
	struct err e = { 0 };

	(void)store_proposal_find(s, sandbox, PROPOSAL_CODE, subject, on_row,
	    &g, &e);
	return g;
}

/* The answer that stands, at a moment. */
static int
standing(struct store *s, const char *sandbox, const char *subject,
    int64_t now)
{
	struct got g = { 0 };
	struct err e = { 0 };

	if (store_proposal_standing(s, sandbox, PROPOSAL_CODE, subject,
		(struct wall){ now }, on_row, &g, &e) == 0)
		return (int)g.row.status;
	assert_int_equal(e.kind, ERR_MISSING);
	return -1;
}

static void
answer(struct store *s, const char *sandbox, const char *subject,
    enum proposal_status status, int64_t until, bool everywhere)
{
	const struct proposal_row p = {
		.number = find(s, sandbox, subject).row.number,
		.status = status, .decided = { 9 }, .actor = "alice",
		.reason = "why", .until = { until },
		.everywhere = everywhere };
	struct err e = { 0 };

	assert_int_equal(store_proposal_answer(s, &p, &e), 0);
}

static void
asking_again_is_the_same_proposal(void **state)
{
	struct store *s = opened();
	struct got g;

	(void)state;
	propose(s, ONE, "a", 1);
	propose(s, ONE, "a", 2);
	propose(s, TWO, "a", 3);
	g = find(s, ONE, "a");
	assert_int_equal(g.row.number, 1);
	assert_int_equal(g.row.asks, 2);
	assert_int_equal(g.row.created.v, 1);
	assert_int_equal(g.row.asked.v, 2);
	assert_int_not_equal(find(s, TWO, "a").row.number, 1);
	store_close(s);
}

static void
an_approval_stands_for_its_sandbox_and_its_time(void **state)
{
	struct store *s = opened();

	(void)state;
	propose(s, ONE, "a", 1);
	assert_int_equal(standing(s, ONE, "a", 5), -1);
	answer(s, ONE, "a", PROPOSAL_APPROVED, 10, false);
	store_close(s);
	s = opened();
	assert_int_equal(standing(s, ONE, "a", 9), PROPOSAL_APPROVED);
	assert_int_equal(standing(s, ONE, "a", 10), -1);
	assert_int_equal(standing(s, TWO, "a", 9), -1);
	assert_int_equal(standing(s, ONE, "b", 9), -1);
	store_close(s);
}

static void
an_approval_of_one_execution_does_not_stand(void **state)
{
	struct store *s = opened();

	(void)state;
	propose(s, ONE, "a", 1);
	answer(s, ONE, "a", PROPOSAL_ONCE, 0, false);
	assert_int_equal(standing(s, ONE, "a", 5), -1);
	store_close(s);
}

static void
a_refusal_stands_in_its_sandbox_before_an_approval_everywhere(void **state)
{
	struct store *s = opened();

	(void)state;
	propose(s, ONE, "a", 1);
	propose(s, TWO, "a", 1);
	answer(s, ONE, "a", PROPOSAL_APPROVED, 0, true);
	assert_int_equal(standing(s, TWO, "a", 5), PROPOSAL_APPROVED);
	answer(s, TWO, "a", PROPOSAL_REJECTED, 0, false);
	assert_int_equal(standing(s, TWO, "a", 5), PROPOSAL_REJECTED);
	assert_int_equal(standing(s, ONE, "a", 5), PROPOSAL_APPROVED);
	store_close(s);
}

static void
what_was_allowed_everywhere_outlives_its_sandbox(void **state)
{
	struct store *s = opened();
	struct err e = { 0 };

	(void)state;
	propose(s, ONE, "a", 1);
	propose(s, ONE, "b", 1);
	answer(s, ONE, "a", PROPOSAL_APPROVED, 0, true);
	answer(s, ONE, "b", PROPOSAL_APPROVED, 0, false);
	assert_int_equal(store_delete(s, ONE, &e), 0);
	assert_int_equal(standing(s, TWO, "a", 5), PROPOSAL_APPROVED);
	assert_int_equal(find(s, ONE, "b").n, 0);
	store_close(s);
}

static void
room_is_made_among_what_nobody_answered(void **state)
{
	const struct proposal_row more = { .sandbox = ONE, .name = "box",
		.kind = PROPOSAL_CODE, .subject = "e", .title = "", .rule = "",
		.detail = "{}", .asked = { 9 } };
	struct store *s = opened();
	struct err e = { 0 };

	(void)state;
	propose(s, ONE, "a", 1);
	propose(s, ONE, "b", 2);
	propose(s, ONE, "c", 3);
	assert_int_equal(store_proposal_over(s, ONE, PROPOSAL_CODE, "b", &e),
	    0);
	propose(s, ONE, "d", 4);
	assert_int_equal(find(s, ONE, "b").n, 0);
	assert_int_equal(find(s, ONE, "a").n, 1);
	assert_int_equal(store_propose(s, &more, 3, &e), -1);
	assert_int_equal(e.kind, ERR_LIMIT);
	store_close(s);
}

static void
nobody_waits_after_the_end(void **state)
{
	struct store *s = opened();
	struct err e = { 0 };
	struct got g = { 0 };

	(void)state;
	propose(s, ONE, "a", 1);
	propose(s, ONE, "b", 2);
	answer(s, ONE, "b", PROPOSAL_APPROVED, 0, false);
	assert_int_equal(store_proposal_over(s, ONE, 0, NULL, &e), 0);
	assert_int_equal(find(s, ONE, "a").row.status, PROPOSAL_UNANSWERED);
	assert_int_equal(find(s, ONE, "b").row.status, PROPOSAL_APPROVED);
	assert_int_equal(store_proposals(s, "", PROPOSAL_PENDING, 9, on_row,
	    &g, &e), 0);
	assert_int_equal(g.n, 0);
	assert_int_equal(store_proposals(s, ONE, -1, 9, on_row, &g, &e), 0);
	assert_int_equal(g.n, 2);
	assert_string_equal(g.subject, "b");
	store_close(s);
}

static void
a_store_of_the_version_before_gets_the_table(void **state)
{
	sqlite3 *db;
	struct store *s;

	(void)state;
	assert_int_equal(sqlite3_open(t.db, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, store_schema, NULL, NULL, NULL),
	    SQLITE_OK);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
	s = opened();
	propose(s, ONE, "a", 1);
	assert_int_equal(find(s, ONE, "a").n, 1);
	store_close(s);
}

static void
a_proposal_survives_the_wire_and_no_prefix_does(void **state)
{
	static unsigned char room[32768];
	const struct proposal in = { .kind = PROPOSAL_CODE,
		.subject = STR("sha256:0"), .path = STR("/x"), .size = 7,
		.pid = 3, .args = STR("./x -v"), .head = STR("#!/bin/sh\n"),
		.reason = STR("why"), .n = 2,
		.chain = { STR("/bin/sh"), STR("/sbin/init") } };
	struct wbuf w = { .p = room, .cap = sizeof(room) };

	(void)state;
	proposal_put(&w, &in);
	assert_false(w.over);
	for (size_t len = 0; len <= w.len; len++) {
		struct rbuf r = { room, 0, len, false };
		struct proposal out;
		int rc = proposal_get(&r, &out);

		if (rc != (len == w.len ? 0 : -1))
			fail_msg("prefix of %zu of %zu bytes", len, w.len);
		if (rc == 0)
			assert_true(str_eq(out.chain[1], in.chain[1]) &&
			    out.size == 7);
	}
}

static void
an_answer_is_a_kind_that_there_is(void **state)
{
	unsigned char room[512];
	struct proposal_answer v = { .kind = PROPOSAL_KIND_COUNT,
		.subject = STR("s"), .allow = true, .reason = STR("") }, out;
	struct wbuf w = { .p = room, .cap = sizeof(room) };
	struct rbuf r;

	(void)state;
	proposal_answer_put(&w, &v);
	r = (struct rbuf){ room, 0, w.len, false };
	assert_int_equal(proposal_answer_get(&r, &out), -1);
	v.kind = PROPOSAL_CODE;
	w.len = 0;
	proposal_answer_put(&w, &v);
	r = (struct rbuf){ room, 0, w.len, false };
	assert_int_equal(proposal_answer_get(&r, &out), 0);
	assert_true(out.allow && !out.once && out.until == 0);
}

static void
an_approval_whose_time_is_over_has_lapsed(void **state)
{
	struct proposal_row p = { .status = PROPOSAL_APPROVED };

	(void)state;
	assert_string_equal(proposal_status_name(&p), "approved");
	p.until.v = 1;
	assert_string_equal(proposal_status_name(&p), "lapsed");
	assert_int_equal(proposal_status_of("rejected"), PROPOSAL_REJECTED);
	assert_int_equal(proposal_status_of("lapsed"), -1);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(asking_again_is_the_same_proposal),
		TEST(an_approval_stands_for_its_sandbox_and_its_time),
		TEST(an_approval_of_one_execution_does_not_stand),
		TEST(a_refusal_stands_in_its_sandbox_before_an_approval_everywhere),
		TEST(what_was_allowed_everywhere_outlives_its_sandbox),
		TEST(room_is_made_among_what_nobody_answered),
		TEST(nobody_waits_after_the_end),
		TEST(a_store_of_the_version_before_gets_the_table),
		cmocka_unit_test(
		    a_proposal_survives_the_wire_and_no_prefix_does),
		cmocka_unit_test(an_answer_is_a_kind_that_there_is),
		cmocka_unit_test(an_approval_whose_time_is_over_has_lapsed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
