/* cond_domain.c -- the facts of some conditions, their classes, and all
 * combinations of these. */
#include "compile/cond_domain.h"

#include <stdlib.h>

#include "base/arena.h"
#include "base/must.h"
#include "compile/cond_classes.h"
#include "compile/cond_read.h"

enum { STATES_MAX = 20000 };

struct gather {
	struct arena *arena;
	struct test_list tests[FACT_COUNT], items[FACT_COUNT];
	uint64_t facts;
	uint32_t limit;		/* of an automaton's states */
};

static void *
domain_mem(struct arena *a, size_t n, size_t size)
{
	void *p = arena_alloc(a, n, size);

	must(p != NULL);	/* the arena has no limit of its own */
	return p;
}

static void
list_add(struct gather *g, struct test_list *l, const struct cond *k)
{
	if (l->n == l->cap) {
		uint32_t cap = l->cap == 0 ? 8 : 2 * l->cap;
		const struct cond **v = domain_mem(g->arena, cap, sizeof(*v));

		if (l->n > 0)
			memcpy(v, l->v, l->n * sizeof(*v));
		l->v = v;
		l->cap = cap;
	}
	l->v[l->n++] = k;
}

/* Tests that are the same in two rules are one. */
static void
list_add_once(struct gather *g, struct test_list *l, const struct cond *k)
{
	for (uint32_t i = 0; i < l->n; i++)
		if (cond_same(l->v[i], k))
			return;
	list_add(g, l, k);
}

static void
gather(struct gather *g, const struct cond *k, enum fact list)
{
	bool each = k->kind == COND_EXISTS || k->kind == COND_ALL;

	if (each || (k->kind == COND_TEST && !k->item))
		g->facts |= FACT_BIT(k->fact);
	if (k->kind == COND_TEST) {
		if (k->item)
			list_add_once(g, &g->items[list], k);
		else if (k->op == TEST_HOLDS)
			list_add_once(g, &g->items[k->fact], k);
		else
			list_add_once(g, &g->tests[k->fact], k);
	}
	for (uint32_t i = 0; i < k->nkids; i++)
		gather(g, k->kids[i], each ? k->fact : list);
}

/* ---- bools, enums, numbers, addresses */

static int64_t
greatest(enum fact f)
{
	if (f == FACT_PORT)
		return UINT16_MAX;
	return f == FACT_TIME_OF_DAY ? 24 * 3600 * 1000 - 1 : INT64_MAX;
}

static void
put_number(struct fact_classes *c, int64_t n)
{
	if (n <= greatest(c->fact))
		c->v[c->n++].n = n;
}

static int
by_number(const void *a, const void *b)
{
	const union fact_value *x = a, *y = b;

	return x->n < y->n ? -1 : x->n > y->n;
}

static bool
same_tests(const struct test_list *tests, enum fact fact,
    const union fact_value *x, const union fact_value *y)
{
	struct facts f = { .known = FACT_BIT(fact) }, g = f;

	f.v[fact] = *x;
	g.v[fact] = *y;
	for (uint32_t i = 0; i < tests->n; i++)
		if (cond_eval(tests->v[i], &f) != cond_eval(tests->v[i], &g))
			return false;
	return true;
}

/* Keeps one of those that every test says the same of. */
static void
keep_classes(const struct test_list *tests, struct fact_classes *c)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < c->n; i++) {
		bool seen = false;

		for (uint32_t k = 0; k < kept && !seen; k++)
			seen = same_tests(tests, c->fact, &c->v[i],
			    &c->v[k]);
		if (!seen)
			c->v[kept++] = c->v[i];
	}
	c->n = kept;
}

/* Behind every constant a class may begin, and at it. */
static void
number_values(const struct test_list *tests, struct arena *a,
    struct fact_classes *c)
{
	uint32_t n = 1;

	for (uint32_t i = 0; i < tests->n; i++)
		n += 3 * tests->v[i]->nvalues;
	c->v = domain_mem(a, n, sizeof(*c->v));
	put_number(c, 0);
	for (uint32_t i = 0; i < tests->n; i++)
		for (uint32_t k = 0; k < tests->v[i]->nvalues; k++) {
			int64_t at = tests->v[i]->values[k].n;

			if (at > 0)
				put_number(c, at - 1);
			put_number(c, at);
			if (at < INT64_MAX)
				put_number(c, at + 1);
		}
	qsort(c->v, c->n, sizeof(*c->v), by_number);
}

