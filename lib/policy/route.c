/* route.c -- the models' one decision: the most private answer that the facts
 * leave possible. */
#include "policy/route.h"

#include <stddef.h>

#include "base/must.h"
#include "policy/cond_run.h"
#include "policy/maximum.h"
#include "policy/resources.h"
#include "policy/say.h"

struct choice { /* among the rules that name a route */
	const struct f_route *sure;	/* of those that match, and ... */
	const struct f_route *maybe;	/* that may match: the most private */
};

static struct policy_rule
rule_of(const struct image *im, const struct f_route *r)
{
	return (struct policy_rule){ .file = form_text(im,
		im->texts[r->file]), .line = r->line,
		.text = form_text(im, r->text),
		.policy = r->name.len > 0 ? form_text(im, r->name) :
		    STR("inference.router") };
}

static uint64_t
wide(struct f_wide w)
{
	return (uint64_t)w.hi << 32 | w.lo;
}

static void
lower_by(uint64_t *limit, uint64_t v)
{
	if (v != 0 && (*limit == 0 || v < *limit))
		*limit = v;
}

static void
lower_to(uint64_t *limit, struct f_wide w)
{
	lower_by(limit, wide(w));
}

static void
add_limits(struct route_limits *l, const struct f_route *r)
{
	lower_to(&l->input_tokens, r->input);
	lower_to(&l->output_tokens, r->output);
	lower_to(&l->cost, r->cost);
	lower_to(&l->time_ms, r->time);
}

/* ---- in words */

static const char *
unsure(const struct image *im, const struct facts *f,
    const struct f_route *r)
{
	uint64_t missing = cond_facts(im, r->cond) & ~f->known;

	return missing == 0 || cond_truth(im, r->cond, f) == TRUTH_TRUE ?
	    NULL : fact_table[__builtin_ctzll(missing)].name;
}

static void
say_place(struct saying *s, const struct policy_rule *r)
{
	say_str(s, r->file);
	say_z(s, ":");
	say_number(s, r->line);
}

static void
say_rule(const struct image *im, const struct facts *f,
    const struct f_route *r, const char *what, struct route_answer *out)
{
	struct saying s = { out->reason, 0, sizeof(out->reason) };
	const char *fact = unsure(im, f, r);

	out->rule = rule_of(im, r);
	say_z(&s, what);
	say_str(&s, out->route);
	say_z(&s, " by ");
	say_place(&s, &out->rule);
	say_z(&s, ": ");
	if (fact != NULL) {
		say_z(&s, fact);
		say_z(&s, " is not known, and it may be that ");
	}
	say_str(&s, cond_text(im, r->cond));
}

static void
say_default(const struct image *im, struct route_answer *out)
{
	struct saying s = { out->reason, 0, sizeof(out->reason) };
	const struct f_router *router = im->router;

	say_z(&s, "routed to ");
	say_str(&s, out->route);
	if (router->line == 0) {
		say_z(&s, ": no rule matches, and no default is said");
		return;
	}
	out->rule.file = form_text(im, im->texts[router->file]);
	out->rule.line = router->line;
	out->rule.text = STR("router.default");
	out->rule.policy = STR("inference.router");
	say_z(&s, " by ");
	say_place(&s, &out->rule);
	say_z(&s, ": no rule matches, and this is the default");
}

/* ---- the decision */

static void
take(const struct image *im, uint32_t backend, struct route_answer *out)
{
	out->verdict = out->judged = VERDICT_ALLOW;
	out->backend = backend;
	out->route = form_text(im, im->backends[backend].name);
	out->locality =
	    (enum locality)im->backends[backend].locality;
}

static uint32_t
rank_of_default(const struct image *im, const struct f_route *r)
{
	uint32_t mine = im->backends[im->router->to].locality;

	/* in the scale of ranks: is it as private as what r leads to? */
	return mine <= im->backends[r->to - 1].locality && (r->redact == 0 ||
	    mine < LOCALITY_FRONTIER);
}

