/* control.c -- what the gateway asks, and gateways that come back. */
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clean.h"
#include "base/err.h"
#include "base/io.h"
#include "base/log.h"
#include "base/must.h"
#include "supervisor/environ.h"
#include "supervisor/supervisor.h"

static void
gateway_go(struct supervisor *s)
{
	if (s->gateway.fd == -1)
		return;
	loop_unwatch(s->loop, &s->gateway_io);
	chan_close(&s->gateway);
}

/* A gateway that is away, or does not read, finds out when it returns. */
void
control_say(struct supervisor *s, enum msg_type t, uint32_t id,
    const struct wbuf *w)
{
	struct err e = { 0 };

	must(!w->over);
	if (s->gateway.fd == -1)
		return;
	if (chan_send(&s->gateway, t, id,
		str_of((const char *)w->p, w->len), NULL, 0, &e) == 1)
		return;
	log_warn("gateway does not take %s: %s", msg_name(t), e.text);
	gateway_go(s);
}

void
control_reply(struct supervisor *s, enum msg_type t, uint32_t id, bool ok,
    uint64_t number, const char *reason)
{
	struct reply p = { .ok = ok, .number = number };
	unsigned char room[1024];
	struct wbuf w = { .p = room, .cap = sizeof(room) };

	(void)snprintf(p.reason, sizeof(p.reason), "%s", reason);
	reply_put(&w, &p);
	control_say(s, t, id, &w);
}

static void
hello(struct supervisor *s)
{
	static const enum box_phase phases[] = {
		[LIFE_STARTING] = BOX_STARTING, [LIFE_UP] = BOX_UP,
		[LIFE_ENDING] = BOX_OVER, [LIFE_OVER] = BOX_OVER,
	};
	struct box_hello h = { .version = PROTOCOL_VERSION,
		.pid = (uint32_t)getpid(), .phase = phases[s->life],
		.generation = s->generation };
	unsigned char room[256];
	struct wbuf w = { .p = room, .cap = sizeof(room) };

	memcpy(h.id, s->spec.id, sizeof(h.id));
	box_hello_put(&w, &h);
	control_say(s, MSG_BOX_HELLO, 0, &w);
}

/* ---- sessions ---- */

static void
refuse(struct supervisor *s, const struct msg *m, const char *reason)
{
	control_reply(s, MSG_SESSION_REPLY, m->id, false, 0, reason);
}

static void
exec_start(struct supervisor *s, struct msg *m, struct session_start *w,
    struct err *e)
{
	struct session *x;
	int fd = msg_take_fd(m, 0);

	w->session = ++s->next_session;
	x = session_new(s, w->session, w->tty);
	if (x == NULL) {
		fd_close(&fd);
		(void)err_set(e, ERR_LIMIT,
		    "%d sessions are running in this sandbox already",
		    SESSION_COUNT_MAX);
		return;
	}
	x->asked = true;
	x->reply_id = m->id;
	x->timeout_s = w->timeout_s;
	if (fd != -1 && session_attach(x, fd, w->rows, w->cols, e) == -1)
		return;
	(void)inside_start(x, w, true, e);
}

static void
on_session_start(struct supervisor *s, struct msg *m)
{
	struct rbuf r = rbuf_of(m->body);
	struct arena a = { 0 };
	struct session_start w;
	struct session *x;
	struct err e = { 0 };

	if (session_start_get(&r, &a, &w) == -1 || w.argv[0] == NULL) {
		refuse(s, m, "the request to start a command is damaged");
	} else if (s->life != LIFE_UP) {
		refuse(s, m, "the sandbox is not running");
	} else if (!audit_sender_ready(&s->audit)) {
		refuse(s, m, "the audit log takes no records, so nothing "
			     "may start");
	} else {
		w.env = environ_merge(&a, s->env, w.env);
		must(w.env != NULL);
		exec_start(s, m, &w, &e);
		x = session_find(s, w.session);
		if (e.kind != ERR_NONE && x != NULL)
			session_failed(x, e.text);
		if (e.kind != ERR_NONE)
			refuse(s, m, e.text);
	}
	arena_fini(&a);
}

