/* box_chan.c -- what a supervisor says, and what it is asked. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clean.h"
#include "base/err.h"
#include "base/io.h"
#include "base/log.h"
#include "base/must.h"
#include "box.h"
#include "call.h"
#include "gateway.h"
#include "proposal.h"

#define MESSAGES_PER_TURN 32

struct ask { /* a session that the supervisor was asked for */
	TAILQ_ENTRY(ask) link;
	uint32_t id;
	enum msg_type type;
	struct call *call;
	int cli;		/* the caller's end */
};

/* ---- asks ---- */

static void
ask_free(struct box *b, struct ask *a)
{
	TAILQ_REMOVE(&b->asks, a, link);
	if (a->call != NULL)
		a->call->on_gone = NULL;
	fd_close(&a->cli);
	free(a);
}

/* The caller went away: the session goes on without it, or ends at its
 * closed channel. */
static void
ask_gone(struct call *c)
{
	struct ask *a = c->state;

	a->call = NULL;
	c->on_gone = NULL;
}

static void
ask_fail(struct box *b, struct ask *a, const char *why)
{
	struct call *c = a->call;

	ask_free(b, a);
	if (c != NULL)
		call_fail(c, 502, "sandbox_refused", NULL, "%s", why);
}

static void
ask_done(struct box *b, struct ask *a, const struct reply *p)
{
	struct call *c = a->call;
	int cli = fd_take(&a->cli);
	bool exec = a->type == MSG_SESSION_START;

	ask_free(b, a);
	if (c == NULL)
		fd_close(&cli);
	else if (exec)
		call_answer_fd(c, 201, json_pack("{s:s, s:I}", "sandbox",
		    b->id, "session", (json_int_t)p->number), cli);
	else
		call_answer_fd(c, 200, box_json(b), cli);
}

void
box_ask(struct box *b, struct call *c, enum msg_type t, struct str body,
    int fd, int cli_fd)
{
	struct ask *a = mem_alloc(1, sizeof(*a));
	struct err e = { 0 };

	a->id = ++b->last_ask == 0 ? ++b->last_ask : b->last_ask;
	a->type = t;
	a->call = c;
	a->cli = cli_fd;
	TAILQ_INSERT_TAIL(&b->asks, a, link);
	if (c != NULL) {
		c->state = a;
		c->on_gone = ask_gone;
	}
	if (box_send(b, t, a->id, body, &fd, 1, &e) == -1)
		ask_fail(b, a, e.text);
}

/* ---- what it says ---- */

static int
bad(const struct msg *m, struct err *e)
{
	return err_set(e, ERR_PEER, "the supervisor sent a malformed %s",
	    msg_name(m->type));
}

static void
revision_is(struct box *b, uint64_t number, enum revision_status s,
    const char *why)
{
	struct err e = { 0 };

	if (number == b->revision)
		b->status = s;
	if (store_revision_status(b->g->store, b->id, number, s, why, &e) ==
	    -1)
		log_error("sandbox %s: %s", b->name, e.text);
}

static int
on_hello(struct box *b, const struct msg *m, struct err *e)
{
	struct rbuf r = rbuf_of(m->body);
	struct box_hello h;

	/* the version comes first, in every version */
	h.version = get_u32(&r);
	if (!r.bad && h.version != PROTOCOL_VERSION) {
		(void)snprintf(b->fault, sizeof(b->fault), "the supervisor "
		    "speaks version %u and this gateway %d: the sandbox goes "
		    "on under its policy, but only a gateway of its own "
		    "version can reach it", h.version, PROTOCOL_VERSION);
		log_warn("sandbox %s: %s", b->name, b->fault);
		box_unlisten(b);
		return 0;
	}
	r = rbuf_of(m->body);
	if (box_hello_get(&r, &h) == -1 || strcmp(h.id, b->id) != 0)
		return bad(m, e);
	b->pid = (pid_t)h.pid;
	proposals_over(b); /* what still waits follows */
	b->ending |= h.phase == BOX_OVER;
	if (h.phase != BOX_UP)
		return 0;
	b->generation = h.generation;
	loop_timer_stop(b->g->loop, &b->timer);
	if (b->phase == PHASE_PROVISIONING)
		box_enter(b, PHASE_RUNNING);
	if (b->status == REVISION_PENDING && h.generation >= b->revision)
		revision_is(b, b->revision, REVISION_LOADED, "");
	else if (h.generation < b->revision || b->g->base.maximum != NULL)
		box_catch_up(b); /* under the maximum that is in force now */
	return 0;
}

