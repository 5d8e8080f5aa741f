/* checked.h -- policy documents read, merged and checked, before an image is
 * made of them: what compiling and analysing start from. */
#ifndef COMPILE_CHECKED_H
#define COMPILE_CHECKED_H

#include "compile/check.h"

struct checked { /* checked_free() it */
	struct arena arena;	/* of everything in c */
	struct compile c;	/* c.pol is the policy */
	struct doc *docs;
	uint32_t ndocs;
	struct checked *max;	/* the maximum policy, or NULL: none */
};

/* Never NULL: c.diags (borrowed: d) says whether it is well. The texts of the
 * files must outlive it. */
struct checked *checked_new(const struct policy_file *files, size_t n,
    enum policy_stage stage, struct diags *d);
void checked_free(struct checked *k); /* NULL is fine */
/* The image's bytes, heap: 0, or -1 with the reason in diags. */
int checked_emit(struct checked *k, char **image, size_t *len);

#endif
