/* fault.h -- why a message was refused: the HTTP status that says so to a
 * client, and a sentence.  A response's faults always become 502. */
#ifndef HTTP_FAULT_H
#define HTTP_FAULT_H

enum parse { PARSE_BAD, PARSE_MORE, PARSE_OK };

struct http_fault { /* why is a literal: it needs no owner */
	unsigned status;
	const char *why;
};

static inline enum parse
http_bad(struct http_fault *f, unsigned status, const char *why)
{
	*f = (struct http_fault){ status, why };
	return PARSE_BAD;
}

#endif
