/* dns.h -- names to addresses, by c-ares on our loop. */
#ifndef DNS_DNS_H
#define DNS_DNS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "loop/loop.h"

struct err;
struct dns;
struct dns_query;

#define DNS_ADDRS_MAX	16	/* of one answer; the rest is not looked at */
#define DNS_LOOKUPS_MAX 256	/* names in flight */

struct dns_answer {
	uint32_t n;	/* 0: why says what went wrong */
	struct in6_addr addrs[DNS_ADDRS_MAX];	/* IPv4 as ::ffff:a.b.c.d, and
						 * first */
	const char *why;
};

/* Reads the host's resolver configuration: before the jail. */
int dns_new(struct loop *l, struct dns **out, struct err *e);
void dns_free(struct dns *d);	/* NULL is fine; no answer comes after it */

/* Asks for a canonical name, as it is: no search list, no hosts file. Who asks
 * for one that is in flight gets its answer. *slot is the query while it runs
 * and NULL from just before on_answer is called, which may be before this
 * returns. false: too many are in flight, and no answer will come. */
bool dns_ask(struct dns *d, struct str host, struct dns_query **slot,
    void (*on_answer)(const struct dns_answer *a, void *arg), void *arg);
/* Nothing answered where this name leads: the next one asks anew. */
void dns_forget(struct dns *d, struct str host);
/* on_answer will not be called. NULL in *slot is fine. */
void dns_cancel(struct dns_query **slot);

#endif
