/* judge.c -- what an object is called, and what policy says of that. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/compat.h"
#include "base/io.h"
#include "base/must.h"
#include "broker/broker.h"
#include "policy/files.h"

#define MOUNTINFO_BYTES_MAX 8388608
#define MNT_ID		    0x1000U	/* STATX_MNT_ID: Linux 5.8 */

static const char deleted[] = " (deleted)";

struct fd_name
fd_name(int fd)
{
	struct fd_name n;

	(void)snprintf(n.text, sizeof(n.text), "%d", fd);
	return n;
}

static int
by_number(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

int
mounts_read(struct broker *b, struct err *e)
{
	char *text, *at;
	size_t len, lines = 0;

	if (io_read_file(b->proc, "1/mountinfo", MOUNTINFO_BYTES_MAX, &text,
		&len, e) == -1)
		return -1;
	for (at = text; (at = strchr(at, '\n')) != NULL; at++)
		lines++;
	b->seen = mem_alloc(lines + 1, sizeof(*b->seen));
	for (at = text; b->nseen < lines; at = strchr(at, '\n') + 1)
		b->seen[b->nseen++] = strtoull(at, NULL, 10);
	qsort(b->seen, b->nseen, sizeof(*b->seen), by_number);
	exact_init(text);
	free(text);
	return 0;
}

/* What is in no mount of the sandbox has a path too, of where it once was. */
static bool
is_inside(const struct broker *b, uint64_t mount)
{
	return bsearch(&mount, b->seen, b->nseen, sizeof(mount),
	    by_number) != NULL;
}

/* The kernel puts " (deleted)" after the last path of a name that is gone; a
 * file may also be called so. Whoever holds a descriptor without access
 * (O_PATH) of a denied file must not open it when somebody outside replaces
 * it: what has no name left is judged by the one it had. */
static enum object_kind
kind_of_deleted(const struct statx *st, char *path, size_t len)
{
	struct statx there;

	if (statx(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, STATX_INO, &there) ==
	    0 && st->stx_dev_major == there.stx_dev_major &&
	    st->stx_dev_minor == there.stx_dev_minor &&
	    st->stx_ino == there.stx_ino)
		return OBJECT_NAMED;
	/* with another name left, which may be a protected one, it is not
	 * for whoever still has it open to change its rights to it */
	if (st->stx_nlink != 0)
		return OBJECT_OUTSIDE;
	path[len] = '\0';
	return OBJECT_NAMED;
}

enum object_kind
object_path(const struct broker *b, int fd, char path[PATH_BYTES_MAX])
{
	ssize_t n = readlinkat(b->fds, fd_name(fd).text, path,
	    PATH_BYTES_MAX - 1);
	const size_t tail = sizeof(deleted) - 1;
	struct statx st;

	if (n <= 0)
		return OBJECT_OUTSIDE;
	path[n] = '\0';
	if (path[0] != '/')
		return OBJECT_NAMELESS;
	if (statx(fd, "", AT_EMPTY_PATH, STATX_INO | STATX_NLINK | MNT_ID,
		&st) == -1)
		return OBJECT_OUTSIDE;
	if ((st.stx_mask & MNT_ID) == 0 || !is_inside(b, st.stx_mnt_id))
		return st.stx_nlink == 0 ? OBJECT_NAMELESS : OBJECT_OUTSIDE;
	if ((size_t)n > tail && strcmp(path + n - tail, deleted) == 0)
		return kind_of_deleted(&st, path, (size_t)n - tail);
	return OBJECT_NAMED;
}

/* What the operator's mount gives that the path lies in: the innermost. */
static unsigned
mounted(const struct broker *b, const char *path)
{
	const struct mount *best = NULL;

	for (uint32_t i = 0; i < b->nmounts; i++) {
		const struct mount *m = &b->mounts[i];

		if (strncmp(path, m->inside, m->len) == 0 &&
		    (path[m->len] == '/' || path[m->len] == '\0') &&
		    (best == NULL || m->len > best->len))
			best = m;
	}
	return best == NULL ? 0 : best->access;
}

bool
path_is_own(const struct broker *b, const char *path)
{
	static const char *const trees[] = { "/tmp", "/var/tmp", "/run",
		"/dev/shm", "/home/sandbox" };

	for (size_t i = 0; i < NELEM(trees); i++) {
		const size_t len = strlen(trees[i]);

		if (strncmp(path, trees[i], len) == 0 &&
		    (path[len] == '/' || path[len] == '\0'))
			return mounted(b, path) == 0;
	}
	return false;
}

bool
mount_is_below(const struct broker *b, const char *path)
{
	const size_t len = strlen(path);

	for (uint32_t i = 0; i < b->nmounts; i++)
		if (strncmp(b->mounts[i].inside, path, len) == 0 &&
		    b->mounts[i].inside[len] == '/')
			return true;
	return false;
}

unsigned
judge_mask(const struct ask *a, const char *path)
{
	const struct file_query q = { .path = str_c(path),
		.access = FILE_READ | FILE_WRITE,
		.mounted = mounted(a->b, path),
		.profiles = a->profiles };

	return policy_file_judge(a->image, &q);
}

bool
judge_guarded(const struct ask *a, const char *path)
{
	const struct file_query q = { .path = str_c(path),
		.access = FILE_WRITE, .mounted = mounted(a->b, path),
		.profiles = a->profiles };

	return policy_file_guarded(a->image, &q);
}

bool
judge_names(const struct ask *a, const char *path, unsigned access)
{
	const struct file_query q = { .path = str_c(path), .access = access,
		.mounted = mounted(a->b, path),
		.profiles = a->profiles };
	struct file_answer got;

	policy_file(a->image, &q, &got);
	return got.judged == VERDICT_ALLOW &&
	    str_eqz(got.rule.text, path);
}

static bool
looks_missing(const struct ask *a, const char *path)
{
	const struct file_query q = { .path = str_c(path),
		.access = FILE_READ, .mounted = mounted(a->b, path),
		.profiles = a->profiles };
	struct file_answer got;

	policy_file(a->image, &q, &got);
	return got.hidden;
}

bool
judge_hidden(const struct ask *a, const char *path)
{
	return a->b->hides && judge_mask(a, path) == 0 &&
	    looks_missing(a, path);
}

bool
judge_unlisted(const struct ask *a, const char *path)
{
	return a->b->hides && (judge_mask(a, path) & FILE_READ) == 0 &&
	    looks_missing(a, path);
}

bool
judge_lists_some(const struct ask *a, const char *path)
{
	struct file_below below;

	if (!a->b->hides)
		return false;
	if (image_profiles(a->image) > 0)
		return true;
	policy_file_below(a->image, str_c(path), mounted(a->b, path), &below);
	return below.read != FILE_ALL;
}

bool
judge_is_open(const struct ask *a)
{
	const struct image_info *info = image_info(a->image);

	return info->mode != POLICY_ENFORCE && !info->bounded;
}

bool
judge_watches(const struct ask *a)
{
	return image_info(a->image)->mode == POLICY_AUDIT;
}

int
judge_path(const struct ask *a, const char *path, unsigned access)
{
	const struct file_query q = { .path = str_c(path), .access = access,
		.mounted = mounted(a->b, path),
		.profiles = a->profiles };
	const bool watched = judge_watches(a);
	struct file_answer got;

	if (!watched &&
	    (policy_file_judge(a->image, &q) & access) == access)
		return 0;
	policy_file(a->image, &q, &got);
	if (watched)
		event_seen(a, path, access, &got);
	else
		event_denied(a, path, access, &got);
	if (got.verdict == VERDICT_ALLOW)
		return 0;
	return got.hidden ? -ENOENT : -EACCES;
}

/* /proc/PID/mem of another: Yama lets an ancestor read it, which we are of
 * everybody and the caller is not. */
static bool
is_others_memory(const struct ask *a, const char *path)
{
	const char *last = strrchr(path, '/');
	struct caller_ids ids;

	if (strncmp(path, "/proc/", 6) != 0 || strcmp(last, "/mem") != 0)
		return false;
	return caller_ids(a, &ids) != 0 || atoi(path + 6) != ids.in_tgid;
}

int
judge_object(const struct ask *a, int fd, unsigned access)
{
	char path[PATH_BYTES_MAX];

	switch (object_path(a->b, fd, path)) {
	case OBJECT_NAMED:
		if (is_others_memory(a, path) ||
		    peer_path(a, path, access) != 0 ||
		    peer_terminal(a, fd, path) != 0)
			return -EACCES;
		return judge_path(a, path, access);
	case OBJECT_NAMELESS:
		return 0; /* reached through a descriptor that they hold */
	case OBJECT_OUTSIDE:
		break;
	}
	return -EACCES;
}
