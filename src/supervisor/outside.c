/* outside.c -- egress, and the finder that tells it who is asking. */
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "supervisor/supervisor.h"

static void
on_ready(struct supervisor *s, const struct msg *m)
{
	struct rbuf r = rbuf_of(m->body);
	struct egress_ready ready;

	if (s->egress_ready || egress_ready_get(&r, &ready) == -1) {
		life_end(s, OUTCOME_FAILED, 0,
		    "egress sent an EGRESS_READY that is not well formed");
		return;
	}
	s->egress_ready = true;
	inside_trust(s, &ready);
}

static void
on_policy_ack(struct supervisor *s, const struct msg *m)
{
	struct rbuf r = rbuf_of(m->body);
	struct reply p;

	if (reply_get(&r, &p) == -1) {
		life_end(s, OUTCOME_FAILED, 0,
		    "egress sent a POLICY_ACK that is not well formed");
		return;
	}
	if (p.ok)
		s->generation = p.number;
	control_reply(s, MSG_POLICY_ACK, m->id, p.ok, p.number, p.reason);
}

static void
pass_on(struct supervisor *s, struct chan *to, const struct msg *m)
{
	struct err e = { 0 };

	if (chan_send(to, m->type, m->id, m->body, NULL, 0, &e) != 1)
		life_end(s, OUTCOME_FAILED, 0, "pass %s on: %s",
		    msg_name(m->type),
		    e.text[0] != '\0' ? e.text : "its reader is stuck");
}

static void
egress_on_io(struct loop *l, unsigned events, void *arg)
{
	struct supervisor *s = arg;
	struct err e = { 0 };
	struct msg m;

	(void)events;
	switch (chan_recv(&s->egress, s->in, &m, &e)) {
	case CHAN_ERROR:
		life_end(s, OUTCOME_FAILED, 0, "%s", e.text);
		loop_unwatch(l, &s->egress_io);
		return;
	case CHAN_END: /* its end is known by its pidfd */
		loop_unwatch(l, &s->egress_io);
		return;
	case CHAN_AGAIN:
		return;
	case CHAN_MSG:
		break;
	}
	if (m.type == MSG_EGRESS_READY)
		on_ready(s, &m);
	else if (m.type == MSG_POLICY_ACK)
		on_policy_ack(s, &m);
	else if (m.type == MSG_RATES_USE && s->gateway.fd != -1)
		(void)chan_send(&s->gateway, m.type, 0, m.body, NULL, 0,
		    &e); /* for people: the next one may get through */
	else if (m.type == MSG_WHO_ASK && s->finder.fd != -1)
		pass_on(s, &s->finder, &m);
	msg_close(&m);
}

static void
finder_on_io(struct loop *l, unsigned events, void *arg)
{
	struct supervisor *s = arg;
	struct err e = { 0 };
	struct msg m;

	(void)l;
	(void)events;
	switch (chan_recv(&s->finder, s->in, &m, &e)) {
	case CHAN_AGAIN:
		return;
	case CHAN_MSG:
		pass_on(s, &s->egress, &m);
		msg_close(&m);
		return;
	case CHAN_ERROR:
	case CHAN_END:
		break;
	}
	loop_unwatch(s->loop, &s->finder_io);
	chan_close(&s->finder);
	life_end(s, OUTCOME_FAILED, 0,
	    "the finder died, so nobody can say whose connections these are");
}

static void
egress_on_exit(struct loop *l, pid_t pid, int status, void *arg)
{
	struct supervisor *s = arg;

	(void)l;
	(void)pid;
	s->egress_dead = true;
	life_end(s, OUTCOME_FAILED, 0,
	    "egress died (%s %d), so the sandbox was stopped: nothing may "
	    "leave unjudged", WIFSIGNALED(status) ? "signal" : "exit code",
	    WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
	life_try_over(s);
}

bool
outside_policy(struct supervisor *s, uint32_t id, uint64_t generation,
    int image)
{
	struct policy_set p = { .generation = generation };
	unsigned char room[64];
	struct wbuf w = { .p = room, .cap = sizeof(room) };
	struct err e = { 0 };

	policy_set_put(&w, &p);
	return s->life <= LIFE_UP && chan_send(&s->egress, MSG_POLICY_SET, id,
	    str_of((const char *)room, w.len), &image, 1, &e) == 1;
}

void
outside_audit(struct supervisor *s, int fd)
{
	struct err e = { 0 };

	if (s->life <= LIFE_UP && chan_send(&s->egress, MSG_AUDIT_CHANNEL, 0,
		STR(""), &fd, 1, &e) != 1)
		log_error("egress does not take an audit channel: %s",
		    e.text);
}

int
outside_watch(struct supervisor *s, struct err *e)
{
	pid_t pid = s->egress_child.pid;
	int pidfd = s->egress_child.io.fd;

	s->egress_io = (struct loop_io){ .fd = s->egress.fd,
		.want = LOOP_READ, .on_io = egress_on_io, .arg = s };
	s->finder_io = (struct loop_io){ .fd = s->finder.fd,
		.want = LOOP_READ, .on_io = finder_on_io, .arg = s };
	s->egress_child.on_exit = egress_on_exit;
	s->egress_child.arg = s;
	if (loop_watch(s->loop, &s->egress_io, e) == -1 ||
	    loop_watch(s->loop, &s->finder_io, e) == -1)
		return -1;
	return loop_child_watch(s->loop, &s->egress_child, pid, pidfd, e);
}
