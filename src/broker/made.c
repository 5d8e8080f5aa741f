/* made.c -- was a file made or changed in the sandbox?
 *
 * A file's ctime says when it, or what it is called, was changed last, and
 * nobody can set it. What was changed since the sandbox was created is taken
 * for made in it, also in a run before this one; where the host may have
 * changed it too (a mount that may be written), nobody can tell who it was.
 * What no name leads to is made in the sandbox, always.
 *
 * A file in a mount that cannot be written is the host's, whenever it changed,
 * unless another mount that can be written shows it as well, or it has other
 * names. Times that come from elsewhere (network file systems, FUSE) are
 * believed by nobody. */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <time.h>

#include "base/compat.h"
#include "base/io.h"
#include "base/must.h"
#include "broker/review.h"

#define MOUNTINFO_BYTES_MAX 8388608
#define MNT_ID		    0x1000U	/* STATX_MNT_ID: Linux 5.8 */
#define NS_PER_S	    1000000000
/* The clock of files is the one of the last tick. */
#define TICK_NS		    20000000

#define XFS_MAGIC	    0x58465342
#define F2FS_MAGIC	    0xf2f52010
#define BCACHEFS_MAGIC	    0xca451a4e
#define ZFS_MAGIC	    0x2fc12fc1

struct tree { /* one mount of the sandbox */
	uint64_t mount;
	char *device, *root;	/* of the file system, and where in it */
	char *point;		/* where it is in the sandbox */
	bool writable;
};

static struct {
	char *text;
	struct tree *v;
	size_t n;
	int64_t since;		/* wall clock, ns */
	int64_t ahead;		/* how far the wall clock is before the one
				 * that nobody sets, least so far */
} made;

/* ---- the mounts ---- */

void
mount_unescape(char *z)
{
	char *to = z;

	for (; *z != '\0'; z++, to++) {
		unsigned v;

		if (*z == '\\' && sscanf(z + 1, "%3o", &v) == 1) {
			*to = (char)v;
			z += 3;
		} else {
			*to = *z;
		}
	}
	*to = '\0';
}

/* "36 35 98:0 /root /point rw,noatime ..." */
static bool
tree_read(char *line, struct tree *t)
{
	char *field[6], *save = NULL;

	for (size_t i = 0; i < NELEM(field); i++) {
		field[i] = strtok_r(i == 0 ? line : NULL, " ", &save);
		if (field[i] == NULL)
			return false;
	}
	mount_unescape(field[3]);
	mount_unescape(field[4]);
	*t = (struct tree){ strtoull(field[0], NULL, 10), field[2], field[3],
		field[4], strncmp(field[5], "rw", 2) == 0 };
	return true;
}

static int64_t
ns_of(struct timespec t)
{
	return (int64_t)t.tv_sec * NS_PER_S + t.tv_nsec;
}

static int64_t
now_ns(clockid_t id)
{
	struct timespec t = { 0 };

	(void)clock_gettime(id, &t);
	return ns_of(t);
}

int
made_init(struct broker *b, struct err *e)
{
	char *line, *save = NULL;
	size_t len, lines = 0;

	if (io_read_file(b->proc, "1/mountinfo", MOUNTINFO_BYTES_MAX,
		&made.text, &len, e) == -1)
		return -1;
	for (const char *z = made.text; (z = strchr(z, '\n')) != NULL; z++)
		lines++;
	made.v = mem_alloc(lines + 1, sizeof(*made.v));
	for (line = strtok_r(made.text, "\n", &save); line != NULL;
	     line = strtok_r(NULL, "\n", &save))
		if (tree_read(line, &made.v[made.n]))
			made.n++;
	return 0;
}

void
made_since(struct wall created)
{
	made.since = created.v * 1000 - TICK_NS;
	made.ahead = now_ns(CLOCK_REALTIME) - now_ns(CLOCK_BOOTTIME);
}

static bool
lies_in(const char *path, const char *tree)
{
	size_t len = strcmp(tree, "/") == 0 ? 0 : strlen(tree);

	return strncmp(path, tree, len) == 0 &&
	    (path[len] == '/' || path[len] == '\0');
}

/* Does some mount that can be written show it, too? By which other names it
 * is known, nobody can say: then the same file system is enough. */
static bool
is_shown_writable(const struct tree *own, const char *path, bool linked)
{
	char real[2 * PATH_BYTES_MAX];
	const char *rest = path + (strcmp(own->point, "/") == 0 ? 0 :
	    strlen(own->point));

	if (!lies_in(path, own->point))
		return true; /* it is not where it is said to be */
	(void)snprintf(real, sizeof(real), "%s%s",
	    strcmp(own->root, "/") == 0 ? "" : own->root, rest);
	for (size_t i = 0; i < made.n; i++) {
		const struct tree *t = &made.v[i];

		if (t->writable && strcmp(t->device, own->device) == 0 &&
		    (linked || lies_in(real, t->root)))
			return true;
	}
	return false;
}

static bool
is_hosts(const struct broker *b, int fd, const struct stat *st)
{
	char path[PATH_BYTES_MAX];
	struct statvfs v;
	struct statx x;

	if (fstatvfs(fd, &v) == -1 || (v.f_flag & ST_RDONLY) == 0 ||
	    statx(fd, "", AT_EMPTY_PATH, MNT_ID, &x) == -1 ||
	    (x.stx_mask & MNT_ID) == 0 ||
	    object_path(b, fd, path) != OBJECT_NAMED)
		return false;
	for (size_t i = 0; i < made.n; i++)
		if (made.v[i].mount == x.stx_mnt_id)
			return !made.v[i].writable &&
			    !is_shown_writable(&made.v[i], path,
				st->st_nlink > 1);
	return false;
}

/* ---- the time ---- */

static bool
times_are_ours(int fd)
{
	static const uint32_t known[] = { EXT4_SUPER_MAGIC, XFS_MAGIC,
		BTRFS_SUPER_MAGIC, TMPFS_MAGIC, OVERLAYFS_SUPER_MAGIC,
		F2FS_MAGIC, BCACHEFS_MAGIC, ZFS_MAGIC, RAMFS_MAGIC };
	struct statfs fs;

	if (fstatfs(fd, &fs) == -1)
		return false;
	for (size_t i = 0; i < NELEM(known); i++)
		if ((uint32_t)fs.f_type == known[i])
			return true;
	return false;
}

/* If the clock was set back meanwhile, what is new looks as old. */
static int64_t
since(void)
{
	int64_t ahead = now_ns(CLOCK_REALTIME) - now_ns(CLOCK_BOOTTIME);
	static int64_t back;

	if (ahead < made.ahead) {
		back += made.ahead - ahead;
		made.ahead = ahead;
	}
	return made.since - back;
}

/* Some file systems count whole seconds. */
static bool
is_later(const struct stat *st)
{
	int64_t from = since();

	if (st->st_ctim.tv_nsec == 0)
		from = from / NS_PER_S * NS_PER_S;
	return ns_of(st->st_ctim) >= from;
}

bool
made_is(const struct broker *b, int fd, const struct stat *st)
{
	if (!S_ISREG(st->st_mode))
		return false;
	if (st->st_nlink == 0)
		return true;
	if (!is_later(st) && times_are_ours(fd))
		return false;
	return !is_hosts(b, fd, st);
}

bool
made_may_be(const struct stat *st)
{
	return st->st_nlink == 0 || is_later(st);
}
