/* exact.c -- a name that is what the kernel itself calls the object.
 *
 * Nearly all are, but for the directory that a relative one begins at: no
 * dots, no symbolic link on the way. Such a name is judged as it is asked, and
 * the kernel told to take no link (RESOLVE_NO_SYMLINKS): what it finds then
 * stands under this very name, in a mount of the sandbox, since it was reached
 * from the root through names alone. So nobody has to ask what the object is
 * called, which takes as long as to open it.
 *
 * That is as good as asking: names change through us alone, one question at a
 * time; a directory moves only to where the same is said of all below it; and
 * who moves one from outside at that moment has the object at both names.
 *
 * A relative name is put after what the caller's directory is called. If that
 * was moved meanwhile, the object is another one, and judged as that.
 *
 * In a file system that may take another spelling for the name, it is asked
 * all the same. What stands for something else than itself (/proc) has no such
 * name, and nothing has where names are hidden, which may stand on the way. */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/clean.h"
#include "base/compat.h"
#include "base/must.h"
#include "base/str.h"
#include "broker/slow.h"
#include "jail/calls_abi.h"

/* The caller's directory, as the kernel calls it; its length. 0: it has no
 * name (left), or it is the root. */
static size_t
dir_name(const struct ask *a, int dirfd, char path[PATH_BYTES_MAX])
{
	char what[48];
	ssize_t n;

	if (dirfd == AT_FDCWD)
		(void)snprintf(what, sizeof(what), "%d/cwd", (int)a->tid);
	else if (dirfd >= 0)
		(void)snprintf(what, sizeof(what), "%d/fd/%d", (int)a->tid,
		    dirfd);
	else
		return 0;
	n = readlinkat(a->b->proc, what, path, PATH_BYTES_MAX);
	if (n <= 1 || n == PATH_BYTES_MAX || path[0] != '/' ||
	    str_has_suffix(str_of(path, (size_t)n), STR(" (deleted)")))
		return 0;
	return (size_t)n;
}

static bool
is_below(const char *path, const char *dir)
{
	const size_t len = strlen(dir);

	return strncmp(path, dir, len) == 0 &&
	    (path[len] == '/' || path[len] == '\0');
}

bool
name_is_proc(const char *path)
{
	return is_below(path, "/proc");
}

/* No empty component, and none that is "." or "..". */
static bool
is_plain(const char *path)
{
	for (const char *at = path; *at != '\0';) {
		const size_t len = strcspn(++at, "/");

		if (len == 0 || len > NAME_MAX || (at[0] == '.' &&
			(len == 1 || (len == 2 && at[1] == '.'))))
			return false;
		at += len;
	}
	return true;
}

/* ---- /lib -> usr/lib ---- */

/* The root is ours, and no one can write it: what its links say stays so. They
 * are where nearly every program begins to look for its libraries. */
static struct {
	bool known;
	struct {
		size_t len;	/* 0: it is no link */
		char to[32];
	} v[8];
} links;

static const char *const link_names[] = { "/bin", "/sbin", "/lib", "/lib32",
	"/lib64", "/libx32" };

static void
links_read(void)
{
	CLEAN_FD int root = exact_open("/", O_PATH | O_DIRECTORY, 0);
	struct statfs fs;

	static_assert(NELEM(link_names) <= NELEM(links.v), "room for each");
	links.known = true;
	if (root < 0 || fstatfs(root, &fs) == -1 ||
	    ((unsigned)fs.f_flags & ST_RDONLY) == 0)
		return;
	for (size_t i = 0; i < NELEM(link_names); i++) {
		char *to = links.v[i].to;
		ssize_t n = readlinkat(root, link_names[i] + 1, to + 1,
		    sizeof(links.v[i].to) - 2);

		if (n <= 0 || (size_t)n == sizeof(links.v[i].to) - 2 ||
		    to[1] == '/')
			continue;
		to[0] = '/';
		links.v[i].len = (size_t)n + 1;
	}
}

/* In place. */
static bool
follow_root(char path[PATH_BYTES_MAX])
{
	const size_t all = strlen(path);

	if (!links.known)
		links_read();
	for (size_t i = 0; i < NELEM(link_names); i++) {
		const size_t to = links.v[i].len;
		const size_t from = strlen(link_names[i]);

		if (to == 0 || strncmp(path, link_names[i], from) != 0 ||
		    path[from] != '/')
			continue;
		if (all - from + to >= PATH_BYTES_MAX)
			return false;
		memmove(path + to, path + from, all - from + 1);
		memcpy(path, links.v[i].to, to);
		break;
	}
	return true;
}

