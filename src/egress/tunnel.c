/* tunnel.c -- what follows an allowed CONNECT: its answer, a look at what is
 * spoken, our end of TLS or bytes that pass. */
#include "answer.h"
#include "base/log.h"
#include "base/must.h"
#include "conn.h"
#include "egress.h"
#include "http/chars.h"
#include "judge.h"
#include "limit.h"

enum want
tunnel_open(struct conn *c)
{
	bool said = c->way == WAY_DIRECT ? true :
	    c->way == WAY_SOCKS ? socks_opened(c) :
	    buf_addz(&c->cl.out,
		"HTTP/1.1 200 Connection established\r\n\r\n");

	if (!said)
		return WANT_CLOSE;
	buf_eat(&c->cl.in, c->head_len);
	must(c->cl.in.len == 0);
	c->head_len = c->scan = 0;
	c->begun = false;
	c->tunnel = true;
	egress_queue(c->eg, &c->cl);
	conn_enter(c, CONN_OPENED);
	return WANT_TURN;
}

enum want
conn_opened(struct conn *c)
{
	must(c->state == CONN_OPENED);
	if (c->cl.failed)
		return WANT_CLOSE;
	if (c->cl.out.len > 0) {
		c->cl.tell = true;
		return WANT_WAIT;
	}
	conn_enter(c, c->treat == TREAT_PASS ? CONN_TUNNEL : CONN_PEEK);
	c->cl.ready = true;
	return WANT_TURN;
}

/* ---- what is spoken ---- */

static enum want
refuse(struct conn *c, const char *why)
{
	log_debug("conn %u: %s:%u: %s", c->id, c->at.host.text,
	    (unsigned)c->at.port, why);
	(void)judge_record(c, AUDIT_FINDING, AUDIT_DENIED, NULL, 0,
	    str_c(why)); /* nothing is done, recorded or not */
	return WANT_CLOSE;
}

/* The same to a client that speaks TLS, which shows the alert to people. */
static enum want
refuse_tls(struct conn *c, const char *why)
{
	static const unsigned char unrecognized_name[] = { 0x15, 3, 1, 0, 2,
		2, 112 };

	(void)refuse(c, why);
	if (!buf_add(&c->cl.out, unrecognized_name,
		sizeof(unrecognized_name)))
		return WANT_CLOSE;
	(void)stream_take(&c->cl, c->cl.in.len); /* or closing resets */
	egress_queue(c->eg, &c->cl);
	conn_enter(c, CONN_LINGER);
	return WANT_TURN;
}

/* The name asked for under TLS is the one that was allowed. */
static const char *
hello_wrong(const struct conn *c, const struct hello *hello)
{
	struct http_fault f;
	struct host name;

	if (hello->name.len > 0 &&
	    (host_parse(hello->name, &name, &f) != PARSE_OK ||
		!str_eq(host_str(&name), host_str(&c->at.host))))
		return "the TLS server name is not the CONNECT host";
	if (c->treat == TREAT_HTTP)
		/* An encrypted hello has no inner reader here: its outer
		 * name is what counts, and was just compared. */
		return NULL;
	if (hello->name.len == 0 && c->at.host.kind == HOST_NAME)
		return "the TLS hello names no server";
	if (hello->encrypted)
		return "the TLS hello is encrypted (ECH), and this endpoint "
		       "passes only what names its server";
	return NULL;
}

static enum want
on_hello(struct conn *c, const struct hello *hello)
{
	const char *wrong = hello_wrong(c, hello);
	struct err e = { 0 };

	if (wrong != NULL)
		return refuse_tls(c, wrong);
	buf_clear(&c->cl.in);
	(void)stream_take(&c->cl, 0); /* the bytes stay for TLS */
	if (c->treat == TREAT_TLS) {
		conn_enter(c, CONN_TUNNEL);
		return WANT_TURN;
	}
	if (tls_server(c->eg->tls, c->cl.io.fd, host_str(&c->at.host),
		&c->cl.ssl, &e) == -1) {
		log_error("conn %u: %s", c->id, e.text);
		return WANT_CLOSE;
	}
	c->tls = true;
	conn_enter(c, CONN_ACCEPT);
	return WANT_TURN;
}

static enum want
on_plain(struct conn *c)
{
	const struct str preface = STR(H2_PREFACE);
	bool h2c;

	if (c->treat != TREAT_HTTP)
		return refuse(c, "the bytes are not TLS");
	if (!http_is(buf_str(&c->cl.in).p[0], CHAR_TOKEN))
		return refuse(c, "the bytes are neither TLS nor HTTP");
	if (c->cl.in.len < preface.len &&
	    str_has_prefix(preface, buf_str(&c->cl.in)))
		return WANT_WAIT; /* HTTP/2, or a request of any version */
	h2c = str_has_prefix(buf_str(&c->cl.in), preface);
	buf_clear(&c->cl.in);
	(void)stream_take(&c->cl, 0);
	if (h2c)
		return h2_down_begin(c);
	conn_enter(c, CONN_HEAD);
	return WANT_TURN;
}

