/* body.h -- one message body moved from a buffer to a buffer, its framing
 * read strictly on one side and written anew on the other.  Pure. */
#ifndef HTTP_BODY_H
#define HTTP_BODY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "http/chunked.h"
#include "http/fault.h"
#include "http/head.h"

#define BODY_ROOM 65536 /* how full the outgoing buffer gets */
/* What the outgoing buffer's max must be: a head or trailers always fit on
 * top of a body. */
#define BODY_BUF_MAX (BODY_ROOM + 2 * HTTP_HEAD_BYTES_MAX)

struct body {
	enum http_framing in, out;	/* out HTTP_TO_END: bare bytes */
	uint64_t left;			/* of HTTP_LENGTH */
	uint64_t bytes;			/* moved so far, without framing */
	struct chunked chunked;
	bool drop_trailers;		/* read, and not passed on */
	/* HTTP/2, where trailers are no part of the bytes: those that came
	 * behind what HTTP_TO_END read, and where those go that follow bare
	 * bytes; as field lines and an empty line. NULL: none, nowhere. */
	struct buf *trailers_in, *trailers_out;
	bool done;
};

/* length counts for HTTP_LENGTH alone. */
void body_init(struct body *b, enum http_framing in, enum http_framing out,
    uint64_t length);
/* Moves what is there and fits. ended: no more will come after what from
 * holds. PARSE_OK: the body is complete (now or before); what follows it
 * stays in from. PARSE_MORE: more input, or more room, is needed. scratch
 * holds the trailers for a moment. */
enum parse body_move(struct body *b, struct buf *from, struct buf *to,
    bool ended, struct http_head *scratch, struct http_fault *f);
/* Nothing is done to its bytes but counting: what is read from the one end
 * may go into the buffer of the other at once, so many and no more. 0: no. */
size_t body_passes(const struct body *b, const struct buf *to);
void body_passed(struct body *b, size_t n);

#endif
