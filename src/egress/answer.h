/* answer.h -- what egress itself says to the agent: JSON that names what was
 * refused, by what, and what can be done.  Each ends the request and returns
 * what the step is to return. */
#ifndef EGRESS_ANSWER_H
#define EGRESS_ANSWER_H

#include "base/compat.h"
#include "conn.h"
#include "http/fault.h"

/* {"error": error, "detail": text}; status 4xx or 5xx. */
enum want answer_error(struct conn *c, unsigned status, const char *error,
    const char *fmt, ...) PRINTF(4, 5);
/* A message that cannot be understood. */
enum want answer_fault(struct conn *c, const struct http_fault *f);
/* The policy said no to the request, or to the CONNECT. */
enum want answer_denied(struct conn *c, const struct net_answer *a,
    bool connect);
/* Over a limit, which is a's rule; again in so many seconds. */
enum want answer_limited(struct conn *c, const struct net_answer *a,
    unsigned seconds);
/* An address the name may not have. */
enum want answer_address(struct conn *c, const char *why);
/* Nothing can be recorded: nothing may be done. */
enum want answer_unrecorded(struct conn *c);

#endif
