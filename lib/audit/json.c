#include "audit/json.h"

#include <stdio.h>

static void
json_add(struct json_out *j, struct str s)
{
	if (!j->full && !buf_adds(j->b, s))
		j->full = true;
}

static void
json_name(struct json_out *j, const char *name)
{
	if (j->comma)
		json_add(j, STR(","));
	j->comma = true;
	if (name == NULL)
		return;
	json_add(j, STR("\""));
	json_add(j, str_c(name));
	json_add(j, STR("\":"));
}

void
json_open(struct json_out *j, const char *name)
{
	json_name(j, name);
	json_add(j, STR("{"));
	j->comma = false;
}

void
json_close(struct json_out *j)
{
	json_add(j, STR("}"));
	j->comma = true;
}

/* How one byte sequence is written: its length, and *plain if as it is. */
static size_t
piece(struct str s, bool *plain, char *out, size_t cap, size_t *used)
{
	const unsigned char *p = (const unsigned char *)s.p;
	size_t n = str_utf8_len(s);
	bool c1 = n == 2 && p[0] == 0xc2 && p[1] < 0xa0;
	int len = 0;

	*plain = false;
	if (n == 0 || *p == '\\')
		len = snprintf(out, cap, "\\\\x%02x", *p);
	else if (*p == '"')
		len = snprintf(out, cap, "\\\"");
	else if (*p < 0x20 || *p == 0x7f || c1)
		len = snprintf(out, cap, "\\u%04x", c1 ? p[1] : p[0]);
	else
		*plain = true;
	*used = (size_t)len;
	return n == 0 ? 1 : n;
}

void
json_quote(struct json_out *j, struct str v)
{
	size_t from = 0, at = 0;

	json_add(j, STR("\""));
	while (at < v.len) {
		char text[8];
		size_t used;
		bool plain;
		size_t n = piece(str_from(v, at), &plain, text, sizeof(text),
		    &used);

		if (!plain) {
			json_add(j, str_of(v.p + from, at - from));
			json_add(j, str_of(text, used));
			from = at + n;
		}
		at += n;
	}
	json_add(j, str_of(v.p + from, at - from));
	json_add(j, STR("\""));
}

void
json_str(struct json_out *j, const char *name, struct str v)
{
	json_name(j, name);
	json_quote(j, v);
}

void
json_str_if(struct json_out *j, const char *name, struct str v)
{
	if (v.len > 0)
		json_str(j, name, v);
}

void
json_num(struct json_out *j, const char *name, int64_t v)
{
	char text[24];
	int n = snprintf(text, sizeof(text), "%lld", (long long)v);

	json_raw(j, name, str_of(text, (size_t)n));
}

void
json_unum(struct json_out *j, const char *name, uint64_t v)
{
	char text[24];
	int n = snprintf(text, sizeof(text), "%llu", (unsigned long long)v);

	json_raw(j, name, str_of(text, (size_t)n));
}

void
json_bool(struct json_out *j, const char *name, bool v)
{
	json_raw(j, name, v ? STR("true") : STR("false"));
}

void
json_raw(struct json_out *j, const char *name, struct str v)
{
	json_name(j, name);
	json_add(j, v);
}
