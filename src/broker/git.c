/* git.c -- a repository's configuration, which git outside obeys.
 *
 * It is a protected name. But git writes it all day (init, clone, a branch
 * that follows another), always by renaming "config.lock" to it. So where
 * nothing but the protection is in the way, and the settings in it run nothing
 * that the old ones did not (policy/git_config.h), we write what we have read
 * as a file of our own: the caller's may be open in its hands, and be written
 * later. Ours is a protected name, too, so nobody opens it meanwhile (we
 * answer one question at a time, but helpers answer others).
 *
 * With it goes its directory's name, which as a file would say that the
 * repository is elsewhere: a directory may be made there, and one that is
 * empty be removed. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clean.h"
#include "base/err.h"
#include "base/io.h"
#include "broker/broker.h"
#include "policy/files.h"
#include "policy/git_config.h"

#define OURS "config.openshell"

static bool
ends_in(const char *path, const char *end)
{
	const size_t n = strlen(path), m = strlen(end);

	return n > m && strcmp(path + n - m, end) == 0;
}

static bool
is_config(const struct ask *a, const char *path)
{
	return ends_in(path, "/.git/config") && !judge_is_open(a) &&
	    judge_guarded(a, path);
}

bool
git_may_make(const struct ask *a, const struct spot *s)
{
	return !s->odd && ends_in(s->path, "/.git") && !judge_is_open(a) &&
	    judge_guarded(a, s->path);
}

bool
git_is_config(const struct ask *a, const struct spot *s)
{
	return !s->odd && strchr(s->name, '/') == NULL &&
	    is_config(a, s->path);
}

/* A regular file's text; one that is not there has none. */
static int
read_text(int dir, const char *name, char text[GIT_CONFIG_BYTES_MAX],
    struct str *out, struct stat *st)
{
	CLEAN_FD int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW |
		O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	size_t n = 0;
	ssize_t got = 1;

	*st = (struct stat){ 0 };
	*out = STR("");
	if (fd == -1)
		return errno == ENOENT ? 0 : -errno;
	if (fstat(fd, st) == -1 || !S_ISREG(st->st_mode))
		return -EACCES;
	while (got > 0 && n < GIT_CONFIG_BYTES_MAX) {
		got = read(fd, text + n, GIT_CONFIG_BYTES_MAX - n);
		if (got == -1)
			return -errno;
		n += (size_t)got;
	}
	*out = str_of(text, n);
	return n < GIT_CONFIG_BYTES_MAX ? 0 : -EFBIG;
}

static long
refuse(const struct ask *a, const char *path, const char *setting)
{
	struct file_answer got = { .verdict = VERDICT_DENY,
		.judged = VERDICT_DENY };

	(void)snprintf(got.reason, sizeof(got.reason), "git outside would "
	    "obey this setting: %.140s; allow the file's exact path to let "
	    "it be written", setting);
	event_denied(a, path, FILE_WRITE, &got);
	return -EACCES;
}

/* Nobody but its owner is to write it who could not before. */
static mode_t
mode_of(const struct stat *was, const struct stat *is)
{
	const mode_t shared = S_IWGRP | S_IWOTH;

	return (is->st_mode & 0777 & ~shared) |
	    (is->st_mode & was->st_mode & shared);
}

static long
put(int dir, struct str text, mode_t mode)
{
	CLEAN_FD int fd = -1;
	struct err e;

	(void)unlinkat(dir, OURS, 0); /* it may be there, and then fails */
	(void)umask(0);
	fd = openat(dir, OURS, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW |
		O_CLOEXEC, mode);
	if (fd == -1)
		return -errno;
	if (io_write_all(fd, text, &e) == 0 &&
	    renameat2(dir, OURS, dir, "config", 0) == 0)
		return 0;
	(void)unlinkat(dir, OURS, 0); /* we say what went wrong already */
	return -EIO;
}

long
git_config_put(const struct ask *a, const struct spot *from,
    const struct spot *to)
{
	static char was[GIT_CONFIG_BYTES_MAX], is[GIT_CONFIG_BYTES_MAX];
	struct str old, new_;
	struct stat st_old, st_new;
	char why[256];
	long rc;

	if (!ends_in(from->path, "/.git/config.lock") ||
	    strlen(from->path) != strlen(to->path) + strlen(".lock") ||
	    strncmp(from->path, to->path, strlen(to->path)) != 0)
		return judge_path(a, to->path, FILE_WRITE);
	rc = read_text(from->dir, from->name, is, &new_, &st_new);
	if (rc == 0 && st_new.st_mode == 0)
		rc = -ENOENT;
	if (rc == 0)
		rc = read_text(to->dir, to->name, was, &old, &st_old);
	if (rc != 0)
		return rc;
	if (!git_config_harmless(old, new_, why, sizeof(why)))
		return refuse(a, to->path, why);
	rc = put(to->dir, new_, mode_of(&st_old, &st_new));
	if (rc == 0)
		(void)unlinkat(from->dir, from->name, 0); /* it was asked */
	return rc;
}

/* Without it git takes its own defaults, and nothing that it forbids. */
bool
git_config_may_go(const struct ask *a, const struct spot *s)
{
	static char text[GIT_CONFIG_BYTES_MAX];
	struct str is;
	struct stat st;
	char why[256];

	return git_is_config(a, s) &&
	    read_text(s->dir, s->name, text, &is, &st) == 0 &&
	    git_config_harmless(is, STR(""), why, sizeof(why));
}

/* Git tries so whether the file system has such bits. */
bool
git_may_toggle(const struct ask *a, int held, mode_t mode)
{
	const mode_t bits = S_IXUSR | S_IXGRP | S_IXOTH;
	char path[PATH_BYTES_MAX];
	struct stat st;

	return object_path(a->b, held, path) == OBJECT_NAMED &&
	    ends_in(path, "/.git/config") && is_config(a, path) &&
	    fstat(held, &st) == 0 &&
	    (((st.st_mode ^ mode) & 07777) & ~bits) == 0;
}
