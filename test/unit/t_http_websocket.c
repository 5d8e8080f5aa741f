/* t_http_websocket.c -- how a WebSocket begins, and its frames. */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/compat.h"
#include "http/websocket.h"
#include "http/ws_message.h"

#define KEY "dGhlIHNhbXBsZSBub25jZQ=="
#define ACCEPT "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
#define GET "GET / HTTP/1.1\r\nHost: a.test\r\n"
#define UP "Upgrade: websocket\r\nConnection: Upgrade\r\n"
#define V13 "Sec-WebSocket-Version: 13\r\n"
#define K "Sec-WebSocket-Key: " KEY "\r\n"
#define PROTO(list) "Sec-WebSocket-Protocol: " list "\r\n"

static const struct {
	const char *what, *text;
	const char *fault; /* part of it; NULL: fine */
} requests[] = {
	{ "the usual", GET UP V13 K "\r\n", NULL },
	{ "capital letters", GET "UPGRADE: WebSocket\r\nconnection: "
	    "keep-alive, upgrade\r\n" V13 K "\r\n", NULL },
	{ "protocols", GET UP V13 K PROTO("chat, x.y") "\r\n", NULL },
	{ "extensions are for others to strip", GET UP V13 K
	    "Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n", NULL },
	{ "another method", "POST / HTTP/1.1\r\nHost: a\r\n" UP V13 K "\r\n",
	    "begins with a GET" },
	{ "HTTP/1.0", "GET / HTTP/1.0\r\nHost: a\r\n" UP V13 K "\r\n",
	    "begins with a GET" },
	{ "a body", GET UP V13 K "Content-Length: 2\r\n\r\n", "a body" },
	{ "even an empty one", GET UP V13 K "Content-Length: 0\r\n\r\n",
	    "a body" },
	{ "chunks", GET UP V13 K "Transfer-Encoding: chunked\r\n\r\n",
	    "a body" },
	{ "no Connection", GET "Upgrade: websocket\r\n" V13 K "\r\n",
	    "Connection: Upgrade" },
	{ "a choice", GET "Upgrade: websocket, h2c\r\nConnection: upgrade\r\n"
	    V13 K "\r\n", "Upgrade: websocket" },
	{ "no version", GET UP K "\r\n", "version" },
	{ "an old version", GET UP "Sec-WebSocket-Version: 8\r\n" K "\r\n",
	    "version" },
	{ "two versions", GET UP V13 V13 K "\r\n", "given twice" },
	{ "no key", GET UP V13 "\r\n", "16 bytes" },
	{ "two keys", GET UP V13 K K "\r\n", "given twice" },
	{ "a short key", GET UP V13 "Sec-WebSocket-Key: YWJj\r\n\r\n",
	    "16 bytes" },
	{ "a key of 15 bytes", GET UP V13
	    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jA===\r\n\r\n",
	    "16 bytes" },
	{ "bits behind the last byte", GET UP V13
	    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZR==\r\n\r\n",
	    "16 bytes" },
	{ "an answer", GET UP V13 K "Sec-WebSocket-Accept: x\r\n\r\n",
	    "malformed" },
	{ "a protocol that is no token", GET UP V13 K PROTO("a b") "\r\n",
	    "malformed" },
	{ "an empty protocol", GET UP V13 K PROTO("a,,b") "\r\n",
	    "malformed" },
	{ "a field that Connection takes away", GET "Upgrade: websocket\r\n"
	    "Connection: upgrade, sec-websocket-key\r\n" V13 K "\r\n",
	    "Connection names" },
};

#define R101 "HTTP/1.1 101 Switching Protocols\r\n" UP
#define A "Sec-WebSocket-Accept: " ACCEPT "\r\n"

static const struct {
	const char *what, *text;
	const char *fault;
} responses[] = {
	{ "the usual", R101 A "\r\n", NULL },
	{ "a protocol that was offered", R101 A PROTO("chat") "\r\n", NULL },
	{ "one that was not", R101 A PROTO("Chat") "\r\n", "not offered" },
	{ "two of them", R101 A PROTO("chat, x.y") "\r\n", "not offered" },
	{ "an extension", R101 A "Sec-WebSocket-Extensions: "
	    "permessage-deflate\r\n\r\n", "not offered" },
	{ "no accept", R101 "\r\n", "not of this request" },
	{ "another accept", R101 "Sec-WebSocket-Accept: "
	    "t3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n", "not of this request" },
	{ "two of them", R101 A A "\r\n", "given twice" },
	{ "no Upgrade", "HTTP/1.1 101 x\r\nConnection: upgrade\r\n" A "\r\n",
	    "not websocket" },
	{ "no Connection", "HTTP/1.1 101 x\r\nUpgrade: websocket\r\n" A
	    "\r\n", "not websocket" },
	{ "another protocol", "HTTP/1.1 101 x\r\nUpgrade: h2c\r\n"
	    "Connection: upgrade\r\n" A "\r\n", "not websocket" },
	{ "a length", R101 A "Content-Length: 0\r\n\r\n", "body" },
};

