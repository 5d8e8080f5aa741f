/* cache.h -- answers of the resolver, for as long as they say.  Pure.
 *
 * What is kept is an answer and no decision: its addresses are judged each
 * time they are used, like those of one that just came. */
#ifndef DNS_CACHE_H
#define DNS_CACHE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/str.h"
#include "dns/dns.h"

#define CACHE_COUNT_MAX 128	/* names: what ends first makes room */
#define CACHE_S_MAX	300	/* a day would be too long to be wrong */

struct cached {
	struct usec until;
	uint8_t len;		/* of name; 0: free */
	char name[HOST_BYTES_MAX];
	struct dns_answer a;
};

struct dns_cache { /* zero is empty */
	struct cached *v[CACHE_COUNT_MAX];
};

/* An answer with addresses that is to live for so many seconds; none: it is
 * not kept. */
void cache_put(struct dns_cache *c, struct str name,
    const struct dns_answer *a, uint32_t seconds, struct usec now);
/* NULL: it is not known. */
const struct dns_answer *cache_find(const struct dns_cache *c, struct str name,
    struct usec now);
void cache_forget(struct dns_cache *c, struct str name);
void cache_fini(struct dns_cache *c);

#endif
