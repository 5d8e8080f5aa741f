#include "inspect/graphql_lex.h"

#include <string.h>

static int
peek(const struct glex *x, size_t ahead)
{
	return x->at + ahead < x->in.len ?
	    (unsigned char)x->in.p[x->at + ahead] : -1;
}

static void
bad(struct glex *x, const char *why)
{
	x->token = GTOKEN_BAD;
	x->why = why;
}

/* A comment ends with its line, and readers disagree about the line ends that
 * are not ASCII: it has none of them. */
static bool
skip_comment(struct glex *x)
{
	int c;

	while ((c = peek(x, 0)) != -1 && c != '\n' && c != '\r') {
		if (c >= 0x7f || (c < 0x20 && c != '\t'))
			return false;
		x->at++;
	}
	return true;
}

static bool
skip_blanks(struct glex *x)
{
	for (;;) {	/* every turn eats a byte, or returns */
		int c = peek(x, 0);

		if (c == '#') {
			if (!skip_comment(x))
				return false;
		} else if (c == ' ' || c == '\t' || c == '\n' || c == '\r' ||
		    c == ',') {
			x->at++;
		} else {
			return true;
		}
	}
}

static bool
is_name_char(int c, bool first)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
	    (!first && c >= '0' && c <= '9');
}

static bool
is_digit(int c)
{
	return c >= '0' && c <= '9';
}

static bool
skip_digits(struct glex *x)
{
	size_t begin = x->at;

	while (is_digit(peek(x, 0)))
		x->at++;
	return x->at > begin;
}

static void
read_number(struct glex *x)
{
	int c;

	x->token = GTOKEN_NUMBER;
	if (peek(x, 0) == '-')
		x->at++;
	if (peek(x, 0) == '0')
		x->at++;
	else if (!skip_digits(x))
		bad(x, "a number that is none");
	if (peek(x, 0) == '.' && is_digit(peek(x, 1))) {
		x->at++;
		(void)skip_digits(x);	/* one is there */
	}
	if ((c = peek(x, 0)) == 'e' || c == 'E') {
		x->at++;
		if ((c = peek(x, 0)) == '+' || c == '-')
			x->at++;
		if (!skip_digits(x))
			bad(x, "a number that is none");
	}
	/* To some readers a name begins here, to others nothing does. */
	c = peek(x, 0);
	if (is_name_char(c, false) || c == '.')
		bad(x, "a number that is none");
}

/* An older reader knows no block strings: it takes three quotes for an empty
 * string and the begin of another. Without a quote inside, both find the same
 * end; or the older one a fault. */
static void
read_block(struct glex *x)
{
	int c;

	x->token = GTOKEN_STRING;
	x->at += 3;
	while ((c = peek(x, 0)) != '"') {
		if (c == -1) {
			bad(x, "a string that does not end");
			return;
		}
		if (c == '\\') {
			bad(x, "a block string with a backslash");
			return;
		}
		if (c < 0x20 && c != '\t' && c != '\n' && c != '\r') {
			bad(x, "a control character");
			return;
		}
		x->at++;
	}
	if (peek(x, 1) != '"' || peek(x, 2) != '"' || peek(x, 3) == '"')
		bad(x, "a block string with a quote inside");
	x->at += 3;
}

static void
read_string(struct glex *x)
{
	int c;

	x->token = GTOKEN_STRING;
	for (x->at++; (c = peek(x, 0)) != '"'; x->at++) {
		if (c == '\\')
			c = peek(x, 1) == -1 ? -1 : (x->at++, peek(x, 0));
		if (c < 0x20 && c != '\t') {
			bad(x, c == -1 ? "a string that does not end" :
			    "a control character in a string");
			return;
		}
	}
	x->at++;
}

void
glex_next(struct glex *x)
{
	size_t begin;
	int c;

	if (!skip_blanks(x)) {
		bad(x, "a comment that is not plain ASCII");
		return;
	}
	begin = x->at;
	c = peek(x, 0);
	if (c == -1) {
		x->token = GTOKEN_END;
	} else if (is_name_char(c, true)) {
		x->token = GTOKEN_NAME;
		while (is_name_char(peek(x, 0), false))
			x->at++;
	} else if (c == '-' || is_digit(c)) {
		read_number(x);
	} else if (c == '"' && peek(x, 1) == '"' && peek(x, 2) == '"') {
		read_block(x);
	} else if (c == '"') {
		read_string(x);
	} else if (c == '.' && peek(x, 1) == '.' && peek(x, 2) == '.') {
		x->token = GTOKEN_SPREAD;
		x->at += 3;
	} else if (strchr("!$&()=:@[]{|}", c) != NULL) {
		x->token = GTOKEN_SIGN;
		x->at++;
	} else {
		bad(x, "a character that GraphQL has not");
	}
	x->text = str_of(x->in.p + begin,
	    (x->at < x->in.len ? x->at : x->in.len) - begin);
}
