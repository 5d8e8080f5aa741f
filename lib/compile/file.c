/* file.c -- the file_access section: paths, permissions, and the baseline. */
#include "base/compat.h"
#include "compile/check.h"

static void
file_add(struct compile *c, const struct pol_file *f)
{
	struct pol_files *files = &c->pol.files;
	struct pol_file *copy;

	if (files->n == FILE_RULES_MAX) {
		node_error(c, f->at, "more than %d paths", FILE_RULES_MAX);
		return;
	}
	copy = take_mem(c, 1, sizeof(*copy));
	*copy = *f;
	*files->end = copy;
	files->end = &copy->next;
	files->n++;
}

void
file_take(struct compile *c, const struct node *n, const struct pol_file *like)
{
	struct pol_file one = *like;
	struct file_globs globs;

	one.at = n;
	if (!file_globs(c, n, &one, &globs))
		return;
	for (uint32_t i = 0; i < globs.n; i++)
		file_add(c, &globs.v[i]);
}

/* ---- an entry */

struct entry {
	const struct node *path;
	struct pol_file like;
};

static void
on_path(struct compile *c, const struct node *n, void *arg)
{
	struct entry *e = arg;

	(void)c;
	e->path = n;
}

static void
on_permissions(struct compile *c, const struct node *n, void *arg)
{
	static const char *const words[] = { "read", "write", NULL };
	struct entry *e = arg;

	if (n->n == 0)
		node_error(c, n, "permissions must hold read, write, or both");
	for (uint32_t i = 0; i < n->n; i++) {
		int k = take_choice(c, n->items[i], words, "a permission");
		unsigned bit = k == 0 ? FILE_READ : FILE_WRITE;

		if (k >= 0 && (e->like.access & bit) != 0)
			node_error(c, n->items[i], "\"%s\" stands here "
			    "twice", words[k]);
		else if (k >= 0)
			e->like.access |= bit;
	}
}

static void
on_entry_hide(struct compile *c, const struct node *n, void *arg)
{
	struct entry *e = arg;

	(void)c;
	e->like.hide = str_case_eq(n->text, STR("true"));
}

static const struct key keys_allow[] = {
	{ "path", WANT_WORD, on_path, NULL },
	{ "permissions", WANT_LIST, on_permissions, NULL },
};

static const struct key keys_deny[] = {
	{ "path", WANT_WORD, on_path, NULL },
	{ "permissions", WANT_LIST, on_permissions, NULL },
	{ "hide", WANT_BOOL, on_entry_hide, NULL },
};

/* The deny that is no deny: what no rule allows is denied. */
static void
take_star(struct compile *c, const struct node *n, const struct entry *e)
{
	if (n->n > 1)
		node_error(c, e->path, "\"*\" alone states the default: write "
		    "/** to deny with other keys, or leave them out");
	else if (c->pol.files.star == NULL)
		c->pol.files.star = e->path;
}

static void
check_entry(struct compile *c, const struct node *n, bool deny)
{
	struct entry e = { .like = { .deny = deny } };

	if (deny)
		check_map(c, n, keys_deny, NELEM(keys_deny), &e, "a deny");
	else
		check_map(c, n, keys_allow, NELEM(keys_allow), &e,
		    "an allow");
	if (n->kind == NODE_MAP && map_find(n, "path") == NULL)
		node_error(c, n, "an entry needs path");
	if (e.path == NULL)
		return;
	if (e.like.access == 0)
		e.like.access = deny ? FILE_READ | FILE_WRITE : FILE_READ;
	if (e.like.hide && (e.like.access & FILE_READ) == 0)
		node_error(c, e.path, "hide needs a deny of read: what may "
		    "be read is not hidden");
	if (deny && str_eqz(e.path->text, "*"))
		take_star(c, n, &e);
	else
		file_take(c, e.path, &e.like);
}

static void
on_allow(struct compile *c, const struct node *n, void *arg)
{
	(void)arg;
	for (uint32_t i = 0; i < n->n; i++)
		check_entry(c, n->items[i], false);
}

static void
on_deny(struct compile *c, const struct node *n, void *arg)
{
	(void)arg;
	for (uint32_t i = 0; i < n->n; i++)
		check_entry(c, n->items[i], true);
}

/* ---- the section */

static void
on_system(struct compile *c, const struct node *n, void *arg)
{
	static const char *const words[] = { [POLICY_SYSTEM_READ_ONLY] =
	    "read-only", [POLICY_SYSTEM_NONE] = "none",
	    [POLICY_SYSTEM_LAYERED] = "layered", NULL };
	int v = take_choice(c, n, words, "system");

	(void)arg;
	if (v >= 0)
		take_scalar(c, &c->pol.files.system, n, (uint32_t)v,
		    "system of file_access");
}

static void
on_default(struct compile *c, const struct node *n, void *arg)
{
	(void)arg;
	take_fallback(c, &c->pol.files.fallback, n, "file_access");
}

static void
on_hide(struct compile *c, const struct node *n, void *arg)
{
	(void)arg;
	take_scalar(c, &c->pol.files.hide, n,
	    str_case_eq(n->text, STR("true")), "hide of file_access");
}

void
check_files(struct compile *c, const struct node *n, void *arg)
{
	static const struct key keys[] = {
		{ "default_policy", WANT_WORD, on_default, NULL },
		{ "system", WANT_WORD, on_system, NULL },
		{ "hide", WANT_BOOL, on_hide, NULL },
		{ "allow", WANT_LIST, on_allow, NULL },
		{ "deny", WANT_LIST, on_deny, NULL },
	};

	if (c->pol.files.section == NULL)
		c->pol.files.section = n;
	check_map(c, n, keys, NELEM(keys), arg, "file_access");
}

/* deny: "*" and default_policy: allow cannot both be the default. */
void
files_check(struct compile *c)
{
	const struct pol_files *f = &c->pol.files;

	if (f->star != NULL && f->fallback.value == 1)
		node_error(c, f->star, "this denies what no rule allows, and "
		    "default_policy in %s:%u allows it: remove one",
		    f->fallback.at->doc->name, f->fallback.at->line);
	floor_check(c);
}
