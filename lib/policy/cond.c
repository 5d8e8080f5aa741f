/* cond.c -- runs the tests of a condition.  image_conds_fault() has looked at
 * each: the fact's type is one that the test is of, and every way leads on. */
#include "policy/cond.h"

#include "policy/cond_run.h"
#include "policy/match.h"

enum { GLOB_TEXT_MAX = 8192 }; /* longer ones are not known */

struct run { /* one condition */
	const struct image *im;
	const struct facts *f;
	const struct f_test *tests;
	struct str item;
	bool unknown, later;	/* what these count as */
};

void
fact_put_addr(struct facts *f, enum fact id, const unsigned char a[16])
{
	f->known |= FACT_BIT(id);
	memcpy(f->v[id].addr, a, sizeof(f->v[id].addr));
}

/* ---- texts */

static char
low(char c, bool lower)
{
	return lower && c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

static bool
begins(struct str s, struct str head, bool lower)
{
	if (s.len < head.len)
		return false;
	for (size_t i = 0; i < head.len; i++)
		if (low(s.p[i], lower) != head.p[i])
			return false;
	return true;
}

static bool
ends(struct str s, struct str tail, bool lower)
{
	return s.len >= tail.len &&
	    begins(str_from(s, s.len - tail.len), tail, lower);
}

static bool
holds_part(struct str s, struct str part, bool lower)
{
	if (!lower)
		return part.len == 0 ||
		    (s.len >= part.len &&
			memmem(s.p, s.len, part.p, part.len) != NULL);
	for (; s.len >= part.len; s = str_from(s, 1)) {
		if (begins(s, part, lower))
			return true;
		if (s.len == 0)
			break;
	}
	return false;
}

/* Below the domain: one label more, or any number of them. */
static bool
is_below(struct str s, struct str domain, bool lower, bool one)
{
	struct str head;

	if (s.len < domain.len + 2 || !ends(s, domain, lower))
		return false;
	head = str_head(s, s.len - domain.len - 1);
	return s.p[head.len] == '.' && head.p[0] != '.' &&
	    (!one || str_index(head, '.') == head.len);
}

static bool
is_glob(struct str s, struct str glob, bool lower)
{
	char buf[GLOB_TEXT_MAX];

	if (!lower)
		return match_path(glob, s);
	for (size_t i = 0; i < s.len; i++)
		buf[i] = low(s.p[i], true);
	return match_path(glob, str_of(buf, s.len));
}

static bool
text_holds(const struct run *r, enum test_kind kind, const struct f_test *t,
    struct str s, bool lower)
{
	struct str want = form_text(r->im, (struct f_text){ t->a, t->b });

	switch ((int)kind) {
	case TEST_OF_TEXT:
		return s.len == want.len && begins(s, want, lower);
	case TEST_OF_START:
		return begins(s, want, lower);
	case TEST_OF_END:
		return ends(s, want, lower);
	case TEST_OF_PART:
		return holds_part(s, want, lower);
	case TEST_OF_GLOB:
		return is_glob(s, want, lower);
	case TEST_OF_ONE:
		return is_below(s, want, lower, true);
	default:
		return is_below(s, want, lower, false);
	}
}

/* ---- one test */

static int64_t
wide(const struct f_test *t)
{
	return (int64_t)((uint64_t)t->b << 32 | t->a);
}

static bool
number_holds(enum test_kind kind, const struct f_test *t, int64_t n)
{
	return kind == TEST_OF_MOST ? n <= wide(t) : n == wide(t);
}

static int64_t
length(const struct run *r, uint32_t flags, enum fact fact)
{
	const union fact_value *v = &r->f->v[fact];

	if ((flags & TEST_ITEM) != 0)
		return (int64_t)r->item.len;
	return fact_table[fact].type == FACT_LIST ? v->list.n :
	    (int64_t)v->text.len;
}

static bool run_tests(const struct run *r, uint32_t i);

static bool
each_holds(const struct run *r, const struct f_test *t, bool some,
    enum fact fact)
{
	const union fact_value *v = &r->f->v[fact];
	struct run inner = *r;

	for (uint32_t i = 0; i < v->list.n; i++) {
		inner.item = v->list.v[i];
		if (inner.item.len > FACT_BYTES_MAX ? r->unknown == some :
		    run_tests(&inner, t->a) == some)
			return some;
	}
	return !some;
}

/* What is put as known and cannot be looked at. */
static bool
is_odd(const struct run *r, enum test_kind kind, uint32_t flags,
    enum fact fact)
{
	const union fact_value *v = &r->f->v[fact];
	size_t len;

	if ((flags & TEST_ITEM) == 0) {
		if (kind == TEST_OF_WORD)
			return v->n < 0 || v->n >= FACT_WORDS_MAX;
		if (fact_table[fact].type == FACT_LIST)
			return v->list.n > FACT_ITEMS_MAX;
		if (fact_table[fact].type != FACT_TEXT)
			return false;
	}
	len = (flags & TEST_ITEM) != 0 ? r->item.len : v->text.len;
	return len > (kind == TEST_OF_GLOB ? GLOB_TEXT_MAX : FACT_BYTES_MAX);
}

static bool
known_holds(const struct run *r, enum test_kind kind, const struct f_test *t,
    uint32_t flags, enum fact fact)
{
	const union fact_value *v = &r->f->v[fact];
	bool item = (flags & TEST_ITEM) != 0;

	switch ((int)kind) {
	case TEST_OF_WORD:
		return ((uint64_t)wide(t) >> v->n & 1) != 0;
	case TEST_OF_MOST:
	case TEST_OF_NUMBER:
		return number_holds(kind, t, (flags & TEST_SIZE) != 0 ?
		    length(r, flags, fact) : v->n);
	case TEST_OF_NET:
		return prefix_holds(&r->im->testnets[t->a], v->addr);
	case TEST_OF_SOME:
	case TEST_OF_EVERY:
		return each_holds(r, t, kind == TEST_OF_SOME, fact);
	default:
		return text_holds(r, kind, t, item ? r->item : v->text,
		    (flags & TEST_LOWER) != 0);
	}
}

static bool
test_holds(const struct run *r, const struct f_test *t)
{
	enum test_kind kind = (enum test_kind)(t->what & 0xff);
	uint32_t flags = t->what >> 8 & 0xff;
	enum fact fact = (enum fact)(t->what >> 16);
	bool known = (r->f->known & FACT_BIT(fact)) != 0;

	if (kind == TEST_OF_KNOWN)
		return known != ((flags & TEST_NOT) != 0);
	if ((flags & TEST_ITEM) == 0 && !known)
		return (r->f->later & FACT_BIT(fact)) != 0 ? r->later :
		    r->unknown;
	if (is_odd(r, kind, flags, fact))
		return r->unknown;
	return known_holds(r, kind, t, flags, fact) !=
	    ((flags & TEST_NOT) != 0);
}

bool
cond_test(const struct image *im, const struct facts *f,
    const struct f_test *tests, const struct f_test *t, bool unknown,
    bool later)
{
	struct run r = { .im = im, .f = f, .tests = tests,
		.unknown = unknown, .later = later };

	return test_holds(&r, t);
}

/* ---- a condition */

/* Those of an item. */
static bool
run_tests(const struct run *r, uint32_t i)
{
	while (i < COND_NO) {
		const struct f_test *t = &r->tests[i];

		i = test_holds(r, t) ? t->yes : t->no;
	}
	return i == COND_YES;
}

bool
cond_grants(const struct image *im, uint32_t cond, const struct facts *f)
{
	return cond_run(im, cond, f, false, true);
}

bool
cond_denies(const struct image *im, uint32_t cond, const struct facts *f)
{
	return cond_run(im, cond, f, true, false);
}

enum truth
cond_truth(const struct image *im, uint32_t cond, const struct facts *f)
{
	if (cond_run(im, cond, f, false, false))
		return TRUTH_TRUE;
	return cond_run(im, cond, f, true, true) ? TRUTH_UNKNOWN : TRUTH_FALSE;
}

struct str
cond_text(const struct image *im, uint32_t cond)
{
	return cond == 0 ? STR("") :
	    form_text(im, im->conds[cond - 1].text);
}

uint64_t
cond_facts(const struct image *im, uint32_t cond)
{
	const uint32_t *v;

	if (cond == 0)
		return 0;
	v = im->conds[cond - 1].facts;
	return (uint64_t)v[1] << 32 | v[0];
}
