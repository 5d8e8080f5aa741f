/* session.c -- the relay between a program and a person. */
#include "supervisor/session.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "base/clean.h"
#include "base/err.h"
#include "base/io.h"
#include "base/log.h"
#include "base/must.h"
#include "supervisor/supervisor.h"

#define PENDING_BYTES_MAX (CHUNK_BYTES * 2)
#define DRAIN_BYTES_MAX	  (1U << 20) /* fs.pipe-max-size: a pipe holds no more */

static void person_go(struct session *x);
static void person_left(struct session *x);
static void person_rearm(struct session *x);
static void stream_read(struct stream *st);
static void session_try_done(struct session *x);

/* ---- rows ---- */

struct session *
session_new(struct supervisor *s, uint32_t number, bool tty)
{
	for (size_t i = 0; i < SESSION_COUNT_MAX; i++) {
		struct session *x = &s->sessions[i];

		if (x->state != SESSION_FREE)
			continue;
		*x = (struct session){ .state = SESSION_SPAWNING, .s = s,
			.number = number, .tty = tty, .in = -1,
			.out = { .fd = -1, .type = MSG_ATTACH_OUT },
			.err = { .fd = -1, .type = MSG_ATTACH_ERR,
			    .ended = true },
			.person = { -1, ROLE_SUPERVISOR, ROLE_CLI } };
		x->out.session = x->err.session = x;
		buf_init(&x->pending, PENDING_BYTES_MAX);
		return x;
	}
	return NULL;
}

struct session *
session_find(struct supervisor *s, uint32_t number)
{
	for (size_t i = 0; i < SESSION_COUNT_MAX; i++)
		if (s->sessions[i].state != SESSION_FREE &&
		    s->sessions[i].number == number)
			return &s->sessions[i];
	return NULL;
}

static void
stream_close(struct stream *st)
{
	loop_unwatch(st->session->s->loop, &st->io);
	fd_close(&st->fd);
	st->ended = true;
}

static void
in_close(struct session *x)
{
	loop_unwatch(x->s->loop, &x->in_io);
	fd_close(&x->in);
}

static void
session_free(struct session *x)
{
	struct supervisor *s = x->s;

	loop_timer_stop(s->loop, &x->timeout);
	in_close(x);
	stream_close(&x->out);
	stream_close(&x->err);
	person_go(x);
	free(x->out.hold);
	free(x->err.hold);
	buf_fini(&x->pending);
	replay_fini(&x->replay);
	x->state = SESSION_FREE;
	life_try_over(s);
}

/* ---- from the program to the person ---- */

/* 1: gone; 0: no room; a broken channel lets the person go (and counts as
 * gone: there is nobody left to lose it). */
static int
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

/* Passes a chunk on, or holds it. */
static void
stream_pass(struct stream *st, struct str s)
{
	struct session *x = st->session;

	if (x->number == 0)
		replay_add(&x->replay, s);
	if (x->person.fd == -1)
		return;
	if (x->replay_left == 0 && person_send(x, st->type, s) == 1)
		return;
	st->hold = mem_alloc(s.len, 1);
	memcpy(st->hold, s.p, s.len);
	st->held = s.len;
	loop_want(x->s->loop, &st->io, LOOP_NONE);
	person_rearm(x);
}

static bool
stream_flush(struct stream *st)
{
	struct session *x = st->session;

	if (st->hold == NULL)
		return true;
	if (x->person.fd != -1 &&
	    person_send(x, st->type, str_of(st->hold, st->held)) == 0)
		return false;
	free(st->hold);
	st->hold = NULL;
	st->held = 0;
	if (!st->ended)
		loop_want(x->s->loop, &st->io, LOOP_READ);
	return true;
}

/* Reads one chunk. At the end of the leader, what is there already is all
 * that is waited for: a child it left behind may keep the pipe for ever. */
