/* change.c -- changing what an object is: size, mode, owner, times,
 * attributes. By its name, or by a descriptor that may be open for reading
 * only, and is then no leave to change it. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/xattr.h>
#include <unistd.h>
#include <utime.h>

#include "base/clean.h"
#include "broker/broker.h"
#include "policy/image.h"

#define XATTR_NAME_BYTES 256
#define XATTR_BYTES	 65536	/* the kernel's own limits */

static long
result(long rc)
{
	return rc == -1 ? -errno : rc;
}

/* The object at a path, or a descriptor's own when the path is empty and that
 * is allowed. */
static int
object_named(const struct ask *a, int dirfd, const char *path, int flags)
{
	CLEAN_FD int fd = -1;

	if (path[0] == '\0' && (flags & AT_EMPTY_PATH) != 0)
		fd = caller_dir(a, dirfd);
	else
		fd = walk_from(a, dirfd, path,
		    (flags & AT_SYMLINK_NOFOLLOW) != 0 ? WALK_LINK : 0);
	return fd < 0 || caller_waits(a) ? fd_take(&fd) : -ESRCH;
}

static int
object_find(const struct ask *a, int dirfd, uint64_t at, int flags)
{
	char path[PATH_BYTES_MAX];
	int rc = caller_string(a, at, path);

	return rc != 0 ? rc : object_named(a, dirfd, path, flags);
}

/* The same, judged: by its name, if that is exact. */
static int
object_at(const struct ask *a, int dirfd, uint64_t at, int flags,
    unsigned access)
{
	char asked[PATH_BYTES_MAX], path[PATH_BYTES_MAX];
	CLEAN_FD int fd = -1;
	int rc = caller_string(a, at, asked);

	if (rc != 0)
		return rc;
	fd = exact_object(a, dirfd, asked,
	    (flags & AT_SYMLINK_NOFOLLOW) != 0 ? O_NOFOLLOW : 0, path);
	if (fd >= 0) {
		rc = caller_waits(a) ? judge_path(a, path, access) : -ESRCH;
	} else {
		fd = object_named(a, dirfd, asked, flags);
		rc = fd < 0 ? fd : judge_object(a, fd, access);
	}
	return rc != 0 ? rc : fd_take(&fd);
}

/* What a descriptor is open on; for one that is open for nothing (O_PATH)
 * these calls say EBADF. */
static int
object_of(const struct ask *a, int number, unsigned access)
{
	CLEAN_FD int fd = caller_object(a, number);
	int rc;

	if (fd < 0)
		return fd;
	if (!caller_uses(a, number))
		return -EBADF;
	rc = caller_waits(a) ? judge_object(a, fd, access) : -ESRCH;
	return rc != 0 ? rc : fd_take(&fd);
}

/* ---- size ---- */

long
ask_truncate(const struct ask *a)
{
	CLEAN_FD int held = object_at(a, AT_FDCWD, a->arg[0], 0, FILE_WRITE);
	CLEAN_FD int fd = -1;
	const off_t size = (off_t)a->arg[1];
	struct stat st;

	if (size < 0)
		return -EINVAL;
	if (held < 0)
		return held;
	if (fstat(held, &st) == -1)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return S_ISDIR(st.st_mode) ? -EISDIR : -EINVAL;
	fd = openat(a->b->fds, fd_name(held).text, O_WRONLY | O_NONBLOCK |
		O_CLOEXEC);
	return result(fd == -1 ? -1 : ftruncate(fd, size));
}

/* ---- mode and owner ---- */

static long
chmod_held(const struct ask *a, int held, mode_t mode)
{
	struct stat st;

	if (held < 0)
		return held;
	if (fstat(held, &st) == -1)
		return -errno;
	if (S_ISLNK(st.st_mode))
		return -EOPNOTSUPP;
	return result(fchmodat(a->b->fds, fd_name(held).text, mode, 0));
}

long
ask_chmod(const struct ask *a, int dirfd, uint64_t path, mode_t mode,
    int flags)
{
	CLEAN_FD int held = -1;

	if ((flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)) != 0)
		return -EINVAL;
	held = object_find(a, dirfd, path, flags);
	if (held >= 0 && !git_may_toggle(a, held, mode)) {
		int rc = judge_object(a, held, FILE_WRITE);

		if (rc != 0)
			return rc;
	}
	return chmod_held(a, held, mode);
}

long
ask_fchmod(const struct ask *a)
{
	CLEAN_FD int held = object_of(a, (int)a->arg[0], FILE_WRITE);

	return chmod_held(a, held, (mode_t)a->arg[1]);
}

static long
chown_held(int held, uid_t uid, gid_t gid)
{
	if (held < 0)
		return held;
	return result(fchownat(held, "", uid, gid, AT_EMPTY_PATH));
}

