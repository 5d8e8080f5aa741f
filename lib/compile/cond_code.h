/* cond_code.h -- a condition as the tests that an image holds. */
#ifndef COMPILE_COND_CODE_H
#define COMPILE_COND_CODE_H

#include "compile/cond.h"
#include "policy/form.h"

struct cond_step { /* a test, and what of it goes to other sections */
	struct f_test test;
	struct str text;
	const struct prefix *net; /* or NULL */
};

struct cond_code {
	struct cond_step *v;
	uint32_t n, main;	/* as in struct f_cond */
};

/* false: more than COND_TESTS_MAX. */
bool cond_code(const struct cond *k, struct arena *a, struct cond_code *out);

#endif
