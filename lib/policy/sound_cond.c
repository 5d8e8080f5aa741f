/* sound_cond.c -- whether the conditions in an image are sound: each test is
 * of a fact of its type, each way leads on, and nothing points outside. */
#include "policy/fact.h"
#include "policy/match.h"
#include "policy/sound.h"

struct body { /* the tests that may be gone to */
	const struct image *im;
	const struct f_test *tests;	/* of the condition */
	uint32_t from, to;
	bool inner;		/* of a SOME or EVERY */
};

static bool
way_ok(uint32_t way, uint32_t i, uint32_t to)
{
	return way >= COND_NO || (way > i && way < to);
}

static bool
text_test_ok(const struct image *im, const struct f_test *t, bool glob)
{
	struct f_text text = { t->a, t->b };

	return text_ok(im, text) &&
	    text.len <= (glob ? (uint32_t)PATTERN_BYTES_MAX : UINT32_MAX);
}

static bool
is_number(enum fact_type type, uint32_t flags)
{
	if ((flags & TEST_SIZE) != 0)
		return type == FACT_TEXT || type == FACT_LIST;
	return type == FACT_INT || type == FACT_SIZE || type == FACT_TIME;
}

/* Is it of a fact of this type, and of such flags? */
static bool
kind_ok(enum test_kind kind, enum fact_type type, uint32_t flags)
{
	bool plain = (flags & (TEST_SIZE | TEST_LOWER)) == 0;
	bool item = (flags & TEST_ITEM) != 0;

	switch (kind) {
	case TEST_OF_KNOWN:
		return plain && !item;
	case TEST_OF_WORD:
		return plain && !item &&
		    (type == FACT_ENUM || type == FACT_BOOL);
	case TEST_OF_MOST:
	case TEST_OF_NUMBER:
		return (flags & TEST_LOWER) == 0 && is_number(type, flags);
	case TEST_OF_TEXT:
	case TEST_OF_START:
	case TEST_OF_END:
	case TEST_OF_PART:
	case TEST_OF_GLOB:
	case TEST_OF_ONE:
	case TEST_OF_MORE:
		return type == FACT_TEXT && (flags & TEST_SIZE) == 0;
	case TEST_OF_NET:
		return plain && !item && type == FACT_ADDR;
	case TEST_OF_SOME:
	case TEST_OF_EVERY:
		return flags == 0 && type == FACT_LIST;
	case TEST_KIND_COUNT:
		break;
	}
	return false;
}

static bool
operand_ok(const struct image *im, enum test_kind kind,
    const struct f_test *t)
{
	switch (kind) {
	case TEST_OF_KNOWN:
	case TEST_OF_WORD:
	case TEST_OF_MOST:
	case TEST_OF_NUMBER:
	case TEST_OF_SOME:
	case TEST_OF_EVERY:
		return true;
	case TEST_OF_TEXT:
	case TEST_OF_START:
	case TEST_OF_END:
	case TEST_OF_PART:
	case TEST_OF_ONE:
	case TEST_OF_MORE:
		return text_test_ok(im, t, false);
	case TEST_OF_GLOB:
		return text_test_ok(im, t, true);
	case TEST_OF_NET:
		return t->a < im->ntestnets;
	case TEST_KIND_COUNT:
		break;
	}
	return false;
}

static bool
test_ok(const struct body *b, uint32_t i)
{
	const struct f_test *t = &b->tests[i];
	uint32_t kind = t->what & 0xff, flags = t->what >> 8 & 0xff;
	uint32_t fact = t->what >> 16;
	enum fact_type type;

	if (kind >= TEST_KIND_COUNT || fact >= FACT_COUNT ||
	    (flags & ~(uint32_t)TEST_FLAGS) != 0 ||
	    !way_ok(t->yes, i, b->to) || !way_ok(t->no, i, b->to))
		return false;
	if ((flags & TEST_ITEM) != 0 && !b->inner)
		return false;
	if (b->inner && (kind == TEST_OF_SOME || kind == TEST_OF_EVERY))
		return false;
	type = (flags & TEST_ITEM) != 0 ? FACT_TEXT : fact_table[fact].type;
	return kind_ok((enum test_kind)kind, type, flags) &&
	    operand_ok(b->im, (enum test_kind)kind, t);
}

static bool
body_ok(const struct body *b)
{
	if (b->from >= b->to)
		return false;
	for (uint32_t i = b->from; i < b->to; i++)
		if (!test_ok(b, i))
			return false;
	return true;
}

/* The inner ones stand behind, one after the other, and are all there is. */
static bool
inner_ok(const struct image *im, const struct f_cond *k,
    const struct f_test *tests)
{
	uint32_t next = k->main;

	for (uint32_t i = 0; i < k->main; i++) {
		uint32_t kind = tests[i].what & 0xff;
		struct body b = { im, tests, next, 0, true };

		if (kind != TEST_OF_SOME && kind != TEST_OF_EVERY)
			continue;
		if (tests[i].a != next || tests[i].b > k->tests.n - next)
			return false;
		b.to = next + tests[i].b;
		if (!body_ok(&b))
			return false;
		next = b.to;
	}
	return next == k->tests.n;
}

static bool
cond_ok(const struct image *im, const struct f_cond *k)
{
	struct body b = { .im = im, .to = k->main };
	uint64_t facts = (uint64_t)k->facts[1] << 32 | k->facts[0];

	if (facts >> FACT_COUNT != 0)
		return false;
	if (!text_ok(im, k->text) || !span_ok(k->tests, im->ntests) ||
	    k->tests.n > COND_TESTS_MAX || k->main > k->tests.n)
		return false;
	b.tests = im->tests + k->tests.first;
	return body_ok(&b) && inner_ok(im, k, b.tests);
}

const char *
image_conds_fault(const struct image *im)
{
	for (uint32_t i = 0; i < im->nconds; i++)
		if (!cond_ok(im, &im->conds[i]))
			return "a condition is damaged";
	for (uint32_t i = 0; i < im->ntestnets; i++)
		if (im->testnets[i].bits > 128)
			return "a condition's range is damaged";
	return NULL;
}
