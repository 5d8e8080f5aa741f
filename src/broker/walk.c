/* walk.c -- from a caller's path to the object it means.
 *
 * The kernel walks, from the caller's directory and in the same root, but it
 * would take us for the caller in /proc: self and thread-self are then the
 * caller's, so a path with a symbolic link that leads there, or with one of
 * the links below /proc/PID that jump, is walked here, a component at a time.
 * Nothing rests on the walk itself: the object is held, and judged by the
 * path that the kernel gives it. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/clean.h"
#include "broker/broker.h"
#include "jail/calls_abi.h"
#include "jail/caps.h"

#define LINKS_MAX     40 /* as the kernel's MAXSYMLINKS */
#define STEPS_MAX     2048 /* as many names as a path has room for */
#define PROC_ROOT_INO 1

static int
path_open2(int base, const char *path, int flags, uint64_t resolve)
{
	struct open_how how = { .flags = (unsigned)(O_PATH | O_CLOEXEC |
		flags), .resolve = resolve };
	long fd = syscall(NR_OPENAT2, base, path, &how, sizeof(how));

	return fd == -1 ? -errno : (int)fd;
}

/* ---- by hand ---- */

struct walker {
	const struct ask *a;
	int at;
	unsigned links, steps;
	char rest[2 * PATH_BYTES_MAX];
};

static int
step_to(struct walker *w, int fd)
{
	if (fd < 0)
		return fd;
	(void)close(w->at);
	w->at = fd;
	return 0;
}

static int
go_root(struct walker *w)
{
	return step_to(w, path_open2(AT_FDCWD, "/", O_DIRECTORY, 0));
}

/* What a link in /proc itself says to the caller. */
static int
proc_text(const struct ask *a, int link, const char *name, char *out,
    size_t cap)
{
	struct caller_ids ids;
	int rc;
	ssize_t n;

	if (strcmp(name, "self") != 0 && strcmp(name, "thread-self") != 0) {
		n = readlinkat(link, "", out, cap - 1);
		if (n == -1)
			return -errno;
		out[n] = '\0';
		return 0;
	}
	rc = caller_ids(a, &ids);
	if (rc != 0)
		return rc;
	if (name[0] == 's')
		(void)snprintf(out, cap, "%d", (int)ids.in_tgid);
	else
		(void)snprintf(out, cap, "%d/task/%d", (int)ids.in_tgid,
		    (int)ids.in_tid);
	return 0;
}

/* Is this directory in /proc the caller's own? Then it may follow its links
 * even where it has made itself unreadable to others. */
static bool
is_callers_own(const struct walker *w)
{
	char path[PATH_BYTES_MAX], own[32];
	struct caller_ids ids;

	if (object_path(w->a->b, w->at, path) != OBJECT_NAMED ||
	    caller_ids(w->a, &ids) != 0)
		return false;
	(void)snprintf(own, sizeof(own), "/proc/%d/", (int)ids.in_tgid);
	return strncmp(path, own, strlen(own)) == 0;
}

/* Of another, under fewer profiles, nothing is reached; and of an object that
 * has no name, a descriptor without access to it (O_PATH) is no better: it may
 * have been another's. */
static int
may_jump(const struct walker *w, const char *name)
{
	char path[PATH_BYTES_MAX];
	CLEAN_FD int fd = -1;
	struct stat st;

	if (w->a->profiles == 0 || judge_is_open(w->a))
		return 0;
	if (object_path(w->a->b, w->at, path) != OBJECT_NAMED ||
	    peer_path(w->a, path, 0) != 0)
		return -EACCES;
	if (fstatat(w->at, name, &st, AT_SYMLINK_NOFOLLOW) == -1 ||
	    (st.st_mode & (S_IRUSR | S_IWUSR)) != 0)
		return 0;
	fd = path_open2(w->at, name, 0, 0);
	return fd >= 0 && object_path(w->a->b, fd, path) ==
	    OBJECT_NAMELESS ? -EACCES : 0;
}

/* A link below /proc/PID: no text, a jump. */
static int
jump(struct walker *w, const char *name)
{
	int rc = may_jump(w, name);
	int fd;

	if (rc != 0)
		return rc;
	fd = path_open2(w->at, name, 0, 0);
	if (fd == -EACCES && is_callers_own(w) && caps_ptrace(true) == 0) {
		fd = path_open2(w->at, name, 0, 0);
		(void)caps_ptrace(false);
	}
	return step_to(w, fd);
}

