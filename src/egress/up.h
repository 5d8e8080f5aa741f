/* up.h -- connections to the world, and the pool of idle ones. */
#ifndef EGRESS_UP_H
#define EGRESS_UP_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "dns/dns.h"
#include "http/host.h"
#include "http/write.h"
#include "meter.h"
#include "stream.h"

struct egress;
struct conn;

#define UP_IDLE_MAX	128	/* kept connections: a client of HTTP/2 asks
				 * 100 things at once */
#define UP_IDLE_S	50	/* and for how long: below servers' usual 60 */
#define UP_TRY_MS	5000	/* for one address to answer */
#define UP_TRIES_MAX	4	/* addresses tried */

#define UP_VIA_MS	15000	/* for a proxy to reach what it is asked */
#define UP_VIA_MAX	4	/* addresses of it */

enum up_state {
	UP_NAMING,	/* the proxy's own name is being resolved */
	UP_CONNECTING,	/* TCP, to addrs[at] */
	UP_ASKED,	/* a proxy was, and is to answer */
	UP_HANDSHAKE,	/* TLS */
	UP_READY,	/* its owner's */
	UP_IDLE,	/* in the pool: whatever comes ends it */
	UP_SHARED,	/* HTTP/2: a host, which has guests */
	UP_WAITING,	/* for what is being made, and may be a host */
};

struct up_target { /* what a connection is good for */
	struct host host;	/* the name that TLS verifies */
	uint16_t port;
	bool tls;
	enum tls_alpn alpn;	/* what may be spoken; in clear: is */
	bool trusted;		/* addresses are the operator's word */
	bool via;		/* through the proxy; n may be 0 then */
	uint16_t dial_port;
	uint32_t n;
	struct in6_addr addrs[DNS_ADDRS_MAX];
};

TAILQ_HEAD(up_list, up);

struct up {
	struct egress *eg;
	struct stream s;
	enum up_state state;
	struct conn *owner;	/* NULL in the pool, and of a host */
	struct up_target to;
	uint32_t at;		/* the address in use */
	struct dns_query *query; /* for the proxy's name */
	uint32_t nvia;		/* addresses of it */
	struct in6_addr via[UP_VIA_MAX];
	uint64_t generation;	/* of the policy that let it be dialled */
	bool reused;
	bool dialing;		/* and in that list */
	struct usec idle_at;
	struct meter meter;	/* of what its owner does */
	struct loop_timer timer;
	TAILQ_ENTRY(up) link;	/* in the list that its state says */
	struct up *host;	/* of a guest, that has no socket */
	struct h2 *h2;		/* of a host: what it speaks */
	struct up_list guests;	/* of it, or of one that may become one */
	uint32_t nguests;
	bool gone;		/* no new guests */
	bool asked;		/* whether it is there, since it was heard */
	struct usec heard;
	bool busy;		/* its guests are being told: it stays */
};

#define UP_PLAIN_MAX 64		/* servers known to speak HTTP/1.1 only */

struct up_pool { /* most recently used first */
	struct up_list idle;
	uint32_t n;
	struct up_list dialing;	/* that may become hosts */
	struct up_list shared;	/* hosts */
	uint64_t plain[UP_PLAIN_MAX]; /* hashes */
	uint32_t next_plain;
};

void up_pool_init(struct egress *eg);
void up_pool_sweep(struct egress *eg);	/* the old ones end, the
						 * others hold less */
/* Begins to dial; conn_on_up(owner, ...) tells how it went, in a later pass
 * or before this returns: *slot is set first. */
void up_dial(struct egress *eg, struct conn *owner,
    const struct up_target *to, struct up **slot);
/* An idle connection for this, whose address the policy of now allows;
 * NULL: none. It is owner's then. */
struct up *up_take(struct egress *eg, struct conn *owner,
    const struct host *host, uint16_t port, bool tls, enum tls_alpn alpn);
/* Back to the pool, or closed when it is not fit for it. *slot becomes
 * NULL, as in up_close. */
void up_put(struct up **slot);
void up_close(struct up **slot);	/* *slot NULL is fine */
void up_pool_close(struct egress *eg);	/* all idle ones */
/* Which address is in use, or was tried last; cap INET6_ADDRSTRLEN. */
const char *up_address(const struct up *u, char *out);
void up_drop(struct up *u);		/* one that nobody has */
void up_on_io(struct loop *l, unsigned events, void *arg);

/* h2_up.c. A guest of a host, or of what is being made; false, NULL: there is
 * none, or it has no room. */
struct up *h2_up_take(struct conn *owner, const struct host *host,
    uint16_t port, bool tls);
bool h2_up_join(struct conn *owner, const struct up_target *to,
    struct up **slot);
void h2_up_leave(struct up *u);		/* it is closed */
/* It was made, and is a host now; it speaks HTTP/1.1; it was not made. */
void h2_up_share(struct up *u);
void h2_up_single(struct up *u);
void h2_up_failed(struct up *u, const struct err *e);
void h2_up_on_io(struct up *host, unsigned events);
void h2_up_on_time(struct up *host);
/* Puts a guest's request. false: it does not fit. */
bool h2_up_request(struct up *u, const struct http_head *h,
    const struct request_out *o) MUST_USE;
void h2_up_retire(struct egress *eg);	/* no host has new guests */
void h2_up_sweep(struct egress *eg, struct usec old);

#endif
