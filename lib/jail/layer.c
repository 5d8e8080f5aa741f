#include "jail/layer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clean.h"
#include "base/compat.h"
#include "base/err.h"
#include "base/limits.h"
#include "jail/mnt.h"

/* Few, since each is an inode on the disk at every creation. */
static const char *const uppers[] = { "usr", "etc", "opt", "bin", "sbin",
	"lib", "lib32", "lib64", "libx32" };

static const char *const own[] = { "var", "var/cache", "var/lib", "var/log",
	"var/tmp", "srv", "opt" };

/* An ordinary user's sandbox sees the host's directories as nobody's, so a
 * directory of its own must stand above each in which it may install. */
static const char *const open_dirs[] = { "usr/bin", "usr/lib", "usr/share",
	"usr/lib/node_modules", "usr/local", "usr/local/bin",
	"usr/local/include", "usr/local/lib", "usr/local/share",
	"usr/local/lib/node_modules", "usr/local/lib/python3.9",
	"usr/local/lib/python3.10", "usr/local/lib/python3.11",
	"usr/local/lib/python3.12", "usr/local/lib/python3.13",
	"usr/local/lib/python3.14" };
#define PIP_DIR "dist-packages" /* in each pythonX.Y */

static int
make(int dirfd, const char *path, struct err *e)
{
	if (mkdirat(dirfd, path, 0755) == -1 && errno != EEXIST)
		return err_sys(e, "make layer/%s", path);
	return 0;
}

static bool
host_has_dir(const char *path)
{
	char abs[PATH_BYTES_MAX];
	struct stat st;

	(void)snprintf(abs, sizeof(abs), "/%s", path);
	return lstat(abs, &st) == 0 && S_ISDIR(st.st_mode);
}

/* Those that the host has too; any other can be made from inside. */
static int
make_open(int layer, struct err *e)
{
	for (size_t i = 0; i < NELEM(open_dirs); i++) {
		char pip[80];

		if (!host_has_dir(open_dirs[i]))
			continue;
		(void)snprintf(pip, sizeof(pip), "%s/%s", open_dirs[i],
		    PIP_DIR);
		if (make(layer, open_dirs[i], e) == -1 ||
		    (host_has_dir(pip) && make(layer, pip, e) == -1))
			return -1;
	}
	return 0;
}

static int
fill(int layer, bool host_root, struct err *e)
{
	char path[64];

	if (make(layer, "work", e) == -1)
		return -1;
	for (size_t i = 0; i < NELEM(uppers); i++) {
		if (!host_has_dir(uppers[i]))
			continue;
		(void)snprintf(path, sizeof(path), "work/%s", uppers[i]);
		if (make(layer, uppers[i], e) == -1 ||
		    make(layer, path, e) == -1)
			return -1;
	}
	for (size_t i = 0; i < NELEM(own); i++)
		if (make(layer, own[i], e) == -1)
			return -1;
	/* what root's sandbox sees is root's, and so its own */
	return host_root ? 0 : make_open(layer, e);
}

/* Under another name until it is whole, so a crash leaves none that is
 * half-made; nothing inside is the agent's yet. */
int
layer_prepare(int boxdir, bool host_root, struct err *e)
{
	struct stat st;
	CLEAN_FD int fd = -1;

	if (fstatat(boxdir, "layer", &st, AT_SYMLINK_NOFOLLOW) == 0)
		return S_ISDIR(st.st_mode) ? 0 : err_set(e, ERR_STATE,
		    "layer: not a directory");
	if (make(boxdir, "layer.new", e) == -1)
		return -1;
	fd = path_open(boxdir, "layer.new", O_DIRECTORY, e);
	if (fd == -1 || fill(fd, host_root, e) == -1)
		return -1;
	if (renameat(boxdir, "layer.new", boxdir, "layer") == -1)
		return err_sys(e, "rename layer.new");
	return 0;
}

static int
layer_open(int boxdir, const char *name, struct err *e)
{
	char path[64];

	(void)snprintf(path, sizeof(path), "layer/%s", name);
	return path_open(boxdir, path, O_DIRECTORY, e);
}

bool
layer_covers(int boxdir, const char *name)
{
	char path[64];
	struct stat st;

	(void)snprintf(path, sizeof(path), "layer/work/%s", name);
	return fstatat(boxdir, path, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

int
layer_mount(int boxdir, const char *name, int lower, struct err *e)
{
	char work_name[32], low[64], up[64], wk[64];
	const struct mnt_option options[] = { { "source", "openshell" },
		{ "lowerdir", low }, { "upperdir", up }, { "workdir", wk },
		{ "userxattr", NULL }, { NULL, NULL } };
	CLEAN_FD int upper = layer_open(boxdir, name, e);
	CLEAN_FD int work = -1;
	int fd;

	(void)snprintf(work_name, sizeof(work_name), "work/%s", name);
	work = upper == -1 ? -1 : layer_open(boxdir, work_name, e);
	if (work == -1)
		return -1;
	/* by descriptor: no option syntax in a path can be misread */
	(void)snprintf(low, sizeof(low), "/proc/self/fd/%d", lower);
	(void)snprintf(up, sizeof(up), "/proc/self/fd/%d", upper);
	(void)snprintf(wk, sizeof(wk), "/proc/self/fd/%d", work);
	fd = mnt_new("overlay", options, MNT_PLAIN, e);
	if (fd == -1)
		return err_wrap(e, "a writable layer over /%s (overlayfs in a "
		    "user namespace: Linux 5.11 or newer, and a local file "
		    "system below the state directory; or ask for "
		    "\"file_access: system: read-only\")", name);
	return fd;
}

int
layer_own(int boxdir, const char *name, struct err *e)
{
	CLEAN_FD int fd = layer_open(boxdir, name, e);

	return fd == -1 ? -1 : mnt_clone(fd, "", MNT_PLAIN, name, e);
}
