/* f_ws_frames.c -- the frames of a WebSocket give the same however they are
 * cut up, and what passes is what came. */
#include <stdint.h>
#include <stdlib.h>

#include "base/must.h"
#include "http/websocket.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t len);

static enum parse
run(struct str in, size_t step, struct ws_flow *w, struct buf *to)
{
	enum parse got = PARSE_MORE;
	struct http_fault f;
	struct buf from;

	buf_init(&from, 1 << 16);
	buf_init(to, BODY_BUF_MAX);
	for (size_t at = 0; at < in.len && got != PARSE_BAD; at += step) {
		must(buf_adds(&from, str_upto(str_from(in, at), step)));
		got = ws_move(w, &from, to, &f);
	}
	must(got != PARSE_OK || w->over);
	must(str_eq(buf_str(to), str_upto(in, to->len)));
	must(got == PARSE_BAD || to->len + from.len == in.len);
	buf_fini(&from);
	return got;
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t len)
{
	struct ws_flow a, b;
	struct buf whole, cut;
	struct str in;

	if (len < 1 || len > 4096)
		return 0;
	a = b = (struct ws_flow){ .masked = (p[0] & 1) != 0 };
	in = str_of((const char *)p + 1, len - 1);
	must(run(in, len, &a, &whole) == run(in, 1, &b, &cut));
	must(str_eq(buf_str(&whole), buf_str(&cut)));
	must(a.bytes == b.bytes && a.messages == b.messages &&
	    a.code == b.code && a.left == b.left);
	buf_fini(&whole);
	buf_fini(&cut);
	return 0;
}
