/* cond.h -- a condition as a tree: what `condition:' and `when:' say, typed
 * and checked.  The image holds it as steps (policy/form.h), and analyses
 * read the tree (compile/cond_domain.h). */
#ifndef COMPILE_COND_H
#define COMPILE_COND_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "policy/addr.h"
#include "policy/fact.h"

struct arena;
struct buf;
struct compile;
struct node;

#define COND_BYTES_MAX	4096	/* source of one condition */
#define COND_DEPTH_MAX	32	/* parentheses, negations, exists and all */
#define COND_OPS_MAX	4096	/* operators, names and constants in one */
#define CONDS_MAX	16384	/* in one policy */

enum cond_kind {
	COND_TEST,	/* of one fact */
	COND_NOT,	/* kids[0] */
	COND_AND,
	COND_OR,
	COND_EXISTS,	/* kids[0] holds for some item of the list */
	COND_ALL,	/* for every item; of an empty list too */
};

enum cond_test {
	TEST_IS,		/* a bool, as it is */
	TEST_EQ, TEST_NE, TEST_LT, TEST_LE, TEST_GT, TEST_GE,
	TEST_IN,	/* one of values; an address: or in one of them */
	TEST_HOLDS,	/* values[0] in the list */
	TEST_STARTS, TEST_ENDS, TEST_CONTAINS,
	TEST_MATCHES,	/* a glob, all of the text: * ? no /, ** any */
	TEST_DOMAIN,	/* x.y, *.x.y, **.x.y: as an allow's endpoint */
	TEST_HAS,	/* is it known? */
};

struct cond_value {
	int64_t n;	/* bool, number, or place of the enum's word */
	struct str text; /* as it would be written, without quotes */
	struct prefix net;
};

struct cond {
	enum cond_kind kind;
	struct cond **kids;
	uint32_t nkids;
	/* COND_TEST; COND_EXISTS and COND_ALL have fact alone, a list */
	enum cond_test op;
	bool item;	/* about the item of the exists or all around it */
	enum fact fact;	/* otherwise, about this */
	bool lower, size; /* lower(x), size(x) */
	struct cond_value *values;
	uint32_t nvalues;
	uint32_t at, width; /* in the source */
};

struct cond_fault { /* why a text is no condition */
	uint32_t at, width;	/* in the text */
	char text[256];
};

/* 0, or -1 with the fault. where: FOR_*, the decision it is about. Facts of
 * a later phase than `phase' are a fault. The tree is the arena's. */
int cond_parse(struct str text, unsigned where, enum fact_phase phase,
    struct arena *a, struct cond **out, struct cond_fault *fault);
/* In canonical spelling, which parses to the same; arena's, with a NUL. */
struct str cond_print(const struct cond *k, struct arena *a);
/* FACT_BIT of each fact in it. */
uint64_t cond_uses(const struct cond *k);
/* Is there a has() in it? */
bool cond_asks_known(const struct cond *k);
/* Structurally the same. */
bool cond_same(const struct cond *x, const struct cond *y);

/* ---- of a policy */

struct cond_code;

struct pol_cond {
	struct cond *root;
	struct cond_code *code;
	struct str text;	/* canonical */
	const struct node *at;
	unsigned where;
	bool grants;		/* unknown does not hold; otherwise it does */
};

struct pol_conds {
	struct pol_cond *v;
	uint32_t n, cap;
	uint32_t linted;	/* points that were tried, of all */
};

/* A scalar's condition, of a rule that grants or one that denies. Said at
 * its place if it is none. Its number, from 1 on; 0: it is wrong (and the
 * rule must be dropped, not taken as one without a condition). */
uint32_t take_cond(struct compile *c, const struct node *n, unsigned where,
    enum fact_phase phase, bool grants);
/* The part of it that says the same whatever the facts are (*always: true),
 * or NULL: none is found within bounds. */
const struct cond *cond_idle(struct compile *c, const struct cond *root,
    bool *always);
/* NULL for 0. */
const struct pol_cond *pol_cond(const struct compile *c, uint32_t number);
/* At POLICY_STAGE_ENFORCE, an error for each fact in it that is not one of
 * can, with the place. */
void cond_not_enforced(struct compile *c, uint32_t number, uint64_t can);

#endif
