/* h2_in.h -- what h2.c, h2_recv.c and h2_send.c share. */
#ifndef HTTP_H2_IN_H
#define HTTP_H2_IN_H

#include <nghttp2/nghttp2.h>

#include "http/h2.h"

#define H2_POINT_BYTES 256 /* that come in, for one point of patience */

struct h2 {
	nghttp2_session *session;
	bool server, tls;
	bool broken;		/* nothing can be said any more */
	bool running;		/* nghttp2 is: no owner may be */
	const char *why;	/* we ended it */
	struct buf *to;		/* while h2_send runs */
	struct h2_head head;	/* being received: heads come in one piece */
	struct h2_streams all;	/* by link */
	struct h2_streams events, resets; /* by next */
	uint32_t n;
	size_t growth;		/* of windows, beyond the first */
	bool websockets;	/* may begin */
	unsigned char seed[16];	/* of their keys */
	int64_t patience;	/* for frames that do nothing */
	struct usec seen;	/* when it was last given some */
};

struct h2_stream *h2_stream_new(struct h2 *h, int32_t id);
void h2_stream_free(struct h2_stream *s);
void h2_note(struct h2_stream *s, unsigned events);
/* Something useful was done. */
void h2_useful(struct h2 *h, int64_t points);

/* The callbacks. */
void h2_recv_hooks(nghttp2_session_callbacks *c);
void h2_send_hooks(nghttp2_session_callbacks *c);

#endif
