/* unpack.h -- takes a content coding off a body (RFC 9110, 8.4.1): gzip,
 * deflate in its zlib format, and, where this was built with them, br and
 * zstd.  Strict: one stream, whose check agrees, and nothing behind it, since
 * readers differ in what they make of more. */
#ifndef HTTP_UNPACK_H
#define HTTP_UNPACK_H

#include "base/buf.h"
#include "base/str.h"

/* What one byte may become, beside the first 64 KiB. */
#define UNPACK_RATIO_MAX 1024

enum unpack_coding { /* zero is none that is known */
	UNPACK_UNKNOWN,
	UNPACK_NONE,	/* identity */
	UNPACK_GZIP,
	UNPACK_DEFLATE,
	UNPACK_BROTLI,
	UNPACK_ZSTD,
};

/* Of the value of a Content-Encoding field: one coding. */
enum unpack_coding unpack_coding_of(struct str value);

enum unpack_got {
	UNPACK_MORE,	/* all of in was taken, and the end not seen; or out
			 * is as long as was asked for */
	UNPACK_DONE,
	UNPACK_BAD,
};

struct unpack;

struct unpack *unpack_new(enum unpack_coding coding);
void unpack_free(struct unpack *u);	/* NULL is fine */
/* Adds at most want bytes, and no more than fit into it, to out; what is taken
 * is cut off *in. *why says what is bad, in a few words. */
enum unpack_got unpack_some(struct unpack *u, struct str *in, struct buf *out,
    size_t want, const char **why);

#endif
