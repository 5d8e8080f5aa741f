/* conn.c -- HTTP/1.1 on a Unix socket: one request, one answer, again.
 *
 *	READ ──head and body──▶ CALL ──answer──▶ WRITE ──all sent──▶ READ
 *	                          └──stream──▶ STREAM ──end──▶ WRITE
 *
 * While a call is parked the connection is watched for the caller's end
 * only; what it sends early waits in the socket.
 */
#include "conn.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clean.h"
#include "base/err.h"
#include "base/io.h"
#include "base/log.h"
#include "base/must.h"
#include "conn_impl.h"
#include "http/head.h"
#include "route.h"

#define READ_BYTES	65536
#define ACCEPTS_PER_TURN 16

void
conn_free(struct conn *c)
{
	struct gateway *g = c->g;

	loop_timer_stop(g->loop, &c->again);
	loop_unwatch(g->loop, &c->io);
	if (c->call.on_gone != NULL)
		c->call.on_gone(&c->call);
	json_decref(c->call.body);
	json_decref(c->call.extra);
	fd_close(&c->call.fd);
	fd_close(&c->send_fd);
	(void)close(c->io.fd);
	buf_fini(&c->in);
	buf_fini(&c->out);
	TAILQ_REMOVE(&g->conns, c, link);
	g->nconns--;
	free(c);
}

/* ---- writing ---- */

void
conn_rearm(struct conn *c)
{
	unsigned want = c->out.len > 0 ? (unsigned)LOOP_WRITE : 0U;

	if (c->state == CONN_READ)
		want |= LOOP_READ;
	/* the caller's end shows as a read of nothing */
	if ((c->state == CONN_CALL || c->state == CONN_STREAM) && !c->early)
		want |= LOOP_READ;
	loop_want(c->g->loop, &c->io, want);
}

static ssize_t
send_some(struct conn *c)
{
	struct str s = buf_str(&c->out);
	union {
		struct cmsghdr h;
		char bytes[CMSG_SPACE(sizeof(int))];
	} ctl = { .bytes = { 0 } };
	struct iovec iov = { (void *)(uintptr_t)s.p, s.len };
	struct msghdr mh = { .msg_iov = &iov, .msg_iovlen = 1 };
	ssize_t n;

	if (c->send_fd != -1) {
		mh.msg_control = ctl.bytes;
		mh.msg_controllen = sizeof(ctl.bytes);
		ctl.h.cmsg_level = SOL_SOCKET;
		ctl.h.cmsg_type = SCM_RIGHTS;
		ctl.h.cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(&ctl.h), &c->send_fd, sizeof(int));
	}
	do
		n = sendmsg(c->io.fd, &mh, MSG_NOSIGNAL | MSG_DONTWAIT);
	while (n == -1 && errno == EINTR);
	if (n > 0)
		fd_close(&c->send_fd);
	return n;
}

bool
conn_flush(struct conn *c)
{
	while (c->out.len > 0) {
		ssize_t n = send_some(c);

		if (n == -1)
			return errno == EAGAIN;
		buf_eat(&c->out, (size_t)n);
	}
	buf_shrink(&c->out);
	return true;
}

/* The answer is out: ready for the next request. */
static void
conn_next(struct conn *c)
{
	buf_eat(&c->in, c->head + (size_t)c->length);
	buf_shrink(&c->in);
	c->scan = c->head = 0;
	c->length = 0;
	c->state = CONN_READ;
	c->early = false;
	if (c->in.len > 0) /* not from here: answers would nest */
		loop_timer_set(c->g->loop, &c->again, usec_of_ms(0));
}

void
conn_advance(struct conn *c)
{
	if (!conn_flush(c)) {
		conn_free(c);
		return;
	}
	if (c->state == CONN_WRITE && c->out.len == 0) {
		if (c->close_after) {
			conn_free(c);
			return;
		}
		conn_next(c);
	}
	conn_rearm(c);
	if (c->state == CONN_STREAM && c->out.len == 0 &&
	    c->call.on_room != NULL)
		c->call.on_room(&c->call);
}

/* ---- reading ---- */

/* A request that cannot be understood ends the connection after it. */
static void
refuse(struct conn *c, unsigned status, const char *why)
{
	c->state = CONN_CALL;
	c->close_after = true;
	c->head = c->in.len;
	c->length = 0;
	call_fail(&c->call, status,
	    status == 413 || status == 414 || status == 431 ? "too_large" :
							      "bad_request",
	    NULL, "%s", why);
}

/* false: answered with a refusal, c may be gone. */
static bool
take_head(struct conn *c, const struct http_head *h)
{
	if (h->chunked) {
		refuse(c, 400, "a body needs Content-Length; chunked ones "
		    "are not taken");
		return false;
	}
	if (h->has_length && h->length > BODY_BYTES_MAX) {
		refuse(c, 413, "the body is over 8 MiB");
		return false;
	}
	c->length = h->has_length ? h->length : 0;
	c->close_after = !http_keeps_alive(h);
	if (h->expects && c->in.len < c->head + c->length &&
	    !buf_addz(&c->out, "HTTP/1.1 100 Continue\r\n\r\n"))
		return false;
	return true;
}

