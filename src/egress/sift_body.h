/* sift_body.h -- a body that is held is looked through, some of it at a time,
 * before what was found is judged. */
#ifndef EGRESS_SIFT_BODY_H
#define EGRESS_SIFT_BODY_H

#include "base/buf.h"
#include "http/unpack.h"
#include "scan/scan.h"

#define SIFT_SLICE_BYTES 16384	/* looked through in one turn */
#define SIFT_NOTES_MAX	 32768	/* findings of one body */

struct conn;
struct http_head;

struct sift_note { /* a finding */
	uint64_t at;
	uint32_t len;
	unsigned classes;
	const char *name, *under;
};

struct sifted {
	struct scan *scan;	/* has the findings' names */
	struct scan_stream t;
	bool begun, done;
	const char *why;	/* it cannot be read; or NULL */
	struct unpack *unpack;	/* NULL: it is as it is */
	struct buf plain;	/* what is unpacked of it */
	struct scan_stream packed; /* what it was unpacked from, too: */
	struct sift_note beside; /* the first that is found there, but for
				  * classes: of all */
	size_t taken;		/* of what is held */
	struct sift_note *v;	/* rising */
	size_t n, cap;
};

/* Looks at some more of the body. true: all that will be known of it is. */
bool sift_body_more(struct conn *c, const struct http_head *h);
/* The same of a message, which stays as it is until then; *s is made at the
 * first call. */
bool sift_message_more(struct conn *c, struct sifted **s, struct str text);
/* The bytes that the findings are of. */
struct str sift_body_text(struct conn *c);
void sifted_free(struct sifted *s);	/* NULL is fine */

#endif