/* ---- file systems in which a name may be spelled otherwise ---- */

static struct {
	struct {
		char *path;
		size_t len;
	} *v;
	size_t n;
} unsure;

/* A name leads to what has this name, and to nothing else: by bytes, but for
 * directories that are marked (jail/fold.h), and these print the name as it is
 * asked for anyhow. */
static bool
is_by_bytes(const char *type)
{
	static const char *const known[] = { "ext2", "ext3", "ext4", "xfs",
		"btrfs", "f2fs", "bcachefs", "tmpfs", "ramfs", "overlay",
		"proc", "sysfs", "devtmpfs", "devpts", "squashfs", "erofs" };

	for (size_t i = 0; i < NELEM(known); i++)
		if (strcmp(type, known[i]) == 0)
			return true;
	return false;
}

void
exact_init(const char *mounts)
{
	size_t lines = 0;

	for (const char *at = mounts; (at = strchr(at, '\n')) != NULL; at++)
		lines++;
	unsure.v = mem_alloc(lines + 1, sizeof(*unsure.v));
	while (lines-- > 0) {
		const char *end = strchr(mounts, '\n');
		const char *dash = memmem(mounts, (size_t)(end - mounts),
		    " - ", 3);
		char path[PATH_BYTES_MAX] = "/", type[32] = "";

		if (sscanf(mounts, "%*u %*u %*s %*s %4095s", path) == 1)
			mount_unescape(path);
		if (dash == NULL || sscanf(dash, " - %31s", type) != 1 ||
		    !is_by_bytes(type)) {
			unsure.v[unsure.n].path = mem_strdup(path);
			unsure.v[unsure.n++].len = strlen(path);
		}
		mounts = end + 1;
	}
}

static bool
is_unsure(const char *path)
{
	for (size_t i = 0; i < unsure.n; i++)
		if (unsure.v[i].len == 1 || is_below(path, unsure.v[i].path))
			return true;
	return false;
}

enum name_kind
name_whole(const struct ask *a, int dirfd, const char *asked,
    char path[PATH_BYTES_MAX])
{
	enum name_kind kind;
	size_t dir = 0, len;

	if (a->b->hides)
		return NAME_NONE;
	if (asked[0] != '/') {
		dir = dir_name(a, dirfd, path);
		if (dir == 0)
			return NAME_NONE;
		while (asked[0] == '.' && asked[1] == '/' && asked[2] != '/')
			asked += 2;
		path[dir++] = '/';
	}
	len = strlen(asked);
	if (dir + len >= PATH_BYTES_MAX)
		return NAME_NONE;
	memcpy(path + dir, asked, len + 1);
	if (!follow_root(path) || name_is_proc(path) ||
	    is_below(path, "/dev/pts"))
		return NAME_NONE;
	kind = is_plain(path) && !is_unsure(path) ? NAME_EXACT : NAME_LOOSE;
	if (slow_matters(a->b) && (kind == NAME_LOOSE ||
		slow_path(a->b, path)))
		return NAME_NONE;
	return kind;
}

int
exact_open(const char *path, int flags, mode_t mode)
{
	struct open_how how = { .flags = (unsigned)(flags | O_CLOEXEC),
		.mode = (flags & O_CREAT) != 0 ? mode & 07777 : 0,
		.resolve = RESOLVE_NO_SYMLINKS };
	long fd = syscall(NR_OPENAT2, AT_FDCWD, path, &how, sizeof(how));

	return fd == -1 ? -errno : (int)fd;
}

int
exact_object(const struct ask *a, int dirfd, const char *asked, int nofollow,
    char path[PATH_BYTES_MAX])
{
	if (name_whole(a, dirfd, asked, path) != NAME_EXACT)
		return -ELOOP;
	return exact_open(path, O_PATH | nofollow, 0);
}

bool
exact_spot(const struct ask *a, int dirfd, const char *asked, struct spot *s)
{
	char *name;

	if (name_whole(a, dirfd, asked, s->path) != NAME_EXACT)
		return false;
	name = strrchr(s->path, '/');
	(void)strcpy(s->name, name + 1);
	if (name == s->path) {
		s->dir = exact_open("/", O_PATH | O_DIRECTORY, 0);
	} else {
		*name = '\0';
		s->dir = exact_open(s->path, O_PATH | O_DIRECTORY, 0);
		*name = '/';
	}
	return s->dir >= 0;
}
