/* names.c -- making, removing, renaming and linking names.
 *
 * A name that moves must not move its object out of what the policy says of
 * it: a directory may go where the same is said of all that may ever stand
 * below it, anything else where nothing is allowed that was not. Where that
 * does not hold, the answer is the one of another file system (EXDEV), and
 * mv(1) copies, which is judged file by file. */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clean.h"
#include "broker/review.h"
#include "broker/slow.h"
#include "policy/files.h"
#include "policy/profile.h"

static int
spot_of(const struct ask *a, int dirfd, uint64_t at, struct spot *s)
{
	char path[PATH_BYTES_MAX];
	int rc = caller_string(a, at, path);

	*s = (struct spot){ .dir = -1 };
	return rc != 0 ? rc : spot_from(a, dirfd, path, s);
}

/* To change what is at a spot. An odd one fails by itself. */
static int
judge_spot(const struct ask *a, const struct spot *s)
{
	return s->odd ? 0 : judge_path(a, s->path, FILE_WRITE);
}

static int
mask_take(const struct ask *a)
{
	mode_t mask;
	int rc = mask_of(a, &mask);

	if (rc == 0)
		(void)umask(mask);
	return rc;
}

static long
result(int rc)
{
	return rc == -1 ? -errno : rc;
}

long
ask_mkdir(const struct ask *a, int dirfd, uint64_t path, mode_t mode)
{
	struct spot s;
	long rc = spot_of(a, dirfd, path, &s);

	if (rc == 0 && !git_may_make(a, &s))
		rc = judge_spot(a, &s);
	if (rc == 0)
		rc = mask_take(a);
	if (rc == 0)
		rc = result(mkdirat(s.dir, s.name, mode));
	spot_fini(&s);
	return rc;
}

/* Landlock refuses devices to the agent; the kernel would let anybody make
 * the one that overlays take for "removed". */
static long
make_node(const struct spot *s, mode_t mode, dev_t dev)
{
	struct stat st;

	if ((S_ISCHR(mode) || S_ISBLK(mode)) &&
	    fstatat(s->dir, s->name, &st, AT_SYMLINK_NOFOLLOW) == -1)
		return errno == ENOENT ? -EACCES : -errno;
	return result(mknodat(s->dir, s->name, mode, dev));
}

long
ask_mknod(const struct ask *a, int dirfd, uint64_t path, mode_t mode,
    dev_t dev)
{
	struct spot s;
	long rc = spot_of(a, dirfd, path, &s);

	if (rc == 0)
		rc = judge_spot(a, &s);
	if (rc == 0)
		rc = mask_take(a);
	if (rc == 0)
		rc = make_node(&s, mode, dev);
	spot_fini(&s);
	return rc;
}

/* A protected name that may be removed all the same? */
static bool
may_go(const struct ask *a, const struct spot *s, int flags)
{
	return (flags & AT_REMOVEDIR) != 0 ? git_may_make(a, s) :
					     git_config_may_go(a, s);
}

long
ask_unlink(const struct ask *a, int dirfd, uint64_t path, int flags)
{
	struct spot s;
	long rc;

	if ((flags & ~AT_REMOVEDIR) != 0)
		return -EINVAL;
	rc = spot_of(a, dirfd, path, &s);
	if (rc == 0 && !may_go(a, &s, flags))
		rc = judge_spot(a, &s);
	if (rc == 0)
		rc = script_keeps(a, &s);
	if (rc == 0)
		rc = result(unlinkat(s.dir, s.name, flags));
	spot_fini(&s);
	return rc;
}

/* What the link says is not judged: what is reached through it will be. */
long
ask_symlink(const struct ask *a, uint64_t target, int dirfd, uint64_t path)
{
	char text[PATH_BYTES_MAX];
	struct spot s = { .dir = -1 };
	long rc = caller_string(a, target, text);

	if (rc == 0 && text[0] == '\0')
		rc = -ENOENT;
	if (rc == 0)
		rc = spot_of(a, dirfd, path, &s);
	else
		return rc;
	if (rc == 0)
		rc = judge_spot(a, &s);
	if (rc == 0)
		rc = result(symlinkat(text, s.dir, s.name));
	spot_fini(&s);
	return rc;
}

/* ---- from one place to another ---- */

/* May what is called from be called to? */
static int
may_move(const struct ask *a, const char *from, const char *to, bool dir)
{
	if (dir && mount_is_below(a->b, from))
		return -EBUSY; /* it is known by its path */
	if (judge_is_open(a))
		return 0;
	if (!dir)
		return (judge_mask(a, to) & ~judge_mask(a, from)) == 0 ? 0 :
									-EXDEV;
	return profiles_file_same(a->image, a->profiles, str_c(from),
	    str_c(to)) ? 0 : -EXDEV;
}

