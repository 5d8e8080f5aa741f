/* person.c -- the person attached to a session. */
#include "supervisor/person.h"

#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

#include "base/clean.h"
#include "base/err.h"
#include "base/io.h"
#include "base/log.h"
#include "base/must.h"
#include "supervisor/streams.h"
#include "supervisor/supervisor.h"

int
person_send(struct session *x, enum msg_type t, struct str body)
{
	struct err e = { 0 };
	int rc = chan_send(&x->person, t, 0, body, NULL, 0, &e);

	if (rc == -1) {
		person_left(x);
		return 1;
	}
	return rc;
}

/* What must be shown before new output: the replay. False: no room. */
static bool
replay_send(struct session *x)
{
	while (x->replay_left > 0 && x->person.fd != -1) {
		struct str s = replay_from(&x->replay, x->replay_left);

		if (s.len > CHUNK_BYTES)
			s = str_head(s, CHUNK_BYTES);
		if (person_send(x, MSG_ATTACH_OUT, s) == 0)
			return false;
		x->replay_left -= s.len;
	}
	return true;
}

static void
on_resize(struct session *x, const struct msg *m)
{
	struct rbuf r = rbuf_of(m->body);
	struct window v;
	struct winsize ws;

	if (window_get(&r, &v) == -1 || !x->tty || x->out.fd == -1)
		return;
	ws = (struct winsize){ .ws_row = v.rows, .ws_col = v.cols };
	(void)ioctl(x->out.fd, TIOCSWINSZ, &ws); /* a terminal that is gone */
}

static void
on_signal(struct session *x, const struct msg *m)
{
	struct rbuf r = rbuf_of(m->body);
	struct signal_msg v;

	if (signal_get(&r, &v) == 0 && x->state == SESSION_RUNNING)
		inside_signal(x->s, x->number, v.signo);
}

static void
on_message(struct session *x, const struct msg *m)
{
	if (m->type == MSG_ATTACH_IN)
		in_typed(x, m->body);
	else if (m->type == MSG_ATTACH_IN_END) {
		x->in_ended = true;
		in_write(x);
	} else if (m->type == MSG_ATTACH_RESIZE)
		on_resize(x, m);
	else if (m->type == MSG_ATTACH_SIGNAL)
		on_signal(x, m);
}

/* Nobody is attached any more. The main process goes on; any other loses
 * its terminal, as over a cut line. */
void
person_left(struct session *x)
{
	person_go(x);
	if (x->number == 0 || x->state != SESSION_RUNNING || x->hung_up)
		return;
	x->hung_up = true;
	inside_signal(x->s, x->number, SIGHUP);
	in_drop(x);
}

/* What the person sent last is read and dropped: closing a socket with it
 * unread gives the other end an error in place of our last message. */
static void
person_close(struct session *x)
{
	struct msg m;

	(void)shutdown(x->person.fd, SHUT_RDWR);
	while (chan_recv(&x->person, x->s->in, &m, NULL) == CHAN_MSG)
		msg_close(&m);
	chan_close(&x->person);
}

void
person_go(struct session *x)
{
	if (x->person.fd == -1)
		return;
	loop_unwatch(x->s->loop, &x->person_io);
	person_close(x);
	x->replay_left = 0;
	x->closing = false;
	(void)stream_flush(&x->out);
	(void)stream_flush(&x->err);
}

/* Room for one more message is kept in pending before one is read. */
void
person_rearm(struct session *x)
{
	unsigned want = 0;

	if (x->person.fd == -1)
		return;
	if (!x->closing && x->pending.max - x->pending.len >= CHUNK_BYTES)
		want |= LOOP_READ;
	if (x->out.hold != NULL || x->err.hold != NULL || x->closing ||
	    x->replay_left > 0)
		want |= LOOP_WRITE;
	loop_want(x->s->loop, &x->person_io, want);
}

static void
person_read(struct session *x)
{
	struct err e = { 0 };
	struct msg m;

	switch (chan_recv(&x->person, x->s->in, &m, &e)) {
	case CHAN_ERROR:
		log_warn("session %u: %s", x->number, e.text);
		person_left(x);
		return;
	case CHAN_END:
		person_left(x);
		return;
	case CHAN_AGAIN:
		return;
	case CHAN_MSG:
		break;
	}
	on_message(x, &m);
	msg_close(&m);
}

static void
person_on_io(struct loop *l, unsigned events, void *arg)
{
	struct session *x = arg;

	(void)l;
	if ((events & LOOP_WRITE) != 0 && replay_send(x) &&
	    stream_flush(&x->out))
		(void)stream_flush(&x->err);
	if (x->person.fd != -1 && (events & (LOOP_READ | LOOP_HANGUP)) != 0 &&
	    !x->closing && x->pending.max - x->pending.len >= CHUNK_BYTES)
		person_read(x);
	else if (x->person.fd != -1 && (events & LOOP_HANGUP) != 0)
		person_left(x);
	person_rearm(x);
	session_try_done(x);
}

int
session_attach(struct session *x, int fd, uint16_t rows, uint16_t cols,
    struct err *e)
{
	struct outcome o = { .kind = OUTCOME_DETACHED };
	struct winsize ws = { .ws_row = rows, .ws_col = cols };

	if (x->person.fd != -1) {
		(void)snprintf(o.reason, sizeof(o.reason),
		    "another terminal attached to this sandbox");
		session_close(x, &o);
		person_go(x);
	}
	if (io_set_nonblock(fd, true, e) == -1) {
		(void)close(fd);
		return -1;
	}
	x->person.fd = fd;
	x->person_io = (struct loop_io){ .fd = fd, .want = LOOP_READ,
		.on_io = person_on_io, .arg = x };
	if (loop_watch(x->s->loop, &x->person_io, e) == -1) {
		chan_close(&x->person);
		return -1;
	}
	if (x->tty && x->out.fd != -1 && rows > 0)
		(void)ioctl(x->out.fd, TIOCSWINSZ, &ws); /* may be gone */
	x->replay_left = x->replay.len;
	(void)replay_send(x);
	person_rearm(x);
	return 0;
}

void
session_close(struct session *x, const struct outcome *o)
{
	unsigned char room[1024];
	struct wbuf w = { .p = room, .cap = sizeof(room) };

	if (x->person.fd == -1)
		return;
	outcome_put(&w, o);
	must(!w.over);
	x->closing = true;
	if (person_send(x, MSG_ATTACH_ENDED,
		str_of((const char *)room, w.len)) == 1)
		person_go(x);
	else
		person_rearm(x);
}
