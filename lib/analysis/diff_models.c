/* diff_models.c -- calls to models, about every kind of call that the
 * conditions of both policies tell apart. */
#include "analysis/diff.h"
#include "base/err.h"
#include "base/must.h"
#include "compile/cond_domain.h"

static uint32_t
model_conds(const struct checked *k, const struct cond **out)
{
	uint32_t n = 0;

	for (uint32_t i = 0; k != NULL && i < k->c.pol.conds.n; i++)
		if ((k->c.pol.conds.v[i].where & FOR_MODEL) != 0) {
			if (out != NULL)
				out[n] = k->c.pol.conds.v[i].root;
			n++;
		}
	return n;
}

uint32_t
book_conds(const struct book *b, const struct cond **out)
{
	uint32_t n = model_conds(b->checked, out);

	return n + model_conds(b->checked->max, out == NULL ? NULL :
							      out + n);
}

void
model_question(struct arena *a, const struct cond_domain *d, uint64_t point,
    struct question *q)
{
	struct facts *f = arena_alloc(a, 1, sizeof(*f));
	uint64_t which = 0;

	must(f != NULL);
	cond_domain_point(d, point, f);
	for (uint32_t i = 0; i < d->n; i++)
		which |= FACT_BIT(d->v[i].fact);
	*q = (struct question){ .kind = ASK_MODEL, .facts = f };
	q->model = facts_print(f, which & f->known, a);
}

int
diff_models(struct diffing *d, struct err *e)
{
	struct arena *a = &d->to->arena;
	uint32_t n = book_conds(d->before, NULL) + book_conds(d->after, NULL);
	const struct cond **v = arena_alloc(a, (size_t)n + 1,
	    sizeof(struct cond *));
	struct cond_domain points;
	const char *why;

	must(v != NULL);
	n = book_conds(d->before, v);
	n += book_conds(d->after, v + n);
	if (cond_domain(v, n, true, MODEL_POINTS_MAX, a, &points, &why) == -1)
		return err_set(e, ERR_LIMIT, "inference: %s", why);
	for (uint64_t i = 0; i < points.points; i++) {
		struct question q;

		model_question(a, &points, i, &q);
		(void)diff_ask(d, &q);	/* noted if they differ */
	}
	return 0;
}
