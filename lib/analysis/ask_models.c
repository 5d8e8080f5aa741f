/* ask_models.c -- may a call to a model be made, and by which backend? */
#include <stdio.h>

#include "analysis/book.h"
#include "policy/route.h"

void
ask_models(const struct book *b, const struct question *q, struct reply *out)
{
	static const struct facts none = { 0 };
	struct route_answer a;

	out->domain = "inference";
	policy_route(b->image, q->facts != NULL ? q->facts : &none, &a);
	if (a.verdict == VERDICT_ALLOW)
		out->verdict = a.judged == VERDICT_ALLOW ? REPLY_ALLOW :
							   REPLY_AUDIT;
	out->rule = a.rule;
	out->nearest = a.nearest;
	out->route = a.route;
	(void)snprintf(out->reason, sizeof(out->reason), "%s", a.reason);
}
