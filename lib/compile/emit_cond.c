/* emit_cond.c -- the conditions in an image: each once, in the order of their
 * texts, so that the order of documents does not show. */
#include <stdlib.h>

#include "compile/cond_code.h"
#include "compile/emit.h"

struct listed {
	const struct pol_cond *k;
	uint32_t number;
};

static int
by_text(const void *a, const void *b)
{
	const struct listed *x = a, *y = b;
	struct str s = x->k->text, t = y->k->text;
	int c = memcmp(s.p, t.p, s.len < t.len ? s.len : t.len);

	if (c != 0)
		return c;
	if (s.len != t.len)
		return s.len < t.len ? -1 : 1;
	return x->number < y->number ? -1 : x->number > y->number;
}

static void
put_step(struct emit *e, const struct cond_step *s)
{
	struct f_test t = s->test;

	if (s->net != NULL) {
		t.a = emit_count(e, FORM_testnets, sizeof(*s->net));
		emit_put(e, FORM_testnets, s->net, sizeof(*s->net));
	} else if (s->text.p != NULL) {
		struct f_text text = emit_text(e, s->text);

		t.a = text.off;
		t.b = text.len;
	}
	emit_put(e, FORM_tests, &t, sizeof(t));
}

static void
put_cond(struct emit *e, const struct pol_cond *k)
{
	uint64_t facts = cond_uses(k->root);
	struct f_cond f = { .main = k->code->main,
		.facts = { (uint32_t)facts, (uint32_t)(facts >> 32) } };

	f.text = emit_text(e, k->text);
	f.tests.first = emit_count(e, FORM_tests, sizeof(struct f_test));
	f.tests.n = k->code->n;
	for (uint32_t i = 0; i < k->code->n; i++)
		put_step(e, &k->code->v[i]);
	emit_put(e, FORM_conds, &f, sizeof(f));
}

void
emit_conds(struct emit *e)
{
	const struct pol_conds *all = &e->c->pol.conds;
	struct listed *v = take_mem(e->c, (size_t)all->n + 1, sizeof(*v));
	uint32_t n = 0;

	e->conds = take_mem(e->c, (size_t)all->n + 1, sizeof(*e->conds));
	for (uint32_t i = 0; i < all->n; i++)
		v[i] = (struct listed){ &all->v[i], i + 1 };
	qsort(v, all->n, sizeof(*v), by_text);
	for (uint32_t i = 0; i < all->n; i++) {
		if (i == 0 || !str_eq(v[i].k->text, v[i - 1].k->text)) {
			put_cond(e, v[i].k);
			n++;
		}
		e->conds[v[i].number] = n;
	}
}

uint32_t
emit_cond(const struct emit *e, uint32_t number)
{
	return e->conds[number];
}
