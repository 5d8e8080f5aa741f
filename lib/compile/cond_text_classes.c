/* cond_text_classes.c -- texts that tests tell apart: each test is a regular
 * language, and one automaton for all of them has a state for each class. */
#include "automaton/automaton.h"
#include "base/must.h"
#include "compile/cond_classes.h"
#include "compile/cond_read.h"
#include "policy/match.h"

enum {
	SIZE_MAX_HERE = 1024,	/* texts are told apart by length up to this */
	LIST_SUBSETS_MAX = 10,	/* classes of items, for all their subsets */
	ID_ALL = 0,		/* every text */
};

static struct byte_set
set_of(int without, int also)
{
	struct byte_set s = { { ~UINT64_C(1), UINT64_MAX, UINT64_MAX,
		UINT64_MAX } };	/* no NUL */

	if (also >= 0) {
		s = (struct byte_set){ { 0 } };
		s.bits[also / 64] |= UINT64_C(1) << (also % 64);
		s.bits[without / 64] |= UINT64_C(1) << (without % 64);
	} else if (without >= 0) {
		s.bits[without / 64] &= ~(UINT64_C(1) << (without % 64));
	}
	return s;
}

static struct part
any_but(struct nfa *n, int without)
{
	struct byte_set s = set_of(without, -1);

	return nfa_set(n, &s);
}

static struct part
any_text(struct nfa *n)
{
	return nfa_star(n, any_but(n, -1));
}

/* One byte, or the letter in both cases. */
static struct part
one_byte(struct nfa *n, char c, bool lower)
{
	struct byte_set s;

	if (!lower || c < 'a' || c > 'z')
		return nfa_text(n, str_of(&c, 1));
	s = set_of(c, c & ~0x20);
	return nfa_set(n, &s);
}

static struct part
part_of(struct nfa *n, struct str pattern, bool lower)
{
	struct part p = nfa_text(n, STR(""));

	for (size_t i = 0; i < pattern.len; i++) {
		char c = pattern.p[i];
		struct part next;

		if (c == OP_STAR)
			next = nfa_star(n, any_but(n, '/'));
		else if (c == OP_SPAN)
			next = any_text(n);
		else if (c == OP_ONE)
			next = any_but(n, '/');
		else
			next = one_byte(n, c, lower);
		p = nfa_cat(n, p, next);
	}
	return p;
}

/* As long as min, and not longer than max. */
static struct part
sized(struct nfa *n, int64_t min, int64_t max)
{
	struct part p = nfa_text(n, STR(""));

	for (int64_t i = max; i > 0; i--) {
		p = nfa_cat(n, any_but(n, -1), p);
		if (i > min)
			p = nfa_alt(n, p, nfa_text(n, STR("")));
	}
	return p;
}

static bool
add_size(struct nfa *n, const struct cond *k, uint32_t id)
{
	for (uint32_t i = 0; i < k->nvalues; i++) {
		int64_t size = k->values[i].n;

		if (size > SIZE_MAX_HERE)
			return false;
		if (k->op == TEST_EQ || k->op == TEST_NE || k->op == TEST_IN)
			nfa_accept(n, sized(n, size, size), id);
		else if (k->op == TEST_LE || k->op == TEST_GT)
			nfa_accept(n, sized(n, 0, size), id);
		else if (size > 0)
			nfa_accept(n, sized(n, 0, size - 1), id);
	}
	return true;
}

static void
add_domain(struct nfa *n, const struct cond *k, uint32_t id)
{
	struct str s = k->values[0].text;
	bool more = str_has_prefix(s, STR("**."));
	bool one = str_has_prefix(s, STR("*."));
	struct part p;

	if (!more && !one) {
		nfa_accept(n, part_of(n, s, k->lower), id);
		return;
	}
	p = nfa_cat(n, any_but(n, '.'), more ? any_text(n) :
	    nfa_star(n, any_but(n, '.')));
	p = nfa_cat(n, p, part_of(n, str_from(s, more ? 2 : 1), k->lower));
	nfa_accept(n, p, id);
}

