/* str.h -- borrowed bytes with a length, and the few things done to them. */
#ifndef BASE_STR_H
#define BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct str { /* not NUL-terminated; never kept past the call */
	const char *p;
	size_t len;
};

#define STR(lit) ((struct str){ "" lit, sizeof(lit) - 1 })

static inline struct str
str_of(const char *p, size_t len)
{
	return (struct str){ p, len };
}

/* NULL gives the empty string. */
static inline struct str
str_c(const char *z)
{
	return (struct str){ z == NULL ? "" : z, z == NULL ? 0 : strlen(z) };
}

static inline bool
str_eq(struct str a, struct str b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.p, b.p, a.len) == 0);
}

static inline bool
str_eqz(struct str a, const char *z)
{
	return str_eq(a, str_c(z));
}

/* The first len bytes, or all of s when it is shorter. */
static inline struct str
str_upto(struct str s, size_t len)
{
	return str_of(s.p, s.len < len ? s.len : len);
}

/* The value of a hexadecimal digit, or -1. */
static inline int
hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
		return (c | 0x20) - 'a' + 10;
	return -1;
}

bool str_case_eq(struct str a, struct str b);	/* ASCII only */
bool str_has_prefix(struct str s, struct str prefix);
bool str_has_suffix(struct str s, struct str suffix);
struct str str_from(struct str s, size_t at);	/* s from byte at on */
struct str str_head(struct str s, size_t len);	/* the first len bytes */
struct str str_trim(struct str s);		/* blanks and tabs, both ends */
/* Cuts s at the first c: *head is before it, *tail after; false: no c. */
bool str_cut(struct str s, char c, struct str *head, struct str *tail);
/* Index of the first c, or s.len. */
size_t str_index(struct str s, char c);
struct str str_base(struct str path);		/* its last component */
/* Length of the valid UTF-8 sequence that s begins with, or 0. */
size_t str_utf8_len(struct str s);
/* Decimal digits only, the whole of s, no sign, no leading zero but "0". */
bool str_u64(struct str s, uint64_t max, uint64_t *out);
/* A NUL-terminated copy (free() it), or NULL when s holds a NUL. Aborts
 * when memory is out. */
char *str_dup(struct str s);
/* Copies into a fixed buffer; false (buffer untouched) if it does not fit
 * or holds a NUL. */
bool str_copy(struct str s, char *buf, size_t cap);

#endif
