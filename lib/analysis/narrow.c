#include "analysis/narrow.h"

#include <stdlib.h>

#include "analysis/diff.h"
#include "base/err.h"
#include "base/must.h"
#include "compile/commands.h"

enum {
	ERRORS_MAX = 16,	/* of one profile */
	QUESTIONS_MAX = 1 << 18, /* the same: a gateway waits for it */
};

struct narrowing {
	struct checked *whole;
	const struct pol_profile *profile;
	uint32_t said;
	const struct node *last;
};

/* ---- where an entry stands */

static bool
is_there(const struct node *at, const struct policy_rule *r)
{
	return at != NULL && at->line == r->line &&
	    str_eqz(r->file, at->doc->name);
}

/* Several may stand in one line: the rule's text tells. */
static const struct node *
find_request(const struct policy *p, const struct policy_rule *r)
{
	const struct node *found = NULL;

	for (const struct pol_rule *x = p->rules; x != NULL; x = x->next)
		if (is_there(x->at, r) && (found == NULL ||
			memmem(r->text.p, r->text.len, x->host.shown.p,
			    x->host.shown.len) != NULL))
			found = x->at;
	return found;
}

static const struct node *
find_file(const struct policy *p, const struct policy_rule *r)
{
	const struct node *found = NULL;

	for (const struct pol_file *x = p->files.list; x != NULL; x = x->next)
		if (is_there(x->at, r) && (found == NULL ||
			str_eq(x->at->text, r->text)))
			found = x->at;
	return found;
}

static const struct node *
find_command(const struct policy *p, const struct policy_rule *r)
{
	const struct node *found = NULL;

	for (const struct pol_command *x = p->commands == NULL ? NULL :
	    p->commands->list; x != NULL; x = x->next)
		if (is_there(x->at, r) && (found == NULL ||
			str_eq(x->shown, r->text)))
			found = x->at;
	return found;
}

static const struct node *
find_entry(const struct policy *p, const struct difference *one)
{
	enum question_kind kind = one->example.kind;

	if (kind == ASK_EXEC)
		return find_command(p, &one->after.rule);
	if (kind == ASK_READ || kind == ASK_WRITE)
		return find_file(p, &one->after.rule);
	return find_request(p, &one->after.rule);
}

/* ---- what is said */

static void
say(struct narrowing *n, const struct difference *one)
{
	const struct node *at;

	if (one->change != CHANGE_POSSIBLE || one->before.rule.text.len > 0 ||
	    one->after.rule.line == 0 || n->said == ERRORS_MAX)
		return;
	at = find_entry(n->profile->pol, one);
	if (at == NULL || at == n->last)
		return;
	n->last = at;
	n->said++;
	node_error(&n->whole->c, at, "the profile \"%.64s\" allows what its "
	    "policy does not, as %.*s: a profile gives nothing, so allow it "
	    "there, or leave it out here", n->profile->name.p,
	    (int)str_upto(one->example.shown, 200).len,
	    one->example.shown.p);
}

static void
say_unknown(struct narrowing *n, const struct err *e)
{
	node_warning(&n->whole->c, n->profile->at, "that the profile \"%.64s\" "
	    "allows no more than its policy was not checked: %s",
	    n->profile->name.p, e->text);
}

/* ---- one profile */

static void
compare(struct narrowing *n, struct image *im, struct image *under)
{
	struct checked alone = { .c = profile_alone(&n->whole->c, n->profile),
		.docs = n->whole->docs, .ndocs = n->whole->ndocs };
	struct book before, after;
	struct diff d = { .v = mem_alloc(DIFFERENCES_MAX, sizeof(*d.v)) };
	struct diffing x = { .before = &before, .after = &after, .to = &d,
		.wide = true, .most = QUESTIONS_MAX };
	struct err e = { 0 };

	book_lend(n->whole, im, NULL, &before);
	book_lend(&alone, under, im, &after);
	if (diff_files(&x, &e) == -1 || diff_network(&x, &e) == -1)
		say_unknown(n, &e);
	else if (alone.c.pol.commands != NULL)
		diff_commands(&x);
	if (x.spent || x.inexact)
		(void)err_set(&e, ERR_LIMIT, "it has too many kinds of "
		    "requests");
	if (x.spent || x.inexact)
		say_unknown(n, &e);
	for (uint32_t i = 0; i < d.n; i++)
		if (d.v[i].text == NULL)
			say(n, &d.v[i]);
	book_unlend(&before);
	book_unlend(&after);
	diff_fini(&d);
}

/* Whatever the mode is: what would be denied is what is asked. */
static void
enforce(struct image *im)
{
	im->info.mode = POLICY_ENFORCE;
	if (im->max != NULL) {
		im->max->info.mode = POLICY_ENFORCE;
		im->own->info.mode = POLICY_ENFORCE;
	}
	for (uint32_t i = 0; i < im->nprofiles; i++)
		im->under[i]->info.mode = POLICY_ENFORCE;
}

void
narrow_check(struct checked *k, struct str bytes)
{
	const struct pol_commands *all = k->c.pol.commands;
	struct image *im;

	if (all == NULL || all->nprofiles == 0)
		return;
	must(image_of(bytes, &im, NULL) == 0);	/* our own */
	enforce(im);
	for (uint32_t i = 0; i < all->nprofiles; i++) {
		struct narrowing n = { .whole = k,
			.profile = &all->profiles[i] };
		int at = image_profile_find(im, n.profile->name);

		must(at >= 0);
		compare(&n, im, im->under[at]);
	}
	image_free(im);
}

int
narrow_compile(const struct policy_file *files, size_t n,
    enum policy_stage stage, char **image, size_t *len, struct diags *d)
{
	struct checked *k = checked_new(files, n, stage, d);
	int rc = checked_emit(k, image, len);

	if (rc == 0)
		narrow_check(k, str_of(*image, *len));
	if (rc == 0 && d->errors > 0) {
		free(*image);
		*image = NULL;
		rc = -1;
	}
	checked_free(k);
	return rc;
}
