/* protect.c -- in a host tree that the sandbox may write, what would run or
 * be obeyed outside the sandbox later stays as it is.
 *
 * Hooks and configuration of git, shell start-up files, and configuration of
 * editors and agents are mounted read-only over themselves; the directories
 * that hold them are mounted over themselves too, since a mount point cannot
 * be renamed away. Sockets are covered: a program outside listens on them.
 *
 * The walk is breadth-first and bounded. Limits that only a gate on opens
 * (not in this version) can lift: a name that does not exist yet, or lies
 * deeper than the walk went, is not protected; a protected name that is a
 * symbolic link is not either. SECURITY.md says so. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clean.h"
#include "base/compat.h"
#include "base/err.h"
#include "base/guarded.h"
#include "base/limits.h"
#include "base/must.h"
#include "jail/fold.h"
#include "jail/mnt.h"
#include "jail/root.h"

#define WALK_DIRS_MAX  512	/* directories read per tree */
#define WALK_DEPTH_MAX 6
#define WALK_NAMES_MAX 4096	/* entries looked at in one directory */

#define NAME(name) name,
#define IN(dir, name) { dir, name },

/* Read-only where they are found; a directory with all below it. */
static const char *const fixed[] = { GUARDED_NAMES(NAME) };

/* Directories writable but not to be renamed, with these read-only in them;
 * those of one directory stand together. */
static const struct {
	const char *dir, *name;
} held[] = { GUARDED_IN(IN) };

struct walk {
	const struct root_opts *o;
	struct root *r;
	struct {
		char *path;		/* relative to the new root */
		unsigned depth;
		size_t parent;		/* 0, the tree itself, is its own */
		bool pinned;
	} queue[WALK_DIRS_MAX];
	size_t head, tail;
};

/* The policy may name the exact path for writing: then it is meant. */
static bool
exempt(const struct walk *w, const char *path)
{
	for (size_t i = 0; i < w->o->places->n; i++) {
		const struct place *v = &w->o->places->list[i];

		if (v->grant && v->write && strcmp(v->inside + 1, path) == 0)
			return true;
	}
	return false;
}

/* Mounts path over itself with attr; missing is fine, links are not ours. */
static int
pin(struct walk *w, const char *path, uint64_t attr, struct err *e)
{
	CLEAN_FD int at = -1, fd = -1;
	struct err missing = { 0 };
	struct stat st;

	if (exempt(w, path))
		return 0;
	at = path_open(w->r->top, path, 0, &missing);
	if (at == -1 && (missing.sys == ENOENT || missing.sys == ENOTDIR))
		return 0;
	if (at == -1 || fstat(at, &st) == -1)
		return err_set(e, ERR_DENIED, "%s", missing.text);
	if (!S_ISDIR(st.st_mode) && !S_ISREG(st.st_mode))
		return 0;
	fd = mnt_clone(at, "", MNT_PLAIN | attr, path, e);
	if (fd == -1)
		return -1;
	if (move_mount(fd, "", at, "", MOVE_MOUNT_F_EMPTY_PATH |
		    MOVE_MOUNT_T_EMPTY_PATH) == -1)
		return err_sys(e, "mount /%s over itself", path);
	return 0;
}

/* A protected name's directories, from the tree down: else one of them could
 * be renamed away and made anew. The tree itself is a mount point already. */
static int
pin_parents(struct walk *w, size_t at, struct err *e)
{
	size_t chain[WALK_DEPTH_MAX + 1], n = 0;

	for (; at != 0 && !w->queue[at].pinned; at = w->queue[at].parent)
		chain[n++] = at;
	while (n > 0) {
		at = chain[--n];
		if (pin(w, w->queue[at].path, 0, e) == -1)
			return -1;
		w->queue[at].pinned = true;
	}
	return 0;
}

static bool
path_join(char out[PATH_BYTES_MAX], const char *dir, const char *name)
{
	int n = snprintf(out, PATH_BYTES_MAX, "%s/%s", dir, name);

	return n > 0 && n < PATH_BYTES_MAX;
}

/* A repository's configuration is written by the gate, if it runs nothing. */
static bool
is_gates(const struct walk *w, const char *name)
{
	return w->o->places->gated && strcmp(name, "config") == 0;
}

/* The directory at path, whose names begin at held[i]. */
static int
hold(struct walk *w, const char *dir, size_t i, struct err *e)
{
	const char *of = held[i].dir;
	char path[PATH_BYTES_MAX];

	if (pin(w, dir, 0, e) == -1)
		return -1;
	for (; i < NELEM(held) && strcmp(held[i].dir, of) == 0; i++)
		if (!is_gates(w, held[i].name) && path_join(path, dir, held[i].name) &&
		    pin(w, path, MNT_RO, e) == -1)
			return -1;
	return 0;
}

