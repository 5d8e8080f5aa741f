#include "analysis/diff.h"
#include "analysis/space.h"

static bool
on_question(void *arg, const struct question *q)
{
	const struct diffing *d = arg;
	bool either = diff_ask(arg, q);

	if (d->one && d->to->n > 0)
		return false;
	return q->kind != ASK_CONNECT || either;
}

static bool
is_on_both_sides(const struct space_rules *rules, const struct space_rule *r)
{
	for (uint32_t i = 0; i < rules->n; i++)
		if (rules->v[i].of != r->of && memcmp(rules->v[i].digest,
			r->digest, sizeof(r->digest)) == 0)
			return true;
	return false;
}

static bool
is_told(const struct diffing *d, const struct pol_rule *r)
{
	for (uint32_t i = 0; i < d->to->n; i++)
		if (d->to->v[i].change == CHANGE_UNSURE &&
		    d->to->v[i].at.line == r->at->line &&
		    str_eqz(d->to->v[i].at.file, r->at->doc->name))
			return true;
	return false;
}

/* Requests are asked about without a query and fields of their own. What a
 * rule asks of those is the same where both policies have the rule. */
static void
on_rules(void *arg, const struct space_rules *rules)
{
	struct diffing *d = arg;

	for (uint32_t i = 0; i < rules->n; i++) {
		const struct pol_rule *r = rules->v[i].r;

		if ((r->nneeds > 0 || r->when != 0) &&
		    !is_on_both_sides(rules, &rules->v[i]) && !is_told(d, r))
			diff_unsure(d, "network", r->at, "what this rule asks "
			    "of a request beside method and path is compared "
			    "as it is written");
	}
}

int
diff_network(struct diffing *d, struct err *e)
{
	struct space s = { .arena = &d->to->arena,
		.pol = { d->before->checked, d->after->checked },
		.npol = 2, .differences = true, .on = on_question,
		.on_rules = on_rules,
		.arg = d };

	return space_walk(&s, e);
}
