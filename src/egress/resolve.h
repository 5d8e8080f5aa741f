/* resolve.h -- the operator's own map of names to addresses, which is asked
 * before DNS and whose word is not doubted. */
#ifndef EGRESS_RESOLVE_H
#define EGRESS_RESOLVE_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "http/host.h"

struct err;

#define RESOLVE_COUNT_MAX 1024

struct resolve_entry {
	struct host host;
	uint16_t port;		/* 0: any */
	struct in6_addr addr;	/* IPv4 as ::ffff:a.b.c.d */
	uint16_t to_port;	/* 0: the one that was asked for */
};

struct resolve { /* zero is empty */
	struct resolve_entry *v;
	uint32_t n;
};

/* Lines of "HOST[:PORT]=ADDRESS[:PORT]", IPv6 in brackets. */
int resolve_parse(struct str text, struct resolve *out, struct err *e);
void resolve_fini(struct resolve *r);
/* The entry for this host and port before the one for the host alone. */
const struct resolve_entry *resolve_find(const struct resolve *r,
    struct str host, uint16_t port);

/* An address as policy and sockets take it; false for a name. */
bool address_of(const struct host *h, struct in6_addr *out);
/* Is it one of this machine's? To itself it would speak from the very address;
 * nothing is sent to find out. */
bool address_is_own(const struct in6_addr *a);
/* As people write it; cap INET6_ADDRSTRLEN. */
char *address_print(const struct in6_addr *a, char *out);

#endif
