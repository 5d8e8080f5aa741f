/* scalar.h -- a value that a policy holds once. */
#ifndef COMPILE_SCALAR_H
#define COMPILE_SCALAR_H

#include <stdint.h>

struct node;

struct pol_scalar { /* said once, or the same everywhere */
	const struct node *at;	/* NULL: nowhere */
	uint32_t value;
};

#endif