static void
enqueue(struct walk *w, const char *path, size_t parent)
{
	unsigned depth = w->tail == 0 ? 0 : w->queue[parent].depth + 1;

	if (w->tail == WALK_DIRS_MAX || depth > WALK_DEPTH_MAX)
		return;
	w->queue[w->tail].path = mem_strdup(path);
	w->queue[w->tail].parent = parent;
	w->queue[w->tail++].depth = depth;
}

static bool
is_fixed(const char *name, unsigned char type)
{
	for (size_t i = 0; i < NELEM(fixed); i++)
		if (strcmp(name, fixed[i]) == 0)
			return true;
	return strcmp(name, ".git") == 0 && type != DT_DIR; /* of a worktree */
}

/* One entry of the directory w->queue[dir]. */
static int
judge(struct walk *w, size_t dir, const char *name, unsigned char type,
    struct err *e)
{
	char path[PATH_BYTES_MAX];

	if (!path_join(path, w->queue[dir].path, name))
		return 0;
	if (type == DT_SOCK)
		return root_mask(w->r, path, e);
	if (is_fixed(name, type))
		return pin_parents(w, dir, e) == -1 ? -1 :
						      pin(w, path, MNT_RO, e);
	for (size_t i = 0; i < NELEM(held); i++)
		if (strcmp(name, held[i].dir) == 0 && type == DT_DIR)
			return pin_parents(w, dir, e) == -1 ? -1 :
			    hold(w, path, i, e);
	if (type == DT_DIR && strcmp(name, "node_modules") != 0)
		enqueue(w, path, dir);
	return 0;
}

static unsigned char
type_of(DIR *dir, const struct dirent *d)
{
	struct stat st;

	if (d->d_type != DT_UNKNOWN)
		return d->d_type;
	if (fstatat(dirfd(dir), d->d_name, &st, AT_SYMLINK_NOFOLLOW) == -1)
		return DT_UNKNOWN;
	return (unsigned char)IFTODT(st.st_mode);
}

/* A directory with more names than are looked at: those that matter, by name.
 * Else an agent could fill it now, to be free in it the next time. */
static int
judge_by_name(struct walk *w, size_t i, int dirfd, struct err *e)
{
	const char *names[NELEM(fixed) + NELEM(held)];
	struct stat st;
	size_t n = 0;

	for (size_t k = 0; k < NELEM(fixed); k++)
		names[n++] = fixed[k];
	for (size_t k = 0; k < NELEM(held); k++)
		if (k == 0 || strcmp(held[k].dir, held[k - 1].dir) != 0)
			names[n++] = held[k].dir;
	while (n-- > 0)
		if (fstatat(dirfd, names[n], &st, AT_SYMLINK_NOFOLLOW) == 0 &&
		    judge(w, i, names[n], (unsigned char)IFTODT(st.st_mode),
			e) == -1)
			return -1;
	return 0;
}

static int
read_one(struct walk *w, size_t i, struct err *e)
{
	CLEAN_FD int at = path_open(w->r->top, w->queue[i].path, O_DIRECTORY,
	    NULL);
	int fd = at == -1 ? -1 : openat(at, ".", O_RDONLY | O_DIRECTORY |
	    O_CLOEXEC);
	DIR *dir = fd == -1 ? NULL : fdopendir(fd);
	struct dirent *d;
	int rc = 0, n = 0;

	if (dir == NULL)
		return 0; /* not for us to read, so not for the agent */
	if (w->o->places->gated && i > 0 && fold_is_marked(fd))
		rc = err_set(e, ERR_DENIED, "/%s: upper and lower case are "
		    "the same there, so what the policy says of single names "
		    "cannot be held", w->queue[i].path);
	for (; rc == 0 && n < WALK_NAMES_MAX && (d = readdir(dir)) != NULL;
	    n++)
		if (strcmp(d->d_name, ".") != 0 &&
		    strcmp(d->d_name, "..") != 0)
			rc = judge(w, i, d->d_name, type_of(dir, d), e);
	if (rc == 0 && n == WALK_NAMES_MAX)
		rc = judge_by_name(w, i, fd, e);
	(void)closedir(dir);
	return rc;
}

int
root_protect(const struct root_opts *o, struct root *r, const char *path,
    struct err *e)
{
	static struct walk w; /* of stage one, which has one thread */
	int rc = 0;

	w = (struct walk){ .o = o, .r = r };
	enqueue(&w, path, 0);
	for (; rc == 0 && w.head < w.tail; w.head++)
		rc = read_one(&w, w.head, e);
	for (size_t i = 0; i < w.tail; i++)
		free(w.queue[i].path);
	return rc;
}
