#include "jail/mnt.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clean.h"
#include "base/err.h"
#include "base/limits.h"
#include "jail/calls_abi.h"

/* What the kernel says on the context's own log, if anything. */
static int
fs_error(int ctx, const char *type, const char *step, struct err *e)
{
	int saved = errno;
	char text[160];
	ssize_t n = read(ctx, text, sizeof(text) - 1);

	if (n <= 2)
		return err_num(e, saved, "mount %s (%s)", type, step);
	text[n] = '\0';
	text[strcspn(text, "\n")] = '\0';
	return err_num(e, saved, "mount %s (%s; the kernel says \"%s\")", type,
	    step, text + 2); /* after "e " */
}

int
mnt_new(const char *type, const struct mnt_option *options, uint64_t attr,
    struct err *e)
{
	CLEAN_FD int ctx = fsopen(type, FSOPEN_CLOEXEC);
	int fd;

	if (ctx == -1)
		return err_sys(e, "mount %s", type);
	for (; options != NULL && options->key != NULL; options++)
		if (fsconfig(ctx, options->value == NULL ? FSCONFIG_SET_FLAG :
			    FSCONFIG_SET_STRING, options->key, options->value,
			0) == -1)
			return fs_error(ctx, type, options->key, e);
	if (fsconfig(ctx, FSCONFIG_CMD_CREATE, NULL, NULL, 0) == -1)
		return fs_error(ctx, type, "create", e);
	fd = fsmount(ctx, FSMOUNT_CLOEXEC, (unsigned)attr);
	if (fd == -1)
		return fs_error(ctx, type, "mount", e);
	return fd;
}

int
mnt_attr(int fd, uint64_t attr, bool deep, const char *what, struct err *e)
{
	struct mount_attr a = { .attr_set = attr };

	if (attr != 0 && mount_setattr(fd, "",
		AT_EMPTY_PATH | (deep ? AT_RECURSIVE : 0), &a,
		sizeof(a)) == -1)
		return err_sys(e, "set mount options of %s", what);
	return 0;
}

int
mnt_clone(int dirfd, const char *path, uint64_t attr, const char *what,
    struct err *e)
{
	CLEAN_FD int fd = open_tree(dirfd, path, OPEN_TREE_CLONE |
	    OPEN_TREE_CLOEXEC | AT_RECURSIVE | AT_SYMLINK_NOFOLLOW |
	    (path[0] == '\0' ? AT_EMPTY_PATH : 0));

	if (fd == -1)
		return err_sys(e, "clone the mount of %s", what);
	if (mnt_attr(fd, attr, true, what, e) == -1)
		return -1;
	return fd_take(&fd);
}

int
mnt_put(int fd, int dirfd, const char *path, struct err *e)
{
	CLEAN_FD int at = path[0] == '\0' ? -1 : path_open(dirfd, path, 0, e);

	if (path[0] != '\0' && at == -1)
		return -1;
	if (move_mount(fd, "", at == -1 ? dirfd : at, "",
		MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) == -1)
		return err_sys(e, "mount at /%s", path);
	return 0;
}

int
mnt_make_private(struct err *e)
{
	struct mount_attr a = { .propagation = MS_PRIVATE };

	if (mount_setattr(AT_FDCWD, "/", AT_RECURSIVE, &a, sizeof(a)) == -1)
		return err_sys(e, "make the mounts private");
	return 0;
}

int
path_open(int dirfd, const char *path, int flags, struct err *e)
{
	struct open_how how = {
		.flags = (unsigned)(O_PATH | O_CLOEXEC | O_NOFOLLOW | flags),
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS |
		    RESOLVE_NO_MAGICLINKS,
	};
	long fd = syscall(NR_OPENAT2, dirfd, path, &how, sizeof(how));

	if (fd == -1 && errno == ELOOP)
		return err_sys(e, "/%s: a symbolic link on the way is not "
		    "followed", path);
	if (fd == -1)
		return err_sys(e, "open /%s", path);
	return (int)fd;
}

/* Makes all but the last part of path; *last is that part's name. */
static int
parents_make(int dirfd, const char *path, mode_t mode, int *parent,
    const char **last, struct err *e)
{
	CLEAN_FD int at = -1;
	const char *slash;

	for (; (slash = strchr(path, '/')) != NULL; path = slash + 1) {
		char name[NAME_MAX + 1];
		size_t len = (size_t)(slash - path);
		int next;

		if (len == 0 || len > NAME_MAX)
			return err_set(e, ERR_INPUT, "/%s: bad path", path);
		memcpy(name, path, len);
		name[len] = '\0';
		if (mkdirat(at == -1 ? dirfd : at, name, mode) == -1 &&
		    errno != EEXIST)
			return err_sys(e, "make the directory %s", name);
		next = path_open(at == -1 ? dirfd : at, name, O_DIRECTORY, e);
		if (next == -1)
			return -1;
		fd_close(&at);
		at = next;
	}
	*last = path;
	*parent = fd_take(&at); /* -1: dirfd itself */
	return 0;
}

int
dir_make(int dirfd, const char *path, mode_t mode, int *fd, struct err *e)
{
	CLEAN_FD int parent = -1;
	const char *name;
	int at;

	if (parents_make(dirfd, path, mode, &parent, &name, e) == -1)
		return -1;
	at = parent == -1 ? dirfd : parent;
	if (mkdirat(at, name, mode) == -1 && errno != EEXIST)
		return err_sys(e, "make the directory %s", name);
	if (fd == NULL)
		return 0;
	*fd = path_open(at, name, O_DIRECTORY, e);
	return *fd == -1 ? -1 : 0;
}

int
file_make(int dirfd, const char *path, mode_t mode, int *fd, struct err *e)
{
	CLEAN_FD int parent = -1;
	const char *name;
	int at, made;

	if (parents_make(dirfd, path, 0755, &parent, &name, e) == -1)
		return -1;
	at = parent == -1 ? dirfd : parent;
	made = openat(at, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC |
		O_NOFOLLOW, mode);
	if (made == -1 && errno != EEXIST)
		return err_sys(e, "make the file %s", name);
	if (fd != NULL && made != -1) {
		*fd = made;
		return 0;
	}
	if (made != -1)
		(void)close(made);
	if (fd == NULL)
		return 0;
	*fd = path_open(at, name, 0, e);
	return *fd == -1 ? -1 : 0;
}
