/* cond_parse.c -- the grammar of conditions:
 *
 *	proof    = or [ "=>" or ]		(of a statement to prove)
 *	or       = and { "||" and }
 *	and      = not { "&&" not }
 *	not      = "!" not | relation
 *	relation = operand [ ( "==" | "<" ... | "in" ) operand ]
 *	operand  = primary { "." name "(" [ arguments ] ")" }
 *	primary  = "(" or ")" | constant | "[" list "]" | fact | word
 *		 | name "(" arguments ")"
 */
#include "base/must.h"
#include "compile/cond_read.h"

static int read_or(struct reader *r, struct operand *out);

static int
expect(struct reader *r, enum lexeme_kind kind, const char *what)
{
	if (r->next.kind != kind)
		return read_fault(r, r->next.at, r->next.width,
		    "%s is missing here", what);
	return token_take(r);
}

/* ---- and, or, not */

static struct cond *
new_group(struct reader *r, enum cond_kind kind, struct cond **kids,
    uint32_t n, uint32_t at)
{
	struct cond *k = read_mem(r, 1, sizeof(*k));

	k->kind = kind;
	k->kids = read_mem(r, n, sizeof(struct cond *));
	k->nkids = n;
	k->at = at;
	k->width = r->now.at + r->now.width - at;
	memcpy(k->kids, kids, n * sizeof(struct cond *));
	return k;
}

static void
as_cond(struct operand *out, struct cond *k)
{
	*out = (struct operand){ .kind = OPERAND_COND, .cond = k, .at = k->at,
		.width = k->width };
}

static int
enter(struct reader *r)
{
	if (++r->depth > COND_DEPTH_MAX)
		return read_fault(r, r->now.at, r->now.width,
		    "more than %d parentheses and negations within each other",
		    COND_DEPTH_MAX);
	return 0;
}

static int
read_not(struct reader *r, struct operand *out);

static int read_and(struct reader *r, struct operand *out);

/* One or several of what `part' reads, with `mark' between them. */
static int
read_chain(struct reader *r, int part(struct reader *, struct operand *),
    enum lexeme_kind mark, enum cond_kind kind, struct operand *out)
{
	uint32_t at = r->next.at, n = 0, cap = 4;
	struct cond **kids;
	struct cond *k;

	if (part(r, out) == -1)
		return -1;
	if (r->next.kind != mark)
		return 0;
	kids = read_mem(r, cap, sizeof(struct cond *));
	for (;;) {
		if (read_truth(r, out, &k) == -1)
			return -1;
		if (n == cap) {
			struct cond **more = read_mem(r, 2 * (size_t)cap,
			    sizeof(struct cond *));

			memcpy(more, kids, n * sizeof(struct cond *));
			kids = more;
			cap *= 2;
		}
		kids[n++] = k;
		if (r->next.kind != mark)
			break;
		if (token_take(r) == -1 || part(r, out) == -1)
			return -1;
	}
	as_cond(out, new_group(r, kind, kids, n, at));
	return 0;
}

static int
read_and(struct reader *r, struct operand *out)
{
	return read_chain(r, read_not, LEX_AND, COND_AND, out);
}

static int
read_or(struct reader *r, struct operand *out)
{
	return read_chain(r, read_and, LEX_OR, COND_OR, out);
}

/* ---- primaries */

static int
read_list(struct reader *r, struct operand *out)
{
	uint32_t cap = 8;

	*out = (struct operand){ .kind = OPERAND_LIST, .at = r->now.at };
	out->list = read_mem(r, cap, sizeof(*out->list));
	for (;;) {
		if (r->next.kind != LEX_NAME &&
		    (r->next.kind < LEX_STRING ||
			r->next.kind > LEX_ADDR))
			return read_fault(r, r->next.at, r->next.width,
			    "a constant is missing here");
		if (out->n == cap) {
			struct lexeme *more = read_mem(r, 2 * (size_t)cap,
			    sizeof(*more));

			memcpy(more, out->list, cap * sizeof(*more));
			out->list = more;
			cap *= 2;
		}
		if (token_take(r) == -1)
			return -1;
		out->list[out->n++] = r->now;
		if (r->next.kind == LEX_LIST_END)
			break;
		if (expect(r, LEX_COMMA, "a comma or ]") == -1)
			return -1;
	}
	if (token_take(r) == -1)
		return -1;
	out->width = r->now.at + 1 - out->at;
	return 0;
}

