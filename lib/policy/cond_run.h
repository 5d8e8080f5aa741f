/* cond_run.h -- runs the tests of a condition, where that must be quick: what
 * is of a word or a number is done here, everything else in cond.c.  Of the
 * deciding files alone. */
#ifndef POLICY_COND_RUN_H
#define POLICY_COND_RUN_H

#include "policy/cond.h"
#include "policy/form.h"

/* One test, of any kind. */
bool cond_test(const struct image *im, const struct facts *f,
    const struct f_test *tests, const struct f_test *t, bool unknown,
    bool later);

/* Of a word or a number, of a fact that is known. */
static inline bool
cond_is_plain(uint32_t what, const struct facts *f)
{
	uint32_t kind = what & 0xff;

	if (kind < TEST_OF_WORD || kind > TEST_OF_NUMBER ||
	    (what >> 8 & (TEST_ITEM | TEST_SIZE)) != 0 ||
	    (f->known >> (what >> 16) & 1) == 0)
		return false;
	return kind != TEST_OF_WORD ||
	    (uint64_t)f->v[what >> 16].n < FACT_WORDS_MAX;
}

static inline bool
cond_plain(uint32_t what, uint32_t a, uint32_t b, const struct facts *f)
{
	uint64_t want = (uint64_t)b << 32 | a;
	int64_t n = f->v[what >> 16].n;
	uint32_t kind = what & 0xff;
	bool is = kind == TEST_OF_WORD ? (want >> n & 1) != 0 :
	    kind == TEST_OF_MOST ? n <= (int64_t)want : n == (int64_t)want;

	return is != ((what >> 8 & TEST_NOT) != 0);
}

/* Is a condition with this lead false for sure? */
static inline bool
cond_is_led_out(const struct f_lead *l, const struct facts *f)
{
	return cond_is_plain(l->what, f) && !cond_plain(l->what, l->a, l->b,
	    f);
}

/* unknown and later: what these count as. */
static inline bool
cond_run(const struct image *im, uint32_t cond, const struct facts *f,
    bool unknown, bool later)
{
	const struct f_test *tests;
	uint32_t i = 0;

	if (cond == 0)
		return true;
	tests = im->tests + im->conds[cond - 1].tests.first;
	while (i < COND_NO) {
		const struct f_test *t = &tests[i];
		bool is = cond_is_plain(t->what, f) ?
		    cond_plain(t->what, t->a, t->b, f) :
		    cond_test(im, f, tests, t, unknown, later);

		i = is ? t->yes : t->no;
	}
	return i == COND_YES;
}

#endif
