/* inside.c -- init, which lives with the agent: all it says is checked, and
 * a word out of place ends the sandbox. */
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clean.h"
#include "base/err.h"
#include "base/io.h"
#include "base/log.h"
#include "base/must.h"
#include "supervisor/supervisor.h"

#define READY_WAIT_MS 20000
#define INIT_WAIT_MS  2000 /* init does nothing but read: it is stuck */

static void
broke(struct supervisor *s, const char *what)
{
	life_end(s, OUTCOME_FAILED, 0,
	    "the sandbox's init broke the protocol (%s): was it attacked?",
	    what);
}

/* ---- the start ---- */

static void
keep_fds(struct supervisor *s, struct msg *m)
{
	s->ways[LISTEN_FD_PROXY] = msg_take_fd(m, READY_FD_LISTENER);
	for (unsigned i = LISTEN_FD_DIRECT; i < LISTEN_FD_COUNT; i++)
		s->ways[i] = msg_take_fd(m,
		    READY_FD_DIRECT + i - LISTEN_FD_DIRECT);
	s->pts = msg_take_fd(m, READY_FD_PTS);
	s->diag = msg_take_fd(m, READY_FD_DIAG);
	for (unsigned i = 0; i < NELEM(s->trust_fds); i++)
		s->trust_fds[i] = msg_take_fd(m, READY_FD_CA + i);
}

/* The sandbox's root stands; stage one is about to give up its rights. */
int
inside_receive(struct supervisor *s, struct err *e)
{
	struct reply p;
	struct rbuf r;
	struct msg m;
	enum chan_got got = chan_recv_wait(&s->init, s->in, &m,
	    READY_WAIT_MS, e);

	if (got == CHAN_ERROR)
		return -1;
	if (got != CHAN_MSG)
		return err_set(e, ERR_PEER, "the sandbox's first process %s",
		    got == CHAN_END ? "died" : "is stuck");
	r = rbuf_of(m.body);
	if (m.type != MSG_INIT_READY || reply_get(&r, &p) == -1) {
		msg_close(&m);
		return err_set(e, ERR_PEER,
		    "the sandbox's first process sent no INIT_READY");
	}
	if (p.ok)
		keep_fds(s, &m);
	msg_close(&m);
	if (!p.ok)
		return err_set(e, ERR_DENIED, "%s", p.reason);
	if (s->ways[LISTEN_FD_PROXY] == -1 || s->diag == -1 ||
	    s->trust_fds[NELEM(s->trust_fds) - 1] == -1)
		return err_set(e, ERR_PEER,
		    "INIT_READY came without its descriptors");
	return 0;
}

/* What the sandbox trusts, and then egress's way in. */
void
inside_trust(struct supervisor *s, const struct egress_ready *v)
{
	const struct str texts[] = { v->ca_pem, v->ca_pem, v->truststore };
	unsigned ways = s->ways[LISTEN_FD_DROPPED] != -1 ? LISTEN_FD_COUNT :
	    s->ways[LISTEN_FD_NAMES_TCP] != -1 ? LISTEN_FD_DROPPED : 1;
	struct err e = { 0 };

	for (size_t i = 0; i < NELEM(s->trust_fds); i++) {
		if (io_write_all(s->trust_fds[i], texts[i], &e) == -1)
			life_end(s, OUTCOME_FAILED, 0,
			    "hand the certificate to the sandbox: %s",
			    e.text);
		fd_close(&s->trust_fds[i]);
	}
	if (chan_send(&s->egress, MSG_EGRESS_LISTEN, 0, STR(""), s->ways,
		ways, &e) != 1)
		life_end(s, OUTCOME_FAILED, 0,
		    "egress does not take its listeners: %s", e.text);
	for (size_t i = 0; i < NELEM(s->ways); i++)
		fd_close(&s->ways[i]);
	inside_try_main(s);
}

void
inside_try_main(struct supervisor *s)
{
	struct session_start w = { .session = 0, .argv = s->spec.argv,
		.env = s->env, .workdir = s->spec.workdir,
		.tty = s->spec.tty, .rows = s->spec.rows,
		.cols = s->spec.cols };
	struct session *x = session_find(s, 0);
	struct err e = { 0 };

	if (s->life != LIFE_STARTING || !s->egress_ready)
		return;
	must(x != NULL && x->state == SESSION_SPAWNING);
	if (inside_start(x, &w, x->person.fd != -1, &e) == -1)
		life_end(s, OUTCOME_FAILED, 0, "%s", e.text);
}

/* ---- sessions ---- */

static int
spawn_send(struct supervisor *s, const struct session_start *v,
    const int *fds, unsigned nfds, struct err *e)
{
	struct wbuf w = { .p = s->out, .cap = sizeof(s->out) };

	session_start_put(&w, v);
	if (w.over)
		return err_set(e, ERR_LIMIT,
		    "the command's arguments and environment are over %d "
		    "bytes", MSG_BYTES_MAX);
	return chan_send_wait(&s->init, MSG_INIT_SPAWN, 0,
	    str_of((const char *)s->out, w.len), fds, nfds, INIT_WAIT_MS,
	    e) == 1 ? 0 : -1;
}

