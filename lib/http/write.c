#include "http/write.h"

#include "base/must.h"
#include "http/ws_deflate.h"

/* Writes through a pointer into space that was reserved for the whole head
 * at once: a request costs one bounds check. */
struct pen {
	char *p;
	size_t len, room;
};

static void
pen_put(struct pen *w, struct str s)
{
	must(s.len <= w->room - w->len);
	memcpy(w->p + w->len, s.p, s.len);
	w->len += s.len;
}

static void
pen_u64(struct pen *w, uint64_t v)
{
	char digits[20];
	size_t at = sizeof(digits);

	do {
		digits[--at] = (char)('0' + v % 10);
		v /= 10;
	} while (v != 0);
	pen_put(w, str_of(digits + at, sizeof(digits) - at));
}

/* Content-Length, Connection, Upgrade, Sec-WebSocket-Extensions, Expect, empty
 * line */
#define FRAMING_BYTES_MAX (192 + WS_DEFLATE_BYTES_MAX)

static size_t
fields_bytes(const struct http_head *h)
{
	size_t n = FRAMING_BYTES_MAX;

	for (unsigned i = 0; i < h->nfields; i++)
		n += h->fields[i].name.len + h->fields[i].value.len + 4;
	return n;
}

static void
put_field(struct pen *w, struct str name, struct str value)
{
	pen_put(w, name);
	pen_put(w, STR(": "));
	pen_put(w, value);
	pen_put(w, STR("\r\n"));
}

static void
put_fields(struct pen *w, const struct http_head *h, bool websocket)
{
	for (unsigned i = 0; i < h->nfields; i++) {
		const struct http_field *fd = &h->fields[i];

		if (fd->id != HTTP_OTHER || fd->nominated)
			continue;
		if (websocket && str_case_eq(fd->name,
			STR("sec-websocket-extensions")))
			continue;
		put_field(w, fd->name, fd->value);
	}
}

static void
put_upgrade(struct pen *w, struct str extensions)
{
	pen_put(w, STR("Connection: Upgrade\r\nUpgrade: websocket\r\n"));
	if (extensions.len > 0)
		put_field(w, STR("Sec-WebSocket-Extensions"), extensions);
}

static void
put_framing(struct pen *w, enum http_framing framing, uint64_t length)
{
	if (framing == HTTP_CHUNKED)
		pen_put(w, STR("Transfer-Encoding: chunked\r\n"));
	if (framing == HTTP_LENGTH) {
		pen_put(w, STR("Content-Length: "));
		pen_u64(w, length);
		pen_put(w, STR("\r\n"));
	}
}

static bool
pen_open(struct pen *w, struct buf *out, size_t room)
{
	w->len = 0;
	w->p = buf_space(out, room, &w->room);
	return w->room == room;
}

bool
request_put(struct buf *out, const struct http_head *h,
    const struct request_out *o)
{
	struct pen w;
	/* A body that may follow needs its length said, even when it is 0. */
	bool says_zero = o->framing == HTTP_NO_BODY && h->has_length;

	if (!pen_open(&w, out, fields_bytes(h) + h->method.len +
		o->path.len + o->query.len + o->authority.len + 64))
		return false;
	pen_put(&w, h->method);
	pen_put(&w, STR(" "));
	pen_put(&w, o->path);
	if (o->has_query) {
		pen_put(&w, STR("?"));
		pen_put(&w, o->query);
	}
	pen_put(&w, STR(" HTTP/1.1\r\n"));
	put_field(&w, STR("Host"), o->authority);
	put_fields(&w, h, o->websocket);
	if (o->websocket)
		put_upgrade(&w, o->extensions);
	if (h->expects && !o->goes_on)
		pen_put(&w, STR("Expect: 100-continue\r\n"));
	put_framing(&w, says_zero ? HTTP_LENGTH : o->framing, o->length);
	pen_put(&w, STR("\r\n"));
	buf_added(out, w.len);
	return true;
}

bool
response_put(struct buf *out, const struct http_head *h,
    const struct response_out *o)
{
	struct pen w;

	if (!pen_open(&w, out, fields_bytes(h) + h->reason.len + 64))
		return false;
	pen_put(&w, STR("HTTP/1.1 "));
	pen_u64(&w, h->status);
	pen_put(&w, STR(" "));
	pen_put(&w, h->reason);
	pen_put(&w, STR("\r\n"));
	put_fields(&w, h, o->websocket);
	if (o->websocket)
		put_upgrade(&w, o->extensions);
	put_framing(&w, o->says_length ? HTTP_LENGTH : o->framing, o->length);
	if (o->close)
		pen_put(&w, STR("Connection: close\r\n"));
	pen_put(&w, STR("\r\n"));
	buf_added(out, w.len);
	return true;
}

/* RFC 9110 6.5.1: fields that frame, route or authenticate a message have
 * no meaning in a trailer, and some receivers would believe them there. */
static bool
may_trail(struct str name)
{
	static const struct str not[] = { { "authorization", 13 },
		{ "cookie", 6 }, { "set-cookie", 10 }, { "trailer", 7 },
		{ "content-encoding", 16 }, { "content-type", 12 },
		{ "content-range", 13 }, { "range", 5 },
		{ "www-authenticate", 16 }, { "cache-control", 13 } };

	for (size_t i = 0; i < NELEM(not); i++)
		if (str_case_eq(name, not[i]))
			return false;
	return true;
}

bool
trailer_fields_put(struct buf *out, const struct http_head *t)
{
	struct pen w;

	if (!pen_open(&w, out, t == NULL ? 2 : fields_bytes(t) + 2))
		return false;
	for (unsigned i = 0; t != NULL && i < t->nfields; i++) {
		const struct http_field *fd = &t->fields[i];

		if (fd->id == HTTP_OTHER && may_trail(fd->name))
			put_field(&w, fd->name, fd->value);
	}
	pen_put(&w, STR("\r\n"));
	buf_added(out, w.len);
	return true;
}

bool
trailers_put(struct buf *out, const struct http_head *t)
{
	return buf_addz(out, "0\r\n") && trailer_fields_put(out, t);
}
