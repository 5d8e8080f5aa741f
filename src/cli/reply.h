/* reply.h -- what a policy answered, for people and as JSON. */
#ifndef CLI_REPLY_H
#define CLI_REPLY_H

#include <jansson.h>
#include <stdio.h>

#include "analysis/book.h"

/* {"verdict", "domain", "rule", "reason", "nearest"}; json_decref() it. */
json_t *reply_json(const struct reply *r) MUST_USE;
/* "FILE:LINE: TEXT", or "no rule"; heap. */
char *reply_rule(const struct policy_rule *r) MUST_USE;
enum colour reply_colour(enum reply_verdict v);
/* Prints the flags of policy explain that say what a request holds. */
void reply_details(struct arena *a, const struct question *q);
/* Whole: the verdict, why, the rule as it stands in its file, and what to do
 * next. sandbox: whose policy it is, or NULL for files. */
void reply_show(const struct book *b, const struct question *q,
    const struct reply *r, const char *sandbox, FILE *to);

#endif
