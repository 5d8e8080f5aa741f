/* warn_idle.c -- rules that change nothing: the policy without one is compared
 * with the policy, exactly (diff.h).  Then it is asked who decides instead. */
#include <stdlib.h>

#include "analysis/diff.h"
#include "analysis/space.h"
#include "analysis/warn.h"
#include "base/clock.h"
#include "base/err.h"

struct trial {
	struct book *book;
	const struct policy_file *files;
	size_t n;
	uint32_t tried, most;	/* rules tried without */
	struct usec until;	/* no trial begins later */
};

static bool
may_try(const struct trial *t)
{
	return t->tried < t->most && clock_mono().v < t->until.v;
}

/* ---- the policy without one of its rules */

static bool
drop_rule(struct policy *p, uint32_t nth)
{
	struct pol_rule **at = &p->rules;

	while (*at != NULL && nth-- > 0)
		at = &(*at)->next;
	if (*at == NULL)
		return false;
	*at = (*at)->next;
	p->nrules--;
	return true;
}

/* All alternatives of one path. */
static bool
drop_file(struct pol_files *p, uint32_t line, uint32_t column, uint32_t doc)
{
	bool found = false;

	for (struct pol_file **at = &p->list; *at != NULL;) {
		const struct node *n = (*at)->at;

		if (n == NULL || n->line != line || n->column != column ||
		    n->doc->index != doc) {
			at = &(*at)->next;
			continue;
		}
		*at = (*at)->next;
		p->n--;
		found = true;
	}
	return found;
}

static bool
is_same(struct trial *t, struct book *without, bool files)
{
	struct diff d = { 0 };
	struct err e = { 0 };
	bool same = files ? diff_only_files(t->book, without, &d, &e) == 0 :
			    diff_only_network(t->book, without, &d, &e) == 0;

	same = same && d.n == 0;
	diff_fini(&d);
	return same;
}

/* Opens the policy without its nth rule. */
static bool
open_without(struct trial *t, uint32_t nth, struct book *out)
{
	out->checked = checked_new(t->files, t->n, POLICY_STAGE_CHECK,
	    &out->diags);
	return drop_rule(&out->checked->c.pol, nth) &&
	    book_open_checked(out) == 0;
}

static bool
is_idle_file(struct trial *t, const struct node *at)
{
	struct book without = { 0 };
	bool same;

	without.checked = checked_new(t->files, t->n, POLICY_STAGE_CHECK,
	    &without.diags);
	same = drop_file(&without.checked->c.pol.files, at->line, at->column,
	    at->doc->index) && book_open_checked(&without) == 0 &&
	    is_same(t, &without, true);
	book_close(&without);
	return same;
}

/* ---- who decides instead */

struct witness { /* an answer to some request that the rule speaks of */
	const struct book *book, *only;
	const struct pol_rule *rule;
	struct policy_rule allow, deny;
};

static bool
on_question(void *arg, const struct question *q)
{
	struct witness *w = arg;
	struct reply r;

	book_ask(w->only, q, &r);
	if (r.verdict == REPLY_DENY)
		return q->kind != ASK_CONNECT;
	book_ask(w->book, q, &r);
	if (r.verdict == REPLY_DENY && w->deny.file.len == 0)
		w->deny = r.rule;
	if (r.verdict != REPLY_DENY && w->allow.file.len == 0)
		w->allow = r.rule;
	return true;
}

/* A policy of this rule alone says what it is about; the policy without it
 * says what happens there. */
static void
find_witness(struct trial *t, const struct book *without,
    const struct pol_rule *rule, uint32_t nth, struct witness *w)
{
	struct book only = { 0 };
	struct pol_rule *one;
	struct err e = { 0 };
	struct arena arena = { 0 };
	struct space s = { .arena = &arena, .npol = 1, .on = on_question,
		.arg = w };

	only.checked = checked_new(t->files, t->n, POLICY_STAGE_CHECK,
	    &only.diags);
	one = only.checked->c.pol.rules;
	*w = (struct witness){ .book = without, .only = &only,
		.rule = rule };
	for (; one != NULL && nth > 0; nth--)
		one = one->next;
	if (one != NULL) {
		only.checked->c.pol.rules = one;
		one->next = NULL;
		only.checked->c.pol.nrules = 1;
		s.pol[0] = only.checked;
		if (book_open_checked(&only) == 0)
			(void)space_walk(&s, &e); /* or nobody is named */
	}
	arena_fini(&arena);
	book_close(&only);
}