static struct http_head head;

static void
judge(const char *what, enum parse got, const struct http_fault *f,
    const char *fault)
{
	if ((got == PARSE_OK) != (fault == NULL))
		fail_msg("%s: %s", what, got == PARSE_OK ? "taken" : f->why);
	if (fault != NULL && strstr(f->why, fault) == NULL)
		fail_msg("%s: \"%s\"", what, f->why);
}

static void
handshakes(void **state)
{
	const struct ws_offer offered = { .key = STR(KEY),
		.protocols = STR("chat, x.y") };
	struct ws_deflate deflate;
	struct ws_offer o;
	struct http_fault f;

	(void)state;
	for (size_t i = 0; i < NELEM(requests); i++) {
		assert_int_equal(http_request_parse(str_c(requests[i].text),
		    &head, &f), PARSE_OK);
		assert_true(ws_is_asked(&head));
		judge(requests[i].what, ws_request_check(&head, &o, &f), &f,
		    requests[i].fault);
	}
	for (size_t i = 0; i < NELEM(responses); i++) {
		assert_int_equal(http_response_parse(
		    str_c(responses[i].text), &head, &f), PARSE_OK);
		judge(responses[i].what, ws_response_check(&head, &offered,
		    STR(ACCEPT), &deflate, &f), &f, responses[i].fault);
	}
}

/* ---- frames */

#define M "\x01\x02\x03\x04" /* a mask */

static const struct {
	const char *what;
	bool masked;
	struct str in;
	long messages; /* -1: refused */
	bool over;
	unsigned code;
} frames[] = {
	{ "a text", false, STR("\x81\x02hi"), 1, false, 0 },
	{ "an empty one", false, STR("\x81\0"), 1, false, 0 },
	{ "bytes, masked", true, STR("\x82\x82" M "hi"), 1, false, 0 },
	{ "a client's without a mask", true, STR("\x82\x02hi"), -1, 0, 0 },
	{ "a server's with one", false, STR("\x82\x82" M "hi"), -1, 0, 0 },
	{ "a reserved bit", false, STR("\xc1\x02hi"), -1, 0, 0 },
	{ "another", false, STR("\xa1\x02hi"), -1, 0, 0 },
	{ "the third", false, STR("\x91\x02hi"), -1, 0, 0 },
	{ "a kind that is not", false, STR("\x83\x02hi"), -1, 0, 0 },
	{ "a control that is not", false, STR("\x8b\x02hi"), -1, 0, 0 },
	{ "parts", false, STR("\x01\x01h\x00\x01i\x80\x01!"), 1, false, 0 },
	{ "a ping between them", false, STR("\x01\x01h\x89\x01x\x80\x01!"), 1,
	    false, 0 },
	{ "a message inside another", false, STR("\x01\x01h\x81\x01i"), -1,
	    0, 0 },
	{ "a part of nothing", false, STR("\x80\x01h"), -1, 0, 0 },
	{ "a ping in parts", false, STR("\x09\x01h"), -1, 0, 0 },
	{ "a long ping", false, STR("\x89\x7e\x00\x7e"), -1, 0, 0 },
	{ "a length in two bytes that needs one", false,
	    STR("\x81\x7e\x00\x02hi"), -1, 0, 0 },
	{ "a length in eight that needs two", false,
	    STR("\x81\x7f\0\0\0\0\0\0\x01\x00"), -1, 0, 0 },
	{ "a negative length", false,
	    STR("\x81\x7f\x80\0\0\0\0\0\0\0"), -1, 0, 0 },
	{ "the longest", false, STR("\x82\x7f\x7f\xff\xff\xff\xff\xff\xff\xff"
	    "x"), 0, false, 0 },
	{ "a close", false, STR("\x88\x02\x03\xe8"), 0, true, 1000 },
	{ "a close that says nothing", true, STR("\x88\x80" M), 0, true, 0 },
	{ "a masked close", true, STR("\x88\x82" M "\x02\xea"), 0, true,
	    1000 },
	{ "a close of one byte", false, STR("\x88\x01\x03"), -1, 0, 0 },
	{ "a code that is not for sending", false, STR("\x88\x02\x03\xee"),
	    -1, 0, 0 },
	{ "a code below all", false, STR("\x88\x02\x00\x01"), -1, 0, 0 },
	{ "one's own code", false, STR("\x88\x03\x0f\xa0!"), 0, true, 4000 },
	{ "bytes behind the close", false, STR("\x88\x00\x81\x00"), -1, 0, 0 },
};

