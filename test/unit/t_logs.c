/* The audit log's files: the auditor's appending, the gateway's reading. */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "auditor/segment.h"
#include "audit/record.h"
#include "base/clean.h"
#include "base/compat.h"
#include "base/err.h"
#include "gateway/log_reader.h"

static struct {
	char dir[64];
	int fd;
	struct segments log;
} t;

static int
setup(void **state)
{
	struct err e = { 0 };

	(void)state;
	(void)snprintf(t.dir, sizeof(t.dir), "/tmp/t_logs.XXXXXX");
	if (mkdtemp(t.dir) == NULL)
		return -1;
	t.fd = open(t.dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return segments_open(&t.log, t.fd, &e);
}

static int
teardown(void **state)
{
	char command[96];

	(void)state;
	segments_close(&t.log);
	(void)close(t.fd);
	(void)snprintf(command, sizeof(command), "rm -r %s", t.dir);
	return system(command);
}

static void
reopen(void)
{
	struct err e = { 0 };

	segments_close(&t.log);
	assert_int_equal(segments_open(&t.log, t.fd, &e), 0);
}

/* One line by role for sandbox, at this time. */
static void
add(uint32_t day, const char *role, const char *sandbox, int64_t ms,
    enum audit_verdict verdict)
{
	struct audit_record r = { .kind = AUDIT_DNS, .verdict = verdict,
		.when = { ms * 1000 } };
	struct audit_stamp s = { ++t.log.seq, role, str_c(sandbox),
		str_c(sandbox) };
	struct err e = { 0 };
	struct buf b;

	buf_init(&b, AUDIT_LINE_BYTES_MAX);
	assert_true(audit_ocsf_print(&b, &r, &s));
	assert_int_equal(segments_turn(&t.log, day, &e), 0);
	assert_int_equal(segments_append(&t.log, buf_str(&b), &e), b.len);
	buf_fini(&b);
}

static void
add_many(uint32_t day, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		add(day, i % 3 == 0 ? "gateway" : "egress", i % 2 == 0 ?
		    "even" : "odd", 1000 * (int64_t)(t.log.seq + 1),
		    AUDIT_ALLOWED);
}

/* ---- writing ---- */

static void
numbers_go_on_after_reopening(void **state)
{
	(void)state;
	add_many(20260101, 3);
	reopen();
	assert_int_equal(t.log.seq, 3);
	assert_false(t.log.torn);
	add_many(20260102, 1);
	reopen();
	assert_int_equal(t.log.seq, 4);
	assert_int_equal(t.log.now.day, 20260102);
}

static void
a_torn_line_is_seen_and_its_number_used_again(void **state)
{
	struct err e = { 0 };

	(void)state;
	add_many(20260101, 2);
	assert_int_equal(segments_append(&t.log,
	    STR("{\"metadata\":{\"sequence\":3,\"ver"), &e), 30);
	reopen();
	assert_true(t.log.torn);
	assert_int_equal(t.log.seq, 2);
}

static void
an_empty_newest_file_takes_its_number_from_the_older(void **state)
{
	struct err e = { 0 };

	(void)state;
	add_many(20260101, 5);
	assert_int_equal(segments_turn(&t.log, 20260102, &e), 0);
	reopen();
	assert_int_equal(t.log.seq, 5);
}

static void
a_clock_set_back_goes_on_in_the_newest_file(void **state)
{
	(void)state;
	add_many(20260102, 1);
	add_many(20260101, 1);
	assert_int_equal(t.log.now.day, 20260102);
	assert_int_equal(t.log.now.number, 1);
}

static void
a_full_file_is_followed_by_the_next(void **state)
{
	(void)state;
	add_many(20260101, 1);
	t.log.bytes = AUDIT_SEGMENT_BYTES_MAX;
	add_many(20260101, 1);
	assert_int_equal(t.log.now.number, 2);
	assert_int_equal(t.log.now.day, 20260101);
}

/* ---- reading ---- */

struct heard {
	const struct log_filter *filter;
	uint64_t n, first, last;
};

static void
on_line(void *arg, struct str line)
{
	struct heard *h = arg;
	struct audit_line a;

	if (!log_filter_takes(h->filter, line))
		return;
	assert_true(audit_line_parse(line, &a));
	if (h->n++ == 0)
		h->first = a.seq;
	assert_true(a.seq > h->last);
	h->last = a.seq;
}

static struct heard
read_log(const struct log_filter *f)
{
	struct heard h = { .filter = f };
	enum log_step step = LOG_MORE;
	struct err e = { 0 };
	struct log_reader r;

	assert_int_equal(log_reader_open(&r, t.fd, &e), 0);
	if (f->has_last || f->since_ms > 0)
		while (step == LOG_MORE)
			step = log_reader_back(&r, f, &e);
	else
		assert_int_equal(log_reader_oldest(&r, &e), 0);
	do
		step = log_reader_next(&r, on_line, &h, &e);
	while (step == LOG_MORE);
	if (step == LOG_FAILED)
		fail_msg("%s", e.text);
	log_reader_close(&r);
	return h;
}

static struct log_filter
filter(const char *n, const char *since, const char *level,
    const char *source)
{
	struct log_filter f = { 0 };
	struct err e = { 0 };

	if (log_filter_parse(&f, n, since, level, source, "",
		(struct wall){ 2000000 * INT64_C(1000000) }, &e) == -1)
		fail_msg("%s", e.text);
	return f;
}

static void
all_lines_of_all_files_in_order(void **state)
{
	struct log_filter f = { 0 };
	struct heard h;

	(void)state;
	add_many(20260101, 500);
	add_many(20260102, 500);
	add_many(20260103, 1);
	h = read_log(&f);
	assert_int_equal(h.n, 1001);
	assert_int_equal(h.first, 1);
}

static void
the_last_n_whatever_lies_between(void **state)
{
	(void)state;
	add_many(20260101, 300);
	add_many(20260102, 300);
	for (uint64_t n = 0; n <= 700; n += 7) {
		char text[8];
		struct log_filter f;
		struct heard h;

		(void)snprintf(text, sizeof(text), "%u", (unsigned)n);
		f = filter(text, "", "", "");
		h = read_log(&f);
		assert_int_equal(h.n, n < 600 ? n : 600);
		f = filter(text, "", "", "gateway");
		h = read_log(&f);
		assert_int_equal(h.n, n < 200 ? n : 200);
	}
}

static void
by_sandbox_level_source_and_time(void **state)
{
	struct log_filter f;

	(void)state;
	add_many(20260101, 100);
	add(20260101, "egress", "odd", 101000, AUDIT_DENIED);
	f = filter("", "", "warn", "");
	assert_int_equal(read_log(&f).n, 1);
	f = filter("", "", "", "sandbox");
	(void)snprintf(f.sandbox, sizeof(f.sandbox), "odd");
	assert_int_equal(read_log(&f).n, 34);
	f = filter("", "", "", "");
	f.since_ms = 90000;
	assert_int_equal(read_log(&f).first, 90);
	assert_int_equal(read_log(&f).n, 12);
}

static void
a_line_still_being_written_is_not_read(void **state)
{
	struct log_filter f = filter("5", "", "", ""), all = { 0 };
	struct err e = { 0 };

	(void)state;
	add_many(20260101, 3);
	assert_int_equal(segments_append(&t.log, STR("{\"metadata\":"), &e),
	    12);
	assert_int_equal(read_log(&f).n, 3);
	assert_int_equal(read_log(&all).n, 3);
}

static void
an_empty_log_has_no_lines(void **state)
{
	struct log_filter f = filter("5", "", "", ""), all = { 0 };

	(void)state;
	assert_int_equal(read_log(&f).n, 0);
	assert_int_equal(read_log(&all).n, 0);
}

/* ---- what is asked for ---- */

static const struct {
	const char *what, *n, *since, *level, *source, *follow;
	bool ok;
	int64_t since_ms;
} asked[] = {
	{ "nothing", "", "", "", "", "", true, 0 },
	{ "a moment", "", "1970-01-02T00:00:00Z", "", "", "", true, 86400000 },
	{ "a moment with a fraction", "", "1970-01-02T00:00:00.5Z", "", "", "",
	    true, 86400000 },
	{ "a moment without a zone", "", "1970-01-02T00:00:00", "", "", "",
	    false, 0 },
	{ "a day", "", "1970-01-02", "", "", "", false, 0 },
	{ "ten minutes back", "", "10m", "", "", "", true,
	    2000000000 - 600000 },
	{ "a span without a unit", "", "10", "", "", "", false, 0 },
	{ "a span without a number", "", "m", "", "", "", false, 0 },
	{ "a negative span", "", "-1m", "", "", "", false, 0 },
	{ "a number of lines", "7", "", "", "", "", true, 0 },
	{ "a fraction of lines", "7.5", "", "", "", "", false, 0 },
	{ "an unknown level", "", "", "loud", "", "", false, 0 },
	{ "an unknown source", "", "", "", "agent", "", false, 0 },
	{ "following", "", "", "", "", "1", true, 0 },
	{ "following, in words", "", "", "", "", "yes", false, 0 },
};

static void
asked_cases(void **state)
{
	(void)state;
	for (size_t i = 0; i < NELEM(asked); i++) {
		struct log_filter f = { 0 };
		struct err e = { 0 };
		bool ok = log_filter_parse(&f, asked[i].n, asked[i].since,
		    asked[i].level, asked[i].source, asked[i].follow,
		    (struct wall){ 2000000 * INT64_C(1000000) }, &e) == 0;

		if (ok != asked[i].ok || (ok && f.since_ms !=
		    asked[i].since_ms))
			fail_msg("%s: %lld %s", asked[i].what,
			    (long long)f.since_ms, e.text);
	}
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(numbers_go_on_after_reopening),
		TEST(a_torn_line_is_seen_and_its_number_used_again),
		TEST(an_empty_newest_file_takes_its_number_from_the_older),
		TEST(a_clock_set_back_goes_on_in_the_newest_file),
		TEST(a_full_file_is_followed_by_the_next),
		TEST(all_lines_of_all_files_in_order),
		TEST(the_last_n_whatever_lies_between),
		TEST(by_sandbox_level_source_and_time),
		TEST(a_line_still_being_written_is_not_read),
		TEST(an_empty_log_has_no_lines),
		cmocka_unit_test(asked_cases),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
