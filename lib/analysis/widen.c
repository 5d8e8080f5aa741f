/* widen.c -- a policy as if what it asks beside host, method and path never
 * stood in the way. */
#include "analysis/book.h"

static bool
is_narrow(const struct pol_rule *r)
{
	return r->nneeds > 0 || r->when != 0;
}

static void
widen(struct policy *p, bool grants)
{
	struct pol_rule **at = &p->rules;

	while (*at != NULL) {
		struct pol_rule *r = *at;

		if (is_narrow(r) && (r->flags & RULE_DENY) != 0) {
			*at = r->next;
			p->nrules--;
			continue;
		}
		if (grants) {
			r->nneeds = 0;
			r->when = 0;
		}
		at = &r->next;
	}
}

int
book_open_wide(const struct book *b, bool grants, struct book *out)
{
	struct checked *k;

	*out = (struct book){ 0 };
	k = out->checked = checked_new(b->files, b->nfiles,
	    POLICY_STAGE_CHECK, &out->diags);
	widen(&k->c.pol, grants);
	if (k->max != NULL)
		widen(&k->max->c.pol, grants);
	return book_open_checked(out);
}
