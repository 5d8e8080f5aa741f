/* watch.h -- TLS that passes unread between a program and a server: its
 * records and nothing else, and in clear no name but the one that was
 * allowed.  Pure.
 *
 * What is inside records is whatever the two say. But a server that is honest
 * must not be asked for another name: its HelloRetryRequest makes the client
 * say hello again, and that hello names a server, too. So nothing that could
 * be one passes before the server has answered, and where it asked for one
 * that one is read like the first. */
#ifndef TLS_WATCH_H
#define TLS_WATCH_H

#include <stdint.h>

#include "base/str.h"
#include "http/fault.h"
#include "http/host.h"
#include "tls/hello.h"

enum tls_watch_state {
	TLS_WATCH_HELLO,	/* zero: the client is to say hello */
	TLS_WATCH_ANSWER,	/* the server is to answer it */
	TLS_WATCH_AGAIN,	/* the client is to say it again */
	TLS_WATCH_CALM,		/* no name in clear comes any more */
};

#define TLS_WATCH_HEAD	5	/* bytes of a record's head */
#define TLS_WATCH_FIRST 38	/* of a ServerHello, up to its random */

struct tls_watch_way {
	unsigned char head[TLS_WATCH_HEAD];
	unsigned have;		/* of head */
	uint32_t left;		/* of the record's body */
};

struct tls_watch { /* zero is ready */
	enum tls_watch_state state;
	struct tls_watch_way client, server;
	unsigned char first[TLS_WATCH_FIRST];
	unsigned nfirst;
};

/* NULL: the hello asks for host, in clear. Else why it must not pass. */
const char *tls_watch_fits(const struct hello *h, const struct host *host);
/* *n bytes at the front of in may go to the server; the rest is to be there
 * again, with more behind it. scratch: HELLO_BYTES_MAX. */
enum parse tls_watch_client(struct tls_watch *w, const struct host *host,
    struct str in, unsigned char *scratch, size_t *n, struct http_fault *f);
/* All of in may go to the client, unless it is PARSE_BAD. */
enum parse tls_watch_server(struct tls_watch *w, struct str in,
    struct http_fault *f);

#endif
