/* connect.c -- whom a socket is connected to.
 *
 * A path in the address is a name like any other: to connect is to write to
 * the socket that it leads to. In the host's trees a socket may be a program's
 * outside, which would do for the sandbox what it may not; so there only those
 * are reached that were bound in the sandbox, and those that the policy names
 * exactly. Other addresses (IP, abstract names) are nothing that files are
 * about: they are here because nobody can tell before looking.
 *
 * The caller's own socket is connected, through a copy of its descriptor, and
 * a path by the object that was judged. */
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clean.h"
#include "base/compat.h"
#include "broker/broker.h"
#include "policy/files.h"

#define BOUND_MAX 1024

union address {
	struct sockaddr sa;
	struct sockaddr_un un;
	struct sockaddr_storage any;
};

struct call { /* one connect(2), ready to be made */
	int sock;
	union address to;
	socklen_t len;
};

/* ---- what was bound in the sandbox ---- */

struct identity { /* a number alone is given to another file later */
	uint64_t ino;
	struct statx_timestamp born;
	uint32_t major, minor;
};

static struct {
	struct identity v[BOUND_MAX];
	size_t n, next;		/* the oldest gives its place */
} bound;

static bool
identify(int dir, const char *name, struct identity *out)
{
	struct statx st;

	if (statx(dir, name, AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW, STATX_INO |
		STATX_BTIME, &st) == -1)
		return false;
	*out = (struct identity){ st.stx_ino, st.stx_btime, st.stx_dev_major,
		st.stx_dev_minor };
	return true;
}

static bool
is_same(const struct identity *a, const struct identity *b)
{
	return a->ino == b->ino && a->major == b->major &&
	    a->minor == b->minor && a->born.tv_sec == b->born.tv_sec &&
	    a->born.tv_nsec == b->born.tv_nsec;
}

void
socket_bound(int dir, const char *name)
{
	struct identity who;

	if (!identify(dir, name, &who))
		return;
	bound.v[bound.next] = who;
	bound.next = (bound.next + 1) % BOUND_MAX;
	if (bound.n < BOUND_MAX)
		bound.n++;
}

static bool
is_bound_inside(int held)
{
	struct identity who;

	if (!identify(held, "", &who))
		return false;
	for (size_t i = 0; i < bound.n; i++)
		if (is_same(&who, &bound.v[i]))
			return true;
	return false;
}

/* ---- a path ---- */

static int
judge_socket(const struct ask *a, int held)
{
	char path[PATH_BYTES_MAX];
	struct file_answer got = { .judged = VERDICT_DENY };
	int rc = judge_object(a, held, FILE_WRITE);

	if (rc != 0 || object_path(a->b, held, path) != OBJECT_NAMED ||
	    path_is_own(a->b, path) || is_bound_inside(held) ||
	    judge_names(a, path, FILE_WRITE))
		return rc;
	if (judge_is_open(a))
		got.verdict = VERDICT_ALLOW;
	(void)snprintf(got.reason, sizeof(got.reason), "a socket that a "
	    "program outside made: allow its exact path to let it be "
	    "reached");
	event_denied(a, path, FILE_WRITE, &got);
	return got.verdict == VERDICT_ALLOW ? 0 : -EACCES;
}

/* The socket that the path leads to, held and judged. */
static int
find_socket(const struct ask *a, const union address *to, socklen_t len)
{
	char path[sizeof(to->un.sun_path) + 1] = "";
	CLEAN_FD int held = -1;
	struct stat st;
	int rc;

	memcpy(path, to->un.sun_path, len - offsetof(struct sockaddr_un,
		sun_path));
	held = walk_from(a, AT_FDCWD, path, 0);
	if (held < 0)
		return held;
	if (fstat(held, &st) == -1)
		return -errno;
	rc = S_ISSOCK(st.st_mode) ? judge_socket(a, held) : -ECONNREFUSED;
	return rc != 0 ? rc : fd_take(&held);
}

/* ---- the call ---- */

static bool
may_wait(int sock)
{
	int type = SOCK_STREAM;
	socklen_t len = sizeof(type);

	(void)getsockopt(sock, SOL_SOCKET, SO_TYPE, &type, &len);
	return type != SOCK_DGRAM &&
	    (fcntl(sock, F_GETFL) & O_NONBLOCK) == 0;
}

static int
connect_wait(const struct ask *a, const void *arg)
{
	const struct call *c = arg;
	int rc = connect(c->sock, &c->to.sa, c->len) == -1 ? -errno : 0;

	/* whose socket it is, is told by who holds it (the finder) */
	(void)close(c->sock);
	helper_answer(a, rc, 0);
	return 0;
}

static long
connect_now(const struct ask *a, const struct call *c)
{
	if (may_wait(c->sock))
		return helper_start(a, connect_wait, c, NULL);
	return connect(c->sock, &c->to.sa, c->len) == -1 ? -errno : 0;
}

static bool
is_path(const struct call *c)
{
	int domain = 0;
	socklen_t len = sizeof(domain);

	return c->len > sizeof(sa_family_t) && c->to.sa.sa_family == AF_UNIX &&
	    c->to.un.sun_path[0] != '\0' &&
	    getsockopt(c->sock, SOL_SOCKET, SO_DOMAIN, &domain, &len) == 0 &&
	    domain == AF_UNIX;
}

long
ask_connect(const struct ask *a)
{
	struct call c = { .len = (socklen_t)a->arg[2] };
	CLEAN_FD int sock = -1, held = -1;
	int rc;

	if ((int)c.len < 0 || c.len > sizeof(c.to))
		return -EINVAL;
	rc = caller_bytes(a, a->arg[1], &c.to, c.len);
	if (rc != 0)
		return rc;
	sock = caller_fd(a, (int)a->arg[0]);
	if (sock < 0)
		return sock;
	c.sock = sock;
	rc = port_may_connect(a, sock, &c.to.sa, c.len);
	if (rc != 0)
		return rc;
	if (is_path(&c)) {
		if (c.len > sizeof(c.to.un))
			return -EINVAL;
		held = find_socket(a, &c.to, c.len);
		if (held < 0)
			return held;
		c.to.un = (struct sockaddr_un){ .sun_family = AF_UNIX };
		(void)snprintf(c.to.un.sun_path, sizeof(c.to.un.sun_path),
		    "%s", fd_name(held).text);
		c.len = sizeof(c.to.un);
	}
	return connect_now(a, &c);
}
