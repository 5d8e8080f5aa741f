/* websocket.c -- a request that became a WebSocket: frames both ways, each
 * checked, until a close frame, a cut, or a policy that no longer allows
 * it. */
#include "http/websocket.h"

#include <stdio.h>

#include "answer.h"
#include "base/must.h"
#include "conn.h"
#include "egress.h"
#include "http/write.h"
#include "judge.h"
#include "limit.h"
#include "talk.h"
#include "tls/openssl.h"

/* ---- the server agreed ---- */

/* What a server makes of the key that it was sent. */
static bool
accept_make(struct str key, char out[WS_ACCEPT_BYTES + 1])
{
	char text[WS_KEY_BYTES + sizeof(WS_GUID)];
	unsigned char digest[EVP_MAX_MD_SIZE];
	int n = snprintf(text, sizeof(text), "%.*s" WS_GUID, (int)key.len,
	    key.p);

	if (n != WS_KEY_BYTES + (int)sizeof(WS_GUID) - 1 ||
	    EVP_Digest(text, (size_t)n, digest, NULL, EVP_sha1(), NULL) != 1)
		return false;
	return EVP_EncodeBlock((unsigned char *)out, digest, 20) ==
	    WS_ACCEPT_BYTES;
}

/* What the server is offered. A message that is read here is decompressed with
 * a window that begins empty, so that none is kept between two. */
static bool
offer_of(const struct conn *c, const struct http_head *h,
    struct ws_offer *o)
{
	struct http_fault f;

	if (ws_request_check(h, o, &f) != PARSE_OK)
		return false;
	o->deflate.client_fresh |= o->deflate.on && c->talk != NULL;
	return true;
}

struct str
websocket_offer(const struct conn *c, const struct http_head *h,
    char out[WS_DEFLATE_BYTES_MAX])
{
	struct ws_offer o;

	must(offer_of(c, h, &o));
	return ws_deflate_print(&o.deflate, out);
}

/* The request's head is still in cl.in: it has no body. */
static bool
answer_is_right(const struct conn *c, const struct http_head *h,
    struct ws_deflate *deflate, struct http_fault *f)
{
	char accept[WS_ACCEPT_BYTES + 1];
	struct http_head asked;
	struct ws_offer offer;

	must(c->head_kept &&
	    http_request_parse(str_head(buf_str(&c->cl.in), c->head_len),
		&asked, f) == PARSE_OK &&
	    offer_of(c, &asked, &offer));
	if (!accept_make(offer.key, accept)) {
		(void)http_bad(f, 502, "the handshake cannot be checked");
		return false;
	}
	return ws_response_check(h, &offer, str_of(accept, WS_ACCEPT_BYTES),
	    deflate, f) == PARSE_OK;
}

static void
flows_init(struct conn *c, const struct ws_deflate *deflate)
{
	c->bytes_in = c->bytes_out = 0;
	c->ws_out = (struct ws_flow){ .masked = true,
		.deflate = deflate->on };
	if (c->talk != NULL)
		talk_take(c);
	c->ws_in = (struct ws_flow){ .masked = false,
		.deflate = deflate->on };
}

enum want
websocket_begin(struct conn *c, struct http_head *h)
{
	char extensions[WS_DEFLATE_BYTES_MAX];
	struct ws_deflate deflate;
	struct http_fault f;

	if (!c->websocket || !answer_is_right(c, h, &deflate, &f)) {
		c->keep = false;
		return answer_error(c, 502, "upstream_protocol_error",
		    "%s:%u: %s", c->at.host.text, (unsigned)c->at.port,
		    c->websocket ? f.why : "it changed protocols unasked");
	}
	if (!judge_record(c, AUDIT_NET_OPEN, AUDIT_OBSERVED, NULL, 101,
		STR("the WebSocket is open")))
		return answer_unrecorded(c);
	deflate.client_fresh |= deflate.on && c->talk != NULL;
	if (!reply_opened(c, h, ws_deflate_print(&deflate, extensions)))
		return WANT_CLOSE;
	buf_eat(&c->cl.in, c->head_len);
	c->head_len = 0;
	c->head_kept = c->keep = false;
	c->answering = true;
	flows_init(c, &deflate);
	egress_queue(c->eg, &c->cl);
	conn_enter(c, CONN_WEBSOCKET);
	return WANT_TURN;
}

/* ---- its end ---- */

static void
record_end(struct conn *c, enum audit_verdict verdict,
    const struct net_answer *a, const char *why)
{
	char reason[256];

	c->bytes_out = c->ws_out.bytes;
	c->bytes_in = c->ws_in.bytes;
	(void)snprintf(reason, sizeof(reason), "%s (WebSocket, %llu messages "
	    "out, %llu in)", why, (unsigned long long)c->ws_out.messages,
	    (unsigned long long)c->ws_in.messages);
	(void)judge_record(c, AUDIT_NET_CLOSE, verdict, a, 0,
	    str_c(reason)); /* it is over either way */
}

/* All was said. */
static enum want
finish(struct conn *c)
{
	if (c->parent == NULL) {
		conn_enter(c, CONN_LINGER);
		return WANT_TURN;
	}
	stream_end(&c->cl);
	egress_queue(c->eg, &c->cl);
	conn_enter(c, CONN_DRAIN);
	return WANT_TURN;
}

/* One side is gone: in the middle of something the other one must see that
 * it is cut. */
static enum want
cut(struct conn *c, const char *why)
{
	record_end(c, AUDIT_OBSERVED, NULL, why);
	c->cl.failed = c->cl.recalled = true;
	return WANT_CLOSE;
}

