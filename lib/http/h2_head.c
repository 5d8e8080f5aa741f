#include "http/h2_head.h"

#include "base/compat.h"
#include "base/limits.h"
#include "http/chars.h"

#define PSEUDO_BYTES_MAX (HTTP_TARGET_BYTES_MAX + 1024)

void
h2_head_init(struct h2_head *h)
{
	*h = (struct h2_head){ .kind = H2_REQUEST };
	buf_init(&h->pseudo, PSEUDO_BYTES_MAX);
	buf_init(&h->lines, HTTP_HEAD_BYTES_MAX);
	buf_init(&h->host, HTTP_HEAD_BYTES_MAX);
	buf_init(&h->cookie, HTTP_HEAD_BYTES_MAX);
}

void
h2_head_fini(struct h2_head *h)
{
	buf_fini(&h->pseudo);
	buf_fini(&h->lines);
	buf_fini(&h->host);
	buf_fini(&h->cookie);
}

void
h2_head_begin(struct h2_head *h, enum h2_kind kind)
{
	h->kind = kind;
	buf_clear(&h->pseudo);
	buf_clear(&h->lines);
	buf_clear(&h->host);
	buf_clear(&h->cookie);
	for (size_t i = 0; i < H2_PSEUDO_COUNT; i++)
		h->part[i].given = false;
	h->regular = h->has_host = false;
	h->fault.why = NULL;
}

void
h2_head_shrink(struct h2_head *h)
{
	h2_head_begin(h, h->kind);
	buf_shrink(&h->pseudo);
	buf_shrink(&h->lines);
	buf_shrink(&h->host);
	buf_shrink(&h->cookie);
}

static enum parse
too_large(struct http_fault *f)
{
	return http_bad(f, 431, "the header fields are over 32 KiB");
}

void
h2_head_key(struct h2_head *h, const unsigned char nonce[16])
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "abcdefghijklmnopqrstuvwxyz0123456789+/";
	size_t n = 0;

	for (size_t i = 0; i < 16; i += 3) {
		uint32_t v = (uint32_t)nonce[i] << 16;

		if (i + 2 < 16)
			v |= (uint32_t)nonce[i + 1] << 8 | nonce[i + 2];
		for (int k = 0; k < 4; k++)
			h->key[n++] = digits[v >> (18 - 6 * k) & 63];
	}
	h->key[22] = h->key[23] = '='; /* the last byte is alone */
	h->key[24] = '\0';
}

/* ---- pseudo-fields ---- */

static enum parse
add_pseudo(struct h2_head *h, struct str name, struct str value,
    struct http_fault *f)
{
	static const struct str names[H2_PSEUDO_COUNT] = {
		[H2_METHOD] = { ":method", 7 },
		[H2_SCHEME] = { ":scheme", 7 },
		[H2_AUTHORITY] = { ":authority", 10 },
		[H2_PATH] = { ":path", 5 },
		[H2_STATUS] = { ":status", 7 },
		[H2_PROTOCOL] = { ":protocol", 9 },
	};
	size_t i = 0;

	while (i < H2_PSEUDO_COUNT && !str_eq(name, names[i]))
		i++;
	if (i == H2_PSEUDO_COUNT || h->kind == H2_TRAILER ||
	    (i == H2_STATUS) != (h->kind == H2_RESPONSE))
		return http_bad(f, 400,
		    "a pseudo-field stands where it means nothing");
	if (h->regular)
		return http_bad(f, 400,
		    "a pseudo-field stands behind a header field");
	if (h->part[i].given)
		return http_bad(f, 400, "a pseudo-field is given twice");
	if (!buf_adds(&h->pseudo, value))
		return i == H2_PATH ? http_bad(f, 414,
		    "the request target is over 8 KiB") : too_large(f);
	h->part[i].given = true;
	h->part[i].at = h->pseudo.len - value.len;
	h->part[i].len = value.len;
	return PARSE_OK;
}

static struct str
part(const struct h2_head *h, enum h2_pseudo i)
{
	return str_of(buf_str(&h->pseudo).p + h->part[i].at, h->part[i].len);
}

/* ---- fields ---- */

/* What speaks of one connection has no place in HTTP/2 (RFC 9113, 8.2.2),
 * and in HTTP/1 would say where the message ends. */
