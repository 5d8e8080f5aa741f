/* rates.h -- how often, and how much may leave: the policy's rate_limits,
 * counted.  One thread counts and decides, so that each limit is exact. */
#ifndef EGRESS_RATES_H
#define EGRESS_RATES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "msg/use.h"
#include "policy/rates.h"

struct image;
struct rates;	/* all limits of a policy and of its maximum */

struct rates_set { /* some of them, as bits; beside these, those of the
		    * whole sandbox always count */
	uint64_t of[2];
};

struct rates_over { /* one that has no room */
	struct rate rate;	/* texts are the image's */
	uint64_t used, most;	/* requests, or bytes */
	bool bytes;
	struct usec until;	/* there may be room again; > 0 */
};

/* The counts of old, which is freed, go on for limits that stay: the one of
 * the sandbox, and those of entries that are written as before. */
struct rates *rates_new(const struct image *im, struct rates *old,
    struct usec now);
void rates_free(struct rates *r);	/* NULL is fine */

bool rates_any(const struct rates *r); /* are there limits? */
/* Does any limit count bytes? */
bool rates_count_bytes(const struct rates *r);
/* Counts a request with a head and a body of so many bytes in all, unless it
 * is over a limit that is enforced: false, with that which is the longest
 * over; nothing is counted then. *seen: over one that only records. */
bool rates_admit(struct rates *r, struct rates_set which, uint64_t bytes,
    struct usec now, struct rates_over *over, bool *seen);
/* How many bytes may leave. */
uint64_t rates_room(struct rates *r, struct rates_set which,
    struct usec now);
/* The one that leaves the least room for bytes; false: none is near. */
bool rates_tightest(struct rates *r, struct rates_set which,
    struct usec now, struct rates_over *over);
void rates_spend(struct rates *r, struct rates_set which, struct usec now,
    uint64_t bytes);
void rates_give_back(struct rates *r, struct rates_set which,
    uint64_t bytes);
/* "60 of 60 requests in the last minute; again in 23 s" */
void rates_print(const struct rates_over *over, char *out, size_t cap);
/* What each has counted; texts live until the next call. */
void rates_use(struct rates *r, struct usec now, struct rates_use *out);
unsigned rates_seconds(const struct rates_over *over); /* Retry-After */

#endif