long
ask_chown(const struct ask *a, int dirfd, uint64_t path, uid_t uid, gid_t gid,
    int flags)
{
	CLEAN_FD int held = -1;

	if ((flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)) != 0)
		return -EINVAL;
	held = object_at(a, dirfd, path, flags, FILE_WRITE);
	return chown_held(held, uid, gid);
}

long
ask_fchown(const struct ask *a)
{
	CLEAN_FD int held = object_of(a, (int)a->arg[0], FILE_WRITE);

	return chown_held(held, (uid_t)a->arg[1], (gid_t)a->arg[2]);
}

/* ---- times ---- */

static int
times_take(const struct ask *a, enum times_form form, uint64_t at,
    struct timespec ts[2])
{
	struct timeval tv[2];
	struct utimbuf s;
	int rc;

	switch (form) {
	case TIMES_NS:
		return caller_bytes(a, at, ts, 2 * sizeof(*ts));
	case TIMES_US:
		rc = caller_bytes(a, at, tv, sizeof(tv));
		for (int i = 0; rc == 0 && i < 2; i++) {
			if (tv[i].tv_usec < 0 || tv[i].tv_usec >= 1000000)
				return -EINVAL;
			ts[i] = (struct timespec){ tv[i].tv_sec,
				tv[i].tv_usec * 1000 };
		}
		return rc;
	case TIMES_S:
		break;
	}
	rc = caller_bytes(a, at, &s, sizeof(s));
	ts[0] = (struct timespec){ .tv_sec = s.actime };
	ts[1] = (struct timespec){ .tv_sec = s.modtime };
	return rc;
}

/* Without a path, of the descriptor itself: futimens(3). */
long
ask_utimes(const struct ask *a, int dirfd, uint64_t path,
    enum times_form form, uint64_t times, int flags)
{
	struct timespec ts[2] = { { 0 }, { 0 } };
	CLEAN_FD int held = -1;
	int rc;

	if ((flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)) != 0)
		return -EINVAL;
	rc = times == 0 ? 0 : times_take(a, form, times, ts);
	if (rc != 0)
		return rc;
	if (path == 0 && dirfd == AT_FDCWD)
		return -EFAULT;
	held = path == 0 ? object_of(a, dirfd, FILE_WRITE) :
			   object_at(a, dirfd, path, flags, FILE_WRITE);
	if (held < 0)
		return held;
	return result(utimensat(held, "", times == 0 ? NULL : ts,
	    AT_EMPTY_PATH));
}

/* ---- extended attributes ---- */

struct xattr_ask {
	int held;
	char name[XATTR_NAME_BYTES];
};

static int
xattr_take(const struct ask *a, bool by_fd, bool nofollow, unsigned access,
    struct xattr_ask *x)
{
	char name[PATH_BYTES_MAX];
	int rc = caller_string(a, a->arg[1], name);

	x->held = -1;
	if (rc == -ENAMETOOLONG ||
	    (rc == 0 && strlen(name) >= sizeof(x->name)))
		return -ERANGE;
	if (rc != 0)
		return rc;
	(void)strcpy(x->name, name);
	x->held = by_fd ? object_of(a, (int)a->arg[0], access) :
			  object_at(a, AT_FDCWD, a->arg[0],
	    nofollow ? AT_SYMLINK_NOFOLLOW : 0, access);
	return x->held < 0 ? x->held : 0;
}

long
ask_setxattr(const struct ask *a)
{
	static char value[XATTR_BYTES];
	const size_t len = a->arg[3];
	struct xattr_ask x;
	long rc;

	if (len > sizeof(value))
		return -E2BIG;
	rc = xattr_take(a, a->number == SYS_fsetxattr,
	    a->number == SYS_lsetxattr, FILE_WRITE, &x);
	if (rc == 0 && len > 0)
		rc = caller_bytes(a, a->arg[2], value, len);
	if (rc == 0)
		rc = result(setxattr(fd_name(x.held).text, x.name, value,
		    len, (int)a->arg[4]));
	fd_close(&x.held);
	return rc;
}

long
ask_getxattr(const struct ask *a)
{
	static char value[XATTR_BYTES];
	size_t len = a->arg[3];
	struct xattr_ask x;
	long rc = xattr_take(a, false, a->number == SYS_lgetxattr, FILE_READ,
	    &x);

	if (len > sizeof(value))
		len = sizeof(value);
	if (rc == 0)
		rc = result(getxattr(fd_name(x.held).text, x.name, value,
		    len));
	fd_close(&x.held);
	if (rc > 0 && len > 0 &&
	    caller_put(a, a->arg[2], value, (size_t)rc) != 0)
		return -EFAULT;
	return rc;
}

long
ask_removexattr(const struct ask *a)
{
	struct xattr_ask x;
	long rc = xattr_take(a, a->number == SYS_fremovexattr,
	    a->number == SYS_lremovexattr, FILE_WRITE, &x);

	if (rc == 0)
		rc = result(removexattr(fd_name(x.held).text, x.name));
	fd_close(&x.held);
	return rc;
}
