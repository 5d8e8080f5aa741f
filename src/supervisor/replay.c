#include "supervisor/replay.h"

#include <stdlib.h>

#include "base/limits.h"
#include "base/must.h"

#define REPLAY_BYTES_MIN 4096

/* Grows with the output up to the limit, so that a quiet sandbox costs
 * little. The ring is unrolled into the new memory. */
static void
replay_grow(struct replay *r, size_t want)
{
	size_t cap = r->cap == 0 ? REPLAY_BYTES_MIN : r->cap;
	size_t old = r->len;
	char *p;

	while (cap < want && cap < REPLAY_BYTES_MAX)
		cap *= 2;
	if (cap == r->cap)
		return;
	p = mem_alloc(cap, 1);
	for (size_t left = old; left > 0;) {
		struct str s = replay_from(r, left);

		memcpy(p + (old - left), s.p, s.len);
		left -= s.len;
	}
	free(r->p);
	r->p = p;
	r->cap = cap;
	r->head = old % cap;
}

void
replay_add(struct replay *r, struct str s)
{
	if (s.len > REPLAY_BYTES_MAX)
		s = str_from(s, s.len - REPLAY_BYTES_MAX);
	replay_grow(r, r->len + s.len);
	while (s.len > 0) {
		size_t n = r->cap - r->head;

		if (n > s.len)
			n = s.len;
		memcpy(r->p + r->head, s.p, n);
		r->head = (r->head + n) % r->cap;
		r->len = r->len + n > r->cap ? r->cap : r->len + n;
		s = str_from(s, n);
	}
}

struct str
replay_from(const struct replay *r, size_t left)
{
	size_t at, n;

	if (left > r->len)
		left = r->len;
	if (left == 0)
		return STR("");
	must(r->cap > 0);	/* what is left is in it */
	at = (r->head + r->cap - left) % r->cap;
	n = r->cap - at;
	return str_of(r->p + at, n < left ? n : left);
}

void
replay_fini(struct replay *r)
{
	free(r->p);
	*r = (struct replay){ 0 };
}
