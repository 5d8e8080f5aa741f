#include "limit.h"

#include <stdio.h>

#include "answer.h"
#include "egress.h"
#include "judge.h"
#include "rates.h"

/* A denial by the limit itself. */
static struct net_answer
denial_of(const struct rates_over *over)
{
	struct net_answer a = { .rule = over->rate.rule };
	char used[160];

	rates_print(over, used, sizeof(used));
	(void)snprintf(a.reason, sizeof(a.reason), "%s%.*s%s" "over %s: %s",
	    over->rate.profile.len > 0 ? "the profile " : "",
	    (int)over->rate.profile.len, over->rate.profile.p,
	    over->rate.profile.len > 0 ? ": " : "",
	    over->bytes ? "max_data_egress_mb" : "max_requests_per_minute",
	    used);
	return a;
}

static enum want
refuse(struct conn *c, const struct rates_over *over, bool connect)
{
	struct net_answer a = denial_of(over);

	if (!judge_record(c, connect ? AUDIT_NET_OPEN : AUDIT_HTTP,
		AUDIT_DENIED, &a, 429, str_of("", 0)))
		return answer_unrecorded(c);
	return answer_limited(c, &a, rates_seconds(over));
}

enum want
limit_begin(struct conn *c, const struct net_answer *a, uint64_t bytes,
    bool connect)
{
	struct rates_set which = { { a->rates[0], a->rates[1] } };
	struct rates_over over;
	struct net_answer soft;
	bool seen;

	c->rates = which;
	usage_changed(c->eg);
	if (!rates_admit(c->eg->rates, which, bytes, loop_now(c->eg->loop),
		&over, &seen))
		return refuse(c, &over, connect);
	if (!seen)
		return WANT_WAIT;
	soft = denial_of(&over);
	if (!judge_record(c, AUDIT_FINDING, AUDIT_OBSERVED, &soft, 0,
		str_of("", 0)))
		return answer_unrecorded(c);
	return WANT_WAIT;
}

bool
limit_is_reached(const struct conn *c)
{
	return c->up != NULL && (c->up->meter.over ||
		(c->up->host != NULL && c->up->host->meter.over));
}

enum want
limit_reached(struct conn *c)
{
	struct rates_over over = { .rate = { .period_s = 1 }, .bytes = true,
		.until = { 1000000 } };

	(void)rates_tightest(c->eg->rates, c->rates, loop_now(c->eg->loop),
	    &over);
	c->keep = false;
	return refuse(c, &over, c->treat != TREAT_HTTP || c->answering);
}

void
limit_change(struct conn *c, const struct net_answer *a)
{
	c->rates = (struct rates_set){ { a->rates[0], a->rates[1] } };
	if (c->up != NULL && c->up->host != NULL)
		meter_add(&c->up->host->meter, c->rates);
	else if (c->up != NULL)
		meter_change(&c->up->meter, c->rates);
}
