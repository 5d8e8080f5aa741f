/* sift.h -- what a request holds that is to stay inside. */
#ifndef EGRESS_SIFT_H
#define EGRESS_SIFT_H

#include "conn.h"

/* Looks at the URL, and at the body, which is held, of a request that the
 * rules allow. What is to be redacted is; where something is to be blocked, *a
 * becomes a denial. false: what was found could not be recorded. */
bool sift_request(struct conn *c, const struct http_head *h,
    struct net_answer *a);
/* The same of one message of a WebSocket, which may change, but not its
 * length. */
bool sift_message(struct conn *c, char *p, size_t len, struct net_answer *a);
/* Or is the policy one that only says what it would do? */
bool sift_is_enforced(const struct conn *c);

#endif
