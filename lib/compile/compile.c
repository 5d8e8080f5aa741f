/* compile.c -- from documents to an image: parse each, check each into one
 * policy, check what only the whole can tell, and write it down. */
#include "compile/compile.h"

#include <stdlib.h>

#include "base/err.h"
#include "base/limits.h"
#include "base/must.h"
#include "compile/checked.h"
#include "compile/commands.h"
#include "compile/extends.h"

static void
read_docs(struct compile *c, const struct policy_file *files, struct doc *docs,
    uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		docs[i].name = files[i].name;
		docs[i].text = files[i].text;
		docs[i].index = i;
		docs[i].kind = files[i].kind;
		docs[i].maximum = files[i].maximum;
		if (yaml_parse(&docs[i], c->arena, c->diags) == 0)
			check_document(c, &docs[i]);
	}
}

/* deny: "*" and default_policy: allow cannot both be the default. */
static void
check_default(struct compile *c)
{
	const struct pol_scalar *d = &c->pol.net_default;

	if (c->pol.star != NULL && d->at != NULL && d->value == 1)
		node_error(c, c->pol.star, "this denies what no rule allows, "
		    "and default_policy in %s:%u allows it: remove one",
		    d->at->doc->name, d->at->line);
	if (sift_all(&c->pol) != 0 && d->at != NULL && d->value == 1)
		node_error(c, c->pol.sift_at != NULL ? c->pol.sift_at :
		    c->pol.canaries.at, "what default_policy: allow in "
		    "%s:%u lets pass is of no entry, and would not be "
		    "inspected: write an entry for it", d->at->doc->name,
		    d->at->line);
}

/* Our own output must be an image; anything else is our bug, and is stopped
 * here rather than in an enforcer. */
static void
check_image(struct compile *c, char *image, size_t len)
{
	struct image *im = NULL;
	struct err e = { 0 };
	int rc = image_of(str_of(image, len), &im, &e);

	must(rc == 0);
	models_lint(c, im->own != NULL ? im->own : im);
	image_free(im);
}

static void
check_whole(struct compile *c)
{
	check_default(c);
	models_check(c);
	resources_close(c);
	clash_check(c);
	files_check(c);
}

static void
check_all(struct checked *k, const struct policy_file *files, uint32_t n)
{
	/* One more, so that a policy of no documents has a first. */
	k->docs = take_mem(&k->c, (size_t)n + 1, sizeof(*k->docs));
	k->docs[n].name = "policy";
	k->ndocs = n;
	read_docs(&k->c, files, k->docs, n);
	extends_check(&k->c, k->docs, n);
	check_whole(&k->c);
	commands_check(&k->c);
	profiles_check(&k->c, check_whole);
}

static struct checked *
new_one(enum policy_stage stage, struct diags *d)
{
	struct checked *k = mem_alloc(1, sizeof(*k));

	k->c.arena = &k->arena;
	k->c.diags = d;
	k->c.stage = stage;
	policy_begin(&k->c.pol);
	return k;
}

/* Those of the maximum, or the others, in their order. */
static uint32_t
pick(const struct policy_file *files, size_t n, bool maximum,
    struct policy_file out[POLICY_FILES_MAX])
{
	uint32_t m = 0;

	for (size_t i = 0; i < n; i++)
		if (files[i].maximum == maximum)
			out[m++] = files[i];
	return m;
}

void
policy_begin(struct policy *p)
{
	p->rules_end = &p->rules;
	p->files.end = &p->files.list;
}

struct checked *
checked_new(const struct policy_file *files, size_t n,
    enum policy_stage stage, struct diags *d)
{
	struct policy_file some[POLICY_FILES_MAX];
	struct checked *k = new_one(stage, d);
	uint32_t m;

	if (n > POLICY_FILES_MAX) {
		struct doc doc = { .name = files[POLICY_FILES_MAX].name };

		diag_add(d, DIAG_ERROR, &doc, 0, 0, 0,
		    "more than %d policy files", POLICY_FILES_MAX);
		n = 0;
	}
	m = pick(files, n, true, some);
	if (m > 0) {
		k->max = new_one(stage, d);
		k->max->c.maximum = true;
		k->c.max = &k->max->c;
		check_all(k->max, some, m);
	}
	m = pick(files, n, false, some);
	check_all(k, some, m);
	return k;
}

void
checked_free(struct checked *k)
{
	if (k == NULL)
		return;
	checked_free(k->max);
	arena_fini(&k->arena);
	free(k);
}

/* What of the policy's files the maximum does not hold. */
static void
check_bound(struct checked *k, struct str max)
{
	struct image *im = NULL;
	int rc = image_of(max, &im, NULL);

	must(rc == 0);	/* our own */
	im->bounds = true;
	floor_bound(&k->c, im);
	image_free(im);
}

struct within { /* images on their way into another */
	char *max, *bytes[PROFILES_MAX];
	struct str names[PROFILES_MAX], images[PROFILES_MAX];
	struct inner in;
};

/* In the order of their numbers. A maximum holds none: what runs under a
 * profile of its own is refused. */
static int
emit_profiles(struct checked *k, struct within *w)
{
	static const struct inner none;
	const struct pol_commands *all = k->c.pol.commands;
	uint32_t n = k->c.maximum || all == NULL ? 0 : all->nprofiles;

	w->in.names = w->names;
	w->in.images = w->images;
	for (uint32_t i = 0; i < n; i++) {
		const struct pol_profile *p = &all->profiles[i];
		struct compile c = profile_alone(&k->c, p);
		uint32_t at = profile_number(&k->c, p->name) - 1;
		size_t len;

		if (emit(&c, k->docs, k->ndocs, &none, &w->bytes[at], &len) ==
		    -1)
			return -1;
		w->names[at] = p->name;
		w->images[at] = str_of(w->bytes[at], len);
	}
	w->in.n = n;
	return 0;
}

int
checked_emit(struct checked *k, char **image, size_t *len)
{
	struct within w = { 0 };
	size_t nmax = 0;
	int rc = -1;

	if (k->c.diags->errors > 0 || (k->max != NULL &&
	    checked_emit(k->max, &w.max, &nmax) == -1))
		return -1;
	w.in.max = str_of(w.max, nmax);
	if (k->max != NULL)
		check_bound(k, w.in.max);
	if (k->c.diags->errors == 0 && emit_profiles(k, &w) == 0)
		rc = emit(&k->c, k->docs, k->ndocs, &w.in, image, len);
	free(w.max);
	for (uint32_t i = 0; i < PROFILES_MAX; i++)
		free(w.bytes[i]);
	if (rc == 0)
		check_image(&k->c, *image, *len);
	return rc;
}

int
policy_compile(const struct policy_file *files, size_t n,
    enum policy_stage stage, char **image, size_t *len, struct diags *d)
{
	struct checked *k = checked_new(files, n, stage, d);
	int rc = checked_emit(k, image, len);

	checked_free(k);
	return rc;
}
