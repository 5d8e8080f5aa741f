#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/must.h"

#define BUF_BYTES_MIN 256

void
buf_init(struct buf *b, size_t max)
{
	*b = (struct buf){ .max = max };
}

void
buf_fini(struct buf *b)
{
	free(b->p);
	*b = (struct buf){ .max = b->max };
}

/* Makes room for n more bytes behind the unread ones. */
static bool
buf_room(struct buf *b, size_t n)
{
	size_t need, cap;

	if (n > b->max || b->len > b->max - n)
		return false;
	need = b->len + n;
	if (b->cap - b->off >= need)
		return true;
	if (b->off > 0) {
		memmove(b->p, b->p + b->off, b->len);
		b->off = 0;
	}
	if (b->cap >= need)
		return true;
	cap = b->cap < BUF_BYTES_MIN ? BUF_BYTES_MIN : b->cap;
	while (cap < need)
		cap = cap > SIZE_MAX / 2 ? need : cap * 2;
	b->p = mem_grow(b->p, cap, 1);
	b->cap = cap;
	return true;
}

bool
buf_add(struct buf *b, const void *p, size_t len)
{
	if (len == 0)
		return true;
	if (!buf_room(b, len))
		return false;
	memcpy(b->p + b->off + b->len, p, len);
	b->len += len;
	return true;
}

bool
buf_adds(struct buf *b, struct str s)
{
	return buf_add(b, s.p, s.len);
}

bool
buf_addz(struct buf *b, const char *z)
{
	return buf_add(b, z, strlen(z));
}

bool
buf_printf(struct buf *b, const char *fmt, ...)
{
	char small[512];
	char *big = NULL;
	va_list ap;
	bool ok;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(small, sizeof(small), fmt, ap);
	va_end(ap);
	must(n >= 0);
	if ((size_t)n < sizeof(small))
		return buf_add(b, small, (size_t)n);
	va_start(ap, fmt);
	n = vasprintf(&big, fmt, ap);
	va_end(ap);
	must(n >= 0);
	ok = buf_add(b, big, (size_t)n);
	free(big);
	return ok;
}

char *
buf_space(struct buf *b, size_t want, size_t *room)
{
	size_t left = b->max - b->len;

	if (want > left)
		want = left;
	*room = want;
	if (want == 0)
		return NULL;
	must(buf_room(b, want));
	return b->p + b->off + b->len;
}

void
buf_added(struct buf *b, size_t n)
{
	must(n <= b->cap - b->off - b->len);
	b->len += n;
}

struct str
buf_str(const struct buf *b)
{
	return str_of(b->p == NULL ? "" : b->p + b->off, b->len);
}

void
buf_eat(struct buf *b, size_t n)
{
	must(n <= b->len);
	b->off += n;
	b->len -= n;
	if (b->len == 0)
		b->off = 0;
}

void
buf_clear(struct buf *b)
{
	b->off = 0;
	b->len = 0;
}

void
buf_shrink(struct buf *b)
{
	if (b->len == 0)
		buf_fini(b);
}

char *
buf_take(struct buf *b, size_t *len)
{
	char *z = mem_alloc(b->len + 1, 1);

	if (b->len > 0)
		memcpy(z, b->p + b->off, b->len);
	if (len != NULL)
		*len = b->len;
	buf_fini(b);
	return z;
}