/* Cut after each step bytes: the same comes out as went in. */
static void
move_frames(size_t i, size_t step)
{
	struct ws_flow w = { .masked = frames[i].masked };
	struct str in = frames[i].in;
	struct http_fault f = { 0, "" };
	struct buf from, to;
	enum parse got = PARSE_MORE;

	buf_init(&from, 4096);
	buf_init(&to, BODY_BUF_MAX);
	for (size_t at = 0; at < in.len && got != PARSE_BAD; at += step) {
		assert_true(buf_adds(&from, str_upto(str_from(in, at),
		    step)));
		got = ws_move(&w, &from, &to, &f);
	}
	if ((got == PARSE_BAD) != (frames[i].messages == -1))
		fail_msg("%s, by %zu: %s", frames[i].what, step,
		    got == PARSE_BAD ? f.why : "taken");
	if (got == PARSE_BAD) {
		assert_int_equal(f.status, WS_PROTOCOL_ERROR);
	} else {
		assert_true(str_eq(buf_str(&to), in));
		assert_int_equal(w.messages, frames[i].messages);
		assert_int_equal(w.over, frames[i].over);
		assert_int_equal(w.code, frames[i].code);
		assert_int_equal(got == PARSE_OK, frames[i].over);
	}
	buf_fini(&from);
	buf_fini(&to);
}

static void
frame_cases(void **state)
{
	(void)state;
	for (size_t i = 0; i < NELEM(frames); i++)
		for (size_t step = 1; step <= 32; step++)
			move_frames(i, step);
}

static void
our_close_frames_are_ones_that_we_would_take(void **state)
{
	const unsigned char mask[4] = { 9, 8, 7, 6 };
	struct http_fault f;
	struct buf ours, to;

	(void)state;
	for (int masked = 0; masked < 2; masked++) {
		struct ws_flow w = { .masked = masked != 0 };

		buf_init(&ours, 64);
		buf_init(&to, BODY_BUF_MAX);
		ws_put_close(&ours, WS_RESTART, STR("try again"),
		    masked ? mask : NULL);
		assert_true(ws_is_between(&w));
		assert_int_equal(ws_move(&w, &ours, &to, &f), PARSE_OK);
		assert_int_equal(w.code, 1012);
		assert_false(ws_is_between(&w));
		buf_fini(&ours);
		buf_fini(&to);
	}
}

static void
a_close_frames_reason_is_cut_between_characters(void **state)
{
	char long_one[300];
	struct ws_flow w = { .masked = false };
	struct http_fault f;
	struct buf ours, to;

	(void)state;
	memset(long_one, 'x', 121);
	memcpy(long_one + 121, "\xc3\xa4\xc3\xa4", 5);
	buf_init(&ours, 256);
	buf_init(&to, BODY_BUF_MAX);
	ws_put_close(&ours, WS_DENIED, str_c(long_one), NULL);
	assert_int_equal(ours.len, 2 + 2 + 123);
	assert_int_equal(ws_move(&w, &ours, &to, &f), PARSE_OK);
	memcpy(long_one + 120, "\xc3\xa4\xc3\xa4", 5); /* 122, 124 */
	buf_clear(&ours);
	ws_put_close(&ours, WS_DENIED, str_c(long_one), NULL);
	assert_int_equal(ours.len, 2 + 2 + 122);
	buf_fini(&ours);
	buf_fini(&to);
}

/* ---- compression */

