/* streams.c -- bytes between a program and a person, with back-pressure. */
#include "supervisor/streams.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clean.h"
#include "base/err.h"
#include "base/io.h"
#include "base/must.h"
#include "supervisor/person.h"
#include "supervisor/supervisor.h"

#define DRAIN_BYTES_MAX	(1U << 20) /* fs.pipe-max-size: a pipe holds no more */

void
stream_close(struct stream *st)
{
	loop_unwatch(st->session->s->loop, &st->io);
	fd_close(&st->fd);
	st->ended = true;
}

void
in_close(struct session *x)
{
	loop_unwatch(x->s->loop, &x->in_io);
	fd_close(&x->in);
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

bool
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
void
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

void
in_drop(struct session *x)
{
	buf_clear(&x->pending);
	in_close(x);
}

void
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

void
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

void
in_typed(struct session *x, struct str s)
{
	if (x->in_ended || (x->in == -1 && x->state != SESSION_SPAWNING))
		return; /* as to a closed pipe, without the signal */
	must(buf_adds(&x->pending, s)); /* person_rearm keeps room for one */
	in_write(x);
	in_wait(x);
	person_rearm(x);
}

int
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
