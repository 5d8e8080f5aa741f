/* inside.c -- init, which lives with the agent: all it says is checked, and
 * a word out of place ends the sandbox. */
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clean.h"
#include "base/err.h"
#include "base/log.h"
#include "base/must.h"
#include "supervisor/supervisor.h"

#define INIT_WAIT_MS 2000 /* init does nothing but read: it is stuck */

static void
broke(struct supervisor *s, const char *what)
{
	life_end(s, OUTCOME_FAILED, 0,
	    "the sandbox's init broke the protocol (%s): was it attacked?",
	    what);
}

/* ---- the start ---- */

void
inside_listener(struct supervisor *s)
{
	struct err e = { 0 };

	if (s->listener == -1 || !s->egress_ready)
		return;
	if (chan_send(&s->egress, MSG_EGRESS_LISTEN, 0, STR(""), &s->listener,
		1, &e) != 1)
		life_end(s, OUTCOME_FAILED, 0,
		    "egress does not take its listener: %s", e.text);
	fd_close(&s->listener);
}

static void
on_ready(struct supervisor *s, struct msg *m)
{
	struct rbuf r = rbuf_of(m->body);
	struct reply p;

	if (s->init_ready || reply_get(&r, &p) == -1) {
		broke(s, "INIT_READY");
		return;
	}
	if (!p.ok) {
		life_end(s, OUTCOME_FAILED, 0, "%s", p.reason);
		return;
	}
	s->listener = msg_take_fd(m, 0);
	if (s->listener == -1) {
		broke(s, "INIT_READY without a listener");
		return;
	}
	s->init_ready = true;
	inside_listener(s);
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
	int fds[3] = { -1, -1, -1 };
	struct err e = { 0 };

	if (s->life != LIFE_STARTING || !s->init_ready || !s->egress_ready)
		return;
	must(x != NULL && x->state == SESSION_SPAWNING);
	if (!w.tty && session_pipes(x, x->person.fd != -1, fds, &e) == -1)
		life_end(s, OUTCOME_FAILED, 0, "%s", e.text);
	else if (!inside_spawn(s, &w, fds, w.tty ? 0 : 3, &e))
		life_end(s, OUTCOME_FAILED, 0, "%s", e.text);
	for (int i = 0; i < 3; i++)
		fd_close(&fds[i]);
}

/* ---- sessions ---- */

bool
inside_spawn(struct supervisor *s, const struct session_start *v,
    const int *fds, unsigned nfds, struct err *e)
{
	struct wbuf w = { .p = s->out, .cap = sizeof(s->out) };

	session_start_put(&w, v);
	if (w.over) {
		(void)err_set(e, ERR_LIMIT,
		    "the command's arguments and environment are over %d "
		    "bytes", MSG_BYTES_MAX);
		return false;
	}
	return chan_send_wait(&s->init, MSG_INIT_SPAWN, 0,
	    str_of((const char *)s->out, w.len), fds, nfds, INIT_WAIT_MS,
	    e) == 1;
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
on_spawned(struct supervisor *s, struct msg *m)
{
	struct rbuf r = rbuf_of(m->body);
	struct spawned p;
	struct session *x;
	struct err e = { 0 };
	int master = msg_take_fd(m, 0);

	if (spawned_get(&r, &p) == -1 ||
	    (x = session_find(s, p.session)) == NULL ||
	    x->state != SESSION_SPAWNING ||
	    (p.error == 0 && x->tty != (master != -1))) {
		fd_close(&master);
		broke(s, "INIT_SPAWNED");
		return;
	}
	if (p.error != 0) {
		fd_close(&master);
		spawn_failed(s, x, &p);
		return;
	}
	if (x->number == 0)
		life_started(s);
	if (x->asked)
		control_reply(s, MSG_SESSION_REPLY, x->reply_id, true,
		    x->number, "");
	if (session_running(x, master, &e) == -1)
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
		on_ready(s, &m);
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