static const struct {
	const char *offer, *answer;
	const char *sent;	/* to the server; "": nothing */
	bool agreed;
} deflates[] = {
	{ "permessage-deflate", "permessage-deflate", "permessage-deflate",
	    true },
	{ "permessage-deflate; client_max_window_bits",
	    "permessage-deflate; client_max_window_bits=10",
	    "permessage-deflate; client_max_window_bits", true },
	{ "permessage-deflate; client_max_window_bits=12",
	    "permessage-deflate; client_max_window_bits=13",
	    "permessage-deflate; client_max_window_bits=12", false },
	{ "permessage-deflate", "permessage-deflate; client_max_window_bits=9",
	    "permessage-deflate", false },
	{ "permessage-deflate", "permessage-deflate; "
	    "client_no_context_takeover; server_no_context_takeover; "
	    "server_max_window_bits=8", "permessage-deflate", true },
	{ "permessage-deflate; server_no_context_takeover",
	    "permessage-deflate", "permessage-deflate; "
	    "server_no_context_takeover", false },
	{ "permessage-deflate; server_max_window_bits=10",
	    "permessage-deflate", "permessage-deflate; "
	    "server_max_window_bits=10", false },
	{ "permessage-deflate; server_max_window_bits=10",
	    "permessage-deflate; server_max_window_bits=11",
	    "permessage-deflate; server_max_window_bits=10", false },
	{ "permessage-deflate; server_max_window_bits=7, permessage-deflate",
	    "permessage-deflate", "permessage-deflate", true },
	{ "x-webkit-deflate-frame, permessage-deflate; unknown", NULL, "",
	    true },
	{ "permessage-deflate; server_no_context_takeover; "
	    "server_no_context_takeover", "permessage-deflate", "", false },
	{ "permessage-deflate", "permessage-deflate, permessage-deflate",
	    "permessage-deflate", false },
	{ "permessage-deflate", "x", "permessage-deflate", false },
	{ "permessage-deflate", "", "permessage-deflate", false },
	{ "permessage-deflate", NULL, "permessage-deflate", true },
	{ "permessage-deflate; client_max_window_bits",
	    "permessage-deflate; client_max_window_bits",
	    "permessage-deflate; client_max_window_bits", false },
};

static void
compression_is_agreed_on_as_it_was_offered(void **state)
{
	(void)state;
	for (size_t i = 0; i < NELEM(deflates); i++) {
		struct str answer = { NULL, 0 };
		char text[WS_DEFLATE_BYTES_MAX];
		struct ws_deflate d, got;

		ws_deflate_offered(str_c(deflates[i].offer), &d);
		if (!str_eqz(ws_deflate_print(&d, text), deflates[i].sent))
			fail_msg("%s: %s", deflates[i].offer, text);
		if (deflates[i].answer != NULL)
			answer = str_c(deflates[i].answer);
		if (ws_deflate_agreed(answer, &d, &got) != deflates[i].agreed)
			fail_msg("%s, then %s", deflates[i].offer,
			    deflates[i].answer);
	}
}

/* ---- messages */

#define HELLO_PACKED "\xf2\x48\xcd\xc9\xc9\x07\x00" /* RFC 7692, 7.2.3.1 */

static const struct {
	const char *what;
	struct str in;		/* not masked */
	const char *text;	/* NULL: refused */
	unsigned code;		/* then */
} messages[] = {
	{ "a text", STR("\x81\x05Hello"), "Hello", 0 },
	{ "an empty one", STR("\x81\x00"), "", 0 },
	{ "in parts", STR("\x01\x03Hel\x00\x00\x80\x02lo"), "Hello", 0 },
	{ "a character in parts", STR("\x01\x01\xc3\x80\x01\xa4"), "\xc3\xa4",
	    0 },
	{ "no UTF-8", STR("\x81\x01\xc3"), NULL, WS_BAD_DATA },
	{ "a surrogate", STR("\x81\x03\xed\xa0\x80"), NULL, WS_BAD_DATA },
	{ "bytes may be any", STR("\x82\x01\xc3"), "\xc3", 0 },
	{ "compressed", STR("\xc1\x07" HELLO_PACKED), "Hello", 0 },
	{ "compressed, in parts", STR("\x41\x03\xf2\x48\xcd\x80\x04\xc9\xc9"
	    "\x07\x00"), "Hello", 0 },
	{ "compressed nothing", STR("\xc1\x01\x00"), "", 0 },
	{ "a stored block", STR("\xc1\x0b\x00\x05\x00\xfa\xff"
	    "Hello\x00"), "Hello", 0 },
	{ "a last block", STR("\xc1\x08\xf3\x48\xcd\xc9\xc9\x07\x00\x00"),
	    NULL, WS_BAD_DATA },
	{ "no compression at all", STR("\xc1\x02\xff\xff"), NULL,
	    WS_BAD_DATA },
	{ "a window from before", STR("\xc1\x05\xf2\x00\x11\x00\x00"), NULL,
	    WS_BAD_DATA },
	{ "a part that says it is compressed", STR("\x01\x01x\xc0\x01x"), NULL,
	    WS_PROTOCOL_ERROR },
	{ "a ping that does", STR("\xc9\x00"), NULL, WS_PROTOCOL_ERROR },
	{ "forty-one bytes", STR("\x81\x29" "12345678901234567890"
	    "123456789012345678901"), NULL, WS_TOO_BIG },
	{ "forty-one in parts", STR("\x01\x14" "12345678901234567890"
	    "\x80\x15" "123456789012345678901"), NULL, WS_TOO_BIG },
	{ "a long announcement", STR("\x82\x7f\x00\x00\x01\x00\x00\x00\x00"
	    "\x00"), NULL, WS_TOO_BIG },
	{ "a bomb of 60 zeros", STR("\xc2\x04\x62\xa0\x0c\x00"), NULL,
	    WS_TOO_BIG },
};

