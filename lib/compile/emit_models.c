/* emit_models.c -- the inference section in an image. */
#include <stdio.h>
#include <stdlib.h>

#include "compile/cond_code.h"
#include "compile/emit.h"

static struct f_wide
wide(uint64_t v)
{
	return (struct f_wide){ (uint32_t)v, (uint32_t)(v >> 32) };
}

static void
put_backend(struct emit *e, const struct pol_backend *b)
{
	struct f_backend f = { .kind = b->kind, .locality = b->locality,
		.retention = b->retention, .no_cloud = b->require_no_cloud };

	f.name = emit_text(e, b->name);
	f.url = emit_text(e, b->url);
	f.region = emit_text(e, b->region);
	f.key = emit_text(e, b->key);
	f.models.first = emit_count(e, FORM_models, sizeof(struct f_model));
	f.models.n = b->nmodels;
	for (uint32_t i = 0; i < b->nmodels; i++) {
		struct f_model m;

		m.alias = emit_text(e, b->models[i].alias);
		m.model = emit_text(e, b->models[i].model);
		emit_put(e, FORM_models, &m, sizeof(m));
	}
	emit_put(e, FORM_backends, &f, sizeof(f));
}

/* By rank; of one rank, as written. */
static int
by_rank(const void *a, const void *b)
{
	const struct pol_route *const *x = a, *const *y = b;

	if ((*x)->rank != (*y)->rank)
		return (*x)->rank < (*y)->rank ? -1 : 1;
	return *x < *y ? -1 : *x > *y;
}

static struct f_text
put_shown(struct emit *e, const struct pol_route *r)
{
	char text[SHOWN_BYTES_MAX];
	const struct pol_cond *k = pol_cond(e->c, r->cond);

	(void)snprintf(text, sizeof(text), "%s%.40s if %.*s",
	    r->action == ROUTE_DENY ? "deny" :
	    r->action == ROUTE_REDACT ? "redact" : "route ",
	    r->to == NULL ? "" : r->to->name.p, (int)k->text.len, k->text.p);
	return emit_text(e, str_c(text));
}

static void
put_route(struct emit *e, const struct pol_route *r)
{
	struct f_route f = { .action = r->action == ROUTE_DENY ?
		FORM_ROUTE_DENY : r->action == ROUTE_REDACT ?
		FORM_ROUTE_REDACT : FORM_ROUTE_TO,
		.rank = r->rank, .redact = r->redact,
		.cond = emit_cond(e, r->cond),
		.to = r->to == NULL ? 0 : r->to->index + 1,
		.fallback = r->fallback == NULL ? 0 : r->fallback->index + 1,
		.input = wide(r->limits.input_tokens),
		.output = wide(r->limits.output_tokens),
		.cost = wide(r->limits.cost), .time = wide(r->limits.time_ms),
		.file = r->at->doc->index, .line = r->at->line };

	f.text = put_shown(e, r);
	f.name = emit_text(e, r->name);
	emit_put(e, FORM_routes, &f, sizeof(f));
}

static void
put_lead(struct emit *e, const struct pol_route *r)
{
	const struct f_test *t = &pol_cond(e->c, r->cond)->code->v[0].test;
	uint32_t kind = t->what & 0xff;
	struct f_lead l = { .what = LEAD_NONE };

	if (kind >= TEST_OF_WORD && kind <= TEST_OF_NUMBER &&
	    t->no == COND_NO)
		l = (struct f_lead){ t->what, 0, t->a, t->b };
	emit_put(e, FORM_leads, &l, sizeof(l));
}

static void
put_routes(struct emit *e)
{
	const struct pol_models *m = &e->c->pol.models;
	const struct pol_route **v = take_mem(e->c, (size_t)m->nroutes + 1,
	    sizeof(*v));

	for (uint32_t i = 0; i < m->nroutes; i++)
		v[i] = &m->routes[i];
	qsort(v, m->nroutes, sizeof(*v), by_rank);
	for (uint32_t i = 0; i < m->nroutes; i++)
		put_route(e, v[i]);
	for (uint32_t i = 0; i < m->nroutes; i++)
		put_lead(e, v[i]);
}

static int
by_budget(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct f_budget));
}

static void
put_budgets(struct emit *e)
{
	const struct pol_models *m = &e->c->pol.models;
	struct f_budget *v = take_mem(e->c, (size_t)m->nbudgets + 1,
	    sizeof(*v));

	for (uint32_t i = 0; i < m->nbudgets; i++) {
		const struct budget *b = &m->budgets[i].b;

		v[i] = (struct f_budget){ .scope = b->scope,
			.route = b->route, .window = wide(b->window_ms),
			.tokens = wide(b->tokens), .cost = wide(b->cost) };
	}
	qsort(v, m->nbudgets, sizeof(*v), by_budget);
	for (uint32_t i = 0; i < m->nbudgets; i++)
		if (i == 0 || by_budget(&v[i], &v[i - 1]) != 0)
			emit_put(e, FORM_budgets, &v[i], sizeof(v[i]));
}

void
emit_models(struct emit *e)
{
	const struct pol_models *m = &e->c->pol.models;
	struct f_router r = { 0 };

	if (m->section == NULL)
		return;
	for (uint32_t i = 0; i < m->nbackends; i++)
		put_backend(e, &m->backends[i]);
	r.to = m->to->index;
	if (m->fallback != NULL) {
		r.file = m->fallback->doc->index;
		r.line = m->fallback->line;
	}
	emit_put(e, FORM_router, &r, sizeof(r));
	put_routes(e);
	put_budgets(e);
}
