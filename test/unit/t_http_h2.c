/* t_http_h2.c -- HTTP/2 heads as text of HTTP/1.1, and two ends that speak
 * with each other. */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/compat.h"
#include "http/body.h"
#include "http/h2.h"
#include "http/h2_head.h"

#define FIELDS_MAX 8

struct head_case {
	const char *what;
	const char *fields[2 * FIELDS_MAX]; /* name, value */
	const char *text;		/* NULL: it is refused */
};

#define GET ":method", "GET", ":scheme", "https", ":path", "/a?b"

static const struct head_case requests[] = {
	{ "a request", { GET, ":authority", "a.test" },
	    "GET /a?b HTTP/1.1\r\nhost: a.test\r\n\r\n" },
	{ "Host stands for :authority", { GET, "host", "a.test" },
	    "GET /a?b HTTP/1.1\r\nhost: a.test\r\n\r\n" },
	{ "both, and alike", { GET, ":authority", "a.test", "host", "A.test" },
	    "GET /a?b HTTP/1.1\r\nhost: a.test\r\n\r\n" },
	{ "both, and another", { GET, ":authority", "a.test", "host", "b.test" },
	    NULL },
	{ "Host twice", { GET, "host", "a.test", "host", "a.test" }, NULL },
	{ "crumbs of a cookie are one", { GET, "cookie", "a=1", "x", "y",
		"cookie", "b=2" },
	    "GET /a?b HTTP/1.1\r\nx: y\r\ncookie: a=1; b=2\r\n\r\n" },
	{ "te for trailers", { GET, "te", "trailers" },
	    "GET /a?b HTTP/1.1\r\nte: trailers\r\n\r\n" },
	{ "te for anything else", { GET, "te", "gzip" }, NULL },
	{ "a field of a connection", { GET, "connection", "x" }, NULL },
	{ "a transfer coding", { GET, "transfer-encoding", "chunked" }, NULL },
	{ "an upgrade", { GET, "upgrade", "websocket" }, NULL },
	{ "keep-alive", { GET, "keep-alive", "1" }, NULL },
	{ "a field of a proxy's connection", { GET, "proxy-connection", "x" },
	    NULL },
	{ "a line's end in a value", { GET, "x", "a\r\nhost: b" }, NULL },
	{ "a line feed in a value", { GET, "x", "a\nb" }, NULL },
	{ "a line's end in the path", { ":method", "GET", ":scheme", "https",
		":path", "/ HTTP/1.1\r\nx: y" }, NULL },
	{ "a line's end in the method", { ":method", "GET / HTTP/1.1\r\n",
		":scheme", "https", ":path", "/" }, NULL },
	{ "a line's end in :authority", { GET, ":authority", "a\r\nx: y" },
	    NULL },
	{ "a blank in the method", { ":method", "GET /x", ":scheme", "https",
		":path", "/" }, NULL },
	{ "a blank in the path", { ":method", "GET", ":scheme", "https",
		":path", "/a b" }, NULL },
	{ "a colon in a name", { GET, "x: y", "z" }, NULL },
	{ "a blank in a name", { GET, "x y", "z" }, NULL },
	{ "a capital in a name", { GET, "X", "z" }, NULL },
	{ "no name", { GET, "", "z" }, NULL },
	{ "a blank before a value", { GET, "x", " y" }, NULL },
	{ "an unknown pseudo-field", { GET, ":other", "x" }, NULL },
	{ "a protocol that was not offered", { GET, ":protocol", "websocket" },
	    NULL },
	{ "a pseudo-field of responses", { GET, ":status", "200" }, NULL },
	{ "a pseudo-field twice", { GET, ":path", "/b" }, NULL },
	{ "a pseudo-field behind a field", { ":method", "GET", ":scheme",
		"https", "x", "y", ":path", "/" }, NULL },
	{ "no method", { ":scheme", "https", ":path", "/" }, NULL },
	{ "no scheme", { ":method", "GET", ":path", "/" }, NULL },
	{ "no path", { ":method", "GET", ":scheme", "https" }, NULL },
	{ "an empty path", { ":method", "GET", ":scheme", "https", ":path", "" },
	    NULL },
	{ "an absolute path", { ":method", "GET", ":scheme", "https", ":path",
		"https://b.test/" }, NULL },
	{ "a path without a slash", { ":method", "GET", ":scheme", "https",
		":path", "a" }, NULL },
	{ "a fragment", { ":method", "GET", ":scheme", "https", ":path", "/a#b" },
	    NULL },
	{ "the other scheme", { ":method", "GET", ":scheme", "http", ":path",
		"/" }, NULL },
	{ "an unknown scheme", { ":method", "GET", ":scheme", "ftp", ":path",
		"/" }, NULL },
	{ "a star, which the parser judges", { ":method", "OPTIONS", ":scheme",
		"https", ":path", "*" },
	    "OPTIONS * HTTP/1.1\r\n\r\n" },
	{ "CONNECT", { ":method", "CONNECT", ":authority", "a:1" },
	    "CONNECT a:1 HTTP/1.1\r\nhost: a:1\r\n\r\n" },
	{ "CONNECT with a path", { ":method", "CONNECT", ":authority", "a:1",
		":path", "/" }, NULL },
	{ "CONNECT with a scheme", { ":method", "CONNECT", ":authority", "a:1",
		":scheme", "https" }, NULL },
	{ "CONNECT to nowhere", { ":method", "CONNECT" }, NULL },
};

