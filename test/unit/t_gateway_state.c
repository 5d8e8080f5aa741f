/* The store, and the removal of what sandboxes leave behind. */
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

#include "base/clean.h"
#include "base/err.h"
#include "gateway/cache.h"
#include "gateway/store.h"
#include "gateway/tree.h"

static struct {
	char dir[64], db[80];
	int fd;
} t;

static int
setup(void **state)
{
	(void)state;
	(void)snprintf(t.dir, sizeof(t.dir), "/tmp/t_gateway.XXXXXX");
	if (mkdtemp(t.dir) == NULL)
		return -1;
	(void)snprintf(t.db, sizeof(t.db), "%s/state.db", t.dir);
	t.fd = open(t.dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return t.fd == -1 ? -1 : 0;
}

static int
teardown(void **state)
{
	const char *names[] = { "state.db", "state.db-wal", "state.db-shm" };

	(void)state;
	for (int i = 0; i < 3; i++)
		(void)unlinkat(t.fd, names[i], 0);
	(void)close(t.fd);
	return rmdir(t.dir);
}

/* ---- store ---- */

#define ID "01JD0000000000000000000000"

static struct sandbox_row
row(const char *id, const char *name)
{
	return (struct sandbox_row){ .id = id, .name = name, .spec = "{}",
		.keep = true, .reason = "", .created = { 1 }, .used = { 1 } };
}

static struct revision_row
revision(const char *id, uint64_t number)
{
	return (struct revision_row){ .sandbox = id, .number = number,
		.hash = "h", .texts = "[]", .actor = "alice", .reason = "",
		.created = { 5 }, .status = REVISION_PENDING };
}

struct seen {
	unsigned n;
	struct sandbox_row box;
	char name[64], reason[64];
	struct revision_row rev;
	bool texts;
};

static int
on_box(void *arg, const struct sandbox_row *b, struct err *e)
{
	struct seen *s = arg;

	(void)e;
	s->n++;
	s->box = *b;
	(void)snprintf(s->name, sizeof(s->name), "%s", b->name);
	(void)snprintf(s->reason, sizeof(s->reason), "%s", b->reason);
	return 0;
}

static int
on_rev(void *arg, const struct revision_row *r, struct err *e)
{
	struct seen *s = arg;

	(void)e;
	s->n++;
	s->rev = *r;
	s->texts = r->texts != NULL;
	return 0;
}

static void
what_was_stored_is_there_after_reopening(void **state)
{
	struct sandbox_row b = row(ID, "box");
	struct revision_row r = revision(ID, 1);
	struct seen seen = { 0 };
	struct store *s;
	struct err e = { 0 };

	(void)state;
	assert_int_equal(store_open(t.db, &s, &e), 0);
	assert_int_equal(store_create(s, &b, &r, &e), 0);
	b.phase = PHASE_EXITED;
	b.code = -9;
	b.reason = "why";
	b.ended.v = 77;
	assert_int_equal(store_update(s, &b, &e), 0);
	store_close(s);
	assert_int_equal(store_open(t.db, &s, &e), 0);
	assert_int_equal(store_sandboxes(s, on_box, &seen, &e), 0);
	assert_int_equal(seen.n, 1);
	assert_string_equal(seen.name, "box");
	assert_string_equal(seen.reason, "why");
	assert_int_equal(seen.box.phase, PHASE_EXITED);
	assert_int_equal(seen.box.code, -9);
	assert_int_equal(seen.box.ended.v, 77);
	assert_true(seen.box.keep);
	store_close(s);
}

static void
a_name_is_taken_once_and_nothing_half_remains(void **state)
{
	struct sandbox_row a = row(ID, "box"),
	    b = row("01JD0000000000000000000001", "box");
	struct revision_row ra = revision(a.id, 1), rb = revision(b.id, 1);
	uint64_t last = 9;
	struct store *s;
	struct err e = { 0 };

	(void)state;
	assert_int_equal(store_open(t.db, &s, &e), 0);
	assert_int_equal(store_create(s, &a, &ra, &e), 0);
	assert_int_equal(store_create(s, &b, &rb, &e), -1);
	assert_int_equal(e.kind, ERR_EXISTS);
	assert_int_equal(store_revision_last(s, b.id, &last, &e), 0);
	assert_int_equal(last, 0);
	store_close(s);
}

static void
the_newest_revision_is_one_that_did_not_fail(void **state)
{
	struct sandbox_row b = row(ID, "box");
	struct revision_row r = revision(ID, 1);
	struct seen seen = { 0 };
	uint64_t last = 0;
	struct store *s;
	struct err e = { 0 };

	(void)state;
	assert_int_equal(store_open(t.db, &s, &e), 0);
	assert_int_equal(store_create(s, &b, &r, &e), 0);
	for (r.number = 2; r.number <= 3; r.number++)
		assert_int_equal(store_revise(s, &r, &e), 0);
	assert_int_equal(store_revision_status(s, ID, 3, REVISION_FAILED,
	    "no", &e), 0);
	assert_int_equal(store_revision(s, ID, 0, on_rev, &seen, &e), 0);
	assert_int_equal(seen.rev.number, 2);
	assert_true(seen.texts);
	assert_int_equal(store_revision_last(s, ID, &last, &e), 0);
	assert_int_equal(last, 3);
	assert_int_equal(store_revision(s, ID, 4, on_rev, &seen, &e), -1);
	assert_int_equal(e.kind, ERR_MISSING);
	seen.n = 0;
	assert_int_equal(store_revisions(s, ID, on_rev, &seen, &e), 0);
	assert_int_equal(seen.n, 3);
	assert_int_equal(seen.rev.number, 1);
	assert_false(seen.texts);
	store_close(s);
}

static void
deleting_takes_the_revisions_along(void **state)
{
	struct sandbox_row b = row(ID, "box");
	struct revision_row r = revision(ID, 1);
	struct seen seen = { 0 };
	struct store *s;
	struct err e = { 0 };

	(void)state;
	assert_int_equal(store_open(t.db, &s, &e), 0);
	assert_int_equal(store_create(s, &b, &r, &e), 0);
	assert_int_equal(store_delete(s, ID, &e), 0);
	assert_int_equal(store_sandboxes(s, on_box, &seen, &e), 0);
	assert_int_equal(store_revisions(s, ID, on_rev, &seen, &e), 0);
	assert_int_equal(seen.n, 0);
	store_close(s);
}

/* ---- trees ---- */

static void
remove_all(const char *name, unsigned per_step)
{
	enum tree_step step = TREE_MORE;
	struct err e = { 0 };
	struct tree_rm rm;

	assert_int_equal(tree_rm_open(&rm, t.fd, name, &e), 0);
	for (unsigned i = 0; i < 100000 && step == TREE_MORE; i++)
		step = tree_rm_step(&rm, per_step, &e);
	tree_rm_close(&rm);
	if (step != TREE_GONE)
		fail_msg("%s: %s", name, e.text);
	assert_int_equal(faccessat(t.fd, name, F_OK, 0), -1);
}

static void
a_deep_tree_goes_with_few_descriptors(void **state)
{
	int at = dup(t.fd);

	(void)state;
	for (int i = 0; i < 3000; i++) {
		int next;

		assert_int_equal(mkdirat(at, "d", 0700), 0);
		next = openat(at, "d", O_RDONLY | O_DIRECTORY);
		assert_true(next >= 0);
		(void)close(openat(next, "f", O_CREAT | O_WRONLY, 0600));
		(void)close(at);
		at = next;
	}
	(void)close(at);
	remove_all("d", 50);
}

static void
a_tree_without_permissions_goes(void **state)
{
	(void)state;
	assert_int_equal(mkdirat(t.fd, "top", 0700), 0);
	assert_int_equal(mkdirat(t.fd, "top/work", 0700), 0);
	assert_int_equal(mkdirat(t.fd, "top/work/work", 0700), 0);
	assert_int_equal(mkdirat(t.fd, "top/work/work/x", 0700), 0);
	(void)close(openat(t.fd, "top/work/work/x/f", O_CREAT | O_WRONLY, 0));
	assert_int_equal(fchmodat(t.fd, "top/work/work/x", 0, 0), 0);
	assert_int_equal(fchmodat(t.fd, "top/work/work", 0, 0), 0);
	assert_int_equal(fchmodat(t.fd, "top/work", 0, 0), 0);
	assert_int_equal(fchmodat(t.fd, "top", 0, 0), 0);
	remove_all("top", 1);
}

static void
a_link_is_removed_and_not_followed(void **state)
{
	(void)state;
	assert_int_equal(mkdirat(t.fd, "other", 0700), 0);
	(void)close(openat(t.fd, "other/keep", O_CREAT | O_WRONLY, 0600));
	assert_int_equal(mkdirat(t.fd, "top", 0700), 0);
	assert_int_equal(mkdirat(t.fd, "top/sub", 0700), 0);
	assert_int_equal(symlinkat("../other", t.fd, "top/a"), 0);
	assert_int_equal(symlinkat("../../other", t.fd, "top/sub/b"), 0);
	assert_int_equal(symlinkat("other", t.fd, "link"), 0);
	remove_all("top", 10);
	assert_int_equal(faccessat(t.fd, "other/keep", F_OK, 0), 0);
	{
		struct err e = { 0 };
		struct tree_rm rm;

		assert_int_equal(tree_rm_open(&rm, t.fd, "link", &e), -1);
		tree_rm_close(&rm);
	}
	(void)unlinkat(t.fd, "link", 0);
	remove_all("other", 10);
}

static void
names_like_ours_are_no_obstacle(void **state)
{
	(void)state;
	assert_int_equal(mkdirat(t.fd, "top", 0700), 0);
	assert_int_equal(mkdirat(t.fd, "top/.removing-0", 0700), 0);
	assert_int_equal(mkdirat(t.fd, "top/.removing-0/.removing-1", 0700),
	    0);
	assert_int_equal(mkdirat(t.fd,
	    "top/.removing-0/.removing-1/.removing-0", 0700), 0);
	remove_all("top", 3);
}

static void
what_is_not_there_is_gone(void **state)
{
	(void)state;
	remove_all("nothing", 1);
}

static void
an_image_is_compiled_once_for_the_same_documents(void **state)
{
	struct policy_file a = { "a.yaml", STR("network: {}\n") };
	struct policy_file b = { "b.yaml", STR("network: {}\n") };
	struct cache k = { 0 };
	struct diags d = { 0 };
	char *one, *two;
	size_t len, len2;

	(void)state;
	assert_int_equal(cache_compile(&k, &a, 1, POLICY_STAGE_ENFORCE, &one,
	    &len, &d), 0);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(cache_compile(&k, &a, 1, POLICY_STAGE_ENFORCE,
		    &two, &len2, &d), 0);
		assert_int_equal(len, len2);
		assert_memory_equal(one, two, len);
		free(two);
	}
	assert_int_equal(k.clock, 4);	/* kept once, found three times */
	assert_null(k.row[1].bytes);
	/* another name, another stage, or a document of the maximum */
	assert_int_equal(cache_compile(&k, &b, 1, POLICY_STAGE_ENFORCE, &two,
	    &len2, &d), 0);
	free(two);
	assert_int_equal(cache_compile(&k, &a, 1, POLICY_STAGE_CHECK, &two,
	    &len2, &d), 0);
	free(two);
	a.maximum = true;
	assert_int_equal(cache_compile(&k, &a, 1, POLICY_STAGE_ENFORCE, &two,
	    &len2, &d), 0);
	assert_true(len2 != len || memcmp(one, two, len) != 0);
	free(two);
	assert_non_null(k.row[3].bytes);
	free(one);
	cache_fini(&k);
	diags_fini(&d);
}

static void
what_is_refused_or_warned_of_is_not_kept(void **state)
{
	struct policy_file a = { "a.yaml", STR("netwrok: {}\n") };
	struct cache k = { 0 };
	char *image;
	size_t len;

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct diags d = { 0 };

		assert_int_equal(cache_compile(&k, &a, 1,
		    POLICY_STAGE_ENFORCE, &image, &len, &d), -1);
		assert_int_equal(d.errors, 1);
		diags_fini(&d);
	}
	assert_null(k.row[0].bytes);
	cache_fini(&k);
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    an_image_is_compiled_once_for_the_same_documents),
		cmocka_unit_test(what_is_refused_or_warned_of_is_not_kept),
		TEST(what_was_stored_is_there_after_reopening),
		TEST(a_name_is_taken_once_and_nothing_half_remains),
		TEST(the_newest_revision_is_one_that_did_not_fail),
		TEST(deleting_takes_the_revisions_along),
		TEST(a_deep_tree_goes_with_few_descriptors),
		TEST(a_tree_without_permissions_goes),
		TEST(a_link_is_removed_and_not_followed),
		TEST(names_like_ours_are_no_obstacle),
		TEST(what_is_not_there_is_gone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
