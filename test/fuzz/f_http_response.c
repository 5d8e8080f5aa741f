/* f_http_response.c -- a response's head and the body behind it. */
#include <stdint.h>
#include <stdlib.h>

#include "base/must.h"
#include "http/body.h"
#include "http/write.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t len);

static struct http_head head, scratch;

static void
body(struct str rest, enum http_framing in)
{
	struct buf from, to;
	struct http_fault f;
	struct body b;

	buf_init(&from, 1 << 22);
	buf_init(&to, BODY_BUF_MAX);
	must(buf_adds(&from, rest));
	body_init(&b, in, HTTP_CHUNKED, head.length);
	for (int i = 0; i < 100; i++) {
		if (body_move(&b, &from, &to, true, &scratch, &f) !=
		    PARSE_MORE)
			break;
		buf_clear(&to);
	}
	buf_fini(&from);
	buf_fini(&to);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t len)
{
	struct str in = str_of((const char *)p, len);
	struct response_out o = { .close = true };
	enum http_framing framing;
	struct http_fault f;
	size_t scan = 0, end;
	struct buf out;

	if (http_head_find(in, &scan, &end, &f) != PARSE_OK ||
	    http_response_parse(str_head(in, end), &head, &f) != PARSE_OK ||
	    http_response_framing(&head, STR("GET"), &framing, &f) !=
		PARSE_OK)
		return 0;
	if (head.nfields > HTTP_FIELDS_MAX - 2 || end > 32000)
		return 0; /* with our own it may be over the limits */
	buf_init(&out, 1 << 20);
	o.framing = framing;
	o.length = head.length;
	must(response_put(&out, &head, &o));
	must(http_response_parse(buf_str(&out), &scratch, &f) == PARSE_OK);
	must(scratch.status == head.status && scratch.says_close);
	buf_fini(&out);
	body(str_from(in, end), framing);
	return 0;
}
