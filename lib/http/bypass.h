/* bypass.h -- where a proxy is not asked: an entry of a list.  Pure.
 *
 *	example.com		that name
 *	.example.com		all names below it
 *	192.0.2.1, 2001:db8::1	that address
 *	10.0.0.0/8		those addresses
 *
 * Each may end in :PORT, IPv6 then in brackets. A name matches names; an
 * address or range matches it when it is asked for, and a name all of whose
 * addresses are in it. */
#ifndef HTTP_BYPASS_H
#define HTTP_BYPASS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "http/host.h"

struct bypass {
	bool below;		/* names below, not the name itself */
	struct host host;	/* HOST_NAME; else the two below */
	struct in6_addr addr;	/* IPv4 as ::ffff:a.b.c.d */
	unsigned bits;
	uint16_t port;		/* 0: any */
};

enum parse bypass_parse(struct str in, struct bypass *out,
    struct http_fault *f);
bool bypass_has(const struct bypass *b, const struct host *host,
    uint16_t port, const struct in6_addr *addrs, uint32_t n);

#endif
