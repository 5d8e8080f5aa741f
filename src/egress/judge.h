/* judge.h -- asks the policy about a connection's wish, and records it. */
#ifndef EGRESS_JUDGE_H
#define EGRESS_JUDGE_H

#include "audit/record.h"
#include "conn.h"

/* c->at alone: could anything on such a connection be allowed? */
void judge_connection(struct conn *c, struct net_answer *a);
/* The request in c->method, c->path and c->query_text. */
void judge_request(struct conn *c, struct net_answer *a);
/* Addresses in c->to that may not be dialled: false, and why. */
bool judge_addresses(struct conn *c, char *why, size_t cap);
/* false: the audit log has no room, so what was judged must not be done.
 * a: NULL when the policy was not asked; reason then says what happened. */
bool judge_record(struct conn *c, enum audit_kind kind,
    enum audit_verdict verdict, const struct net_answer *a, unsigned status,
    struct str reason);
enum audit_verdict judge_verdict(const struct net_answer *a);

#endif
