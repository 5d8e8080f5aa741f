/* person.h -- who is attached to a session: what is sent to them and what
 * they ask for.  Of the session's own files alone. */
#ifndef SUPERVISOR_PERSON_H
#define SUPERVISOR_PERSON_H

#include "supervisor/session.h"

/* 1: gone; 0: no room. A broken channel lets the person go, and counts as
 * gone: there is nobody left to lose it. */
int person_send(struct session *x, enum msg_type t, struct str body);
/* What is waited for from them, after anything that may have changed it. */
void person_rearm(struct session *x);
/* They left, or are made to. */
void person_left(struct session *x);
void person_go(struct session *x);

/* ---- of session.c: after every step of a session that is ending */
void session_try_done(struct session *x);

#endif
