/* limit.h -- requests and connections under rate_limits. */
#ifndef EGRESS_LIMIT_H
#define EGRESS_LIMIT_H

#include "conn.h"

/* What was just allowed, by a, is about to be done: counts it. WANT_WAIT: it
 * may; anything else is what the step is to return. bytes: of what is known
 * to leave with it. connect: it is a connection, not a request. */
enum want limit_begin(struct conn *c, const struct net_answer *a,
    uint64_t bytes, bool connect);
/* Too many bytes left with what c does: it ends here. Recorded. */
bool limit_is_reached(const struct conn *c);
enum want limit_reached(struct conn *c);
/* The policy changed, and allows by a what c does. */
void limit_change(struct conn *c, const struct net_answer *a);

#endif
