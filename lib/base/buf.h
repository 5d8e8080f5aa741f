/* buf.h -- bytes that grow up to a limit and are consumed from the front. */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>

#include "base/compat.h"
#include "base/str.h"

struct buf { /* zero is empty and unlimited-at-zero: call buf_init */
	char *p;
	size_t off;	/* first unread byte */
	size_t len;	/* unread bytes */
	size_t cap;
	size_t max;	/* most unread bytes it may hold */
};

void buf_init(struct buf *b, size_t max);
void buf_fini(struct buf *b);		/* frees; zero state is fine */
/* false, and nothing added, when max would be passed. */
bool buf_add(struct buf *b, const void *p, size_t len) MUST_USE;
bool buf_adds(struct buf *b, struct str s) MUST_USE;
bool buf_addz(struct buf *b, const char *z) MUST_USE;
bool buf_printf(struct buf *b, const char *fmt, ...) PRINTF(2, 3) MUST_USE;
/* Room for up to want bytes at the end: *room says how many (0: full).
 * Follow with buf_added(). */
char *buf_space(struct buf *b, size_t want, size_t *room);
void buf_added(struct buf *b, size_t n);
struct str buf_str(const struct buf *b);	/* borrowed, until next change */
void buf_eat(struct buf *b, size_t n);
void buf_clear(struct buf *b);			/* keeps the memory */
void buf_shrink(struct buf *b);			/* frees it if empty */
/* NUL-terminated heap copy that is the caller's; the buffer is then empty. */
char *buf_take(struct buf *b, size_t *len);

#endif
