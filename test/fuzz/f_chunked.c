/* f_chunked.c -- a chunked body gives the same however it is cut up. */
#include <stdint.h>
#include <stdlib.h>

#include "base/must.h"
#include "http/body.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t len);

static struct http_head scratch;

static enum parse
run(struct str in, size_t step, struct buf *to)
{
	enum parse got = PARSE_MORE;
	struct buf from;
	struct http_fault f;
	struct body b;

	buf_init(&from, 1 << 22);
	buf_init(to, BODY_BUF_MAX);
	body_init(&b, HTTP_CHUNKED, HTTP_TO_END, 0);
	for (size_t at = 0; at < in.len && got == PARSE_MORE;) {
		size_t n = in.len - at < step ? in.len - at : step;

		must(buf_add(&from, in.p + at, n));
		at += n;
		got = body_move(&b, &from, to, false, &scratch, &f);
	}
	buf_fini(&from);
	return got;
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t len)
{
	struct str in = str_of((const char *)p, len);
	struct buf whole, cut;
	enum parse a, b;

	if (len > 4096)
		return 0;
	a = run(in, len, &whole);
	b = run(in, 1, &cut);
	/* A fault may show before the bytes in front of it were moved. */
	must(a == b && (a == PARSE_BAD ||
	    str_eq(buf_str(&whole), buf_str(&cut))));
	buf_fini(&whole);
	buf_fini(&cut);
	return 0;
}
