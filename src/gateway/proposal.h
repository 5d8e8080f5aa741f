/* proposal.h -- what waits in a sandbox for a person's word.
 *
 *	PENDING --answer--> APPROVED, ONCE, REJECTED
 *	   |  ^                 |
 *	   |  +---asked again---+ (after ONCE, or when an approval has lapsed)
 *	   +--nobody waits--> UNANSWERED --answer--> APPROVED, REJECTED
 *
 * What it is about (kind and subject) never changes under its number, so an
 * answer is to exactly what was shown. The sandbox keeps who waits; this is
 * who asked, what was said, and what still holds. */
#ifndef GATEWAY_PROPOSAL_H
#define GATEWAY_PROPOSAL_H

#include <jansson.h>

#include "base/clock.h"

struct audit_record;
struct box;
struct err;
struct proposal;
struct proposal_over;
struct proposal_row;

#define PROPOSALS_MAX 1024	/* of one sandbox */

/* A sandbox asks: answered at once where an answer stands. */
void proposal_asked(struct box *b, const struct proposal *p);
void proposal_gone(struct box *b, const struct proposal_over *o);
/* Nobody waits in it for anything (until it says so again). */
void proposals_over(struct box *b);

json_t *proposal_json(const struct proposal_row *p);
/* "pending"; an approval whose time is over is "lapsed". */
const char *proposal_status_name(const struct proposal_row *p);
/* -1: no such word. "waiting" is PROPOSAL_PENDING. */
int proposal_status_of(const char *word);
/* To the sandbox, if it runs. */
int proposal_send(struct box *b, const struct proposal_row *p, struct err *e);
/* Who is b, which may be NULL: the sandbox is gone. */
struct audit_record proposal_record(const struct proposal_row *p,
    const char *action, const char *actor);

#endif
