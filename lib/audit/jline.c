#include "audit/jline.h"

#include <stdio.h>

void
jline_add(struct jline *j, struct str s)
{
	if (!j->full && !buf_adds(j->b, s))
		j->full = true;
}

static void
jline_name(struct jline *j, const char *name)
{
	if (j->comma)
		jline_add(j, STR(","));
	j->comma = true;
	if (name == NULL)
		return;
	jline_add(j, STR("\""));
	jline_add(j, str_c(name));
	jline_add(j, STR("\":"));
}

void
jline_open(struct jline *j, const char *name)
{
	jline_name(j, name);
	jline_add(j, STR("{"));
	j->comma = false;
}

void
jline_close(struct jline *j)
{
	jline_add(j, STR("}"));
	j->comma = true;
}

/* The code point if it is one that steers a terminal or the order of the
 * text on it: C0, DEL, C1, the marks of direction; else 0x10000. */
static unsigned
steering(const unsigned char *p, size_t n)
{
	unsigned v = n == 1 ? p[0] : n == 2 ? (p[0] & 0x1fU) << 6 |
	    (p[1] & 0x3fU) : n == 3 ? (p[0] & 0xfU) << 12 |
	    (p[1] & 0x3fU) << 6 | (p[2] & 0x3fU) : 0x10000U;

	return v < 0x20 || (v >= 0x7f && v < 0xa0) || v == 0x61c ||
	    v == 0x200e || v == 0x200f || (v >= 0x2028 && v <= 0x202e) ||
	    (v >= 0x2066 && v <= 0x2069) ? v : 0x10000U;
}

/* How one byte sequence is written: its length, and *plain if as it is. */
static size_t
piece(struct str s, bool *plain, char *out, size_t cap, size_t *used)
{
	const unsigned char *p = (const unsigned char *)s.p;
	size_t n = str_utf8_len(s);
	unsigned steers = n == 0 ? 0x10000U : steering(p, n);
	int len = 0;

	*plain = false;
	if (n == 0 || *p == '\\')
		len = snprintf(out, cap, "\\\\x%02x", *p);
	else if (*p == '"')
		len = snprintf(out, cap, "\\\"");
	else if (steers < 0x10000U)
		len = snprintf(out, cap, "\\u%04x", steers);
	else
		*plain = true;
	*used = (size_t)len;
	return n == 0 ? 1 : n;
}

void
jline_quote(struct jline *j, struct str v)
{
	size_t from = 0, at = 0;

	jline_add(j, STR("\""));
	while (at < v.len) {
		char text[8];
		size_t used;
		bool plain;
		size_t n = piece(str_from(v, at), &plain, text, sizeof(text),
		    &used);

		if (!plain) {
			jline_add(j, str_of(v.p + from, at - from));
			jline_add(j, str_of(text, used));
			from = at + n;
		}
		at += n;
	}
	jline_add(j, str_of(v.p + from, at - from));
	jline_add(j, STR("\""));
}

void
jline_str(struct jline *j, const char *name, struct str v)
{
	jline_name(j, name);
	jline_quote(j, v);
}

void
jline_str_if(struct jline *j, const char *name, struct str v)
{
	if (v.len > 0)
		jline_str(j, name, v);
}

void
jline_num(struct jline *j, const char *name, int64_t v)
{
	char text[24];
	int n = snprintf(text, sizeof(text), "%lld", (long long)v);

	jline_raw(j, name, str_of(text, (size_t)n));
}

void
jline_unum(struct jline *j, const char *name, uint64_t v)
{
	char text[24];
	int n = snprintf(text, sizeof(text), "%llu", (unsigned long long)v);

	jline_raw(j, name, str_of(text, (size_t)n));
}

void
jline_bool(struct jline *j, const char *name, bool v)
{
	jline_raw(j, name, v ? STR("true") : STR("false"));
}

void
jline_raw(struct jline *j, const char *name, struct str v)
{
	jline_name(j, name);
	jline_add(j, v);
}
