/* back.h -- what comes back is looked through for values that the runtime
 * holds, before it goes into the sandbox. */
#ifndef EGRESS_BACK_H
#define EGRESS_BACK_H

#include "conn.h"

/* The request asks for an answer that can be read. */
void back_ask(const struct conn *c, struct http_head *h);
/* A head of the response, wherever its text is, where values that are to be
 * redacted are; WANT_TURN: it may go on. */
enum want back_head(struct conn *c, const struct http_head *h);
/* The body that follows goes through here: c->res is ready to be moved. */
void back_begin(struct conn *c);
/* In place of body_move(). */
enum parse back_move(struct conn *c, bool *moved);
void back_free(struct conn *c);

#endif
