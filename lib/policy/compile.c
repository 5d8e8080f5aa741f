/* compile.c -- from documents to an image: parse each, check each into one
 * policy, check what only the whole can tell, and write it down. */
#include "policy/compile.h"

#include <stdlib.h>

#include "base/err.h"
#include "base/limits.h"
#include "base/must.h"
#include "policy/check.h"

static void
read_docs(struct compile *c, const struct policy_file *files, struct doc *docs,
    uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		docs[i].name = files[i].name;
		docs[i].text = files[i].text;
		docs[i].index = i;
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

static int
compile_into(struct compile *c, const struct policy_file *files, uint32_t n,
    char **image, size_t *len)
{
	/* One more, so that a policy of no documents has a first. */
	struct doc *docs = take_mem(c, (size_t)n + 1, sizeof(*docs));

	docs[n].name = "policy";
	read_docs(c, files, docs, n);
	check_default(c);
	clash_check(c);
	floor_check(c);
	if (c->diags->errors > 0)
		return -1;
	if (emit(c, docs, n, image, len) == -1)
		return -1;
	check_image(*image, *len);
	return 0;
}

int
policy_compile(const struct policy_file *files, size_t n,
    enum policy_stage stage, char **image, size_t *len, struct diags *d)
{
	struct arena arena = { 0 };
	struct compile c = { .arena = &arena, .diags = d, .stage = stage };
	int rc;

	c.pol.rules_end = &c.pol.rules;
	c.pol.files_end = &c.pol.files;
	if (n > POLICY_FILES_MAX) {
		struct doc doc = { .name = files[POLICY_FILES_MAX].name };

		diag_add(d, DIAG_ERROR, &doc, 0, 0, 0,
		    "more than %d policy files", POLICY_FILES_MAX);
		return -1;
	}
	rc = compile_into(&c, files, (uint32_t)n, image, len);
	arena_fini(&arena);
	return rc;
}
