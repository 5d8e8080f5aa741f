#include "base/str.h"

#include <stdlib.h>

#include "base/must.h"

static char
lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

bool
str_case_eq(struct str a, struct str b)
{
	if (a.len != b.len)
		return false;
	for (size_t i = 0; i < a.len; i++)
		if (lower(a.p[i]) != lower(b.p[i]))
			return false;
	return true;
}

bool
str_has_prefix(struct str s, struct str prefix)
{
	return s.len >= prefix.len &&
	    str_eq(str_of(s.p, prefix.len), prefix);
}

bool
str_has_suffix(struct str s, struct str suffix)
{
	return s.len >= suffix.len &&
	    str_eq(str_of(s.p + (s.len - suffix.len), suffix.len), suffix);
}

struct str
str_from(struct str s, size_t at)
{
	must(at <= s.len);
	return str_of(s.p + at, s.len - at);
}

struct str
str_head(struct str s, size_t len)
{
	must(len <= s.len);
	return str_of(s.p, len);
}

struct str
str_trim(struct str s)
{
	while (s.len > 0 && (s.p[0] == ' ' || s.p[0] == '\t'))
		s = str_from(s, 1);
	while (s.len > 0 &&
	    (s.p[s.len - 1] == ' ' || s.p[s.len - 1] == '\t'))
		s.len--;
	return s;
}

struct str
str_base(struct str path)
{
	size_t at = path.len;

	while (at > 0 && path.p[at - 1] != '/')
		at--;
	return str_from(path, at);
}

size_t
str_index(struct str s, char c)
{
	const char *at = s.len == 0 ? NULL : memchr(s.p, c, s.len);

	return at == NULL ? s.len : (size_t)(at - s.p);
}

bool
str_cut(struct str s, char c, struct str *head, struct str *tail)
{
	size_t at = str_index(s, c);

	if (at == s.len)
		return false;
	*head = str_head(s, at);
	*tail = str_from(s, at + 1);
	return true;
}

/* RFC 3629, as table 3-7 of Unicode has it: no overlong forms, no
 * surrogates, nothing past U+10FFFF. */
size_t
str_utf8_len(struct str s)
{
	const unsigned char *p = (const unsigned char *)s.p;
	size_t n;

	if (s.len == 0)
		return 0;
	n = p[0] < 0x80 ? 1 : p[0] >= 0xc2 && p[0] <= 0xdf ? 2 :
	    p[0] >= 0xe0 && p[0] <= 0xef		    ? 3 :
	    p[0] >= 0xf0 && p[0] <= 0xf4		    ? 4 :
							      0;
	if (n > s.len)
		return 0;
	for (size_t i = 1; i < n; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) ||
	    (p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f))
		return 0;
	return n;
}

bool
str_u64(struct str s, uint64_t max, uint64_t *out)
{
	uint64_t v = 0;

	if (s.len == 0 || (s.len > 1 && s.p[0] == '0'))
		return false;
	for (size_t i = 0; i < s.len; i++) {
		unsigned d = (unsigned char)s.p[i] - (unsigned)'0';

		if (d > 9 || __builtin_mul_overflow(v, 10U, &v) ||
		    __builtin_add_overflow(v, d, &v))
			return false;
	}
	if (v > max)
		return false;
	*out = v;
	return true;
}

char *
str_dup(struct str s)
{
	char *z;

	if (str_index(s, '\0') != s.len)
		return NULL;
	z = malloc(s.len + 1);
	must(z != NULL);
	if (s.len > 0)
		memcpy(z, s.p, s.len);
	z[s.len] = '\0';
	return z;
}

bool
str_copy(struct str s, char *buf, size_t cap)
{
	if (s.len >= cap || str_index(s, '\0') != s.len)
		return false;
	if (s.len > 0)
		memcpy(buf, s.p, s.len);
	buf[s.len] = '\0';
	return true;
}
