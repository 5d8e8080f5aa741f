#include "broker/slow.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/compat.h"
#include "base/io.h"
#include "base/must.h"

#define MOUNTINFO_BYTES_MAX 8388608
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
} slow = { .met = "/" };

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
	return 0;
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
