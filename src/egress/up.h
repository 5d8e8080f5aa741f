/* up.h -- connections to the world, and the pool of idle ones. */
#ifndef EGRESS_UP_H
#define EGRESS_UP_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "dns/dns.h"
#include "http/host.h"
#include "meter.h"
#include "stream.h"

struct egress;
struct conn;

#define UP_IDLE_MAX	64	/* kept connections */
#define UP_IDLE_S	50	/* and for how long: below servers' usual 60 */
#define UP_TRY_MS	5000	/* for one address to answer */
#define UP_TRIES_MAX	4	/* addresses tried */

enum up_state {
	UP_CONNECTING,	/* TCP, to addrs[at] */
	UP_HANDSHAKE,	/* TLS */
	UP_READY,	/* its owner's */
	UP_IDLE,	/* in the pool: whatever comes ends it */
};

struct up_target { /* what a connection is good for */
	struct host host;	/* the name that TLS verifies */
	uint16_t port;
	bool tls;
	bool trusted;		/* addresses are the operator's word */
	uint16_t dial_port;
	uint32_t n;
	struct in6_addr addrs[DNS_ADDRS_MAX];
};

struct up {
	struct egress *eg;
	struct stream s;
	enum up_state state;
	struct conn *owner;	/* NULL in the pool */
	struct up_target to;
	uint32_t at;		/* the address in use */
	uint64_t generation;	/* of the policy that let it be dialled */
	bool reused;
	struct usec idle_at;
	struct meter meter;	/* of what its owner does */
	struct loop_timer timer;
	TAILQ_ENTRY(up) link;
};
TAILQ_HEAD(up_list, up);

struct up_pool { /* most recently used first */
	struct up_list idle;
	uint32_t n;
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
    const struct host *host, uint16_t port, bool tls);
/* Back to the pool, or closed when it is not fit for it. *slot becomes
 * NULL, as in up_close. */
void up_put(struct up **slot);
void up_close(struct up **slot);	/* *slot NULL is fine */
void up_pool_close(struct egress *eg);	/* all idle ones */

#endif
