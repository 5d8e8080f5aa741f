/* t_http_head.c -- request and response heads, each with the one answer. */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/compat.h"
#include "http/head.h"

#define Z(lit) { lit, sizeof(lit) - 1 } /* may hold NUL */
#define REQ(fields) Z("GET / HTTP/1.1\r\nHost: a.test\r\n" fields "\r\n")
#define RSP(fields) Z("HTTP/1.1 200 OK\r\n" fields "\r\n")

struct head_case {
	const char *what;
	struct str in;
	unsigned status; /* 0: it is accepted */
};

static const struct head_case requests[] = {
	{ "a plain GET", REQ(""), 0 },
	{ "any token is a method", Z("M-SEARCH / HTTP/1.1\r\nHost: a\r\n\r\n"), 0 },
	{ "a method of 32 bytes", Z("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA / HTTP/1.1\r\nHost: a\r\n\r\n"), 0 },
	{ "a method of 33 bytes", Z("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA / HTTP/1.1\r\nHost: a\r\n\r\n"), 400 },
	{ "HTTP/1.0 needs no Host", Z("GET / HTTP/1.0\r\n\r\n"), 0 },
	{ "HTTP/1.1 needs Host", Z("GET / HTTP/1.1\r\n\r\n"), 400 },
	{ "CONNECT names its host already", Z("CONNECT a:1 HTTP/1.1\r\n\r\n"), 0 },
	{ "two Host fields", REQ("Host: a.test\r\n"), 400 },
	{ "two Host fields in other letters", REQ("hOST: b.test\r\n"), 400 },
	{ "an empty Host is a value", Z("GET / HTTP/1.1\r\nHost:\r\n\r\n"), 0 },
	{ "HTTP/1.2 is not spoken", Z("GET / HTTP/1.2\r\nHost: a\r\n\r\n"), 505 },
	{ "HTTP/2.0 is not spoken", Z("PRI * HTTP/2.0\r\n\r\n"), 505 },
	{ "HTTP/0.9 has no version", Z("GET /\r\n\r\n"), 400 },
	{ "http in small letters", Z("GET / http/1.1\r\nHost: a\r\n\r\n"), 400 },
	{ "a version with a zero before", Z("GET / HTTP/01.1\r\nHost: a\r\n\r\n"), 400 },
	{ "two blanks after the method", Z("GET  / HTTP/1.1\r\nHost: a\r\n\r\n"), 400 },
	{ "two blanks before the version", Z("GET /  HTTP/1.1\r\nHost: a\r\n\r\n"), 400 },
	{ "a tab between", Z("GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n"), 400 },
	{ "a blank at the end of the line", Z("GET / HTTP/1.1 \r\nHost: a\r\n\r\n"), 400 },
	{ "a blank in the target", Z("GET /a b HTTP/1.1\r\nHost: a\r\n\r\n"), 400 },
	{ "a blank before the method", Z(" GET / HTTP/1.1\r\nHost: a\r\n\r\n"), 400 },
	{ "no target", Z("GET HTTP/1.1\r\nHost: a\r\n\r\n"), 400 },
	{ "an empty target", Z("GET  HTTP/1.1\r\nHost: a\r\n\r\n"), 400 },
	{ "a fragment", Z("GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n"), 400 },
	{ "a raw byte beyond ASCII in the target", Z("GET /\xc3\xa9 HTTP/1.1\r\nHost: a\r\n\r\n"), 400 },
	{ "NUL in the target", Z("GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n"), 400 },
	{ "a colon in the method", Z("GET: / HTTP/1.1\r\nHost: a\r\n\r\n"), 400 },
	{ "NUL in the method", Z("GE\0T / HTTP/1.1\r\nHost: a\r\n\r\n"), 400 },
	{ "an empty line first", Z("\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n"), 400 },
	{ "a bare line feed after the request line", Z("GET / HTTP/1.1\nHost: a\r\n\r\n"), 400 },
	{ "a bare line feed after a field", REQ("A: b\nC: d\r\n"), 400 },
	{ "a bare line feed as the empty line", Z("GET / HTTP/1.1\r\nHost: a\r\n\n"), 400 },
	{ "a bare carriage return in a value", REQ("A: b\rC: d\r\n"), 400 },
	{ "two carriage returns", REQ("A: b\r\r\n"), 400 },
	{ "NUL in a value", REQ("A: b\0c\r\n"), 400 },
	{ "DEL in a value", REQ("A: b\x7f\r\n"), 400 },
	{ "escape in a value", REQ("A: \033[2J\r\n"), 400 },
	{ "a tab in a value", REQ("A: b\tc\r\n"), 0 },
	{ "UTF-8 in a value", REQ("A: gr\xc3\xbc\xc3\x9f\r\n"), 0 },
	{ "an empty value", REQ("A:\r\n"), 0 },
	{ "blanks around a value", REQ("A: \t b \t\r\n"), 0 },
	{ "a colon in a value", REQ("A: b:c\r\n"), 0 },
	{ "a blank before the colon", REQ("A : b\r\n"), 400 },
	{ "a tab before the colon", REQ("A\t: b\r\n"), 400 },
	{ "no colon", REQ("A b\r\n"), 400 },
	{ "an empty name", REQ(": b\r\n"), 400 },
	{ "a name with brackets", REQ("A(b): c\r\n"), 400 },
	{ "a name with a byte beyond ASCII", REQ("\xc3\xa9: c\r\n"), 400 },
	{ "a folded line", REQ("A: b\r\n c\r\n"), 400 },
	{ "a line folded by a tab", REQ("A: b\r\n\tc\r\n"), 400 },
	{ "a fold before the first field", Z("GET / HTTP/1.1\r\n Host: a\r\n\r\n"), 400 },
	{ "Content-Length", REQ("Content-Length: 5\r\n"), 0 },
	{ "Content-Length of nothing", REQ("Content-Length: 0\r\n"), 0 },
	{ "the largest Content-Length", REQ("Content-Length: 9223372036854775807\r\n"), 0 },
	{ "a Content-Length beyond it", REQ("Content-Length: 9223372036854775808\r\n"), 400 },
	{ "a Content-Length that overflows", REQ("Content-Length: 18446744073709551617\r\n"), 400 },
	{ "an empty Content-Length", REQ("Content-Length:\r\n"), 400 },
	{ "a sign in Content-Length", REQ("Content-Length: +5\r\n"), 400 },
	{ "a negative Content-Length", REQ("Content-Length: -1\r\n"), 400 },
	{ "a zero before Content-Length", REQ("Content-Length: 05\r\n"), 400 },
	{ "a hexadecimal Content-Length", REQ("Content-Length: 0x5\r\n"), 400 },
	{ "a fraction", REQ("Content-Length: 5.0\r\n"), 400 },
	{ "a blank within Content-Length", REQ("Content-Length: 5 5\r\n"), 400 },
	{ "a list of equal lengths", REQ("Content-Length: 5, 5\r\n"), 400 },
	{ "two lengths that differ", REQ("Content-Length: 5\r\nContent-Length: 6\r\n"), 400 },
	{ "two lengths that agree", REQ("Content-Length: 5\r\nContent-Length: 5\r\n"), 400 },
	{ "a length and chunks", REQ("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"), 400 },
	{ "chunks and a length", REQ("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n"), 400 },
	{ "chunks", REQ("Transfer-Encoding: chunked\r\n"), 0 },
	{ "chunks in capitals", REQ("TRANSFER-ENCODING: CHUNKED\r\n"), 0 },
	{ "chunks twice", REQ("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"), 400 },
	{ "chunks listed twice", REQ("Transfer-Encoding: chunked, chunked\r\n"), 501 },
	{ "gzip before chunks", REQ("Transfer-Encoding: gzip, chunked\r\n"), 501 },
	{ "chunks before identity", REQ("Transfer-Encoding: chunked, identity\r\n"), 501 },
	{ "identity alone", REQ("Transfer-Encoding: identity\r\n"), 501 },
	{ "a coding with a vertical tab", REQ("Transfer-Encoding: \x0b" "chunked\r\n"), 400 },
	{ "a coding with a parameter", REQ("Transfer-Encoding: chunked;q=1\r\n"), 501 },
	{ "an empty coding", REQ("Transfer-Encoding:\r\n"), 501 },
	{ "a quoted coding", REQ("Transfer-Encoding: \"chunked\"\r\n"), 501 },
	{ "chunks in HTTP/1.0", Z("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"), 400 },
	{ "Connection names a list", REQ("Connection: close, X-A\r\n"), 0 },
	{ "Connection names Host", REQ("Connection: host\r\n"), 400 },
	{ "Connection names Content-Length", REQ("Connection: close, Content-Length\r\n"), 400 },
	{ "Connection names Transfer-Encoding", REQ("Connection: transfer-encoding\r\n"), 400 },
	{ "Connection is no list of tokens", REQ("Connection: a b\r\n"), 400 },
	{ "Connection with empty elements", REQ("Connection: ,close,,\r\n"), 0 },
	{ "Expect: 100-continue", REQ("Expect: 100-Continue\r\n"), 0 },
	{ "another expectation", REQ("Expect: 200-ok\r\n"), 417 },
};

