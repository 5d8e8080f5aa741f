/* inspect_judge.h -- what a policy says of a request whose body was read. */
#ifndef INSPECT_INSPECT_JUDGE_H
#define INSPECT_INSPECT_JUDGE_H

#include "inspect/inspect.h"
#include "policy/decide.h"
#include "policy/image.h"

/* The request was denied as far as it is known, by *out. What its body has to
 * be read as, so that it may be allowed; 0: nothing would help, and *out may
 * say so better. */
uint32_t inspect_wanted(const struct image *im, const struct net_query *q,
    struct net_answer *out);
/* The same of a WebSocket, of its messages: *out is what is said of one that
 * asks for nothing that is denied. */
uint32_t inspect_messages(const struct image *im, const struct net_query *q,
    struct net_answer *out);
/* Every unit is judged; the first that is denied, else all together. in is
 * over. */
void inspect_judge(const struct image *im, const struct inspect *in,
    const struct net_query *q, struct net_answer *out);

#endif