static void
say_rule(struct trial *t, const struct book *without,
    const struct pol_rule *r, uint32_t nth)
{
	struct compile *c = &t->book->checked->c;
	struct witness w;

	if ((r->flags & RULE_DENY) != 0) {
		node_warning(c, r->at, "this denies nothing that any rule "
		    "allows");
		return;
	}
	find_witness(t, without, r, nth, &w);
	if (w.allow.file.len > 0)
		node_warning(c, r->at, "this changes nothing: %.*s:%u allows "
		    "it already", (int)w.allow.file.len, w.allow.file.p,
		    w.allow.line);
	else if (w.deny.file.len > 0)
		node_warning(c, r->at, "this allows nothing: %.*s:%u denies "
		    "all of it", (int)w.deny.file.len, w.deny.file.p,
		    w.deny.line);
	else
		node_warning(c, r->at, "this changes nothing: it can never "
		    "match");
}

/* ---- all of them */

/* A deny of hosts that nothing names is a precaution; one beside an allow was
 * meant to take something from it. */
static bool
has_partner(const struct policy *p, const struct pol_rule *deny)
{
	for (const struct pol_rule *r = p->rules; r != NULL; r = r->next) {
		if ((r->flags & RULE_DENY) != 0 ||
		    r->host.klass >= HOST_GLOB)
			continue;
		if (str_eq(r->host.name, deny->host.name) ||
		    (deny->host.klass == HOST_DEEP &&
			str_has_suffix(r->host.name, deny->host.name)))
			return true;
	}
	return false;
}

static bool
is_tried(const struct policy *p, const struct pol_rule *r)
{
	if ((r->flags & RULE_SOFT) != 0 || r->audit || r->when != 0 ||
	    r->at->doc->kind != POLICY_GIVEN) /* nobody's to change here */
		return false;
	return (r->flags & RULE_DENY) == 0 || has_partner(p, r);
}

static void
try_rules(struct trial *t)
{
	const struct policy *p = &t->book->checked->c.pol;
	uint32_t nth = 0;

	for (const struct pol_rule *r = p->rules; r != NULL && may_try(t);
	    r = r->next, nth++) {
		struct book without = { 0 };

		if (!is_tried(p, r))
			continue;
		t->tried++;
		if (open_without(t, nth, &without) &&
		    is_same(t, &without, false))
			say_rule(t, &without, r, nth);
		book_close(&without);
	}
}

static void
try_files(struct trial *t)
{
	const struct node *last = NULL;

	for (const struct pol_file *f = t->book->checked->c.pol.files.list;
	    f != NULL && may_try(t); f = f->next) {
		if (f->at == NULL || f->at == last ||
		    f->at->doc->kind != POLICY_GIVEN)
			continue;
		last = f->at;
		t->tried++;
		if (is_idle_file(t, f->at))
			node_warning(&t->book->checked->c, f->at,
			    "this changes nothing: other rules say it "
			    "already%s", f->deny ? "" : ", or deny all of "
			    "it");
	}
}

void
warn_idle(struct book *b, const struct policy_file *files, size_t n)
{
	struct trial t = { .book = b, .files = files, .n = n,
		.until = usec_add(clock_mono(), usec_of_ms(WARN_MS_MAX)) };
	uint32_t all = b->checked->c.pol.nrules + b->checked->c.pol.files.n;

	/* Each trial takes as long as the policy is large. */
	t.most = all * WARN_RULES_MAX <= WARN_WORK_MAX ? WARN_RULES_MAX :
							 WARN_WORK_MAX / all;
	try_rules(&t);
	t.tried = 0;
	try_files(&t);
}
