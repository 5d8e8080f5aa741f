/* quick.c -- the opens that are asked for most: of a file that is there, of a
 * directory, for reading; of one that is to be made; of none.
 *
 * Where the name is the kernel's own (exact.c), it is judged and then opened.
 * Where it leads by a link or by dots, an open for reading changes nothing, so
 * it may come before the judgement: the object is opened, judged by the
 * kernel's own path of that descriptor, and the descriptor handed over or
 * closed. That is half of the system calls that the long way (open.c) takes.
 * All that is not plainly so goes the long way, from its start: a script that
 * somebody runs (script.c), what is no file or directory (opening a pipe would
 * wake who waits at its other end), what /proc shows, each denial. */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/clean.h"
#include "broker/review.h"
#include "broker/slow.h"
#include "jail/calls_abi.h"
#include "policy/image.h"

#define MAY_BE_SET (O_ACCMODE | O_CREAT | O_EXCL | O_TRUNC | O_APPEND | \
	O_CLOEXEC | O_NONBLOCK | O_NOCTTY | O_DIRECTORY | O_NOFOLLOW | \
	O_LARGEFILE | 0100000 /* the kernel's O_LARGEFILE */)

#define MEM_MAJOR 1	/* /dev/null and the like */

struct quick {
	const struct ask *a;
	const char *asked;
	int flags;
	mode_t mode;
	bool exact;
	char *path;		/* the whole of it */
};

static bool
only_reads(int flags)
{
	return open_access(flags) == FILE_READ && (flags & O_CREAT) == 0;
}

/* Not there, and no symbolic link on the way, which might lead the caller
 * elsewhere than us? */
static bool
is_missing(const char *path)
{
	int fd = exact_open(path, O_PATH | O_NOFOLLOW, 0);

	if (fd >= 0)
		(void)close(fd);
	return fd == -ENOENT;
}

static int
make(const struct quick *q)
{
	mode_t mask;
	int fd;

	if (!q->exact || mask_of(q->a, &mask) != 0)
		return LONG_WAY;
	(void)umask(mask);
	fd = exact_open(q->path, q->flags | O_EXCL | O_NOFOLLOW | O_NOCTTY,
	    q->mode);
	return fd < 0 ? LONG_WAY : fd;
}

/* By a name that leads elsewhere, and so is not what was judged. */
static int
open_loose(const struct quick *q, int how)
{
	struct open_how h = { .flags = (unsigned)(how | O_CLOEXEC),
		.resolve = RESOLVE_NO_MAGICLINKS };
	char path[PATH_BYTES_MAX];
	CLEAN_FD int fd = -1;

	if (!only_reads(q->flags))
		return LONG_WAY;
	fd = (int)syscall(NR_OPENAT2, AT_FDCWD, q->path, &h, sizeof(h));
	if (fd == -1 || object_path(q->a->b, fd, path) != OBJECT_NAMED ||
	    name_is_proc(path) || strncmp(path, "/dev/", 5) == 0 ||
	    (judge_mask(q->a, path) & FILE_READ) == 0 ||
	    script_concerns(fd, q->asked, path))
		return LONG_WAY;
	return fd_take(&fd);
}

static int
open_exact(const struct quick *q, int how)
{
	CLEAN_FD int fd = exact_open(q->path, how, 0);

	if (fd == -ELOOP)
		return open_loose(q, how);
	if (fd < 0 || (open_access(q->flags) == FILE_READ &&
		script_concerns(fd, q->asked, q->path)))
		return LONG_WAY;
	return fd_take(&fd);
}

/* What can be opened without anybody noticing, or waiting. */
static bool
is_tame(const struct quick *q, const struct stat *st)
{
	if (S_ISDIR(st->st_mode))
		return only_reads(q->flags);
	return S_ISREG(st->st_mode) || (S_ISCHR(st->st_mode) &&
		major(st->st_rdev) == MEM_MAJOR);
}

/* O_NONBLOCK keeps a pipe that the name turned into from holding us. */
static int
open_there(const struct quick *q)
{
	const int how = (q->flags & (O_ACCMODE | O_TRUNC | O_APPEND |
		O_DIRECTORY | O_NOFOLLOW)) | O_NOCTTY | O_NONBLOCK;
	int fd = q->exact ? open_exact(q, how) : open_loose(q, how);

	if (fd >= 0 && (q->flags & O_NONBLOCK) == 0 &&
	    fcntl(fd, F_SETFL, q->flags & O_APPEND) == -1) {
		(void)close(fd);
		return LONG_WAY;
	}
	return fd;
}

static int
open_any(const struct quick *q)
{
	const int look = (q->flags & O_NOFOLLOW) != 0 ? AT_SYMLINK_NOFOLLOW :
							0;
	struct stat st;

	if ((q->flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL))
		return make(q);
	if (fstatat(AT_FDCWD, q->path, &st, look) == 0)
		return is_tame(q, &st) ? open_there(q) : LONG_WAY;
	if (errno != ENOENT)
		return LONG_WAY;
	if ((q->flags & O_CREAT) != 0)
		return make(q);
	return is_missing(q->path) ? -ENOENT : LONG_WAY;
}

static bool
may(const struct quick *q)
{
	const unsigned access = open_access(q->flags) |
	    ((q->flags & O_CREAT) != 0 ? FILE_WRITE : 0);

	if (!q->exact)
		return only_reads(q->flags);
	return (judge_mask(q->a, q->path) & access) == access;
}

long
quick_open(const struct ask *a, const struct want *w)
{
	char path[PATH_BYTES_MAX];
	struct quick q = { .a = a, .asked = w->path, .flags = w->flags,
		.mode = w->mode, .path = path };
	enum name_kind kind = NAME_NONE;
	CLEAN_FD int fd = -1;
	int got;

	if ((w->flags & ~MAY_BE_SET) == 0 && !slow_matters(a->b) &&
	    image_info(a->image)->mode == POLICY_ENFORCE)
		kind = name_whole(a, w->dirfd, w->path, path);
	q.exact = kind == NAME_EXACT;
	/* only who still waits has said this, and changes something */
	if (kind == NAME_NONE || !may(&q) ||
	    (!only_reads(w->flags) && !caller_waits(a)))
		return LONG_WAY;
	got = open_any(&q);
	if (got < 0)
		return got;
	fd = got;
	return answer_fd(a, fd, w->flags);
}
