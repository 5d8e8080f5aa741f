/* conn_impl.h -- a connection, for conn.c (bytes in and out) and answer.c
 * (what goes out).  Nobody else looks inside. */
#ifndef GATEWAY_CONN_IMPL_H
#define GATEWAY_CONN_IMPL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "call.h"
#include "gateway.h"
#include "loop/loop.h"

#define STREAM_BYTES 262144	/* of a stream that is not read, at most */

enum conn_state { CONN_READ, CONN_CALL, CONN_STREAM, CONN_WRITE };

struct conn {
	TAILQ_ENTRY(conn) link;
	struct gateway *g;
	struct loop_io io;
	struct loop_timer again;	/* a request is in the buffer already */
	enum conn_state state;
	struct buf in, out;
	size_t scan, head;		/* of the request being read */
	uint64_t length;
	struct call call;
	int send_fd;			/* goes with the next byte sent */
	bool close_after;
	bool early;			/* more came before the answer */
};

/* Sends what there is, and goes on with the next request when an answer is
 * out; may free c. */
void conn_advance(struct conn *c);
/* Sends what there is; false: the connection is broken. */
bool conn_flush(struct conn *c);
void conn_rearm(struct conn *c);
void conn_free(struct conn *c);

#endif
