/* h2_down.c -- a client that speaks HTTP/2.  Its connection is a conn that
 * carries others: each request is one without a socket, and lives as one of
 * HTTP/1 does from the moment its head is there. */
#include "http/h2.h"

#include "base/log.h"
#include "base/must.h"
#include "conn.h"
#include "egress.h"
#include "judge.h"
#include "tls/openssl.h"

/* Requests of all connections at once; more are refused, and may be asked
 * again. */
#define KID_COUNT_MAX 16384

enum want
h2_down_begin(struct conn *c)
{
	unsigned char seed[16];

	c->h2 = c->cl.mux = h2_new(true, c->tls);
	/* What was offered cannot be taken back (RFC 8441, 3): each request
	 * is judged all the same. */
	if (c->tls && judge_websockets(c) &&
	    RAND_bytes(seed, sizeof(seed)) == 1)
		h2_offer_websockets(c->h2, seed);
	c->method[0] = '\0';
	egress_queue(c->eg, &c->cl);
	conn_enter(c, CONN_H2);
	return WANT_TURN;
}

/* ---- what came ---- */

/* Each turn takes a stream off the list of those that something happened
 * on; what is done for one puts at most itself on it again. */
static bool
dispatch(struct conn *c)
{
	struct h2_stream *s;
	unsigned events;

	for (uint32_t n = 2 * H2_STREAMS_MAX; n > 0; n--) {
		s = h2_next(c->h2, &events);
		if (s == NULL)
			return false;
		if (s->owner != NULL)
			stream_on_h2(c->eg->loop, s->owner, events);
		else if ((events & H2_HEAD) == 0)
			continue; /* nobody's any more */
		else if (c->eg->nkids < KID_COUNT_MAX)
			conn_new_kid(c, s);
		else
			h2_close(s, H2_REFUSED_STREAM);
	}
	return true;
}

/* What we ended is a finding: it was broken, or an attack. */
static enum want
over(struct conn *c)
{
	const char *why = h2_why(c->h2);

	if (why != NULL)
		(void)judge_record(c, AUDIT_FINDING, AUDIT_DENIED, NULL, 0,
		    str_c(why)); /* it ends, recorded or not */
	log_debug("conn %u: HTTP/2 is over: %s", c->id,
	    why == NULL ? "in order" : why);
	while (!TAILQ_EMPTY(&c->kids))
		conn_free(TAILQ_FIRST(&c->kids));
	c->cl.mux = NULL;
	conn_enter(c, CONN_LINGER);
	return WANT_TURN;
}

enum want
conn_h2(struct conn *c)
{
	bool more = conn_read_more(c, &c->cl);

	must(c->state == CONN_H2);
	if (c->cl.failed || c->cl.ended)
		return WANT_CLOSE;
	if (c->cl.in.len > 0)
		(void)h2_recv(c->h2, buf_str(&c->cl.in),
		    loop_now(c->eg->loop)); /* its end is seen below */
	buf_clear(&c->cl.in);
	more |= dispatch(c);
	if (h2_has_output(c->h2))
		egress_queue(c->eg, &c->cl);
	else if (h2_is_over(c->h2))
		return over(c);
	return more ? WANT_TURN : WANT_WAIT;
}

/* The answer was made; all of it goes out. A client that still sends then is
 * told that nobody reads it. */
enum want
conn_drain(struct conn *c)
{
	const struct h2_stream *s = c->cl.h2;

	must(c->state == CONN_DRAIN);
	buf_clear(&c->cl.in);
	if (c->cl.failed || s->over || (s->sent && !s->ended))
		return WANT_CLOSE;
	conn_progress(c);
	c->cl.tell = true;
	return WANT_WAIT;
}

/* ---- all of them ---- */

void
h2_down_each(struct conn *c, void (*what)(struct conn *kid))
{
	struct conn *kid = TAILQ_FIRST(&c->kids), *next;

	for (; kid != NULL; kid = next) { /* it may free itself, no other */
		next = TAILQ_NEXT(kid, kin);
		what(kid);
	}
}

static void
look_again(struct conn *kid)
{
	if (kid->state == CONN_WHO)
		conn_run(kid);
}

void
h2_down_known(struct conn *c)
{
	h2_down_each(c, look_again);
}

/* Requests that run are judged again; where nothing could be allowed any
 * more there is no use in asking. */
void
h2_down_rejudge(struct conn *c)
{
	struct net_answer a;

	h2_down_each(c, conn_rejudge);
	judge_connection(c, &a);
	if (a.verdict == VERDICT_ALLOW && a.treat == TREAT_HTTP)
		return;
	h2_goaway(c->h2);
	egress_queue(c->eg, &c->cl);
}

enum want
h2_down_idle(struct conn *c)
{
	if (!TAILQ_EMPTY(&c->kids)) { /* they have their own times */
		conn_progress(c);
		return WANT_WAIT;
	}
	if (c->leaving)
		return WANT_CLOSE;
	c->leaving = true;
	h2_goaway(c->h2);
	egress_queue(c->eg, &c->cl);
	conn_progress(c);
	return WANT_WAIT;
}

void
h2_down_free(struct conn *c)
{
	if (c->h2 == NULL)
		return;
	while (!TAILQ_EMPTY(&c->kids))
		conn_free(TAILQ_FIRST(&c->kids));
	h2_free(c->h2);
	c->h2 = c->cl.mux = NULL;
}
