/* cond_take.c -- conditions in documents: where in the file an error stands,
 * and what a rule's polarity forbids. */
#include <stdio.h>

#include "base/must.h"
#include "compile/check.h"
#include "compile/cond_code.h"

/* ---- from a byte of a scalar's value to its place in the file */

struct place {
	struct str rest;	/* of the file, from there on */
	uint32_t line, column;
};

static void
step(struct place *p)
{
	size_t n = str_utf8_len(p->rest);

	p->column++;
	if (p->rest.p[0] == '\n') {
		p->line++;
		p->column = 1;
	}
	p->rest = str_from(p->rest, n == 0 ? 1 : n);
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* The node's first byte. */
static void
place_init(struct place *p, const struct node *n)
{
	*p = (struct place){ n->doc->text, 1, 1 };
	while (p->rest.len > 0 && (p->line < n->line ||
	    (p->line == n->line && p->column < n->column)))
		step(p);
}

/* To where the file has the byte c of the value; false: elsewhere, by an
 * escape or a fold that is not followed. */
static bool
place_find(struct place *p, char c)
{
	bool blank = is_blank(c);

	while (p->rest.len > 0 && p->rest.p[0] != c) {
		char at = p->rest.p[0];

		if (blank && !is_blank(at) && at != '\\')
			return false;
		if (!blank && !is_blank(at) && at != '\\' && at != '|' &&
		    at != '>' && at != '\'' && at != '"' && at != '-' &&
		    at != '+')
			return false;
		step(p);
	}
	return p->rest.len > 0;
}

/* Where the node's value has its byte at. */
static void
place_of(const struct node *n, uint32_t at, uint32_t *line, uint32_t *column)
{
	struct place p;

	place_init(&p, n);
	for (uint32_t i = 0; i < n->text.len && i <= at; i++) {
		if (is_blank(n->text.p[i]) && i < at)
			continue;	/* a fold may have made it */
		if (!place_find(&p, n->text.p[i])) {
			*line = n->line;
			*column = n->column;
			return;
		}
		if (i < at)
			step(&p);
	}
	*line = p.line;
	*column = p.column;
}

static void
say_fault(struct compile *c, const struct node *n, uint32_t at,
    uint32_t width, const char *text)
{
	uint32_t line, column;

	place_of(n, at, &line, &column);
	diag_add(c->diags, DIAG_ERROR, n->doc, line, column, width, "%s",
	    text);
}

/* ---- has(), the one test that unknown makes certain */

/* One that would open, where the fact is unknown, what that should close. */
static const struct cond *
find_has(const struct cond *k, bool not_, bool grants)
{
	const struct cond *found = NULL;

	if (k->kind == COND_TEST)
		return k->op == TEST_HAS && not_ == grants ? k : NULL;
	if (k->kind == COND_NOT)
		not_ = !not_;
	for (uint32_t i = 0; i < k->nkids && found == NULL; i++)
		found = find_has(k->kids[i], not_, grants);
	return found;
}

static bool
check_has(struct compile *c, const struct node *n, const struct cond *root,
    bool grants)
{
	const struct cond *k = find_has(root, false, grants);

	if (k == NULL)
		return true;
	say_fault(c, n, k->at, k->width, grants ?
	    "without this fact the rule would grant: has() may stand in it, "
	    "and !has() may not" :
	    "without this fact the rule would not hold, and it is there to "
	    "restrict: !has() may stand in it, and has() may not");
	return false;
}

static bool
check_idle(struct compile *c, const struct node *n, const struct cond *root)
{
	bool always = false;
	const struct cond *k = cond_idle(c, root, &always);

	if (k == NULL)
		return true;
	say_fault(c, n, k->at, k->width, always ?
	    "this is true whatever the facts are: leave it out" :
	    "this is false whatever the facts are, so it decides nothing");
	return false;
}

/* ---- the list */

static uint32_t
cond_add(struct compile *c, const struct pol_cond *k)
{
	struct pol_conds *all = &c->pol.conds;

	if (all->n == CONDS_MAX) {
		node_error(c, k->at, "more than %d conditions", CONDS_MAX);
		return 0;
	}
	if (all->n == all->cap) {
		uint32_t cap = all->cap == 0 ? 16 : 2 * all->cap;
		struct pol_cond *v = take_mem(c, cap, sizeof(*v));

		if (all->n > 0)
			memcpy(v, all->v, all->n * sizeof(*v));
		all->v = v;
		all->cap = cap;
	}
	all->v[all->n++] = *k;
	return all->n;
}

uint32_t
take_cond(struct compile *c, const struct node *n, unsigned where,
    enum fact_phase phase, bool grants)
{
	struct pol_cond k = { .at = n, .where = where, .grants = grants };
	struct cond_fault fault;

	if (!check_want(c, n, WANT_WORD, "a condition"))
		return 0;
	if (cond_parse(n->text, where, phase, c->arena, &k.root, &fault) ==
	    -1) {
		say_fault(c, n, fault.at, fault.width, fault.text);
		return 0;
	}
	if (!check_idle(c, n, k.root) || !check_has(c, n, k.root, grants))
		return 0;
	k.code = take_mem(c, 1, sizeof(*k.code));
	if (!cond_code(k.root, c->arena, k.code)) {
		node_error(c, n, "this condition needs more than %d tests: "
		    "make it several rules", COND_TESTS_MAX);
		return 0;
	}
	k.text = cond_print(k.root, c->arena);
	return cond_add(c, &k);
}

const struct pol_cond *
pol_cond(const struct compile *c, uint32_t number)
{
	must(number <= c->pol.conds.n);
	return number == 0 ? NULL : &c->pol.conds.v[number - 1];
}

static const struct cond *
find_fact(const struct cond *k, enum fact fact)
{
	const struct cond *found = NULL;

	if (k->kind != COND_NOT && k->kind != COND_AND &&
	    k->kind != COND_OR && !k->item && k->fact == fact)
		return k;
	for (uint32_t i = 0; i < k->nkids && found == NULL; i++)
		found = find_fact(k->kids[i], fact);
	return found;
}

void
cond_not_enforced(struct compile *c, uint32_t number, uint64_t can)
{
	const struct pol_cond *k = pol_cond(c, number);
	uint64_t bad;

	if (k == NULL || c->stage != POLICY_STAGE_ENFORCE)
		return;
	for (bad = cond_uses(k->root) & ~can; bad != 0; bad &= bad - 1) {
		enum fact fact = (enum fact)__builtin_ctzll(bad);
		const struct cond *at = find_fact(k->root, fact);
		char text[96];

		must(at != NULL);
		(void)snprintf(text, sizeof(text), "not enforced by this "
		    "version: fact %s", fact_table[fact].name);
		say_fault(c, k->at, at->at, at->width, text);
	}
}