static bool
is_of_connection(struct str name, struct str value)
{
	static const struct str names[] = { { "connection", 10 },
		{ "keep-alive", 10 }, { "proxy-connection", 16 },
		{ "transfer-encoding", 17 }, { "upgrade", 7 } };

	for (size_t i = 0; i < NELEM(names); i++)
		if (str_eq(name, names[i]))
			return true;
	return str_eq(name, STR("te")) &&
	    !str_case_eq(value, STR("trailers"));
}

static enum parse
check(struct str name, struct str value, struct http_fault *f)
{
	for (size_t i = 0; i < name.len; i++)
		if (!http_is(name.p[i], CHAR_TOKEN) ||
		    http_lower(name.p[i]) != name.p[i])
			return http_bad(f, 400, "a header field's name is "
			    "not a token in small letters");
	for (size_t i = 0; i < value.len; i++)
		if (!http_is(value.p[i], CHAR_VALUE))
			return http_bad(f, 400, "a header field's value "
			    "holds a control character");
	if (name.len == 0)
		return http_bad(f, 400, "a header field has no name");
	if (str_trim(value).len != value.len)
		return http_bad(f, 400,
		    "a header field's value has blanks around it");
	return is_of_connection(name, value) ? http_bad(f, 400,
	    "a header field speaks of the connection") : PARSE_OK;
}

static enum parse
add_field(struct h2_head *h, struct str name, struct str value,
    struct http_fault *f)
{
	struct buf *l = &h->lines;

	if (str_eq(name, STR("host")) && h->kind == H2_REQUEST) {
		if (h->has_host)
			return http_bad(f, 400, "Host is given twice");
		h->has_host = true;
		return buf_adds(&h->host, value) ? PARSE_OK : too_large(f);
	}
	if (str_eq(name, STR("cookie")) && h->kind == H2_REQUEST)
		return (h->cookie.len == 0 ||
			   buf_addz(&h->cookie, "; ")) &&
		    buf_adds(&h->cookie, value) ? PARSE_OK : too_large(f);
	return buf_adds(l, name) && buf_addz(l, ": ") &&
	    buf_adds(l, value) && buf_addz(l, "\r\n") ? PARSE_OK :
							 too_large(f);
}

void
h2_head_add(struct h2_head *h, struct str name, struct str value)
{
	bool pseudo = name.len > 0 && name.p[0] == ':';

	if (h->fault.why != NULL ||
	    check(pseudo ? str_from(name, 1) : name, value, &h->fault) !=
		PARSE_OK)
		return;
	if (pseudo) {
		(void)add_pseudo(h, name, value, &h->fault);
		return;
	}
	h->regular = true;
	(void)add_field(h, name, value, &h->fault);
}

/* ---- the text ---- */

/* RFC 8441, 4. */
static bool
is_websocket(const struct h2_head *h)
{
	return h->part[H2_PROTOCOL].given;
}

static enum parse
websocket_check(const struct h2_head *h, struct http_fault *f)
{
	if (h->key[0] == '\0')
		return http_bad(f, 400, "a protocol is named in CONNECT, which "
		    "was not offered");
	if (!str_eq(part(h, H2_METHOD), STR("CONNECT")) ||
	    !h->part[H2_AUTHORITY].given)
		return http_bad(f, 400, "the pseudo-fields are not those of "
		    "a request");
	return str_eq(part(h, H2_PROTOCOL), STR("websocket")) ? PARSE_OK :
	    http_bad(f, 501, "the only protocol taken in CONNECT is "
		"websocket");
}