enum want
conn_peek(struct conn *c)
{
	struct http_fault f;
	struct hello hello;

	must(c->state == CONN_PEEK);
	if (!c->cl.ready)
		return WANT_WAIT;
	switch (stream_peek(&c->cl)) {
	case STREAM_AGAIN:
		return WANT_WAIT;
	case STREAM_END:
	case STREAM_FAILED:
		return WANT_CLOSE;
	case STREAM_SOME:
		break;
	}
	if (!hello_begins(buf_str(&c->cl.in)))
		return on_plain(c);
	switch (hello_parse(buf_str(&c->cl.in), c->eg->hello, &hello, &f)) {
	case PARSE_OK:
		return on_hello(c, &hello);
	case PARSE_MORE:
		return WANT_WAIT;
	case PARSE_BAD:
		break;
	}
	return refuse(c, f.why);
}

enum want
conn_accept(struct conn *c)
{
	bool want_write = false;
	struct err e = { 0 };
	int rc;

	must(c->state == CONN_ACCEPT);
	rc = tls_handshake(c->cl.ssl, &want_write, &e);
	if (rc == -1) {
		log_debug("conn %u: %s: the sandbox's side: %s", c->id,
		    c->at.host.text, e.text);
		c->cl.failed = true;
		return WANT_CLOSE;
	}
	c->cl.tls_writes = rc == 0 && want_write;
	if (rc == 0)
		return c->cl.hung ? WANT_CLOSE : WANT_WAIT;
	c->cl.ready = true;
	if (tls_speaks_h2(c->cl.ssl))
		return h2_down_begin(c);
	conn_enter(c, CONN_HEAD);
	return WANT_TURN;
}

/* ---- bytes that pass ---- */

/* false: this direction is over. */
static bool
pass(struct conn *c, struct stream *from, struct stream *to, uint64_t *count,
    bool *moved)
{
	size_t n = 0;

	if (from->ready)
		(void)stream_pass(from, &to->out, &n);
	if (n > 0) {
		*count += n;
		*moved = true;
		egress_queue(c->eg, to);
		conn_progress(c);
	}
	to->tell |= to->out.len >= BODY_ROOM / 2 ||
	    (from->ended && to->out.len > 0);
	if (from->ended && to->out.len == 0 && !to->lasts) {
		to->lasts = true;
		stream_end(to);
	}
	return !from->ended || to->out.len > 0;
}

enum want
conn_tunnel(struct conn *c)
{
	bool moved = false, up, down;

	must(c->state == CONN_TUNNEL);
	if (limit_is_reached(c)) {
		c->answering = c->cl.failed = true;
		return limit_reached(c);
	}
	up = pass(c, &c->cl, &c->up->s, &c->bytes_out, &moved);
	down = pass(c, &c->up->s, &c->cl, &c->bytes_in, &moved);
	if ((!up && !down) || c->cl.failed || c->up->s.failed) {
		(void)judge_record(c, AUDIT_NET_CLOSE, AUDIT_OBSERVED, NULL,
		    0, str_of("", 0)); /* it is over either way */
		return WANT_CLOSE;
	}
	return moved ? WANT_TURN : WANT_WAIT;
}

/* ---- the end of a connection ---- */

#define LINGER_BYTES_MAX 4194304 /* read and dropped, so that an answer to a
				  * request in the middle of its body arrives
				  * before the reset that closing would be */

enum want
conn_linger(struct conn *c)
{
	enum stream_got got;

	must(c->state == CONN_LINGER);
	if (c->cl.failed)
		return WANT_CLOSE;
	if (c->cl.out.len > 0) {
		c->cl.tell = true;
	} else if (!c->cl.lasts) {
		c->cl.lasts = true;
		stream_end(&c->cl);
	}
	buf_clear(&c->cl.in);
	if (c->cl.ended)
		return c->cl.out.len > 0 ? WANT_WAIT : WANT_CLOSE;
	if (!c->cl.ready)
		return WANT_WAIT;
	got = stream_fill(&c->cl);
	c->drained += c->cl.in.len;
	if (got == STREAM_AGAIN)
		return WANT_WAIT;
	return c->drained > LINGER_BYTES_MAX ? WANT_CLOSE : WANT_TURN;
}
