/* sound_models.c -- whether what an image says of models is sound. */
#include "policy/route.h"
#include "policy/sound.h"

static bool
place_ok(const struct image *im, uint32_t file, uint32_t line)
{
	return line == 0 || file < im->ntexts;
}

static bool
backend_ok(const struct image *im, const struct f_backend *b)
{
	return text_ok(im, b->name) && text_ok(im, b->url) &&
	    text_ok(im, b->region) && text_ok(im, b->key) &&
	    b->kind < BACKEND_KIND_COUNT &&
	    b->locality <= LOCALITY_FRONTIER &&
	    b->retention <= RETENTION_KEPT && b->no_cloud <= 1 &&
	    (b->locality != LOCALITY_LOCAL || b->no_cloud == 1) &&
	    span_ok(b->models, im->nmodels);
}

/* A fallback is never less private than its route. */
static bool
fallback_ok(const struct image *im, const struct f_route *r)
{
	return r->fallback == 0 || (r->to != 0 &&
	    r->fallback <= im->nbackends &&
	    im->backends[r->fallback - 1].locality <=
		im->backends[r->to - 1].locality);
}

static bool
route_ok(const struct image *im, const struct f_route *r)
{
	return r->action <= FORM_ROUTE_TO && r->redact <= 1 &&
	    r->cond >= 1 && r->cond <= im->nconds &&
	    (r->action == FORM_ROUTE_TO) == (r->to != 0) &&
	    r->to <= im->nbackends && fallback_ok(im, r) &&
	    r->file < im->ntexts && text_ok(im, r->text) &&
	    text_ok(im, r->name);
}

/* In the order that deciding counts on: of actions, then of ranks that rise
 * with the localities. */
static bool
order_ok(const struct image *im, uint32_t i)
{
	const struct f_route *a = &im->routes[i - 1], *b = &im->routes[i];

	if (a->action > b->action || a->rank > b->rank)
		return false;
	return a->to == 0 || im->backends[a->to - 1].locality <=
	    im->backends[b->to - 1].locality;
}

/* A copy of its condition's first test, and what that is was looked at. */
static bool
lead_ok(const struct image *im, uint32_t i)
{
	const struct f_lead *l = &im->leads[i];
	const struct f_cond *k = &im->conds[im->routes[i].cond - 1];
	const struct f_test *t = &im->tests[k->tests.first];

	return l->zero == 0 && (l->what == LEAD_NONE ||
	    (l->what == t->what && l->a == t->a && l->b == t->b &&
		t->no == COND_NO));
}

const char *
image_models_fault(const struct image *im)
{
	for (uint32_t i = 0; i < im->nbackends; i++)
		if (!backend_ok(im, &im->backends[i]))
			return "a backend is damaged";
	for (uint32_t i = 0; i < im->nmodels; i++)
		if (!text_ok(im, im->models[i].alias) ||
		    !text_ok(im, im->models[i].model))
			return "a model's name is damaged";
	if (im->nrouter > 1)
		return "it has more than one router";
	for (uint32_t i = 0; i < im->nrouter; i++)
		if (im->router[i].to >= im->nbackends ||
		    !place_ok(im, im->router[i].file, im->router[i].line))
			return "its router is damaged";
	for (uint32_t i = 0; i < im->nroutes; i++)
		if (!route_ok(im, &im->routes[i]) ||
		    (i > 0 && !order_ok(im, i)))
			return "a routing rule is damaged";
	if (im->nleads != im->nroutes)
		return "its routing rules are not led";
	for (uint32_t i = 0; i < im->nleads; i++)
		if (!lead_ok(im, i))
			return "a routing rule is led elsewhere";
	for (uint32_t i = 0; i < im->nbudgets; i++)
		if (im->budgets[i].scope >= BUDGET_SCOPE_COUNT ||
		    im->budgets[i].route > im->nbackends)
			return "a budget is damaged";
	return NULL;
}