static int
on_running(struct box *b, const struct msg *m, struct err *e)
{
	struct rbuf r = rbuf_of(m->body);
	struct reply p;

	if (reply_get(&r, &p) == -1)
		return bad(m, e);
	loop_timer_stop(b->g->loop, &b->timer);
	if (!p.ok) { /* BOX_ENDED follows; kept in case it does not */
		(void)snprintf(b->reason, sizeof(b->reason), "%s", p.reason);
		return 0;
	}
	b->generation = p.number != 0 ? p.number : b->revision;
	json_decref(b->rates);
	b->rates = NULL;
	revision_is(b, b->generation, REVISION_LOADED, "");
	box_enter(b, PHASE_RUNNING);
	return 0;
}

static int
on_ended(struct box *b, const struct msg *m, struct err *e)
{
	struct rbuf r = rbuf_of(m->body);
	struct outcome o;

	if (outcome_get(&r, &o) == -1)
		return bad(m, e);
	box_ended(b, &o);
	return 0;
}

static int
on_reply(struct box *b, const struct msg *m, struct err *e)
{
	struct rbuf r = rbuf_of(m->body);
	struct reply p;
	struct ask *a;

	if (reply_get(&r, &p) == -1)
		return bad(m, e);
	TAILQ_FOREACH(a, &b->asks, link)
		if (a->id == m->id)
			break;
	if (a == NULL)
		return err_set(e, ERR_PEER,
		    "the supervisor answered what was not asked");
	if (p.ok)
		ask_done(b, a, &p);
	else
		ask_fail(b, a, p.reason);
	return 0;
}

/* A failed revision is not the newest any more; what was before is. */
static int
on_policy_ack(struct box *b, const struct msg *m, struct err *e)
{
	struct rbuf r = rbuf_of(m->body);
	struct reply p;

	if (reply_get(&r, &p) == -1 || p.number == 0)
		return bad(m, e);
	if (p.ok && p.number > b->generation)
		b->generation = p.number;
	revision_is(b, p.number, p.ok ? REVISION_LOADED : REVISION_FAILED,
	    p.reason);
	if (!p.ok) {
		log_warn("sandbox %s: revision %llu refused: %s", b->name,
		    (unsigned long long)p.number, p.reason);
		box_load_revision(b);
	}
	box_wake(b);
	return 0;
}

static int
on_proposal(struct box *b, const struct msg *m, struct err *e)
{
	struct rbuf r = rbuf_of(m->body);
	struct proposal p;

	if (proposal_get(&r, &p) == -1)
		return bad(m, e);
	proposal_asked(b, &p);
	return 0;
}

static int
on_proposal_over(struct box *b, const struct msg *m, struct err *e)
{
	struct rbuf r = rbuf_of(m->body);
	struct proposal_over o;

	if (proposal_over_get(&r, &o) == -1)
		return bad(m, e);
	proposal_gone(b, &o);
	return 0;
}

static json_t *
rate_json(const struct rate_use *u)
{
	json_t *o = json_pack("{s:s%, s:b}", "rule",
	    u->rule.p, u->rule.len, "whole", (int)u->whole);

	if (o != NULL && u->requests_most != 0) {
		(void)json_object_set_new(o, "requests",
		    json_integer((json_int_t)u->requests));
		(void)json_object_set_new(o, "requests_most",
		    json_integer((json_int_t)u->requests_most));
	}
	if (o != NULL && u->bytes_most != 0) {
		(void)json_object_set_new(o, "bytes",
		    json_integer((json_int_t)u->bytes));
		(void)json_object_set_new(o, "bytes_most",
		    json_integer((json_int_t)u->bytes_most));
		(void)json_object_set_new(o, "period_s",
		    json_integer(u->period_s));
	}
	return o;
}

static int
on_rates(struct box *b, const struct msg *m, struct err *e)
{
	struct rbuf r = rbuf_of(m->body);
	struct rates_use u;

	if (rates_use_get(&r, &u) == -1)
		return bad(m, e);
	json_decref(b->rates);
	b->rates = json_array();
	for (uint32_t i = 0; i < u.n; i++)
		(void)json_array_append_new(b->rates, rate_json(&u.v[i]));
	return 0;
}