#define CONNECT ":method", "CONNECT", ":scheme", "https", ":path", "/a?b"
#define TO_A ":authority", "a.test"

static const struct head_case websockets[] = { /* where they are offered */
	{ "a WebSocket", { CONNECT, TO_A, ":protocol", "websocket",
		"sec-websocket-version", "13" },
	    "GET /a?b HTTP/1.1\r\nhost: a.test\r\nupgrade: websocket\r\n"
	    "connection: upgrade\r\n"
	    "sec-websocket-key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n"
	    "sec-websocket-version: 13\r\n\r\n" },
	{ "another protocol", { CONNECT, TO_A, ":protocol", "connect-udp" },
	    NULL },
	{ "one in capitals", { CONNECT, TO_A, ":protocol", "WebSocket" },
	    NULL },
	{ "another method", { GET, TO_A, ":protocol", "websocket" }, NULL },
	{ "to nowhere", { CONNECT, ":protocol", "websocket" }, NULL },
	{ "without a path", { ":method", "CONNECT", ":scheme", "https", TO_A,
		":protocol", "websocket" }, NULL },
	{ "without a scheme", { ":method", "CONNECT", ":path", "/", TO_A,
		":protocol", "websocket" }, NULL },
	{ "an upgrade beside it", { CONNECT, TO_A, ":protocol", "websocket",
		"upgrade", "websocket" }, NULL },
	{ "twice", { CONNECT, TO_A, ":protocol", "websocket", ":protocol",
		"websocket" }, NULL },
	{ "a tunnel", { ":method", "CONNECT", TO_A },
	    "CONNECT a.test HTTP/1.1\r\nhost: a.test\r\n\r\n" },
	{ "a CONNECT with a path, and no protocol", { CONNECT, TO_A }, NULL },
};

static const struct head_case responses[] = {
	{ "a response", { ":status", "200", "x", "y" },
	    "HTTP/1.1 200 \r\nx: y\r\n\r\n" },
	{ "cookies stay apart", { ":status", "200", "set-cookie", "a",
		"set-cookie", "b" },
	    "HTTP/1.1 200 \r\nset-cookie: a\r\nset-cookie: b\r\n\r\n" },
	{ "no status", { "x", "y" }, NULL },
	{ "a status of two digits", { ":status", "20" }, NULL },
	{ "a status with a reason", { ":status", "200 OK" }, NULL },
	{ "a path", { ":status", "200", ":path", "/" }, NULL },
	{ "a transfer coding", { ":status", "200", "transfer-encoding",
		"chunked" }, NULL },
};

