/* tree.c -- a tree is flattened rather than walked: a directory found inside
 * a directory inside the top is renamed into the top, so the depth never
 * passes two, two descriptors are enough, and no recursion is needed
 * whatever a sandbox built. */
#include "tree.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clean.h"
#include "base/err.h"

/* One component, no link, no other file system. */
static int
open_one(int dirfd, const char *name, int flags)
{
	struct open_how how = { .flags = (uint64_t)(unsigned)(flags |
	    O_NOFOLLOW | O_CLOEXEC), .resolve = RESOLVE_BENEATH |
	    RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV };

	return (int)syscall(SYS_openat2, dirfd, name, &how, sizeof(how));
}

/* Opens a directory for reading, giving its owner's bits back if need be
 * (overlayfs leaves a work directory of mode 0000). */
static int
open_dir(int dirfd, const char *name, struct err *e)
{
	CLEAN_FD int path = open_one(dirfd, name, O_PATH | O_DIRECTORY);
	char self[64];
	struct stat st;
	int fd;

	if (path == -1 || fstat(path, &st) == -1)
		return err_sys(e, "open %s", name);
	if ((st.st_mode & 0700) != 0700) {
		(void)snprintf(self, sizeof(self), "/proc/self/fd/%d", path);
		if (chmod(self, 0700) == -1)
			return err_sys(e, "chmod %s", name);
	}
	fd = open_one(dirfd, name, O_RDONLY | O_DIRECTORY);
	return fd == -1 ? err_sys(e, "open %s", name) : fd;
}

static DIR *
read_dir(int fd)
{
	int copy = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = copy == -1 ? NULL : fdopendir(copy);

	if (d == NULL)
		fd_close(&copy);
	return d;
}

int
tree_rm_open(struct tree_rm *t, int parent, const char *name, struct err *e)
{
	*t = (struct tree_rm){ .parent = parent, .fd = -1 };
	if ((size_t)snprintf(t->name, sizeof(t->name), "%s", name) >=
	    sizeof(t->name))
		return err_set(e, ERR_LIMIT, "%s: name too long", name);
	t->fd = open_dir(parent, name, e);
	if (t->fd == -1)
		return e->sys == ENOENT ? 0 : -1;
	t->top = read_dir(t->fd);
	return t->top == NULL ? err_sys(e, "read %s", name) : 0;
}

static bool
is_dot(const char *name)
{
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

/* Moves a directory that is not empty up into the top. */
static int
move_up(struct tree_rm *t, int dirfd, const char *name, struct err *e)
{
	/* to rename it, its own ".." must be writable to us */
	CLEAN_FD int fd = open_dir(dirfd, name, e);
	char as[64];

	if (fd == -1)
		return -1;
	do
		(void)snprintf(as, sizeof(as), ".removing-%llu",
		    (unsigned long long)t->moved++);
	while (faccessat(t->fd, as, F_OK, AT_SYMLINK_NOFOLLOW) == 0);
	if (renameat(dirfd, name, t->fd, as) == -1)
		return err_sys(e, "rename %s", name);
	t->again = true;
	return 0;
}

/* Removes one entry of the second level. */
static int
remove_below(struct tree_rm *t, const char *name, struct err *e)
{
	int in = dirfd(t->sub);

	if (unlinkat(in, name, 0) == 0 || errno == ENOENT)
		return 0;
	if (errno != EISDIR && errno != EPERM)
		return err_sys(e, "remove %s", name);
	if (unlinkat(in, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
		return 0;
	if (errno != ENOTEMPTY && errno != EEXIST)
		return err_sys(e, "remove %s", name);
	return move_up(t, in, name, e);
}

/* An entry of the top: gone, or a directory that is now t->sub. */
static int
enter_top(struct tree_rm *t, const char *name, struct err *e)
{
	CLEAN_FD int fd = -1;

	if (unlinkat(t->fd, name, 0) == 0 || errno == ENOENT)
		return 0;
	if (errno != EISDIR && errno != EPERM)
		return err_sys(e, "remove %s", name);
	if (unlinkat(t->fd, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
		return 0;
	fd = open_dir(t->fd, name, e);
	if (fd == -1)
		return -1;
	t->sub = fdopendir(fd);
	if (t->sub == NULL)
		return err_sys(e, "read %s", name);
	(void)fd_take(&fd);
	(void)snprintf(t->sub_name, sizeof(t->sub_name), "%s", name);
	return 0;
}

static int
leave_sub(struct tree_rm *t, struct err *e)
{
	(void)closedir(t->sub); /* read only */
	t->sub = NULL;
	if (unlinkat(t->fd, t->sub_name, AT_REMOVEDIR) == -1 &&
	    errno != ENOENT) {
		if (errno != ENOTEMPTY)
			return err_sys(e, "remove %s", t->sub_name);
		t->again = true; /* readdir may miss what changed under it */
	}
	return 0;
}

static enum tree_step
finish_top(struct tree_rm *t, struct err *e)
{
	if (t->again) {
		t->again = false;
		rewinddir(t->top);
		return TREE_MORE;
	}
	if (unlinkat(t->parent, t->name, AT_REMOVEDIR) == 0 ||
	    errno == ENOENT)
		return TREE_GONE;
	return err_sys(e, "remove %s", t->name);
}

static enum tree_step
step_one(struct tree_rm *t, struct err *e)
{
	struct dirent *d;

	errno = 0;
	d = readdir(t->sub != NULL ? t->sub : t->top);
	if (d == NULL && errno != 0)
		return err_sys(e, "read %s", t->name);
	if (d == NULL && t->sub == NULL)
		return finish_top(t, e);
	if (d == NULL)
		return leave_sub(t, e) == -1 ? TREE_FAILED : TREE_MORE;
	if (is_dot(d->d_name))
		return TREE_MORE;
	if (t->sub != NULL)
		return remove_below(t, d->d_name, e) == -1 ? TREE_FAILED :
							     TREE_MORE;
	return enter_top(t, d->d_name, e) == -1 ? TREE_FAILED : TREE_MORE;
}

enum tree_step
tree_rm_step(struct tree_rm *t, unsigned max, struct err *e)
{
	enum tree_step step = TREE_MORE;

	if (t->fd == -1)
		return TREE_GONE;
	for (unsigned i = 0; i < max && step == TREE_MORE; i++)
		step = step_one(t, e);
	return step;
}

void
tree_rm_close(struct tree_rm *t)
{
	if (t->sub != NULL)
		(void)closedir(t->sub);
	if (t->top != NULL)
		(void)closedir(t->top);
	t->sub = t->top = NULL;
	fd_close(&t->fd);
}