static const struct head_case responses[] = {
	{ "a plain 200", RSP(""), 0 },
	{ "no reason", Z("HTTP/1.1 200 \r\n\r\n"), 0 },
	{ "no blank before the missing reason", Z("HTTP/1.1 200\r\n\r\n"), 0 },
	{ "HTTP/1.0", Z("HTTP/1.0 404 Not Found\r\n\r\n"), 0 },
	{ "HTTP/2", Z("HTTP/2 200\r\n\r\n"), 502 },
	{ "HTTP/1.2", Z("HTTP/1.2 200 OK\r\n\r\n"), 502 },
	{ "not HTTP", Z("SSH-2.0-OpenSSH_9.2\r\n\r\n"), 502 },
	{ "two digits", Z("HTTP/1.1 20 OK\r\n\r\n"), 502 },
	{ "four digits", Z("HTTP/1.1 2000 OK\r\n\r\n"), 502 },
	{ "letters", Z("HTTP/1.1 2x0 OK\r\n\r\n"), 502 },
	{ "status 099", Z("HTTP/1.1 099 OK\r\n\r\n"), 502 },
	{ "status 600", Z("HTTP/1.1 600 OK\r\n\r\n"), 502 },
	{ "a sign before the status", Z("HTTP/1.1 +20 OK\r\n\r\n"), 502 },
	{ "two blanks before the status", Z("HTTP/1.1  200 OK\r\n\r\n"), 502 },
	{ "NUL in the reason", Z("HTTP/1.1 200 O\0K\r\n\r\n"), 502 },
	{ "UTF-8 in the reason", Z("HTTP/1.1 200 \xc3\xa9\r\n\r\n"), 0 },
	{ "two lengths", RSP("Content-Length: 1\r\nContent-Length: 1\r\n"), 502 },
	{ "a length and chunks", RSP("Content-Length: 1\r\nTransfer-Encoding: chunked\r\n"), 502 },
	{ "a length with a sign", RSP("Content-Length: +1\r\n"), 502 },
	{ "another coding", RSP("Transfer-Encoding: gzip\r\n"), 502 },
	{ "a folded line", RSP("A: b\r\n c\r\n"), 502 },
	{ "NUL in a value", RSP("A: \0\r\n"), 502 },
	{ "a bare carriage return", RSP("A: b\rc\r\n"), 502 },
	{ "a blank before the colon", RSP("A : b\r\n"), 502 },
	{ "chunks in HTTP/1.0", Z("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"), 502 },
};

