#include "http/ws_message.h"

#include <stdlib.h>
#include <zlib.h>

#include "base/must.h"
#include "http/body.h"
#include "http/websocket.h"

#define ROOM_BYTES 16384 /* of a decompressed text, added at once */

void
ws_message_init(struct ws_message *m, size_t max)
{
	*m = (struct ws_message){ .max = max };
	buf_init(&m->text, max + 1); /* one more tells what is too long */
}

static void
inflate_stop(struct ws_message *m)
{
	if (m->z == NULL)
		return;
	(void)inflateEnd(m->z); /* whatever state it is in */
	free(m->z);
	m->z = NULL;
}

void
ws_message_fini(struct ws_message *m)
{
	inflate_stop(m);
	buf_fini(&m->text);
}

void
ws_message_begin(struct ws_message *m, bool binary, bool packed)
{
	must(!m->begun && !m->whole);
	m->begun = true;
	m->binary = binary;
	m->packed = packed;
	if (!packed)
		return;
	m->z = mem_alloc(1, sizeof(*m->z));
	must(inflateInit2(m->z, -15) == Z_OK); /* it is out of memory */
}

static enum parse
too_long(struct http_fault *f)
{
	return http_bad(f, WS_TOO_BIG, "a message is longer than may be held "
	    "to be read");
}

/* Every turn takes input, or fills its room, of which there is an end. */
static enum parse
inflate_add(struct ws_message *m, struct str some, struct http_fault *f)
{
	int rc = Z_OK;

	m->z->next_in = (unsigned char *)(uintptr_t)some.p;
	m->z->avail_in = (unsigned)some.len;
	do {
		size_t room;

		m->z->next_out = (unsigned char *)buf_space(&m->text,
		    ROOM_BYTES, &room);
		if (room == 0)
			return too_long(f);
		m->z->avail_out = (unsigned)room;
		rc = inflate(m->z, Z_SYNC_FLUSH);
		buf_added(&m->text, room - m->z->avail_out);
		if (m->text.len > m->max)
			return too_long(f);
	} while (rc == Z_OK && (m->z->avail_in > 0 || m->z->avail_out == 0));
	/* A last block, behind which another could follow, is sent by none
	 * that compresses message by message. */
	if ((rc != Z_OK && rc != Z_BUF_ERROR) || m->z->avail_in > 0)
		return http_bad(f, WS_BAD_DATA,
		    "a message's compression cannot be undone");
	return PARSE_OK;
}

enum parse
ws_message_add(struct ws_message *m, struct str some, struct http_fault *f)
{
	must(m->begun && !m->whole);
	if (some.len == 0)
		return PARSE_OK;
	if (m->packed)
		return inflate_add(m, some, f);
	if (!buf_adds(&m->text, some) || m->text.len > m->max)
		return too_long(f);
	return PARSE_OK;
}

static bool
is_utf8(struct str s)
{
	size_t i = 0;

	while (i < s.len) {
		size_t n = str_utf8_len(str_from(s, i));

		if (n == 0)
			return false;
		i += n;
	}
	return true;
}

enum parse
ws_message_end(struct ws_message *m, struct http_fault *f)
{
	must(m->begun && !m->whole);
	if (m->packed) { /* RFC 7692, 7.2.2: what the sender left out */
		if (inflate_add(m, str_of("\0\0\xff\xff", 4), f) != PARSE_OK)
			return PARSE_BAD;
		inflate_stop(m);
	}
	if (!m->binary && !is_utf8(buf_str(&m->text)))
		return http_bad(f, WS_BAD_DATA, "a text is not UTF-8");
	m->whole = true;
	return PARSE_OK;
}

static void
put_head(const struct ws_message *m, struct buf *to)
{
	unsigned char head[14] = { m->binary ? 0x82 : 0x81 };
	size_t len = m->text.len, n = len < 126 ? 0 : len > UINT16_MAX ? 8 : 2;

	head[1] = (unsigned char)(0x80 | (n == 0 ? len : n == 2 ? 126 : 127));
	for (size_t i = 0; i < n; i++)
		head[2 + i] = (unsigned char)(len >> 8 * (n - 1 - i) & 0xff);
	memcpy(head + 2 + n, m->mask, 4);
	must(buf_add(to, head, 6 + n)); /* max is over BODY_ROOM */
}

static void
put_masked(struct ws_message *m, struct buf *to)
{
	const char *p = buf_str(&m->text).p;
	size_t room, n = m->text.len - m->sent;
	char *out;

	if (n > BODY_ROOM - to->len)
		n = BODY_ROOM - to->len;
	out = buf_space(to, n, &room);
	must(room == n);
	for (size_t i = 0; i < n; i++)
		out[i] = (char)((unsigned char)p[m->sent + i] ^
		    m->mask[(m->sent + i) % 4]);
	buf_added(to, n);
	m->sent += n;
}

bool
ws_message_send(struct ws_message *m, const unsigned char mask[4],
    struct buf *to)
{
	must(m->whole);
	if (to->len >= BODY_ROOM)
		return false;
	if (!m->leaving) {
		memcpy(m->mask, mask, 4);
		put_head(m, to);
		m->leaving = true;
	}
	if (to->len < BODY_ROOM)
		put_masked(m, to);
	if (m->sent < m->text.len)
		return false;
	buf_clear(&m->text);
	if (m->text.cap > ROOM_BYTES) /* a long one is the exception */
		buf_shrink(&m->text);
	m->begun = m->whole = m->leaving = false;
	m->sent = 0;
	return true;
}
