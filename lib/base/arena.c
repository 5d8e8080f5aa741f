#include "base/arena.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/must.h"

#define ARENA_BLOCK_BYTES 4096

struct arena_block {
	struct arena_block *next;
	size_t used, cap;
	_Alignas(max_align_t) char data[];
};

static struct arena_block *
arena_more(struct arena *a, size_t want)
{
	size_t cap = want > ARENA_BLOCK_BYTES ? want : ARENA_BLOCK_BYTES;
	struct arena_block *b = mem_alloc(1, sizeof(*b) + cap);

	b->cap = cap;
	b->next = a->top;
	a->top = b;
	return b;
}

void *
arena_alloc(struct arena *a, size_t n, size_t size)
{
	const size_t align = _Alignof(max_align_t);
	struct arena_block *b = a->top;
	size_t want;
	void *p;

	if (__builtin_mul_overflow(n, size, &want) ||
	    want > SIZE_MAX / 2)
		return NULL;
	want = (want + align - 1) / align * align;
	if (want == 0)
		want = align;
	if (a->max != 0 && (want > a->max || a->bytes > a->max - want))
		return NULL;
	if (b == NULL || b->cap - b->used < want)
		b = arena_more(a, want);
	p = b->data + b->used;
	b->used += want;
	a->bytes += want;
	return p;
}

char *
arena_strdup(struct arena *a, struct str s)
{
	char *z = arena_alloc(a, s.len + 1, 1);

	if (z != NULL && s.len > 0)
		memcpy(z, s.p, s.len);
	return z;
}

char *
arena_printf(struct arena *a, const char *fmt, ...)
{
	va_list ap;
	char *z;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	must(n >= 0);
	z = arena_alloc(a, (size_t)n + 1, 1);
	if (z == NULL)
		return NULL;
	va_start(ap, fmt);
	(void)vsnprintf(z, (size_t)n + 1, fmt, ap);
	va_end(ap);
	return z;
}

void
arena_fini(struct arena *a)
{
	struct arena_block *b, *next;

	for (b = a->top; b != NULL; b = next) {
		next = b->next;
		free(b);
	}
	*a = (struct arena){ .max = a->max };
}
