/* starttls.c -- a connection that may carry TLS alone, to a port where TLS
 * begins later: what is said before it (tls/starttls.h). */
#include "tls/starttls.h"

#include "answer.h"
#include "base/must.h"
#include "conn.h"
#include "egress.h"
#include "judge.h"

static struct buf *
scratch(struct conn *c)
{
	struct buf *b = &c->eg->text;

	buf_fini(b);
	buf_init(b, STARTTLS_OUT_MAX);
	return b;
}

static bool
send_to(struct conn *c, struct stream *s, const struct buf *out)
{
	if (!buf_adds(&s->out, buf_str(out)))
		return false;
	if (s == &c->cl)
		c->bytes_in += out->len;
	else
		c->bytes_out += out->len;
	egress_queue(c->eg, s);
	return true;
}

static enum want
enter_tls(struct conn *c)
{
	buf_clear(&c->cl.in);
	(void)stream_take(&c->cl, 0); /* it is looked at anew */
	conn_enter(c, CONN_PEEK);
	return WANT_TURN;
}

/* Recorded, and told in its own words. */
static enum want
refuse(struct conn *c, const struct buf *out, bool ends)
{
	bool told = buf_adds(&c->cl.out, buf_str(out));

	egress_queue(c->eg, &c->cl);
	if (!judge_record(c, AUDIT_FINDING, AUDIT_DENIED, NULL, 0,
		str_c(c->starttls.why)) || !told)
		return WANT_CLOSE;
	if (!ends)
		return WANT_TURN;
	up_close(&c->up);
	buf_clear(&c->cl.in);
	(void)stream_take(&c->cl, 0); /* what is there is read and dropped */
	conn_enter(c, CONN_LINGER);
	return WANT_TURN;
}

/* What one side said, from s, goes to the other or is answered. */
static enum want
heard(struct conn *c, struct stream *s, enum starttls_said said,
    const struct buf *out)
{
	struct stream *other = s == &c->cl ? &c->up->s : &c->cl;

	switch (said) {
	case STARTTLS_MORE:
		return WANT_WAIT;
	case STARTTLS_PASS:
		return send_to(c, other, out) ? WANT_TURN : WANT_CLOSE;
	case STARTTLS_ANSWER:
		return send_to(c, &c->cl, out) ? WANT_TURN : WANT_CLOSE;
	case STARTTLS_REFUSE:
		return refuse(c, out, false);
	case STARTTLS_TLS:
		return send_to(c, other, out) ? enter_tls(c) : WANT_CLOSE;
	case STARTTLS_BAD:
		break;
	}
	return refuse(c, out, true);
}

/* Nothing more was said by the client when the server agreed. */
static bool
is_silent(struct conn *c)
{
	return c->cl.in.len == 0 && stream_peek(&c->cl) == STREAM_AGAIN;
}

static enum want
hear_server(struct conn *c)
{
	struct stream *s = &c->up->s;
	struct buf *out = scratch(c);
	enum starttls_said said;
	size_t eaten;

	if (s->ready)
		(void)stream_fill(s);
	said = starttls_server(&c->starttls, buf_str(&s->in), &eaten, out);
	buf_eat(&s->in, eaten);
	if (said == STARTTLS_TLS && !is_silent(c)) {
		c->starttls.state = STARTTLS_CONSENT;
		buf_clear(out);
		said = starttls_client(&c->starttls, STR("?"), &eaten, out);
	}
	if (said == STARTTLS_MORE && s->ended)
		return WANT_CLOSE;
	return heard(c, s, said, out);
}

static enum want
hear_client(struct conn *c)
{
	struct buf *out = scratch(c);
	enum starttls_said said;
	size_t eaten;

	if (c->cl.ready && stream_peek(&c->cl) != STREAM_SOME && c->cl.ended)
		return WANT_CLOSE;
	if (starttls_is_fresh(&c->starttls) && c->cl.in.len > 0 &&
	    hello_begins(buf_str(&c->cl.in)))
		return enter_tls(c);
	said = starttls_client(&c->starttls, buf_str(&c->cl.in), &eaten, out);
	if (said == STARTTLS_MORE)
		return WANT_WAIT;
	if (eaten > 0 && stream_take(&c->cl, eaten) != STREAM_SOME)
		return WANT_CLOSE;
	if (eaten > 0)
		buf_clear(&c->cl.in);
	return heard(c, &c->cl, said, out);
}

enum want
conn_starttls(struct conn *c)
{
	enum want w;

	must(c->state == CONN_STARTTLS);
	if (c->cl.failed || c->up->s.failed)
		return WANT_CLOSE;
	w = hear_server(c);
	if (w == WANT_WAIT)
		w = hear_client(c);
	if (w == WANT_CLOSE)
		(void)judge_record(c, AUDIT_NET_CLOSE, AUDIT_OBSERVED, NULL,
		    0, STR("ended before TLS began")); /* either way */
	return w;
}
