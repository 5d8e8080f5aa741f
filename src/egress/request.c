/* request.c -- a request's head: read, understood, judged, recorded. */
#include <stdio.h>

#include "answer.h"
#include "back.h"
#include "base/must.h"
#include "caller.h"
#include "conn.h"
#include "egress.h"
#include "hold.h"
#include "http/socks.h"
#include "http/target.h"
#include "judge.h"
#include "sift.h"
#include "limit.h"
#include "policy/say.h"
#include "policy/sift.h"
#include "talk.h"

/* ---- the end of one, the beginning of the next ---- */

enum want
request_done(struct conn *c)
{
	if (c->head_kept || c->state == CONN_HEAD || c->state == CONN_WHO ||
	    c->state == CONN_RESOLVE || c->state == CONN_DIAL)
		buf_eat(&c->cl.in, c->head_len);
	hold_free(c);
	back_free(c);
	talk_free(c);
	c->head_len = c->scan = 0;
	c->begun = c->head_kept = c->answering = false;
	c->method[0] = '\0';
	if (c->parent != NULL) {
		stream_end(&c->cl);
		egress_queue(c->eg, &c->cl);
		conn_enter(c, CONN_DRAIN);
		return WANT_TURN;
	}
	if (!c->keep) {
		conn_enter(c, CONN_LINGER);
		return WANT_TURN;
	}
	c->keep = false;
	conn_enter(c, CONN_HEAD);
	if (c->cl.in.len > 0)
		conn_begin_head(c);
	return WANT_TURN;
}

/* ---- agreement ---- */

/* Does a Host field's value name c->at? One without a port means the usual
 * one; for a CONNECT (usual 0) it means the one in the target. */
static bool
host_agrees(const struct conn *c, struct str value, uint16_t usual)
{
	struct authority a;
	struct http_fault f;

	if (authority_parse(value, &a, &f) != PARSE_OK)
		return false;
	if (a.port == 0)
		a.port = usual == 0 ? c->at.port : usual;
	return a.port == c->at.port &&
	    str_eq(host_str(&a.host), host_str(&c->at.host));
}

static enum want
answer_mismatch(struct conn *c, const char *what, struct str value)
{
	char detail[512];
	struct str why = STR("the names of the host disagree");

	(void)snprintf(detail, sizeof(detail),
	    "%s says %.*s, but the connection is to %s:%u", what,
	    (int)(value.len > 253 ? 253 : value.len), value.p,
	    c->at.host.text, (unsigned)c->at.port);
	c->keep = false;
	if (!judge_record(c, AUDIT_FINDING, AUDIT_DENIED, NULL, 403, why))
		return answer_unrecorded(c);
	return answer_error(c, 403, "request_authority_mismatch", "%s",
	    detail);
}

/* ---- HTTP requests ---- */

static enum want
answer_denied_recorded(struct conn *c, const struct net_answer *a,
    bool connect)
{
	if (!judge_record(c, connect ? AUDIT_NET_OPEN : AUDIT_HTTP,
		AUDIT_DENIED, a, 403, str_of("", 0)))
		return answer_unrecorded(c);
	return answer_denied(c, a, connect);
}

/* What a body asked for stands in the record. */
static bool
record_allowed(struct conn *c, const struct net_answer *a)
{
	char what[160], reason[sizeof(a->reason) + sizeof(what)] = "";
	struct saying s = { .p = reason, .cap = sizeof(reason) };

	hold_print(c, what, sizeof(what));
	if (what[0] != '\0') {
		say_z(&s, a->reason);
		say_z(&s, ": ");
		say_z(&s, what);
	}
	return judge_record(c, AUDIT_HTTP, judge_verdict(a), a, 0,
	    str_c(reason));
}

enum want
request_judged(struct conn *c, struct http_head *h, bool encoded_slash,
    struct net_answer *a)
{
	struct http_fault f;
	char why[256];
	enum want w;

	if (a->verdict == VERDICT_ALLOW &&
	    override_judge(c, h, a, &f) != PARSE_OK)
		return answer_fault(c, &f);
	if (a->verdict == VERDICT_ALLOW && encoded_slash &&
	    !a->encoded_slash) {
		a->verdict = a->judged = VERDICT_DENY;
		a->nearest = a->rule;
		a->rule = (struct policy_rule){ .line = 0 };
		(void)snprintf(a->reason, sizeof(a->reason),
		    "the path holds an encoded slash (%%2F), which the "
		    "endpoint does not take");
	}
	c->sift = a->sift;
	if (a->verdict == VERDICT_ALLOW && sift_sent(a->sift) != 0 &&
	    !sift_request(c, h, a))
		return answer_unrecorded(c);
	if (a->verdict != VERDICT_ALLOW)
		return answer_denied_recorded(c, a, false);
	c->treat = a->treat;
	w = limit_begin(c, a, h->length + c->head_len, false);
	if (w != WANT_WAIT)
		return w;
	if (!record_allowed(c, a))
		return answer_unrecorded(c);
	c->up = up_take(c->eg, c, &c->at.host, c->at.port, c->tls,
	    request_alpn(c));
	if (c->up == NULL)
		return dial_begin(c);
	c->to = c->up->to; /* judged again when the policy changes */
	if (!judge_addresses(c, why, sizeof(why))) { /* another's, then */
		up_put(&c->up);
		return dial_begin(c);
	}
	return relay_begin(c, h);
}

