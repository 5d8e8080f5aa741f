#include "jail/root.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clean.h"
#include "base/compat.h"
#include "base/err.h"
#include "base/io.h"
#include "jail/etc.h"
#include "jail/layer.h"
#include "jail/mnt.h"

#define STORE_SIZE   "25%"	/* of memory: /tmp, /run, /dev/shm together */
#define STORE_INODES "400000"
#define BUNDLE_BYTES_MAX 4194304

static const char *const system_dirs[] = { "usr", "bin", "sbin", "lib",
	"lib32", "lib64", "libx32" };

int
root_rule(struct root *r, const char *path, uint64_t rights, struct err *e)
{
	if (r->nrules == ROOT_RULES_MAX)
		return err_set(e, ERR_LIMIT, "more than %d Landlock rules",
		    ROOT_RULES_MAX);
	r->rules[r->nrules++] = (struct root_rule){ path, rights };
	return 0;
}

/* ---- the tmpfs ---- */

static int
make_dirs(int at, const char *const *dirs, size_t n, mode_t mode,
    struct err *e)
{
	for (size_t i = 0; i < n; i++)
		if (mkdirat(at, dirs[i], mode) == -1)
			return err_sys(e, "make %s in the new root", dirs[i]);
	return 0;
}

/* One tmpfs: root/ becomes /, the rest is mounted into it. It lies over the
 * sandbox's own directory, where nothing of the host's is still needed. */
static int
store_make(const struct root_opts *o, struct root *r, struct err *e)
{
	static const char *const parts[] = { "root", "openshell", "hide" };
	static const char *const scratch[] = { "tmp", "run", "shm", "vartmp" };
	static const char *const skeleton[] = { "root/proc", "root/dev",
		"root/tmp", "root/run", "root/var", "root/var/tmp",
		"root/home", "root/home/sandbox", "root/etc" };
	const struct mnt_option options[] = { { "source", "sandbox" },
		{ "mode", "0755" }, { "size", STORE_SIZE },
		{ "nr_inodes", STORE_INODES }, { NULL, NULL } };

	r->store = mnt_new("tmpfs", options, MNT_PLAIN, e);
	if (r->store == -1)
		return -1;
	if (move_mount(r->store, "", AT_FDCWD, o->dir,
		MOVE_MOUNT_F_EMPTY_PATH) == -1)
		return err_sys(e, "mount the new root at %s", o->dir);
	if (make_dirs(r->store, parts, NELEM(parts), 0755, e) == -1 ||
	    make_dirs(r->store, scratch, NELEM(scratch), 01777, e) == -1 ||
	    make_dirs(r->store, skeleton, NELEM(skeleton), 0755, e) == -1)
		return -1;
	if (file_make(r->store, "hide/file", 0, NULL, e) == -1 ||
	    mkdirat(r->store, "hide/dir", 0) == -1)
		return err_sys(e, "make the masks");
	r->top = mnt_clone(r->store, "root", MNT_PLAIN, "the new root", e);
	return r->top == -1 ? -1 : mnt_put(r->top, r->store, "root", e);
}

/* A part of the store at a path inside, writable by the sandbox. */
static int
scratch_put(struct root *r, const char *part, const char *path,
    const char *abs, struct err *e)
{
	CLEAN_FD int fd = mnt_clone(r->store, part, MNT_PLAIN, part, e);

	if (fd == -1 || mnt_put(fd, r->top, path, e) == -1)
		return -1;
	return root_rule(r, abs, LL_RUN | LL_CHANGE, e);
}

int
root_mask(struct root *r, const char *path, struct err *e)
{
	CLEAN_FD int at = -1, fd = -1;
	struct err missing = { 0 };
	struct stat st;
	bool dir;

	at = path_open(r->top, path, 0, &missing);
	if (at == -1 && (missing.sys == ENOENT || missing.sys == ENOTDIR))
		return 0;
	if (at == -1 || fstat(at, &st) == -1)
		return err_set(e, ERR_DENIED, "hide /%s: %s", path,
		    missing.text);
	dir = S_ISDIR(st.st_mode);
	fd = mnt_clone(r->store, dir ? "hide/dir" : "hide/file",
	    MNT_PLAIN | MNT_RO | MOUNT_ATTR_NOEXEC, path, e);
	if (fd == -1)
		return -1;
	if (move_mount(fd, "", at, "", MOVE_MOUNT_F_EMPTY_PATH |
		    MOVE_MOUNT_T_EMPTY_PATH) == -1)
		return err_sys(e, "hide /%s", path);
	return 0;
}

