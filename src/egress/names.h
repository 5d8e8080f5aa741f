/* names.h -- addresses that stand for names inside the sandbox.
 *
 * A name keeps its address for as long as the sandbox lives, and no address
 * is given to two names: what a program remembered stays true. */
#ifndef EGRESS_NAMES_H
#define EGRESS_NAMES_H

#include <stdbool.h>
#include <stdint.h>

#include "http/host.h"

#define NAMES_MAX    4096
#define NAMES_BASE   0xC6130000U /* 198.19.0.0: for benchmarks, so nobody's */
#define NAMES_MASK   0xFFFE0000U /* with 198.18.0.0 before it */
#define NAMES_SLOTS  8192

struct names { /* zero is empty */
	struct name *v[NAMES_MAX];
	uint16_t slots[NAMES_SLOTS];	/* by hash: index + 1, or 0 */
	uint32_t n;
};

/* The address of a name, given now if need be; false: there are too many. */
bool names_give(struct names *t, struct str name, uint32_t *address);
/* The name that has the address, or the empty string. */
struct str names_find(const struct names *t, uint32_t address);
/* Is it one that only a name can have? */
bool names_is_ours(uint32_t address);

#endif
