/* open.c -- open, openat, creat. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/clean.h"
#include "broker/broker.h"
#include "broker/review.h"
#include "policy/image.h"

#define TMPFILE (O_TMPFILE & ~O_DIRECTORY)
#define TRIES	4	/* when a name appears or goes meanwhile */
#define LINKS_MAX 40

#define TTY_MAJOR_NOW 5	/* /dev/tty is 5:0: whichever is the caller's */
#define PTS_MAJOR     136

unsigned
open_access(int flags)
{
	unsigned access = (flags & O_TRUNC) != 0 ? FILE_WRITE : 0;

	switch (flags & O_ACCMODE) {
	case O_RDONLY:
		return access | FILE_READ;
	case O_WRONLY:
		return access | FILE_WRITE;
	default:
		return FILE_READ | FILE_WRITE;
	}
}

/* /dev/tty: the terminal that controls the caller, not us. */
static long
open_tty(const struct ask *a, int flags)
{
	unsigned tty = caller_tty(a);
	char path[32];
	CLEAN_FD int fd = -1;

	if (tty == 0 || major(tty) < PTS_MAJOR)
		return -ENXIO;
	(void)snprintf(path, sizeof(path), "/dev/pts/%u",
	    (major(tty) - PTS_MAJOR) * 1048576 + minor(tty));
	fd = open(path, (flags & ~(O_CREAT | O_EXCL)) | O_NOCTTY | O_CLOEXEC);
	return fd == -1 ? -errno : answer_fd(a, fd, flags);
}

/* The object is held and judged: open it, not its name. O_NONBLOCK is taken
 * away again where it was not asked for: it keeps a pipe that a name turned
 * into from holding us. */
static long
open_held(const struct ask *a, int held, int flags)
{
	int how = (flags & ~(O_CREAT | O_EXCL | O_NOFOLLOW)) | O_NOCTTY |
	    O_CLOEXEC;
	CLEAN_FD int fd = openat(a->b->fds, fd_name(held).text, how);

	return fd == -1 ? -errno : answer_fd(a, fd, flags);
}

static bool
waits(int flags)
{
	return (flags & O_NONBLOCK) == 0 && (flags & O_ACCMODE) != O_RDWR;
}

static long
open_there(const struct ask *a, int held, const char *asked, int flags)
{
	struct stat st;
	long rc;

	if (fstat(held, &st) == -1)
		return -errno;
	/* The kernel hands on no such descriptor: facts.c on chdir says what a
	 * race for it gives. */
	if ((flags & O_PATH) != 0)
		return LET_GO;
	if ((flags & O_DIRECTORY) != 0 && !S_ISDIR(st.st_mode))
		return -ENOTDIR;
	if (S_ISLNK(st.st_mode))
		return -ELOOP;
	if ((flags & O_CREAT) != 0 && S_ISDIR(st.st_mode))
		return -EISDIR;
	rc = judge_object(a, held, open_access(flags));
	if (rc == 0)
		rc = script_open(a, held, &st, asked, flags);
	if (rc != 0)
		return rc;
	if (S_ISCHR(st.st_mode) && major(st.st_rdev) == TTY_MAJOR_NOW &&
	    minor(st.st_rdev) == 0)
		return open_tty(a, flags);
	if (S_ISFIFO(st.st_mode) && waits(flags))
		return fifo_open(a, held, flags);
	return open_held(a, held, flags);
}

/* ---- making ---- */

/* Goes on to where a symbolic link in the last place leads, which is not
 * there either. 1: it did. */
static int
through_link(const struct ask *a, struct spot *s, unsigned *links)
{
	char text[PATH_BYTES_MAX];
	struct spot next;
	ssize_t n;
	int rc;

	n = readlinkat(s->dir, s->name, text, sizeof(text) - 1);
	if (n == -1)
		return errno == EINVAL || errno == ENOENT ? 0 : -errno;
	if (++*links > LINKS_MAX)
		return -ELOOP;
	text[n] = '\0';
	rc = spot_find(a, s->dir, text, &next);
	spot_fini(s);
	*s = next;
	return rc != 0 ? rc : 1;
}

static int
make_here(const struct ask *a, const struct want *w, const struct spot *s,
    int flags)
{
	mode_t mask;
	int fd, rc = judge_path(a, s->path, open_access(flags) | FILE_WRITE);

	if (rc == 0)
		rc = mask_of(a, &mask);
	if (rc != 0)
		return rc;
	(void)umask(mask);
	fd = openat(s->dir, s->name, flags | O_EXCL | O_NOFOLLOW | O_NOCTTY |
		O_CLOEXEC, w->mode);
	return fd == -1 ? -errno : fd;
}

