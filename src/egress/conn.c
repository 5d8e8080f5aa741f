/* conn.c -- the table of connections and their state machine.  Only
 * conn_enter() writes c->state. */
#include "conn.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "answer.h"
#include "back.h"
#include "base/log.h"
#include "base/must.h"
#include "caller.h"
#include "egress.h"
#include "hold.h"
#include "talk.h"

static const struct {
	const char *name;
	enum want (*step)(struct conn *c);
	unsigned seconds;
	bool reads;
} states[CONN_STATE_COUNT] = {
#define X(name, step, seconds, reads) \
	[CONN_##name] = { #name, step, seconds, reads },
	CONN_STATES(X)
#undef X
};

#define TO(s) (1U << CONN_##s)

/* What may follow what; HEAD and LINGER follow every answer. */
static const unsigned edges[CONN_STATE_COUNT] = {
	[CONN_HEAD] = TO(HEAD) | TO(WHO) | TO(GREET) | TO(ASK) |
	    TO(BODY) | TO(RESOLVE) | TO(DIAL) | TO(RELAY) | TO(OPENED) |
	    TO(DRAIN) | TO(LINGER),
	[CONN_BODY] = TO(HEAD) | TO(RESOLVE) | TO(DIAL) | TO(RELAY) |
	    TO(DRAIN) | TO(LINGER),
	[CONN_GREET] = TO(ASK) | TO(LINGER),
	[CONN_ASK] = TO(WHO) | TO(RESOLVE) | TO(DIAL) | TO(OPENED) |
	    TO(REFUSED) | TO(LINGER),
	[CONN_REFUSED] = TO(LINGER),
	[CONN_WHO] = TO(HEAD) | TO(ASK) | TO(DRAIN) | TO(LINGER),
	[CONN_RESOLVE] = TO(DIAL) | TO(HEAD) | TO(REFUSED) | TO(DRAIN) |
	    TO(LINGER),
	[CONN_DIAL] = TO(RELAY) | TO(OPENED) | TO(HEAD) | TO(REFUSED) |
	    TO(DRAIN) | TO(LINGER),
	[CONN_RELAY] = TO(HEAD) | TO(LINGER) | TO(RESOLVE) | TO(DIAL) |
	    TO(WEBSOCKET) | TO(DRAIN),
	[CONN_OPENED] = TO(PEEK) | TO(STARTTLS) | TO(TUNNEL) | TO(LINGER),
	[CONN_STARTTLS] = TO(PEEK) | TO(LINGER),
	[CONN_PEEK] = TO(ACCEPT) | TO(HEAD) | TO(TUNNEL) | TO(H2) |
	    TO(LINGER),
	[CONN_ACCEPT] = TO(HEAD) | TO(H2),
	[CONN_TUNNEL] = TO(LINGER),
	[CONN_WEBSOCKET] = TO(DRAIN) | TO(LINGER),
	[CONN_H2] = TO(LINGER),
	[CONN_LINGER] = TO(LINGER),
};

/* ---- time ---- */

static void
set_deadline(struct conn *c, unsigned seconds)
{
	c->deadline = usec_add(loop_now(c->eg->loop),
	    usec_of_ms((int64_t)seconds * 1000));
	/* A timer that fires early looks again; one is set anew only when
	 * it would fire late. */
	if (c->timer.slot == 0 || c->timer.at.v > c->deadline.v)
		loop_timer_set(c->eg->loop, &c->timer,
		    usec_of_ms((int64_t)seconds * 1000));
}

void
conn_progress(struct conn *c)
{
	set_deadline(c, talk_waits(c) ? HOLD_TIME_S :
					states[c->state].seconds);
}

/* The whole head must follow its first byte soon, however it trickles. */
void
conn_begin_head(struct conn *c)
{
	if (!c->begun)
		set_deadline(c, HEAD_TIME_S);
	c->begun = true;
}

void
conn_enter(struct conn *c, enum conn_state s)
{
	must((edges[c->state] >> s & 1) != 0);
	log_debug("conn %u: %s -> %s", c->id, states[c->state].name,
	    states[s].name);
	c->state = s;
	set_deadline(c, states[s].seconds);
}

static enum want
time_over(struct conn *c)
{
	switch (c->state) {
	case CONN_HEAD:
		if (!c->begun)
			return WANT_CLOSE;
		c->keep = false;
		return answer_error(c, 408, "request_timeout",
		    "the request's head did not arrive within %d s",
		    HEAD_TIME_S);
	case CONN_WHO:
		c->who_late = true;
		return WANT_TURN;
	case CONN_RESOLVE:
		return answer_error(c, 504, "upstream_timeout",
		    "%s did not resolve in time", c->at.host.text);
	case CONN_DIAL:
		return answer_error(c, 504, "upstream_timeout",
		    "%s:%u did not answer in time", c->at.host.text,
		    (unsigned)c->at.port);
	case CONN_RELAY:
		c->keep = false;
		return answer_error(c, 504, "upstream_timeout",
		    "%s:%u sent nothing for %u s", c->at.host.text,
		    (unsigned)c->at.port, states[c->state].seconds);
	case CONN_WEBSOCKET:
		return websocket_idle(c);
	case CONN_H2:
		return h2_down_idle(c);
	case CONN_REFUSED:
		return direct_reset(c);
	case CONN_BODY:
		c->keep = false;
		return answer_error(c, 408, "request_timeout",
		    "the request's body did not arrive within %d s",
		    HOLD_TIME_S);
	case CONN_GREET:
	case CONN_ASK:
	case CONN_OPENED:
	case CONN_STARTTLS:
	case CONN_PEEK:
	case CONN_ACCEPT:
	case CONN_TUNNEL:
	case CONN_DRAIN:
	case CONN_LINGER:
	case CONN_STATE_COUNT:
		break;
	}
	return WANT_CLOSE;
}

static void
conn_on_time(struct loop *l, void *arg)
{
	struct conn *c = arg;
	int64_t left = c->deadline.v - loop_now(l).v;

	if (left > 0) {
		loop_timer_set(l, &c->timer, (struct usec){ left });
		return;
	}
	c->running = true;
	if (time_over(c) == WANT_CLOSE) {
		conn_free(c);
		return;
	}
	c->running = false;
	conn_run(c);
}

/* ---- running ---- */

/* What was read of a carried one lets its peer send more: it must hear so. */
static void
arm(struct conn *c, struct stream *s, bool reads)
{
	stream_arm(c->eg->loop, s, reads);
	if (s->h2 != NULL && s->carrier->mux != NULL &&
	    h2_has_output(s->carrier->mux))
		egress_queue(c->eg, s->carrier);
}

/* Where nobody waits for what the server says, it would wake us for ever. */
static bool
up_may_read(const struct conn *c)
{
	return c->state != CONN_LINGER && c->state != CONN_PEEK &&
	    c->state != CONN_OPENED;
}

static void
conn_arm(struct conn *c)
{
	bool reads = states[c->state].reads && !c->parked;
	bool tunnel = c->state == CONN_TUNNEL;

	arm(c, &c->cl, reads && !(tunnel && c->up->s.out.len >= BODY_ROOM));
	if (c->up == NULL || c->up->state != UP_READY)
		return;
	arm(c, &c->up->s, up_may_read(c) &&
	    !(tunnel && c->cl.out.len >= BODY_ROOM));
}

static void
run_again(struct conn *c)
{
	struct egress *eg = c->eg;

	if (c->in_again)
		return;
	c->in_again = true;
	eg->nagain++;
	TAILQ_INSERT_TAIL(&eg->again, c, again);
	if (eg->again_timer.slot == 0)
		loop_timer_set(eg->loop, &eg->again_timer, usec_of_ms(0));
}

void
conn_unlist(struct conn *c)
{
	if (!c->in_again)
		return;
	c->in_again = false;
	c->eg->nagain--;
	TAILQ_REMOVE(&c->eg->again, c, again);
}

void
conn_shrink(struct conn *c)
{
	if (c->h2 != NULL) {
		h2_shrink(c->h2);
		h2_down_each(c, conn_shrink);
	}
	if (c->state != CONN_HEAD || c->begun || c->parent != NULL) {
		buf_shrink(&c->cl.in);
		buf_shrink(&c->cl.out);
		return;
	}
	buf_clear(&c->path);
	buf_clear(&c->query_text);
	buf_shrink(&c->path);
	buf_shrink(&c->query_text);
	buf_clear(&c->field_text);
	buf_shrink(&c->field_text);
	c->details = (struct net_details){ { { .known = false } } };
	buf_shrink(&c->cl.in);
	buf_shrink(&c->cl.out);
}

void
conn_park(struct conn *c, bool parked)
{
	if (c->parked != parked)
		c->eg->nparked += parked ? 1U : -1U;
	c->parked = parked;
}

void
conn_unpark(struct conn *c)
{
	if (!c->parked)
		return;
	conn_park(c, false);
	conn_run(c);
}

void
conn_run(struct conn *c)
{
	enum want w = WANT_TURN;

	if (c->running)
		return; /* told from within a step, which goes on itself */
	c->running = true;
	c->tired = false;
	for (int i = 0; i < CONN_TURNS_MAX && w == WANT_TURN && !c->tired; i++)
		w = states[c->state].step(c);
	c->running = false;
	if (w == WANT_CLOSE) {
		conn_free(c);
		return;
	}
	if (w == WANT_TURN)
		run_again(c);
	conn_arm(c);
}

void
conn_on_io(struct conn *c, struct stream *s, unsigned events)
{
	if ((events & LOOP_HANGUP) != 0)
		stream_hung(c->eg->loop, s);
	if ((events & (LOOP_READ | LOOP_HANGUP)) != 0 || s->tls_writes)
		s->ready = true;
	if ((events & (LOOP_WRITE | LOOP_HANGUP)) != 0) {
		s->blocked = false;
		if (s->out.len > 0)
			egress_queue(c->eg, s);
	}
	/* Nobody is left to be answered. */
	if (s == &c->cl && s->hung && !states[c->state].reads) {
		conn_free(c);
		return;
	}
	conn_run(c);
}

static void
client_on_io(struct loop *l, unsigned events, void *arg)
{
	struct conn *c = arg;

	(void)l;
	c->heard_of |= (events & LOOP_READ) != 0;
	conn_on_io(c, &c->cl, events);
}

void
conn_on_up(struct conn *c, const struct err *e)
{
	c->done = true;
	c->err = e == NULL ? (struct err){ .kind = ERR_NONE } : *e;
	conn_run(c);
}

enum want
conn_peek_more(struct conn *c)
{
	if (c->cl.ended)
		return WANT_CLOSE;
	if (!c->cl.ready)
		return WANT_WAIT;
	switch (stream_peek(&c->cl)) {
	case STREAM_AGAIN:
		return WANT_WAIT;
	case STREAM_SOME:
		return WANT_TURN;
	case STREAM_END:
	case STREAM_FAILED:
		break;
	}
	return WANT_CLOSE;
}

/* ---- life ---- */

struct conn *
conn_find(struct egress *eg, uint32_t id)
{
	struct conn *c = eg->conns[id % CONN_COUNT_MAX];

	return c != NULL && c->id == id ? c : NULL;
}

static uint32_t
slot_find(struct egress *eg)
{
	must(eg->nconns < CONN_COUNT_MAX);
	while (eg->conns[eg->next_slot] != NULL)
		eg->next_slot = (eg->next_slot + 1) % CONN_COUNT_MAX;
	return eg->next_slot;
}

/* A caught connection's own address is the one that was dialled. */
static void
ask_where(struct conn *c)
{
	struct sockaddr_in a = { 0 };
	socklen_t len = sizeof(a);

	if (getsockname(c->cl.io.fd, (struct sockaddr *)&a, &len) == -1 ||
	    a.sin_family != AF_INET)
		return; /* it leads nowhere, and is refused */
	c->there = ntohl(a.sin_addr.s_addr);
	c->there_port = ntohs(a.sin_port);
}

static void
conn_init(struct conn *c, struct egress *eg)
{
	c->eg = eg;
	buf_init(&c->path, 3 * HTTP_TARGET_BYTES_MAX);
	buf_init(&c->query_text, HTTP_TARGET_BYTES_MAX);
	buf_init(&c->field_text, HTTP_HEAD_BYTES_MAX);
	buf_init(&c->shown, 3 * HTTP_TARGET_BYTES_MAX);
	c->timer.on_time = conn_on_time;
	c->timer.arg = c;
	TAILQ_INIT(&c->kids);
	set_deadline(c, states[CONN_HEAD].seconds);
}

void
conn_new_kid(struct conn *parent, struct h2_stream *s)
{
	struct conn *c = mem_alloc(1, sizeof(*c));

	conn_init(c, parent->eg);
	c->eg->nkids++;
	c->id = parent->id;
	c->parent = parent;
	c->way = parent->way;
	c->tunnel = true;
	c->tls = parent->tls;
	c->treat = parent->treat;
	c->at = parent->at;
	stream_init_carried(&c->cl, &parent->cl, s, false, client_on_io, c);
	c->cl.ready = true;
	c->cl.ended = s->ended;
	TAILQ_INSERT_TAIL(&parent->kids, c, kin);
	conn_run(c);
}

struct conn *
conn_new(struct egress *eg, int fd, uint16_t peer_port)
{
	struct conn *c = mem_alloc(1, sizeof(*c));
	int one = 1;

	conn_init(c, eg);
	c->slot = slot_find(eg);
	if (++eg->serial >= UINT32_MAX / CONN_COUNT_MAX)
		eg->serial = 1; /* ids below CONN_COUNT_MAX are dropped.h's */
	c->id = c->slot + CONN_COUNT_MAX * eg->serial;
	eg->conns[c->slot] = c;
	eg->nconns++;
	c->peer_port = peer_port;
	c->first = true;
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	stream_init(&c->cl, fd, false, client_on_io, c);
	ask_where(c);
	if (loop_watch(eg->loop, &c->cl.io, NULL) == -1) {
		conn_free(c);
		return NULL;
	}
	egress_sweep_later(eg);
	caller_ask(c);
	if (eg->who_timer.slot == 0)
		loop_timer_set(eg->loop, &eg->who_timer,
		    usec_of_ms(CALLER_AGE_MS));
	return c;
}

/* Of a request of HTTP/2: what its connection has of it. */
static void
leave_parent(struct conn *c)
{
	struct conn *p = c->parent;

	TAILQ_REMOVE(&p->kids, c, kin);
	c->eg->nkids--;
	egress_queue(c->eg, &p->cl);
	if (TAILQ_EMPTY(&p->kids))
		conn_progress(p);
}

void
conn_free(struct conn *c)
{
	struct egress *eg = c->eg;

	log_debug("conn %u: closed in %s", c->id, states[c->state].name);
	h2_down_free(c);
	hold_free(c);
	back_free(c);
	talk_free(c);
	dns_cancel(&c->query);
	up_close(&c->up);
	egress_unqueue(eg, &c->cl);
	stream_close(eg->loop, &c->cl);
	loop_timer_stop(eg->loop, &c->timer);
	conn_unlist(c);
	conn_park(c, false);
	buf_fini(&c->path);
	buf_fini(&c->query_text);
	buf_fini(&c->field_text);
	buf_fini(&c->shown);
	free(c->fields);
	caller_forget(c);
	if (c->parent != NULL) {
		leave_parent(c);
	} else {
		eg->conns[c->slot] = NULL;
		eg->nconns--;
	}
	free(c);
	conn_accept_more(eg);
}
