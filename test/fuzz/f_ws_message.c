/* f_ws_message.c -- messages that are taken out of a WebSocket's frames are the
 * same however those are cut up, never longer than they may be, and sent on as
 * a frame that says the same; what they ask for is read without end or
 * overrun. */
#include <stdint.h>
#include <stdlib.h>

#include "base/must.h"
#include "http/websocket.h"
#include "http/ws_message.h"
#include "inspect/inspect.h"

enum { MESSAGE_MAX = 4000 };

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t len);

/* Back into a frame, and out of it again. */
static void
send_and_take(struct ws_message *m, struct buf *all)
{
	const unsigned char mask[4] = { 7, 0, 9, 255 };
	struct ws_message n;
	struct ws_flow w = { .masked = true, .taken = &n };
	struct http_fault f;
	struct buf out, none;

	buf_init(&out, BODY_BUF_MAX);
	buf_init(&none, BODY_BUF_MAX);
	ws_message_init(&n, MESSAGE_MAX);
	must(buf_adds(all, buf_str(&m->text)) && buf_add(all, "|", 1));
	must(m->text.len <= MESSAGE_MAX);
	must(ws_message_send(m, mask, &out));
	must(ws_move(&w, &out, &none, &f) == PARSE_OK && n.whole);
	must(str_has_suffix(str_head(buf_str(all), all->len - 1),
	    buf_str(&n.text)));
	ws_message_fini(&n);
	buf_fini(&out);
	buf_fini(&none);
}

static bool
run(struct str in, size_t step, bool masked, struct buf *all)
{
	struct ws_message m;
	struct ws_flow w = { .masked = masked, .deflate = true,
		.taken = &m };
	enum parse got = PARSE_MORE;
	struct http_fault f;
	struct buf from, to;

	buf_init(&from, 1 << 16);
	buf_init(&to, BODY_BUF_MAX);
	ws_message_init(&m, MESSAGE_MAX);
	for (size_t at = 0; at < in.len && got != PARSE_BAD; at += step) {
		must(buf_adds(&from, str_upto(str_from(in, at), step)));
		do {
			got = ws_move(&w, &from, &to, &f);
			if (m.whole)
				send_and_take(&m, all);
			else if (got == PARSE_OK)
				break;
		} while (got == PARSE_OK);
		if (w.over && got == PARSE_OK)
			break;
	}
	ws_message_fini(&m);
	buf_fini(&from);
	buf_fini(&to);
	return got == PARSE_BAD;
}

static void
read_as_all(struct str text)
{
	for (uint32_t kinds = 1; kinds < 8; kinds++) {
		struct inspect in;
		char says[64];

		inspect_message(&in, kinds, false, text);
		must(in.over && (in.asks_nothing ? in.n == 0 : in.n > 0));
		inspect_print(&in, says, sizeof(says));
		inspect_fini(&in);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t len)
{
	struct buf whole, cut;
	bool masked;
	struct str in;

	if (len < 1 || len > 4096)
		return 0;
	masked = (p[0] & 1) != 0;
	in = str_of((const char *)p + 1, len - 1);
	buf_init(&whole, 1 << 24);
	buf_init(&cut, 1 << 24);
	if (!run(in, len, masked, &whole) && !run(in, 1, masked, &cut))
		must(str_eq(buf_str(&whole), buf_str(&cut)));
	read_as_all(in);
	buf_fini(&whole);
	buf_fini(&cut);
	return 0;
}