/* Rules stand from the most private on. */
static void
choose(const struct image *im, const struct facts *f,
    const struct choice *k, struct route_answer *out)
{
	const struct f_route *r = k->maybe;

	if (r == NULL || (k->sure == NULL && rank_of_default(im, r))) {
		take(im, im->router->to, out);
		say_default(im, out);
		return;
	}
	if (k->sure != NULL && k->sure->rank == r->rank)
		r = k->sure;
	take(im, r->to - 1, out);
	out->fallback = r->fallback;
	out->redact = out->redact || r->redact == 1;
	say_rule(im, f, r, "routed to ", out);
}

/* The first rule after the answer's own that was not taken: what could be
 * had, if its condition held. */
static void
find_nearest(const struct image *im, struct route_answer *out)
{
	for (uint32_t i = 0; i < im->nroutes; i++) {
		const struct f_route *r = &im->routes[i];

		if (r->to == 0 || r->to - 1 == out->backend)
			continue;
		out->nearest = rule_of(im, r);
		return;
	}
}

void
policy_route(const struct image *im, const struct facts *f,
    struct route_answer *out)
{
	struct choice k = { NULL, NULL };

	if (im->max != NULL) {
		maximum_route(im, f, out);
		return;
	}
	memset(out, 0, offsetof(struct route_answer, reason));
	out->reason[0] = '\0';
	if (im->nrouter == 0) {
		(void)str_copy(STR("the policy has no inference section, so "
		    "no model may be called"), out->reason,
		    sizeof(out->reason));	/* it fits */
		return;
	}
	for (uint32_t i = 0; i < im->nroutes; i++) {
		const struct f_route *r = &im->routes[i];

		if (cond_is_led_out(&im->leads[i], f) ||
		    !cond_run(im, r->cond, f, true, false))
			continue;
		if (r->action == FORM_ROUTE_DENY) {
			say_rule(im, f, r, "denied", out);
			return;
		}
		add_limits(&out->limits, r);
		if (r->action == FORM_ROUTE_REDACT) {
			out->redact = true;
			continue;
		}
		if (k.maybe == NULL)
			k.maybe = r;
		if (k.sure == NULL &&
		    cond_truth(im, r->cond, f) == TRUTH_TRUE)
			k.sure = r;
	}
	lower_by(&out->limits.output_tokens,
	    image_limit(im, LIMIT_OUTPUT_TOKENS));
	choose(im, f, &k, out);
	if (k.maybe == NULL)
		find_nearest(im, out);
}

/* ---- what there is */

uint32_t
image_backends(const struct image *im)
{
	return im->nbackends;
}

void
image_backend(const struct image *im, uint32_t i, struct backend *out)
{
	const struct f_backend *b;

	must(i < im->nbackends);
	b = &im->backends[i];
	*out = (struct backend){ .name = form_text(im, b->name),
		.url = form_text(im, b->url),
		.region = form_text(im, b->region),
		.key = form_text(im, b->key),
		.kind = (enum backend_kind)b->kind,
		.locality = (enum locality)b->locality,
		.retention = (enum backend_retention)b->retention,
		.require_no_cloud = b->no_cloud == 1,
		.models = b->models.n };
}

void
image_model(const struct image *im, uint32_t i, uint32_t k,
    struct str *alias, struct str *model)
{
	const struct f_model *m;

	must(i < im->nbackends && k < im->backends[i].models.n);
	m = &im->models[im->backends[i].models.first + k];
	*alias = form_text(im, m->alias);
	*model = form_text(im, m->model);
}

uint32_t
image_budgets(const struct image *im)
{
	return im->nbudgets + (im->max != NULL ? im->max->nbudgets : 0);
}

void
image_budget(const struct image *im, uint32_t i, struct budget *out)
{
	const struct f_budget *b;

	if (im->max != NULL && i >= im->nbudgets) {
		image_budget(im->max, i - im->nbudgets, out);
		out->route = 0;	/* its backends are numbered otherwise */
		return;
	}
	must(i < im->nbudgets);
	b = &im->budgets[i];
	*out = (struct budget){ .scope = (enum budget_scope)b->scope,
		.window_ms = wide(b->window), .tokens = wide(b->tokens),
		.cost = wide(b->cost), .route = b->route };
}
