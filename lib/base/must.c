#include "base/must.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void
must_fail(const char *file, int line, const char *what)
{
	(void)fprintf(stderr, "%s:%d: our bug: %s does not hold\n", file,
	    line, what);
	abort();
}

void *
mem_alloc(size_t n, size_t size)
{
	void *p = calloc(n == 0 ? 1 : n, size == 0 ? 1 : size);

	must(p != NULL);
	return p;
}

void *
mem_grow(void *p, size_t n, size_t size)
{
	p = reallocarray(p, n == 0 ? 1 : n, size == 0 ? 1 : size);
	must(p != NULL);
	return p;
}

char *
mem_strdup(const char *z)
{
	char *copy = strdup(z);

	must(copy != NULL);
	return copy;
}

char *
mem_printf(const char *fmt, ...)
{
	char *z = NULL;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&z, fmt, ap);
	va_end(ap);
	must(n >= 0 && z != NULL);
	return z;
}

void
mem_wipe(void *p, size_t len)
{
	if (p != NULL)
		explicit_bzero(p, len);
}
