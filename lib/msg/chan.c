#include "msg/chan.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clean.h"
#include "base/err.h"
#include "base/must.h"
#include "base/clock.h"

static const struct {
	const char *name;
	uint32_t from, to;
	unsigned fds;
	size_t bytes;
} msgs[MSG_COUNT] = {
#define R(role) (1U << (role))
#define MSG(name, from, to, fds, bytes) \
	[MSG_##name] = { #name, from, to, fds, bytes },
#include "msg/msgs.def"
#undef MSG
};

const char *
msg_name(enum msg_type t)
{
	return (unsigned)t < MSG_COUNT && t != MSG_NONE ? msgs[t].name :
							   "NONE";
}

int
chan_pair(int fds[2], struct err *e)
{
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK,
		0, fds) == -1)
		return err_sys(e, "socketpair");
	return 0;
}

static bool
may_say(enum msg_type t, enum role from, enum role to, size_t bytes,
    unsigned fds)
{
	return t > MSG_NONE && t < MSG_COUNT &&
	    (msgs[t].from & R(from)) != 0 && (msgs[t].to & R(to)) != 0 &&
	    bytes <= msgs[t].bytes && fds <= msgs[t].fds;
}

static void
head_put(unsigned char h[CHAN_HEAD_BYTES], enum msg_type t, uint32_t id)
{
	h[0] = (unsigned char)t;
	h[1] = (unsigned char)((unsigned)t >> 8);
	h[2] = h[3] = 0;
	for (int i = 0; i < 4; i++)
		h[4 + i] = (unsigned char)(id >> (8 * i));
}

int
chan_send(struct chan *c, enum msg_type t, uint32_t id, struct str body,
    const int *fds, unsigned nfds, struct err *e)
{
	unsigned char head[CHAN_HEAD_BYTES];
	union {
		struct cmsghdr h;
		char bytes[CMSG_SPACE(sizeof(int) * MSG_FDS_MAX)];
	} ctl = { .bytes = { 0 } };
	struct iovec iov[2] = { { head, sizeof(head) },
		{ (void *)(uintptr_t)body.p, body.len } };
	struct msghdr mh = { .msg_iov = iov, .msg_iovlen = 2 };

	must(may_say(t, c->self, c->peer, body.len, nfds));
	head_put(head, t, id);
	if (nfds > 0) {
		mh.msg_control = ctl.bytes;
		mh.msg_controllen = CMSG_SPACE(sizeof(int) * nfds);
		ctl.h.cmsg_level = SOL_SOCKET;
		ctl.h.cmsg_type = SCM_RIGHTS;
		ctl.h.cmsg_len = CMSG_LEN(sizeof(int) * nfds);
		memcpy(CMSG_DATA(&ctl.h), fds, sizeof(int) * nfds);
	}
	for (;;) {
		if (sendmsg(c->fd, &mh, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0)
			return 1;
		if (errno == EINTR)
			continue;
		if (errno == EAGAIN || errno == ENOBUFS)
			return 0;
		return err_sys(e, "send %s to %s", msg_name(t),
		    role_name(c->peer));
	}
}

int
chan_send_wait(struct chan *c, enum msg_type t, uint32_t id, struct str body,
    const int *fds, unsigned nfds, int ms, struct err *e)
{
	int64_t until = clock_mono().v + (int64_t)ms * 1000;

	for (;;) {
		int rc = chan_send(c, t, id, body, fds, nfds, e);
		int64_t left = (until - clock_mono().v) / 1000;
		struct pollfd p = { .fd = c->fd, .events = POLLOUT };

		if (rc != 0)
			return rc;
		if (left <= 0)
			return err_set(e, ERR_PEER,
			    "send %s: %s has not read for %d ms", msg_name(t),
			    role_name(c->peer), ms);
		(void)poll(&p, 1, (int)left);
	}
}

/* Takes every descriptor that came, even ones that are too many. */
static void
take_fds(struct msghdr *mh, struct msg *m, bool *too_many)
{
	for (struct cmsghdr *h = CMSG_FIRSTHDR(mh); h != NULL;
	    h = CMSG_NXTHDR(mh, h)) {
		size_t n = (h->cmsg_len - CMSG_LEN(0)) / sizeof(int);

		if (h->cmsg_level != SOL_SOCKET || h->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t i = 0; i < n; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(h) + i * sizeof(int),
			    sizeof(fd));
			if (m->nfds < MSG_FDS_MAX) {
				m->fds[m->nfds++] = fd;
				continue;
			}
			(void)close(fd);
			*too_many = true;
		}
	}
}

enum chan_got
chan_recv(struct chan *c, unsigned char *buf, struct msg *m, struct err *e)
{
	union {
		struct cmsghdr h;
		char bytes[CMSG_SPACE(sizeof(int) * (MSG_FDS_MAX + 1))];
	} ctl;
	struct iovec iov = { buf, MSG_BYTES_MAX + CHAN_HEAD_BYTES };
	struct msghdr mh = { .msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = ctl.bytes, .msg_controllen = sizeof(ctl) };
	bool too_many = false;
	ssize_t n;

	*m = (struct msg){ .type = MSG_NONE };
	do
		n = recvmsg(c->fd, &mh, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
	while (n == -1 && errno == EINTR);
	if (n == -1 && errno == EAGAIN)
		return CHAN_AGAIN;
	if (n == -1 && errno == ECONNRESET)
		return CHAN_END;
	if (n == -1)
		return err_sys(e, "receive from %s", role_name(c->peer));
	take_fds(&mh, m, &too_many);
	if (n == 0 && m->nfds == 0)
		return CHAN_END;
	if (n >= CHAN_HEAD_BYTES) {
		m->type = (enum msg_type)(buf[0] | buf[1] << 8);
		for (int i = 0; i < 4; i++)
			m->id |= (uint32_t)buf[4 + i] << (8 * i);
		m->body = str_of((const char *)buf + CHAN_HEAD_BYTES,
		    (size_t)n - CHAN_HEAD_BYTES);
	}
	if (n < CHAN_HEAD_BYTES || buf[2] != 0 || buf[3] != 0 || too_many ||
	    (mh.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0 ||
	    !may_say(m->type, c->peer, c->self, m->body.len, m->nfds)) {
		msg_close(m);
		return err_set(e, ERR_PEER,
		    "%s sent a message that it may not (type %d, %zd bytes)",
		    role_name(c->peer), (int)m->type, n);
	}
	return CHAN_MSG;
}

enum chan_got
chan_recv_wait(struct chan *c, unsigned char *buf, struct msg *m, int ms,
    struct err *e)
{
	int64_t until = clock_mono().v + (int64_t)ms * 1000;

	for (;;) {
		enum chan_got got = chan_recv(c, buf, m, e);
		int64_t left = ms < 0 ? -1 : (until - clock_mono().v) / 1000;
		struct pollfd p = { .fd = c->fd, .events = POLLIN };

		if (got != CHAN_AGAIN || (ms >= 0 && left <= 0))
			return got;
		(void)poll(&p, 1, (int)left);
	}
}

int
msg_take_fd(struct msg *m, unsigned i)
{
	return i < m->nfds ? fd_take(&m->fds[i]) : -1;
}

void
msg_close(struct msg *m)
{
	for (unsigned i = 0; i < m->nfds; i++)
		fd_close(&m->fds[i]);
	m->nfds = 0;
}

void
chan_close(struct chan *c)
{
	fd_close(&c->fd);
}
