/* form_models.h -- the part of an image's bytes that is about conditions,
 * models, labels and limits.  See form.h, which alone includes it. */
#ifndef POLICY_FORM_MODELS_H
#define POLICY_FORM_MODELS_H

#include <stdint.h>

/* ---- conditions
 *
 * A condition is a list of tests. Each says where to go on if it holds and
 * where if not: to a later test, never to an earlier one, or to the end. So
 * it ends after as many steps as it has tests. Negations are in the tests,
 * which is why `unknown' may count as true or false at each of them: the
 * result is then what Kleene's logic gives for the whole. */
#define COND_YES 0xffffffffU
#define COND_NO	 0xfffffffeU

#define COND_TESTS_MAX 4096	/* of one condition */

enum test_kind {
	TEST_OF_KNOWN,
	TEST_OF_WORD,	/* a, b: bits of the words that match; bools too */
	TEST_OF_MOST,	/* number <= a, b */
	TEST_OF_NUMBER,	/* number == a, b */
	TEST_OF_TEXT,	/* a, b: a text, the whole one */
	TEST_OF_START, TEST_OF_END, TEST_OF_PART,
	TEST_OF_GLOB,	/* a, b: compiled (match.h) */
	TEST_OF_ONE,	/* one label more than a, b */
	TEST_OF_MORE,	/* one or more */
	TEST_OF_NET,	/* a: index of a net */
	TEST_OF_SOME,	/* an item for which b tests from a on hold */
	TEST_OF_EVERY,	/* the same, of all items */
	TEST_KIND_COUNT
};

enum {
	TEST_NOT = 1,	/* holds when it would not */
	TEST_ITEM = 2,	/* of the list's item, not of a fact */
	TEST_LOWER = 4,	/* upper case in the fact counts as lower */
	TEST_SIZE = 8,	/* of the fact's length */
	TEST_FLAGS = 15,
};

struct f_test {
	uint32_t what;		/* kind | flags << 8 | fact << 16 */
	uint32_t yes, no;	/* counted from the condition's first */
	uint32_t a, b;
};

struct f_cond { /* the first `main' tests are it; behind them, those of SOME
		 * and EVERY, in the order in which these stand */
	struct f_text text;
	struct f_span tests;
	uint32_t main;
	uint32_t facts[2];	/* bits of the facts in it */
};

/* ---- models */

struct f_wide {
	uint32_t lo, hi;
};

struct f_router { /* one, or none: no inference section */
	uint32_t to;		/* backend of the default */
	uint32_t file, line;	/* line 0: nobody said one */
};

struct f_backend {
	struct f_text name, url, region, key;
	uint32_t kind, locality, retention, no_cloud;
	struct f_span models;
};

struct f_model {
	struct f_text alias, model;
};

enum { /* in the order in which they win; see struct f_route */
	FORM_ROUTE_DENY,
	FORM_ROUTE_REDACT,	/* and goes on */
	FORM_ROUTE_TO,
};

struct f_route { /* sorted: denies, redactions, then from the most private
		  * route to the least; else as written */
	uint32_t action, rank, redact;
	uint32_t cond;		/* from 1 on */
	uint32_t to, fallback;	/* backend + 1; 0: none */
	struct f_wide input, output, cost, time;
	uint32_t file, line;
	struct f_text text, name;
};

/* Beside each route: its condition's first test, if nothing holds without it
 * and it is of a word or a number. Otherwise what is LEAD_NONE. */
struct f_lead {
	uint32_t what, zero;
	uint32_t a, b;		/* as in struct f_test */
};

#define LEAD_NONE 0xff

struct f_budget {
	uint32_t scope, route;
	struct f_wide window, tokens, cost;
};

/* ---- labels */

struct f_label {
	uint32_t file, line;
	struct f_text text;
};

struct f_labels { /* of a state of the automaton; the first is empty */
	uint32_t level, by;	/* by: the label that gives it + 1, or 0 */
	uint32_t names[2];	/* bits */
};

#define FORM_MODELS(SECTION)						\
	SECTION(conds, struct f_cond)					\
	SECTION(tests, struct f_test)					\
	SECTION(testnets, struct prefix)				\
	SECTION(router, struct f_router)				\
	SECTION(backends, struct f_backend)				\
	SECTION(models, struct f_model)					\
	SECTION(routes, struct f_route)					\
	SECTION(leads, struct f_lead)					\
	SECTION(budgets, struct f_budget)				\
	SECTION(limits, uint32_t)	/* enum limit, or none at all */ \
	SECTION(labels, struct f_label)					\
	SECTION(labelsets, struct f_labels)				\
	SECTION(labelsteps, struct f_step)				\
	SECTION(labelroot, uint32_t)	/* its start, or none */	\
	SECTION(labelnames, struct f_text)

#endif