static void
stream_read(struct stream *st)
{
	static char chunk[CHUNK_BYTES];
	struct session *x = st->session;
	ssize_t n;

	if (st->ended || st->hold != NULL)
		return;
	n = read(st->fd, chunk, sizeof(chunk));
	if (n == -1 && errno == EINTR)
		return;
	if (n == -1 && errno == EAGAIN && x->state != SESSION_ENDING)
		return;
	if (n <= 0) { /* end of file, EIO of a terminal, or drained */
		stream_close(st);
		return;
	}
	stream_pass(st, str_of(chunk, (size_t)n));
	if (x->state != SESSION_ENDING)
		return;
	st->drained += (size_t)n;
	if (st->drained >= DRAIN_BYTES_MAX)
		stream_close(st);
}

static void
stream_on_io(struct loop *l, unsigned events, void *arg)
{
	struct stream *st = arg;

	(void)l;
	(void)events;
	stream_read(st);
	session_try_done(st->session);
}

/* ---- from the person to the program ---- */

static void
in_drop(struct session *x)
{
	buf_clear(&x->pending);
	in_close(x);
}

static void
in_write(struct session *x)
{
	while (x->pending.len > 0 && x->in != -1) {
		struct str s = buf_str(&x->pending);
		ssize_t n = write(x->in, s.p, s.len);

		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1 && errno == EAGAIN)
			break;
		if (n == -1) { /* EPIPE: the program does not read */
			in_drop(x);
			break;
		}
		buf_eat(&x->pending, (size_t)n);
	}
	if (x->pending.len == 0 && x->in_ended && !x->tty)
		in_close(x);
	if (x->in_io.watched && x->pending.len == 0)
		loop_unwatch(x->s->loop, &x->in_io);
	person_rearm(x);
}

static void
in_on_io(struct loop *l, unsigned events, void *arg)
{
	(void)l;
	(void)events;
	in_write(arg);
}

static void
in_wait(struct session *x)
{
	struct err e = { 0 };

	if (x->pending.len == 0 || x->in == -1 || x->in_io.watched)
		return;
	x->in_io = (struct loop_io){ .fd = x->in, .want = LOOP_WRITE,
		.on_io = in_on_io, .arg = x };
	if (loop_watch(x->s->loop, &x->in_io, &e) == -1)
		in_drop(x);
}

static void
on_typed(struct session *x, struct str s)
{
	if (x->in_ended || (x->in == -1 && x->state != SESSION_SPAWNING))
		return; /* as to a closed pipe, without the signal */
	must(buf_adds(&x->pending, s)); /* person_rearm keeps room for one */
	in_write(x);
	in_wait(x);
	person_rearm(x);
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
		on_typed(x, m->body);
	else if (m->type == MSG_ATTACH_IN_END) {
		x->in_ended = true;
		in_write(x);
	} else if (m->type == MSG_ATTACH_RESIZE)
		on_resize(x, m);
	else if (m->type == MSG_ATTACH_SIGNAL)
		on_signal(x, m);
}

/* ---- the person ---- */

/* Nobody is attached any more. The main process goes on; any other loses
 * its terminal, as over a cut line. */
static void
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

static void
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
static void
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

/* ---- beginning and end ---- */

int
session_pipes(struct session *x, bool stdin_open, int fds[3], struct err *e)
{
	int in[2], out[2], err[2];

	if (pipe2(out, O_CLOEXEC) == -1)
		return err_sys(e, "pipe");
	if (pipe2(err, O_CLOEXEC) == -1) {
		(void)close(out[0]);
		(void)close(out[1]);
		return err_sys(e, "pipe");
	}
	x->out.fd = out[0];
	x->err.fd = err[0];
	x->err.ended = false;
	fds[1] = out[1];
	fds[2] = err[1];
	if (pipe2(in, O_CLOEXEC) == -1)
		return err_sys(e, "pipe");
	fds[0] = in[0];
	x->in = in[1];
	if (!stdin_open) /* reads end of file at once */
		fd_close(&x->in);
	return x->in == -1 ? 0 : io_set_nonblock(x->in, true, e);
}

