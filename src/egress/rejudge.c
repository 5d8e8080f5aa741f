/* rejudge.c -- what runs when the policy changes. */
#include "answer.h"
#include "conn.h"
#include "egress.h"
#include "judge.h"
#include "limit.h"

/* What runs under the old policy goes on only if the new one allows it too,
 * and in the same way. */
static bool
still_allowed(struct conn *c, struct net_answer *a)
{
	char why[256];

	if (c->treat != TREAT_HTTP)
		judge_connection(c, a);
	else
		judge_request(c, a);
	if (a->verdict != VERDICT_ALLOW || a->treat != c->treat)
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
		w = websocket_refuse(c, &a, "ended by a change of the policy");
	else
		(void)judge_record(c, request && c->treat == TREAT_HTTP ?
			AUDIT_HTTP : AUDIT_NET_CLOSE, AUDIT_DENIED, &a, 0,
		    STR("ended by a change of the policy")); /* regardless */
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
