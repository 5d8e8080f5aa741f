/* cond_code.c -- from a condition's tree to tests with a way on for yes and
 * one for no.  Negations are moved down to the tests on the way. */
#include "compile/cond_code.h"

#include "base/arena.h"
#include "base/must.h"
#include "compile/cond_read.h"

enum { /* of a test on its way: places that are not known yet */
	LABEL_YES,
	LABEL_NO,
	LABEL_FIRST
};

struct coder {
	struct arena *arena;
	struct cond_step *v;
	uint32_t n, cap;
	uint32_t *places;	/* of each label */
	uint32_t nlabels, caplabels;
	struct coder *inner;	/* for what SOME and EVERY run */
	bool full;
	struct cond_step spare;	/* written to when it is full */
};

struct ways { /* labels */
	uint32_t yes, no;
};

static void *
code_mem(struct coder *c, size_t n, size_t size)
{
	void *p = arena_alloc(c->arena, n, size);

	must(p != NULL);	/* the arena has no limit of its own */
	return p;
}

static uint32_t
new_label(struct coder *c)
{
	if (c->nlabels == c->caplabels) {
		uint32_t cap = c->caplabels == 0 ? 16 : 2 * c->caplabels;
		uint32_t *v = code_mem(c, cap, sizeof(*v));

		if (c->nlabels > 0)
			memcpy(v, c->places, c->nlabels * sizeof(*v));
		c->places = v;
		c->caplabels = cap;
	}
	return c->nlabels++;
}

static void
set_label(struct coder *c, uint32_t label)
{
	c->places[label] = c->n;
}

static struct cond_step *
put(struct coder *c, struct ways w)
{
	struct cond_step *s;

	if (c->n >= COND_TESTS_MAX) {
		c->full = true;
		return &c->spare;
	}
	if (c->n == c->cap) {
		uint32_t cap = c->cap == 0 ? 8 : 2 * c->cap;
		struct cond_step *v = code_mem(c, cap, sizeof(*v));

		if (c->n > 0)
			memcpy(v, c->v, c->n * sizeof(*v));
		c->v = v;
		c->cap = cap;
	}
	s = &c->v[c->n++];
	s->test.yes = w.yes;
	s->test.no = w.no;
	return s;
}

/* ---- one test */

static uint32_t
what(const struct cond *k, enum test_kind kind, bool not_)
{
	uint32_t flags = (not_ ? (uint32_t)TEST_NOT : 0) |
	    (k->item ? (uint32_t)TEST_ITEM : 0) |
	    (k->lower ? (uint32_t)TEST_LOWER : 0) |
	    (k->size ? (uint32_t)TEST_SIZE : 0);

	return (uint32_t)kind | flags << 8 |
	    (k->item ? 0 : (uint32_t)k->fact << 16);
}

static void
put_wide(struct coder *c, const struct cond *k, enum test_kind kind,
    bool not_, uint64_t n, struct ways w)
{
	struct cond_step *s = put(c, w);

	s->test.what = what(k, kind, not_);
	s->test.a = (uint32_t)n;
	s->test.b = (uint32_t)(n >> 32);
}

static void
put_text(struct coder *c, const struct cond *k, enum test_kind kind,
    bool not_, struct str text, struct ways w)
{
	struct cond_step *s = put(c, w);

	s->test.what = what(k, kind, not_);
	s->text = text;
}

/* Several tests of which one must hold; with not_, of which none may. The
 * i-th of n goes on to the next, the last one out. */
static struct ways
step_ways(struct coder *c, bool not_, bool last, struct ways w,
    uint32_t *next)
{
	if (last)
		return w;
	*next = new_label(c);
	return not_ ? (struct ways){ *next, w.no } :
	    (struct ways){ w.yes, *next };
}

/* Bits of the words that agree. */
static uint64_t
word_bits(const struct cond *k)
{
	unsigned n = fact_words(k->fact);
	uint64_t all = n == FACT_WORDS_MAX ? UINT64_MAX :
	    (UINT64_C(1) << n) - 1;
	uint64_t one, below, bits = 0;

	for (uint32_t i = 0; i < k->nvalues; i++)
		bits |= UINT64_C(1) << k->values[i].n;
	one = UINT64_C(1) << k->values[0].n;
	below = one - 1;
	switch ((int)k->op) {
	case TEST_NE:
		return all & ~one;
	case TEST_LT:
		return below;
	case TEST_LE:
		return below | one;
	case TEST_GT:
		return all & ~(below | one);
	case TEST_GE:
		return all & ~below;
	default:
		return bits;
	}
}

