#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/compat.h"
#include "base/err.h"
#include "jail/fold.h"
#include "jail/place.h"

static const char *const ours[] = { "/home/u/.local/state/openshell",
	"/run/user/1000/openshell", NULL };

static const struct {
	const char *what, *host, *inside;
	int ok;
} mounts[] = {
	{ "a project", "/home/u/proj", "/work", 0 },
	{ "below the sandbox's home", "/home/u/proj", "/home/sandbox/p", 0 },
	{ "at its own path", "/home/u/proj", "/home/u/proj", 0 },
	{ "a home that holds our state (it is hidden)", "/home/u", "/u", 0 },
	{ "not the whole host", "/", "/host", -1 },
	{ "not our state", "/home/u/.local/state/openshell", "/s", -1 },
	{ "nor what is in it", "/home/u/.local/state/openshell/log", "/s", -1 },
	{ "but a name that only begins like it",
	    "/home/u/.local/state/openshell2", "/s", 0 },
	{ "no container socket", "/run/docker.sock", "/d", -1 },
	{ "nor by its other name", "/var/run/docker.sock", "/d", -1 },
	{ "no kernel files", "/proc/1", "/p", -1 },
	{ "no devices", "/dev/kvm", "/dev/kvm", -1 },
	{ "not over /", "/home/u/proj", "/", -1 },
	{ "not over /usr", "/home/u/proj", "/usr/local", -1 },
	{ "not over /etc", "/home/u/proj", "/etc/x", -1 },
	{ "not over /proc", "/home/u/proj", "/proc/x", -1 },
	{ "not over /tmp itself", "/home/u/proj", "/tmp", -1 },
	{ "but in it", "/home/u/proj", "/tmp/x", 0 },
	{ "not over the home itself", "/home/u/p", "/home/sandbox", -1 },
	{ "not relative", "proj", "/work", -1 },
	{ "not by ..", "/home/u/../v", "/work", -1 },
	{ "not inside by ..", "/home/u", "/work/../etc", -1 },
	{ "not by .", "/home/./u", "/work", -1 },
	{ "no double slash", "/home//u", "/work", -1 },
	{ "no slash at the end", "/home/u/", "/work", -1 },
	{ "no control characters", "/home/u\n", "/work", -1 },
};

static void
mount_cases(void **state)
{
	(void)state;
	for (size_t i = 0; i < NELEM(mounts); i++) {
		static struct places p;
		struct err e = { 0 };

		memset(&p, 0, sizeof(p));
		p.ours = ours;
		if (places_mount(&p, mounts[i].host, mounts[i].inside, false,
			&e) != mounts[i].ok)
			fail_msg("%s: %s", mounts[i].what, e.text);
		assert_int_equal(e.text[0] != '\0', mounts[i].ok != 0);
	}
}

static const struct {
	const char *what, *path;
	bool write;
	enum box_system system;
	int n;			/* places that come of it; -1: refused */
} grants[] = {
	{ "a tree to read", "/srv/data", false, BOX_READ_ONLY, 1 },
	{ "a tree to write", "/app/out", true, BOX_READ_ONLY, 1 },
	{ "the system is there", "/usr/share", false, BOX_READ_ONLY, 0 },
	{ "unless there is none", "/usr/share", false, BOX_NOTHING, 1 },
	{ "the host's system is not written", "/usr/local", true,
	    BOX_READ_ONLY, -1 },
	{ "a name in /etc is shown", "/etc/fstab", false, BOX_READ_ONLY, 1 },
	{ "and not written", "/etc/fstab", true, BOX_READ_ONLY, -1 },
	{ "/etc is there", "/etc", false, BOX_READ_ONLY, 0 },
	{ "the sandbox's /tmp is its own", "/tmp", true, BOX_READ_ONLY, 0 },
	{ "the host's is named by more", "/tmp/x", true, BOX_READ_ONLY, 1 },
	{ "its home is its own", "/home/sandbox/x", true, BOX_READ_ONLY, 0 },
	{ "/dev/null is there", "/dev/null", true, BOX_READ_ONLY, 0 },
	{ "/dev/kvm is not", "/dev/kvm", true, BOX_READ_ONLY, -1 },
	{ "/proc is there", "/proc/cpuinfo", false, BOX_READ_ONLY, 0 },
	{ "and not written", "/proc/sys", true, BOX_READ_ONLY, -1 },
	{ "not our state", "/home/u/.local/state/openshell", false,
	    BOX_READ_ONLY, -1 },
	{ "not everything", "/", false, BOX_READ_ONLY, -1 },
};