static void
try_heads(enum h2_kind kind, bool offered, const struct head_case *cases,
    size_t n)
{
	struct h2_head h;
	struct buf out;

	h2_head_init(&h);
	if (offered)
		h2_head_key(&h, (const unsigned char *)"0123456789abcdef");
	buf_init(&out, 65536);
	for (size_t i = 0; i < n; i++) {
		const struct head_case *k = &cases[i];
		struct http_fault f = { .why = NULL };
		enum parse got;

		h2_head_begin(&h, kind);
		for (size_t j = 0; j < 2 * FIELDS_MAX &&
		    k->fields[j] != NULL; j += 2)
			h2_head_add(&h, str_c(k->fields[j]),
			    str_c(k->fields[j + 1]));
		got = h2_head_end(&h, true, &out, &f);
		if ((got == PARSE_OK) != (k->text != NULL) ||
		    (k->text != NULL && !str_eqz(buf_str(&out), k->text)) ||
		    (k->text == NULL && (out.len != 0 || f.why == NULL)))
			fail_msg("%s: %s %.*s", k->what,
			    f.why == NULL ? "accepted" : f.why, (int)out.len,
			    out.len == 0 ? "" : buf_str(&out).p);
		buf_clear(&out);
	}
	buf_fini(&out);
	h2_head_fini(&h);
}

static void
a_request_becomes_the_text_that_says_the_same(void **state)
{
	(void)state;
	try_heads(H2_REQUEST, false, requests, NELEM(requests));
	try_heads(H2_REQUEST, true, websockets, NELEM(websockets));
}

static void
a_response_too(void **state)
{
	(void)state;
	try_heads(H2_RESPONSE, false, responses, NELEM(responses));
}

static void
a_head_over_its_limit_is_refused(void **state)
{
	char value[4000];
	struct http_fault f;
	struct h2_head h;
	struct buf out;

	(void)state;
	memset(value, 'a', sizeof(value));
	h2_head_init(&h);
	buf_init(&out, 1 << 20);
	h2_head_begin(&h, H2_RESPONSE);
	h2_head_add(&h, STR(":status"), STR("200"));
	for (int i = 0; i < 9; i++)
		h2_head_add(&h, STR("x"), str_of(value, sizeof(value)));
	assert_int_equal(h2_head_end(&h, true, &out, &f), PARSE_BAD);
	assert_int_equal(f.status, 431);
	assert_int_equal(out.len, 0);
	buf_fini(&out);
	h2_head_fini(&h);
}

/* ---- two ends ---- */

struct pair {
	struct h2 *client, *server;
	struct buf up, down;	/* what one owner holds, and the other */
	struct buf in, out;
};

static bool
carry(struct h2 *from, struct h2 *to)
{
	struct buf wire;
	bool ok;

	buf_init(&wire, BODY_BUF_MAX);
	ok = h2_send(from, &wire);
	ok = h2_recv(to, buf_str(&wire), (struct usec){ 1 }) && ok;
	buf_fini(&wire);
	return ok;
}

static void
pair_open(struct pair *p)
{
	*p = (struct pair){ .client = h2_new(false, true),
		.server = h2_new(true, true) };
	buf_init(&p->up, BODY_BUF_MAX);
	buf_init(&p->down, BODY_BUF_MAX);
	buf_init(&p->in, 0);
	buf_init(&p->out, BODY_BUF_MAX);
	assert_true(carry(p->client, p->server));
	assert_true(carry(p->server, p->client));
}

static void
pair_close(struct pair *p)
{
	h2_free(p->client);
	h2_free(p->server);
	buf_fini(&p->up);
	buf_fini(&p->down);
	buf_fini(&p->in);
	buf_fini(&p->out);
}

