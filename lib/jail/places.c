/* places.c -- puts host trees into a new root, and takes from them what must
 * not be seen. place.c has judged the names; this judges what is there. */
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
#include "base/limits.h"
#include "jail/calls_abi.h"
#include "jail/fold.h"
#include "jail/mnt.h"
#include "jail/root.h"

/* A path through no symbolic link, so that nobody who may write in one of
 * its directories can lead it elsewhere between the decision and now. */
static int
host_open(const char *path, struct err *e)
{
	struct open_how how = {
		.flags = O_PATH | O_CLOEXEC | O_NOFOLLOW,
		.resolve = RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
	};
	long fd = syscall(NR_OPENAT2, AT_FDCWD, path, &how, sizeof(how));

	if (fd == -1 && errno == ELOOP)
		return err_sys(e, "%s: a symbolic link is on the way; name "
		    "the real path (realpath %s)", path, path);
	if (fd == -1)
		return err_sys(e, "%s", path);
	return (int)fd;
}

static int
kind_check(const struct place *v, mode_t mode, struct err *e)
{
	if (S_ISDIR(mode) && !v->tree)
		return err_set(e, ERR_INPUT, "file_access %s: a directory; "
		    "write %s/** for what is in it", v->host, v->host);
	if (S_ISDIR(mode) || S_ISREG(mode))
		return 0;
	return err_set(e, ERR_DENIED, "%s: only files and directories can be "
	    "handed in, and this is a %s", v->host, S_ISSOCK(mode) ?
	    "socket, which would reach a program outside" :
	    "device, pipe or link");
}

/* Is the path inside one of the first n trees? Where one is mounted already,
 * we make nothing: it must exist. */
static bool
in_tree_of(const struct places *p, const char *path, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (path_below(path, p->list[i].inside))
			return true;
	return false;
}

/* The name of the innermost host tree above path, relative to the root; NULL:
 * path is in none. */
static const char *
tree_above(const struct places *p, const char *path)
{
	const char *best = NULL;

	for (size_t i = 0; i < p->n; i++) {
		const char *tree = p->list[i].inside + 1;

		if (path_below(path, tree) && strcmp(path, tree) != 0 &&
		    (best == NULL || strlen(tree) > strlen(best)))
			best = tree;
	}
	return best;
}

/* Mounts a directory over itself, unless it is a mount already. */
static int
hold_one(struct root *r, const char *path, struct err *e)
{
	struct err why = { 0 };
	CLEAN_FD int at = path_open(r->top, path, O_DIRECTORY, &why);
	CLEAN_FD int fd = -1;
	struct statx st;

	if (at == -1 && why.sys == ENOENT)
		return 0; /* so there is nothing below to hold */
	if (at == -1)
		return err_set(e, ERR_DENIED, "%s", why.text);
	if (statx(at, "", AT_EMPTY_PATH, 0, &st) == -1)
		return err_sys(e, "stat /%s", path);
	if ((st.stx_attributes & STATX_ATTR_MOUNT_ROOT) != 0)
		return 0;
	fd = mnt_clone(at, "", MNT_PLAIN, path, e);
	if (fd == -1)
		return -1;
	if (move_mount(fd, "", at, "", MOVE_MOUNT_F_EMPTY_PATH |
		    MOVE_MOUNT_T_EMPTY_PATH) == -1)
		return err_sys(e, "mount /%s over itself", path);
	return 0;
}

int
root_hold(const struct root_opts *o, struct root *r, const char *path,
    struct err *e)
{
	const char *tree = tree_above(o->places, path);
	char way[2 * PATH_BYTES_MAX];

	if (tree == NULL)
		return 0;
	for (size_t i = strlen(tree) + 1; path[i] != '\0'; i++) {
		if (path[i] != '/')
			continue;
		(void)snprintf(way, sizeof(way), "%.*s", (int)i, path);
		if (hold_one(r, way, e) == -1)
			return -1;
	}
	return 0;
}

static int
point_make(const struct root_opts *o, struct root *r, size_t i, bool dir,
    struct err *e)
{
	const char *path = o->places->list[i].inside + 1;
	int fd;

	if (in_tree_of(o->places, o->places->list[i].inside, i) ||
	    (strncmp(path, "etc/", 4) == 0 &&
		o->places->system == BOX_READ_ONLY)) {
		fd = path_open(r->top, path, 0, e);
		if (fd == -1)
			return err_wrap(e, "no place for a mount in a host "
			    "directory; make it there first");
		(void)close(fd);
		return root_hold(o, r, path, e);
	}
	return dir ? dir_make(r->top, path, 0755, NULL, e) :
		     file_make(r->top, path, 0644, NULL, e);
}

static uint64_t
rights_of(const struct place *v)
{
	return (v->read ? LL_RUN : 0) | (v->write ? LL_CHANGE : 0);
}

