/* frame.c -- the frames of a WebSocket, moved from a buffer to a buffer, or
 * taken together to messages. */
#include "base/must.h"
#include "http/websocket.h"
#include "http/ws_message.h"

#define CONTROL_BYTES_MAX 125
#define TAKE_BYTES_MAX	  4096 /* of a payload, unmasked at once */

enum { /* opcodes */
	OP_CONTINUE = 0, OP_TEXT = 1, OP_BINARY = 2,
	OP_CLOSE = 8, OP_PING = 9, OP_PONG = 10,
};

struct frame {
	bool fin, packed;
	unsigned op;
	size_t head;		/* bytes before the payload */
	uint64_t len;
	unsigned char mask[4];	/* zero: not masked */
};

static unsigned char
byte_of(struct str in, size_t i)
{
	return (unsigned char)in.p[i];
}

/* The length and the bytes that it took, in the shortest form alone. */
static enum parse
length_parse(struct str in, struct frame *fr, struct http_fault *f)
{
	unsigned small = byte_of(in, 1) & 0x7f;
	size_t n = small < 126 ? 0 : small == 126 ? 2 : 8;

	fr->len = small;
	fr->head = 2 + n;
	if (n == 0)
		return PARSE_OK;
	if (in.len < fr->head)
		return PARSE_MORE;
	fr->len = 0;
	for (size_t i = 0; i < n; i++)
		fr->len = fr->len << 8 | byte_of(in, 2 + i);
	if (fr->len < 126 || (n == 8 && fr->len <= UINT16_MAX) ||
	    fr->len > INT64_MAX)
		return http_bad(f, WS_PROTOCOL_ERROR,
		    "a frame's length is not in its shortest form");
	return PARSE_OK;
}

static enum parse
first_bytes_check(const struct ws_flow *w, struct str in, struct frame *fr,
    struct http_fault *f)
{
	bool control;

	fr->fin = (byte_of(in, 0) & 0x80) != 0;
	fr->op = byte_of(in, 0) & 0x0f;
	fr->packed = (byte_of(in, 0) & 0x40) != 0;
	control = fr->op >= OP_CLOSE;
	if ((byte_of(in, 0) & 0x30) != 0 || (fr->packed && !w->deflate))
		return http_bad(f, WS_PROTOCOL_ERROR,
		    "a frame has reserved bits, and no extension is used");
	/* RFC 7692, 6: the first frame of a message says it for all. */
	if (fr->packed && (control || fr->op == OP_CONTINUE))
		return http_bad(f, WS_PROTOCOL_ERROR,
		    "a frame that begins no message says that it is "
		    "compressed");
	if (fr->op > OP_PONG || (fr->op > OP_BINARY && !control))
		return http_bad(f, WS_PROTOCOL_ERROR,
		    "a frame is of a kind that does not exist");
	if (((byte_of(in, 1) & 0x80) != 0) != w->masked)
		return http_bad(f, WS_PROTOCOL_ERROR, w->masked ?
		    "a frame of the client is not masked" :
		    "a frame of the server is masked");
	if (control && (!fr->fin ||
		(byte_of(in, 1) & 0x7f) > CONTROL_BYTES_MAX))
		return http_bad(f, WS_PROTOCOL_ERROR,
		    "a control frame is in parts, or too long");
	if (!control && (fr->op == OP_CONTINUE) != w->fragmented)
		return http_bad(f, WS_PROTOCOL_ERROR, w->fragmented ?
		    "a message begins inside another one" :
		    "a frame continues no message");
	return PARSE_OK;
}

static enum parse
frame_parse(const struct ws_flow *w, struct str in, struct frame *fr,
    struct http_fault *f)
{
	enum parse got;

	*fr = (struct frame){ .fin = false };
	if (in.len < 2)
		return PARSE_MORE;
	got = first_bytes_check(w, in, fr, f);
	if (got == PARSE_OK)
		got = length_parse(in, fr, f);
	if (got != PARSE_OK || !w->masked)
		return got;
	fr->head += sizeof(fr->mask);
	if (in.len < fr->head)
		return PARSE_MORE;
	memcpy(fr->mask, in.p + fr->head - sizeof(fr->mask),
	    sizeof(fr->mask));
	return PARSE_OK;
}

