#include "stream.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clean.h"
#include "base/must.h"
#include "http/body.h"
#include "meter.h"

void
stream_init(struct stream *s, int fd, bool outward,
    void (*on_io)(struct loop *l, unsigned events, void *arg), void *arg)
{
	*s = (struct stream){ .io = { .fd = fd, .want = LOOP_READ,
				  .on_io = on_io, .arg = arg },
		.outward = outward };
	buf_init(&s->in, STREAM_IN_BYTES_MAX);
	buf_init(&s->out, BODY_BUF_MAX);
}

bool
stream_is_open(const struct stream *s)
{
	return s->io.fd != -1;
}

/* ---- carried by another ---- */

void
stream_init_carried(struct stream *s, struct stream *carrier,
    struct h2_stream *h2, bool outward,
    void (*on_io)(struct loop *l, unsigned events, void *arg), void *arg)
{
	stream_init(s, -1, outward, on_io, arg);
	s->h2 = h2;
	s->carrier = carrier;
	h2_own(h2, s, &s->in, &s->out);
}

void
stream_on_h2(struct loop *l, struct stream *s, unsigned events)
{
	const struct h2_stream *h = s->h2;
	unsigned io = LOOP_NONE;

	if ((events & ~(unsigned)H2_ROOM) != 0)
		s->ready = true;
	else if (!s->tell || s->out.len > BODY_ROOM / 2)
		return;
	if (h->cut)
		s->failed = s->hung = true;
	if (h->ended || h->over || h->cut)
		s->ended = true;
	if (s->hung)
		io = LOOP_HANGUP;
	s->tell = false;
	s->io.on_io(l, io, s->io.arg); /* may free s */
}

/* What came was put into in already. */
static enum stream_got
carried_read(struct stream *s)
{
	s->ready = false;
	return STREAM_SOME;
}

static void
carried_close(struct stream *s)
{
	h2_close(s->h2, s->h2->sent && !s->outward ? H2_NO_ERROR :
		s->outward || s->recalled ? H2_CANCEL : H2_INTERNAL_ERROR);
	s->h2 = NULL;
}

void
stream_close(struct loop *l, struct stream *s)
{
	must(!s->queued);
	if (s->h2 != NULL)
		carried_close(s);
	loop_unwatch(l, &s->io);
	if (s->ssl != NULL && !s->failed && !s->broken &&
	    SSL_is_init_finished(s->ssl))
		(void)SSL_shutdown(s->ssl); /* a courtesy; never waited for */
	if (s->meter != NULL)
		meter_end(s);
	s->mux = NULL;
	SSL_free(s->ssl);
	s->ssl = NULL;
	ERR_clear_error();
	fd_close(&s->io.fd);
	buf_fini(&s->in);
	buf_fini(&s->out);
}

/* ---- reading ---- */

static enum stream_got
tls_stopped(struct stream *s, int rc)
{
	switch (SSL_get_error(s->ssl, rc)) {
	case SSL_ERROR_WANT_READ:
		if (!s->hung)
			return STREAM_AGAIN;
		break;
	case SSL_ERROR_WANT_WRITE:
		s->tls_writes = true;
		return STREAM_AGAIN;
	case SSL_ERROR_ZERO_RETURN: /* its word, whatever came after it */
		s->ended = true;
		return STREAM_END;
	case SSL_ERROR_SSL: /* an alert, say */
		if (ERR_GET_REASON(ERR_peek_last_error()) !=
		    SSL_R_UNEXPECTED_EOF_WHILE_READING)
			s->why = ERR_reason_error_string(
			    ERR_peek_last_error());
		break;
	default: /* a cut without goodbye is here, too */
		break;
	}
	s->ended = s->failed = true;
	return STREAM_FAILED;
}

static enum stream_got
tls_read(struct stream *s, char *p, size_t room, size_t *n)
{
	int rc;

	ERR_clear_error();
	s->tls_writes = false;
	rc = SSL_read(s->ssl, p, (int)room);
	if (rc <= 0) {
		s->ready = false;
		return tls_stopped(s, rc);
	}
	*n = (size_t)rc;
	s->ready = s->hung || SSL_has_pending(s->ssl) == 1;
	return STREAM_SOME;
}

static enum stream_got
plain_read(struct stream *s, char *p, size_t room, size_t *n, int flags)
{
	ssize_t rc = recv(s->io.fd, p, room, flags);

	s->ready = s->hung || rc == (ssize_t)room;
	if (rc > 0) {
		*n = (size_t)rc;
		return STREAM_SOME;
	}
	if (rc == -1 && (errno == EAGAIN || errno == EINTR) && !s->hung)
		return STREAM_AGAIN;
	s->ended = true;
	s->failed = rc == -1 || s->broken;
	return s->failed ? STREAM_FAILED : STREAM_END;
}

static enum stream_got
read_into(struct stream *s, struct buf *b, size_t most, size_t *n)
{
	enum stream_got got;
	size_t room;
	char *p;

	*n = 0;
	if (s->ended)
		return s->failed ? STREAM_FAILED : STREAM_END;
	p = buf_space(b, most < STREAM_READ_BYTES ? most : STREAM_READ_BYTES,
	    &room);
	if (room == 0)
		return STREAM_AGAIN;
	got = s->ssl != NULL ? tls_read(s, p, room, n) :
			       plain_read(s, p, room, n, 0);
	buf_added(b, *n);
	return got;
}

enum stream_got
stream_fill(struct stream *s)
{
	size_t n;

	return s->h2 != NULL ? carried_read(s) : read_into(s, &s->in, SIZE_MAX, &n);
}

