/* h2.h -- one end of an HTTP/2 connection (RFC 9113): bytes in, bytes out,
 * and in between streams that look like messages of HTTP/1: the text of a
 * head, then the bytes of a body.  Does no I/O; nghttp2 does the framing.
 *
 * Nothing is called back. What happened is asked for with h2_next(), when
 * nothing of nghttp2 runs, so an owner may do whatever it likes then.
 *
 * Memory: a stream holds at most its window unread, and the window opens only
 * as its owner reads; what the owner wants to send waits in its own buffer. */
#ifndef HTTP_H2_H
#define HTTP_H2_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/buf.h"
#include "base/clock.h"
#include "http/fault.h"
#include "http/h2_head.h"
#include "http/head.h"
#include "http/write.h"

#define H2_STREAMS_MAX	  100	  /* at once on one connection */
#define H2_WINDOW_BYTES	  65536	  /* of a stream, at first */
#define H2_WINDOW_MAX	  1048576 /* of one whose reader keeps up */
#define H2_GROWTH_MAX	  8388608 /* of all windows of a connection together */
#define H2_IN_MAX	  (H2_WINDOW_MAX + 2 * HTTP_HEAD_BYTES_MAX)

/* The preface of RFC 9113, 3.4: what a client sends first. */
#define H2_PREFACE	  "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

enum h2_event { /* of a stream, since it was last given */
	H2_HEAD = 1,	/* server: a request begins */
	H2_BODY = 2,	/* more came in, or its end */
	H2_ROOM = 4,	/* what was to be sent went out */
	H2_OVER = 8,	/* closed: in order, or not */
};

enum h2_code { /* RFC 9113, 7 */
	H2_NO_ERROR = 0, H2_PROTOCOL_ERROR = 1, H2_INTERNAL_ERROR = 2,
	H2_REFUSED_STREAM = 7, H2_CANCEL = 8, H2_ENHANCE_YOUR_CALM = 11,
};

struct h2;

struct h2_stream {
	struct h2 *h2;
	int32_t id;
	unsigned events;
	TAILQ_ENTRY(h2_stream) link, next;
	bool listed;		/* for h2_next */
	bool closing;		/* it is to be reset with code */
	enum h2_code code;
	void *owner;		/* NULL: nobody, or nobody any more */
	struct buf own;		/* in, until an owner brings one */
	struct buf *in, *out;	/* heads and body; body */
	size_t held;		/* bytes of a body in it */
	size_t window, fresh;	/* of it, and what came since it grew */
	struct http_fault fault; /* of the head; why NULL: none */
	struct buf trailers;	/* that came: fields and an empty line */
	struct buf last;	/* that go out */
	bool head;		/* a request, or a final response, came */
	bool bodyless;		/* it ended with its head */
	bool ended;		/* their side is over, in order */
	bool answered;		/* our head went out */
	bool ending, sent;	/* our side is to be over; it is */
	bool over, cut;		/* closed; without both ends */
	bool asked;		/* client: the request's head went out */
	bool unseen;		/* the peer did nothing about it: it may be
				 * asked again */
};
TAILQ_HEAD(h2_streams, h2_stream);

/* tls: what :scheme says and must say. */
struct h2 *h2_new(bool server, bool tls);
/* A server's: WebSockets (RFC 8441) may begin. Before anything is sent or
 * received. seed: random, for the keys that they get. */
void h2_offer_websockets(struct h2 *h, const unsigned char seed[16]);
void h2_free(struct h2 *h);		/* its streams have no owner now */
/* false: the connection is of no use any more; what is left to be said to
 * the peer is still to be sent. */
bool h2_recv(struct h2 *h, struct str bytes, struct usec now);
/* Adds to out, up to BODY_ROOM. false: broken. */
bool h2_send(struct h2 *h, struct buf *out);
bool h2_has_output(struct h2 *h);
/* Everything was said on both sides. */
bool h2_is_over(struct h2 *h);
/* Why it ended, if it was we who ended it; else NULL. */
const char *h2_why(const struct h2 *h);
/* The next stream that something happened on; NULL: none. A stream without
 * an owner is given with H2_HEAD alone. */
struct h2_stream *h2_next(struct h2 *h, unsigned *events);
uint32_t h2_count(const struct h2 *h);	/* of its streams */
void h2_ping(struct h2 *h);		/* the peer is to say something */
/* No new streams; those that run go on. */
void h2_goaway(struct h2 *h);
void h2_shrink(struct h2 *h);		/* an idle one holds little */

/* An owner brings its buffers; what came so far moves into in, which must be
 * empty and gets another max. */
void h2_own(struct h2_stream *s, void *owner, struct buf *in,
    struct buf *out);
/* The owner took bytes off in: the peer may send more. */
void h2_took(struct h2_stream *s);
/* The owner put bytes into out. */
void h2_wrote(struct h2_stream *s);
/* Nothing more will be put into out. */
void h2_finish(struct h2_stream *s);
/* s is gone, reset with the code unless it is over. */
void h2_close(struct h2_stream *s, enum h2_code code);

/* Server: heads; a final one goes out once. false: it cannot be sent. */
bool h2_respond(struct h2_stream *s, const struct http_head *h,
    const struct response_out *o) MUST_USE;
bool h2_inform(struct h2_stream *s, const struct http_head *h) MUST_USE;

/* Client. May another stream begin? */
bool h2_may_open(struct h2 *h);
/* NULL: it cannot be sent. */
struct h2_stream *h2_request(struct h2 *h, const struct http_head *head,
    const struct request_out *o) MUST_USE;

#endif