static void
grant_cases(void **state)
{
	(void)state;
	for (size_t i = 0; i < NELEM(grants); i++) {
		static struct places p;
		struct err e = { 0 };
		int rc;

		memset(&p, 0, sizeof(p));
		p.ours = ours;
		p.system = grants[i].system;
		rc = places_grant(&p, grants[i].path, true, grants[i].write,
		    true, &e);
		if (rc != (grants[i].n == -1 ? -1 : 0) ||
		    (rc == 0 && (int)p.n != grants[i].n))
			fail_msg("%s: %s", grants[i].what, e.text);
	}
}

static void
finish_sorts_and_narrows(void **state)
{
	static struct places p;
	struct err e = { 0 };

	(void)state;
	memset(&p, 0, sizeof(p));
	assert_int_equal(places_grant(&p, "/app/b", true, true, true, &e), 0);
	assert_int_equal(places_mount(&p, "/h/x", "/app/b/c", false, &e), 0);
	assert_int_equal(places_grant(&p, "/app", true, false, true, &e), 0);
	assert_int_equal(places_mount(&p, "/h/y", "/app/d", false, &e), 0);
	assert_int_equal(places_mount(&p, "/h/z", "/z", false, &e), 0);
	assert_int_equal(places_grant(&p, "/no/x", true, true, true, &e), 0);
	assert_int_equal(places_deny(&p, "/no", &e), 0);
	assert_int_equal(places_finish(&p, &e), 0);
	assert_int_equal(p.n, 5);
	assert_string_equal(p.list[0].inside, "/app");
	assert_string_equal(p.list[1].inside, "/app/b");
	assert_string_equal(p.list[2].inside, "/app/b/c");
	assert_true(p.list[2].write);	/* the longest grant says write */
	assert_string_equal(p.list[3].inside, "/app/d");
	assert_false(p.list[3].write);	/* /app is granted to read only */
	assert_true(p.list[4].write);	/* no grant speaks of it */
}

static void
deny_beats_mounts(void **state)
{
	static struct places p;
	struct err e = { 0 };

	(void)state;
	memset(&p, 0, sizeof(p));
	assert_int_equal(places_mount(&p, "/h/x", "/work/x", false, &e), 0);
	assert_int_equal(places_deny(&p, "/work", &e), 0);
	assert_int_equal(places_finish(&p, &e), -1);
}

static void
one_place_one_mount(void **state)
{
	static struct places p;
	struct err e = { 0 };

	(void)state;
	memset(&p, 0, sizeof(p));
	assert_int_equal(places_mount(&p, "/h/x", "/w", false, &e), 0);
	assert_int_equal(places_mount(&p, "/h/y", "/w", true, &e), 0);
	assert_int_equal(places_finish(&p, &e), -1);
}

/* Where it is, no file system of this machine can tell. */
static void
names_in_another_case_are_others(void **state)
{
	static const char *const names[] = { "one", "One", "two", "3", "TWO" };
	char dir[] = "/tmp/t_place.XXXXXX";
	int fd;

	(void)state;
	assert_non_null(mkdtemp(dir));
	fd = open(dir, O_PATH | O_DIRECTORY);
	assert_false(fold_is(fd));
	for (size_t i = 0; i < NELEM(names); i++)
		if (i == 1) /* two names of one file are two all the same */
			assert_int_equal(linkat(fd, "one", fd, "One", 0), 0);
		else
			assert_int_equal(mknodat(fd, names[i], S_IFREG | 0600,
			    0), 0);
	assert_false(fold_is(fd));
	for (size_t i = 0; i < NELEM(names); i++)
		(void)unlinkat(fd, names[i], 0);
	(void)close(fd);
	(void)rmdir(dir);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_in_another_case_are_others),
		cmocka_unit_test(mount_cases),
		cmocka_unit_test(grant_cases),
		cmocka_unit_test(finish_sorts_and_narrows),
		cmocka_unit_test(deny_beats_mounts),
		cmocka_unit_test(one_place_one_mount),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
