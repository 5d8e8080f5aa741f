#include "base/io.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clean.h"
#include "base/err.h"
#include "base/must.h"

int
io_read_all(int fd, size_t max, char **out, size_t *len, struct err *e)
{
	struct buf b;
	ssize_t n;

	buf_init(&b, max + 1);
	for (;;) {
		size_t room;
		char *at = buf_space(&b, 65536, &room);

		if (at == NULL)
			break;
		n = read(fd, at, room);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1) {
			(void)err_sys(e, "read");
			buf_fini(&b);
			return -1;
		}
		if (n == 0)
			break;
		buf_added(&b, (size_t)n);
	}
	if (b.len > max) {
		buf_fini(&b);
		return err_set(e, ERR_LIMIT, "longer than %zu bytes", max);
	}
	*out = buf_take(&b, len);
	return 0;
}

int
io_read_file(int dirfd, const char *name, size_t max, char **out, size_t *len,
    struct err *e)
{
	CLEAN_FD int fd = openat(dirfd, name, O_RDONLY | O_CLOEXEC);

	if (fd == -1)
		return err_sys(e, "open %s", name);
	if (io_read_all(fd, max, out, len, e) == -1)
		return err_wrap(e, "%s", name);
	return 0;
}

int
io_write_all(int fd, struct str s, struct err *e)
{
	while (s.len > 0) {
		ssize_t n = write(fd, s.p, s.len);

		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return err_sys(e, "write");
		s = str_from(s, (size_t)n);
	}
	return 0;
}

int
io_replace_file(int dirfd, const char *name, mode_t mode, struct str s,
    struct err *e)
{
	CLEAN_FREE char *tmp = mem_printf("%s.%d.new", name, (int)getpid());
	CLEAN_FD int fd = openat(dirfd, tmp,
	    O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, mode);
	int rc;

	if (fd == -1)
		return err_sys(e, "create %s", tmp);
	rc = io_write_all(fd, s, e);
	if (rc == 0 && renameat(dirfd, tmp, dirfd, name) == -1)
		rc = err_sys(e, "replace %s", name);
	if (rc == -1)
		(void)unlinkat(dirfd, tmp, 0); /* best effort: already failing */
	return rc;
}

int
io_set_nonblock(int fd, bool on, struct err *e)
{
	int fl = fcntl(fd, F_GETFL);

	if (fl == -1 ||
	    fcntl(fd, F_SETFL, on ? fl | O_NONBLOCK : fl & ~O_NONBLOCK) == -1)
		return err_sys(e, "set O_NONBLOCK");
	return 0;
}

int
io_set_cloexec(int fd, bool on, struct err *e)
{
	if (fcntl(fd, F_SETFD, on ? FD_CLOEXEC : 0) == -1)
		return err_sys(e, "set FD_CLOEXEC");
	return 0;
}

int
io_memfd_sealed(const char *name, struct str s, struct err *e)
{
	CLEAN_FD int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	const int seals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE |
	    F_SEAL_SEAL;

	if (fd == -1)
		return err_sys(e, "memfd_create %s", name);
	if (io_write_all(fd, s, e) == -1)
		return -1;
	if (fcntl(fd, F_ADD_SEALS, seals) == -1)
		return err_sys(e, "seal %s", name);
	return fd_take(&fd);
}

int
io_mkdirs(const char *path, mode_t mode, struct err *e)
{
	CLEAN_FREE char *p = mem_strdup(path);

	for (char *at = p + 1;; at++) {
		char c = *at;

		if (c != '/' && c != '\0')
			continue;
		*at = '\0';
		if (mkdir(p, mode) == -1 && errno != EEXIST)
			return err_sys(e, "mkdir %s", p);
		if (c == '\0')
			return 0;
		*at = c;
	}
}

/* Fills sa with a short name for dir/name, through a held directory fd. */
static int
unix_name(const char *path, struct sockaddr_un *sa, int *dirfd, struct err *e)
{
	const char *slash = strrchr(path, '/');
	CLEAN_FREE char *dir = NULL;
	int n;

	*sa = (struct sockaddr_un){ .sun_family = AF_UNIX };
	if (slash == NULL)
		return err_set(e, ERR_INPUT, "%s: not an absolute path", path);
	dir = str_dup(str_of(path, slash == path ? 1 :
	    (size_t)(slash - path)));
	*dirfd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (*dirfd == -1)
		return err_sys(e, "open %s", dir);
	n = snprintf(sa->sun_path, sizeof(sa->sun_path),
	    "/proc/self/fd/%d/%s", *dirfd, slash + 1);
	if (n < 0 || (size_t)n >= sizeof(sa->sun_path))
		return err_set(e, ERR_INPUT, "%s: name too long", path);
	return 0;
}

int
io_unix_listen(const char *path, int type, int backlog, struct err *e)
{
	CLEAN_FD int fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK,
	    0);
	CLEAN_FD int dirfd = -1;
	struct sockaddr_un sa;
	mode_t old;
	int rc;

	if (fd == -1)
		return err_sys(e, "socket");
	if (unix_name(path, &sa, &dirfd, e) == -1)
		return -1;
	(void)unlink(sa.sun_path); /* ENOENT is the usual case */
	old = umask(0177);
	rc = bind(fd, (const struct sockaddr *)&sa, sizeof(sa));
	(void)umask(old);
	if (rc == -1 || listen(fd, backlog) == -1)
		return err_sys(e, "listen on %s", path);
	return fd_take(&fd);
}

int
io_unix_connect(const char *path, int type, struct err *e)
{
	CLEAN_FD int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
	CLEAN_FD int dirfd = -1;
	struct sockaddr_un sa;

	if (fd == -1)
		return err_sys(e, "socket");
	if (unix_name(path, &sa, &dirfd, e) == -1)
		return -1;
	if (connect(fd, (const struct sockaddr *)&sa, sizeof(sa)) == -1)
		return err_sys(e, "connect to %s", path);
	return fd_take(&fd);
}

int
io_peer(int fd, uid_t *uid, pid_t *pid, struct err *e)
{
	struct ucred cred;
	socklen_t len = sizeof(cred);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) == -1)
		return err_sys(e, "SO_PEERCRED");
	if (uid != NULL)
		*uid = cred.uid;
	if (pid != NULL)
		*pid = cred.pid;
	return 0;
}
