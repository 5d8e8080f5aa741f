#include "http/json.h"

#include "http/chars.h"

static void
put(struct json *j, struct str s)
{
	if (!buf_adds(j->out, s))
		j->over = true;
}

/* Length of the whole UTF-8 sequence at s.p[at], 0 if it is none. */
static size_t
utf8_whole(struct str s, size_t at)
{
	unsigned char lo, hi;
	int more = utf8_first((unsigned char)s.p[at], &lo, &hi);

	if (more < 0 || s.len - at <= (size_t)more)
		return 0;
	for (size_t i = 1; i <= (size_t)more; i++) {
		unsigned char c = (unsigned char)s.p[at + i];

		if (c < lo || c > hi)
			return 0;
		lo = 0x80;
		hi = 0xBF;
	}
	return (size_t)more + 1;
}

/* One character of s at at; returns how many bytes it is. */
static size_t
put_char(struct json *j, struct str s, size_t at)
{
	unsigned char c = (unsigned char)s.p[at];
	size_t n = 1;

	if (c == '"' || c == '\\') {
		char pair[2] = { '\\', (char)c };

		put(j, str_of(pair, 2));
	} else if (c < 0x20 || c == 0x7F) {
		if (!buf_printf(j->out, "\\u%04x", c))
			j->over = true;
	} else if (c < 0x80) {
		put(j, str_of(s.p + at, 1));
	} else {
		n = utf8_whole(s, at);
		put(j, n == 0 ? STR("\\ufffd") : str_of(s.p + at, n));
	}
	return n == 0 ? 1 : n;
}

static void
put_string(struct json *j, struct str s)
{
	put(j, STR("\""));
	for (size_t at = 0; at < s.len && !j->over;)
		at += put_char(j, s, at);
	put(j, STR("\""));
}

static void
put_key(struct json *j, const char *key)
{
	if (j->comma)
		put(j, STR(","));
	j->comma = true;
	if (key == NULL)
		return;
	put_string(j, str_c(key));
	put(j, STR(":"));
}

void
json_open(struct json *j, const char *key, char bracket)
{
	put_key(j, key);
	put(j, str_of(&bracket, 1));
	j->comma = false;
}

void
json_close(struct json *j, char bracket)
{
	put(j, str_of(&bracket, 1));
	j->comma = true;
}

void
json_str(struct json *j, const char *key, struct str value)
{
	put_key(j, key);
	put_string(j, value);
}

void
json_u64(struct json *j, const char *key, uint64_t value)
{
	put_key(j, key);
	if (!buf_printf(j->out, "%llu", (unsigned long long)value))
		j->over = true;
}
