/* quick.c -- the open that is asked for most: of a file or directory that is
 * there, for reading alone.
 *
 * Such an open changes nothing, so it may come before the judgement: the
 * object is opened, judged by the kernel's own path of that descriptor, and
 * the descriptor handed over or closed. That is half of the system calls that
 * the long way (open.c) takes. All that is not plainly so goes the long way,
 * from its start: a script that somebody runs (script.c), what is no file or
 * directory (opening a pipe would wake who waits at its other end), what /proc
 * shows, each denial, and all where names are hidden, which may stand on the
 * way. */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clean.h"
#include "broker/review.h"
#include "jail/calls_abi.h"
#include "policy/image.h"

#define MAY_BE_SET (O_CLOEXEC | O_NONBLOCK | O_NOCTTY | O_DIRECTORY | \
	O_NOFOLLOW | O_LARGEFILE | 0100000 /* the kernel's O_LARGEFILE */)

static bool
is_proc(const char *path)
{
	return strncmp(path, "/proc", 5) == 0 &&
	    (path[5] == '/' || path[5] == '\0');
}

/* Not there, and no symbolic link on the way, which might lead the caller
 * elsewhere than us? */
static bool
is_missing(int base, const char *path)
{
	struct open_how how = { .flags = O_PATH | O_CLOEXEC | O_NOFOLLOW,
		.resolve = RESOLVE_NO_SYMLINKS };
	CLEAN_FD int fd = (int)syscall(NR_OPENAT2, base, path, &how,
	    sizeof(how));

	return fd == -1 && errno == ENOENT;
}

static long
open_plain(int base, const char *path, int flags)
{
	struct open_how how = { .flags = (unsigned)(O_CLOEXEC | O_NOCTTY |
		O_NONBLOCK | (flags & (O_DIRECTORY | O_NOFOLLOW))),
		.resolve = RESOLVE_NO_MAGICLINKS };
	const int look = (flags & O_NOFOLLOW) != 0 ? AT_SYMLINK_NOFOLLOW : 0;
	struct stat st;
	long fd;

	if (fstatat(base, path, &st, look) == -1)
		return errno == ENOENT && is_missing(base, path) ? -ENOENT :
								   LONG_WAY;
	if (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode))
		return LONG_WAY;
	fd = syscall(NR_OPENAT2, base, path, &how, sizeof(how));
	return fd == -1 ? LONG_WAY : fd;
}

/* It is judged by what it is called now that it is open. */
static bool
may_read(const struct ask *a, int fd, const char *asked)
{
	char path[PATH_BYTES_MAX];

	return object_path(a->b, fd, path) == OBJECT_NAMED &&
	    !is_proc(path) && (judge_mask(a, path) & FILE_READ) != 0 &&
	    !script_concerns(fd, asked, path);
}

long
quick_open(const struct ask *a, int dirfd, const char *path, int flags)
{
	CLEAN_FD int base = -1, fd = -1;
	long got;

	if ((flags & ~MAY_BE_SET) != 0 || is_proc(path) || a->b->hides ||
	    image_info(a->image)->mode != POLICY_ENFORCE ||
	    (path[0] == '/' && (judge_mask(a, path) & FILE_READ) == 0))
		return LONG_WAY;
	if (path[0] != '/') {
		base = caller_dir(a, dirfd);
		if (base < 0)
			return LONG_WAY;
	}
	got = open_plain(base == -1 ? AT_FDCWD : base, path, flags);
	if (got < 0)
		return got;
	fd = (int)got;
	if (!may_read(a, fd, path))
		return LONG_WAY;
	/* it kept a pipe that the name turned into from holding us */
	if ((flags & O_NONBLOCK) == 0 && fcntl(fd, F_SETFL, 0) == -1)
		return LONG_WAY;
	return answer_fd(a, fd, flags);
}
