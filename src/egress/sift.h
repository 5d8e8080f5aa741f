/* sift.h -- what a request holds that is to stay inside. */
#ifndef EGRESS_SIFT_H
#define EGRESS_SIFT_H

#include "conn.h"

struct image;
struct scan;
struct sifted;

/* Looks at the URL, and at what was found in the body (sift_body.h), of a
 * request that the rules allow. What is to be redacted is, and *h is of what is
 * sent; where something is to be blocked, *a becomes a denial. false: what was
 * found could not be recorded. */
bool sift_request(struct conn *c, struct http_head *h, struct net_answer *a);
/* The same of one message of a WebSocket, or control frame, and of what was
 * found in it; it may change, but not its length. */
bool sift_message(struct conn *c, const char *where, char *p,
    const struct sifted *found, struct net_answer *a);
/* What is looked for under a policy. */
struct scan *sift_scan(const struct image *im);
/* Stars and nines, as many. */
void sift_redact(char *p, size_t len);
/* Or is the policy one that only says what it would do? */
bool sift_is_enforced(const struct conn *c);

#endif