static enum parse
request_check(const struct h2_head *h, bool tls, struct http_fault *f)
{
	bool connect = str_eq(part(h, H2_METHOD), STR("CONNECT")) &&
	    !is_websocket(h);
	struct str path = part(h, H2_PATH);

	if (is_websocket(h) && websocket_check(h, f) != PARSE_OK)
		return PARSE_BAD;
	if (!h->part[H2_METHOD].given ||
	    h->part[H2_SCHEME].given == connect ||
	    h->part[H2_PATH].given == connect ||
	    (connect && !h->part[H2_AUTHORITY].given))
		return http_bad(f, 400, "the pseudo-fields are not those of "
		    "a request");
	for (size_t i = 0; i < part(h, H2_METHOD).len; i++)
		if (!http_is(part(h, H2_METHOD).p[i], CHAR_TOKEN))
			return http_bad(f, 400, "the method is not a token");
	if (h->has_host && h->part[H2_AUTHORITY].given &&
	    !str_case_eq(buf_str(&h->host), part(h, H2_AUTHORITY)))
		return http_bad(f, 400, ":authority and Host disagree");
	if (connect)
		return PARSE_OK;
	if (!str_eq(part(h, H2_SCHEME), tls ? STR("https") : STR("http")))
		return http_bad(f, 400, ":scheme is not that of the "
		    "connection");
	if (!str_eq(path, STR("*")) && (path.len == 0 || path.p[0] != '/'))
		return http_bad(f, 400, ":path does not begin with '/'");
	for (size_t i = 0; i < path.len; i++)
		if (!http_is(path.p[i], CHAR_TARGET))
			return http_bad(f, 400, "the request target holds a "
			    "character that must be percent-encoded");
	return PARSE_OK;
}

static bool
put_line(struct buf *out, const char *name, struct str value)
{
	return buf_addz(out, name) && buf_addz(out, ": ") &&
	    buf_adds(out, value) && buf_addz(out, "\r\n");
}

static bool
put_request(const struct h2_head *h, struct buf *out)
{
	bool named = h->part[H2_AUTHORITY].given, websocket = is_websocket(h);
	struct str method = websocket ? STR("GET") : part(h, H2_METHOD);
	bool connect = str_eq(method, STR("CONNECT"));

	return buf_adds(out, method) && buf_addz(out, " ") &&
	    buf_adds(out, part(h, connect ? H2_AUTHORITY : H2_PATH)) &&
	    buf_addz(out, " HTTP/1.1\r\n") &&
	    (!(named || h->has_host) ||
		put_line(out, "host",
		    named ? part(h, H2_AUTHORITY) : buf_str(&h->host))) &&
	    (!websocket || (put_line(out, "upgrade", STR("websocket")) &&
		put_line(out, "connection", STR("upgrade")) &&
		put_line(out, "sec-websocket-key", str_c(h->key))));
}

/* RFC 9110, 15: three digits. */
static enum parse
response_check(const struct h2_head *h, struct http_fault *f)
{
	struct str s = part(h, H2_STATUS);

	if (!h->part[H2_STATUS].given || s.len != 3)
		return http_bad(f, 400, "the response has no status");
	for (size_t i = 0; i < s.len; i++)
		if (s.p[i] < '0' || s.p[i] > '9')
			return http_bad(f, 400, "the status is no number");
	return PARSE_OK;
}

static enum parse
first_line(const struct h2_head *h, bool tls, struct buf *out,
    struct http_fault *f)
{
	switch (h->kind) {
	case H2_REQUEST:
		if (request_check(h, tls, f) != PARSE_OK)
			return PARSE_BAD;
		return put_request(h, out) ? PARSE_OK : too_large(f);
	case H2_RESPONSE:
		if (response_check(h, f) != PARSE_OK)
			return PARSE_BAD;
		return buf_addz(out, "HTTP/1.1 ") &&
		    buf_adds(out, part(h, H2_STATUS)) &&
		    buf_addz(out, " \r\n") ? PARSE_OK : too_large(f);
	case H2_TRAILER:
		break;
	}
	return PARSE_OK;
}

static enum parse
put_all(const struct h2_head *h, bool tls, struct buf *out,
    struct http_fault *f)
{
	size_t before = out->len;

	if (first_line(h, tls, out, f) != PARSE_OK)
		return PARSE_BAD;
	if (!buf_adds(out, buf_str(&h->lines)) ||
	    (h->cookie.len > 0 &&
		!put_line(out, "cookie", buf_str(&h->cookie))) ||
	    !buf_addz(out, "\r\n") ||
	    out->len - before > HTTP_HEAD_BYTES_MAX)
		return too_large(f);
	return PARSE_OK;
}

enum parse
h2_head_end(struct h2_head *h, bool tls, struct buf *out,
    struct http_fault *f)
{
	size_t before = out->len;

	if (h->fault.why != NULL) {
		*f = h->fault;
		return PARSE_BAD;
	}
	if (put_all(h, tls, out, f) == PARSE_OK)
		return PARSE_OK;
	out->len = before; /* what was added goes again */
	return PARSE_BAD;
}
