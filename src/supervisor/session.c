/* session.c -- a program in the sandbox, from its beginning to its end. */
#include "supervisor/session.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "base/clean.h"
#include "base/err.h"
#include "base/io.h"
#include "base/must.h"
#include "supervisor/person.h"
#include "supervisor/streams.h"
#include "supervisor/supervisor.h"

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

/* ---- beginning ---- */

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

/* ---- end ---- */

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

/* The leader ended: drain, tell, free. Called after every step of a
 * session that is ending. */
void
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
