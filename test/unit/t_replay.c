#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <fcntl.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/err.h"
#include "base/limits.h"
#include "msg/outcome_file.h"
#include "supervisor/replay.h"

/* The naive way: all output, of which the end is wanted. */
static void
the_end_of_all_output_is_what_is_replayed(void **state)
{
	static char all[REPLAY_BYTES_MAX * 3], piece[REPLAY_BYTES_MAX + 99];
	struct replay r = { 0 };
	size_t total = 0;
	unsigned seed = 7;

	(void)state;
	while (total < sizeof(all)) {
		size_t n = (size_t)rand_r(&seed) %
		    (rand_r(&seed) % 50 == 0 ? sizeof(piece) : 3000);
		size_t left, want;

		if (n > sizeof(all) - total)
			n = sizeof(all) - total;
		for (size_t i = 0; i < n; i++)
			piece[i] = (char)rand_r(&seed);
		memcpy(all + total, piece, n);
		total += n;
		replay_add(&r, str_of(piece, n));
		want = total < REPLAY_BYTES_MAX ? total : REPLAY_BYTES_MAX;
		assert_int_equal(r.len, want);
		for (left = want; left > 0;) {
			struct str s = replay_from(&r, left);

			assert_true(s.len > 0);
			assert_memory_equal(s.p, all + total - left, s.len);
			left -= s.len;
		}
	}
	replay_fini(&r);
}

static void
an_outcome_is_read_back_and_a_damaged_one_is_refused(void **state)
{
	char dir[] = "/tmp/t_replay.XXXXXX";
	struct outcome in = { .kind = OUTCOME_FAILED, .code = 3,
		.reason = "no such thing" };
	struct outcome out;
	struct err e = { 0 };
	int fd, file;

	(void)state;
	assert_non_null(mkdtemp(dir));
	fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(outcome_read(fd, &out, &e), -1);
	assert_int_equal(e.kind, ERR_MISSING);
	assert_int_equal(outcome_write(fd, &in, &e), 0);
	assert_int_equal(outcome_read(fd, &out, &e), 0);
	assert_int_equal(out.kind, OUTCOME_FAILED);
	assert_string_equal(out.reason, "no such thing");
	file = openat(fd, OUTCOME_FILE, O_WRONLY | O_APPEND | O_CLOEXEC);
	assert_int_equal(write(file, "x", 1), 1);
	(void)close(file);
	assert_int_equal(outcome_read(fd, &out, &e), -1);
	assert_int_equal(e.kind, ERR_INPUT);
	assert_int_equal(unlinkat(fd, OUTCOME_FILE, 0), 0);
	(void)close(fd);
	(void)rmdir(dir);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_end_of_all_output_is_what_is_replayed),
		cmocka_unit_test(
		    an_outcome_is_read_back_and_a_damaged_one_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