static int
take(struct box *b, const struct msg *m, struct err *e)
{
	switch ((int)m->type) {
	case MSG_BOX_HELLO:
		return on_hello(b, m, e);
	case MSG_BOX_RUNNING:
		return on_running(b, m, e);
	case MSG_BOX_ENDING:
		b->ending = true;
		return 0;
	case MSG_BOX_ENDED:
		return on_ended(b, m, e);
	case MSG_SESSION_REPLY:
		return on_reply(b, m, e);
	case MSG_POLICY_ACK:
		return on_policy_ack(b, m, e);
	case MSG_RATES_USE:
		return on_rates(b, m, e);
	case MSG_PROPOSAL_PUT:
		return on_proposal(b, m, e);
	case MSG_PROPOSAL_OVER:
		return on_proposal_over(b, m, e);
	default:
		return err_set(e, ERR_PEER, "the supervisor sent %s",
		    msg_name(m->type));
	}
}

static void
on_io(struct loop *l, unsigned events, void *arg)
{
	static unsigned char buf[MSG_BYTES_MAX + CHAN_HEAD_BYTES];
	struct box *b = arg;
	struct gateway *g = b->g;
	char id[ID_BYTES_MAX + 1];

	(void)l;
	(void)events;
	memcpy(id, b->id, sizeof(id));
	for (int i = 0; i < MESSAGES_PER_TURN; i++) {
		struct err e = { 0 };
		struct msg m;
		enum chan_got got = chan_recv(&b->chan, buf, &m, &e);

		if (got == CHAN_AGAIN)
			return;
		if (got == CHAN_END) {
			box_lost(b);
			return;
		}
		if (got == CHAN_ERROR || take(b, &m, &e) == -1) {
			log_warn("sandbox %s: %s", b->name, e.text);
			box_lost(b);
			return;
		}
		/* an end may have removed the sandbox altogether */
		if (box_find_id(g, id) != b || b->chan.fd == -1)
			return;
	}
}

int
box_listen(struct box *b, int fd, struct err *e)
{
	box_unlisten(b);
	b->chan.fd = fd;
	b->io = (struct loop_io){ .fd = fd, .want = LOOP_READ, .on_io = on_io,
		.arg = b };
	if (loop_watch(b->g->loop, &b->io, e) == 0)
		return 0;
	chan_close(&b->chan);
	return -1;
}

void
box_unlisten(struct box *b)
{
	struct ask *a;

	loop_unwatch(b->g->loop, &b->io);
	chan_close(&b->chan);
	while ((a = TAILQ_FIRST(&b->asks)) != NULL)
		ask_fail(b, a, b->fault[0] != '\0' ? b->fault :
		    "the sandbox ended while it was asked");
}

/* ---- what it is asked ---- */

int
box_send(struct box *b, enum msg_type t, uint32_t id, struct str body,
    const int *fds, unsigned nfds, struct err *e)
{
	int rc;

	if (b->chan.fd == -1)
		return err_set(e, ERR_PEER, "%s", b->fault[0] != '\0' ?
		    b->fault : "the sandbox's supervisor cannot be reached");
	rc = chan_send(&b->chan, t, id, body, fds, nfds, e);
	if (rc == 0)
		return err_set(e, ERR_PEER,
		    "the sandbox's supervisor, pid %d, does not read",
		    (int)b->pid);
	return rc == 1 ? 0 : -1;
}

void
box_new_audit(struct box *b)
{
	struct audit_link *a = &b->g->audit;
	struct err e = { 0 };
	int fds[2];

	if (b->chan.fd == -1 || b->launch != NULL)
		return;
	fds[0] = audit_link_channel(a, ROLE_SUPERVISOR, b->id, b->name, &e);
	fds[1] = audit_link_channel(a, ROLE_EGRESS, b->id, b->name, &e);
	if (fds[0] == -1 || fds[1] == -1 ||
	    box_send(b, MSG_AUDIT_CHANNEL, 0, STR(""), fds, 2, &e) == -1)
		log_warn("sandbox %s: new audit channels: %s", b->name,
		    e.text);
	fd_close(&fds[0]);
	fd_close(&fds[1]);
}

int
box_send_policy(struct box *b, uint64_t number, struct str image,
    struct err *e)
{
	CLEAN_FD int fd = io_memfd_sealed("openshell-policy", image, e);
	struct policy_set p = { number };
	unsigned char bytes[16];
	struct wbuf w = { .p = bytes, .cap = sizeof(bytes) };

	if (fd == -1)
		return -1;
	policy_set_put(&w, &p);
	must(!w.over);
	return box_send(b, MSG_POLICY_SET, 0,
	    str_of((const char *)bytes, w.len), &fd, 1, e);
}
