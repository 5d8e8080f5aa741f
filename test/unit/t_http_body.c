/* t_http_body.c -- chunks, bodies moved between framings, heads and JSON
 * written. */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/compat.h"
#include "http/body.h"
#include "http/json.h"
#include "http/write.h"

static struct http_head head;

/* Moves all of in, step bytes at a time; -1: refused, else bytes left. */
static long
run(enum http_framing in, enum http_framing out, uint64_t length,
    struct str text, size_t step, bool ended, struct buf *to)
{
	struct http_fault f;
	struct body b;
	struct buf from;
	enum parse got = PARSE_MORE;
	size_t at = 0;
	long left;

	buf_init(&from, 1 << 20);
	buf_init(to, BODY_BUF_MAX);
	body_init(&b, in, out, length);
	while (got == PARSE_MORE && at <= text.len) {
		size_t n = text.len - at < step ? text.len - at : step;

		assert_true(buf_add(&from, text.p + at, n));
		at += n;
		got = body_move(&b, &from, to, ended && at == text.len,
		    &head, &f);
		if (at == text.len)
			break;
	}
	left = got == PARSE_OK ? (long)(from.len + text.len - at) :
	    got == PARSE_BAD   ? -1 :
				 -2;
	buf_fini(&from);
	return left;
}

static const struct {
	const char *what, *in, *want;
	long left; /* -1: refused, -2: not at its end */
} chunks[] = {
	{ "two chunks", "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", "abcde", 0 },
	{ "an empty body", "0\r\n\r\n", "", 0 },
	{ "capital digits", "A\r\n0123456789\r\n0\r\n\r\n", "0123456789", 0 },
	{ "zeros before a size", "0003\r\nabc\r\n000\r\n\r\n", "abc", 0 },
	{ "an extension", "3;a=b\r\nabc\r\n0\r\n\r\n", "abc", 0 },
	{ "an extension in quotes", "3;a=\"b c\"\r\nabc\r\n0\r\n\r\n", "abc", 0 },
	{ "a trailer", "3\r\nabc\r\n0\r\nX-T: 1\r\n\r\n", "abc", 0 },
	{ "what follows stays", "0\r\n\r\nGET / ", "", 6 },
	{ "what follows a trailer stays", "0\r\nA: b\r\n\r\nGET / ", "", 6 },
	{ "not yet ended", "3\r\nabc\r\n", NULL, -2 },
	{ "a sign before a size", "+3\r\nabc\r\n0\r\n\r\n", NULL, -1 },
	{ "a negative size", "-3\r\nabc\r\n0\r\n\r\n", NULL, -1 },
	{ "0x before a size", "0x3\r\nabc\r\n0\r\n\r\n", NULL, -1 },
	{ "no size", "\r\nabc\r\n0\r\n\r\n", NULL, -1 },
	{ "an extension without a size", ";a\r\n\r\n", NULL, -1 },
	{ "a blank after a size", "3 \r\nabc\r\n0\r\n\r\n", NULL, -1 },
	{ "a blank before a size", " 3\r\nabc\r\n0\r\n\r\n", NULL, -1 },
	{ "a size that overflows", "10000000000000003\r\nabc\r\n", NULL, -1 },
	{ "a size beyond what can be counted", "8000000000000000\r\n", NULL, -1 },
	{ "a bare line feed after a size", "3\nabc\r\n0\r\n\r\n", NULL, -1 },
	{ "a bare line feed in an extension", "3;a\nb\r\nabc\r\n0\r\n\r\n", NULL, -1 },
	{ "a bare carriage return in an extension", "3;a\rb\r\nabc\r\n0\r\n\r\n", NULL, -1 },
	{ "a chunk longer than its size", "3\r\nabcd\r\n0\r\n\r\n", NULL, -1 },
	{ "a chunk shorter than its size", "4\r\nabc\r\n0\r\n\r\n", NULL, -1 },
	{ "a bare line feed after a chunk", "3\r\nabc\n0\r\n\r\n", NULL, -1 },
	{ "a bare line feed as the end", "0\r\n\n", NULL, -1 },
	{ "a trailer without a colon", "0\r\nabc\r\n\r\n", NULL, -1 },
	{ "a folded trailer", "0\r\nA: b\r\n c\r\n\r\n", NULL, -1 },
	{ "a trailer with a blank before its colon", "0\r\nA : b\r\n\r\n", NULL, -1 },
};