static struct http_head head;

/* Finds and parses as egress does. *more: the input is too short. */
static unsigned
parse(struct str in, bool response, bool *more)
{
	struct http_fault f = { 0, NULL };
	size_t scan = 0, end = 0;
	enum parse got = http_head_find(in, &scan, &end, &f);

	*more = got == PARSE_MORE;
	if (got == PARSE_OK)
		got = response ?
		    http_response_parse(str_head(in, end), &head, &f) :
		    http_request_parse(str_head(in, end), &head, &f);
	if (got == PARSE_OK || *more)
		return 0;
	assert_non_null(f.why);
	return response ? 502 : f.status;
}

static void
check(const struct head_case *c, bool response)
{
	bool more;
	unsigned got = parse(c->in, response, &more);

	if (more || got != c->status)
		fail_msg("%s: %u, not %u", c->what, got, c->status);
	if (c->status != 0)
		return;
	for (size_t n = 0; n < c->in.len; n++) {
		got = parse(str_head(c->in, n), response, &more);
		if (!more || got != 0)
			fail_msg("%s: the first %zu bytes are not taken for "
				 "a beginning", c->what, n);
	}
}

static void
request_cases(void **state)
{
	(void)state;
	for (size_t i = 0; i < NELEM(requests); i++)
		check(&requests[i], false);
}

