/* socks.h -- what a SOCKS5 client says (RFC 1928), strictly.  Pure. */
#ifndef HTTP_SOCKS_H
#define HTTP_SOCKS_H

#include <stdbool.h>
#include <stddef.h>

#include "http/fault.h"
#include "http/host.h"

#define SOCKS_VERSION 5

enum socks_reply { /* the codes of a reply */
	SOCKS_DONE,
	SOCKS_FAILED,		/* here, or malformed */
	SOCKS_NOT_ALLOWED,	/* by the policy */
	SOCKS_NO_NETWORK,
	SOCKS_NO_HOST,
	SOCKS_REFUSED,
	SOCKS_EXPIRED,
	SOCKS_NO_COMMAND,	/* other than CONNECT */
	SOCKS_NO_ADDRESS,	/* of a kind that is not known */
};

/* The greeting at the start of in. PARSE_OK: *end is its length, *open
 * whether it offers to go on without authentication. */
enum parse socks_greeting_parse(struct str in, size_t *end, bool *open,
    struct http_fault *f);
/* The request that follows. PARSE_BAD: f->status is a socks_reply. */
enum parse socks_request_parse(struct str in, size_t *end,
    struct authority *out, struct http_fault *f);

#define SOCKS_CHOICE_BYTES 2
#define SOCKS_REPLY_BYTES  10
/* Which authentication was chosen: none, or none that was offered. */
void socks_choice_put(bool open, unsigned char out[SOCKS_CHOICE_BYTES]);
void socks_reply_put(enum socks_reply code,
    unsigned char out[SOCKS_REPLY_BYTES]);

#endif