/* exists(x, CONDITION) of a list. */
static int
read_each(struct reader *r, const struct operand *list, enum cond_kind kind,
    struct operand *out)
{
	struct operand body;
	struct cond *k;

	if (list->kind != OPERAND_SUBJECT || list->cond->size ||
	    list->cond->item || subject_type(list->cond) != FACT_LIST)
		return read_fault(r, list->at, list->width,
		    "exists and all are of a list fact, such as labels");
	if (r->item.len > 0)
		return read_fault(r, r->now.at, r->now.width,
		    "exists and all cannot stand within each other");
	if (token_take(r) == -1 ||
	    expect(r, LEX_NAME, "a name for the item") == -1)
		return -1;
	if (fact_find(r->now.text) >= 0 || is_function(r->now.text))
		return read_fault(r, r->now.at, r->now.width,
		    "this name is taken: choose another, such as x");
	r->item = r->now.text;
	r->item_used = false;
	if (expect(r, LEX_COMMA, "a comma and a condition") == -1 ||
	    enter(r) == -1 || read_or(r, &body) == -1 ||
	    read_truth(r, &body, &k) == -1)
		return -1;
	if (!r->item_used)
		return read_fault(r, body.at, body.width,
		    "this does not look at %.*s", (int)r->item.len,
		    r->item.p);
	r->item = STR("");
	r->depth--;
	k = new_group(r, kind, &k, 1, list->at);
	k->fact = list->cond->fact;
	as_cond(out, k);
	if (expect(r, LEX_CLOSE, "a )") == -1)
		return -1;
	out->width = k->width = r->now.at + 1 - k->at;
	return 0;
}

/* What stands behind a dot: x.f(y); now is the name, next the bracket. */
static int
read_method(struct reader *r, const struct operand *x, struct operand *out)
{
	struct lexeme name = r->now;
	struct operand y = { 0 };
	bool has = false;

	if (str_eqz(name.text, "exists"))
		return read_each(r, x, COND_EXISTS, out);
	if (str_eqz(name.text, "all"))
		return read_each(r, x, COND_ALL, out);
	if (token_take(r) == -1)
		return -1;
	if (r->next.kind != LEX_CLOSE) {
		has = true;
		if (enter(r) == -1 || read_or(r, &y) == -1)
			return -1;
		r->depth--;
	}
	if (expect(r, LEX_CLOSE, "a )") == -1)
		return -1;
	return read_call(r, &name, x, has ? &y : NULL, out);
}

/* f(x) and f(x, y); now is the name, next the bracket. */
static int
read_function(struct reader *r, struct operand *out)
{
	struct lexeme name = r->now;
	struct operand x, y = { 0 };
	bool has = false;

	if (str_eqz(name.text, "exists") || str_eqz(name.text, "all"))
		return read_fault(r, name.at, name.width,
		    "write LIST.%.*s(x, ...)", (int)name.text.len,
		    name.text.p);
	if (token_take(r) == -1 || enter(r) == -1 || read_or(r, &x) == -1)
		return -1;
	if (r->next.kind == LEX_COMMA) {
		has = true;
		if (token_take(r) == -1 || read_or(r, &y) == -1)
			return -1;
	}
	r->depth--;
	if (expect(r, LEX_CLOSE, "a )") == -1)
		return -1;
	return read_call(r, &name, &x, has ? &y : NULL, out);
}

/* The dotted name that begins at now. A name with a bracket behind it is not
 * part of it, and is read_operand()'s. */