/* Puts a link's text before what is left of the path. */
static int
prepend(struct walker *w, const char *text)
{
	char whole[2 * PATH_BYTES_MAX];
	int n = snprintf(whole, sizeof(whole), "%s%s%s", text,
	    w->rest[0] == '\0' ? "" : "/", w->rest);

	if (text[0] == '\0')
		return -ENOENT;
	if (n < 0 || (size_t)n >= sizeof(w->rest))
		return -ENAMETOOLONG;
	memcpy(w->rest, whole, (size_t)n + 1);
	return text[0] == '/' ? go_root(w) : 0;
}

static int
follow(struct walker *w, int link, const char *name)
{
	char text[PATH_BYTES_MAX];
	struct statfs fs;
	struct stat st;
	ssize_t n;
	int rc;

	if (++w->links > LINKS_MAX)
		return -ELOOP;
	if (fstatfs(link, &fs) == -1 || fstat(w->at, &st) == -1)
		return -errno;
	if (fs.f_type == PROC_SUPER_MAGIC && st.st_ino != PROC_ROOT_INO)
		return jump(w, name);
	if (fs.f_type == PROC_SUPER_MAGIC) {
		rc = proc_text(w->a, link, name, text, sizeof(text));
		return rc != 0 ? rc : prepend(w, text);
	}
	n = readlinkat(link, "", text, sizeof(text) - 1);
	if (n == -1)
		return -errno;
	text[n] = '\0';
	return prepend(w, text);
}

/* What comes before the next name and says nothing, where more follows: a
 * path may be made of it, and each step of the walk costs the others. */
static void
skip_dots(struct walker *w)
{
	char *at = w->rest;

	for (;;) {
		size_t dot = at[0] == '.' ? 1 : 0;

		if (at[dot] != '/' || at[dot + strspn(at + dot, "/")] == '\0')
			break;
		at += dot + strspn(at + dot, "/");
	}
	memmove(w->rest, at, strlen(at) + 1);
}

/* Takes the next name off the rest; *last: nothing but slashes was left. */
static int
next_name(struct walker *w, char name[NAME_MAX + 1], bool *last, bool *slash)
{
	char *at = w->rest + strspn(w->rest, "/");
	size_t len = strcspn(at, "/");
	size_t gap = strspn(at + len, "/");

	if (len > NAME_MAX)
		return -ENAMETOOLONG;
	memcpy(name, at, len);
	name[len] = '\0';
	*slash = gap > 0;
	*last = at[len + gap] == '\0';
	memmove(w->rest, at + len + gap, strlen(at + len + gap) + 1);
	return 0;
}

static int
one_step(struct walker *w, unsigned flags)
{
	char name[NAME_MAX + 1];
	bool last, slash;
	CLEAN_FD int fd = -1;
	struct stat st;
	int rc;

	if (++w->steps > STEPS_MAX)
		return -ELOOP;
	skip_dots(w);
	rc = next_name(w, name, &last, &slash);
	if (rc != 0)
		return rc;
	if (name[0] == '\0' || strcmp(name, ".") == 0)
		return step_to(w, path_open2(w->at, ".", O_DIRECTORY, 0));
	fd = path_open2(w->at, name, O_NOFOLLOW, 0);
	if (fd < 0)
		return fd;
	if (fstat(fd, &st) == -1)
		return -errno;
	if (S_ISLNK(st.st_mode) &&
	    (!last || slash || (flags & WALK_LINK) == 0)) {
		if (slash && last)
			(void)strcpy(w->rest, "."); /* must be a directory */
		return follow(w, fd, name);
	}
	if (slash && !S_ISDIR(st.st_mode))
		return -ENOTDIR;
	return step_to(w, fd_take(&fd));
}

