/* vectors.h -- a set of rows of numbers, each there once and found by what it
 * holds. */
#ifndef ANALYSIS_VECTORS_H
#define ANALYSIS_VECTORS_H

#include <stdbool.h>
#include <stdint.h>

#define VECTORS_NONE UINT32_MAX

struct vectors { /* heap; vectors_fini() it */
	uint32_t width;		/* of a row; never 0 */
	uint32_t n, cap;
	uint32_t *v;
	uint32_t *slots, nslots; /* hash: row + 1, or 0 */
};

void vectors_init(struct vectors *s, uint32_t width);
void vectors_fini(struct vectors *s);
/* Its number; a new one is the last. */
uint32_t vectors_add(struct vectors *s, const uint32_t *row);
/* VECTORS_NONE: it is not there. */
uint32_t vectors_find(const struct vectors *s, const uint32_t *row);

/* Until the next one is added. */
static inline const uint32_t *
vectors_row(const struct vectors *s, uint32_t i)
{
	return s->v + (uint64_t)i * s->width;
}

#endif
