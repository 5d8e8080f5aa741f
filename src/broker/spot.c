/* spot.c -- a name in a directory, there or not. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/clean.h"
#include "broker/slow.h"

int
path_in(const struct ask *a, int dir, const char *name,
    char path[PATH_BYTES_MAX])
{
	size_t len, more = strcspn(name, "/");

	if (object_path(a->b, dir, path) != OBJECT_NAMED)
		return -ENOENT;
	len = strlen(path);
	if (len == 1)
		len = 0; /* "/" */
	if (len + 1 + more >= PATH_BYTES_MAX)
		return -ENAMETOOLONG;
	path[len] = '/';
	memcpy(path + len + 1, name, more);
	path[len + 1 + more] = '\0';
	return 0;
}

int
spot_find(const struct ask *a, int base, const char *path, struct spot *s)
{
	char above[PATH_BYTES_MAX];
	size_t end = strlen(path), from;
	bool slash = false;
	int fd, rc;

	*s = (struct spot){ .dir = -1 };
	if (end == 0)
		return -ENOENT;
	while (end > 0 && path[end - 1] == '/') {
		end--;
		slash = true;
	}
	for (from = end; from > 0 && path[from - 1] != '/';)
		from--;
	s->odd = end - from > NAME_MAX;	/* cut, it is still too long */
	if (s->odd)
		end = from + NAME_MAX + 1;
	memcpy(s->name, path + from, end - from);
	(void)strcpy(s->name + (end - from), slash && !s->odd ? "/" : "");
	(void)snprintf(above, sizeof(above), "%.*s", (int)from, path);
	fd = walk(a, base, from == 0 ? "." : above, 0);
	if (fd < 0)
		return fd;
	s->dir = fd;
	if (s->odd) /* some file systems have such names: not through us */
		return -ENAMETOOLONG;
	s->odd = end == from || strcmp(s->name, ".") == 0 ||
	    strcmp(s->name, "./") == 0 || strcmp(s->name, "..") == 0 ||
	    strcmp(s->name, "../") == 0;
	if (end == from)
		(void)strcpy(s->name, "/");
	rc = s->odd ? 0 : path_in(a, s->dir, s->name, s->path);
	if (rc == 0 && !s->odd && slow_path(a->b, s->path))
		return slow_turn(a->b);
	return rc;
}

int
spot_from(const struct ask *a, int dirfd, const char *path, struct spot *s)
{
	CLEAN_FD int base = -1;

	s->dir = -1;
	s->odd = false;
	if (exact_spot(a, dirfd, path, s))
		return caller_waits(a) ? 0 : -ESRCH;
	*s = (struct spot){ .dir = -1 };
	if (path[0] != '/') {
		base = caller_dir(a, dirfd);
		if (base < 0)
			return base;
	}
	if (!caller_waits(a))
		return -ESRCH;
	return spot_find(a, base == -1 ? AT_FDCWD : base, path, s);
}

void
spot_fini(struct spot *s)
{
	fd_close(&s->dir);
}
