/* route.h -- which function answers which request. */
#ifndef GATEWAY_ROUTE_H
#define GATEWAY_ROUTE_H

#include "base/str.h"

struct call;
struct gateway;

/* Answers c, or parks it. c->method is set; body as it came. */
void route_call(struct call *c, struct str target, struct str body);

/* One table row each; see docs/api.md. */
void api_status(struct call *c);
void api_gateway_stop(struct call *c);
void api_list(struct call *c);
void api_create(struct call *c);
void api_delete_all(struct call *c);
/* Answers the calls about all sandboxes that can be answered now. */
void api_sweep(struct gateway *g);
void api_get(struct call *c);
void api_delete(struct call *c);
void api_wait(struct call *c);
void api_start(struct call *c);
void api_stop(struct call *c);
void api_attach(struct call *c);
void api_exec(struct call *c);
void api_policy_get(struct call *c);
void api_policy_set(struct call *c);
void api_policy_rollback(struct call *c);
void api_policy_revisions(struct call *c);
void api_policy_revision(struct call *c);
void api_policy_check(struct call *c);
void api_logs(struct call *c);
void api_proposals(struct call *c);
void api_proposal(struct call *c);
void api_proposal_approve(struct call *c);
void api_proposal_reject(struct call *c);

#endif
