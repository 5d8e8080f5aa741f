/* widen.c -- a policy as if what it asks beside host, method and path never
 * stood in the way. */
#include "analysis/book.h"
#include "analysis/space.h"

static bool
is_narrow(const struct checked *k, const struct pol_rule *r, bool every)
{
	return (every && r->nneeds > 0) || !space_knows_needs(r) || !space_knows_when(k, r);
}

static void
widen(struct checked *k, bool grants, bool every)
{
	struct policy *p = &k->c.pol;
	struct pol_rule **at = &p->rules;

	while (*at != NULL) {
		struct pol_rule *r = *at;

		if (is_narrow(k, r, every) && (r->flags & RULE_DENY) != 0) {
			*at = r->next;
			p->nrules--;
			continue;
		}
		if (grants) {
			if (every || !space_knows_needs(r))
				r->nneeds = 0;
			if (!space_knows_when(k, r))
				r->when = 0;
		}
		at = &r->next;
	}
}

int
book_open_wide(const struct book *b, bool grants, bool every,
    struct book *out)
{
	struct checked *k;

	*out = (struct book){ 0 };
	k = out->checked = checked_new(b->files, b->nfiles,
	    POLICY_STAGE_CHECK, &out->diags);
	widen(k, grants, every);
	if (k->max != NULL)
		widen(k->max, grants, every);
	return book_open_checked(out);
}