/* Our own state, where a mounted tree holds it. */
static int
hide_ours(const struct root_opts *o, struct root *r, const struct place *v,
    struct err *e)
{
	char path[2 * PATH_BYTES_MAX];

	for (const char *const *h = o->places->ours; h != NULL && *h != NULL;
	    h++) {
		if (!path_below(*h, v->host))
			continue;
		(void)snprintf(path, sizeof(path), "%s%s", v->inside + 1,
		    *h + strlen(v->host));
		if (root_hold(o, r, path, e) == -1 ||
		    root_mask(r, path, e) == -1)
			return -1;
	}
	return 0;
}

/* A grant for a path that the host does not have: to read, nothing; to
 * write, an empty directory of the sandbox's own, which ends with it. */
static int
absent(struct root *r, const struct place *v, struct err *e)
{
	if (!v->grant)
		return -1;
	if (!v->write || !v->tree)
		return 0;
	if (dir_make(r->top, v->inside + 1, 0755, NULL, e) == -1)
		return -1;
	return root_rule(r, v->inside, rights_of(v), e);
}

/* A directory made in the read-only root can only be written through a
 * mount of its own. */
static int
absent_put(struct root *r, const struct place *v, size_t i, struct err *e)
{
	char part[32];
	CLEAN_FD int fd = -1;

	if (absent(r, v, e) == -1)
		return -1;
	if (!v->write || !v->tree)
		return 0;
	(void)snprintf(part, sizeof(part), "own%zu", i);
	if (dir_make(r->store, part, 0755, NULL, e) == -1)
		return -1;
	fd = mnt_clone(r->store, part, MNT_PLAIN, v->inside, e);
	return fd == -1 ? -1 : mnt_put(fd, r->top, v->inside + 1, e);
}

static int
place_put(const struct root_opts *o, struct root *r, size_t i, struct err *e)
{
	const struct place *v = &o->places->list[i];
	CLEAN_FD int host = host_open(v->host, e);
	CLEAN_FD int fd = -1;
	struct stat st;

	if (host == -1 && e->sys == ENOENT)
		return absent_put(r, v, i, e);
	if (host == -1)
		return -1;
	if (fstat(host, &st) == -1)
		return err_sys(e, "stat %s", v->host);
	if (kind_check(v, st.st_mode, e) == -1)
		return -1;
	if (o->places->gated && S_ISDIR(st.st_mode) && fold_is(host))
		return err_set(e, ERR_DENIED, "%s: upper and lower case are "
		    "the same there, so what the policy says of single names "
		    "cannot be held; use a directory of another file system, "
		    "or a policy of whole trees", v->host);
	fd = mnt_clone(host, "", MNT_PLAIN | (v->write ? 0 : MNT_RO),
	    v->host, e);
	if (fd == -1 || point_make(o, r, i, S_ISDIR(st.st_mode), e) == -1 ||
	    mnt_put(fd, r->top, v->inside + 1, e) == -1 ||
	    hide_ours(o, r, v, e) == -1)
		return -1;
	if (S_ISDIR(st.st_mode) &&
	    root_protect(o, r, v->inside + 1, e) == -1)
		return err_wrap(e, "protect %s", v->host);
	return root_rule(r, v->inside, rights_of(v), e);
}

/* A denied name that does not exist cannot be covered; in a tree that the
 * sandbox may not write it can also not appear by its doing. */
static int
deny_put(const struct root_opts *o, struct root *r, const char *path,
    struct err *e)
{
	CLEAN_FD int fd = path_open(r->top, path + 1, 0, NULL);

	/* Opens are judged: this is a second wall. Renaming what it stands in
	 * is judged too, and takes the cover along. */
	if (o->places->gated)
		return fd == -1 || !in_tree_of(o->places,
		    path, o->places->n) ? 0 :
		    root_mask(r, path + 1, e);
	if (fd != -1)
		return root_hold(o, r, path + 1, e) == -1 ? -1 :
		    root_mask(r, path + 1, e);
	for (size_t i = 0; !o->places->gated && i < o->places->n; i++) {
		const struct place *v = &o->places->list[i];

		if (v->write && path_below(path, v->inside))
			return err_set(e, ERR_DENIED,
			    "file_access deny %s: not there, and below %s, "
			    "which may be written; make it first, so that it "
			    "can be covered", path, v->inside);
	}
	return 0;
}

int
root_places(const struct root_opts *o, struct root *r, struct err *e)
{
	const struct places *p = o->places;

	for (size_t i = 0; i < p->n; i++)
		if (place_put(o, r, i, e) == -1)
			return err_wrap(e, "%s at %s",
			    p->list[i].grant ? "file_access" : "mount",
			    p->list[i].inside);
	for (size_t i = 0; i < p->ndeny; i++)
		if (deny_put(o, r, p->deny[i], e) == -1)
			return -1;
	return 0;
}
