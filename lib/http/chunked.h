/* chunked.h -- the chunked transfer coding, read strictly.  Pure.
 *
 * CRLF line ends only; sizes are 1 to 16 hex digits; chunk extensions are
 * checked, bounded and dropped; trailers are parsed as fields. */
#ifndef HTTP_CHUNKED_H
#define HTTP_CHUNKED_H

#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"
#include "http/fault.h"

#define CHUNK_LINE_BYTES_MAX 1024    /* a size with its extensions */
#define TRAILER_BYTES_MAX    8192

struct chunked { /* zero is the beginning of a body */
	enum { CHUNK_SIZE, CHUNK_DATA, CHUNK_DATA_END, CHUNK_TRAILER,
		CHUNK_DONE } at;
	uint64_t left;		/* of the open chunk */
};

/* Reads on. PARSE_MORE: *used bytes are done with, of which *data (maybe
 * empty) is body; *used == 0: more input is needed. PARSE_OK: the body is
 * over within *used, and *data is its trailer section, the empty line
 * included. */
enum parse chunked_next(struct chunked *c, struct str in, size_t *used,
    struct str *data, struct http_fault *f);

/* "SIZE\r\n" DATA "\r\n"; nothing for empty data (that would end it). */
bool chunk_put(struct buf *out, struct str data) MUST_USE;
#define CHUNK_OVERHEAD_MAX 20

#endif
