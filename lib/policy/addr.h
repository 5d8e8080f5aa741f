/* addr.h -- address prefixes, and which addresses no name may lead to. */
#ifndef POLICY_ADDR_H
#define POLICY_ADDR_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

struct prefix { /* v4 as ::ffff:a.b.c.d, bits from 96 */
	unsigned char addr[16];
	uint32_t bits;
};

bool prefix_holds(const struct prefix *p, const unsigned char addr[16]);
bool prefix_within(const struct prefix *in, const struct prefix *out);
/* "10.0.0.0/8", "2001:db8::1". Bits beyond the prefix must be zero. */
bool prefix_parse(struct str s, struct prefix *out);
/* An address literal as inet_pton() takes it, and nothing else. */
bool addr_parse(struct str s, unsigned char addr[16]);

#define PREFIX_TEXT_BYTES 64
char *prefix_print(const struct prefix *p, char out[PREFIX_TEXT_BYTES]);

struct special {
	struct prefix prefix;
	const char *what;	/* "a private address" */
};

/* NULL: an ordinary public address. Also looks inside addresses that carry
 * an IPv4 address. */
const char *addr_special(const unsigned char addr[16]);
/* The blocks in turn, for an analysis; NULL after the last. */
const struct prefix *addr_special_prefix(size_t i);
/* The first special block that shares an address with p, or NULL; *within
 * says whether one block holds all of p. */
const struct special *prefix_special(const struct prefix *p, bool *within);
/* Loopback, link-local and unspecified addresses: of this machine itself. */
bool prefix_is_own(const struct prefix *p);

#endif
