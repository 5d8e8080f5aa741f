/* websocket.h -- the handshake with which a WebSocket begins (RFC 6455, 4)
 * and the frames that follow (5), both strictly.  Pure.
 *
 * Of extensions permessage-deflate alone is offered to a server
 * (http/ws_deflate.h): what passes are frames as they came, compressed or
 * not, or messages that were taken out of them (http/ws_message.h). */
#ifndef HTTP_WEBSOCKET_H
#define HTTP_WEBSOCKET_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "http/body.h"
#include "http/fault.h"
#include "http/head.h"
#include "http/ws_deflate.h"

struct ws_message;

#define WS_KEY_BYTES	24	/* 16 bytes in base64 */
#define WS_ACCEPT_BYTES 28	/* 20 of them */
#define WS_GUID		"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

struct ws_offer { /* what the client asked for; borrowed from its head */
	struct str key;
	struct str protocols;	/* a list, or empty */
	struct ws_deflate deflate;
};

/* Does the request name websocket in Upgrade, in whatever form? */
bool ws_is_asked(const struct http_head *h);
/* A request that does: GET without a body, Connection: upgrade, version 13,
 * one well-formed key. PARSE_OK or PARSE_BAD. */
enum parse ws_request_check(const struct http_head *h, struct ws_offer *out,
    struct http_fault *f);
/* A 101 to that offer. accept: what the server must have made of the key.
 * deflate: what was agreed on. */
enum parse ws_response_check(const struct http_head *h,
    const struct ws_offer *o, struct str accept, struct ws_deflate *deflate,
    struct http_fault *f);

enum ws_code { /* why a WebSocket is closed (7.4.1) */
	WS_GOING_AWAY = 1001,
	WS_PROTOCOL_ERROR = 1002,
	WS_BAD_DATA = 1007,
	WS_DENIED = 1008,
	WS_TOO_BIG = 1009,
	WS_RESTART = 1012,
	WS_TRY_LATER = 1013,
	WS_BAD_GATEWAY = 1014,
};

struct ws_flow { /* one direction; zero but for masked, deflate, taken and
		  * look is its start */
	bool masked;		/* its sender masks: it is the client */
	bool deflate;		/* messages may be compressed */
	struct ws_message *taken; /* messages are, and not moved; or NULL */
	/* With taken: what a control frame says, of ping, pong, or a close
	 * frame's reason; it may change there. false: it may not pass, *f. */
	bool (*look)(char *p, size_t n, struct http_fault *f, void *arg);
	void *arg;
	unsigned char mask[4];	/* of the frame that is taken */
	unsigned mask_at;
	bool fragmented;	/* a message goes on in the next frame */
	bool over;		/* its close frame passed */
	uint16_t code;		/* that it gave; 0: none */
	uint64_t left;		/* of the payload of this frame */
	uint64_t messages, bytes; /* that passed whole; payload */
};

/* Moves what is there and fits (to.max as in http/body.h). PARSE_OK: the
 * close frame passed, or a message was taken whole; control frames pass
 * meanwhile. No call before that one was sent. PARSE_MORE: more input or more room is needed.
 * PARSE_BAD: a sentence, and the code to close with as its status. */
enum parse ws_move(struct ws_flow *w, struct buf *from, struct buf *to,
    struct http_fault *f);
/* May a frame of our own stand here, or would it be inside another one? */
bool ws_is_between(const struct ws_flow *w);
/* A close frame of our own; of why what fits. mask: four bytes, or NULL for a
 * client. */
void ws_put_close(struct buf *to, enum ws_code code, struct str why,
    const unsigned char *mask);

#endif