static int
read_dotted(struct reader *r, char *name, size_t cap, struct operand *at)
{
	size_t n = 0;

	at->at = r->now.at;
	for (;;) {
		if (n + r->now.text.len + 2 > cap)
			return read_fault(r, r->now.at, r->now.width,
			    "no fact has a name that long");
		memcpy(name + n, r->now.text.p, r->now.text.len);
		n += r->now.text.len;
		name[n] = '\0';
		at->width = r->now.at + r->now.width - at->at;
		if (r->next.kind != LEX_DOT)
			return 0;
		/* A look ahead by one byte is enough: is it a call? */
		for (uint32_t i = r->pos; i < r->text.len; i++) {
			char c = r->text.p[i];

			if (c == '(')
				return 0;
			if (!((c >= 'a' && c <= 'z') || c == '_' ||
				(c >= 'A' && c <= 'Z') ||
				(c >= '0' && c <= '9') || c == ' '))
				break;
		}
		if (token_take(r) == -1 ||
		    expect(r, LEX_NAME, "the rest of the name") == -1)
			return -1;
		name[n++] = '.';
	}
}

static int
read_name(struct reader *r, struct operand *out)
{
	struct lexeme first = r->now;
	struct operand place = { 0 };
	struct str name;
	char buf[96];

	if (r->next.kind == LEX_OPEN)
		return is_function(first.text) ? read_function(r, out) :
		    no_such_function(r);
	if (read_dotted(r, buf, sizeof(buf), &place) == -1)
		return -1;
	name = str_c(buf);
	if (r->item.len > 0 && str_eq(name, r->item)) {
		struct cond *k = read_mem(r, 1, sizeof(*k));

		r->item_used = true;
		k->item = true;
		k->at = place.at;
		k->width = place.width;
		*out = (struct operand){ .kind = OPERAND_SUBJECT, .cond = k,
			.at = place.at, .width = place.width };
		return 0;
	}
	if (fact_find(name) >= 0)
		return read_fact(r, name, place.at, place.width, out);
	if (str_index(name, '.') != name.len)
		return no_such_fact(r, name, place.at, place.width);
	*out = (struct operand){ .kind = OPERAND_WORD, .token = first,
		.at = place.at, .width = place.width };
	return 0;
}

static int
read_paren(struct reader *r, struct operand *out)
{
	uint32_t at = r->now.at;

	if (enter(r) == -1 || read_or(r, out) == -1 ||
	    expect(r, LEX_CLOSE, "a )") == -1)
		return -1;
	r->depth--;
	out->at = at;
	out->width = r->now.at + 1 - at;
	return 0;
}

static int
read_primary(struct reader *r, struct operand *out)
{
	if (r->next.kind == LEX_END)
		return read_fault(r, r->next.at, 1,
		    "the condition ends here, and something is missing");
	if (token_take(r) == -1)
		return -1;
	if (r->now.kind == LEX_OPEN)
		return read_paren(r, out);
	if (r->now.kind == LEX_LIST)
		return read_list(r, out);
	if (r->now.kind == LEX_NAME)
		return read_name(r, out);
	if (r->now.kind < LEX_STRING || r->now.kind > LEX_ADDR)
		return read_fault(r, r->now.at, r->now.width,
		    "a fact or a constant is missing here");
	*out = (struct operand){ .kind = OPERAND_VALUE, .token = r->now,
		.at = r->now.at, .width = r->now.width };
	return 0;
}

static int
read_operand(struct reader *r, struct operand *out)
{
	if (read_primary(r, out) == -1)
		return -1;
	while (r->next.kind == LEX_DOT) {
		struct operand x = *out;

		if (token_take(r) == -1 ||
		    expect(r, LEX_NAME, "a function's name") == -1)
			return -1;
		if (!is_function(r->now.text) ||
		    r->next.kind != LEX_OPEN)
			return no_such_function(r);
		if (read_method(r, &x, out) == -1)
			return -1;
	}
	return 0;
}

/* ---- relations */

