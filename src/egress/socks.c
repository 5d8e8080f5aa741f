/* socks.c -- SOCKS5, the other way to ask for a connection.  What it asks is
 * judged as a CONNECT to the same place, and what follows is the same; only
 * the answers are numbers. */
#include "http/socks.h"

#include <errno.h>
#include <stdio.h>

#include "answer.h"
#include "base/must.h"
#include "conn.h"
#include "egress.h"
#include "judge.h"

static enum want
reply(struct conn *c, enum socks_reply code)
{
	unsigned char bytes[SOCKS_REPLY_BYTES];

	socks_reply_put(code, bytes);
	if (!buf_add(&c->cl.out, bytes, sizeof(bytes)))
		return WANT_CLOSE;
	egress_queue(c->eg, &c->cl);
	return WANT_TURN;
}

static enum want
refuse(struct conn *c, enum socks_reply code)
{
	if (reply(c, code) == WANT_CLOSE)
		return WANT_CLOSE;
	buf_clear(&c->cl.in);
	(void)stream_take(&c->cl, 0); /* what is there is read and dropped */
	conn_enter(c, CONN_LINGER);
	return WANT_TURN;
}

bool
socks_opened(struct conn *c)
{
	return reply(c, SOCKS_DONE) == WANT_TURN;
}

/* The code that comes closest to an answer that has words elsewhere. */
static enum socks_reply
code_of(const struct conn *c, unsigned status)
{
	switch (status) {
	case 403:
	case 429:
		return SOCKS_NOT_ALLOWED;
	case 504:
		return SOCKS_NO_HOST;
	case 502:
		break;
	default:
		return SOCKS_FAILED;
	}
	if (c->err.sys == ECONNREFUSED)
		return SOCKS_REFUSED;
	return c->err.sys == ENETUNREACH ? SOCKS_NO_NETWORK : SOCKS_NO_HOST;
}

enum want
socks_answer(struct conn *c, unsigned status)
{
	return refuse(c, code_of(c, status));
}

enum want
conn_greet(struct conn *c)
{
	unsigned char choice[SOCKS_CHOICE_BYTES];
	struct http_fault f;
	bool open = false;
	size_t end = 0;

	must(c->state == CONN_GREET);
	if (socks_greeting_parse(buf_str(&c->cl.in), &end, &open, &f) ==
	    PARSE_MORE)
		return conn_peek_more(c);
	/* What is not a greeting is told that none of it will do. */
	if (end > 0 && stream_take(&c->cl, end) != STREAM_SOME)
		return WANT_CLOSE;
	buf_clear(&c->cl.in);
	socks_choice_put(open, choice);
	if (!buf_add(&c->cl.out, choice, sizeof(choice)))
		return WANT_CLOSE;
	egress_queue(c->eg, &c->cl);
	conn_enter(c, open ? CONN_ASK : CONN_LINGER);
	return WANT_TURN;
}

/* A request that cannot be understood is a finding: a client that makes one
 * is broken, or looks for a difference between two parsers. */
static enum want
malformed(struct conn *c, const struct http_fault *f)
{
	(void)judge_record(c, AUDIT_FINDING, AUDIT_DENIED, NULL, 0,
	    str_c(f->why)); /* nothing is done, recorded or not */
	return refuse(c, (enum socks_reply)f->status);
}

enum want
conn_ask(struct conn *c)
{
	struct authority at;
	struct http_fault f;
	enum want w;
	size_t end;

	must(c->state == CONN_ASK);
	if (c->way == WAY_DIRECT)
		return direct_ask(c);
	switch (socks_request_parse(buf_str(&c->cl.in), &end, &at, &f)) {
	case PARSE_MORE:
		return conn_peek_more(c);
	case PARSE_BAD:
		return malformed(c, &f);
	case PARSE_OK:
		break;
	}
	c->at = at;
	(void)snprintf(c->method, sizeof(c->method), "CONNECT");
	w = request_may_begin(c);
	if (w != WANT_TURN)
		return w;
	if (stream_take(&c->cl, end) != STREAM_SOME)
		return WANT_CLOSE;
	buf_clear(&c->cl.in);
	return address_judge(c);
}