/* Codes that may stand in a frame: those of the RFC and its registry, and
 * everybody's own from 3000 on. */
static bool
code_may_be_sent(unsigned code)
{
	if (code >= 3000)
		return code <= 4999;
	return code >= 1000 && code <= 1014 && code != 1004 &&
	    code != 1005 && code != 1006;
}

/* A reason is text (5.5.1). */
static bool
reason_is_text(struct str payload, const unsigned char mask[4])
{
	char text[CONTROL_BYTES_MAX];
	size_t n = 0;

	for (; n + 2 < payload.len; n++)
		text[n] = (char)(byte_of(payload, n + 2) ^ mask[(n + 2) % 4]);
	for (size_t i = 0, k; i < n; i += k) {
		k = str_utf8_len(str_of(text + i, n - i));
		if (k == 0)
			return false;
	}
	return true;
}

static enum parse
close_check(struct ws_flow *w, struct str payload, const struct frame *fr,
    struct http_fault *f)
{
	unsigned code;

	w->over = true;
	if (payload.len == 0)
		return PARSE_OK;
	code = payload.len < 2 ? 0 :
	    (unsigned)(byte_of(payload, 0) ^ fr->mask[0]) << 8 |
	    (unsigned)(byte_of(payload, 1) ^ fr->mask[1]);
	if (!code_may_be_sent(code))
		return http_bad(f, WS_PROTOCOL_ERROR,
		    "a close frame gives a code that none may give");
	if (!reason_is_text(payload, fr->mask))
		return http_bad(f, WS_BAD_DATA,
		    "what a close frame says is not UTF-8");
	w->code = (uint16_t)code;
	return PARSE_OK;
}

static void
mask_over(char *p, size_t n, const unsigned char mask[4])
{
	for (size_t i = 0; i < n; i++)
		p[i] = (char)((unsigned char)p[i] ^ mask[i % 4]);
}

/* It can say as much as a message. */
static enum parse
control_look(const struct ws_flow *w, const struct frame *fr, char *payload,
    struct http_fault *f)
{
	size_t at = fr->op == OP_CLOSE ? 2 : 0, n = (size_t)fr->len;
	bool ok;

	if (w->look == NULL || n <= at)
		return PARSE_OK;
	mask_over(payload, n, fr->mask);
	ok = w->look(payload + at, n - at, f, w->arg);
	mask_over(payload, n, fr->mask);
	return ok ? PARSE_OK : PARSE_BAD;
}

/* A control frame passes whole: what it says was looked at. */
static enum parse
control_move(struct ws_flow *w, const struct frame *fr, struct buf *from,
    struct buf *to, struct http_fault *f)
{
	size_t whole = fr->head + (size_t)fr->len;
	struct str in = buf_str(from);

	if (in.len < whole)
		return PARSE_MORE;
	if (fr->op == OP_CLOSE &&
	    close_check(w, str_from(str_head(in, whole), fr->head), fr, f) !=
		PARSE_OK)
		return PARSE_BAD;
	if (control_look(w, fr, from->p + from->off + fr->head, f) != PARSE_OK)
		return PARSE_BAD;
	must(buf_adds(to, str_head(in, whole))); /* max is over BODY_ROOM */
	w->bytes += fr->len;
	buf_eat(from, whole);
	return PARSE_OK;
}

/* A frame of data begins. */
static enum parse
data_begin(struct ws_flow *w, const struct frame *fr, struct buf *from,
    struct buf *to, struct http_fault *f)
{
	struct ws_message *m = w->taken;

	if (m == NULL) {
		must(buf_adds(to, str_head(buf_str(from), fr->head)));
	} else {
		if (fr->op != OP_CONTINUE)
			ws_message_begin(m, fr->op == OP_BINARY, fr->packed);
		if (!m->packed && (m->text.len > m->max ||
			fr->len > m->max - m->text.len))
			return http_bad(f, WS_TOO_BIG, "a message is longer "
			    "than may be held to be read");
		memcpy(w->mask, fr->mask, sizeof(w->mask));
		w->mask_at = 0;
	}
	buf_eat(from, fr->head);
	w->left = fr->len;
	w->fragmented = !fr->fin;
	if (!fr->fin || fr->len != 0)
		return PARSE_OK;
	w->messages++;
	return m == NULL ? PARSE_OK : ws_message_end(m, f);
}

