/* emit_limits.c -- limits and labels in an image. */
#include <stdlib.h>

#include "automaton/automaton.h"
#include "compile/emit.h"
#include "policy/match.h"

enum { LABEL_STATES_MAX = 65536 };

static void
put_limits(struct emit *e)
{
	const struct pol_limits *l = &e->c->pol.limits;
	uint32_t v[LIMIT_COUNT];
	bool any = false;

	for (unsigned i = 0; i < LIMIT_COUNT; i++) {
		v[i] = l->v[i].at == NULL ? 0 : l->v[i].value;
		any |= v[i] != 0;
	}
	if (any)
		emit_put(e, FORM_limits, v, sizeof(v));
}

/* ---- labels */

static int
by_bytes(const void *a, const void *b)
{
	const struct str *x = a, *y = b;
	int c = memcmp(x->p, y->p, x->len < y->len ? x->len : y->len);

	if (c != 0)
		return c;
	return x->len < y->len ? -1 : x->len > y->len;
}

static int
by_text(const void *a, const void *b)
{
	const struct pol_label *const *x = a, *const *y = b;
	int c = by_bytes(&(*x)->text, &(*y)->text);

	if (c != 0)
		return c;
	if ((*x)->level != (*y)->level)
		return (*x)->level > (*y)->level ? -1 : 1;
	return (*x)->names < (*y)->names ? -1 : (*x)->names > (*y)->names;
}

/* Names in the order of bytes; and with them the bits of each label. */
static void
put_names(struct emit *e, struct pol_label **v, uint32_t n)
{
	struct pol_limits *l = &e->c->pol.limits;
	struct str sorted[LABEL_NAMES_MAX];

	memcpy(sorted, l->names, sizeof(sorted));
	qsort(sorted, l->nnames, sizeof(*sorted), by_bytes);
	for (uint32_t i = 0; i < n; i++) {
		uint64_t bits = 0;

		for (uint32_t k = 0; k < l->nnames; k++)
			for (uint32_t j = 0; j < l->nnames; j++)
				if ((v[i]->names >> j & 1) != 0 &&
				    str_eq(sorted[k], l->names[j]))
					bits |= UINT64_C(1) << k;
		v[i]->names = bits;
	}
	for (uint32_t k = 0; k < l->nnames; k++) {
		struct f_text t = emit_text(e, sorted[k]);

		emit_put(e, FORM_labelnames, &t, sizeof(t));
	}
	memcpy(l->names, sorted, sizeof(sorted));
}

static void
put_label(struct emit *e, const struct pol_label *l)
{
	struct f_label f = { .file = l->at->doc->index, .line = l->at->line };

	f.text = emit_text(e, l->text);
	emit_put(e, FORM_labels, &f, sizeof(f));
}

/* What all labels of a set say together; nothing said is its own set. */
static void
put_set(struct emit *e, struct pol_label *const *v, const struct id_set *ids)
{
	struct f_labels f = { 0 };
	uint64_t names = 0;

	for (uint32_t i = 0; i < ids->n; i++) {
		const struct pol_label *l = v[ids->v[i] - 1];

		names |= l->names;
		if (f.by == 0 || l->level > f.level) {
			f.level = l->level;
			f.by = ids->v[i];
		}
	}
	f.names[0] = (uint32_t)names;
	f.names[1] = (uint32_t)(names >> 32);
	emit_put(e, FORM_labelsets, &f, sizeof(f));
}

/* The pattern itself, and everything below what it matches. */
static void
add_pattern(struct nfa *n, const struct pol_label *l, uint32_t id)
{
	struct byte_set all = { { ~UINT64_C(1), UINT64_MAX, UINT64_MAX,
		UINT64_MAX } };
	struct part below = nfa_cat(n, nfa_text(n, STR("/")),
	    nfa_star(n, nfa_set(n, &all)));

	nfa_accept(n, nfa_cat(n, nfa_pattern(n, l->base), nfa_alt(n, below,
	    nfa_text(n, STR("")))), id);
}

static void
put_labels(struct emit *e, struct pol_label **v, uint32_t count)
{
	struct arena *a = e->c->arena;
	struct nfa *n = nfa_new(a);
	uint32_t culprit, start;
	struct dfa d;

	for (uint32_t i = 0; i < count; i++)
		add_pattern(n, v[i], i + 1);
	if (dfa_of(n, a, LABEL_STATES_MAX, &d, &culprit) == -1) {
		node_error(e->c, v[culprit - 1]->at, "with this path the "
		    "labels take more than %d states: fewer ** in the paths "
		    "of labels would help", LABEL_STATES_MAX);
		return;
	}
	for (uint32_t i = 0; i < d.nsets; i++)
		put_set(e, v, &d.sets[i]);
	start = emit_walk(e, FORM_labelsteps, &d);
	emit_put(e, FORM_labelroot, &start, sizeof(start));
}

void
emit_limits(struct emit *e)
{
	struct pol_limits *l = &e->c->pol.limits;
	struct pol_label **v = take_mem(e->c, (size_t)l->nlabels + 1,
	    sizeof(*v));

	put_limits(e);
	if (l->nlabels == 0)
		return;
	for (uint32_t i = 0; i < l->nlabels; i++)
		v[i] = &l->labels[i];
	put_names(e, v, l->nlabels);
	qsort(v, l->nlabels, sizeof(*v), by_text);
	for (uint32_t i = 0; i < l->nlabels; i++)
		put_label(e, v[i]);
	put_labels(e, v, l->nlabels);
}
