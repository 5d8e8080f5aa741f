/* cond_print.c -- a condition as text, which parses to the same; and what two
 * conditions have in common. */
#include "base/arena.h"
#include "base/buf.h"
#include "base/must.h"
#include "compile/cond_read.h"

enum { PRINT_BYTES_MAX = 16 * COND_BYTES_MAX };

/* How tightly a condition holds together. */
static int
strength(const struct cond *k)
{
	switch (k->kind) {
	case COND_OR:
		return 0;
	case COND_AND:
		return 1;
	case COND_TEST:
		return k->op >= TEST_EQ && k->op <= TEST_HOLDS ? 2 : 3;
	case COND_NOT:
	case COND_EXISTS:
	case COND_ALL:
		break;
	}
	return 3;
}

static bool
print_string(struct buf *b, struct str s)
{
	bool ok = buf_addz(b, "\"");

	for (size_t i = 0; i < s.len; i++) {
		if (s.p[i] == '"' || s.p[i] == '\\')
			ok = ok && buf_addz(b, "\\");
		ok = ok && buf_add(b, &s.p[i], 1);
	}
	return ok && buf_addz(b, "\"");
}

static bool
print_value(struct buf *b, const struct cond *k, const struct cond_value *v)
{
	if (k->op == TEST_HOLDS || subject_type(k) == FACT_TEXT)
		return print_string(b, v->text);
	return buf_adds(b, v->text);
}

static bool
print_values(struct buf *b, const struct cond *k)
{
	bool ok = buf_addz(b, "[");

	for (uint32_t i = 0; i < k->nvalues && ok; i++)
		ok = (i == 0 || buf_addz(b, ", ")) &&
		    print_value(b, k, &k->values[i]);
	return ok && buf_addz(b, "]");
}

static bool
print_subject(struct buf *b, const struct cond *k)
{
	const char *name = k->item ? "x" : fact_table[k->fact].name;

	if (k->lower || k->size)
		return buf_printf(b, "%s(%s)", k->lower ? "lower" : "size",
		    name);
	return buf_addz(b, name);
}

static bool
print_test(struct buf *b, const struct cond *k)
{
	static const char *const signs[] = { [TEST_EQ] = " == ",
		[TEST_NE] = " != ", [TEST_LT] = " < ", [TEST_LE] = " <= ",
		[TEST_GT] = " > ", [TEST_GE] = " >= ", [TEST_IN] = " in ",
		[TEST_HOLDS] = " in ", [TEST_STARTS] = ".startsWith(",
		[TEST_ENDS] = ".endsWith(", [TEST_CONTAINS] = ".contains(",
		[TEST_MATCHES] = ".matches(",
		[TEST_DOMAIN] = ".domainMatch(" };

	if (k->op == TEST_IS)
		return print_subject(b, k);
	if (k->op == TEST_HAS)
		return buf_addz(b, "has(") && print_subject(b, k) &&
		    buf_addz(b, ")");
	if (k->op == TEST_HOLDS)
		return print_value(b, k, &k->values[0]) &&
		    buf_addz(b, signs[k->op]) && print_subject(b, k);
	return print_subject(b, k) && buf_addz(b, signs[k->op]) &&
	    (k->op == TEST_IN ? print_values(b, k) :
		print_value(b, k, &k->values[0])) &&
	    (k->op <= TEST_HOLDS || buf_addz(b, ")"));
}

static bool print_cond(struct buf *b, const struct cond *k, int above);

static bool
print_kids(struct buf *b, const struct cond *k)
{
	const char *between = k->kind == COND_OR ? " || " : " && ";
	bool ok = true;

	for (uint32_t i = 0; i < k->nkids && ok; i++)
		ok = (i == 0 || buf_addz(b, between)) &&
		    print_cond(b, k->kids[i], strength(k) + 1);
	return ok;
}

static bool
print_inner(struct buf *b, const struct cond *k)
{
	switch (k->kind) {
	case COND_TEST:
		return print_test(b, k);
	case COND_NOT:
		return buf_addz(b, "!") && print_cond(b, k->kids[0], 3);
	case COND_AND:
	case COND_OR:
		return print_kids(b, k);
	case COND_EXISTS:
	case COND_ALL:
		return buf_printf(b, "%s.%s(x, ", fact_table[k->fact].name,
		    k->kind == COND_ALL ? "all" : "exists") &&
		    print_cond(b, k->kids[0], 0) && buf_addz(b, ")");
	}
	return false;
}

static bool
print_cond(struct buf *b, const struct cond *k, int above)
{
	if (strength(k) >= above)
		return print_inner(b, k);
	return buf_addz(b, "(") && print_inner(b, k) && buf_addz(b, ")");
}

struct str
cond_print(const struct cond *k, struct arena *a)
{
	struct buf b;
	char *z;
	size_t n;

	buf_init(&b, PRINT_BYTES_MAX);
	must(print_cond(&b, k, 0));	/* names grow by no more than that */
	n = b.len;
	z = arena_strdup(a, buf_str(&b));
	must(z != NULL);	/* the arena has no limit of its own */
	buf_fini(&b);
	return str_of(z, n);
}

uint64_t
cond_uses(const struct cond *k)
{
	uint64_t all = 0;

	if (k->kind != COND_NOT && k->kind != COND_AND &&
	    k->kind != COND_OR && !k->item)
		all = FACT_BIT(k->fact);
	for (uint32_t i = 0; i < k->nkids; i++)
		all |= cond_uses(k->kids[i]);
	return all;
}

bool
cond_asks_known(const struct cond *k)
{
	if (k->kind == COND_TEST && k->op == TEST_HAS)
		return true;
	for (uint32_t i = 0; i < k->nkids; i++)
		if (cond_asks_known(k->kids[i]))
			return true;
	return false;
}

static bool
same_test(const struct cond *x, const struct cond *y)
{
	if (x->op != y->op || x->item != y->item || x->lower != y->lower ||
	    x->size != y->size || x->nvalues != y->nvalues)
		return false;
	for (uint32_t i = 0; i < x->nvalues; i++)
		if (x->values[i].n != y->values[i].n ||
		    !str_eq(x->values[i].text, y->values[i].text))
			return false;
	return true;
}

bool
cond_same(const struct cond *x, const struct cond *y)
{
	if (x->kind != y->kind || x->nkids != y->nkids ||
	    x->fact != y->fact ||
	    (x->kind == COND_TEST && !same_test(x, y)))
		return false;
	for (uint32_t i = 0; i < x->nkids; i++)
		if (!cond_same(x->kids[i], y->kids[i]))
			return false;
	return true;
}
