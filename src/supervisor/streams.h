/* streams.h -- a session's bytes, both ways: pipes or a terminal on one side,
 * the person's channel on the other.  Of the session's own files alone. */
#ifndef SUPERVISOR_STREAMS_H
#define SUPERVISOR_STREAMS_H

#include "supervisor/session.h"

#define PENDING_BYTES_MAX (CHUNK_BYTES * 2)

/* Watches a stream that the program has; 0 also for one it has not. */
int stream_watch(struct session *x, struct stream *st, struct err *e);
/* Reads one chunk and passes it on, or holds it while there is no room. */
void stream_read(struct stream *st);
/* False: what is held does not go out yet. */
bool stream_flush(struct stream *st);
void stream_close(struct stream *st);

void in_typed(struct session *x, struct str s);
void in_write(struct session *x);
/* Goes on writing when the program reads. */
void in_wait(struct session *x);
/* The program will read no more: what is typed is dropped. */
void in_drop(struct session *x);
void in_close(struct session *x);

#endif