static struct h2_stream *
ask(struct pair *p, enum http_framing framing)
{
	static struct http_head h;
	const struct request_out o = { .path = STR("/x"),
		.authority = STR("a.test"), .framing = framing };
	struct h2_stream *s;

	h.method = STR("POST");
	s = h2_request(p->client, &h, &o);
	assert_non_null(s);
	return s;
}

static struct h2_stream *
next(struct h2 *h, unsigned *events)
{
	struct h2_stream *s = h2_next(h, events);

	assert_non_null(s);
	return s;
}

static void
a_request_and_its_response_arrive_whole(void **state)
{
	static struct http_head h = { .status = 200 };
	const struct response_out o = { .framing = HTTP_TO_END };
	struct h2_stream *c, *s;
	struct pair p;
	unsigned ev;

	(void)state;
	pair_open(&p);
	c = ask(&p, HTTP_TO_END);
	h2_own(c, &p, &p.down, &p.up);
	assert_true(buf_addz(&p.up, "ask"));
	h2_finish(c);
	assert_true(carry(p.client, p.server));
	s = next(p.server, &ev);
	assert_int_equal(ev & H2_HEAD, H2_HEAD);
	h2_own(s, &p, &p.in, &p.out);
	assert_true(str_eqz(buf_str(&p.in),
	    "POST /x HTTP/1.1\r\nhost: a.test\r\n\r\nask"));
	assert_true(s->ended && !s->bodyless);
	buf_clear(&p.in);
	h2_took(s);
	assert_true(h2_respond(s, &h, &o));
	assert_true(buf_addz(&p.out, "answer"));
	assert_true(buf_addz(&s->last, "grpc-status: 0\r\n\r\n"));
	h2_finish(s);
	assert_true(carry(p.server, p.client));
	assert_ptr_equal(next(p.client, &ev), c);
	assert_true(str_eqz(buf_str(&p.down), "HTTP/1.1 200 \r\n\r\nanswer"));
	assert_true(str_eqz(buf_str(&c->trailers), "grpc-status: 0\r\n\r\n"));
	assert_true(c->over && !c->cut && c->asked);
	h2_close(c, H2_CANCEL);
	h2_close(s, H2_CANCEL);
	pair_close(&p);
}

static void
what_is_asked_too_late_is_over_and_was_not_seen(void **state)
{
	struct h2_stream *c;
	struct pair p;
	unsigned ev;

	(void)state;
	pair_open(&p);
	c = ask(&p, HTTP_NO_BODY);
	h2_own(c, &p, &p.down, &p.up);
	h2_goaway(p.server);
	(void)carry(p.server, p.client); /* before it was sent */
	assert_false(c->asked);
	(void)carry(p.client, p.server);
	assert_false(c->asked);
	assert_ptr_equal(next(p.client, &ev), c);
	assert_int_equal(ev & H2_OVER, H2_OVER);
	assert_true(c->unseen && c->over);
	h2_close(c, H2_CANCEL);
	assert_null(h2_next(p.server, &ev));
	pair_close(&p);
}

/* What is not read is not sent: a window, and not a byte more. */
static void
a_reader_that_does_not_read_holds_one_window(void **state)
{
	struct h2_stream *c, *s;
	struct pair p;
	unsigned ev;
	char block[16384] = { 0 };

	(void)state;
	pair_open(&p);
	c = ask(&p, HTTP_TO_END);
	h2_own(c, &p, &p.down, &p.up);
	assert_true(carry(p.client, p.server));
	s = next(p.server, &ev);
	h2_own(s, &p, &p.in, &p.out);
	buf_clear(&p.in);
	for (int i = 0; i < 20; i++) {
		if (p.up.len < sizeof(block))
			assert_true(buf_add(&p.up, block, sizeof(block)));
		h2_wrote(c);
		assert_true(carry(p.client, p.server));
		assert_true(carry(p.server, p.client));
	}
	assert_int_equal(p.in.len, H2_WINDOW_BYTES);
	buf_eat(&p.in, p.in.len);
	h2_took(s);
	assert_true(carry(p.server, p.client));
	assert_true(carry(p.client, p.server));
	assert_true(p.in.len > 0);
	h2_close(c, H2_CANCEL);
	assert_true(carry(p.client, p.server));
	assert_true(s->over && s->cut);
	h2_close(s, H2_CANCEL);
	pair_close(&p);
}

