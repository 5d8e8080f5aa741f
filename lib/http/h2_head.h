/* h2_head.h -- the fields of one HTTP/2 head, taken one by one, made into the
 * text of the HTTP/1.1 head that says the same.  Pure.
 *
 * That text is what http/head.h parses: a request is one strict object,
 * whatever version it came in. Nothing that could end a line or a field gets
 * into it, and what frames a message of HTTP/1 is refused here. A CONNECT for a
 * WebSocket becomes the GET with which one begins in HTTP/1.1. */
#ifndef HTTP_H2_HEAD_H
#define HTTP_H2_HEAD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"
#include "http/fault.h"
#include "http/websocket.h"

enum h2_kind { H2_REQUEST, H2_RESPONSE, H2_TRAILER };

enum h2_pseudo {
	H2_METHOD, H2_SCHEME, H2_AUTHORITY, H2_PATH, H2_STATUS, H2_PROTOCOL,
	H2_PSEUDO_COUNT
};

struct h2_head {
	enum h2_kind kind;
	struct buf pseudo;	/* their values, one behind the other */
	struct {
		bool given;
		size_t at, len;
	} part[H2_PSEUDO_COUNT];
	bool regular;		/* a field came: no pseudo-field may follow */
	struct buf lines;	/* all fields but Host and cookies */
	struct buf host;	/* a Host field's value, and whether one came */
	bool has_host;
	struct buf cookie;	/* its crumbs, joined */
	/* What a WebSocket (RFC 8441) gets as the key that it would have in
	 * HTTP/1.1; "": none may begin. */
	char key[WS_KEY_BYTES + 1];
	struct http_fault fault; /* the first; why NULL: none */
};

void h2_head_init(struct h2_head *h);
void h2_head_fini(struct h2_head *h);
void h2_head_shrink(struct h2_head *h);	/* between two heads */
void h2_head_begin(struct h2_head *h, enum h2_kind kind);
/* Those may begin; nonce: 16 bytes, others for each. */
void h2_head_key(struct h2_head *h, const unsigned char nonce[16]);
void h2_head_add(struct h2_head *h, struct str name, struct str value);
/* Appends the text, up to and with its empty line. tls: what :scheme must
 * agree with. PARSE_BAD: nothing was added. */
enum parse h2_head_end(struct h2_head *h, bool tls, struct buf *out,
    struct http_fault *f);

#endif