static void
on_session_attach(struct supervisor *s, struct msg *m)
{
	struct rbuf r = rbuf_of(m->body);
	struct session *x = session_find(s, 0);
	struct session_attach w;
	struct err e = { 0 };
	int fd = msg_take_fd(m, 0);

	if (session_attach_get(&r, &w) == -1 || fd == -1) {
		fd_close(&fd);
		refuse(s, m, "the request to attach is damaged");
	} else if (s->life != LIFE_UP || x == NULL ||
	    x->state != SESSION_RUNNING) {
		fd_close(&fd);
		refuse(s, m, "the main process is not running");
	} else if (session_attach(x, fd, w.rows, w.cols, &e) == -1) {
		refuse(s, m, e.text);
	} else {
		control_reply(s, MSG_SESSION_REPLY, m->id, true, 0, "");
	}
}

/* ---- the rest ---- */

static void
on_policy_set(struct supervisor *s, struct msg *m)
{
	struct rbuf r = rbuf_of(m->body);
	struct policy_set p;
	int fd = msg_take_fd(m, 0);

	if (policy_set_get(&r, &p) == -1 || fd == -1)
		control_reply(s, MSG_POLICY_ACK, m->id, false, 0,
		    "the message with the policy is damaged");
	else if (!outside_policy(s, m->id, p.generation, fd))
		control_reply(s, MSG_POLICY_ACK, m->id, false, p.generation,
		    "egress does not take a policy: is the sandbox running?");
	fd_close(&fd);
}

static void
on_stop(struct supervisor *s, const struct msg *m)
{
	struct rbuf r = rbuf_of(m->body);
	struct box_stop b;

	life_stop(s, box_stop_get(&r, &b) == 0 ? b.grace_ms : 0);
}

static void
on_audit_channel(struct supervisor *s, struct msg *m)
{
	int mine = msg_take_fd(m, 0), its = msg_take_fd(m, 1);
	struct err e = { 0 };

	if (mine != -1 && audit_sender_renew(&s->audit, mine, &e) == -1)
		log_error("%s", e.text);
	if (its != -1)
		outside_audit(s, its);
	fd_close(&its);
}

static void
on_message(struct supervisor *s, struct msg *m)
{
	if (m->type == MSG_BOX_STOP)
		on_stop(s, m);
	else if (m->type == MSG_SESSION_START)
		on_session_start(s, m);
	else if (m->type == MSG_SESSION_ATTACH)
		on_session_attach(s, m);
	else if (m->type == MSG_POLICY_SET)
		on_policy_set(s, m);
	else if (m->type == MSG_AUDIT_CHANNEL)
		on_audit_channel(s, m);
	else if (m->type == MSG_PROPOSAL_ANSWER)
		propose_answer(s, m);
}

static void
gateway_on_io(struct loop *l, unsigned events, void *arg)
{
	struct supervisor *s = arg;
	struct err e = { 0 };
	struct msg m;

	(void)l;
	(void)events;
	switch (chan_recv(&s->gateway, s->in, &m, &e)) {
	case CHAN_ERROR:
		log_error("%s", e.text);
		gateway_go(s);
		return;
	case CHAN_END: /* stopped or killed; another will come */
		gateway_go(s);
		return;
	case CHAN_AGAIN:
		return;
	case CHAN_MSG:
		break;
	}
	on_message(s, &m);
	msg_close(&m);
}

static int
gateway_watch(struct supervisor *s, struct err *e)
{
	s->gateway_io = (struct loop_io){ .fd = s->gateway.fd,
		.want = LOOP_READ, .on_io = gateway_on_io, .arg = s };
	return loop_watch(s->loop, &s->gateway_io, e);
}

/* A new gateway: the newest one counts. */
static void
listen_on_io(struct loop *l, unsigned events, void *arg)
{
	struct supervisor *s = arg;
	struct err e = { 0 };
	uid_t uid;
	int fd = accept4(s->listen, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	(void)l;
	(void)events;
	if (fd == -1)
		return;
	if (io_peer(fd, &uid, NULL, &e) == -1 || uid != geteuid()) {
		log_warn("a stranger called on the sandbox's socket");
		(void)close(fd);
		return;
	}
	gateway_go(s);
	s->gateway.fd = fd;
	if (gateway_watch(s, &e) == -1) {
		log_error("%s", e.text);
		chan_close(&s->gateway);
		return;
	}
	hello(s);
	propose_again(s);
}

int
control_watch(struct supervisor *s, struct err *e)
{
	if (s->listen != -1) {
		s->listen_io = (struct loop_io){ .fd = s->listen,
			.want = LOOP_READ, .on_io = listen_on_io, .arg = s };
		if (loop_watch(s->loop, &s->listen_io, e) == -1)
			return -1;
	}
	if (gateway_watch(s, e) == -1)
		return -1;
	hello(s);
	return 0;
}