/* A reset takes nothing back that was said before it. */
static void
what_was_said_before_a_reset_arrives(void **state)
{
	static struct http_head h = { .status = 403 };
	const struct response_out o = { .framing = HTTP_NO_BODY };
	struct h2_stream *c, *s;
	struct pair p;
	unsigned ev;

	(void)state;
	pair_open(&p);
	c = ask(&p, HTTP_TO_END);
	h2_own(c, &p, &p.down, &p.up);
	assert_true(carry(p.client, p.server));
	s = next(p.server, &ev);
	h2_own(s, &p, &p.in, &p.out);
	assert_true(h2_respond(s, &h, &o));
	h2_close(s, H2_NO_ERROR);
	assert_int_equal(h2_count(p.server), 1);
	assert_true(carry(p.server, p.client));
	assert_int_equal(h2_count(p.server), 0);
	assert_true(str_eqz(buf_str(&p.down), "HTTP/1.1 403 \r\n\r\n"));
	assert_true(c->over && c->ended && !c->cut);
	h2_close(c, H2_CANCEL);
	pair_close(&p);
}

/* ---- frames ---- */

struct frame_case {
	const char *what;
	const char *frame;	/* behind preface and settings */
	size_t len;
	int times;
	bool lives;
};

#define F(lit) lit, sizeof(lit) - 1
/* HEADERS of stream 1, complete: GET https / and :authority "a" */
#define HEAD "\0\0\6\1\5\0\0\0\1\x82\x87\x84\x41\1a"

#define TWO "\0\0\0\x77\0\0\0\0\0\0\0\0\x77\0\0\0\0\0"
#define TEN TWO TWO TWO TWO TWO

static const struct frame_case frames[] = {
	{ "a request", F(HEAD), 1, true },
	{ "a ping", F("\0\0\10\6\0\0\0\0\0abcdefgh"), 100, true },
	{ "pings without end", F("\0\0\10\6\0\0\0\0\0abcdefgh"), 3000, false },
	{ "settings without end", F("\0\0\0\4\0\0\0\0\0"), 3000, false },
	{ "priorities without end", F("\0\0\5\2\0\0\0\0\3\0\0\0\0\0"), 3000,
	    false },
	{ "unknown frames without end", F(TEN TEN TEN TEN), 15000, false },
	{ "empty data without end", F("\0\0\0\0\0\0\0\0\1"), 3000, false },
	{ "a ping of seven bytes", F("\0\0\7\6\0\0\0\0\0abcdefg"), 1, false },
	{ "a ping of a stream", F("\0\0\10\6\0\0\0\0\1abcdefgh"), 1, false },
	{ "settings of five bytes", F("\0\0\5\4\0\0\0\0\0abcde"), 1, false },
	{ "settings of a stream", F("\0\0\0\4\0\0\0\0\1"), 1, false },
	{ "data of no stream", F("\0\0\1\0\0\0\0\0\0a"), 1, false },
	{ "data of an idle stream", F("\0\0\1\0\0\0\0\0\5a"), 1, false },
	{ "a head on a stream of the server", F("\0\0\3\1\5\0\0\0\2\x82\x87\x84"),
	    1, false },
	{ "a head that does not end, and another frame",
	    F("\0\0\3\1\0\0\0\0\3\x82\x87\x84\0\0\10\6\0\0\0\0\0abcdefgh"), 1,
	    false },
	{ "a continuation of nothing", F("\0\0\1\x9\4\0\0\0\3\x82"), 1, false },
	{ "an index beyond the table", F("\0\0\1\1\5\0\0\0\3\xff"), 1, false },
	{ "a push from a client", F("\0\0\4\5\4\0\0\0\1\0\0\0\2"), 1, false },
	{ "a window of nothing", F("\0\0\4\x8\0\0\0\0\0\0\0\0\0"), 1, false },
	{ "a window over its limit", F("\0\0\4\x8\0\0\0\0\0\x7f\xff\xff\xff"), 2,
	    false },
	{ "a reset of an idle stream", F("\0\0\4\3\0\0\0\0\x7\0\0\0\0"), 1,
	    false },
	{ "a frame of 16 MiB", F("\xff\xff\xff\0\0\0\0\0\1"), 1, false },
	{ "padding longer than its frame", F("\0\0\2\0\10\0\0\0\1\5a"), 1,
	    false },
	{ "a stream that depends on itself",
	    F("\0\0\5\2\0\0\0\0\3\0\0\0\3\0"), 1, false },
};