/* Nothing was at the path. -EAGAIN: now there is. */
static long
open_new(const struct ask *a, const struct want *w)
{
	const bool follow = (w->flags & (O_EXCL | O_NOFOLLOW)) == 0;
	struct spot s;
	unsigned links = 0;
	long rc = spot_from(a, w->dirfd, w->path, &s);
	CLEAN_FD int fd = -1;

	while (rc == 0 && follow && !s.odd) {
		rc = through_link(a, &s, &links);
		if (rc == 0)
			break;
		rc = rc == 1 ? 0 : rc;
	}
	if (rc == 0 && (s.odd || strchr(s.name, '/') != NULL))
		rc = strlen(s.name) > NAME_MAX ? -ENAMETOOLONG :
		    (w->flags & O_EXCL) != 0 ? -EEXIST : -EISDIR;
	if (rc == 0) {
		fd = make_here(a, w, &s, w->flags);
		rc = fd < 0 ? fd : 0;
	}
	spot_fini(&s);
	if (rc == -EEXIST && (w->flags & O_EXCL) == 0)
		return -EAGAIN;
	return rc != 0 ? rc : answer_fd(a, fd, w->flags);
}

/* A file with no name yet: as one that is made in the directory. */
static long
open_nameless(const struct ask *a, const struct want *w)
{
	CLEAN_FD int dir = walk_from(a, w->dirfd, w->path, 0);
	CLEAN_FD int fd = -1;
	char path[PATH_BYTES_MAX];
	mode_t mask;
	int rc;

	if (dir < 0)
		return dir;
	if (object_path(a->b, dir, path) != OBJECT_NAMED)
		return -EACCES;
	if (strlen(path) + 3 >= sizeof(path))
		return -ENAMETOOLONG;
	(void)strcat(path, path[1] == '\0' ? "#0" : "/#0");
	rc = judge_path(a, path, open_access(w->flags) | FILE_WRITE);
	if (rc == 0)
		rc = mask_of(a, &mask);
	if (rc != 0)
		return rc;
	(void)umask(mask);
	fd = openat(a->b->fds, fd_name(dir).text,
	    (w->flags & ~O_NOFOLLOW) | O_CLOEXEC, w->mode);
	return fd == -1 ? -errno : answer_fd(a, fd, w->flags);
}

/* "x/" is to be made: that is for mkdir(2). */
static long
open_slash(const struct ask *a, const struct want *w)
{
	struct spot s;
	int rc = spot_from(a, w->dirfd, w->path, &s);

	spot_fini(&s);
	if (rc == 0 && s.name[0] == '/' && (w->flags & O_EXCL) != 0)
		return -EEXIST; /* the root */
	return rc != 0 ? rc : -EISDIR;
}

static long
open_one(const struct ask *a, const struct want *w)
{
	const bool fresh = (w->flags & O_CREAT) != 0 &&
	    (w->flags & O_EXCL) != 0; /* what is there would be in the way */
	CLEAN_FD int held = fresh ? -ENOENT : walk_from(a, w->dirfd, w->path,
	    (w->flags & O_NOFOLLOW) != 0 ? WALK_LINK : 0);

	if (held >= 0)
		return open_there(a, held, w->path, w->flags);
	if (held == -ENOENT && (w->flags & O_CREAT) != 0)
		return open_new(a, w);
	if (held == -EACCES)
		walk_refused(a, w->dirfd, w->path);
	return held;
}

long
ask_open(const struct ask *a, int dirfd, uint64_t path, int flags,
    mode_t mode)
{
	struct want w = { .dirfd = dirfd, .flags = flags, .mode = mode };
	long rc;

	if ((flags & O_PATH) != 0) /* all others but these are nothing then */
		w.flags = flags &= O_PATH | O_DIRECTORY | O_NOFOLLOW |
		    O_CLOEXEC;
	if ((flags & TMPFILE) != 0 ? (flags & O_ACCMODE) == O_RDONLY :
	    (flags & O_CREAT) != 0 && (flags & O_DIRECTORY) != 0)
		return -EINVAL;
	rc = caller_string(a, path, w.path);
	if (rc != 0)
		return rc;
	if (w.path[0] == '\0')
		return -ENOENT;
	rc = quick_open(a, &w);
	if (rc != LONG_WAY)
		return rc;
	if ((w.flags & TMPFILE) != 0)
		return open_nameless(a, &w);
	if ((flags & O_CREAT) != 0 && w.path[strlen(w.path) - 1] == '/')
		return open_slash(a, &w);
	rc = -EAGAIN;
	for (int i = 0; i < TRIES && rc == -EAGAIN; i++)
		rc = open_one(a, &w);
	return rc;
}
