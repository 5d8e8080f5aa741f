/* hello.h -- the server name in a TLS ClientHello, read before anything is
 * answered.  Pure. */
#ifndef TLS_HELLO_H
#define TLS_HELLO_H

#include <stdbool.h>

#include "base/str.h"
#include "http/fault.h"

#define HELLO_BYTES_MAX 16384 /* a longer one is refused */

struct hello {
	struct str name;	/* server name as sent; empty: none */
	bool encrypted;		/* offers an encrypted ClientHello (which
				 * clients also pretend to: GREASE) */
	size_t bytes;		/* of the records that hold it */
};

/* Could these bytes begin a TLS record? Looks at up to three of them. */
bool hello_begins(struct str in);
/* The hello may be spread over several records; scratch (HELLO_BYTES_MAX)
 * gets it in one piece and out's view lies in it. */
enum parse hello_parse(struct str in, unsigned char *scratch,
    struct hello *out, struct http_fault *f);

#endif