/* One request, if it is all there; false: more is needed, or c is gone. */
static void
conn_parse(struct conn *c)
{
	static struct http_head h;	/* 6 KiB, not for the stack */
	struct http_fault f = { 400, "" };
	struct str in = buf_str(&c->in);
	bool first = c->head == 0;
	enum parse got = first ?
	    http_head_find(in, &c->scan, &c->head, &f) : PARSE_OK;

	if (got == PARSE_OK)
		got = http_request_parse(str_head(in, c->head), &h, &f);
	if (got == PARSE_BAD) {
		refuse(c, f.status, f.why);
		return;
	}
	if (got == PARSE_OK && first && !take_head(c, &h))
		return;
	if (got == PARSE_MORE || c->in.len < c->head + c->length) {
		conn_advance(c);
		return;
	}
	c->state = CONN_CALL;
	c->call.method = h.method;
	route_call(&c->call, h.target,
	    str_of(in.p + c->head, (size_t)c->length));
}

static void
on_again(struct loop *l, void *arg)
{
	(void)l;
	conn_parse(arg);
}

/* -1: the caller has gone; 0: nothing to read now. */
static ssize_t
read_some(struct conn *c)
{
	size_t room;
	char *at = buf_space(&c->in, READ_BYTES, &room);
	ssize_t n;

	must(at != NULL); /* head and body are bounded below the buffer */
	do
		n = recv(c->io.fd, at, room, MSG_DONTWAIT);
	while (n == -1 && errno == EINTR);
	if (n == -1)
		return errno == EAGAIN ? 0 : -1;
	if (n == 0)
		return -1;
	buf_added(&c->in, (size_t)n);
	return n;
}

/* While a call is under way its request stays where it is in the buffer.
 * false: the caller has gone. */
static bool
look_for_end(struct conn *c)
{
	char byte;
	ssize_t n = recv(c->io.fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);

	if (n > 0)
		c->early = true;
	return n > 0 || (n == -1 && (errno == EAGAIN || errno == EINTR));
}

static void
on_io(struct loop *l, unsigned events, void *arg)
{
	struct conn *c = arg;
	ssize_t n;

	(void)l;
	if ((events & LOOP_HANGUP) != 0 && (events & LOOP_READ) == 0 &&
	    c->out.len == 0) {
		conn_free(c);
		return;
	}
	if ((events & LOOP_READ) != 0) {
		n = c->state == CONN_READ ? read_some(c) :
		    look_for_end(c)	  ? 0 :
					    -1;
		if (n == -1) {
			conn_free(c);
			return;
		}
		if (n > 0) {
			conn_parse(c);
			return;
		}
	}
	conn_advance(c);
}

static void
conn_new(struct gateway *g, int fd)
{
	struct conn *c = mem_alloc(1, sizeof(*c));
	struct err e = { 0 };

	c->g = g;
	c->io = (struct loop_io){ .fd = fd, .want = LOOP_READ,
		.on_io = on_io, .arg = c };
	c->again = (struct loop_timer){ .on_time = on_again, .arg = c };
	c->call = (struct call){ .g = g, .conn = c, .fd = -1 };
	c->send_fd = -1;
	buf_init(&c->in, HTTP_HEAD_BYTES_MAX + BODY_BYTES_MAX + READ_BYTES);
	buf_init(&c->out, OUT_BYTES_MAX);
	TAILQ_INSERT_TAIL(&g->conns, c, link);
	g->nconns++;
	if (loop_watch(g->loop, &c->io, &e) == -1) {
		log_warn("%s", e.text);
		conn_free(c);
	}
}

static void
on_listen(struct loop *l, unsigned events, void *arg)
{
	struct gateway *g = arg;

	(void)l;
	(void)events;
	for (int i = 0; i < ACCEPTS_PER_TURN; i++) {
		CLEAN_FD int fd = accept4(g->listen.fd, NULL, NULL,
		    SOCK_CLOEXEC | SOCK_NONBLOCK);
		struct err e = { 0 };
		uid_t uid;

		if (fd == -1)
			return;
		if (io_peer(fd, &uid, NULL, &e) == -1 || uid != geteuid()) {
			log_warn("another user's connection refused");
			continue;
		}
		if (g->nconns < CONN_COUNT_MAX)
			conn_new(g, fd_take(&fd));
	}
}

int
conns_open(struct gateway *g, int fd, struct err *e)
{
	TAILQ_INIT(&g->conns);
	g->listen = (struct loop_io){ .fd = fd, .want = LOOP_READ,
		.on_io = on_listen, .arg = g };
	return loop_watch(g->loop, &g->listen, e);
}

void
conns_close(struct gateway *g)
{
	loop_unwatch(g->loop, &g->listen);
	fd_close(&g->listen.fd);
	while (!TAILQ_EMPTY(&g->conns)) {
		struct conn *c = TAILQ_FIRST(&g->conns);

		(void)conn_flush(c); /* what does not go now is lost */
		conn_free(c);
	}
}