static int
walk_by_hand(const struct ask *a, int base, const char *path, unsigned flags)
{
	struct walker w = { .a = a };
	int rc = 0;

	w.at = path[0] == '/' ? path_open2(AT_FDCWD, "/", O_DIRECTORY, 0) :
				path_open2(base, ".", O_DIRECTORY, 0);
	if (w.at < 0)
		return w.at;
	(void)snprintf(w.rest, sizeof(w.rest), "%s", path);
	while (rc == 0 && w.rest[strspn(w.rest, "/")] != '\0')
		rc = one_step(&w, flags);
	if (rc != 0) {
		(void)close(w.at);
		return rc;
	}
	return w.at;
}

/* ---- by the kernel ---- */

int
walk(const struct ask *a, int base, const char *path, unsigned flags)
{
	const int nofollow = (flags & WALK_LINK) != 0 ? O_NOFOLLOW : 0;
	int fd;

	if (path[0] == '\0')
		return -ENOENT;
	fd = path_open2(base, path, nofollow, RESOLVE_NO_MAGICLINKS);
	if (fd == -ENOENT) /* is it, or did a link lead to our own "self"? */
		fd = path_open2(base, path, nofollow, RESOLVE_NO_SYMLINKS);
	if (fd == -ELOOP)
		fd = walk_by_hand(a, base, path, flags);
	return fd;
}

int
walk_from(const struct ask *a, int dirfd, const char *path, unsigned flags)
{
	CLEAN_FD int base = -1;

	if (path[0] == '\0')
		return -ENOENT;
	if (path[0] != '/') {
		base = caller_dir(a, dirfd);
		if (base < 0)
			return base;
	}
	if (!caller_waits(a))
		return -ESRCH;
	return walk(a, base == -1 ? AT_FDCWD : base, path, flags);
}

bool
walk_is_steady(int base, const char *path)
{
	CLEAN_FD int fd = path_open2(base, path, 0, RESOLVE_NO_MAGICLINKS);

	return fd >= 0;
}

/* ---- a name in a directory ---- */

static int
spot_path(const struct ask *a, struct spot *s)
{
	size_t len, name = strcspn(s->name, "/");

	if (object_path(a->b, s->dir, s->path) != OBJECT_NAMED)
		return -ENOENT;
	len = strlen(s->path);
	if (len == 1)
		len = 0; /* "/" */
	if (len + 1 + name >= sizeof(s->path))
		return -ENAMETOOLONG;
	s->path[len] = '/';
	memcpy(s->path + len + 1, s->name, name);
	s->path[len + 1 + name] = '\0';
	return 0;
}

int
spot_find(const struct ask *a, int base, const char *path, struct spot *s)
{
	char above[PATH_BYTES_MAX];
	size_t end = strlen(path), from;
	bool slash = false;
	int fd;

	*s = (struct spot){ .dir = -1 };
	if (end == 0)
		return -ENOENT;
	while (end > 0 && path[end - 1] == '/') {
		end--;
		slash = true;
	}
	for (from = end; from > 0 && path[from - 1] != '/';)
		from--;
	s->odd = end - from > NAME_MAX;	/* cut, it is still too long */
	if (s->odd)
		end = from + NAME_MAX + 1;
	memcpy(s->name, path + from, end - from);
	(void)strcpy(s->name + (end - from), slash && !s->odd ? "/" : "");
	(void)snprintf(above, sizeof(above), "%.*s", (int)from, path);
	fd = walk(a, base, from == 0 ? "." : above, 0);
	if (fd < 0)
		return fd;
	s->dir = fd;
	if (s->odd) /* some file systems have such names: not through us */
		return -ENAMETOOLONG;
	s->odd = end == from || strcmp(s->name, ".") == 0 ||
	    strcmp(s->name, "./") == 0 || strcmp(s->name, "..") == 0 ||
	    strcmp(s->name, "../") == 0;
	if (end == from)
		(void)strcpy(s->name, "/");
	return s->odd ? 0 : spot_path(a, s);
}

int
spot_from(const struct ask *a, int dirfd, const char *path, struct spot *s)
{
	CLEAN_FD int base = -1;

	*s = (struct spot){ .dir = -1 };
	if (path[0] != '/') {
		base = caller_dir(a, dirfd);
		if (base < 0)
			return base;
	}
	if (!caller_waits(a))
		return -ESRCH;
	return spot_find(a, base == -1 ? AT_FDCWD : base, path, s);
}

void
spot_fini(struct spot *s)
{
	fd_close(&s->dir);
}
