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
	starttls_begin(&c->starttls, c->treat == TREAT_TLS ?
		starttls_of_port(c->at.port) : STARTTLS_NONE);
	conn_enter(c, c->treat == TREAT_PASS ? CONN_TUNNEL :
		c->starttls.kind != STARTTLS_NONE ? CONN_STARTTLS :
						    CONN_PEEK);
	c->cl.ready = true;
	return WANT_TURN;
}

/* ---- what is spoken ---- */

enum want
tunnel_refuse(struct conn *c, const char *why)
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

	(void)tunnel_refuse(c, why);
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

	if (c->treat == TREAT_TLS)
		return tls_watch_fits(hello, &c->at.host);
	/* An encrypted hello has no inner reader here: its outer name is what
	 * counts. */
	if (hello->name.len > 0 &&
	    (host_parse(hello->name, &name, &f) != PARSE_OK ||
		!str_eq(host_str(&name), host_str(&c->at.host))))
		return "the TLS server name is not the CONNECT host";
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
		return tunnel_refuse(c, "the bytes are not TLS");
	if (!http_is(buf_str(&c->cl.in).p[0], CHAR_TOKEN))
		return tunnel_refuse(c, "the bytes are neither TLS nor HTTP");
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
	return tunnel_refuse(c, f.why);
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
		(void)judge_record(c, AUDIT_FINDING, AUDIT_OBSERVED, NULL, 0,
		    str_c(e.text)); /* it is over, recorded or not */
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

/* Some libraries look at a certificate only after the handshake, and hang up
 * without an alert (Node does). */
void
tunnel_unused(struct conn *c)
{
	if (!c->tls || c->parent != NULL || c->begun ||
	    strcmp(c->method, "CONNECT") != 0)
		return;
	(void)judge_record(c, AUDIT_FINDING, AUDIT_OBSERVED, NULL, 0,
	    STR("the program ended its TLS connection without a request: it "
		"may not trust the sandbox's authority (protocols: [tls] "
		"passes its TLS unread)")); /* it is over either way */
}

/* ---- bytes that pass ---- */

/* Of TLS that passes, what comes before the server's answer to the hello is
 * read first and then passed, record by record: *n bytes. false: it may not
 * pass. */
static bool
pass_watched(struct conn *c, size_t *n, struct http_fault *f)
{
	struct stream *s = &c->cl;
	struct buf *to = &c->up->s.out;

	*n = 0;
	if (to->len >= BODY_ROOM)
		return true;
	if (s->ready)
		(void)stream_fill(s);
	if (tls_watch_client(&c->watch, &c->at.host, buf_str(&s->in),
		c->eg->hello, n, f) == PARSE_BAD ||
	    !buf_adds(to, str_head(buf_str(&s->in), *n)))
		return false;
	buf_eat(&s->in, *n);
	return true;
}

/* What just came is TLS. */
static bool
is_tls(struct conn *c, const struct stream *from, struct str came,
    struct http_fault *f)
{
	size_t n;

	return from == &c->cl ?
	    tls_watch_client(&c->watch, &c->at.host, came, c->eg->hello, &n,
		f) != PARSE_BAD :
	    tls_watch_server(&c->watch, came, f) != PARSE_BAD;
}

/* false: what came may not pass. */
static bool
move(struct conn *c, struct stream *from, struct stream *to, size_t *n,
    struct http_fault *f)
{
	*n = 0;
	if (c->treat == TREAT_TLS && from == &c->cl &&
	    (c->watch.state != TLS_WATCH_CALM || from->in.len > 0))
		return pass_watched(c, n, f);
	if (from->ready)
		(void)stream_pass(from, &to->out, n);
	return c->treat != TREAT_TLS || *n == 0 ||
	    is_tls(c, from, str_from(buf_str(&to->out), to->out.len - *n), f);
}

/* false: this direction is over. */
static bool
pass(struct conn *c, struct stream *from, struct stream *to, uint64_t *count,
    bool *moved, const char **wrong)
{
	struct http_fault f = { 0, "a record of TLS does not fit" };
	size_t n;

	if (*wrong != NULL)
		return false;
	if (!move(c, from, to, &n, &f)) {
		*wrong = f.why;
		return false;
	}
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

/* Neither side hears more, not even what it would have been told now. */
static enum want
tunnel_cut(struct conn *c, const char *why)
{
	(void)judge_record(c, AUDIT_NET_CLOSE, AUDIT_OBSERVED, NULL, 0,
	    str_c(why)); /* it is over either way */
	buf_clear(&c->up->s.out);
	buf_clear(&c->cl.out);
	c->cl.failed = c->up->s.failed = true;
	return tunnel_refuse(c, why);
}

enum want
conn_tunnel(struct conn *c)
{
	const char *wrong = NULL;
	bool moved = false, up, down;

	must(c->state == CONN_TUNNEL);
	if (limit_is_reached(c)) {
		c->answering = c->cl.failed = true;
		return limit_reached(c);
	}
	up = pass(c, &c->cl, &c->up->s, &c->bytes_out, &moved, &wrong);
	down = pass(c, &c->up->s, &c->cl, &c->bytes_in, &moved, &wrong);
	if (wrong != NULL)
		return tunnel_cut(c, wrong);
	if ((!up && !down) || c->cl.failed || c->up->s.failed) {
		(void)judge_record(c, AUDIT_NET_CLOSE, AUDIT_OBSERVED, NULL,
		    0, c->treat == TREAT_TLS ?
			STR("TLS that passed unread") : STR(""));
		return WANT_CLOSE; /* recorded or not, it is over */
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