static void
chunk_cases(void **state)
{
	(void)state;
	for (size_t i = 0; i < NELEM(chunks); i++) {
		struct str in = str_c(chunks[i].in);

		for (size_t step = 1; step <= in.len; step++) {
			struct buf to;
			long left = run(HTTP_CHUNKED, HTTP_TO_END, 0, in,
			    step, false, &to);

			if (left != chunks[i].left ||
			    (left >= 0 &&
				!str_eqz(buf_str(&to), chunks[i].want)))
				fail_msg("%s, by %zu bytes: %ld",
				    chunks[i].what, step, left);
			buf_fini(&to);
		}
	}
}

static const struct {
	const char *what;
	enum http_framing in, out;
	uint64_t length;
	const char *text, *want;
	bool ended;
	long left;
} bodies[] = {
	{ "a length, exactly", HTTP_LENGTH, HTTP_LENGTH, 5, "abcdeGET", "abcde", false, 3 },
	{ "a length cut short", HTTP_LENGTH, HTTP_LENGTH, 5, "abcd", NULL, true, -1 },
	{ "a length not yet there", HTTP_LENGTH, HTTP_LENGTH, 5, "abcd", NULL, false, -2 },
	{ "chunks cut short", HTTP_CHUNKED, HTTP_CHUNKED, 0, "3\r\nabc\r\n", NULL, true, -1 },
	{ "chunks cut within one", HTTP_CHUNKED, HTTP_CHUNKED, 0, "3\r\nab", NULL, true, -1 },
	{ "chunks to chunks", HTTP_CHUNKED, HTTP_CHUNKED, 0, "3;x\r\nabc\r\n0\r\n\r\n", "3\r\nabc\r\n0\r\n\r\n", false, 0 },
	{ "a trailer goes along", HTTP_CHUNKED, HTTP_CHUNKED, 0, "0\r\nX-T:  1 \r\n\r\n", "0\r\nX-T: 1\r\n\r\n", false, 0 },
	{ "one that frames does not", HTTP_CHUNKED, HTTP_CHUNKED, 0, "0\r\nContent-Length: 1\r\n\r\n", "0\r\n\r\n", false, 0 },
	{ "nor one that authenticates", HTTP_CHUNKED, HTTP_CHUNKED, 0, "0\r\nAuthorization: x\r\n\r\n", "0\r\n\r\n", false, 0 },
	{ "to the end, bare", HTTP_TO_END, HTTP_TO_END, 0, "abc", "abc", true, 0 },
	{ "to the end, not yet", HTTP_TO_END, HTTP_TO_END, 0, "abc", NULL, false, -2 },
	{ "to the end becomes chunks", HTTP_TO_END, HTTP_CHUNKED, 0, "abc", "3\r\nabc\r\n0\r\n\r\n", true, 0 },
	{ "no body leaves all", HTTP_NO_BODY, HTTP_NO_BODY, 0, "abc", "", false, 3 },
};

static void
body_cases(void **state)
{
	(void)state;
	for (size_t i = 0; i < NELEM(bodies); i++) {
		struct buf to;
		long left = run(bodies[i].in, bodies[i].out, bodies[i].length,
		    str_c(bodies[i].text), 1 << 20, bodies[i].ended, &to);

		if (left != bodies[i].left ||
		    (left >= 0 && !str_eqz(buf_str(&to), bodies[i].want)))
			fail_msg("%s: %ld", bodies[i].what, left);
		buf_fini(&to);
	}
}

static void
trailers_are_read_and_dropped_where_that_is_asked(void **state)
{
	struct str text = STR("3\r\nabc\r\n0\r\nX-T: 1\r\n\r\nGET");
	struct http_head scratch;
	struct http_fault f;
	struct buf from, to;
	struct body b;

	(void)state;
	buf_init(&from, 1 << 10);
	buf_init(&to, 1 << 10);
	assert_true(buf_adds(&from, text));
	body_init(&b, HTTP_CHUNKED, HTTP_CHUNKED, 0);
	b.drop_trailers = true;
	assert_int_equal(body_move(&b, &from, &to, false, &scratch, &f),
	    PARSE_OK);
	assert_true(str_eqz(buf_str(&to), "3\r\nabc\r\n0\r\n\r\n"));
	assert_int_equal(from.len, 3);
	buf_fini(&from);
	buf_fini(&to);
}