/* What is at the spot from goes to the spot to. */
static int
judge_move(const struct ask *a, const struct spot *from,
    const struct spot *to)
{
	char name[sizeof(from->name)];
	struct stat st;

	(void)strcpy(name, from->name);
	name[strcspn(name, "/")] = '\0';
	if (from->odd || to->odd ||
	    fstatat(from->dir, name, &st, AT_SYMLINK_NOFOLLOW) == -1)
		return 0; /* it will fail by itself */
	if (S_ISLNK(st.st_mode))
		return 0;
	return may_move(a, from->path, to->path, S_ISDIR(st.st_mode));
}

static long
rename_spots(const struct ask *a, const struct spot *o, const struct spot *n,
    unsigned flags)
{
	long rc = judge_spot(a, o);

	if (rc == 0 && flags == 0 && git_is_config(a, n))
		return git_config_put(a, o, n);
	if (rc == 0)
		rc = judge_spot(a, n);
	if (rc == 0)
		rc = judge_move(a, o, n);
	if (rc == 0 && (flags & RENAME_EXCHANGE) != 0)
		rc = judge_move(a, n, o);
	if (rc == 0)
		rc = script_keeps(a, o);
	if (rc == 0)
		rc = script_keeps(a, n);
	if (rc != 0)
		return rc;
	return result(renameat2(o->dir, o->name, n->dir, n->name, flags));
}

/* What is judged is what is moved. */
static long
rename_alone(const struct ask *a, const struct spot *o, const struct spot *n,
    unsigned flags)
{
	long rc = slow_alone(o->dir, n->dir);

	if (rc == 0)
		rc = rename_spots(a, o, n, flags);
	slow_done();
	return rc;
}

long
ask_rename(const struct ask *a, int olddir, uint64_t old, int newdir,
    uint64_t new_, unsigned flags)
{
	struct spot o, n = { .dir = -1 };
	long rc;

	/* a device in the old place (RENAME_WHITEOUT) is not for the agent */
	if ((flags & ~(unsigned)(RENAME_NOREPLACE | RENAME_EXCHANGE)) != 0)
		return -EINVAL;
	rc = spot_of(a, olddir, old, &o);
	if (rc == 0)
		rc = spot_of(a, newdir, new_, &n);
	if (rc == 0)
		rc = rename_alone(a, &o, &n, flags);
	spot_fini(&o);
	spot_fini(&n);
	return rc;
}

static long
link_to(const struct ask *a, int held, const struct spot *n)
{
	char path[PATH_BYTES_MAX];
	enum object_kind kind = object_path(a->b, held, path);
	struct stat st;
	int rc = judge_spot(a, n);

	if (rc == 0 && fstat(held, &st) == -1)
		rc = -errno;
	if (rc == 0 && kind == OBJECT_OUTSIDE)
		rc = -EACCES;
	if (rc == 0 && kind == OBJECT_NAMED && !n->odd &&
	    !S_ISLNK(st.st_mode) && !S_ISDIR(st.st_mode))
		rc = may_move(a, path, n->path, false);
	if (rc != 0)
		return rc;
	return result(linkat(a->b->fds, fd_name(held).text, n->dir, n->name,
	    AT_SYMLINK_FOLLOW));
}

long
ask_link(const struct ask *a, int olddir, uint64_t old, int newdir,
    uint64_t new_, int flags)
{
	char path[PATH_BYTES_MAX];
	struct spot n = { .dir = -1 };
	CLEAN_FD int held = -1;
	long rc = caller_string(a, old, path);

	if ((flags & ~(AT_SYMLINK_FOLLOW | AT_EMPTY_PATH)) != 0)
		return -EINVAL;
	if (rc != 0)
		return rc;
	if (path[0] == '\0' && (flags & AT_EMPTY_PATH) != 0)
		held = caller_dir(a, olddir);
	else
		held = walk_from(a, olddir, path,
		    (flags & AT_SYMLINK_FOLLOW) != 0 ? 0 : WALK_LINK);
	if (held < 0)
		return held;
	rc = spot_of(a, newdir, new_, &n);
	if (rc == 0)
		rc = slow_alone(n.dir, held);
	if (rc == 0) {
		rc = link_to(a, held, &n);
		slow_done();
	}
	spot_fini(&n);
	return rc;
}
