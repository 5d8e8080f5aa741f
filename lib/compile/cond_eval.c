/* cond_eval.c -- a condition's value by its tree, in Kleene's logic. */
#include "base/arena.h"
#include "compile/cond_domain.h"
#include "compile/cond_read.h"
#include "policy/match.h"

struct look { /* at one point */
	const struct facts *f;
	struct str item;
};

static enum truth
truth_of(bool b)
{
	return b ? TRUTH_TRUE : TRUTH_FALSE;
}

static enum truth
opposite(enum truth t)
{
	return (enum truth)(TRUTH_TRUE - t);
}

static bool
compared(enum cond_test op, int64_t x, int64_t y)
{
	switch ((int)op) {
	case TEST_NE:
		return x != y;
	case TEST_LT:
		return x < y;
	case TEST_LE:
		return x <= y;
	case TEST_GT:
		return x > y;
	case TEST_GE:
		return x >= y;
	default:
		return x == y;
	}
}

static bool
number_is(const struct cond *k, int64_t n)
{
	for (uint32_t i = 0; i < k->nvalues; i++)
		if (compared(k->op, n, k->values[i].n))
			return true;
	return false;
}

static bool
address_is(const struct cond *k, const unsigned char a[16])
{
	for (uint32_t i = 0; i < k->nvalues; i++)
		if (prefix_holds(&k->values[i].net, a))
			return k->op != TEST_NE;
	return k->op == TEST_NE;
}

/* ---- texts */

static bool
domain_is(struct str s, struct str want)
{
	bool one = str_has_prefix(want, STR("*."));
	bool more = str_has_prefix(want, STR("**."));
	struct str head;

	if (!one && !more)
		return str_eq(s, want);
	want = str_from(want, one ? 1 : 2);	/* with its dot */
	if (s.len <= want.len || !str_has_suffix(s, want))
		return false;
	head = str_head(s, s.len - want.len);
	return head.p[0] != '.' &&
	    (more || str_index(head, '.') == head.len);
}

static bool
glob_is(struct str s, struct str glob)
{
	struct arena a = { 0 };
	struct str forms[GLOB_FORMS_MAX];
	uint32_t n = glob_forms(glob, &a, forms);
	bool is = false;

	for (uint32_t i = 0; i < n && !is; i++)
		is = match_path(forms[i], s);
	arena_fini(&a);
	return is;
}

static bool
value_is(const struct cond *k, struct str s, struct str want)
{
	switch ((int)k->op) {
	case TEST_STARTS:
		return str_has_prefix(s, want);
	case TEST_ENDS:
		return str_has_suffix(s, want);
	case TEST_CONTAINS:
		return memmem(s.p, s.len, want.p, want.len) != NULL;
	case TEST_MATCHES:
		return glob_is(s, want);
	case TEST_DOMAIN:
		return domain_is(s, want);
	default:
		return str_eq(s, want) != (k->op == TEST_NE);
	}
}

static bool
text_is(const struct cond *k, struct str s)
{
	struct arena a = { 0 };
	bool is = false;

	if (k->lower) {
		char *p = arena_strdup(&a, s);

		for (size_t i = 0; p != NULL && i < s.len; i++)
			if (p[i] >= 'A' && p[i] <= 'Z')
				p[i] = (char)(p[i] | 0x20);
		s = str_of(p, s.len);
	}
	for (uint32_t i = 0; i < k->nvalues && !is; i++)
		is = value_is(k, s, k->values[i].text);
	arena_fini(&a);
	return is;
}

/* ---- tests */

static bool
list_holds(const struct cond *k, const union fact_value *v)
{
	for (uint32_t i = 0; i < v->list.n; i++)
		if (str_eq(v->list.v[i], k->values[0].text))
			return true;
	return false;
}

static int64_t
size_of(const struct cond *k, const struct look *l)
{
	const union fact_value *v = &l->f->v[k->fact];

	if (k->item)
		return (int64_t)l->item.len;
	return fact_table[k->fact].type == FACT_LIST ? v->list.n :
	    (int64_t)v->text.len;
}

static enum truth
eval_test(const struct cond *k, const struct look *l)
{
	const union fact_value *v = &l->f->v[k->fact];
	bool known = k->item || (l->f->known & FACT_BIT(k->fact)) != 0;

	if (k->op == TEST_HAS)
		return truth_of(known);
	if (!known)
		return TRUTH_UNKNOWN;
	if (k->size)
		return truth_of(number_is(k, size_of(k, l)));
	if (k->op == TEST_IS)
		return truth_of(v->n != 0);
	if (k->op == TEST_HOLDS)
		return truth_of(list_holds(k, v));
	if (subject_type(k) == FACT_TEXT)
		return truth_of(text_is(k, k->item ? l->item : v->text));
	if (subject_type(k) == FACT_ADDR)
		return truth_of(address_is(k, v->addr));
	return truth_of(number_is(k, v->n));
}

/* ---- the whole */

static enum truth eval(const struct cond *k, const struct look *l);

/* Both ways of putting together: the strongest of the kids, or the weakest. */
static enum truth
eval_kids(const struct cond *k, const struct look *l)
{
	enum truth t = k->kind == COND_AND ? TRUTH_TRUE : TRUTH_FALSE;

	for (uint32_t i = 0; i < k->nkids; i++) {
		enum truth kid = eval(k->kids[i], l);

		if ((k->kind == COND_AND) == (kid < t))
			t = kid;
	}
	return t;
}

static enum truth
eval_items(const struct cond *k, const struct look *l)
{
	const union fact_value *v = &l->f->v[k->fact];
	enum truth t = k->kind == COND_ALL ? TRUTH_TRUE : TRUTH_FALSE;
	struct look inner = *l;

	if ((l->f->known & FACT_BIT(k->fact)) == 0)
		return TRUTH_UNKNOWN;
	for (uint32_t i = 0; i < v->list.n; i++) {
		enum truth one;

		inner.item = v->list.v[i];
		one = eval(k->kids[0], &inner);
		if ((k->kind == COND_ALL) == (one < t))
			t = one;
	}
	return t;
}

static enum truth
eval(const struct cond *k, const struct look *l)
{
	switch (k->kind) {
	case COND_TEST:
		return eval_test(k, l);
	case COND_NOT:
		return opposite(eval(k->kids[0], l));
	case COND_AND:
	case COND_OR:
		return eval_kids(k, l);
	case COND_EXISTS:
	case COND_ALL:
		return eval_items(k, l);
	}
	return TRUTH_UNKNOWN;
}

enum truth
cond_eval(const struct cond *k, const struct facts *f)
{
	struct look l = { .f = f };

	return eval(k, &l);
}
