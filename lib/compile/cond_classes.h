/* cond_classes.h -- the values of one fact that its tests tell apart.  Of
 * cond_domain.c and the cond_*classes.c files alone. */
#ifndef COMPILE_COND_CLASSES_H
#define COMPILE_COND_CLASSES_H

#include "compile/cond_domain.h"

struct test_list {
	const struct cond **v;
	uint32_t n, cap;
};

/* Examples of the classes of texts; 0, or -1: an automaton of more than limit
 * states. */
int text_classes(const struct test_list *tests, struct arena *a,
    uint32_t limit, struct str **out, uint32_t *n);
/* Of lists, from the tests of their items and those of the whole. */
int list_classes(const struct test_list *items, const struct test_list *whole,
    struct arena *a, uint32_t limit, struct fact_classes *out);
/* Of everything else. */
void value_classes(const struct test_list *tests, struct arena *a,
    struct fact_classes *out);

#endif