static const struct {
	enum lexeme_kind token;
	enum cond_test op;
} relations[] = {
	{ LEX_EQ, TEST_EQ }, { LEX_NE, TEST_NE }, { LEX_LT, TEST_LT },
	{ LEX_LE, TEST_LE }, { LEX_GT, TEST_GT }, { LEX_GE, TEST_GE },
};

/* Words of other languages for what is written otherwise here. */
static int
check_word(struct reader *r)
{
	static const char *const words[][2] = { { "and", "&&" },
		{ "or", "||" }, { "not", "!" }, { "is", "==" },
		{ "AND", "&&" }, { "OR", "||" }, { "NOT", "!" } };

	if (r->next.kind != LEX_NAME)
		return 0;
	for (size_t i = 0; i < NELEM(words); i++)
		if (str_eqz(r->next.text, words[i][0]))
			return read_fault(r, r->next.at, r->next.width,
			    "write %s", words[i][1]);
	return read_fault(r, r->next.at, r->next.width,
	    "&& or || or a comparison is missing before this");
}

static int
read_relation(struct reader *r, struct operand *out)
{
	struct operand x, y;

	if (read_operand(r, &x) == -1)
		return -1;
	if (r->next.kind == LEX_NAME && str_eqz(r->next.text, "in")) {
		if (token_take(r) == -1 || read_operand(r, &y) == -1)
			return -1;
		return read_in(r, &x, &y, out);
	}
	for (size_t i = 0; i < NELEM(relations); i++)
		if (r->next.kind == relations[i].token) {
			if (token_take(r) == -1 ||
			    read_operand(r, &y) == -1)
				return -1;
			return read_compare(r, relations[i].op, &x, &y, out);
		}
	*out = x;
	return check_word(r);
}

static int
read_not(struct reader *r, struct operand *out)
{
	uint32_t at = r->next.at;
	struct cond *k;

	if (r->next.kind == LEX_NAME && str_eqz(r->next.text, "not"))
		return check_word(r);
	if (r->next.kind != LEX_NOT)
		return read_relation(r, out);
	if (token_take(r) == -1 || enter(r) == -1 || read_not(r, out) == -1 ||
	    read_truth(r, out, &k) == -1)
		return -1;
	r->depth--;
	as_cond(out, new_group(r, COND_NOT, &k, 1, at));
	return 0;
}

/* a => b is !a || b. */
static int
read_proof(struct reader *r, struct operand *out)
{
	uint32_t at = r->next.at;
	struct cond *kids[2];

	if (read_or(r, out) == -1)
		return -1;
	if (r->next.kind != LEX_IMPLIES)
		return 0;
	if ((r->where & FOR_PROOF) == 0)
		return read_fault(r, r->next.at, 2,
		    "=> is for what is to be proved: write !(...) || ...");
	if (read_truth(r, out, &kids[0]) == -1 || token_take(r) == -1 ||
	    read_or(r, out) == -1 || read_truth(r, out, &kids[1]) == -1)
		return -1;
	kids[0] = new_group(r, COND_NOT, &kids[0], 1, at);
	as_cond(out, new_group(r, COND_OR, kids, 2, at));
	return 0;
}

int
cond_parse(struct str text, unsigned where, enum fact_phase phase,
    struct arena *a, struct cond **out, struct cond_fault *fault)
{
	struct reader r = { .text = text, .arena = a, .fault = fault,
		.where = where, .phase = phase };
	struct operand all;

	*fault = (struct cond_fault){ .width = 1 };
	if (text.len > COND_BYTES_MAX)
		return read_fault(&r, 0, 1, "a condition may have %d bytes: "
		    "make it several rules", COND_BYTES_MAX);
	if (token_take(&r) == -1)	/* next is then the first */
		return -1;
	if (r.next.kind == LEX_END)
		return read_fault(&r, 0, 1, "the condition is empty: leave "
		    "the key out for a rule without one");
	if (read_proof(&r, &all) == -1)
		return -1;
	if (r.next.kind != LEX_END)
		return read_fault(&r, r.next.at, r.next.width,
		    "this is too much: the condition was complete before it");
	return read_truth(&r, &all, out);
}