static enum want
answer_usage(struct conn *c)
{
	return answer_error(c, 400, "invalid_request",
	    "this is the sandbox's proxy: send CONNECT HOST:PORT, or METHOD "
	    "http://HOST/PATH, or speak SOCKS5; programs do so when "
	    "HTTPS_PROXY and HTTP_PROXY are set as in this sandbox's "
	    "environment");
}

/* The target says where to, or agrees with the CONNECT. WANT_WAIT: fine;
 * anything else was answered. */
static enum want
place_check(struct conn *c, const struct target *t, const struct http_head *h)
{
	uint16_t usual = c->tls ? 443 : 80;
	bool absolute = t->form == TARGET_ABSOLUTE;

	if (!c->tunnel && !absolute)
		return answer_usage(c);
	if (!c->tunnel && t->https)
		return answer_error(c, 400, "unsupported_proxy_scheme",
		    "use CONNECT for https URLs");
	if (!c->tunnel)
		c->at = t->at;
	else if (absolute &&
	    (t->https != c->tls || t->at.port != c->at.port ||
		!str_eq(host_str(&t->at.host), host_str(&c->at.host))))
		return answer_mismatch(c, "the request target", h->target);
	if (h->has_host && !host_agrees(c, h->host, usual))
		return answer_mismatch(c, "Host", h->host);
	return WANT_WAIT;
}

static enum want
http_begin(struct conn *c, struct http_head *h)
{
	struct ws_offer offer;
	struct net_answer a;
	struct http_fault f;
	struct target t;
	struct path p;
	enum want w;

	if (target_parse(h->target, &t, &f) != PARSE_OK ||
	    path_canon(t.path, &c->path, &p, &f) != PARSE_OK)
		return answer_fault(c, &f);
	c->keep = h->minor == 1 && !h->says_close &&
	    request_framing(c, h) == HTTP_NO_BODY;
	w = place_check(c, &t, h);
	if (w != WANT_WAIT)
		return w;
	c->repeats = 0;
	c->websocket = ws_is_asked(h);
	c->grpc = request_is_call(c, h);
	if (c->websocket && ws_request_check(h, &offer, &f) != PARSE_OK)
		return answer_fault(c, &f);
	buf_clear(&c->query_text);
	buf_clear(&c->shown);
	c->odd_method = false;
	c->has_query = t.has_query;
	if (!buf_adds(&c->query_text, t.query))
		return answer_unrecorded(c); /* bounded by the target */
	judge_fields(c, h);
	judge_request(c, &a);
	if (c->websocket)
		talk_begin(c, &a);
	else if (a.judged != VERDICT_ALLOW &&
	    hold_begin(c, p.encoded_slash, &a))
		return WANT_TURN;
	if (hold_whole(c, p.encoded_slash, &a))
		return WANT_TURN;
	return request_judged(c, h, p.encoded_slash, &a);
}

/* ---- CONNECT ---- */

static bool
address_allowed(struct conn *c, char *why, size_t cap)
{
	c->to = (struct up_target){ .host = c->at.host,
		.port = c->at.port };
	if (c->at.host.kind == HOST_NAME ||
	    resolve_find(&c->eg->resolve, host_str(&c->at.host),
		c->at.port) != NULL)
		return true; /* judged when it is resolved */
	c->to.n = address_of(&c->at.host, &c->to.addrs[0]) ? 1 : 0;
	return judge_addresses(c, why, cap);
}

enum want
connect_judge(struct conn *c)
{
	struct net_answer a;
	char why[256];

	judge_connection(c, &a);
	if (a.verdict != VERDICT_ALLOW)
		return answer_denied_recorded(c, &a, true);
	if (!address_allowed(c, why, sizeof(why))) {
		if (!judge_record(c, AUDIT_NET_OPEN, AUDIT_DENIED, &a, 403,
			str_c(why)))
			return answer_unrecorded(c);
		return answer_address(c, why);
	}
	if (a.treat != TREAT_HTTP) {
		enum want w = limit_begin(c, &a, 0, true);

		if (w != WANT_WAIT)
			return w;
	}
	if (!judge_record(c, AUDIT_NET_OPEN, judge_verdict(&a), &a, 200,
		str_of("", 0)))
		return answer_unrecorded(c);
	c->treat = a.treat;
	return a.treat == TREAT_HTTP ? tunnel_open(c) : dial_begin(c);
}