/* Close frames of our own, where none would fall inside another frame; a
 * side that cannot be told is cut. */
static enum want
say_goodbye(struct conn *c, enum ws_code to_client, const char *why,
    enum ws_code to_server)
{
	unsigned char mask[4];

	if (ws_is_between(&c->ws_out) && RAND_bytes(mask, 4) == 1) {
		ws_put_close(&c->up->s.out, to_server, STR(""), mask);
		egress_queue(c->eg, &c->up->s);
	}
	if (!ws_is_between(&c->ws_in)) {
		c->cl.failed = c->cl.recalled = true;
		return WANT_CLOSE;
	}
	ws_put_close(&c->cl.out, to_client, str_c(why), NULL);
	egress_queue(c->eg, &c->cl);
	return finish(c);
}

enum want
websocket_refuse(struct conn *c, const struct net_answer *a, const char *why)
{
	record_end(c, AUDIT_DENIED, a, why);
	return say_goodbye(c, WS_RESTART, "", WS_GOING_AWAY);
}

enum want
websocket_idle(struct conn *c)
{
	record_end(c, AUDIT_OBSERVED, NULL, talk_waits(c) ?
		"ended: a message did not go on for a minute" :
		"ended: nothing was said for an hour");
	return say_goodbye(c, WS_GOING_AWAY, "", WS_GOING_AWAY);
}

/* Whose frame it was is not the other side's fault. */
static enum want
broken(struct conn *c, bool by_client, const struct http_fault *f)
{
	char why[200];

	(void)snprintf(why, sizeof(why), "ended by egress: %s", f->why);
	record_end(c, AUDIT_DENIED, NULL, why);
	return by_client ?
	    say_goodbye(c, (enum ws_code)f->status, f->why, WS_GOING_AWAY) :
	    say_goodbye(c, WS_BAD_GATEWAY, f->why, WS_PROTOCOL_ERROR);
}

/* ---- frames ---- */

static void
note_move(struct conn *c, struct stream *from, struct stream *to,
    size_t before, bool *moved)
{
	if (to->out.len != before) {
		*moved = true;
		egress_queue(c->eg, to);
	}
	to->tell |= to->out.len >= BODY_ROOM / 2 ||
	    (from->ended && to->out.len > 0);
}

/* WANT_WAIT: on. */
static enum want
from_server(struct conn *c, bool *moved)
{
	size_t before = c->cl.out.len;
	struct http_fault f;

	if (ws_move(&c->ws_in, &c->up->s.in, &c->cl.out, &f) == PARSE_BAD)
		return broken(c, false, &f);
	note_move(c, &c->up->s, &c->cl, before, moved);
	return WANT_WAIT;
}

static enum want
from_client(struct conn *c, bool *moved)
{
	size_t before = c->up->s.out.len, left = c->cl.in.len;
	struct http_fault f;

	if (c->talk == NULL) {
		if (ws_move(&c->ws_out, &c->cl.in, &c->up->s.out, &f) ==
		    PARSE_BAD)
			return broken(c, true, &f);
	} else {
		switch (talk_move(c, &f)) {
		case TALK_ON:
			*moved |= c->cl.in.len != left;
			break;
		case TALK_MORE:
			*moved = true;
			break;
		case TALK_WAIT:
			return WANT_WAIT;
		case TALK_OVER:
			return broken(c, true, &f);
		}
	}
	note_move(c, &c->cl, &c->up->s, before, moved);
	return WANT_WAIT;
}

static bool
is_flushed(const struct conn *c)
{
	return c->cl.out.len == 0 && c->up->s.out.len == 0;
}

static enum want
ended(struct conn *c)
{
	unsigned code = c->ws_in.code != 0 ? c->ws_in.code : c->ws_out.code;
	char why[64] = "closed without a code";

	if (code != 0)
		(void)snprintf(why, sizeof(why), "closed with code %u", code);
	record_end(c, AUDIT_OBSERVED, NULL, why);
	return finish(c);
}

/* A side that sent its close frame may end; what the other still says goes
 * on to it. */
static enum want
look_for_end(struct conn *c, bool moved)
{
	struct stream *up = &c->up->s;

	if (moved)
		return WANT_TURN;
	if (c->cl.ended && c->cl.out.len == 0 && up->ended)
		return cut(c, "both sides are gone");
	if (!is_flushed(c)) {
		c->cl.tell |= c->cl.out.len > 0;
		up->tell |= up->out.len > 0;
		return WANT_WAIT;
	}
	if (c->ws_in.over && (c->ws_out.over || up->ended))
		return ended(c);
	if (c->cl.ended && !c->ws_out.over)
		return cut(c, "the client went without a close frame");
	if (up->ended)
		return cut(c, "the server went without a close frame");
	return WANT_WAIT;
}

enum want
conn_websocket(struct conn *c)
{
	struct stream *up = &c->up->s;
	bool moved = conn_read_more(c, up);
	enum want w;

	must(c->state == CONN_WEBSOCKET);
	if (limit_is_reached(c)) {
		c->cl.failed = true;
		return limit_reached(c);
	}
	moved |= conn_read_more(c, &c->cl);
	if (c->cl.failed || up->failed)
		return cut(c, c->cl.failed ? "the client's connection broke" :
					     "the server's connection broke");
	w = from_client(c, &moved);
	if (w == WANT_WAIT)
		w = from_server(c, &moved);
	if (w != WANT_WAIT)
		return w;
	return look_for_end(c, moved);
}
