/* compile.c -- from documents to an image: parse each, check each into one
 * policy, check what only the whole can tell, and write it down. */
#include "compile/compile.h"

#include <stdlib.h>

#include "base/err.h"
#include "base/limits.h"
#include "base/must.h"
#include "compile/checked.h"
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
}

/* Our own output must be an image; anything else is our bug, and is stopped
 * here rather than in an enforcer. */
static void
check_image(char *image, size_t len)
{
	struct image *im = NULL;
	struct err e = { 0 };
	int rc = image_of(str_of(image, len), &im, &e);

	must(rc == 0);
	image_free(im);
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
	check_default(&k->c);
	clash_check(&k->c);
	files_check(&k->c);
}

struct checked *
checked_new(const struct policy_file *files, size_t n,
    enum policy_stage stage, struct diags *d)
{
	struct checked *k = mem_alloc(1, sizeof(*k));

	k->c.arena = &k->arena;
	k->c.diags = d;
	k->c.stage = stage;
	k->c.pol.rules_end = &k->c.pol.rules;
	k->c.pol.files.end = &k->c.pol.files.list;
	if (n > POLICY_FILES_MAX) {
		struct doc doc = { .name = files[POLICY_FILES_MAX].name };

		diag_add(d, DIAG_ERROR, &doc, 0, 0, 0,
		    "more than %d policy files", POLICY_FILES_MAX);
		n = 0;
	}
	check_all(k, files, (uint32_t)n);
	return k;
}

void
checked_free(struct checked *k)
{
	if (k == NULL)
		return;
	arena_fini(&k->arena);
	free(k);
}

int
checked_emit(struct checked *k, char **image, size_t *len)
{
	if (k->c.diags->errors > 0 ||
	    emit(&k->c, k->docs, k->ndocs, image, len) == -1)
		return -1;
	check_image(*image, *len);
	return 0;
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
