/* rejudge.c -- what runs when the policy changes. */
#include <stdio.h>

#include "answer.h"
#include "conn.h"
#include "egress.h"
#include "hold.h"
#include "judge.h"
#include "limit.h"
#include "policy/sift.h"
#include "sift.h"
#include "talk.h"

/* Has all of it left? */
static bool
is_sent(const struct conn *c)
{
	return c->state == CONN_RELAY && c->req.done && hold_is_sent(c);
}

/* What it still has to say was not looked at as it would be now. */
static bool
goes_uninspected(const struct conn *c, struct net_answer *a)
{
	bool more = false;

	if (c->treat != TREAT_HTTP || c->talk != NULL || is_sent(c) ||
	    !sift_is_enforced(c))
		return false;
	for (int k = 0; k < SIFT_SENT_COUNT; k++) {
		enum sift_act now = sift_act(a->sift, (enum sift_kind)k);

		more |= now >= SIFT_REDACT &&
		    now > sift_act(c->sift, (enum sift_kind)k);
	}
	if (!more)
		return false;
	a->nearest = a->rule;
	a->rule = (struct policy_rule){ .line = 0 };
	(void)snprintf(a->reason, sizeof(a->reason), "inspect: it began "
	    "before it was to be inspected; ask again");
	return true;
}

/* What runs under the old policy goes on only if the new one allows it too,
 * and in the same way. */
static bool
still_allowed(struct conn *c, struct net_answer *a)
{
	char why[256];

	if (c->treat != TREAT_HTTP)
		judge_connection(c, a);
	else if (c->websocket && !talk_rejudge(c, a))
		return false;
	else if (!c->websocket)
		judge_request(c, a);
	if (a->verdict != VERDICT_ALLOW || a->treat != c->treat ||
	    goes_uninspected(c, a))
		return false;
	limit_change(c, a);
	return c->up == NULL || judge_addresses(c, why, sizeof(why));
}

void
conn_rejudge(struct conn *c)
{
	bool request = c->state == CONN_RESOLVE || c->state == CONN_DIAL ||
	    c->state == CONN_RELAY;
	bool websocket = c->state == CONN_WEBSOCKET;
	const struct net_answer none = { .verdict = VERDICT_DENY };
	const char *why = c->eg->handed_on ?
	    "ended, since another program has the connection" :
	    "ended by a change of the policy";
	struct net_answer a;
	enum want w = WANT_CLOSE;

	limit_change(c, &none); /* bits of the old policy */
	if (c->h2 != NULL)
		h2_down_rejudge(c);
	if (!request && !websocket && (!c->tunnel || c->treat == TREAT_HTTP))
		return; /* what comes next is judged when it comes */
	if (still_allowed(c, &a))
		return;
	a.verdict = VERDICT_DENY;
	c->running = true;
	if (websocket)
		w = websocket_refuse(c, &a, why);
	else
		(void)judge_record(c, request && c->treat == TREAT_HTTP ?
			AUDIT_HTTP : AUDIT_NET_CLOSE, AUDIT_DENIED, &a, 0,
		    str_c(why)); /* regardless */
	if (request) {
		c->keep = false;
		w = answer_denied(c, &a, c->treat != TREAT_HTTP);
	}
	c->running = false;
	if (w == WANT_CLOSE) {
		c->cl.failed = c->cl.recalled = true; /* cut, not ended */
		conn_free(c);
		return;
	}
	conn_run(c);
}