static void
word_values(struct arena *a, struct fact_classes *c)
{
	uint32_t n = fact_table[c->fact].type == FACT_BOOL ? 2 :
	    fact_words(c->fact);

	c->v = domain_mem(a, n, sizeof(*c->v));
	for (uint32_t i = 0; i < n; i++)
		put_number(c, i);
}

/* The address after the range's last; false: there is none. */
static bool
after(const struct prefix *p, unsigned char out[16])
{
	memcpy(out, p->addr, 16);
	for (uint32_t bit = p->bits; bit < 128; bit++)
		out[bit / 8] |= (unsigned char)(0x80 >> bit % 8);
	for (int i = 15; i >= 0; i--)
		if (++out[i] != 0)
			return true;
	return false;
}

static void
address_values(const struct test_list *tests, struct arena *a,
    struct fact_classes *c)
{
	uint32_t n = 1;

	for (uint32_t i = 0; i < tests->n; i++)
		n += 2 * tests->v[i]->nvalues;
	c->v = domain_mem(a, n, sizeof(*c->v));
	c->n = 1;	/* :: */
	for (uint32_t i = 0; i < tests->n; i++)
		for (uint32_t k = 0; k < tests->v[i]->nvalues; k++) {
			const struct prefix *p = &tests->v[i]->values[k].net;

			memcpy(c->v[c->n++].addr, p->addr, 16);
			if (after(p, c->v[c->n].addr))
				c->n++;
		}
}

void
value_classes(const struct test_list *tests, struct arena *a,
    struct fact_classes *c)
{
	enum fact_type type = fact_table[c->fact].type;

	if (type == FACT_BOOL || type == FACT_ENUM)
		word_values(a, c);
	else if (type == FACT_ADDR)
		address_values(tests, a, c);
	else
		number_values(tests, a, c);
	keep_classes(tests, c);
}

/* ---- the whole */

static int
fact_domain(struct gather *g, enum fact f, struct fact_classes *c)
{
	struct str *v;

	c->fact = f;
	if (fact_table[f].type == FACT_LIST)
		return list_classes(&g->items[f], &g->tests[f], g->arena,
		    g->limit, c);
	if (fact_table[f].type != FACT_TEXT) {
		value_classes(&g->tests[f], g->arena, c);
		return 0;
	}
	if (text_classes(&g->tests[f], g->arena, g->limit, &v, &c->n) == -1)
		return -1;
	c->v = domain_mem(g->arena, (size_t)c->n + 1, sizeof(*c->v));
	for (uint32_t i = 0; i < c->n; i++)
		c->v[i].text = v[i];
	return 0;
}

static uint64_t
sides(const struct fact_classes *c)
{
	return (uint64_t)c->n + c->unknown;
}

int
cond_domain(const struct cond *const *conds, uint32_t n, bool unknown,
    uint64_t limit, struct arena *a, struct cond_domain *out,
    const char **why)
{
	struct gather *g = domain_mem(a, 1, sizeof(*g));

	g->arena = a;
	g->limit = limit < STATES_MAX ? (uint32_t)limit : STATES_MAX;
	for (uint32_t i = 0; i < n; i++)
		gather(g, conds[i], FACT_LABELS);
	out->v = domain_mem(a, FACT_COUNT, sizeof(*out->v));
	out->n = 0;
	out->points = 1;
	for (uint64_t left = g->facts; left != 0; left &= left - 1) {
		enum fact f = (enum fact)__builtin_ctzll(left);
		struct fact_classes *c = &out->v[out->n];

		if (fact_table[f].phase == PHASE_RESULT)
			continue;
		*why = fact_table[f].name;
		if (fact_domain(g, f, c) == -1)
			return -1;
		c->unknown = unknown;
		out->n++;
		if (__builtin_mul_overflow(out->points, sides(c),
			&out->points) || out->points > limit)
			return -1;
	}
	return 0;
}

void
cond_domain_point(const struct cond_domain *d, uint64_t i,
    struct facts *out)
{
	out->known = out->later = 0;
	for (uint32_t k = 0; k < d->n; k++) {
		const struct fact_classes *c = &d->v[k];
		uint64_t at = i % sides(c);

		i /= sides(c);
		if (at == c->n)
			continue;	/* not known */
		out->known |= FACT_BIT(c->fact);
		out->v[c->fact] = c->v[at];
	}
}
