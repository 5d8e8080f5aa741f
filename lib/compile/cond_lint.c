/* cond_lint.c -- conditions that say nothing: always true, or always false,
 * whatever the facts are. */
#include "compile/check.h"
#include "compile/cond_domain.h"

enum {
	LINT_POINTS_MAX = 2048,		/* of one condition */
	LINT_BYTES = 16,		/* of a condition cost one more */
	LINT_ALL_MAX = 1 << 20,		/* of a policy: then no more is said */
};

/* Only where it is known what it says; false: too many points to try. */
static bool
values_of(struct compile *c, const struct cond *k, bool *is, bool *is_not)
{
	struct arena a = { 0 };
	struct cond_domain d;
	struct facts f;
	const char *why;
	bool ok;

	*is = *is_not = false;
	ok = c->pol.conds.linted < LINT_ALL_MAX &&
	    cond_domain(&k, 1, true, LINT_POINTS_MAX, &a, &d, &why) == 0;
	c->pol.conds.linted += (ok ? (uint32_t)d.points : LINT_POINTS_MAX) *
	    (1 + k->width / LINT_BYTES);
	for (uint64_t i = 0; ok && i < d.points && !(*is && *is_not); i++) {
		enum truth t;

		cond_domain_point(&d, i, &f);
		t = cond_eval(k, &f);
		*is |= t == TRUTH_TRUE;
		*is_not |= t == TRUTH_FALSE;
	}
	arena_fini(&a);
	return ok;
}

static const struct cond *
find_idle(struct compile *c, const struct cond *k, bool *is)
{
	const struct cond *found = NULL;
	bool is_not;

	if (k->kind == COND_TEST && k->item)
		return NULL;	/* an item may be anything */
	if (values_of(c, k, is, &is_not) && *is != is_not)
		return k->kind == COND_NOT ? find_idle(c, k->kids[0], is) : k;
	if (k->kind == COND_EXISTS || k->kind == COND_ALL)
		return NULL;
	for (uint32_t i = 0; i < k->nkids && found == NULL; i++)
		found = find_idle(c, k->kids[i], is);
	return found;
}

const struct cond *
cond_idle(struct compile *c, const struct cond *root, bool *always)
{
	const struct cond *at = NULL;

	/* Parts first: a part is a better place than the whole. */
	for (uint32_t i = 0; i < root->nkids && at == NULL &&
	    (root->kind == COND_AND || root->kind == COND_OR); i++)
		at = find_idle(c, root->kids[i], always);
	return at != NULL ? at : find_idle(c, root, always);
}
