/* ws_deflate.h -- permessage-deflate (RFC 7692) as it is agreed on: what a
 * client offers, and what a server makes of that.  Pure.
 *
 * What is passed on is written anew: one offer, one answer, each parameter
 * once. */
#ifndef HTTP_WS_DEFLATE_H
#define HTTP_WS_DEFLATE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

#define WS_DEFLATE_BYTES_MAX 160 /* as text, with its end */
#define WS_BITS_ANY	     1	/* of the client's window: named alone */

struct ws_deflate { /* zero: no compression */
	bool on;
	bool client_fresh, server_fresh; /* no_context_takeover: each message
					  * begins with an empty window */
	unsigned client_bits;	/* max_window_bits: 8 to 15; 0: not named */
	unsigned server_bits;
};

/* The first offer in a client's list that is well-formed; others, and other
 * extensions, are as if they were not there. */
void ws_deflate_offered(struct str list, struct ws_deflate *out);
/* false: the server's answer is none to that offer. Empty: no compression. */
bool ws_deflate_agreed(struct str list, const struct ws_deflate *offer,
    struct ws_deflate *out);
/* As the value of Sec-WebSocket-Extensions; empty when it is not on. */
struct str ws_deflate_print(const struct ws_deflate *d,
    char out[WS_DEFLATE_BYTES_MAX]);

#endif