static void
code_number(struct coder *c, const struct cond *k, bool not_, struct ways w)
{
	for (uint32_t i = 0; i < k->nvalues; i++) {
		int64_t n = k->values[i].n;
		uint32_t next = 0;
		bool last = i + 1 == k->nvalues;
		struct ways step = step_ways(c, not_, last, w, &next);

		if (k->op == TEST_EQ || k->op == TEST_IN)
			put_wide(c, k, TEST_OF_NUMBER, not_, (uint64_t)n,
			    step);
		else if (k->op == TEST_NE)
			put_wide(c, k, TEST_OF_NUMBER, !not_, (uint64_t)n,
			    step);
		else if (k->op == TEST_LE || k->op == TEST_GT)
			put_wide(c, k, TEST_OF_MOST,
			    not_ != (k->op == TEST_GT), (uint64_t)n, step);
		else
			put_wide(c, k, TEST_OF_MOST,
			    not_ != (k->op == TEST_GE), (uint64_t)(n - 1),
			    step);
		if (!last)
			set_label(c, next);
	}
}

static void
code_texts(struct coder *c, const struct cond *k, enum test_kind kind,
    bool not_, const struct str *v, uint32_t n, struct ways w)
{
	for (uint32_t i = 0; i < n; i++) {
		uint32_t next = 0;
		struct ways step = step_ways(c, not_, i + 1 == n, w, &next);

		put_text(c, k, kind, not_, v[i], step);
		if (i + 1 < n)
			set_label(c, next);
	}
}

static void
code_domain(struct coder *c, const struct cond *k, bool not_, struct ways w)
{
	struct str s = k->values[0].text;

	if (str_has_prefix(s, STR("**.")))
		put_text(c, k, TEST_OF_MORE, not_, str_from(s, 3), w);
	else if (str_has_prefix(s, STR("*.")))
		put_text(c, k, TEST_OF_ONE, not_, str_from(s, 2), w);
	else
		put_text(c, k, TEST_OF_TEXT, not_, s, w);
}

static void
code_text(struct coder *c, const struct cond *k, bool not_, struct ways w)
{
	static const enum test_kind kinds[] = {
		[TEST_EQ] = TEST_OF_TEXT, [TEST_NE] = TEST_OF_TEXT,
		[TEST_IN] = TEST_OF_TEXT, [TEST_STARTS] = TEST_OF_START,
		[TEST_ENDS] = TEST_OF_END, [TEST_CONTAINS] = TEST_OF_PART,
		[TEST_MATCHES] = TEST_OF_GLOB };
	struct str forms[GLOB_FORMS_MAX], *v;

	if (k->op == TEST_DOMAIN) {
		code_domain(c, k, not_, w);
		return;
	}
	if (k->op == TEST_MATCHES) {
		uint32_t n = glob_forms(k->values[0].text, c->arena, forms);

		code_texts(c, k, TEST_OF_GLOB, not_, forms, n, w);
		return;
	}
	v = code_mem(c, k->nvalues, sizeof(*v));
	for (uint32_t i = 0; i < k->nvalues; i++)
		v[i] = k->values[i].text;
	code_texts(c, k, kinds[k->op], not_ != (k->op == TEST_NE), v,
	    k->nvalues, w);
}

static void
code_addr(struct coder *c, const struct cond *k, bool not_, struct ways w)
{
	for (uint32_t i = 0; i < k->nvalues; i++) {
		uint32_t next = 0;
		bool last = i + 1 == k->nvalues;
		struct ways step = step_ways(c, not_, last, w, &next);
		struct cond_step *s = put(c, step);

		s->test.what = what(k, TEST_OF_NET,
		    not_ != (k->op == TEST_NE));
		s->net = &k->values[i].net;
		if (!last)
			set_label(c, next);
	}
}

/* ---- lists */

static void code(struct coder *c, const struct cond *k, bool not_,
    struct ways w);
static void code_close(struct coder *c);
static void code_open(struct coder *c, struct arena *a);

/* Appends what the test runs for each item. */
static void
code_each(struct coder *c, const struct cond *list, const struct cond *body,
    bool some, bool not_, struct ways w)
{
	struct cond_step *s = put(c, w);
	struct coder one;

	code_open(&one, c->arena);
	code(&one, body, not_, (struct ways){ LABEL_YES, LABEL_NO });
	code_close(&one);
	s->test.what = (uint32_t)(some ? TEST_OF_SOME : TEST_OF_EVERY) |
	    (uint32_t)list->fact << 16;
	s->test.b = one.n;	/* a: when all is there */
	for (uint32_t i = 0; i < one.n; i++)
		*put(c->inner, (struct ways){ 0, 0 }) = one.v[i];
	c->full |= one.full | c->inner->full;
}