static void
a_full_buffer_makes_a_body_wait(void **state)
{
	static char big[200000];
	struct buf from, to;
	struct http_fault f;
	struct body b;
	size_t moved = 0;

	(void)state;
	memset(big, 'x', sizeof(big));
	buf_init(&from, sizeof(big));
	buf_init(&to, BODY_BUF_MAX);
	assert_true(buf_add(&from, big, sizeof(big)));
	body_init(&b, HTTP_LENGTH, HTTP_LENGTH, sizeof(big));
	while (body_move(&b, &from, &to, false, &head, &f) == PARSE_MORE) {
		assert_true(to.len > 0 && to.len <= BODY_ROOM);
		moved += to.len;
		buf_clear(&to);
	}
	assert_int_equal(moved + to.len, sizeof(big));
	buf_fini(&from);
	buf_fini(&to);
}

/* ---- writing ---- */

static void
a_request_is_written_anew(void **state)
{
	static const struct str in = STR("POST http://a.test/x HTTP/1.1\r\n"
	    "Host:   a.test\r\nproxy-authorization: secret\r\n"
	    "Proxy-Connection: keep-alive\r\nX-Hop: 1\r\nTE: trailers\r\n"
	    "Connection: keep-alive, x-hop\r\nKeep-Alive: 5\r\nUpgrade: h2c\r\n"
	    "HTTP2-Settings: x\r\nAccept:\t*/*  \r\nContent-Length: 3\r\n"
	    "Expect: 100-continue\r\n\r\n");
	struct request_out o = { .path = STR("/y"), .query = STR("q=1"),
		.has_query = true, .authority = STR("a.test"),
		.framing = HTTP_LENGTH, .length = 3 };
	struct http_fault f;
	struct buf out;

	(void)state;
	buf_init(&out, 4096);
	assert_int_equal(http_request_parse(in, &head, &f), PARSE_OK);
	assert_true(request_put(&out, &head, &o));
	assert_true(str_eqz(buf_str(&out), "POST /y?q=1 HTTP/1.1\r\n"
	    "Host: a.test\r\nAccept: */*\r\nExpect: 100-continue\r\n"
	    "Content-Length: 3\r\n\r\n"));
	buf_fini(&out);
	buf_init(&out, 64);
	assert_false(request_put(&out, &head, &o));
	buf_fini(&out);
}

static void
a_response_is_written_anew(void **state)
{
	static const struct str in = STR("HTTP/1.0 200 Fine\r\n"
	    "Server: x\r\nKeep-Alive: 1\r\nConnection: keep-alive, a\r\n"
	    "A: b\r\nSet-Cookie: c=d\r\nSet-Cookie: e=f\r\n\r\n");
	struct response_out o = { .framing = HTTP_CHUNKED, .close = true };
	struct http_fault f;
	struct buf out;

	(void)state;
	buf_init(&out, 4096);
	assert_int_equal(http_response_parse(in, &head, &f), PARSE_OK);
	assert_true(response_put(&out, &head, &o));
	assert_true(str_eqz(buf_str(&out), "HTTP/1.1 200 Fine\r\n"
	    "Server: x\r\nSet-Cookie: c=d\r\nSet-Cookie: e=f\r\n"
	    "Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n"));
	buf_fini(&out);
}

static void
json_escapes_everything(void **state)
{
	struct buf out;
	struct json j = { .out = &out };

	(void)state;
	buf_init(&out, 4096);
	json_open(&j, NULL, '{');
	json_str(&j, "a\"b", STR("x\\\"\n\033\x7f\0y"));
	json_str(&j, "u", STR("gr\xc3\xbc\xc3\x9f \xc3 \xff \xed\xa0\x80"));
	json_open(&j, "l", '[');
	json_u64(&j, NULL, 1);
	json_str(&j, NULL, STR(""));
	json_close(&j, ']');
	json_open(&j, "o", '{');
	json_close(&j, '}');
	json_close(&j, '}');
	assert_false(j.over);
	assert_true(str_eqz(buf_str(&out), "{\"a\\\"b\":"
	    "\"x\\\\\\\"\\u000a\\u001b\\u007f\\u0000y\",\"u\":"
	    "\"gr\xc3\xbc\xc3\x9f \\ufffd \\ufffd \\ufffd\\ufffd\\ufffd\","
	    "\"l\":[1,\"\"],\"o\":{}}"));
	buf_fini(&out);
	buf_init(&out, 8);
	j = (struct json){ .out = &out };
	json_str(&j, NULL, STR("longer than that"));
	assert_true(j.over);
	buf_fini(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(chunk_cases),
		cmocka_unit_test(body_cases),
		cmocka_unit_test(
		    trailers_are_read_and_dropped_where_that_is_asked),
		cmocka_unit_test(a_full_buffer_makes_a_body_wait),
		cmocka_unit_test(a_request_is_written_anew),
		cmocka_unit_test(a_response_is_written_anew),
		cmocka_unit_test(json_escapes_everything),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
