/* say.h -- a sentence put together in a fixed buffer, cut at its end. */
#ifndef POLICY_SAY_H
#define POLICY_SAY_H

#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

struct saying { /* zero len; p[len] is NUL once something was said */
	char *p;
	size_t len, cap;
};

static inline void
say_str(struct saying *s, struct str t)
{
	size_t room = s->cap - s->len - 1;
	size_t n = t.len < room ? t.len : room;

	if (n > 0)
		memcpy(s->p + s->len, t.p, n);
	s->len += n;
	s->p[s->len] = '\0';
}

static inline void
say_z(struct saying *s, const char *z)
{
	say_str(s, str_c(z));
}

static inline void
say_number(struct saying *s, uint32_t v)
{
	char digits[10];
	size_t n = sizeof(digits);

	do
		digits[--n] = (char)('0' + v % 10);
	while ((v /= 10) != 0);
	say_str(s, str_of(digits + n, sizeof(digits) - n));
}

/* The agent's bytes: printable, and not the whole sentence. */
static inline void
say_bytes(struct saying *s, struct str t, size_t max)
{
	for (size_t i = 0; i < t.len && i < max && s->len + 1 < s->cap; i++)
		s->p[s->len++] = t.p[i] >= 0x20 && t.p[i] < 0x7f ? t.p[i] :
		    '?';
	s->p[s->len] = '\0';
	if (t.len > max)
		say_z(s, "...");
}

#endif
