#include "analysis/diff.h"
#include "analysis/space.h"

static bool
on_question(void *arg, const struct question *q)
{
	const struct diffing *d = arg;
	bool either = diff_ask(arg, q);

	if (d->spent || (d->one && d->to->n > 0))
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

/* Once, for the first of them that asks something. */
static void
tell_large(struct diffing *d, const struct space_rules *rules)
{
	uint32_t i = 0;

	d->inexact = true;
	while (i + 1 < rules->n && rules->v[i].r->nneeds == 0)
		i++;
	if (!is_told(d, rules->v[i].r))
		diff_unsure(d, "network", rules->v[i].r->at, "what the rules "
		    "for this host ask of queries, fields and contents is too "
		    "much to compare exactly");
}

static enum detail
unknown_need(const struct pol_rule *r)
{
	uint32_t i = 0;

	while (space_knows_detail(r->needs[i].detail))
		i++;
	return r->needs[i].detail;
}

/* Of a request no more is looked at than query, fields, and content. What else a
 * rule asks is the same where both policies have the rule. */
static void
on_rules(void *arg, const struct space_rules *rules)
{
	struct diffing *d = arg;

	if (!rules->exact)
		tell_large(d, rules);
	for (uint32_t i = 0; i < rules->n; i++) {
		const struct pol_rule *r = rules->v[i].r;

		if (is_told(d, r))
			continue;
		if (is_on_both_sides(rules, &rules->v[i]))
			continue;
		else if (!space_knows_needs(r))
			diff_unsure(d, "network", r->at, "what this rule asks "
			    "of %s is compared as it is written",
			    detail_table[unknown_need(r)].key);
		else if (!space_knows_when(rules->v[i].in, r))
			diff_unsure(d, "network", r->at, "what this rule's "
			    "condition asks of a request is compared as it "
			    "is written");
	}
}

static int
walk(struct diffing *d, space_on_rules *rules, struct err *e)
{
	struct space s = { .arena = &d->to->arena,
		.pol = { d->before->checked, d->after->checked },
		.npol = 2, .differences = true, .on = on_question,
		.on_rules = rules, .arg = d };

	return space_walk(&s, e);
}

/* ---- what denies on a condition may hide */

static bool
has_conditions(const struct checked *k)
{
	for (const struct pol_rule *r = k->c.pol.rules; r != NULL;
	    r = r->next)
		if (!space_knows_needs(r) || !space_knows_when(k, r))
			return true;
	return k->max != NULL && has_conditions(k->max);
}

static void
tell_hidden(struct diffing *d, const struct diff *wide)
{
	for (uint32_t i = 0; i < wide->n; i++) {
		const struct difference *one = &wide->v[i];
		struct reply before, after;

		if (one->text != NULL)
			continue;	/* about no request */
		book_ask(d->before, &one->example, &before);
		book_ask(d->after, &one->example, &after);
		if (before.verdict != after.verdict)
			continue;	/* it is told */
		diff_unsure(d, "network", NULL, "%.*s, where no rule with a "
		    "condition denies it", (int)one->example.shown.len,
		    one->example.shown.p);
	}
}

static int
walk_hidden(struct diffing *d, struct err *e)
{
	struct book before, after;
	struct diff wide = { 0 };
	int rc = book_open_wide(d->before, false, false, &before);

	if (book_open_wide(d->after, false, false, &after) == 0 && rc == 0)
		rc = diff_all_network(&before, &after, &wide, e);
	if (rc == 0)
		tell_hidden(d, &wide);
	diff_fini(&wide);
	book_close(&before);
	book_close(&after);
	return rc;
}

int
diff_network(struct diffing *d, struct err *e)
{
	if (walk(d, on_rules, e) == -1)
		return -1;
	if (d->wide || (!has_conditions(d->before->checked) &&
		!has_conditions(d->after->checked)))
		return 0;
	return walk_hidden(d, e);
}
