/* cond_type.c -- which facts, constants and functions go together. */
#include <stdio.h>

#include "compile/check.h"
#include "compile/cond_read.h"

enum fact_type
subject_type(const struct cond *k)
{
	if (k->size)
		return FACT_INT;
	return k->item ? FACT_TEXT : fact_table[k->fact].type;
}

const char *
type_name(enum fact_type t)
{
	static const char *const names[FACT_TYPE_COUNT] = {
		[FACT_BOOL] = "true or false",
		[FACT_ENUM] = "one of a few words", [FACT_INT] = "a number",
		[FACT_SIZE] = "a size, as 10MiB",
		[FACT_TIME] = "a time, as 5m", [FACT_TEXT] = "a text",
		[FACT_ADDR] = "an address", [FACT_LIST] = "a list of texts" };

	return names[t];
}

const char *
subject_name(const struct cond *k)
{
	return k->item ? "an item" : fact_table[k->fact].name;
}

/* ---- facts */

int
no_such_fact(struct reader *r, struct str name, uint32_t at, uint32_t width)
{
	const char *names[FACT_COUNT + FACT_OTHERS], *near;
	size_t n = 0;

	for (int i = 0; i < FACT_COUNT; i++)
		if ((fact_table[i].where & r->where) != 0)
			names[n++] = fact_table[i].name;
	for (int i = 0; i < FACT_OTHERS; i++)
		names[n++] = fact_other_names[i];
	near = word_near(name, names, n);
	if (near != NULL)
		return read_fault(r, at, width, "no such fact: did you mean "
		    "\"%s\"?", near);
	return read_fault(r, at, width, "no such fact (a text needs quotes); "
	    "openshell-policy(5) lists them");
}

static const char *
where_name(unsigned where)
{
	if ((where & FOR_MODEL) != 0)
		return "a call of a model";
	if ((where & FOR_EXEC) != 0)
		return "a command";
	return "a request on the network";
}

int
read_fact(struct reader *r, struct str name, uint32_t at, uint32_t width,
    struct operand *out)
{
	enum fact f = (enum fact)fact_find(name);
	const struct fact_info *info = &fact_table[f];
	struct cond *k = read_mem(r, 1, sizeof(*k));

	if (info->phase == PHASE_RESULT && (r->where & FOR_PROOF) == 0)
		return read_fault(r, at, width, "%s is what is decided: only "
		    "a statement to prove may ask about it", info->name);
	if ((info->where & r->where) == 0)
		return read_fault(r, at, width, "%s is a fact of %s, and "
		    "this is about %s", info->name, where_name(info->where),
		    where_name(r->where));
	if (info->phase > r->phase && info->phase != PHASE_RESULT)
		return read_fault(r, at, width, "%s is known only after this "
		    "is decided", info->name);
	k->fact = f;
	k->at = at;
	k->width = width;
	*out = (struct operand){ .kind = OPERAND_SUBJECT, .cond = k,
		.at = at, .width = width };
	return 0;
}

/* ---- truth */

void
read_test(struct operand *out, struct cond *k, enum cond_test op, uint32_t at,
    uint32_t end)
{
	k->kind = COND_TEST;
	k->op = op;
	k->at = at;
	k->width = end - at;
	*out = (struct operand){ .kind = OPERAND_COND, .cond = k, .at = at,
		.width = end - at };
}

static bool
is_bool_word(const struct operand *x, bool *value)
{
	if (x->kind != OPERAND_WORD)
		return false;
	*value = str_eqz(x->token.text, "true");
	return *value || str_eqz(x->token.text, "false");
}

int
read_truth(struct reader *r, const struct operand *x, struct cond **out)
{
	struct operand test;
	bool value;

	switch (x->kind) {
	case OPERAND_COND:
		*out = x->cond;
		return 0;
	case OPERAND_SUBJECT:
		if (subject_type(x->cond) != FACT_BOOL)
			return read_fault(r, x->at, x->width, "%s is %s: "
			    "compare it with something",
			    subject_name(x->cond),
			    type_name(subject_type(x->cond)));
		read_test(&test, x->cond, TEST_IS, x->at, x->at + x->width);
		*out = test.cond;
		return 0;
	case OPERAND_WORD:
		if (is_bool_word(x, &value))
			return read_fault(r, x->at, x->width,
			    "this is always %s: leave it out",
			    value ? "true" : "false");
		return no_such_fact(r, x->token.text, x->at, x->width);
	case OPERAND_VALUE:
	case OPERAND_LIST:
		break;
	}
	return read_fault(r, x->at, x->width,
	    "a constant is no condition: compare it with a fact");
}

/* ---- constants */

enum { NAMES_MAX = 2 * FACT_WORDS_MAX, NAMES_BYTES_MAX = 512 };