static void
response_cases(void **state)
{
	(void)state;
	for (size_t i = 0; i < NELEM(responses); i++)
		check(&responses[i], true);
}

/* ---- limits ---- */

static unsigned
with_line(size_t target, size_t fields, size_t value, bool *more)
{
	static char text[131072];
	size_t n = 0;

	n += (size_t)sprintf(text, "GET /");
	memset(text + n, 'a', target - 1);
	n += target - 1;
	n += (size_t)sprintf(text + n, " HTTP/1.1\r\nHost: a\r\n");
	for (size_t i = 1; i < fields; i++)
		n += (size_t)sprintf(text + n, "X: y\r\n");
	if (value > 0) {
		n += (size_t)sprintf(text + n, "V: ");
		memset(text + n, 'v', value);
		n += value;
		n += (size_t)sprintf(text + n, "\r\n");
	}
	n += (size_t)sprintf(text + n, "\r\n");
	return parse(str_of(text, n), false, more);
}

static void
limits(void **state)
{
	bool more;

	(void)state;
	assert_int_equal(with_line(HTTP_TARGET_BYTES_MAX, 1, 0, &more), 0);
	assert_int_equal(with_line(HTTP_TARGET_BYTES_MAX + 1, 1, 0, &more),
	    414);
	assert_int_equal(with_line(20000, 1, 0, &more), 414);
	assert_int_equal(with_line(1, HTTP_FIELDS_MAX, 0, &more), 0);
	assert_int_equal(with_line(1, HTTP_FIELDS_MAX + 1, 0, &more), 431);
	assert_int_equal(with_line(1, 1, HTTP_HEAD_BYTES_MAX - 100, &more),
	    0);
	assert_int_equal(with_line(1, 1, HTTP_HEAD_BYTES_MAX, &more), 431);
}

static void
a_line_without_an_end_is_refused_early(void **state)
{
	static char text[HTTP_HEAD_BYTES_MAX];
	bool more;

	(void)state;
	memset(text, 'a', sizeof(text));
	assert_int_equal(parse(str_of(text, 9000), false, &more), 414);
	memcpy(text, "GET / HTTP/1.1\r\n", 16);
	assert_int_equal(parse(str_of(text, 9000), false, &more), 0);
	assert_true(more);
	assert_int_equal(parse(str_of(text, sizeof(text)), false, &more),
	    431);
}

/* ---- what the fields say ---- */