static enum want
connect_begin(struct conn *c, const struct http_head *h)
{
	struct http_fault f;

	c->keep = c->websocket = false;
	if (c->tunnel)
		return answer_error(c, 400, "invalid_request",
		    "CONNECT inside a CONNECT");
	if (authority_parse(h->target, &c->at, &f) != PARSE_OK)
		return answer_fault(c, &f);
	if (c->at.port == 0)
		return answer_error(c, 400, "invalid_request",
		    "CONNECT needs a port: CONNECT %s:443 HTTP/1.1",
		    c->at.host.text);
	if (h->has_length || h->chunked || c->cl.in.len > c->head_len)
		return answer_error(c, 400, "invalid_request",
		    "CONNECT has no body, and nothing follows it before its "
		    "answer");
	if (h->has_host && !host_agrees(c, h->host, 0))
		return answer_mismatch(c, "Host", h->host);
	return connect_judge(c);
}

/* ---- the head ---- */

/* The first head is looked at before it is taken, so that what follows a
 * CONNECT stays where TLS will read it. */
static bool
take_first(struct conn *c, bool connect)
{
	size_t n = connect ? c->head_len : c->cl.in.len;

	if (!c->first)
		return true;
	c->first = false;
	return stream_take(&c->cl, n) == STREAM_SOME;
}

enum want
request_may_begin(struct conn *c)
{
	if (!audit_sender_up(&c->eg->audit))
		return answer_unrecorded(c);
	if (!audit_sender_ready(&c->eg->audit)) {
		conn_park(c, true);
		c->scan = 0; /* it is found again when there is room */
		return WANT_WAIT;
	}
	return caller_await(c);
}

static enum want
head_ready(struct conn *c)
{
	struct http_head *h = &c->eg->head;
	struct http_fault f;
	bool connect;
	enum want w;

	if (http_request_parse(str_head(buf_str(&c->cl.in), c->head_len), h,
		&f) != PARSE_OK) {
		(void)take_first(c, false); /* it is answered and closed */
		return answer_fault(c, &f);
	}
	connect = str_eq(h->method, STR("CONNECT"));
	if (!take_first(c, connect))
		return WANT_CLOSE;
	must(str_copy(h->method, c->method, sizeof(c->method)));
	c->minor = h->minor;
	w = request_may_begin(c);
	if (w != WANT_TURN)
		return w;
	return connect ? connect_begin(c, h) : http_begin(c, h);
}

/* The client said its last; answers to what it said before still go out. */
static enum want
head_never(struct conn *c)
{
	tunnel_unused(c);
	if (c->cl.failed || c->cl.out.len == 0)
		return WANT_CLOSE;
	conn_enter(c, CONN_LINGER);
	return WANT_TURN;
}

static enum want
head_more(struct conn *c)
{
	enum stream_got got;

	if (c->cl.ended)
		return head_never(c);
	if (!c->cl.ready)
		return WANT_WAIT;
	got = c->first ? stream_peek(&c->cl) : stream_fill(&c->cl);
	if (got == STREAM_AGAIN)
		return WANT_WAIT;
	if (got != STREAM_SOME)
		return head_never(c);
	conn_begin_head(c);
	return WANT_TURN;
}

/* What begins with this byte is no HTTP, and would wait for a line's end. */
static enum want
other_than_http(struct conn *c, char byte)
{
	if (byte == SOCKS_VERSION) {
		c->first = c->begun = false;
		c->way = WAY_SOCKS;
		conn_enter(c, CONN_GREET);
		return WANT_TURN;
	}
	(void)take_first(c, false);
	c->keep = false;
	return answer_usage(c);
}

static bool
may_be_http(char byte)
{
	return byte == '\r' || byte == '\n' || (byte >= 0x20 && byte < 0x7f);
}

enum want
conn_head(struct conn *c)
{
	struct str in = buf_str(&c->cl.in);
	struct http_fault f;

	if (c->parent != NULL && c->cl.h2->fault.why != NULL)
		return answer_fault(c, &c->cl.h2->fault);
	if (c->first && in.len > 0 && !may_be_http(in.p[0]))
		return other_than_http(c, in.p[0]);
	if (c->cl.out.len >= BODY_ROOM) { /* asks, and does not read */
		c->cl.tell = true;
		return WANT_WAIT;
	}
	switch (http_head_find(buf_str(&c->cl.in), &c->scan, &c->head_len,
	    &f)) {
	case PARSE_OK:
		return head_ready(c);
	case PARSE_MORE:
		return head_more(c);
	case PARSE_BAD:
		break;
	}
	(void)take_first(c, false);
	return answer_fault(c, &f);
}
