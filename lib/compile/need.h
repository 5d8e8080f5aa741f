/* need.h -- what an entry asks of a request beside host, method and path, as
 * written. */
#ifndef COMPILE_NEED_H
#define COMPILE_NEED_H

#include "compile/rule.h"

struct compile;

/* Each adds to r->needs, or says what is wrong. */
void need_query(struct compile *c, const struct node *n, struct pol_rule *r);
void need_headers(struct compile *c, const struct node *n,
    struct pol_rule *r);
void need_graphql(struct compile *c, const struct node *n,
    struct pol_rule *r);
void need_json_rpc(struct compile *c, const struct node *n,
    struct pol_rule *r);
void need_mcp(struct compile *c, const struct node *n, struct pol_rule *r);
void need_git(struct compile *c, const struct node *n, struct pol_rule *r);
void need_sql(struct compile *c, const struct node *n, struct pol_rule *r);

/* Of the older schema, where a star in a value is `star'. */
void need_named(struct compile *c, const struct node *n, struct pol_rule *r,
    enum detail detail, char star);
void need_list(struct compile *c, const struct node *n, struct pol_rule *r,
    enum detail detail, char star);

#endif