int
inside_start(struct session *x, const struct session_start *w,
    bool stdin_open, struct err *e)
{
	int fds[3] = { -1, -1, -1 };
	int rc;

	if (w->tty)
		rc = session_terminal(x, x->s->pts, w->rows, w->cols, &fds[0],
		    e);
	else
		rc = session_pipes(x, stdin_open, fds, e);
	if (rc == 0)
		rc = spawn_send(x->s, w, fds, w->tty ? 1 : 3, e);
	for (size_t i = 0; i < NELEM(fds); i++)
		fd_close(&fds[i]);
	return rc;
}

void
inside_signal(struct supervisor *s, uint32_t session, int signo)
{
	struct signal_msg v = { .session = session, .signo = signo };
	unsigned char room[64];
	struct wbuf w = { .p = room, .cap = sizeof(room) };
	struct err e = { 0 };

	if (s->life != LIFE_UP)
		return;
	signal_put(&w, &v);
	if (chan_send(&s->init, MSG_INIT_SIGNAL, 0,
		str_of((const char *)room, w.len), NULL, 0, &e) != 1)
		broke(s, "it does not read");
}

static void
spawn_failed(struct supervisor *s, struct session *x, const struct spawned *p)
{
	char what[128], reason[ERR_BYTES_MAX];

	(void)snprintf(reason, sizeof(reason), "%s%s%s: %s",
	    log_safe(str_c(p->what), what, sizeof(what)),
	    x->number == 0 ? " " : "",
	    x->number == 0 && s->spec.argv[0] != NULL ? s->spec.argv[0] : "",
	    strerror(p->error));
	if (x->asked)
		control_reply(s, MSG_SESSION_REPLY, x->reply_id, false,
		    x->number, reason);
	if (x->number == 0)
		control_reply(s, MSG_BOX_RUNNING, 0, false, s->generation,
		    reason);
	session_failed(x, reason);
}

static void
on_spawned(struct supervisor *s, const struct msg *m)
{
	struct rbuf r = rbuf_of(m->body);
	struct spawned p;
	struct session *x;
	struct err e = { 0 };

	if (spawned_get(&r, &p) == -1 ||
	    (x = session_find(s, p.session)) == NULL ||
	    x->state != SESSION_SPAWNING) {
		broke(s, "INIT_SPAWNED");
		return;
	}
	if (p.error != 0) {
		spawn_failed(s, x, &p);
		return;
	}
	if (x->number == 0)
		life_started(s);
	if (x->asked)
		control_reply(s, MSG_SESSION_REPLY, x->reply_id, true,
		    x->number, "");
	if (session_running(x, &e) == -1)
		broke(s, e.text);
}

static void
on_exited(struct supervisor *s, const struct msg *m)
{
	struct rbuf r = rbuf_of(m->body);
	struct exited p;
	struct session *x;

	if (exited_get(&r, &p) == -1 ||
	    (x = session_find(s, p.session)) == NULL ||
	    x->state != SESSION_RUNNING) {
		broke(s, "INIT_EXITED");
		return;
	}
	session_exited(x, p.status);
}

/* A second one: the last steps before init failed, and it says which. */
static void
on_unready(struct supervisor *s, const struct msg *m)
{
	struct rbuf r = rbuf_of(m->body);
	struct reply p;

	if (s->life != LIFE_STARTING || reply_get(&r, &p) == -1 || p.ok)
		broke(s, "INIT_READY");
	else if (s->gate != GATE_NONE) /* the broker, which ends too, may say more */
		gate_unready(s, p.reason);
	else
		life_end(s, OUTCOME_FAILED, 0, "%s", p.reason);
}

static void
init_on_io(struct loop *l, unsigned events, void *arg)
{
	struct supervisor *s = arg;
	struct err e = { 0 };
	struct msg m;

	(void)events;
	switch (chan_recv(&s->init, s->in, &m, &e)) {
	case CHAN_ERROR:
		broke(s, e.text);
		loop_unwatch(l, &s->init_io);
		return;
	case CHAN_END: /* its end is known by its pidfd */
		loop_unwatch(l, &s->init_io);
		return;
	case CHAN_AGAIN:
		return;
	case CHAN_MSG:
		break;
	}
	if (s->life >= LIFE_ENDING)
		; /* nothing it says matters any more */
	else if (m.type == MSG_INIT_READY)
		on_unready(s, &m);
	else if (m.type == MSG_INIT_SPAWNED)
		on_spawned(s, &m);
	else if (m.type == MSG_INIT_EXITED)
		on_exited(s, &m);
	msg_close(&m);
}

static void
init_on_exit(struct loop *l, pid_t pid, int status, void *arg)
{
	struct supervisor *s = arg;

	(void)l;
	(void)pid;
	s->init_dead = true;
	if (s->gate != GATE_NONE)
		gate_ended(s, status);
	life_end(s, OUTCOME_FAILED, 0, "the sandbox's init died (%s %d)",
	    WIFSIGNALED(status) ? "signal" : "exit code",
	    WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
	life_try_over(s);
}

int
inside_watch(struct supervisor *s, struct err *e)
{
	int pidfd = dup(s->box.pidfd); /* the loop closes what it watches */

	if (pidfd == -1)
		return err_sys(e, "dup");
	s->init_io = (struct loop_io){ .fd = s->init.fd, .want = LOOP_READ,
		.on_io = init_on_io, .arg = s };
	s->init_child.on_exit = init_on_exit;
	s->init_child.arg = s;
	if (loop_watch(s->loop, &s->init_io, e) == -1)
		return -1;
	return loop_child_watch(s->loop, &s->init_child, s->box.pid, pidfd,
	    e);
}