/* All names of an enum's words, in buf. */
static size_t
word_names(enum fact f, char buf[NAMES_BYTES_MAX],
    const char *out[NAMES_MAX])
{
	char *p = buf, *save = NULL;
	size_t n = 0;

	if (!str_copy(str_c(fact_table[f].words), buf, NAMES_BYTES_MAX))
		return 0;
	for (p = strtok_r(p, " =", &save); p != NULL && n < NAMES_MAX;
	    p = strtok_r(NULL, " =", &save))
		out[n++] = p;
	return n;
}

static int
no_such_word(struct reader *r, enum fact f, const struct lexeme *t)
{
	char buf[NAMES_BYTES_MAX], all[NAMES_BYTES_MAX] = "";
	const char *words[NAMES_MAX], *near;
	size_t n = word_names(f, buf, words), len = 0;

	near = word_near(t->text, words, n);
	if (near != NULL)
		return read_fault(r, t->at, t->width, "%s is never "
		    "\"%.*s\": did you mean \"%s\"?", fact_table[f].name,
		    (int)t->text.len, t->text.p, near);
	for (unsigned i = 0; i < fact_words(f) && len < sizeof(all); i++) {
		struct str w = fact_word(f, i);

		len += (size_t)snprintf(all + len, sizeof(all) - len,
		    "%s%.*s", i == 0 ? "" : ", ", (int)w.len, w.p);
	}
	return read_fault(r, t->at, t->width, "%s is never \"%.*s\": it is "
	    "one of %s", fact_table[f].name, (int)t->text.len, t->text.p,
	    all);
}

static bool
has_upper(struct str s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.p[i] >= 'A' && s.p[i] <= 'Z')
			return true;
	return false;
}

static int
need(struct reader *r, const struct cond *k, const struct lexeme *t,
    const char *fix)
{
	return read_fault(r, t->at, t->width, "%s%s is %s, and this is not%s",
	    k->size ? "size of " : "", subject_name(k),
	    type_name(subject_type(k)), fix);
}

/* A constant that the subject could be compared with. */
static int
take_value(struct reader *r, const struct cond *k, const struct lexeme *t,
    struct cond_value *out)
{
	static const enum lexeme_kind kinds[FACT_TYPE_COUNT] = {
		[FACT_INT] = LEX_INT, [FACT_SIZE] = LEX_SIZE,
		[FACT_TIME] = LEX_TIME, [FACT_TEXT] = LEX_STRING,
		[FACT_ADDR] = LEX_ADDR };
	enum fact_type type = subject_type(k);
	int word;

	*out = t->value;
	if (type == FACT_ENUM && (t->kind == LEX_NAME ||
	    t->kind == LEX_STRING)) {
		word = fact_word_find(k->fact, t->text);
		if (word < 0)
			return no_such_word(r, k->fact, t);
		out->n = word;
		out->text = fact_word(k->fact, (unsigned)word);
		return 0;
	}
	if (type == FACT_ENUM || type == FACT_BOOL || type == FACT_LIST ||
	    t->kind != kinds[type])
		return need(r, k, t, type == FACT_TEXT && t->kind ==
		    LEX_NAME ? ": it needs quotes" : "");
	if (k->lower && has_upper(t->text))
		return read_fault(r, t->at, t->width, "lower() never gives "
		    "upper case: write this in lower case");
	return 0;
}

int
read_values(struct reader *r, struct cond *k, const struct lexeme *v,
    uint32_t n)
{
	k->values = read_mem(r, n, sizeof(*k->values));
	k->nvalues = n;
	for (uint32_t i = 0; i < n; i++)
		if (take_value(r, k, &v[i], &k->values[i]) == -1)
			return -1;
	return 0;
}

/* ---- comparisons */

static bool
is_ordered(const struct cond *k)
{
	return k->size || (!k->item && fact_table[k->fact].ordered);
}

static enum cond_test
mirrored(enum cond_test op)
{
	if (op == TEST_LT || op == TEST_LE)
		return op == TEST_LT ? TEST_GT : TEST_GE;
	if (op == TEST_GT || op == TEST_GE)
		return op == TEST_GT ? TEST_LT : TEST_LE;
	return op;
}

/* has_image == true */
static int
compare_bool(struct reader *r, enum cond_test op, const struct operand *x,
    bool value, uint32_t end, struct operand *out)
{
	struct cond *k, *kid;

	if (op != TEST_EQ && op != TEST_NE)
		return read_fault(r, x->at, x->width,
		    "%s has no order: use == or !=", subject_name(x->cond));
	read_test(out, x->cond, TEST_IS, x->at, end);
	if (value == (op == TEST_EQ))
		return 0;
	kid = out->cond;
	k = read_mem(r, 1, sizeof(*k));
	k->kids = read_mem(r, 1, sizeof(struct cond *));
	k->kids[0] = kid;
	k->nkids = 1;
	k->kind = COND_NOT;
	k->at = kid->at;
	k->width = kid->width;
	out->cond = k;
	return 0;
}