static enum parse
frame_begin(struct ws_flow *w, struct buf *from, struct buf *to,
    struct http_fault *f)
{
	struct str in = buf_str(from);
	struct frame fr;
	enum parse got;

	if (w->over && in.len > 0)
		return http_bad(f, WS_PROTOCOL_ERROR,
		    "bytes follow the close frame");
	got = frame_parse(w, in, &fr, f);
	if (got != PARSE_OK)
		return got;
	if (fr.op >= OP_CLOSE)
		return control_move(w, &fr, from, to, f);
	return data_begin(w, &fr, from, to, f);
}

static enum parse
payload_take(struct ws_flow *w, struct buf *from, struct http_fault *f)
{
	struct str in = buf_str(from);
	char some[TAKE_BYTES_MAX];
	size_t n = in.len < sizeof(some) ? in.len : sizeof(some);

	if (n > w->left)
		n = (size_t)w->left;
	for (size_t i = 0; i < n; i++)
		some[i] = (char)(byte_of(in, i) ^
		    w->mask[(w->mask_at + i) % 4]);
	w->mask_at += (unsigned)n;
	buf_eat(from, n);
	w->left -= n;
	w->bytes += n;
	if (ws_message_add(w->taken, str_of(some, n), f) != PARSE_OK)
		return PARSE_BAD;
	if (w->left > 0 || w->fragmented)
		return PARSE_OK;
	w->messages++;
	return ws_message_end(w->taken, f);
}

static void
payload_move(struct ws_flow *w, struct buf *from, struct buf *to)
{
	size_t n = BODY_ROOM - to->len;

	if (n > from->len)
		n = from->len;
	if (n > w->left)
		n = (size_t)w->left;
	must(buf_adds(to, str_head(buf_str(from), n)));
	buf_eat(from, n);
	w->left -= n;
	w->bytes += n;
	w->messages += w->left == 0 && !w->fragmented;
}

/* Each turn takes bytes off from, or is the last. */
enum parse
ws_move(struct ws_flow *w, struct buf *from, struct buf *to,
    struct http_fault *f)
{
	while (to->len < BODY_ROOM && (from->len > 0 || w->over)) {
		enum parse got = PARSE_OK;

		if (w->over && from->len == 0)
			return PARSE_OK;
		if (w->left > 0 && w->taken != NULL)
			got = payload_take(w, from, f);
		else if (w->left > 0)
			payload_move(w, from, to);
		else
			got = frame_begin(w, from, to, f);
		if (got != PARSE_OK)
			return got;
		if (w->taken != NULL && w->taken->whole)
			return PARSE_OK;
	}
	return PARSE_MORE;
}

bool
ws_is_between(const struct ws_flow *w)
{
	if (w->over)
		return false;
	return w->taken != NULL ? !w->taken->leaving : w->left == 0;
}

/* No more than fits, and no part of a character. */
static size_t
reason_len(struct str why)
{
	size_t n = 0;

	for (size_t k = 1; k > 0 && n < why.len; n += k) {
		k = str_utf8_len(str_from(why, n));
		if (n + k > CONTROL_BYTES_MAX - 2)
			break;
	}
	return n;
}

void
ws_put_close(struct buf *to, enum ws_code code, struct str why,
    const unsigned char *mask)
{
	static const unsigned char none[4];
	unsigned char out[6 + CONTROL_BYTES_MAX] = { 0x88 }, *at = out + 2;
	const unsigned char *m = mask == NULL ? none : mask;
	size_t n = reason_len(why);

	out[1] = (unsigned char)(2 + n);

	if (mask != NULL) {
		out[1] |= 0x80;
		memcpy(at, mask, 4);
		at += 4;
	}
	*at++ = (unsigned char)((unsigned)code >> 8 ^ m[0]);
	*at++ = (unsigned char)(((unsigned)code & 0xff) ^ m[1]);
	for (size_t i = 0; i < n; i++)
		*at++ = (unsigned char)(byte_of(why, i) ^ m[(i + 2) % 4]);
	must(buf_add(to, out, (size_t)(at - out)));
}
