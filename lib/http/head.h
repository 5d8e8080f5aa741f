/* head.h -- strict parsing of the head of an HTTP/1 request or response.
 * Pure; views into the input; no allocation.
 *
 * One spelling: CRLF line ends, no folded lines, no blank before a colon,
 * one Host, one Content-Length in plain decimal or one Transfer-Encoding
 * that says chunked, never both. What is refused here is never repaired. */
#ifndef HTTP_HEAD_H
#define HTTP_HEAD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/limits.h"
#include "base/str.h"
#include "http/fault.h"

/* Fields that mean something to a proxy; all others are carried along. */
enum http_name {
	HTTP_OTHER,
	HTTP_HOST,
	HTTP_CONTENT_LENGTH,
	HTTP_TRANSFER_ENCODING,
	HTTP_CONNECTION,
	HTTP_EXPECT,
	HTTP_UPGRADE,
	HTTP_HOP,	/* ends at this hop: Keep-Alive, TE, Proxy-* ... */
};

struct http_field {
	struct str name, value;	/* value without blanks around it */
	enum http_name id;
	bool nominated;		/* by Connection: ends at this hop as well */
};

/* How the end of a body is known. */
enum http_framing { HTTP_NO_BODY, HTTP_LENGTH, HTTP_CHUNKED, HTTP_TO_END };

struct http_head {
	struct str method, target;	/* of a request */
	unsigned status;		/* of a response, 100-599 */
	struct str reason;
	unsigned minor;			/* HTTP/1.minor: 0 or 1 */
	bool has_host;
	struct str host;		/* value of Host */
	bool has_length, chunked;
	uint64_t length;
	bool says_close, says_keep;	/* Connection */
	bool expects;			/* Expect: 100-continue */
	struct str upgrade;		/* value of Upgrade, or empty */
	unsigned nfields;
	struct http_field fields[HTTP_FIELDS_MAX];
};

/* Is there a whole head at the start of in? *scan: how far earlier calls
 * looked, 0 at first. PARSE_OK: *end is its length. Bare line feeds and
 * heads over the limits are refused without waiting for more. */
enum parse http_head_find(struct str in, size_t *scan, size_t *end,
    struct http_fault *f);

/* text is a whole head, as http_head_find gave it. PARSE_OK or PARSE_BAD. */
enum parse http_request_parse(struct str text, struct http_head *h,
    struct http_fault *f);
enum parse http_response_parse(struct str text, struct http_head *h,
    struct http_fault *f);

/* Field lines up to the empty line (trailers). */
enum parse http_fields_parse(struct str text, struct http_head *h,
    struct http_fault *f);

/* Body of a parsed request. */
enum http_framing http_request_framing(const struct http_head *h);
/* Body of a response to this method. PARSE_BAD: status and fields
 * contradict each other. */
enum parse http_response_framing(const struct http_head *h,
    struct str method, enum http_framing *out, struct http_fault *f);
/* May the sender's connection carry another message after this one? */
bool http_keeps_alive(const struct http_head *h);

#endif
