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
#include "broker/slow.h"
#include "jail/calls_abi.h"
#include "jail/caps.h"
#include "policy/image.h"

#define LINKS_MAX     40 /* as the kernel's MAXSYMLINKS */
#define STEPS_MAX     2048 /* as many names as a path has room for */
#define PROC_ROOT_INO 1

static int
kernel_walk(int base, const char *path, int flags, uint64_t resolve)
{
	struct open_how how = { .flags = (unsigned)(O_PATH | O_CLOEXEC |
		flags), .resolve = resolve };
	long fd = syscall(NR_OPENAT2, base, path, &how, sizeof(how));

	return fd == -1 ? -errno : (int)fd;
}

/* One name, from a directory that answers. A link is the object. */
static int
step_warily(const struct ask *a, int base, const char *name, int flags)
{
	char path[PATH_BYTES_MAX];
	int rc = strcmp(name, ".") == 0 || strcmp(name, "..") == 0 ?
	    -ENOENT : path_in(a, base, name, path);

	if (rc == -ENAMETOOLONG || (rc == 0 && slow_path(a->b, path)))
		return slow_turn(a->b);
	return kernel_walk(base, name, flags | O_NOFOLLOW, 0);
}

/* What the kernel has at hand, or one name that is no link; more than that is
 * for who goes by hand (ELOOP). */
static int
walk_warily(const struct ask *a, int base, const char *path, int flags,
    uint64_t resolve)
{
	CLEAN_FD int fd = kernel_walk(base, path, flags,
	    resolve | RESOLVE_CACHED);
	struct stat st;

	if (fd == -EAGAIN && strcmp(path, "/") == 0)
		fd = kernel_walk(base, path, flags, resolve);
	else if (fd == -EAGAIN && strchr(path, '/') != NULL)
		return -ELOOP;
	else if (fd == -EAGAIN) {
		fd = step_warily(a, base, path, flags);
		if (fd >= 0 && (flags & O_NOFOLLOW) == 0 &&
		    fstat(fd, &st) == 0 && S_ISLNK(st.st_mode))
			return -ELOOP;
	}
	return fd >= 0 && slow_is(a->b, fd) ? slow_turn(a->b) : fd_take(&fd);
}

static int
path_open2(const struct ask *a, int base, const char *path, int flags,
    uint64_t resolve)
{
	return slow_matters(a->b) ?
	    walk_warily(a, base, path, flags, resolve) :
	    kernel_walk(base, path, flags, resolve);
}

/* ---- by hand ---- */

