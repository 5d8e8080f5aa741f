/* relay.c -- one request out and its response back, both streamed. */
#include <stdio.h>

#include "answer.h"
#include "back.h"
#include "base/must.h"
#include "conn.h"
#include "egress.h"
#include "hold.h"
#include "http/write.h"
#include "limit.h"
#include "talk.h"

/* ---- the request's head ---- */

/* What gRPC's servers ask for; elsewhere trailers come or do not. */
static bool
wants_trailers(const struct http_head *h)
{
	for (unsigned i = 0; i < h->nfields; i++)
		if (h->fields[i].id == HTTP_HOP &&
		    str_case_eq(h->fields[i].name, STR("te")) &&
		    str_case_eq(h->fields[i].value, STR("trailers")))
			return true;
	return false;
}

static bool
put_request(struct up *u, const struct http_head *h,
    const struct request_out *o)
{
	return u->host != NULL ? h2_up_request(u, h, o) :
				 request_put(&u->s.out, h, o);
}

/* Of a body that was held, some is read already. */
static void
request_body_init(struct conn *c, const struct http_head *h,
    enum http_framing framing, enum http_framing out)
{
	c->head_kept = framing == HTTP_NO_BODY;
	if (c->hold != NULL && c->hold->taken) {
		c->req.out = out;
		return;
	}
	body_init(&c->req, framing, out, h->length);
	c->req.drop_trailers = true;	/* the head was judged, not these */
	if (!c->head_kept)
		buf_eat(&c->cl.in, c->head_len);
}

enum want
relay_begin(struct conn *c, struct http_head *h)
{
	char authority[AUTHORITY_BYTES_MAX], extensions[WS_DEFLATE_BYTES_MAX];
	enum http_framing framing = request_framing(c, h);
	enum http_framing out = framing == HTTP_TO_END ? HTTP_CHUNKED :
							 framing;
	struct request_out o = { .path = buf_str(&c->path),
		.query = buf_str(&c->query_text), .has_query = c->has_query,
		.framing = out, .length = h->length,
		.websocket = c->websocket,
		.trailers = wants_trailers(h) };

	if (c->up->host != NULL) {
		o.framing = framing;
		out = HTTP_TO_END; /* bare: its frames are its framing */
	}
	o.authority = str_of(authority,
	    authority_print(host_str(&c->at.host), c->at.port,
		c->tls ? 443 : 80, authority));
	if (c->websocket)
		o.extensions = websocket_offer(c, h, extensions);
	o.goes_on = c->hold != NULL && c->hold->taken;
	back_ask(c, h);
	if (!put_request(c->up, h, &o))
		return answer_error(c, 431, "header_too_large",
		    "the request's head is too long to be sent on");
	egress_queue(c->eg, &c->up->s);
	request_body_init(c, h, framing, out);
	c->keep = c->minor == 1 && !h->says_close;
	c->answering = c->up_keep = false;
	c->interims = 0;
	conn_enter(c, CONN_RELAY);
	return WANT_TURN;
}

/* ---- the response's head ---- */

static enum want
upstream_broken(struct conn *c, const char *why)
{
	c->keep = c->keep && c->req.done;
	return answer_error(c, 502, "upstream_protocol_error",
	    "%s:%u: %s", c->at.host.text, (unsigned)c->at.port, why);
}

#define REPEATS_MAX 32 /* of what servers that end soon did not look at */

/* A kept-alive connection that the peer closed just now: the request is
 * asked again, once, on a fresh one, if asking twice is harmless; or where the
 * server said that it did nothing about it, which many in a row may say. */
static bool
may_repeat(const struct conn *c)
{
	static const char *const harmless[] = { "GET", "HEAD", "OPTIONS" };
	const struct up *u = c->up;

	if (!c->head_kept || u->s.in.len > 0)
		return false;
	if (u->s.h2 != NULL && (u->s.h2->unseen || !u->s.h2->asked))
		return c->repeats < REPEATS_MAX;
	for (size_t i = 0; i < NELEM(harmless); i++)
		if (strcmp(c->method, harmless[i]) == 0)
			return u->reused && c->repeats == 0;
	return false;
}

static enum want
upstream_gone(struct conn *c)
{
	if (may_repeat(c)) {
		up_close(&c->up);
		c->head_kept = false;
		c->repeats++;
		return dial_begin(c);
	}
	return upstream_broken(c,
	    c->up->s.h2 != NULL && c->up->s.h2->fault.why != NULL ?
	    c->up->s.h2->fault.why :
	    c->up->s.why != NULL ? c->up->s.why :
	    "the connection ended before a response");
}