/* ---- system trees ---- */

/* A link is copied (bin -> usr/bin); a directory is mounted. */
static int
system_dir(const struct root_opts *o, struct root *r, const char *name,
    struct err *e)
{
	const bool layered = o->places->system == BOX_LAYERED;
	char host[32], target[64];
	CLEAN_FD int from = -1, fd = -1;
	ssize_t n;

	(void)snprintf(host, sizeof(host), "/%s", name);
	n = readlink(host, target, sizeof(target) - 1);
	if (n > 0) {
		target[n] = '\0';
		if (symlinkat(target, r->top, name) == -1)
			return err_sys(e, "link /%s", name);
		return 0;
	}
	from = open(host, O_PATH | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (from == -1)
		return errno == ENOENT ? 0 : err_sys(e, "open %s", host);
	fd = layered ? layer_mount(o->dirfd, name, from, e) :
		       mnt_clone(from, "", MNT_PLAIN | MNT_RO, host, e);
	if (fd == -1 || dir_make(r->top, name, 0755, NULL, e) == -1)
		return -1;
	return mnt_put(fd, r->top, name, e);
}

static int
system_rules(struct root *r, uint64_t rights, struct err *e)
{
	static const char *const paths[] = { "/usr", "/bin", "/sbin", "/lib",
		"/lib32", "/lib64", "/libx32" };
	struct stat st;

	for (size_t i = 0; i < NELEM(paths); i++)
		if (fstatat(r->top, paths[i] + 1, &st,
			AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode) &&
		    root_rule(r, paths[i], rights, e) == -1)
			return -1;
	return 0;
}

static int
system_put(const struct root_opts *o, struct root *r, struct err *e)
{
	const bool layered = o->places->system == BOX_LAYERED;

	for (size_t i = 0; i < NELEM(system_dirs); i++)
		if (system_dir(o, r, system_dirs[i], e) == -1)
			return -1;
	return system_rules(r, layered ? LL_RUN | LL_CHANGE : LL_RUN, e);
}

/* /opt of the host below a layer, or an empty one. */
static int
layered_opt(const struct root_opts *o, struct root *r, struct err *e)
{
	CLEAN_FD int opt = open("/opt", O_PATH | O_DIRECTORY | O_CLOEXEC |
	    O_NOFOLLOW);
	CLEAN_FD int fd = opt != -1 && layer_covers(o->dirfd, "opt") ?
	    layer_mount(o->dirfd, "opt", opt, e) :
	    layer_own(o->dirfd, "opt", e);

	if (fd == -1 || dir_make(r->top, "opt", 0755, NULL, e) == -1 ||
	    mnt_put(fd, r->top, "opt", e) == -1)
		return -1;
	return root_rule(r, "/opt", LL_RUN | LL_CHANGE, e);
}

/* /var and /srv of the sandbox alone. */
static int
layered_extras(const struct root_opts *o, struct root *r, struct err *e)
{
	static const char *const own[] = { "var", "srv" };
	static const char *const abs[] = { "/var", "/srv" };

	if (layered_opt(o, r, e) == -1)
		return -1;
	for (size_t i = 0; i < NELEM(own); i++) {
		CLEAN_FD int part = layer_own(o->dirfd, own[i], e);

		if (part == -1 ||
		    dir_make(r->top, own[i], 0755, NULL, e) == -1 ||
		    mnt_put(part, r->top, own[i], e) == -1 ||
		    root_rule(r, abs[i], LL_RUN | LL_CHANGE, e) == -1)
			return -1;
	}
	return 0;
}

/* ---- /etc ---- */

/* Mount points for host files that the policy grants below /etc: a directory
 * of ours on top of the copy, as a read-only overlay of both. */
static int
etc_with_points(const struct root_opts *o, struct root *r, int copy,
    struct err *e)
{
	char low[80];
	const struct mnt_option options[] = { { "source", "openshell" },
		{ "lowerdir", low }, { "userxattr", NULL }, { NULL, NULL } };
	CLEAN_FD int points = -1;

