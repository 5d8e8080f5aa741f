/* arena.h -- many small allocations that end together. */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stddef.h>

#include "base/compat.h"
#include "base/str.h"

struct arena_block;
struct arena { /* zero is empty */
	struct arena_block *top;
	size_t bytes;
	size_t max;	/* 0: no limit */
};

/* Zeroed, aligned for anything; NULL when max is passed. */
void *arena_alloc(struct arena *a, size_t n, size_t size) MUST_USE;
/* NUL-terminated copy; NULL when max is passed. */
char *arena_strdup(struct arena *a, struct str s) MUST_USE;
char *arena_printf(struct arena *a, const char *fmt, ...) PRINTF(2, 3);
void arena_fini(struct arena *a);	/* all at once */

#endif
