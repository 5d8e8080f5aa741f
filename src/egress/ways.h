/* ways.h -- what the operator's configuration says of the way to servers:
 * through which proxy, and by whose word one is trusted (EGRESS_WAYS). */
#ifndef EGRESS_WAYS_H
#define EGRESS_WAYS_H

#include <stdbool.h>
#include <stdint.h>

#include "http/bypass.h"
#include "http/host.h"
#include "msg/body.h"

struct egress;
struct err;
struct up_target;

enum via_by { /* what the proxy is asked for */
	VIA_ADDRESS,	/* zero: the address that was checked */
	VIA_NAME,	/* the name, of which all addresses were checked */
	VIA_UNCHECKED,	/* the name, which only the proxy can resolve */
};

struct via { /* zero: there is no proxy */
	bool on;
	struct authority at;
	enum via_by by;
	struct bypass except[WAYS_EXCEPT_MAX];
	uint32_t nexcept;
	char credentials[WAYS_SECRET_MAX * 4 / 3 + 8]; /* for Basic, or "" */
};

/* One line; fd, or -1, is the file that it names and is its own from here. */
int ways_line(struct egress *eg, struct str line, int fd, struct err *e);

/* Does the way to a name with these addresses (none: not known) go through
 * the proxy? */
bool via_is_asked(const struct via *v, const struct host *host,
    uint16_t port, const struct in6_addr *addrs, uint32_t n);
/* A CONNECT for the target's at-th address; its length, or 0: too long. */
#define VIA_ASK_MAX (3 * AUTHORITY_BYTES_MAX + sizeof(((struct via *)0) \
	->credentials) + 128)
size_t via_print(const struct via *v, const struct up_target *to, uint32_t at,
    char *out);
/* What a status other than 2xx says: e, and whether another address might
 * have another answer. */
bool via_refused(const struct via *v, unsigned status, struct str reason,
    struct err *e);

#endif