struct walker {
	const struct ask *a;
	int at;
	unsigned links, steps;
	bool tells;		/* says to the log where it is refused */
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
	return step_to(w, path_open2(w->a, AT_FDCWD, "/",
	    O_DIRECTORY, 0));
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

/* Is this in /proc of the caller's own? Then it may follow its links
 * even where it has made itself unreadable to others. */
static bool
is_callers_own(const struct ask *a, int fd)
{
	char path[PATH_BYTES_MAX], own[32];
	struct caller_ids ids;

	if (object_path(a->b, fd, path) != OBJECT_NAMED ||
	    caller_ids(a, &ids) != 0)
		return false;
	(void)snprintf(own, sizeof(own), "/proc/%d/", (int)ids.in_tgid);
	return strncmp(path, own, strlen(own)) == 0;
}

static int
jump_open(const struct walker *w, const char *name)
{
	CLEAN_FD int fd = -1;

	if (slow_link(w->a->b, w->at, name))
		return slow_turn(w->a->b);
	fd = kernel_walk(w->at, name, 0, 0);
	return fd >= 0 && slow_is(w->a->b, fd) ? slow_turn(w->a->b) :
						 fd_take(&fd);
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
	fd = jump_open(w, name);
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
	fd = jump_open(w, name);
	if (fd == -EACCES && is_callers_own(w->a, w->at) &&
	    caps_ptrace(true) == 0) {
		fd = jump_open(w, name);
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

/* What is hidden is missed without a look at it; that somebody looked for it
 * is recorded where it is there. */
static bool
is_hidden_at(const struct ask *a, int dir, const char *name)
{
	char path[PATH_BYTES_MAX];
	CLEAN_FD int fd = -1;

	if (!a->b->hides || strcmp(name, "..") == 0 ||
	    path_in(a, dir, name, path) != 0 || !judge_hidden(a, path))
		return false;
	fd = path_open2(a, dir, name, O_NOFOLLOW, 0);
	if (fd >= 0)
		(void)judge_path(a, path, FILE_READ);
	return true;
}

static bool
is_hidden(const struct ask *a, int fd)
{
	char path[PATH_BYTES_MAX];

	if (!a->b->hides || object_path(a->b, fd, path) != OBJECT_NAMED ||
	    !judge_hidden(a, path))
		return false;
	(void)judge_path(a, path, FILE_READ);
	return true;
}

static void
tell(const struct walker *w, const char *name)
{
	char path[PATH_BYTES_MAX];

	if (strcmp(name, "..") != 0 && path_in(w->a, w->at, name, path) == 0)
		(void)judge_path(w->a, path, FILE_READ);
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
		return step_to(w, path_open2(w->a, w->at, ".",
		    O_DIRECTORY, 0));
	if (is_hidden_at(w->a, w->at, name))
		return -ENOENT;
	fd = path_open2(w->a, w->at, name, O_NOFOLLOW, 0);
	if (fd == -EACCES && w->tells)
		tell(w, name);
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
	struct walker w = { .a = a, .tells = (flags & WALK_TELL) != 0 };
	int rc = 0;

	w.at = path_open2(a, path[0] == '/' ? AT_FDCWD : base,
	    path[0] == '/' ? "/" : ".", O_DIRECTORY, 0);
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

static bool
goes_up(const char *path)
{
	for (const char *at = strstr(path, ".."); at != NULL;
	    at = strstr(at + 1, ".."))
		if ((at == path || at[-1] == '/') &&
		    (at[2] == '/' || at[2] == '\0'))
			return true;
	return false;
}

/* Where names are hidden: all below a hidden one is so, too, so what was
 * reached without a link or a ".." says it of the whole way; and what is not
 * there is missed as what is hidden would be. Whatever else happens on a way
 * may tell of a hidden name: then by hand. */
static int
walk_unseen(const struct ask *a, int base, const char *path, unsigned flags)
{
	const int nofollow = (flags & WALK_LINK) != 0 ? O_NOFOLLOW : 0;
	int fd = goes_up(path) ? -ELOOP :
	    path_open2(a, base, path, nofollow, RESOLVE_NO_SYMLINKS);

	if (fd < 0 && fd != -ENOENT)
		fd = walk_by_hand(a, base, path, flags);
	if (fd >= 0 && is_hidden(a, fd)) {
		(void)close(fd);
		return -ENOENT;
	}
	return fd;
}

/* Not there for the caller either: a link that leads it elsewhere than us is
 * in /proc alone, and the directory is not. */
static bool
is_missing_in(const struct ask *a, int base, const char *path)
{
	const char *name = strrchr(path, '/');
	char above[PATH_BYTES_MAX];
	CLEAN_FD int dir = -1;
	struct statfs fs;
	struct stat st;

	name = name == NULL ? path : name + 1;
	if (name[0] == '\0' || strcmp(name, "..") == 0)
		return false;
	(void)snprintf(above, sizeof(above), "%.*s.", (int)(name - path),
	    path);
	dir = path_open2(a, base, above, O_DIRECTORY, RESOLVE_NO_MAGICLINKS);
	return dir >= 0 && fstatfs(dir, &fs) == 0 &&
	    fs.f_type != PROC_SUPER_MAGIC &&
	    fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == -1 &&
	    errno == ENOENT;
}

int
walk(const struct ask *a, int base, const char *path, unsigned flags)
{
	const int nofollow = (flags & WALK_LINK) != 0 ? O_NOFOLLOW : 0;
	int fd;

	if (path[0] == '\0')
		return -ENOENT;
	if (a->b->hides)
		return walk_unseen(a, base, path, flags);
	fd = path_open2(a, base, path, nofollow, RESOLVE_NO_MAGICLINKS);
	if (fd == -ENOENT) /* is it, or did a link lead to our own "self"? */
		fd = is_missing_in(a, base, path) ? -ENOENT :
		    path_open2(a, base, path, nofollow, RESOLVE_NO_SYMLINKS);
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

void
walk_refused(const struct ask *a, int dirfd, const char *path)
{
	CLEAN_FD int base = path[0] == '/' ? -1 : caller_dir(a, dirfd);
	int fd;

	if (path[0] != '/' && base < 0)
		return;
	fd = walk_by_hand(a, base, path, WALK_TELL);
	fd_close(&fd);
}

int
walk_link_text(const struct ask *a, int link, char out[PATH_BYTES_MAX])
{
	char path[PATH_BYTES_MAX], *name;
	struct statfs fs;
	ssize_t n;

	if (fstatfs(link, &fs) == 0 && fs.f_type == PROC_SUPER_MAGIC &&
	    object_path(a->b, link, path) == OBJECT_NAMED) {
		name = strrchr(path, '/') + 1;
		if (strcmp(path, "/proc/self") == 0 ||
		    strcmp(path, "/proc/thread-self") == 0) {
			n = proc_text(a, link, name, out, PATH_BYTES_MAX);
			return n < 0 ? (int)n : (int)strlen(out);
		}
	}
	n = readlinkat(link, "", out, PATH_BYTES_MAX - 1);
	if (n == -1 && errno == EACCES && is_callers_own(a, link) &&
	    caps_ptrace(true) == 0) {
		n = readlinkat(link, "", out, PATH_BYTES_MAX - 1);
		(void)caps_ptrace(false);
	}
	return n == -1 ? -errno : (int)n;
}

bool
walk_is_steady(const struct ask *a, int base, const char *path)
{
	CLEAN_FD int fd = path_open2(a, base, path, 0, RESOLVE_NO_MAGICLINKS);

	return fd >= 0;
}
