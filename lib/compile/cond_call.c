/* cond_call.c -- the functions of conditions: f(x, y) and x.f(y). */
#include "compile/check.h"
#include "compile/cond_read.h"

enum function { IS_TEXT_TEST, IS_DOMAIN, IS_CIDR, IS_SIZE, IS_LOWER, IS_HAS,
	IS_EACH };

static const struct {
	const char *name;
	enum function what;
	enum cond_test op;
} functions[] = {
	{ "startsWith", IS_TEXT_TEST, TEST_STARTS },
	{ "endsWith", IS_TEXT_TEST, TEST_ENDS },
	{ "contains", IS_TEXT_TEST, TEST_CONTAINS },
	{ "matches", IS_TEXT_TEST, TEST_MATCHES },
	{ "domainMatch", IS_DOMAIN, TEST_DOMAIN },
	{ "cidrMatch", IS_CIDR, TEST_IN },
	{ "size", IS_SIZE, TEST_IS }, { "lower", IS_LOWER, TEST_IS },
	{ "has", IS_HAS, TEST_HAS },
	{ "exists", IS_EACH, TEST_IS }, { "all", IS_EACH, TEST_IS },
};

static int
function_find(struct str name)
{
	for (size_t i = 0; i < NELEM(functions); i++)
		if (str_eqz(name, functions[i].name))
			return (int)i;
	return -1;
}

bool
is_function(struct str name)
{
	return function_find(name) >= 0;
}

int
no_such_function(struct reader *r)
{
	const char *names[NELEM(functions)], *near;

	for (size_t i = 0; i < NELEM(functions); i++)
		names[i] = functions[i].name;
	near = word_near(r->now.text, names, NELEM(functions));
	if (near != NULL)
		return read_fault(r, r->now.at, r->now.width,
		    "no such function: did you mean \"%s\"?", near);
	return read_fault(r, r->now.at, r->now.width, "no such function: "
	    "there are startsWith, endsWith, contains, matches, domainMatch, "
	    "cidrMatch, size, lower, has, exists and all");
}

static int
call_text(struct reader *r, enum cond_test op, const struct operand *x,
    const struct operand *y, uint32_t at, uint32_t end, struct operand *out)
{
	struct cond *k = x->cond;
	const char *fault = NULL;

	if (subject_type(k) == FACT_LIST)
		return read_fault(r, x->at, x->width, "%s is a list: write "
		    "\"word\" in %s, or %s.exists(x, ...)", subject_name(k),
		    subject_name(k), subject_name(k));
	if (subject_type(k) != FACT_TEXT)
		return read_fault(r, x->at, x->width, "%s is %s, and this "
		    "function is of texts", subject_name(k),
		    type_name(subject_type(k)));
	if (y->kind != OPERAND_VALUE || y->token.kind != LEX_STRING ||
	    y->token.text.len == 0)
		return read_fault(r, y->at, y->width,
		    "a text in quotes is needed here, and not an empty one");
	if (op == TEST_MATCHES)
		fault = glob_fault(y->token.text);
	if (op == TEST_DOMAIN)
		fault = domain_fault(y->token.text);
	if (fault != NULL)
		return read_fault(r, y->at, y->width, "%s", fault);
	if (read_values(r, k, &y->token, 1) == -1)
		return -1;
	read_test(out, k, op, at, end);
	return 0;
}

static int
call_cidr(struct reader *r, const struct operand *x, const struct operand *y,
    uint32_t at, uint32_t end, struct operand *out)
{
	struct lexeme t = y->token;

	if (y->kind == OPERAND_VALUE && t.kind == LEX_STRING &&
	    prefix_parse(t.text, &t.value.net)) {
		t.kind = LEX_ADDR;
		t.value.text = t.text;
	}
	if (y->kind != OPERAND_VALUE || t.kind != LEX_ADDR)
		return read_fault(r, y->at, y->width, "an address range is "
		    "needed here, as \"10.0.0.0/8\", with no bits beyond the "
		    "prefix");
	if (read_values(r, x->cond, &t, 1) == -1)
		return -1;
	read_test(out, x->cond, TEST_IN, at, end);
	return 0;
}

static int
call_derived(struct reader *r, enum function what, const struct operand *x,
    uint32_t at, uint32_t end, struct operand *out)
{
	struct cond *k = x->cond;
	enum fact_type type = subject_type(k);

	if (k->size || k->lower)
		return read_fault(r, x->at, x->width,
		    "lower and size are of a fact alone");
	if (what == IS_LOWER && type != FACT_TEXT)
		return read_fault(r, x->at, x->width, "%s is %s, and lower "
		    "is of texts", subject_name(k), type_name(type));
	if (what == IS_SIZE && type != FACT_TEXT && type != FACT_LIST)
		return read_fault(r, x->at, x->width, "%s is %s, and size is "
		    "of texts and lists", subject_name(k), type_name(type));
	k->lower = what == IS_LOWER;
	k->size = what == IS_SIZE;
	*out = *x;
	out->at = at;
	out->width = end - at;
	return 0;
}

int
read_call(struct reader *r, const struct lexeme *name, const struct operand *x,
    const struct operand *y, struct operand *out)
{
	int i = function_find(name->text);
	enum function what = functions[i].what;
	uint32_t end = r->now.at + r->now.width;
	uint32_t at = name->at < x->at ? name->at : x->at;
	bool two = what == IS_TEXT_TEST || what == IS_DOMAIN ||
	    what == IS_CIDR;

	if (x->kind == OPERAND_WORD)
		return no_such_fact(r, x->token.text, x->at, x->width);
	if (x->kind != OPERAND_SUBJECT)
		return read_fault(r, x->at, x->width,
		    "%s is of a fact, and this is none", functions[i].name);
	if (two != (y != NULL))
		return read_fault(r, name->at, name->width, two ?
		    "%s needs a second value" : "%s takes nothing more",
		    functions[i].name);
	switch (what) {
	case IS_TEXT_TEST:
	case IS_DOMAIN:
		return call_text(r, functions[i].op, x, y, at, end, out);
	case IS_CIDR:
		return call_cidr(r, x, y, at, end, out);
	case IS_SIZE:
	case IS_LOWER:
		return call_derived(r, what, x, at, end, out);
	case IS_HAS:
	case IS_EACH:
		break;
	}
	if (x->cond->item || x->cond->lower || x->cond->size)
		return read_fault(r, x->at, x->width,
		    "has is of a fact alone");
	read_test(out, x->cond, TEST_HAS, at, end);
	return 0;
}