static int
compare(struct reader *r, enum cond_test op, const struct operand *x,
    const struct operand *y, uint32_t at, uint32_t end, struct operand *out)
{
	struct cond *k = x->cond;
	bool value;

	if (subject_type(k) == FACT_BOOL && is_bool_word(y, &value))
		return compare_bool(r, op, x, value, end, out);
	if (subject_type(k) == FACT_LIST)
		return read_fault(r, x->at, x->width, "%s is a list: write "
		    "\"word\" in %s, or use exists, all or size",
		    subject_name(k), subject_name(k));
	if (y->kind == OPERAND_LIST)
		return read_fault(r, y->at, y->width,
		    "compare with one of a list by in");
	if (read_values(r, k, &y->token, 1) == -1)
		return -1;
	if (op != TEST_EQ && op != TEST_NE && !is_ordered(k))
		return read_fault(r, at, end - at, "%s has no order: use ==, "
		    "!= or in", subject_name(k));
	if (subject_type(k) == FACT_ADDR && k->values[0].net.bits != 128)
		return read_fault(r, y->at, y->width,
		    "this is a range: write %s in %.*s", subject_name(k),
		    (int)y->token.text.len, y->token.text.p);
	read_test(out, k, op, at, end);
	return 0;
}

int
read_compare(struct reader *r, enum cond_test op, const struct operand *x,
    const struct operand *y, struct operand *out)
{
	uint32_t end = y->at + y->width;

	if (x->kind == OPERAND_COND || y->kind == OPERAND_COND)
		return read_fault(r, x->at, end - x->at,
		    "a comparison is between a fact and a constant: put "
		    "conditions together by &&, || and !");
	if (x->kind == OPERAND_SUBJECT && y->kind == OPERAND_SUBJECT)
		return read_fault(r, x->at, end - x->at,
		    "a comparison is between a fact and a constant, not "
		    "between two facts");
	if (x->kind == OPERAND_SUBJECT)
		return compare(r, op, x, y, x->at, end, out);
	if (y->kind == OPERAND_SUBJECT)
		return compare(r, mirrored(op), y, x, x->at, end, out);
	if (x->kind == OPERAND_WORD)
		return no_such_fact(r, x->token.text, x->at, x->width);
	return read_fault(r, x->at, end - x->at,
	    "this compares two constants: it would always be the same");
}

/* "pii" in labels */
static int
read_holds(struct reader *r, const struct operand *x, const struct operand *y,
    struct operand *out)
{
	struct cond *k = y->cond;

	if (subject_type(k) != FACT_LIST)
		return read_fault(r, y->at, y->width,
		    "%s is %s: behind in, a list is needed", subject_name(k),
		    type_name(subject_type(k)));
	if (x->kind == OPERAND_SUBJECT)
		return read_fault(r, x->at, x->width,
		    "before in of a list fact, a text in quotes is needed");
	if (x->kind != OPERAND_VALUE || x->token.kind != LEX_STRING)
		return read_fault(r, x->at, x->width, "%s holds texts, and "
		    "this is none: it needs quotes", subject_name(k));
	if (r->item.len > 0)
		return read_fault(r, x->at, y->at + y->width - x->at,
		    "one list cannot be looked at for each item of another");
	k->values = read_mem(r, 1, sizeof(*k->values));
	k->values[0] = x->token.value;
	k->nvalues = 1;
	read_test(out, k, TEST_HOLDS, x->at, y->at + y->width);
	return 0;
}

int
read_in(struct reader *r, const struct operand *x, const struct operand *y,
    struct operand *out)
{
	struct cond *k = x->cond;
	bool range;

	if (y->kind == OPERAND_SUBJECT)
		return read_holds(r, x, y, out);
	if (x->kind == OPERAND_WORD)
		return no_such_fact(r, x->token.text, x->at, x->width);
	if (x->kind != OPERAND_SUBJECT)
		return read_fault(r, x->at, x->width,
		    "before in, a fact is needed");
	if (subject_type(k) == FACT_LIST)
		return read_fault(r, x->at, x->width, "%s is a list itself: "
		    "write %s.exists(x, x in [...])", subject_name(k),
		    subject_name(k));
	range = subject_type(k) == FACT_ADDR && y->kind == OPERAND_VALUE;
	if (y->kind != OPERAND_LIST && !range)
		return read_fault(r, y->at, y->width,
		    "behind in, a list is needed: write [...]");
	if (read_values(r, k, range ? &y->token : y->list,
		range ? 1 : y->n) == -1)
		return -1;
	read_test(out, k, TEST_IN, x->at, y->at + y->width);
	return 0;
}
