/* stream.h -- one end of a connection: a socket, plain or under TLS, with
 * what was read from it and what is to be written.  Whoever owns the stream
 * decides when it reads; writing happens at the end of a loop pass. */
#ifndef EGRESS_STREAM_H
#define EGRESS_STREAM_H

#include <stdbool.h>
#include <sys/queue.h>

#include "base/buf.h"
#include "http/h2.h"
#include "loop/loop.h"
#include "tls/ctx.h"

struct meter;

#define STREAM_IN_BYTES_MAX  49152	/* a head and one more read */
#define STREAM_READ_BYTES    16384	/* one TLS record */

enum stream_got {
	STREAM_AGAIN,	/* nothing now */
	STREAM_SOME,	/* something was read, or all was written */
	STREAM_END,	/* the peer ended its side, in order */
	STREAM_FAILED,	/* reset, cut short, or a broken TLS record */
};

/* One end may also be one stream of an HTTP/2 connection: then it has no
 * socket, its carrier's owner fills in and says when, and what is in out is
 * taken when the carrier is written. */
struct stream { /* fd -1: closed, or carried */
	struct loop_io io;
	struct h2_stream *h2;	/* it is such a one */
	struct stream *carrier;	/* of it */
	struct h2 *mux;		/* it carries others: fills out */
	SSL *ssl;
	struct buf in, out;
	bool ready;		/* a read may give more without an event */
	bool ended, failed;	/* how reading stopped */
	bool broken;		/* nothing can be written any more */
	const char *why;	/* of what TLS says of that; or NULL */
	bool hung;		/* both ways are over: the loop would only
				 * repeat it, reads find out the rest */
	bool tell;		/* the owner waits for room in out */
	bool blocked;		/* writing waits for the socket */
	bool tls_writes;	/* TLS must write before it can go on */
	bool outward;		/* to the world: held back while records of
				 * what it does wait to be sent */
	bool lasts;		/* our side was ended */
	bool recalled;		/* cut by the policy, not by a fault */
	bool queued;
	struct meter *meter;	/* of what is written; or NULL */
	TAILQ_ENTRY(stream) link;
};
TAILQ_HEAD(stream_queue, stream);

void stream_init(struct stream *s, int fd, bool outward,
    void (*on_io)(struct loop *l, unsigned events, void *arg), void *arg);
/* One that is carried; s gets what came so far. */
void stream_init_carried(struct stream *s, struct stream *carrier,
    struct h2_stream *h2, bool outward,
    void (*on_io)(struct loop *l, unsigned events, void *arg), void *arg);
/* Something happened to it (enum h2_event): tells its owner. */
void stream_on_h2(struct loop *l, struct stream *s, unsigned events);
/* Says goodbye where TLS wants it, closes and frees. */
void stream_close(struct loop *l, struct stream *s);
bool stream_is_open(const struct stream *s);
/* One read into in. STREAM_AGAIN as well when in is full. */
enum stream_got stream_fill(struct stream *s);
/* What the socket holds, copied to in (which must hold nothing else) and
 * left there. Asks to be woken when there is more than that. */
enum stream_got stream_peek(struct stream *s);
/* Takes n peeked bytes off the socket for good. */
enum stream_got stream_take(struct stream *s, size_t n);
/* Straight into another's outgoing buffer (tunnels). *n: how much. */
enum stream_got stream_pass(struct stream *s, struct buf *to, size_t *n);
enum stream_got stream_pass_upto(struct stream *s, struct buf *to, size_t most,
    size_t *n);
/* Tells the peer now what has arrived. One that sends small writes without
 * TCP_NODELAY waits for that, and it is else told after 40 ms (RFC 1122,
 * 4.2.3.2; tcp(7), TCP_QUICKACK). */
void stream_acknowledge(struct stream *s);
/* Writes out as far as it goes. STREAM_SOME: all of it. */
enum stream_got stream_flush(struct stream *s);
/* Ends our side once out is written. */
void stream_end(struct stream *s);
/* The loop said LOOP_HANGUP. */
void stream_hung(struct loop *l, struct stream *s);
/* Asks the loop for what the stream waits for. */
void stream_arm(struct loop *l, struct stream *s, bool may_read);

#endif
