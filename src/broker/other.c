/* other.c -- names that are not files' own calls: a socket's address, and
 * what a watch is set on. */
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clean.h"
#include "broker/broker.h"
#include "policy/image.h"

/* What a watch tells cannot be sifted: it goes from the kernel to who reads. */
static bool
tells_hidden(const struct ask *a, int held)
{
	char path[PATH_BYTES_MAX];

	return object_path(a->b, held, path) == OBJECT_NAMED &&
	    judge_lists_some(a, path) && !path_is_own(a->b, path);
}

/* A watch on a directory tells the names in it, as listing does. */
long
ask_watch(const struct ask *a)
{
	const uint32_t mask = (uint32_t)a->arg[2];
	char path[PATH_BYTES_MAX];
	CLEAN_FD int watcher = -1, held = -1;
	struct stat st;
	int rc = caller_string(a, a->arg[1], path);

	if (rc != 0)
		return rc;
	watcher = caller_fd(a, (int)a->arg[0]);
	if (watcher < 0)
		return watcher;
	held = walk_from(a, AT_FDCWD, path,
	    (mask & IN_DONT_FOLLOW) != 0 ? WALK_LINK : 0);
	if (held < 0)
		return held;
	if (fstat(held, &st) == -1)
		return -errno;
	if ((mask & IN_ONLYDIR) != 0 && !S_ISDIR(st.st_mode))
		return -ENOTDIR;
	rc = judge_object(a, held, FILE_READ);
	if (rc != 0)
		return rc;
	if (S_ISDIR(st.st_mode) && tells_hidden(a, held))
		return -EACCES;
	rc = inotify_add_watch(watcher, fd_name(held).text,
	    mask & ~(uint32_t)(IN_DONT_FOLLOW | IN_ONLYDIR));
	return rc == -1 ? -errno : rc;
}

/* ---- bind ---- */

union address {
	struct sockaddr sa;
	struct sockaddr_un un;
	struct sockaddr_storage any;
};

/* Binds where path leads from cwd; where another thread could turn that, by
 * the held directory. */
static int
bind_steadily(const struct ask *a, int sock, const union address *to,
    socklen_t len, const char *path, int cwd, const struct spot *s)
{
	char above[sizeof(to->un.sun_path) + 1];
	const char *last = strrchr(path, '/');
	union address held = { .un = { .sun_family = AF_UNIX } };
	int n;

	(void)snprintf(above, sizeof(above), "%.*s",
	    last == NULL ? 1 : (int)(last + 1 - path),
	    last == NULL ? "." : path);
	if (walk_is_steady(a, cwd, above))
		return fchdir(cwd) == -1 ? -1 : bind(sock, &to->sa, len);
	n = snprintf(held.un.sun_path, sizeof(held.un.sun_path), "%s/%s",
	    fd_name(s->dir).text, s->name);
	if (n < 0 || (size_t)n >= sizeof(held.un.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	return bind(sock, &held.sa, sizeof(held.un));
}

/* The address keeps the caller's spelling, which getsockname(2) repeats, so
 * it is bound from the caller's directory. What comes of it must be the spot
 * that was judged: nothing inside can change names meanwhile, since that is
 * asked of us too, but somebody outside can. */
static long
bind_path(const struct ask *a, int sock, const union address *to,
    socklen_t len)
{
	char path[sizeof(to->un.sun_path) + 1] = "";
	CLEAN_FD int cwd = caller_dir(a, AT_FDCWD);
	mode_t mask;
	struct spot s = { .dir = -1 };
	struct stat st;
	long rc;

	memcpy(path, to->un.sun_path, len - offsetof(struct sockaddr_un,
		sun_path));
	rc = cwd < 0 ? cwd : spot_find(a, cwd, path, &s);
	if (rc == 0)
		rc = s.odd ? -EADDRINUSE : judge_path(a, s.path, FILE_WRITE);
	if (rc == 0)
		rc = mask_of(a, &mask);
	if (rc == 0) {
		(void)umask(mask);
		rc = bind_steadily(a, sock, to, len, path, cwd, &s);
		rc = rc == -1 ? -errno : 0;
		if (fchdir(a->b->fds) == -1)
			_exit(1); /* all that follows would be amiss */
		if (rc == 0 && (fstatat(s.dir, s.name, &st,
			AT_SYMLINK_NOFOLLOW) == -1 || !S_ISSOCK(st.st_mode)))
			rc = -EACCES;
		if (rc == 0)
			socket_bound(s.dir, s.name);
	}
	spot_fini(&s);
	return rc;
}

long
ask_bind(const struct ask *a)
{
	union address to = { .any = { 0 } };
	const int len = (int)a->arg[2];
	CLEAN_FD int sock = -1;
	int rc;

	if (len < 0 || (size_t)len > sizeof(to))
		return -EINVAL;
	rc = caller_bytes(a, a->arg[1], &to, (size_t)len);
	if (rc != 0)
		return rc;
	sock = caller_fd(a, (int)a->arg[0]);
	if (sock < 0)
		return sock;
	if ((size_t)len > sizeof(sa_family_t) && to.sa.sa_family == AF_UNIX &&
	    to.un.sun_path[0] != '\0') {
		if ((size_t)len > sizeof(to.un))
			return -EINVAL;
		return bind_path(a, sock, &to, (socklen_t)len);
	}
	if (bind(sock, &to.sa, (socklen_t)len) == -1)
		return -errno;
	port_bound(a, sock);
	return 0;
}