enum stream_got
stream_pass(struct stream *s, struct buf *to, size_t *n)
{
	*n = 0;
	if (to->len >= BODY_ROOM)
		return STREAM_AGAIN;
	return read_into(s, to, SIZE_MAX, n);
}

enum stream_got
stream_pass_upto(struct stream *s, struct buf *to, size_t most, size_t *n)
{
	return read_into(s, to, most, n);
}

void
stream_acknowledge(struct stream *s)
{
	int fd = s->h2 != NULL ? s->carrier->io.fd : s->io.fd, one = 1;

	(void)setsockopt(fd, IPPROTO_TCP, TCP_QUICKACK, &one,
	    sizeof(one));
}

/* ---- looking without taking ---- */

static void
wake_at(struct stream *s, size_t bytes)
{
	int n = (int)bytes;

	(void)setsockopt(s->io.fd, SOL_SOCKET, SO_RCVLOWAT, &n, sizeof(n));
}

enum stream_got
stream_peek(struct stream *s)
{
	enum stream_got got;
	size_t n = 0, room, before = s->in.len;
	char *p;

	buf_clear(&s->in);
	p = buf_space(&s->in, STREAM_IN_BYTES_MAX, &room);
	got = plain_read(s, p, room, &n, MSG_PEEK);
	buf_added(&s->in, n);
	s->ready = false;
	if (n > 0 && n == before) { /* woken, and not by more: the end */
		s->ended = true;
		return STREAM_END;
	}
	if (n > 0)
		wake_at(s, n + 1);
	return got;
}

enum stream_got
stream_take(struct stream *s, size_t n)
{
	enum stream_got got = STREAM_SOME;
	size_t took = 0;

	must(n <= s->in.len);
	wake_at(s, 1);
	if (n > 0)
		got = plain_read(s, s->in.p + s->in.off, n, &took, 0);
	s->in.len = took;
	s->ready = true;
	return got == STREAM_SOME && took != n ? STREAM_FAILED : got;
}

/* ---- writing ---- */

static ssize_t
write_some(struct stream *s, struct str bytes)
{
	int rc;

	if (s->ssl == NULL) {
		ssize_t n = send(s->io.fd, bytes.p, bytes.len, MSG_NOSIGNAL);

		return n == -1 && (errno == EAGAIN || errno == EINTR) ? 0 : n;
	}
	ERR_clear_error();
	rc = SSL_write(s->ssl, bytes.p, (int)bytes.len);
	if (rc > 0)
		return rc;
	rc = SSL_get_error(s->ssl, rc);
	return rc == SSL_ERROR_WANT_WRITE || rc == SSL_ERROR_WANT_READ ? 0 :
									 -1;
}

static ssize_t
write_metered(struct stream *s)
{
	struct str bytes = buf_str(&s->out);
	ssize_t n;

	if (s->meter == NULL)
		return write_some(s, bytes);
	if (!meter_open(s, &bytes)) {
		s->failed = s->ended = true;
		return -1;
	}
	n = write_some(s, bytes);
	meter_close(s, n);
	return n;
}

/* A server that wants no more of a request says so, and resets: what it said
 * is there to be read, and behind it the end. Of a client that is gone nothing
 * is wanted any more. */
static enum stream_got
write_failed(struct stream *s)
{
	buf_clear(&s->out);
	s->broken = s->ready = true;
	if (!s->outward)
		s->failed = s->ended = true;
	return STREAM_FAILED;
}

static enum stream_got
flush_out(struct stream *s)
{
	while (s->out.len > 0) {
		ssize_t n = write_metered(s);

		if (n == -1)
			return write_failed(s);
		if (n == 0) {
			s->blocked = true;
			return STREAM_AGAIN;
		}
		buf_eat(&s->out, (size_t)n);
	}
	return STREAM_SOME;
}

#define REFILLS_MAX 4 /* of one stream before others have their turn */

enum stream_got
stream_flush(struct stream *s)
{
	enum stream_got got;

	s->blocked = false;
	if (s->mux == NULL)
		return flush_out(s);
	for (int i = 0; i < REFILLS_MAX; i++) {
		if (!h2_send(s->mux, &s->out))
			s->failed = s->ended = true;
		if (s->out.len == 0)
			break;
		got = flush_out(s);
		if (got != STREAM_SOME)
			return got;
	}
	return s->failed ? STREAM_FAILED : STREAM_SOME;
}

void
stream_end(struct stream *s)
{
	if (s->h2 != NULL) {
		h2_finish(s->h2);
		return;
	}
	if (s->ssl != NULL && !s->failed && !s->broken &&
	    SSL_is_init_finished(s->ssl))
		(void)SSL_shutdown(s->ssl);
	if (s->meter != NULL)
		meter_settle(s);
	ERR_clear_error();
	(void)shutdown(s->io.fd, SHUT_WR); /* gone already is fine */
}

void
stream_hung(struct loop *l, struct stream *s)
{
	s->hung = s->ready = true;
	loop_unwatch(l, &s->io);
}

void
stream_arm(struct loop *l, struct stream *s, bool may_read)
{
	unsigned want = 0;

	if (s->h2 != NULL) {
		h2_took(s->h2);
		return;
	}
	if (may_read && !s->ended && s->in.len < s->in.max)
		want |= LOOP_READ;
	if (s->blocked || s->tls_writes)
		want |= LOOP_WRITE;
	if (s->io.watched)
		loop_want(l, &s->io, want);
}
