/* judge.h -- asks the policy about a connection's wish, and records it. */
#ifndef EGRESS_JUDGE_H
#define EGRESS_JUDGE_H

#include "audit/record.h"
#include "conn.h"
#include "http/head.h"

struct inspect;

/* c->at alone: could anything on such a connection be allowed? */
void judge_connection(struct conn *c, struct net_answer *a);
/* Could a WebSocket be allowed on it? */
bool judge_websockets(struct conn *c);
/* Keeps the fields that are sent on, if some rule asks for them. */
void judge_fields(struct conn *c, const struct http_head *h);
/* The request in c->method, c->path and c->query_text, and all that a body
 * that was held asks for. */
void judge_request(struct conn *c, struct net_answer *a);
/* It was denied, by *a, before its body was there: what that has to be read
 * as (inspect.h); 0: no body would help. */
uint32_t judge_wanted(struct conn *c, struct net_answer *a);
/* Of a WebSocket that was denied, by *a, before its messages were there: as
 * what they have to be read, and what is said of it then; 0: they change
 * nothing. And what is said with one of them. */
uint32_t judge_messages(struct conn *c, struct net_answer *a);
void judge_message(struct conn *c, const struct inspect *in,
    struct net_answer *a);
/* The same request with another method and path. */
void judge_as(struct conn *c, struct str method, struct str path,
    struct net_answer *a);
/* override.c: a, which allows the request, after what some servers will take
 * it for was judged too. PARSE_BAD: a field that asks for it is malformed. */
enum parse override_judge(struct conn *c, const struct http_head *h,
    struct net_answer *a, struct http_fault *f);
/* Addresses in c->to that may not be dialled: false, and why. */
bool judge_addresses(struct conn *c, char *why, size_t cap);
/* false: the audit log has no room, so what was judged must not be done.
 * a: NULL when the policy was not asked; reason then says what happened. */
bool judge_record(struct conn *c, enum audit_kind kind,
    enum audit_verdict verdict, const struct net_answer *a, unsigned status,
    struct str reason);
enum audit_verdict judge_verdict(const struct net_answer *a);

#endif
