/* labels.c -- the labels section: how sensitive files are, and what they are
 * called. */
#include "base/compat.h"
#include "base/limits.h"
#include "compile/check.h"

struct entry {
	const struct node *path, *level;
	struct pol_label l;
	bool says;		/* a level or a name */
};

static void
on_path(struct compile *c, const struct node *n, void *arg)
{
	struct entry *e = arg;

	if (take_word(c, n, "a path") != NULL)
		e->path = n;
}

static void
take_level(struct entry *e, int level)
{
	e->says = true;
	if ((enum sensitivity)level > e->l.level)
		e->l.level = (enum sensitivity)level;
}

static void
on_sensitivity(struct compile *c, const struct node *n, void *arg)
{
	struct entry *e = arg;
	static const char *const words[] = { "public", "internal", "high",
		"secret", "low", "medium", "confidential", "restricted",
		NULL };

	if (take_choice(c, n, words, "sensitivity") >= 0)
		take_level(e, fact_word_find(FACT_SENSITIVITY, n->text));
}

static bool
is_name(struct str s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!((s.p[i] >= 'a' && s.p[i] <= 'z') ||
			(s.p[i] >= '0' && s.p[i] <= '9') ||
			(i > 0 && strchr("-_.", s.p[i]) != NULL)))
			return false;
	return s.len > 0 && s.len <= NAME_BYTES_MAX;
}

static void
add_name(struct compile *c, const struct node *n, struct entry *e)
{
	struct pol_limits *l = &c->pol.limits;
	uint32_t i = 0;

	while (i < l->nnames && !str_eq(l->names[i], n->text))
		i++;
	if (i == LABEL_NAMES_MAX) {
		node_error(c, n, "more than %d names of labels",
		    LABEL_NAMES_MAX);
		return;
	}
	if (i == l->nnames)
		l->names[l->nnames++] = n->text;
	e->l.names |= UINT64_C(1) << i;
	e->says = true;
}

static void
take_one(struct compile *c, const struct node *n, struct entry *e)
{
	static const char *const words[] = { "public", "internal", "high",
		"secret", "confidential", "restricted" };
	const char *near;
	int level;

	if (take_word(c, n, "a label") == NULL)
		return;
	level = fact_word_find(FACT_SENSITIVITY, n->text);
	near = level >= 0 ? NULL : word_near(n->text, words, NELEM(words));
	if (level >= 0)
		take_level(e, level);
	else if (near != NULL)
		node_error(c, n, "no such level: did you mean \"%s\"? A name "
		    "of your own is less like one", near);
	else if (!is_name(n->text))
		node_error(c, n, "a label is a level (public, internal, high, "
		    "secret), or a name in lower case: a-z 0-9 - _ .");
	else
		add_name(c, n, e);
}

static void
on_label(struct compile *c, const struct node *n, void *arg)
{
	if (n->kind != NODE_LIST) {
		take_one(c, n, arg);
		return;
	}
	for (uint32_t i = 0; i < n->n; i++)
		take_one(c, n->items[i], arg);
}

static void
add_label(struct compile *c, const struct entry *e)
{
	struct pol_limits *l = &c->pol.limits;
	struct file_globs globs;
	struct pol_file like = { .at = e->path };

	if (l->labels == NULL)
		l->labels = take_mem(c, LABELS_MAX, sizeof(*l->labels));
	if (!file_globs(c, e->path, &like, &globs))
		return;
	for (uint32_t i = 0; i < globs.n; i++) {
		struct pol_label one = e->l;

		if (l->nlabels == LABELS_MAX) {
			node_error(c, e->path, "more than %d labels",
			    LABELS_MAX);
			return;
		}
		one.base = globs.v[i].base;
		one.text = globs.v[i].text;
		one.at = e->path;
		l->labels[l->nlabels++] = one;
	}
}

static void
check_label(struct compile *c, const struct node *n)
{
	static const struct key keys[] = {
		{ "path", WANT_WORD, on_path, NULL },
		{ "label", WANT_ANY, on_label, NULL },
		{ "sensitivity", WANT_WORD, on_sensitivity, NULL },
	};
	struct entry e = { 0 };
	size_t before = c->diags->errors;

	check_map(c, n, keys, NELEM(keys), &e, "a label");
	if (c->diags->errors != before)
		return;
	if (e.path == NULL)
		node_error(c, n, "a label needs path");
	else if (!e.says)
		node_error(c, n, "a label needs label or sensitivity");
	else
		add_label(c, &e);
}

void
check_labels(struct compile *c, const struct node *n, void *arg)
{
	(void)arg;
	if (!check_want(c, n, WANT_LIST, "labels"))
		return;
	for (uint32_t i = 0; i < n->n; i++)
		check_label(c, n->items[i]);
}