#define INTERIM_MAX 64 /* before an answer: they wait for who does not read */

static bool
interim(struct conn *c, const struct http_head *h)
{
	enum http_framing none;
	struct http_fault f;

	if (++c->interims > INTERIM_MAX ||
	    http_response_framing(h, str_c(c->method), &none, &f) != PARSE_OK)
		return false;
	if (c->minor == 0)
		return true; /* HTTP/1.0 has none */
	if (h->status == 100 && c->hold != NULL && c->hold->continued)
		return true; /* it was told already */
	egress_queue(c->eg, &c->cl);
	return reply_interim(c, h);
}

/* Sends the head on; in and out are those of the body that follows. */
static enum want
response_put_on(struct conn *c, const struct http_head *h,
    enum http_framing in, enum http_framing out, struct response_out *o)
{
	o->says_length |= h->has_length && h->status != 204;
	o->close = !c->keep;
	if (!reply_head(c, h, o))
		return upstream_broken(c, "the response's head is too long");
	egress_queue(c->eg, &c->cl);
	body_init(&c->res, in, out, h->length);
	if (c->parent != NULL)
		c->res.trailers_out = &c->cl.h2->last;
	if (c->up->s.h2 != NULL)
		c->res.trailers_in = &c->up->s.h2->trailers;
	if (c->head_kept)
		buf_eat(&c->cl.in, c->head_len);
	c->head_kept = false;
	c->answering = true;
	back_begin(c);
	return WANT_TURN;
}

/* Its frames say where the body ends, and were held against content-length;
 * one without a body ended with its head, and so does what is sent on. */
static enum want
response_of_h2(struct conn *c, const struct http_head *h,
    enum http_framing in)
{
	struct response_out o = { .length = h->length };
	bool may_have_one = in != HTTP_NO_BODY;
	enum http_framing out;

	if (may_have_one)
		in = c->up->s.h2->bodyless ? HTTP_NO_BODY : HTTP_TO_END;
	out = in;
	if (in == HTTP_TO_END && h->has_length)
		o.framing = HTTP_LENGTH;
	else if (in == HTTP_TO_END && c->parent == NULL && c->minor == 1)
		o.framing = out = HTTP_CHUNKED;
	else
		o.framing = out;
	o.says_length = in == HTTP_NO_BODY && may_have_one &&
	    c->parent == NULL;
	c->keep = c->keep && c->req.done &&
	    (o.framing != HTTP_TO_END || c->parent != NULL);
	return response_put_on(c, h, in, out, &o);
}

static enum want
response_begin(struct conn *c, const struct http_head *h)
{
	enum http_framing in = HTTP_NO_BODY, out;
	struct response_out o = { .length = h->length };
	struct http_fault f;

	if (http_response_framing(h, str_c(c->method), &in, &f) != PARSE_OK)
		return upstream_broken(c, f.why);
	if (c->up->s.h2 != NULL)
		return response_of_h2(c, h, in);
	out = in;
	if (in == HTTP_CHUNKED || in == HTTP_TO_END)
		out = c->minor == 1 && c->parent == NULL ? HTTP_CHUNKED :
							   HTTP_TO_END;
	/* An answer before the request's end: what is left of it is not
	 * worth waiting for. */
	c->keep = c->keep && c->req.done && out != HTTP_TO_END;
	c->up_keep = http_keeps_alive(h) && in != HTTP_TO_END;
	o.framing = out;
	return response_put_on(c, h, in, out, &o);
}

/* WANT_WAIT: more of it is needed. */
static enum want
response_head(struct conn *c)
{
	struct http_head *h = &c->eg->head;
	struct stream *s = &c->up->s;
	struct http_fault f;
	size_t scan = 0, end = 0;
	enum parse got = http_head_find(buf_str(&s->in), &scan, &end, &f);
	enum want w = WANT_TURN;

	if (got == PARSE_MORE)
		return s->ended ? upstream_gone(c) : WANT_WAIT;
	if (got == PARSE_BAD ||
	    http_response_parse(str_head(buf_str(&s->in), end), h, &f) !=
		PARSE_OK)
		return upstream_broken(c, f.why);
	if (s->h2 != NULL)
		h->reason = http_reason(h->status);
	w = back_head(c, h);
	if (w != WANT_TURN || c->up == NULL)
		return w;
	if (h->status == 101)
		w = websocket_begin(c, h);
	else if (h->status >= 200 && h->status < 300 && c->talk != NULL &&
	    c->talk->kinds != 0)
		w = upstream_broken(c, "it opened no WebSocket, and gave an "
		    "answer to a request that is not allowed by itself");
	else if (h->status >= 200)
		w = response_begin(c, h);
	else if (!interim(c, h))
		return upstream_broken(c, "there are too many responses "
		    "before the last one, or one is too long or has a body");
	if (c->up != NULL) /* else it was answered in its stead */
		buf_eat(&s->in, end);
	return w;
}

