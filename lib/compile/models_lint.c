/* models_lint.c -- routing rules that never decide anything, found by asking
 * the decision about one call of each kind that the rules tell apart. */
#include "base/must.h"
#include "compile/check.h"
#include "compile/cond_domain.h"

enum {
	CALLS_MAX = 100000,	/* asked about */
	WORK_MAX = 5000000,	/* the same, times the rules */
};

struct lint {
	const struct pol_models *m;
	const struct image *im;
	bool *decides;		/* by rule */
	uint32_t *loses;	/* by rule: 1 + the one that decided instead */
};

static uint32_t
rule_at(const struct lint *l, const struct route_answer *a)
{
	for (uint32_t i = 0; i < l->m->nroutes; i++) {
		const struct pol_route *r = &l->m->routes[i];

		if (r->at->line == a->rule.line &&
		    str_eqz(a->rule.file, r->at->doc->name))
			return i;
	}
	return UINT32_MAX;
}

static void
ask(struct lint *l, const struct compile *c, const struct facts *f)
{
	struct route_answer a;
	uint32_t by;

	policy_route(l->im, f, &a);
	by = rule_at(l, &a);
	if (by == UINT32_MAX)
		return;
	l->decides[by] = true;
	for (uint32_t i = 0; i < l->m->nroutes; i++)
		if (i != by && l->loses[i] == 0 && !l->decides[i] &&
		    cond_eval(pol_cond(c, l->m->routes[i].cond)->root, f) ==
			TRUTH_TRUE)
			l->loses[i] = by + 1;
}

static void
say(struct compile *c, const struct lint *l, uint32_t i)
{
	const struct pol_route *r = &l->m->routes[i];
	const struct pol_route *by;

	if (l->decides[i] || r->action == ROUTE_REDACT || l->loses[i] == 0)
		return;
	by = &l->m->routes[l->loses[i] - 1];
	node_warning(c, r->condition, "this rule never decides: wherever it "
	    "matches, a rule that denies, is more private or stands before "
	    "it does too, as %s:%u", by->at->doc->name, by->at->line);
}

void
models_lint(struct compile *c, const struct image *im)
{
	const struct pol_models *m = &c->pol.models;
	const struct cond **v = take_mem(c, (size_t)m->nroutes + 1,
	    sizeof(*v));
	struct lint l = { .m = m, .im = im };
	struct arena a = { 0 };
	struct cond_domain d;
	struct facts f;
	const char *why;
	uint64_t most = m->nroutes == 0 ? 0 : WORK_MAX / m->nroutes;

	for (uint32_t i = 0; i < m->nroutes; i++)
		v[i] = pol_cond(c, m->routes[i].cond)->root;
	if (m->nroutes > 1 && cond_domain(v, m->nroutes, true,
		most < CALLS_MAX ? most : CALLS_MAX, &a, &d, &why) == 0) {
		l.decides = take_mem(c, m->nroutes, sizeof(*l.decides));
		l.loses = take_mem(c, m->nroutes, sizeof(*l.loses));
		for (uint64_t i = 0; i < d.points; i++) {
			cond_domain_point(&d, i, &f);
			ask(&l, c, &f);
		}
		for (uint32_t i = 0; i < m->nroutes; i++)
			say(c, &l, i);
	}
	arena_fini(&a);
}
