/* cond_domain.h -- all that some conditions can tell apart: for each fact in
 * them a few values, one of each class of values for which every test says
 * the same.  What holds at each point (a value for each fact) holds always:
 * so questions about all facts are answered by trying them. */
#ifndef COMPILE_COND_DOMAIN_H
#define COMPILE_COND_DOMAIN_H

#include "compile/cond.h"
#include "policy/cond.h"

struct fact_classes {
	enum fact fact;
	union fact_value *v;	/* an example of each class */
	uint32_t n;
	bool unknown;		/* one class more: it is not known */
};

struct cond_domain {
	struct fact_classes *v;	/* of each fact in the conditions */
	uint32_t n;
	uint64_t points;	/* 1 when there is no fact */
};

/* unknown: what is not known is a class of each fact. Results (PHASE_RESULT)
 * are no dimension: the asker puts them. -1: more than limit points, or a
 * text's classes are too many; *why says which. */
int cond_domain(const struct cond *const *conds, uint32_t n, bool unknown,
    uint64_t limit, struct arena *a, struct cond_domain *out,
    const char **why);
/* The i-th point, as facts; its texts and lists are the domain's. */
void cond_domain_point(const struct cond_domain *d, uint64_t i,
    struct facts *out);

/* What the tree says, by looking at it: the image's tests must agree. */
enum truth cond_eval(const struct cond *k, const struct facts *f);

/* "context_sensitivity=high turn=unknown labels=pii,hr", as a question's
 * words; arena's, with a NUL. */
struct str facts_print(const struct facts *f, uint64_t which,
    struct arena *a);
/* "context_sensitivity=high" into *f, of the decision `where'; "=unknown" is
 * not known. -1 with the fault. */
int fact_take(struct str word, unsigned where, struct arena *a,
    struct facts *f, struct cond_fault *fault);

#endif
