/* version.c -- what of a request and its answer depends on the version of HTTP
 * in which the client speaks. */
#include "conn.h"
#include "http/h2.h"

enum http_framing
request_framing(const struct conn *c, const struct http_head *h)
{
	if (c->websocket) /* what follows is none */
		return HTTP_NO_BODY;
	if (c->parent != NULL && !h->has_length && !c->cl.h2->bodyless)
		return HTTP_TO_END;
	return http_request_framing(h);
}

/* A server is asked for a WebSocket in HTTP/1.1, whatever the client speaks;
 * gRPC is a matter of HTTP/2; in clear nothing is agreed on, and the server is
 * asked in what the client spoke. */
enum tls_alpn
request_alpn(const struct conn *c)
{
	if (c->websocket)
		return TLS_HTTP1;
	if (c->grpc || (!c->tls && c->parent != NULL))
		return TLS_HTTP2;
	return !c->tls ? TLS_HTTP1 : TLS_EITHER;
}

/* application/grpc, application/grpc+proto and so on; not grpc-web, which is
 * for any version and carries its trailers in the body. */
static bool
is_of_grpc(struct str type)
{
	struct str name = STR("application/grpc");

	if (type.len < name.len || !str_case_eq(str_head(type, name.len), name))
		return false;
	return type.len == name.len || type.p[name.len] == '+' ||
	    type.p[name.len] == ';' || type.p[name.len] == ' ';
}

bool
request_is_call(const struct conn *c, const struct http_head *h)
{
	unsigned n = 0;

	if (c->parent == NULL || !c->tls || !str_eqz(h->method, "POST"))
		return false;
	for (unsigned i = 0; i < h->nfields; i++)
		if (str_case_eq(h->fields[i].name, STR("content-type"))) {
			if (!is_of_grpc(h->fields[i].value))
				return false;
			n++;
		}
	return n == 1;
}

bool
reply_head(struct conn *c, const struct http_head *h,
    const struct response_out *o)
{
	return c->parent != NULL ? h2_respond(c->cl.h2, h, o) :
				   response_put(&c->cl.out, h, o);
}

/* RFC 8441, 5: of the handshake of HTTP/1.1 the key has no answer. */
static bool
reply_opened_h2(struct conn *c, struct http_head *h, struct str extensions)
{
	const struct response_out o = { .framing = HTTP_TO_END };

	h->status = 200;
	for (unsigned i = 0; i < h->nfields; i++)
		if (str_case_eq(h->fields[i].name,
			STR("sec-websocket-accept")) ||
		    str_case_eq(h->fields[i].name,
			STR("sec-websocket-extensions")))
			h->fields[i].id = HTTP_HOP;
	if (extensions.len > 0 && h->nfields == HTTP_FIELDS_MAX)
		return false;
	if (extensions.len > 0)
		h->fields[h->nfields++] = (struct http_field){
			.name = STR("sec-websocket-extensions"),
			.value = extensions };
	return h2_respond(c->cl.h2, h, &o);
}

bool
reply_opened(struct conn *c, struct http_head *h, struct str extensions)
{
	const struct response_out o = { .framing = HTTP_NO_BODY,
		.websocket = true, .extensions = extensions };

	return c->parent != NULL ? reply_opened_h2(c, h, extensions) :
				   response_put(&c->cl.out, h, &o);
}

bool
reply_interim(struct conn *c, const struct http_head *h)
{
	const struct response_out o = { .framing = HTTP_NO_BODY };

	return c->parent != NULL ? h2_inform(c->cl.h2, h) :
				   response_put(&c->cl.out, h, &o);
}
