/* name.c -- could any connection to a name be allowed?  Asked before the
 * name is given an address, about nothing but the name. */
#include "policy/scan.h"

struct name_ask {
	const struct scan *s;
	bool may;
};

/* The rules of an endpoint in audit mode let pass what they record. */
static bool
cell_allows(const struct image *im, const struct f_cell *c)
{
	for (uint32_t i = 0; i < c->all.n; i++)
		if ((im->rules[im->refs[c->all.first + i]].flags &
			RULE_DENY) == 0)
			return true;
	return false;
}

static void
on_group(void *arg, const struct f_group *g)
{
	struct name_ask *a = arg;
	const struct image *im = a->s->im;

	a->may |= g->allow != 0;
	for (uint32_t i = 0; i < g->cuts.n && !a->may; i++) {
		uint32_t cell = im->cuts[g->cuts.first + i].cell;

		a->may = cell != 0 && cell_allows(im, &im->cells[cell - 1]);
	}
}

bool
policy_name(const struct image *im, struct str host)
{
	const struct net_query q = { .host = host };
	struct scan s;
	struct name_ask a = { .s = &s };

	if (im->max != NULL)
		return policy_name(im->own, host) && /* one level deep */
		    policy_name(im->max, host);
	if (im->info.mode != POLICY_ENFORCE ||
	    (im->head->flags & FORM_DEFAULT_ALLOW) != 0)
		return true;
	scan_init(&s, im, &q);
	if (!s.literal)
		(void)scan_groups(&s, on_group, &a);
	return a.may;
}
