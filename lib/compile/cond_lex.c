/* cond_lex.c -- the words of a condition. */
#include <stdarg.h>
#include <stdio.h>

#include "base/must.h"
#include "compile/check.h"
#include "compile/cond_read.h"

enum { STRING_BYTES_MAX = 1024 };

int
read_fault(struct reader *r, uint32_t at, uint32_t width, const char *fmt,
    ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(r->fault->text, sizeof(r->fault->text), fmt, ap);
	va_end(ap);
	r->fault->at = at;
	r->fault->width = width == 0 ? 1 : width;
	return -1;
}

void *
read_mem(struct reader *r, size_t n, size_t size)
{
	void *p = arena_alloc(r->arena, n, size);

	must(p != NULL);	/* the arena has no limit of its own */
	return p;
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool
is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

/* The byte i places on, or NUL. */
static char
peek(const struct reader *r, uint32_t i)
{
	return r->pos + i < r->text.len ? r->text.p[r->pos + i] : '\0';
}

static void
take_bytes(struct reader *r, struct lexeme *t, enum lexeme_kind kind,
    uint32_t n)
{
	t->kind = kind;
	t->width = n;
	t->text = str_head(str_from(r->text, r->pos), n);
	r->pos += n;
}

/* ---- strings */

static int
lex_string(struct reader *r, struct lexeme *t)
{
	char quote = peek(r, 0), *out;
	uint32_t i = 1;
	size_t n = 0;

	out = read_mem(r, r->text.len - r->pos + 1, 1);
	for (; peek(r, i) != quote; i++) {
		char c = peek(r, i);

		if (c == '\0')
			return read_fault(r, r->pos, 1,
			    "this string has no end: close it with %c",
			    quote);
		if (c == '\\') {
			c = peek(r, ++i);
			if (c != '\\' && c != '"' && c != '\'')
				return read_fault(r, r->pos + i - 1, 2,
				    "a backslash may stand before \\, \" and "
				    "' only");
		} else if ((unsigned char)c < 0x20 || c == 0x7f) {
			return read_fault(r, r->pos + i, 1,
			    "a control character in a string");
		}
		out[n++] = c;
	}
	if (n > STRING_BYTES_MAX)
		return read_fault(r, r->pos, i + 1,
		    "a string may have %d bytes", STRING_BYTES_MAX);
	take_bytes(r, t, LEX_STRING, i + 1);
	t->text = t->value.text = str_of(out, n);
	return 0;
}

/* ---- numbers: 8000, 10MiB, 1h30m */

static const struct unit {
	const char *name;
	enum lexeme_kind kind;
	int64_t factor;
} units[] = {
	{ "ms", LEX_TIME, 1 }, { "s", LEX_TIME, 1000 },
	{ "m", LEX_TIME, 60000 }, { "h", LEX_TIME, 3600000 },
	{ "d", LEX_TIME, 86400000 },
	{ "B", LEX_SIZE, 1 }, { "KiB", LEX_SIZE, 1 << 10 },
	{ "MiB", LEX_SIZE, 1 << 20 }, { "GiB", LEX_SIZE, 1 << 30 },
	{ "TiB", LEX_SIZE, INT64_C(1) << 40 }, { "KB", LEX_SIZE, 1000 },
	{ "MB", LEX_SIZE, 1000000 }, { "GB", LEX_SIZE, 1000000000 },
	{ "TB", LEX_SIZE, INT64_C(1000000000000) },
};

static const struct unit *
unit_find(struct str name)
{
	for (size_t i = 0; i < NELEM(units); i++)
		if (str_eqz(name, units[i].name))
			return &units[i];
	return NULL;
}

/* One count with its unit, at i; *i is then behind it. */
static int
lex_part(struct reader *r, struct lexeme *t, uint32_t *i, int64_t *last)
{
	uint32_t from = *i, digits;
	const struct unit *u;
	int64_t part;
	uint64_t v;

	while (is_digit(peek(r, *i)))
		++*i;
	digits = *i - from;
	if (!str_u64(str_head(str_from(r->text, r->pos + from), digits),
		INT64_MAX, &v))
		return read_fault(r, r->pos + from, digits,
		    "not a number that can be held: no leading zeros, at most "
		    "2^63-1");
	from = *i;
	while (is_letter(peek(r, *i)))
		++*i;
	u = unit_find(str_head(str_from(r->text, r->pos + from), *i - from));
	if (u == NULL)
		return read_fault(r, r->pos + from, *i - from,
		    "no such unit: ms s m h d, or B KiB MiB GiB KB MB GB");
	if (*last != 0 && (u->kind != LEX_TIME || t->kind != LEX_TIME ||
	    u->factor >= *last))
		return read_fault(r, r->pos + from, *i - from,
		    "units follow each other from large to small, as in "
		    "1h30m");
	*last = u->factor;
	t->kind = u->kind;
	if (__builtin_mul_overflow((int64_t)v, u->factor, &part) ||
	    __builtin_add_overflow(t->value.n, part, &t->value.n))
		return read_fault(r, r->pos, *i, "this is too much");
	return 0;
}

static int
lex_measure(struct reader *r, struct lexeme *t)
{
	uint32_t i = 0;
	int64_t last = 0;

	t->value.n = 0;
	do {
		if (lex_part(r, t, &i, &last) == -1)
			return -1;
	} while (is_digit(peek(r, i)));
	take_bytes(r, t, t->kind, i);
	t->value.text = t->text;
	return 0;
}

static int
lex_number(struct reader *r, struct lexeme *t)
{
	uint32_t i = 0;
	uint64_t v;

	while (is_digit(peek(r, i)))
		i++;
	if (is_letter(peek(r, i)))
		return lex_measure(r, t);
	if (peek(r, i) == '.')
		return read_fault(r, r->pos, i + 1,
		    "there are no fractions: take a smaller unit");
	take_bytes(r, t, LEX_INT, i);
	if (!str_u64(t->text, INT64_MAX, &v))
		return read_fault(r, t->at, t->width,
		    "not a number that can be held: no leading zeros, at most "
		    "2^63-1");
	t->value.n = (int64_t)v;
	t->value.text = t->text;
	return 0;
}

/* ---- addresses */

/* Bytes that an address could have, from here; 0: it is none. */
static uint32_t
address_bytes(const struct reader *r)
{
	uint32_t i = 0, dots = 0, colons = 0;

	for (; is_digit(peek(r, i)) || is_letter(peek(r, i)) ||
	    peek(r, i) == '.' || peek(r, i) == ':'; i++) {
		dots += peek(r, i) == '.';
		colons += peek(r, i) == ':';
	}
	if (colons < 2 && (dots < 2 || !is_digit(peek(r, 0))))
		return 0;
	if (peek(r, i) == '/' && is_digit(peek(r, i + 1)))
		for (i++; is_digit(peek(r, i)); i++)
			;
	return i;
}

static int
lex_address(struct reader *r, struct lexeme *t, uint32_t n)
{
	take_bytes(r, t, LEX_ADDR, n);
	t->value.text = t->text;
	if (!prefix_parse(t->text, &t->value.net))
		return read_fault(r, t->at, t->width, "not an address or "
		    "range: write 10.0.0.5 or 10.0.0.0/8, with no bits beyond "
		    "the prefix");
	return 0;
}

/* ---- the rest */

static const struct {
	const char *text;
	enum lexeme_kind kind;
} marks[] = { /* longer ones first */
	{ "||", LEX_OR }, { "&&", LEX_AND }, { "==", LEX_EQ },
	{ "!=", LEX_NE }, { "<=", LEX_LE }, { ">=", LEX_GE },
	{ "=>", LEX_IMPLIES }, { "!", LEX_NOT }, { "<", LEX_LT },
	{ ">", LEX_GT }, { "(", LEX_OPEN }, { ")", LEX_CLOSE },
	{ "[", LEX_LIST }, { "]", LEX_LIST_END },
	{ ",", LEX_COMMA }, { ".", LEX_DOT },
};

static int
lex_mark(struct reader *r, struct lexeme *t)
{
	struct str rest = str_from(r->text, r->pos);
	char c = peek(r, 0);

	for (size_t i = 0; i < NELEM(marks); i++)
		if (str_has_prefix(rest, str_c(marks[i].text))) {
			take_bytes(r, t, marks[i].kind,
			    (uint32_t)strlen(marks[i].text));
			return 0;
		}
	if (c == '=')
		return read_fault(r, r->pos, 1, "write == to compare");
	if (c == '&' || c == '|')
		return read_fault(r, r->pos, 1, "write %c%c", c, c);
	if (c == '-')
		return read_fault(r, r->pos, 1,
		    "there are no negative numbers and no subtraction");
	if (c == '+' || c == '*' || c == '/' || c == '%' || c == '?')
		return read_fault(r, r->pos, 1,
		    "there is no arithmetic: compare facts with constants");
	return read_fault(r, r->pos, 1, "this has no meaning in a condition");
}

static int
lex(struct reader *r, struct lexeme *t)
{
	uint32_t n;
	char c;

	while (peek(r, 0) == ' ' || peek(r, 0) == '\t' ||
	    peek(r, 0) == '\n' || peek(r, 0) == '\r')
		r->pos++;
	*t = (struct lexeme){ .at = r->pos, .width = 1 };
	if (r->pos >= r->text.len)
		return 0;
	c = peek(r, 0);
	n = address_bytes(r);
	if (n > 0)
		return lex_address(r, t, n);
	if (is_digit(c))
		return lex_number(r, t);
	if (c == '"' || c == '\'')
		return lex_string(r, t);
	if (!is_letter(c))
		return lex_mark(r, t);
	for (n = 0; is_letter(peek(r, n)) || is_digit(peek(r, n)); n++)
		;
	take_bytes(r, t, LEX_NAME, n);
	return 0;
}

int
token_take(struct reader *r)
{
	if (++r->ops > COND_OPS_MAX)
		return read_fault(r, r->next.at, r->next.width,
		    "more than %d words and operators: make it several rules",
		    COND_OPS_MAX);
	r->now = r->next;
	return lex(r, &r->next);
}