/* ---- both bodies ---- */

bool
conn_read_more(struct conn *c, struct stream *s)
{
	if (!s->ready || s->ended || s->in.len >= s->in.max)
		return false;
	if (stream_fill(s) != STREAM_SOME)
		return s->ended;
	conn_progress(c);
	return true;
}

/* In HTTP/2 the end of a body is not a byte of it. */
static void
end_request(struct conn *c, struct stream *to)
{
	stream_end(to);
	egress_queue(c->eg, to);
}

/* Moves b on; *moved when it did. */
static enum parse
move(struct conn *c, struct body *b, struct stream *from, struct stream *to,
    bool *moved)
{
	struct http_fault f;
	/* A cut is not an end, whatever ended the body was to have. */
	bool cut = from->failed && b->in == HTTP_TO_END;
	size_t before = to->out.len;
	enum parse got;

	to->tell |= to->out.len >= BODY_ROOM / 2;
	if (b->done)
		return PARSE_OK;
	got = body_move(b, &from->in, &to->out, from->ended && !cut,
	    &c->eg->head, &f);
	if (to->out.len != before) {
		*moved = true;
		egress_queue(c->eg, to);
	}
	to->tell |= to->out.len >= BODY_ROOM / 2;
	if (cut && got == PARSE_MORE && from->in.len == 0)
		return PARSE_BAD;
	if (got == PARSE_OK && to->h2 != NULL && to->outward)
		end_request(c, to);
	return got;
}

static enum want
relay_done(struct conn *c)
{
	struct stream *s = &c->up->s;

	while (s->ready && s->in.len == 0 && !s->ended)
		if (stream_fill(s) != STREAM_SOME)
			break;
	if (c->up_keep && c->req.done && !s->broken && hold_is_sent(c))
		up_put(&c->up);
	else
		up_close(&c->up);
	return request_done(c);
}

static enum want
response_move(struct conn *c, bool *moved)
{
	switch (c->back != NULL ? back_move(c, moved) :
	    move(c, &c->res, &c->up->s, &c->cl, moved)) {
	case PARSE_OK:
		return relay_done(c);
	case PARSE_BAD: /* the client must see what came, and that it is cut */
		if (c->parent == NULL)
			(void)stream_flush(&c->cl);
		c->cl.failed = true;
		return WANT_CLOSE;
	case PARSE_MORE:
		break;
	}
	return WANT_WAIT;
}

static enum want
request_move(struct conn *c, bool *moved)
{
	if (!hold_send(c, moved))
		return WANT_WAIT;
	if (move(c, &c->req, &c->cl, &c->up->s, moved) != PARSE_BAD)
		return WANT_WAIT;
	if (c->answering || c->cl.ended)
		return WANT_CLOSE;
	c->keep = false;
	return answer_error(c, 400, "invalid_request",
	    "the request's body is malformed");
}

/* One read: of what nobody looks at, into the buffer that it leaves from. */
static bool
read_body(struct conn *c, struct body *b, struct stream *from,
    struct stream *to)
{
	size_t most = c->sift != 0 || c->hold != NULL || from->in.len > 0 ||
		from->h2 != NULL || to->h2 != NULL ? 0 :
	    body_passes(b, &to->out), n;

	if (most == 0)
		return conn_read_more(c, from);
	if (!from->ready || from->ended)
		return false;
	if (stream_pass_upto(from, &to->out, most, &n) != STREAM_SOME)
		return from->ended;
	body_passed(b, n);
	conn_progress(c);
	egress_queue(c->eg, to);
	return true;
}

enum want
conn_relay(struct conn *c)
{
	bool moved = c->answering ?
	    read_body(c, &c->res, &c->up->s, &c->cl) :
	    conn_read_more(c, &c->up->s);
	enum want w;

	must(c->state == CONN_RELAY);
	if (limit_is_reached(c))
		return limit_reached(c);
	moved |= read_body(c, &c->req, &c->cl, &c->up->s);
	if (c->cl.failed)
		return WANT_CLOSE;
	w = request_move(c, &moved);
	if (w != WANT_WAIT)
		return w;
	w = c->answering ? response_move(c, &moved) : response_head(c);
	if (w != WANT_WAIT)
		return w;
	if (!moved && !c->req.done)
		stream_acknowledge(&c->cl);
	return moved ? WANT_TURN : WANT_WAIT;
}
