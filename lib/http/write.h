/* write.h -- heads written anew from what was understood, never copied
 * across a message boundary.  Fields that end at this hop (Connection and
 * what it names, Proxy-*, TE, Upgrade, framing) are left out. */
#ifndef HTTP_WRITE_H
#define HTTP_WRITE_H

#include "base/buf.h"
#include "base/str.h"
#include "http/head.h"

struct request_out {
	struct str path, query;		/* canonical; query without '?' */
	bool has_query;
	struct str authority;		/* the Host field's value */
	enum http_framing framing;
	uint64_t length;
	bool websocket;			/* asks for one */
	struct str extensions;		/* that it offers, or empty */
	bool goes_on;			/* it waits for no 100 Continue */
	bool trailers;			/* HTTP/2: say that they are welcome */
};

struct response_out {
	enum http_framing framing;
	uint64_t length;
	bool says_length;	/* Content-Length without a body (HEAD, 304) */
	bool close;		/* say Connection: close */
	bool websocket;		/* the 101 with which one begins */
	struct str extensions;	/* that it agrees to, or empty */
};

/* Both: false, and nothing usable added, when out is full. */
bool request_put(struct buf *out, const struct http_head *h,
    const struct request_out *o) MUST_USE;
bool response_put(struct buf *out, const struct http_head *h,
    const struct response_out *o) MUST_USE;
/* The end of a chunked body: last chunk, trailers that may be passed on, and
 * the empty line. t: the parsed trailers, or NULL. */
bool trailers_put(struct buf *out, const struct http_head *t) MUST_USE;
/* The same fields and the empty line alone. */
bool trailer_fields_put(struct buf *out, const struct http_head *t) MUST_USE;
/* The words for a status; empty: there are none. */
struct str http_reason(unsigned status);

#endif
