#include "audit/line.h"

#include <stdio.h>

struct cursor {
	struct str left;
	bool bad;
};

static void
skip(struct cursor *c, struct str lit)
{
	if (c->bad || !str_has_prefix(c->left, lit))
		c->bad = true;
	else
		c->left = str_from(c->left, lit.len);
}

/* Up to and over the first stop; what was before it. */
static struct str
until(struct cursor *c, char stop)
{
	size_t at = str_index(c->left, stop);
	struct str s = STR("");

	if (c->bad || at == c->left.len) {
		c->bad = true;
		return s;
	}
	s = str_head(c->left, at);
	c->left = str_from(c->left, at + 1);
	return s;
}

static uint64_t
number(struct cursor *c, char stop, uint64_t max)
{
	uint64_t v = 0;

	if (!str_u64(until(c, stop), max, &v))
		c->bad = true;
	return v;
}

/* A quoted string of the line: an escaped quote in it is \" and no
 * backslash stands otherwise alone before a quote (jline_quote). */
static struct str
quoted(struct cursor *c)
{
	struct str s;
	size_t at = 0;

	skip(c, STR("\""));
	while (!c->bad && at < c->left.len && c->left.p[at] != '"')
		at += c->left.p[at] == '\\' ? 2 : 1;
	if (c->bad || at >= c->left.len) {
		c->bad = true;
		return STR("");
	}
	s = str_head(c->left, at);
	c->left = str_from(c->left, at + 1);
	return s;
}

bool
audit_line_parse(struct str line, struct audit_line *out)
{
	struct cursor c = { line, false };

	if (str_has_suffix(c.left, STR("\n")))
		c.left.len--;
	if (!str_has_suffix(c.left, STR("}")))
		return false;
	skip(&c, STR("{\"metadata\":{\"sequence\":"));
	out->seq = number(&c, ',', UINT64_MAX);
	(void)until(&c, '}'); /* of product */
	skip(&c, STR("},\"time\":"));
	out->time_ms = (int64_t)number(&c, ',', INT64_MAX);
	skip(&c, STR("\"severity_id\":"));
	out->severity = (uint32_t)number(&c, ',', 99);
	skip(&c, STR("\"unmapped\":{\"kind\":"));
	out->kind = quoted(&c);
	skip(&c, STR(",\"role\":"));
	out->role = quoted(&c);
	skip(&c, STR(",\"sandbox_id\":"));
	out->sandbox_id = quoted(&c);
	skip(&c, STR(",\"sandbox\":"));
	out->sandbox = quoted(&c);
	return !c.bad;
}

bool
audit_segment_parse(struct str name, struct audit_segment *out)
{
	struct cursor c = { name, false };
	struct str day, number_text;
	uint64_t v = 0, n = 0;

	skip(&c, STR("audit-"));
	day = until(&c, '-');
	number_text = until(&c, '.');
	if (c.bad || !str_eqz(c.left, "jsonl") || day.len != 8 ||
	    number_text.len < 3)
		return false;
	while (number_text.len > 1 && number_text.p[0] == '0')
		number_text = str_from(number_text, 1);
	if (!str_u64(day, 99991231, &v) ||
	    !str_u64(number_text, UINT32_MAX - 1, &n) || n == 0)
		return false;
	*out = (struct audit_segment){ (uint32_t)v, (uint32_t)n };
	return true;
}

char *
audit_segment_print(struct audit_segment s,
    char out[AUDIT_SEGMENT_NAME_BYTES])
{
	(void)snprintf(out, AUDIT_SEGMENT_NAME_BYTES, "audit-%08u-%03u.jsonl",
	    s.day, s.number);
	return out;
}

int
audit_segment_cmp(const struct audit_segment *a,
    const struct audit_segment *b)
{
	if (a->day != b->day)
		return a->day < b->day ? -1 : 1;
	return a->number == b->number ? 0 : a->number < b->number ? -1 : 1;
}
