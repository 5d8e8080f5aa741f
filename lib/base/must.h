/* must.h -- our own bugs: say where and stop.  Never compiled out. */
#ifndef BASE_MUST_H
#define BASE_MUST_H

#include <stddef.h>

#include "base/compat.h"

#define must(cond)							\
	(__builtin_expect(!!(cond), 1) ?				\
	    (void)0 : must_fail(__FILE__, __LINE__, #cond))

void must_fail(const char *file, int line, const char *what) NORETURN;

/* Allocation that aborts when memory is out; sizes are checked. */
void *mem_alloc(size_t n, size_t size) MUST_USE;	/* zeroed */
void *mem_grow(void *p, size_t n, size_t size) MUST_USE; /* not zeroed */
char *mem_strdup(const char *z) MUST_USE;
char *mem_printf(const char *fmt, ...) PRINTF(1, 2) MUST_USE;
/* Wipes, whatever the optimiser thinks. NULL is fine. */
void mem_wipe(void *p, size_t len);

#endif
