/* http.h -- the little of HTTP/1.1 that is spoken with our own gateway. */
#ifndef CLI_HTTP_H
#define CLI_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"

struct err;

struct http { /* one kept-alive connection */
	int fd;
	struct buf in;
	int passed;		/* a descriptor that came with an answer, or -1 */
	const char *waiting_for; /* said when an answer takes over a second */
	bool said;
	/* of the answer being read */
	int status;
	bool chunked, in_chunks;
	uint64_t left;		/* bytes of the body, or of this chunk */
	bool over;
};

void http_init(struct http *h, int fd);	/* fd becomes h's */
void http_fini(struct http *h);
/* json may be empty: no body. */
int http_send(struct http *h, const char *method, const char *path,
    struct str json, struct err *e);
/* Reads the head of the answer: h->status. */
int http_head(struct http *h, struct err *e);
/* Some of the body: 1 and *out (borrowed until the next call), 0 at its
 * end, or -1. */
int http_body(struct http *h, struct str *out, struct err *e);

/* Adds a path segment or a query value to b, percent-encoded. */
void http_escape(struct buf *b, struct str s);

#endif