/* "pii" in labels: some item is it. */
static void
code_holds(struct coder *c, const struct cond *k, bool not_, struct ways w)
{
	struct cond is = { .kind = COND_TEST, .op = TEST_EQ, .item = true,
		.values = k->values, .nvalues = 1 };

	code_each(c, k, &is, !not_, not_, w);
}

static void
code_test(struct coder *c, const struct cond *k, bool not_, struct ways w)
{
	enum fact_type type = subject_type(k);

	if (k->op == TEST_HAS) {
		put_wide(c, k, TEST_OF_KNOWN, not_, 0, w);
	} else if (k->op == TEST_IS) {
		put_wide(c, k, TEST_OF_WORD, not_, 2, w);
	} else if (k->op == TEST_HOLDS) {
		code_holds(c, k, not_, w);
	} else if (type == FACT_ENUM) {
		put_wide(c, k, TEST_OF_WORD, not_, word_bits(k), w);
	} else if (type == FACT_TEXT) {
		code_text(c, k, not_, w);
	} else if (type == FACT_ADDR) {
		code_addr(c, k, not_, w);
	} else {
		code_number(c, k, not_, w);
	}
}

/* ---- the whole */

/* All of the kids must hold, or one: with not_, the other way round. */
static void
code_kids(struct coder *c, const struct cond *k, bool not_, struct ways w)
{
	bool all = (k->kind == COND_AND) != not_;

	for (uint32_t i = 0; i < k->nkids; i++) {
		uint32_t next;

		if (i + 1 == k->nkids) {
			code(c, k->kids[i], not_, w);
			return;
		}
		next = new_label(c);
		code(c, k->kids[i], not_, all ?
		    (struct ways){ next, w.no } :
		    (struct ways){ w.yes, next });
		set_label(c, next);
	}
}

static void
code(struct coder *c, const struct cond *k, bool not_, struct ways w)
{
	switch (k->kind) {
	case COND_TEST:
		code_test(c, k, not_, w);
		return;
	case COND_NOT:
		code(c, k->kids[0], !not_, w);
		return;
	case COND_AND:
	case COND_OR:
		code_kids(c, k, not_, w);
		return;
	case COND_EXISTS:
	case COND_ALL:
		code_each(c, k, k->kids[0],
		    (k->kind == COND_EXISTS) != not_, not_, w);
		return;
	}
}

static void
code_open(struct coder *c, struct arena *a)
{
	*c = (struct coder){ .arena = a };
	while (c->nlabels < LABEL_FIRST)
		(void)new_label(c);	/* places of their own, never set */
}

static uint32_t
place_of(const struct coder *c, uint32_t label)
{
	if (label == LABEL_YES)
		return COND_YES;
	return label == LABEL_NO ? COND_NO : c->places[label];
}

/* Labels to places. */
static void
code_close(struct coder *c)
{
	for (uint32_t i = 0; i < c->n; i++) {
		c->v[i].test.yes = place_of(c, c->v[i].test.yes);
		c->v[i].test.no = place_of(c, c->v[i].test.no);
	}
}

static void
shift(uint32_t *way, uint32_t by)
{
	if (*way < COND_NO)
		*way += by;
}

/* Puts the inner tests behind the main ones, in their order. */
static void
join_inner(struct coder *c)
{
	uint32_t main = c->n, next = c->n, at = 0;

	for (uint32_t i = 0; i < main; i++) {
		uint32_t kind = c->v[i].test.what & 0xff;

		if (kind != TEST_OF_SOME && kind != TEST_OF_EVERY)
			continue;
		c->v[i].test.a = next;
		for (uint32_t k = 0; k < c->v[i].test.b; k++) {
			struct cond_step s = c->inner->v[at++];

			shift(&s.test.yes, next);
			shift(&s.test.no, next);
			*put(c, (struct ways){ 0, 0 }) = s;
			if (c->full)
				return;
		}
		next += c->v[i].test.b;
	}
}

bool
cond_code(const struct cond *k, struct arena *a, struct cond_code *out)
{
	struct coder c, inner;

	code_open(&c, a);
	code_open(&inner, a);
	c.inner = &inner;
	code(&c, k, false, (struct ways){ LABEL_YES, LABEL_NO });
	code_close(&c);
	out->main = c.n;
	if (!c.full)
		join_inner(&c);
	out->v = c.v;
	out->n = c.n;
	return !c.full;
}
