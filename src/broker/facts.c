/* facts.c -- what tells that a name is there: only asked where names are
 * hidden. All of it is done to the object that was found; the walk misses what
 * is hidden. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/clean.h"
#include "broker/broker.h"
#include "jail/calls_abi.h"

#define LIST_BYTES 65536	/* the kernel's own limit */

/* What the call is about, O_PATH. */
static int
object_at(const struct ask *a, int dirfd, uint64_t at, int flags)
{
	char path[PATH_BYTES_MAX] = "";
	CLEAN_FD int fd = -1;
	int rc = 0;

	/* no path at all is as an empty one since Linux 6.11 */
	if (at != 0 || (flags & AT_EMPTY_PATH) == 0)
		rc = caller_string(a, at, path);
	if (rc != 0)
		return rc;
	if (path[0] != '\0' || (flags & AT_EMPTY_PATH) == 0)
		return walk_from(a, dirfd, path,
		    (flags & AT_SYMLINK_NOFOLLOW) != 0 ? WALK_LINK : 0);
	fd = caller_dir(a, dirfd);
	return fd < 0 || caller_waits(a) ? fd_take(&fd) : -ESRCH;
}

static long
give(const struct ask *a, long rc, uint64_t out, const void *p, size_t len)
{
	if (rc == -1)
		return -errno;
	return caller_put(a, out, p, len) == 0 ? rc : -EFAULT;
}

long
ask_stat(const struct ask *a, int dirfd, uint64_t path, uint64_t out,
    int flags)
{
	CLEAN_FD int held = -1;
	struct stat st;

	if ((flags & ~(AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT |
		AT_EMPTY_PATH)) != 0)
		return -EINVAL;
	held = object_at(a, dirfd, path, flags);
	if (held < 0)
		return held;
	return give(a, fstat(held, &st), out, &st, sizeof(st));
}

long
ask_statx(const struct ask *a)
{
	const int flags = (int)a->arg[2];
	const unsigned mask = (unsigned)a->arg[3];
	CLEAN_FD int held = -1;
	struct statx st;

	if ((mask & STATX__RESERVED) != 0 ||
	    (flags & ~(AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT |
		AT_EMPTY_PATH | AT_STATX_SYNC_TYPE)) != 0 ||
	    (flags & AT_STATX_SYNC_TYPE) == AT_STATX_SYNC_TYPE)
		return -EINVAL;
	held = object_at(a, (int)a->arg[0], a->arg[1], flags);
	if (held < 0)
		return held;
	return give(a, statx(held, "", AT_EMPTY_PATH |
		(flags & AT_STATX_SYNC_TYPE), mask, &st), a->arg[4], &st,
	    sizeof(st));
}

long
ask_statfs(const struct ask *a)
{
	CLEAN_FD int held = object_at(a, AT_FDCWD, a->arg[0], 0);
	struct statfs fs;

	if (held < 0)
		return held;
	return give(a, fstatfs(held, &fs), a->arg[1], &fs, sizeof(fs));
}

long
ask_access(const struct ask *a, int dirfd, uint64_t path, int mode,
    int flags)
{
	CLEAN_FD int held = -1;

	if ((mode & ~(R_OK | W_OK | X_OK)) != 0 || (flags & ~(AT_EACCESS |
		AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)) != 0)
		return -EINVAL;
	held = object_at(a, dirfd, path, flags);
	if (held < 0)
		return held;
	return syscall(NR_FACCESSAT2, held, "", mode, AT_EMPTY_PATH |
		(flags & AT_EACCESS)) == -1 ? -errno : 0;
}

static bool
is_empty(const struct ask *a, uint64_t path)
{
	char first;

	return caller_bytes(a, path, &first, 1) == 0 && first == '\0';
}

long
ask_readlink(const struct ask *a, int dirfd, uint64_t path, uint64_t out,
    size_t size)
{
	char text[PATH_BYTES_MAX];
	CLEAN_FD int held = -1;
	struct stat st;
	int n;

	if ((int)size <= 0)
		return -EINVAL;
	held = object_at(a, dirfd, path, AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH);
	if (held < 0)
		return held;
	if (fstat(held, &st) == -1)
		return -errno;
	if (!S_ISLNK(st.st_mode)) /* by a descriptor, it says so otherwise */
		return is_empty(a, path) ? -ENOENT : -EINVAL;
	n = walk_link_text(a, held, text);
	if (n < 0)
		return n;
	if ((size_t)n > size)
		n = (int)size;
	return give(a, n, out, text, (size_t)n);
}

/* Nobody goes into a directory for another: the kernel does, and reads the
 * path again. So a program that races itself learns whether a name that it
 * can guess is there, and its facts; as by O_PATH. */
long
ask_chdir(const struct ask *a)
{
	CLEAN_FD int held = object_at(a, AT_FDCWD, a->arg[0], 0);

	return held < 0 ? held : LET_GO;
}

long
ask_listxattr(const struct ask *a)
{
	static char list[LIST_BYTES];
	CLEAN_FD int held = object_at(a, AT_FDCWD, a->arg[0],
	    a->number == SYS_llistxattr ? AT_SYMLINK_NOFOLLOW : 0);
	const size_t len = a->arg[2] < sizeof(list) ? a->arg[2] :
						      sizeof(list);
	ssize_t n;

	if (held < 0)
		return held;
	n = listxattr(fd_name(held).text, list, len);
	return give(a, n, a->arg[1], list, n > 0 && len > 0 ? (size_t)n : 0);
}
