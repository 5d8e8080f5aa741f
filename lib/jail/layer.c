#include "jail/layer.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clean.h"
#include "base/compat.h"
#include "base/err.h"
#include "jail/mnt.h"

#define LOCAL_DEPTH_MAX 3	/* of /usr/local, made writable in advance */
#define LOCAL_DIRS_MAX	128

static const char *const uppers[] = { "usr", "etc", "opt", "bin", "sbin",
	"lib", "lib32", "lib64", "libx32" };

static const char *const own[] = { "var", "var/cache", "var/lib", "var/log",
	"var/mail", "var/spool", "var/tmp", "var/local", "var/opt", "srv" };

/* An ordinary user's sandbox sees the host's directories as nobody's, so a
 * directory of its own must stand above each in which it may install. */
static const char *const open_dirs[] = { "usr/bin", "usr/sbin", "usr/lib",
	"usr/libexec", "usr/share", "usr/include", "usr/share/man",
	"usr/share/doc", "usr/local", "usr/local/bin", "usr/local/sbin",
	"usr/local/lib", "usr/local/lib/node_modules", "usr/local/share",
	"usr/local/include", "usr/local/etc", "usr/local/src",
	"usr/local/games", "usr/local/share/man" };

static int
make(int dirfd, const char *path, struct err *e)
{
	if (mkdirat(dirfd, path, 0755) == -1 && errno != EEXIST)
		return err_sys(e, "make layer/%s", path);
	return 0;
}

/* The directories below the host's /usr/local, as empty ones of ours.
 * Recursion is bounded by LOCAL_DEPTH_MAX. */
static int
mirror_local(int host, int to, unsigned depth, unsigned *left, struct err *e)
{
	int copy = openat(host, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = copy == -1 ? NULL : fdopendir(copy);
	struct dirent *d;
	int rc = 0;

	if (dir == NULL)
		return 0; /* not there, or not for us */
	while (rc == 0 && *left > 0 && (d = readdir(dir)) != NULL) {
		CLEAN_FD int in = -1, out = -1;

		if (d->d_name[0] == '.')
			continue;
		in = openat(copy, d->d_name, O_RDONLY | O_DIRECTORY |
			O_NOFOLLOW | O_CLOEXEC);
		if (in == -1)
			continue;
		(*left)--;
		rc = make(to, d->d_name, e);
		out = openat(to, d->d_name, O_PATH | O_DIRECTORY |
			O_NOFOLLOW | O_CLOEXEC);
		if (rc == 0 && out != -1 && depth < LOCAL_DEPTH_MAX &&
		    strcmp(d->d_name, "node_modules") != 0)
			rc = mirror_local(in, out, depth + 1, left, e);
	}
	(void)closedir(dir);
	return rc;
}

static int
fill(int layer, bool host_root, struct err *e)
{
	unsigned left = LOCAL_DIRS_MAX;
	CLEAN_FD int host = -1, local = -1;
	char path[64];

	if (make(layer, "work", e) == -1)
		return -1;
	for (size_t i = 0; i < NELEM(uppers); i++) {
		(void)snprintf(path, sizeof(path), "work/%s", uppers[i]);
		if (make(layer, uppers[i], e) == -1 ||
		    make(layer, path, e) == -1)
			return -1;
	}
	for (size_t i = 0; i < NELEM(own); i++)
		if (make(layer, own[i], e) == -1)
			return -1;
	if (host_root)
		return 0; /* its sandbox owns what root owns */
	for (size_t i = 0; i < NELEM(open_dirs); i++)
		if (make(layer, open_dirs[i], e) == -1)
			return -1;
	host = open("/usr/local", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	local = openat(layer, "usr/local", O_PATH | O_DIRECTORY | O_CLOEXEC);
	return mirror_local(host, local, 1, &left, e);
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