static void
take_message(size_t i, size_t step)
{
	struct ws_message m;
	struct ws_flow w = { .deflate = true, .taken = &m };
	struct str in = messages[i].in;
	struct http_fault f = { 0, "" };
	enum parse got = PARSE_MORE;
	struct buf from, to;

	ws_message_init(&m, 40);
	buf_init(&from, 4096);
	buf_init(&to, BODY_BUF_MAX);
	for (size_t at = 0; at < in.len && got == PARSE_MORE; at += step) {
		assert_true(buf_adds(&from, str_upto(str_from(in, at),
		    step)));
		got = ws_move(&w, &from, &to, &f);
	}
	if ((got == PARSE_BAD) != (messages[i].text == NULL) ||
	    got == PARSE_MORE)
		fail_msg("%s, by %zu: %s", messages[i].what, step,
		    got == PARSE_BAD ? f.why : "taken");
	if (got == PARSE_BAD)
		assert_int_equal(f.status, messages[i].code);
	else if (!str_eqz(buf_str(&m.text), messages[i].text))
		fail_msg("%s: another text", messages[i].what);
	assert_int_equal(to.len, 0);
	ws_message_fini(&m);
	buf_fini(&from);
	buf_fini(&to);
}

static void
messages_are_taken_out_of_their_frames(void **state)
{
	(void)state;
	for (size_t i = 0; i < NELEM(messages); i++)
		for (size_t step = 1; step <= 16; step++)
			take_message(i, step);
}

static void
a_message_is_sent_on_as_one_frame(void **state)
{
	static const size_t sizes[] = { 0, 1, 125, 126, 65535, 65536, 300000 };
	const unsigned char mask[4] = { 1, 2, 3, 4 };
	char *text = calloc(1, 300000), *back;

	(void)state;
	for (size_t i = 0; i < NELEM(sizes); i++) {
		struct ws_message m, n;
		struct ws_flow w = { .masked = true, .taken = &n };
		struct buf out, none;
		struct http_fault f;
		bool all = false;

		ws_message_init(&m, 400000);
		ws_message_init(&n, 400000);
		buf_init(&out, BODY_BUF_MAX);
		buf_init(&none, BODY_BUF_MAX);
		ws_message_begin(&m, false, false);
		assert_int_equal(ws_message_add(&m, str_of(text, sizes[i]),
		    &f), PARSE_OK);
		assert_int_equal(ws_message_end(&m, &f), PARSE_OK);
		for (int turns = 0; !all && turns < 20; turns++) {
			all = ws_message_send(&m, mask, &out);
			assert_int_equal(ws_move(&w, &out, &none, &f),
			    all ? PARSE_OK : PARSE_MORE);
		}
		back = buf_take(&n.text, &(size_t){ 0 });
		assert_true(all && memcmp(back, text, sizes[i]) == 0);
		free(back);
		ws_message_fini(&m);
		ws_message_fini(&n);
		buf_fini(&out);
		buf_fini(&none);
	}
	free(text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(handshakes),
		cmocka_unit_test(frame_cases),
		cmocka_unit_test(our_close_frames_are_ones_that_we_would_take),
		cmocka_unit_test(a_close_frames_reason_is_cut_between_characters),
		cmocka_unit_test(compression_is_agreed_on_as_it_was_offered),
		cmocka_unit_test(messages_are_taken_out_of_their_frames),
		cmocka_unit_test(a_message_is_sent_on_as_one_frame),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
