#include "broker/slow.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/compat.h"
#include "base/err.h"
#include "base/io.h"
#include "base/must.h"

#define MOUNTINFO_BYTES_MAX 8388608
#define MNT_ID		    0x1000U	/* STATX_MNT_ID: Linux 5.8 */
#define WORDS_MAX	    64	/* of one line, as far as its type */

struct point { /* where such a mount is */
	char *path;
	size_t len;
};

static struct {
	char *text;
	struct point *v;
	size_t n;
	const char *met;
	int lock;		/* a byte for each file system */
} slow = { .met = "/", .lock = -1 };

/* What the kernel answers for by itself, from memory or a disk. All others may
 * ask somebody. */
static bool
is_prompt(const char *type)
{
	static const char *const known[] = { "ext2", "ext3", "ext4", "xfs",
		"btrfs", "tmpfs", "ramfs", "overlay", "proc", "sysfs",
		"devtmpfs", "devpts", "mqueue", "cgroup", "cgroup2", "f2fs",
		"zfs", "bcachefs", "squashfs", "erofs", "iso9660", "udf",
		"vfat", "exfat", "ntfs3", "hugetlbfs", "bpf", "debugfs",
		"tracefs", "securityfs", "nsfs", "rootfs" };

	for (size_t i = 0; i < NELEM(known); i++)
		if (strcmp(type, known[i]) == 0)
			return true;
	return false;
}

/* "36 35 98:0 /root /point rw,noatime shared:1 - fuse.sshfs ...": the type
 * stands behind a dash. In place. NULL: it is prompt. */
static char *
slow_point(char *line)
{
	char *save = NULL, *point = NULL;
	const char *type = NULL;

	for (int i = 0; i < WORDS_MAX && type == NULL; i++) {
		char *word = strtok_r(i == 0 ? line : NULL, " ", &save);

		if (word == NULL)
			return NULL;
		if (i == 4)
			point = word;
		if (i > 5 && strcmp(word, "-") == 0)
			type = strtok_r(NULL, " ", &save);
	}
	if (type == NULL || is_prompt(type))
		return NULL;
	mount_unescape(point);
	return point;
}

int
slow_init(struct broker *b, struct err *e)
{
	char *line, *save = NULL;
	size_t len, lines = 0;

	if (io_read_file(b->proc, "1/mountinfo", MOUNTINFO_BYTES_MAX,
		&slow.text, &len, e) == -1)
		return -1;
	for (const char *z = slow.text; (z = strchr(z, '\n')) != NULL; z++)
		lines++;
	slow.v = mem_alloc(lines + 1, sizeof(*slow.v));
	for (line = strtok_r(slow.text, "\n", &save); line != NULL;
	     line = strtok_r(NULL, "\n", &save)) {
		char *point = slow_point(line);

		if (point != NULL)
			slow.v[slow.n++] = (struct point){ point,
				strcmp(point, "/") == 0 ? 0 : strlen(point) };
	}
	if (slow.n > 0 && (slow.lock = memfd_create("lock", MFD_CLOEXEC)) ==
	    -1)
		return err_sys(e, "make a lock");
	return 0;
}

/* A lock is its process's: one that is killed has it no more. */
static int
lock_set(short type, off_t at, off_t len)
{
	struct flock l = { .l_type = type, .l_whence = SEEK_SET,
		.l_start = at, .l_len = len };

	while (slow.lock != -1 && fcntl(slow.lock, F_SETLKW, &l) == -1)
		if (errno != EINTR)
			return -errno;
	return 0;
}

/* From one mount to another nothing is moved, and one of the two may not
 * answer. */
int
slow_alone(int dir, int other)
{
	struct statx x, y;

	if (slow.lock == -1)
		return 0;
	if (statx(dir, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, MNT_ID, &x) ==
	    -1 || statx(other, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, MNT_ID,
		&y) == -1)
		return -errno;
	if (x.stx_mnt_id != y.stx_mnt_id)
		return 0;
	return lock_set(F_WRLCK, (off_t)x.stx_dev_major << 32 |
		x.stx_dev_minor, 1);
}

void
slow_done(void)
{
	(void)lock_set(F_UNLCK, 0, 0);
}

bool
slow_matters(const struct broker *b)
{
	return slow.n > 0 && !b->may_wait;
}

/* What is mounted below one is reached through it. */
bool
slow_path(const struct broker *b, const char *path)
{
	for (size_t i = 0; i < slow.n && !b->may_wait; i++) {
		const struct point *p = &slow.v[i];

		if (strncmp(path, p->path, p->len) == 0 &&
		    (path[p->len] == '/' || path[p->len] == '\0')) {
			slow.met = p->path;
			return true;
		}
	}
	return false;
}

bool
slow_link(const struct broker *b, int dir, const char *name)
{
	char path[PATH_BYTES_MAX];
	ssize_t n;

	if (!slow_matters(b))
		return false;
	n = readlinkat(dir, name, path, sizeof(path) - 1);
	if (n < 0) /* not for us to know here: it may be */
		return errno != ENOENT && errno != ESRCH && errno != EINVAL;
	path[n] = '\0';
	return slow_path(b, path);
}

bool
slow_is(const struct broker *b, int fd)
{
	return slow_link(b, b->fds, fd_name(fd).text);
}

const char *
slow_point_met(void)
{
	return slow.met;
}

int
slow_turn(struct broker *b)
{
	b->turned = true;
	return AWAY;
}
