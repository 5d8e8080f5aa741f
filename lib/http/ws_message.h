/* ws_message.h -- one message of a WebSocket, taken out of its frames, so that
 * it can be read before it is sent on.  Pure.
 *
 * What is sent on is written anew: one frame, not compressed, under a mask of
 * our own. A message that was compressed is read with a window that begins
 * empty (client_no_context_takeover). */
#ifndef HTTP_WS_MESSAGE_H
#define HTTP_WS_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "http/fault.h"

struct z_stream_s;

struct ws_message {
	size_t max;		/* bytes that one may have */
	struct buf text;	/* as its sender meant it */
	struct z_stream_s *z;	/* while one that is compressed comes in */
	bool begun, packed, binary;
	bool whole;		/* all of it is here */
	bool leaving;		/* its frame's head was sent */
	size_t sent;		/* bytes of text */
	unsigned char mask[4];	/* of that frame */
};

void ws_message_init(struct ws_message *m, size_t max);
void ws_message_fini(struct ws_message *m);
/* The first frame's head says so. */
void ws_message_begin(struct ws_message *m, bool binary, bool packed);
/* Some of the payload, unmasked. PARSE_BAD: the code to close with. */
enum parse ws_message_add(struct ws_message *m, struct str some,
    struct http_fault *f);
enum parse ws_message_end(struct ws_message *m, struct http_fault *f);
/* Sends a whole one, as far as there is room; true: all of it, and m is ready
 * for the next. mask: of its frame, taken at the first call. */
bool ws_message_send(struct ws_message *m, const unsigned char mask[4],
    struct buf *to);

#endif
