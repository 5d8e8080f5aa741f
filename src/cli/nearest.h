/* nearest.h -- which known word did a mistyped one mean?  Pure. */
#ifndef CLI_NEAREST_H
#define CLI_NEAREST_H

#include <stddef.h>

#include "base/str.h"

struct nearest {
	struct str word;	/* as typed; borrowed */
	const char *best;
	size_t distance;	/* of best */
};

struct nearest nearest_to(struct str word);
void nearest_try(struct nearest *n, const char *known);
/* NULL if none is close enough to be worth saying. */
const char *nearest_get(const struct nearest *n);
/* Insertions, deletions, changes and swaps of neighbours between two short
 * words; longer ones than WORD_BYTES_MAX are far apart by definition. */
size_t nearest_distance(struct str a, struct str b);

#endif
