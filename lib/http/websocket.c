/* websocket.c -- the handshake of a WebSocket. */
#include "http/websocket.h"

#include "http/chars.h"

/* Walks a comma-separated list; false at its end. */
static bool
list_next(struct str *list, struct str *one)
{
	struct str rest = { "", 0 };

	if (list->len == 0)
		return false;
	if (!str_cut(*list, ',', one, &rest))
		*one = *list;
	*one = str_trim(*one);
	*list = rest;
	return true;
}

static bool
list_has(struct str list, struct str token)
{
	struct str one;

	while (list_next(&list, &one))
		if (str_case_eq(one, token))
			return true;
	return false;
}

bool
ws_is_asked(const struct http_head *h)
{
	return list_has(h->upgrade, STR("websocket"));
}

struct handshake { /* the fields of one, each given once at most */
	struct str key, version, accept, protocols, extensions;
	bool connection;	/* says upgrade */
};

/* NULL: a name that means nothing here. */
static struct str *
field_of(struct handshake *s, struct str name)
{
	const struct {
		struct str name;
		struct str *value;
	} known[] = {
		{ STR("sec-websocket-key"), &s->key },
		{ STR("sec-websocket-version"), &s->version },
		{ STR("sec-websocket-accept"), &s->accept },
		{ STR("sec-websocket-protocol"), &s->protocols },
		{ STR("sec-websocket-extensions"), &s->extensions },
	};

	for (size_t i = 0; i < NELEM(known); i++)
		if (str_case_eq(name, known[i].name))
			return known[i].value;
	return NULL;
}

static enum parse
collect(const struct http_head *h, struct handshake *s, struct http_fault *f)
{
	*s = (struct handshake){ .connection = false };
	for (unsigned i = 0; i < h->nfields; i++) {
		const struct http_field *fd = &h->fields[i];
		struct str *value = fd->name.len < 17 ? NULL :
		    field_of(s, fd->name);

		if (fd->id == HTTP_CONNECTION)
			s->connection |= list_has(fd->value, STR("upgrade"));
		if (value == NULL)
			continue;
		if (value->p != NULL)
			return http_bad(f, 400, "a field of the WebSocket "
			    "handshake is given twice");
		if (fd->nominated)
			return http_bad(f, 400, "Connection names a field "
			    "of the WebSocket handshake");
		*value = fd->value;
	}
	return PARSE_OK;
}

/* Sixteen bytes in base64: 22 digits of which the last has four bits that
 * are zero, and the padding. */
static bool
key_is_sound(struct str key)
{
	if (key.len != WS_KEY_BYTES || key.p[22] != '=' || key.p[23] != '=')
		return false;
	for (size_t i = 0; i < 22; i++)
		if (!((key.p[i] >= 'A' && key.p[i] <= 'Z') ||
			(key.p[i] >= 'a' && key.p[i] <= 'z') ||
			(key.p[i] >= '0' && key.p[i] <= '9') ||
			key.p[i] == '+' || key.p[i] == '/'))
			return false;
	return key.p[21] == 'A' || key.p[21] == 'Q' || key.p[21] == 'g' ||
	    key.p[21] == 'w';
}

static bool
is_token(struct str s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!http_is(s.p[i], CHAR_TOKEN))
			return false;
	return s.len > 0;
}

static bool
protocols_are_sound(struct str list)
{
	struct str one;

	while (list_next(&list, &one))
		if (!is_token(one))
			return false;
	return true;
}

enum parse
ws_request_check(const struct http_head *h, struct ws_offer *out,
    struct http_fault *f)
{
	struct handshake s;

	if (collect(h, &s, f) != PARSE_OK)
		return PARSE_BAD;
	if (!str_eq(h->method, STR("GET")) || h->minor != 1)
		return http_bad(f, 400,
		    "a WebSocket begins with a GET of HTTP/1.1");
	if (h->has_length || h->chunked || h->expects)
		return http_bad(f, 400,
		    "the request for a WebSocket announces a body");
	if (!str_case_eq(h->upgrade, STR("websocket")) || !s.connection)
		return http_bad(f, 400, "a WebSocket needs Upgrade: websocket "
		    "and Connection: Upgrade");
	if (!str_eq(s.version, STR("13")))
		return http_bad(f, 400,
		    "the only version of WebSocket understood is 13");
	if (!key_is_sound(s.key))
		return http_bad(f, 400, "Sec-WebSocket-Key is not 16 bytes in "
		    "base64");
	if (s.accept.p != NULL || (s.protocols.p != NULL &&
		(s.protocols.len == 0 || !protocols_are_sound(s.protocols))))
		return http_bad(f, 400,
		    "the fields of the WebSocket handshake are malformed");
	*out = (struct ws_offer){ .key = s.key, .protocols = s.protocols };
	ws_deflate_offered(s.extensions, &out->deflate);
	return PARSE_OK;
}

/* Servers answer with the very word that was offered. */
static bool
was_offered(struct str list, struct str protocol)
{
	struct str one;

	while (list_next(&list, &one))
		if (str_eq(one, protocol))
			return true;
	return false;
}

enum parse
ws_response_check(const struct http_head *h, const struct ws_offer *o,
    struct str accept, struct ws_deflate *deflate, struct http_fault *f)
{
	struct handshake s;

	if (collect(h, &s, f) != PARSE_OK)
		return PARSE_BAD;
	if (!str_case_eq(h->upgrade, STR("websocket")) || !s.connection)
		return http_bad(f, 502, "it changes to a protocol that is not "
		    "websocket");
	if (h->has_length || h->chunked)
		return http_bad(f, 502, "its 101 announces a body");
	if (!str_eq(s.accept, accept))
		return http_bad(f, 502, "its Sec-WebSocket-Accept is not of "
		    "this request");
	if (!ws_deflate_agreed(s.extensions, &o->deflate, deflate))
		return http_bad(f, 502, "it uses a WebSocket extension that "
		    "was not offered");
	if (s.protocols.p != NULL && !was_offered(o->protocols, s.protocols))
		return http_bad(f, 502, "it chose a WebSocket protocol that "
		    "was not offered");
	return PARSE_OK;
}