int
session_terminal(struct session *x, int pts, uint16_t rows, uint16_t cols,
    int *slave, struct err *e)
{
	struct winsize ws = { .ws_row = rows, .ws_col = cols };
	int unlock = 0;

	x->out.fd = openat(pts, "ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (x->out.fd == -1 || ioctl(x->out.fd, TIOCSPTLCK, &unlock) == -1 ||
	    ioctl(x->out.fd, TIOCSWINSZ, &ws) == -1)
		return err_sys(e, "make a terminal");
	/* epoll takes a file once: the writer has its own number */
	x->in = fcntl(x->out.fd, F_DUPFD_CLOEXEC, 3);
	if (x->in == -1)
		return err_sys(e, "make a terminal");
	*slave = ioctl(x->out.fd, TIOCGPTPEER,
	    O_RDWR | O_NOCTTY | O_CLOEXEC);
	return *slave == -1 ? err_sys(e, "open the terminal") : 0;
}

static int
stream_watch(struct session *x, struct stream *st, struct err *e)
{
	if (st->fd == -1)
		return 0;
	if (io_set_nonblock(st->fd, true, e) == -1)
		return -1;
	st->io = (struct loop_io){ .fd = st->fd,
		.want = st->hold == NULL ? LOOP_READ : LOOP_NONE,
		.on_io = stream_on_io, .arg = st };
	return loop_watch(x->s->loop, &st->io, e);
}

static void
on_timeout(struct loop *l, void *arg)
{
	struct session *x = arg;

	(void)l;
	x->timed_out = true;
	inside_signal(x->s, x->number, SIGKILL);
}

int
session_running(struct session *x, struct err *e)
{
	x->state = SESSION_RUNNING;
	if (stream_watch(x, &x->out, e) == -1 ||
	    stream_watch(x, &x->err, e) == -1)
		return -1;
	if (x->timeout_s > 0) {
		x->timeout.on_time = on_timeout;
		x->timeout.arg = x;
		loop_timer_set(x->s->loop, &x->timeout,
		    usec_of_ms((int64_t)x->timeout_s * 1000));
	}
	in_write(x);
	in_wait(x);
	return 0;
}

static void
outcome_of(struct session *x, int status)
{
	struct outcome *o = &x->outcome;

	if (x->timed_out) {
		*o = (struct outcome){ .kind = OUTCOME_STOPPED, .code = 124 };
		(void)snprintf(o->reason, sizeof(o->reason),
		    "stopped after its timeout of %u s", x->timeout_s);
	} else if (WIFSIGNALED(status)) {
		*o = (struct outcome){ .kind = OUTCOME_SIGNALED,
			.code = WTERMSIG(status) };
	} else {
		*o = (struct outcome){ .kind = OUTCOME_EXITED,
			.code = WEXITSTATUS(status) };
	}
}

static void
session_end(struct session *x)
{
	loop_timer_stop(x->s->loop, &x->timeout);
	x->state = SESSION_ENDING;
	if (x->number == 0)
		life_end(x->s, x->outcome.kind, x->outcome.code, "%s",
		    x->outcome.reason);
	stream_read(&x->out);
	stream_read(&x->err);
	session_try_done(x);
}

void
session_exited(struct session *x, int status)
{
	outcome_of(x, status);
	session_end(x);
}

void
session_failed(struct session *x, const char *reason)
{
	x->outcome = (struct outcome){ .kind = OUTCOME_FAILED };
	(void)snprintf(x->outcome.reason, sizeof(x->outcome.reason), "%s",
	    reason);
	stream_close(&x->out);
	stream_close(&x->err);
	session_end(x);
}

void
session_lost(struct session *x, const struct outcome *o)
{
	if (x->state != SESSION_SPAWNING && x->state != SESSION_RUNNING)
		return;
	x->outcome = *o;
	if (x->state == SESSION_SPAWNING) {
		stream_close(&x->out);
		stream_close(&x->err);
	}
	session_end(x);
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

/* The leader ended: drain, tell, free. Called after every step of a
 * session that is ending. */
static void
session_try_done(struct session *x)
{
	if (x->state != SESSION_ENDING)
		return;
	while (!x->out.ended && x->out.hold == NULL)
		stream_read(&x->out);
	while (!x->err.ended && x->err.hold == NULL)
		stream_read(&x->err);
	if (!session_idle(x))
		return;
	session_close(x, &x->outcome);
	if (x->person.fd == -1)
		session_free(x);
}

bool
session_idle(const struct session *x)
{
	return x->out.ended && x->err.ended && x->out.hold == NULL &&
	    x->err.hold == NULL && (x->person.fd == -1 ||
	    x->replay_left == 0);
}