static const struct {
	const char *what;
	struct str in;
	bool keeps;
	enum http_framing framing;
} meanings[] = {
	{ "HTTP/1.1 keeps alive", REQ(""), true, HTTP_NO_BODY },
	{ "unless it says close", REQ("Connection: Close\r\n"), false, HTTP_NO_BODY },
	{ "close wins over keep-alive", REQ("Connection: keep-alive, close\r\n"), false, HTTP_NO_BODY },
	{ "HTTP/1.0 does not", Z("GET / HTTP/1.0\r\n\r\n"), false, HTTP_NO_BODY },
	{ "unless it says so", Z("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"), true, HTTP_NO_BODY },
	{ "a length is a body", REQ("Content-Length: 3\r\n"), true, HTTP_LENGTH },
	{ "a length of 0 is none", REQ("Content-Length: 0\r\n"), true, HTTP_NO_BODY },
	{ "chunks are a body", REQ("Transfer-Encoding: chunked\r\n"), true, HTTP_CHUNKED },
};

static void
meaning_cases(void **state)
{
	bool more;

	(void)state;
	for (size_t i = 0; i < NELEM(meanings); i++) {
		assert_int_equal(parse(meanings[i].in, false, &more), 0);
		if (http_keeps_alive(&head) != meanings[i].keeps ||
		    http_request_framing(&head) != meanings[i].framing)
			fail_msg("%s", meanings[i].what);
	}
}

static const struct {
	const char *what;
	struct str in;
	const char *method;
	int framing; /* -1: refused */
} framings[] = {
	{ "no framing: to the end", RSP(""), "GET", HTTP_TO_END },
	{ "a length", RSP("Content-Length: 3\r\n"), "GET", HTTP_LENGTH },
	{ "a length of 0", RSP("Content-Length: 0\r\n"), "GET", HTTP_NO_BODY },
	{ "chunks", RSP("Transfer-Encoding: chunked\r\n"), "GET", HTTP_CHUNKED },
	{ "HEAD has no body", RSP("Content-Length: 3\r\n"), "HEAD", HTTP_NO_BODY },
	{ "HEAD has no chunks", RSP("Transfer-Encoding: chunked\r\n"), "HEAD", HTTP_NO_BODY },
	{ "head is not HEAD", RSP("Content-Length: 3\r\n"), "head", HTTP_LENGTH },
	{ "304 has no body", Z("HTTP/1.1 304 Not Modified\r\nContent-Length: 3\r\n\r\n"), "GET", HTTP_NO_BODY },
	{ "204 has no body", Z("HTTP/1.1 204 No Content\r\n\r\n"), "GET", HTTP_NO_BODY },
	{ "204 may say that it has none", Z("HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n"), "GET", HTTP_NO_BODY },
	{ "204 with a body is refused", Z("HTTP/1.1 204 No Content\r\nContent-Length: 1\r\n\r\n"), "GET", -1 },
	{ "100 with chunks is refused", Z("HTTP/1.1 100 Continue\r\nTransfer-Encoding: chunked\r\n\r\n"), "GET", -1 },
};

static void
framing_cases(void **state)
{
	bool more;

	(void)state;
	for (size_t i = 0; i < NELEM(framings); i++) {
		enum http_framing got = HTTP_NO_BODY;
		struct http_fault f;
		enum parse ok;

		assert_int_equal(parse(framings[i].in, true, &more), 0);
		ok = http_response_framing(&head, str_c(framings[i].method),
		    &got, &f);
		if ((ok == PARSE_OK ? (int)got : -1) != framings[i].framing)
			fail_msg("%s", framings[i].what);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(request_cases),
		cmocka_unit_test(response_cases),
		cmocka_unit_test(limits),
		cmocka_unit_test(a_line_without_an_end_is_refused_early),
		cmocka_unit_test(meaning_cases),
		cmocka_unit_test(framing_cases),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