/* The texts of which the test, or its opposite, is true. */
static bool
add_test(struct nfa *n, const struct cond *k, uint32_t id, struct arena *a)
{
	struct str forms[GLOB_FORMS_MAX];
	uint32_t nforms = 0;

	if (k->size)
		return add_size(n, k, id);
	if (k->op == TEST_DOMAIN)
		add_domain(n, k, id);
	else if (k->op == TEST_MATCHES)
		nforms = glob_forms(k->values[0].text, a, forms);
	for (uint32_t i = 0; i < nforms; i++)
		nfa_accept(n, part_of(n, forms[i], k->lower), id);
	for (uint32_t i = 0; i < k->nvalues && k->op != TEST_MATCHES &&
	    k->op != TEST_DOMAIN; i++) {
		struct part p = part_of(n, k->values[i].text, k->lower);

		if (k->op == TEST_ENDS || k->op == TEST_CONTAINS)
			p = nfa_cat(n, any_text(n), p);
		if (k->op == TEST_STARTS || k->op == TEST_CONTAINS)
			p = nfa_cat(n, p, any_text(n));
		nfa_accept(n, p, id);
	}
	return true;
}

static bool
is_label(const void *arg, uint32_t label)
{
	const uint32_t *want = arg;

	return label == *want;
}

int
text_classes(const struct test_list *tests, struct arena *a, uint32_t limit,
    struct str **out, uint32_t *n)
{
	struct nfa *nfa = nfa_new(a);
	struct dfa d;
	uint32_t culprit;

	nfa_accept(nfa, any_text(nfa), ID_ALL);
	for (uint32_t i = 0; i < tests->n; i++)
		if (tests->v[i]->op != TEST_HAS &&
		    !add_test(nfa, tests->v[i], i + 1, a))
			return -1;
	if (dfa_of(nfa, a, limit, &d, &culprit) == -1)
		return -1;
	*out = arena_alloc(a, d.nsets + 1, sizeof(**out));
	must(*out != NULL);	/* the arena has no limit of its own */
	*n = 0;
	for (uint32_t label = 1; label < d.nsets; label++)
		if (dfa_example(&d, is_label, &label, a, &(*out)[*n]))
			++*n;
	return 0;
}

/* ---- lists */

static bool
has_size(const struct test_list *whole, int64_t near)
{
	if (near <= 0 || near > FACT_ITEMS_MAX)
		return false;
	for (uint32_t i = 0; i < whole->n; i++)
		for (uint32_t k = 0; whole->v[i]->size &&
		    k < whole->v[i]->nvalues; k++)
			if (whole->v[i]->values[k].n >= near - 1 &&
			    whole->v[i]->values[k].n <= near + 1)
				return true;
	return false;
}

/* The items of a subset, the last one again up to size. */
static void
put_list(struct fact_classes *out, struct arena *a, const struct str *items,
    uint32_t subset, uint32_t size)
{
	struct str *v = arena_alloc(a, (size_t)size + 1, sizeof(*v));
	uint32_t n = 0;

	must(v != NULL);	/* the arena has no limit of its own */
	for (uint32_t i = 0; subset >> i != 0; i++)
		if ((subset >> i & 1) != 0)
			v[n++] = items[i];
	for (; n > 0 && n < size; n++)
		v[n] = v[n - 1];
	out->v[out->n].list.v = v;
	out->v[out->n++].list.n = n;
}

int
list_classes(const struct test_list *items, const struct test_list *whole,
    struct arena *a, uint32_t limit, struct fact_classes *out)
{
	struct str *v;
	uint32_t n, sizes = 1;

	if (text_classes(items, a, limit, &v, &n) == -1 || n > LIST_SUBSETS_MAX)
		return -1;
	for (int64_t s = 1; s <= FACT_ITEMS_MAX; s++)
		sizes += has_size(whole, s);
	out->v = arena_alloc(a, ((size_t)1 << n) * sizes, sizeof(*out->v));
	must(out->v != NULL);	/* the arena has no limit of its own */
	for (uint32_t subset = 0; subset < UINT32_C(1) << n; subset++) {
		uint32_t least = (uint32_t)__builtin_popcount(subset);

		put_list(out, a, v, subset, least);
		for (uint32_t s = least + 1; subset != 0 &&
		    s <= FACT_ITEMS_MAX; s++)
			if (has_size(whole, s))
				put_list(out, a, v, subset, s);
	}
	return 0;
}
