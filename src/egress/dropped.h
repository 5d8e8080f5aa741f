/* dropped.h -- packets that were not let out: what is not TCP, and what is for
 * IPv6 addresses.  Nothing can permit them; the log says who tried what. */
#ifndef EGRESS_DROPPED_H
#define EGRESS_DROPPED_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "loop/loop.h"

struct caller;
struct egress;
struct msg;

#define DROPPED_PLACES_MAX  64	/* told apart at a time */
#define DROPPED_PACKETS_MAX 64	/* looked at in one turn; the kernel drops what
				 * there is no room for, and counts it */
#define DROPPED_REST_MS	    50	/* after a turn */
#define DROPPED_LOOK_MS	    500
#define DROPPED_WHO_MS	    3000 /* for the finder to say whose it was */
#define DROPPED_AGAIN_MS    5000 /* between two records of one place */
#define DROPPED_FORGET_MS   60000

struct dropped_place {
	uint8_t protocol;	/* of IP; 0: not used */
	struct in6_addr to;	/* IPv4 as ::ffff:a.b.c.d */
	uint16_t port, from_port;
	uint32_t count;		/* since the last record */
	bool said, asked;
	struct usec first, last, told;
	struct caller *who;
};

struct dropped { /* zero is empty */
	struct loop_io io;
	struct loop_timer look, rest;
	struct dropped_place v[DROPPED_PLACES_MAX];
	uint32_t n, seq;
	bool counts;		/* seq is the last packet's */
	uint64_t missed;	/* packets that were not looked at */
};

void dropped_init(struct egress *eg);
void dropped_on_packet(struct loop *l, unsigned events, void *arg);
/* A WHO_REPLY with an id below DROPPED_PLACES_MAX + 1. */
int dropped_on_reply(struct egress *eg, struct msg *m, struct err *e);

#endif