static void
each_frame_has_its_answer(void **state)
{
	(void)state;
	for (size_t i = 0; i < NELEM(frames); i++) {
		const struct frame_case *k = &frames[i];
		struct h2 *h = h2_new(true, true);
		struct buf out;
		bool ok = h2_recv(h, STR(H2_PREFACE "\0\0\0\4\0\0\0\0\0"),
		    (struct usec){ 1 });

		buf_init(&out, BODY_BUF_MAX);
		if (strcmp(k->what, "a request") != 0)
			ok = ok && h2_recv(h, str_of("\0\0\6\1\4\0\0\0\1\x82"
			    "\x87\x84\x41\1a", 15), (struct usec){ 1 });
		for (int j = 0; ok && j < k->times; j++) {
			ok = h2_recv(h, str_of(k->frame, k->len),
			    (struct usec){ 1 });
			ok = h2_send(h, &out) && ok;
			buf_clear(&out);
		}
		ok = ok && !h2_is_over(h);
		if (ok != k->lives)
			fail_msg("%s: %s", k->what, ok ? "it lives" :
			    h2_why(h) == NULL ? "it ended" : h2_why(h));
		h2_free(h);
		buf_fini(&out);
	}
}

static void
put_frame(struct buf *b, const char *head, unsigned id, const char *payload,
    size_t len)
{
	char h[9] = { 0, 0, (char)len, head[0], head[1], 0, 0, (char)(id >> 8),
		(char)id };

	assert_true(buf_add(b, h, 9));
	assert_true(buf_add(b, payload, len));
}

/* CVE-2023-44487: asked and taken back, as fast as it goes. */
static void
requests_that_are_taken_back_end_the_connection(void **state)
{
	struct h2 *h = h2_new(true, true);
	struct buf in;
	unsigned n = 0;

	(void)state;
	buf_init(&in, 65536);
	assert_true(h2_recv(h, STR(H2_PREFACE "\0\0\0\4\0\0\0\0\0"),
	    (struct usec){ 1 }));
	for (; n < 1000; n++) {
		put_frame(&in, "\1\5", 2 * n + 1, "\x82\x87\x84\x41\1a", 6);
		put_frame(&in, "\3\0", 2 * n + 1, "\0\0\0\x8", 4);
		if (!h2_recv(h, buf_str(&in), (struct usec){ 1 }))
			break;
		buf_clear(&in);
	}
	assert_in_range(n, 50, 200);
	assert_int_equal(h2_count(h), 0);
	h2_free(h);
	buf_fini(&in);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_request_becomes_the_text_that_says_the_same),
		cmocka_unit_test(a_response_too),
		cmocka_unit_test(a_head_over_its_limit_is_refused),
		cmocka_unit_test(a_request_and_its_response_arrive_whole),
		cmocka_unit_test(
		    what_is_asked_too_late_is_over_and_was_not_seen),
		cmocka_unit_test(a_reader_that_does_not_read_holds_one_window),
		cmocka_unit_test(what_was_said_before_a_reset_arrives),
		cmocka_unit_test(each_frame_has_its_answer),
		cmocka_unit_test(
		    requests_that_are_taken_back_end_the_connection),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