	if (dir_make(r->store, "points", 0755, &points, e) == -1)
		return -1;
	for (size_t i = 0; i < o->places->n; i++) {
		const struct place *v = &o->places->list[i];
		struct stat st;

		if (strncmp(v->inside, "/etc/", 5) != 0)
			continue;
		if (lstat(v->host, &st) == -1)
			continue;
		if ((S_ISDIR(st.st_mode) ? dir_make(points, v->inside + 5,
			0755, NULL, e) : file_make(points, v->inside + 5,
			0644, NULL, e)) == -1)
			return -1;
	}
	(void)snprintf(low, sizeof(low), "/proc/self/fd/%d:/proc/self/fd/%d",
	    points, copy);
	return mnt_new("overlay", options, MNT_PLAIN | MNT_RO, e);
}

static bool
etc_has_points(const struct places *p)
{
	for (size_t i = 0; i < p->n; i++)
		if (strncmp(p->list[i].inside, "/etc/", 5) == 0)
			return true;
	return false;
}

static int
etc_mount(const struct root_opts *o, struct root *r, struct err *e)
{
	CLEAN_FD int copy = etc_prepare(o->baseline, e);

	if (copy == -1)
		return -1;
	if (o->places->system == BOX_LAYERED)
		return layer_mount(o->dirfd, "etc", copy, e);
	if (etc_has_points(o->places))
		return etc_with_points(o, r, copy, e);
	return mnt_clone(copy, "", MNT_PLAIN | MNT_RO, "the copy of /etc", e);
}

static int
etc_put(const struct root_opts *o, struct root *r, struct err *e)
{
	CLEAN_FD int etc = -1, fd = -1;

	if (o->places->system == BOX_NOTHING) {
		etc = path_open(r->top, "etc", O_DIRECTORY, e);
		return etc == -1 ? -1 : etc_own_files(etc, e);
	}
	fd = etc_mount(o, r, e);
	return fd == -1 ? -1 : mnt_put(fd, r->top, "etc", e);
}

static int
write_file(struct root *r, const char *path, const char *text, struct err *e)
{
	CLEAN_FD int fd = -1;

	if (file_make(r->store, path, 0644, &fd, e) == -1)
		return -1;
	return io_write_all(fd, str_c(text), e);
}

/* The host's authorities go in now, ours when egress has made it. */
static int
bundle_start(struct root *r, struct err *e)
{
	CLEAN_FD int from = etc_bundle_open(e);
	struct stat st;

	if (from == -1 || fstat(from, &st) == -1)
		return from == -1 ? -1 : err_sys(e, "stat the bundle");
	if (st.st_size > BUNDLE_BYTES_MAX)
		return err_set(e, ERR_LIMIT, "the host's bundle of "
		    "certificate authorities is larger than %d bytes",
		    BUNDLE_BYTES_MAX);
	for (off_t left = st.st_size; left > 0;) {
		ssize_t n = sendfile(r->bundle, from, NULL, (size_t)left);

		if (n <= 0)
			return err_sys(e, "copy the bundle of certificate "
			    "authorities");
		left -= n;
	}
	return 0;
}

/* /etc/openshell: what is this sandbox's alone. */
static int
openshell_put(const struct root_opts *o, struct root *r, struct err *e)
{
	char hosts[512], hostname[128];
	CLEAN_FD int fd = -1;

	(void)snprintf(hosts, sizeof(hosts), "127.0.0.1\tlocalhost %s\n"
	    "::1\tlocalhost ip6-localhost ip6-loopback %s\n", o->hostname,
	    o->hostname);
	(void)snprintf(hostname, sizeof(hostname), "%s\n", o->hostname);
	if (write_file(r, "openshell/hosts", hosts, e) == -1 ||
	    write_file(r, "openshell/hostname", hostname, e) == -1 ||
	    file_make(r->store, "openshell/ca.pem", 0644, &r->ca, e) == -1 ||
	    file_make(r->store, "openshell/bundle.pem", 0644, &r->bundle,
		e) == -1 ||
	    file_make(r->store, "openshell/truststore.jks", 0644, &r->trust,
		e) == -1 ||
	    bundle_start(r, e) == -1)
		return -1;
	fd = mnt_clone(r->store, "openshell", MNT_PLAIN | MNT_RO |
		MOUNT_ATTR_NOEXEC, "/etc/openshell", e);
	if (fd == -1 || mnt_put(fd, r->top, "etc/openshell", e) == -1)
		return -1;
	return root_rule(r, "/etc", o->places->system == BOX_LAYERED ?
		LL_RUN | LL_CHANGE : LL_RUN, e);
}

/* ---- the whole ---- */

static int
home_put(const struct root_opts *o, struct root *r, struct err *e)
{
	CLEAN_FD int home = -1, fd = -1;

	if (mkdirat(o->dirfd, "home", 0700) == -1 && errno != EEXIST)
		return err_sys(e, "make the sandbox's home");
	home = path_open(o->dirfd, "home", O_DIRECTORY, e);
	fd = home == -1 ? -1 : mnt_clone(home, "", MNT_PLAIN, "home", e);
	if (fd == -1 || mnt_put(fd, r->top, "home/sandbox", e) == -1)
		return -1;
	return root_rule(r, "/home/sandbox", LL_RUN | LL_CHANGE, e);
}

static int
scratch_all(const struct root_opts *o, struct root *r, struct err *e)
{
	if (scratch_put(r, "tmp", "tmp", "/tmp", e) == -1 ||
	    scratch_put(r, "run", "run", "/run", e) == -1 ||
	    scratch_put(r, "shm", "dev/shm", "/dev/shm", e) == -1)
		return -1;
	if (o->places->system == BOX_LAYERED)
		return 0; /* /var is the layer's */
	return scratch_put(r, "vartmp", "var/tmp", "/var/tmp", e);
}

/* "/" may be listed unless a tree is for writing only, since a right at the
 * root holds for all below. */
static int
top_rule(const struct root_opts *o, struct root *r, struct err *e)
{
	for (size_t i = 0; i < o->places->n; i++)
		if (!o->places->list[i].read)
			return 0;
	return root_rule(r, "/", LL_FS_READ_DIR, e);
}

int
root_build(const struct root_opts *o, struct root *r, struct err *e)
{
	const bool layered = o->places->system == BOX_LAYERED;

	*r = (struct root){ .store = -1, .top = -1, .ca = -1, .bundle = -1,
		.trust = -1, .pts = -1 };
	if (mnt_make_private(e) == -1 ||
	    (layered && layer_prepare(o->dirfd, o->host_root, e) == -1) ||
	    store_make(o, r, e) == -1)
		return -1;
	if ((o->places->system != BOX_NOTHING && system_put(o, r, e) == -1) ||
	    (layered && layered_extras(o, r, e) == -1) ||
	    etc_put(o, r, e) == -1 || openshell_put(o, r, e) == -1)
		return -1;
	if (root_dev(r, e) == -1 || root_proc(o, r, e) == -1 ||
	    scratch_all(o, r, e) == -1 || home_put(o, r, e) == -1 ||
	    root_places(o, r, e) == -1 || top_rule(o, r, e) == -1)
		return -1;
	return mnt_attr(r->top, MNT_RO, false, "/", e);
}

/* pivot_root(".", ".") stacks the old root over the new one, from where it
 * is taken off: no directory for it is needed. */
int
root_enter(struct root *r, struct err *e)
{
	if (fchdir(r->top) == -1 ||
	    syscall(SYS_pivot_root, ".", ".") == -1)
		return err_sys(e, "pivot_root");
	if (umount2(".", MNT_DETACH) == -1 || chdir("/") == -1)
		return err_sys(e, "let go of the host's root");
	fd_close(&r->store);
	fd_close(&r->top);
	return 0;
}
