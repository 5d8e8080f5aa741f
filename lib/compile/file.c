/* file.c -- the file_access section: paths, permissions, and the baseline. */
#include "base/compat.h"
#include "compile/check.h"

static const char *
path_fault(struct str s)
{
	struct str rest = s, part;
	bool more = true;

	if (s.p[0] == '~')
		return "the home inside is /home/sandbox: write it out";
	if (s.p[0] != '/' && !str_has_prefix(s, STR("**/")))
		return "it must be absolute, or begin with **/";
	if (s.p[0] == '/')
		rest = str_from(s, 1);
	if (rest.len == 0)
		return "it is the root: write /** for all of it";
	while (more) {
		more = str_cut(rest, '/', &part, &rest);
		if (!more)
			part = rest;
		if (part.len == 0)
			return more ? "it has an empty component" :
			    "it ends in /: write /** after it for the tree";
		if (str_eqz(part, ".") || str_eqz(part, ".."))
			return "it has a dot component";
	}
	if (str_index(s, '\\') != s.len)
		return "it holds a backslash";
	return NULL;
}

bool
take_file_path(struct compile *c, const struct node *n, struct pol_file *f)
{
	struct str s;
	const char *fault;

	if (take_word(c, n, "a path") == NULL)
		return false;
	s = n->text;
	fault = path_fault(s);
	if (fault != NULL) {
		node_error(c, n, "path \"%.80s\": %s", s.p, fault);
		return false;
	}
	f->at = n;
	f->path = s;
	if (s.len >= 4 && str_has_suffix(s, STR("/**"))) {
		f->tree = true;
		f->path = take_copy(c, str_head(s, s.len - 3));
	} else if (str_eqz(s, "/**")) {
		f->tree = true;
		f->path = STR("/");
	}
	f->glob = strpbrk(f->path.p, "*?[]{}") != NULL;
	return true;
}

void
file_add(struct compile *c, const struct pol_file *f)
{
	struct pol_file *copy;

	if (c->pol.nfiles == GRANTS_MAX) {
		node_error(c, f->at, "more than %d paths", GRANTS_MAX);
		return;
	}
	copy = take_mem(c, 1, sizeof(*copy));
	*copy = *f;
	*c->pol.files_end = copy;
	c->pol.files_end = &copy->next;
	c->pol.nfiles++;
}

static void
on_path(struct compile *c, const struct node *n, void *arg)
{
	struct pol_file *f = arg;

	if (!take_file_path(c, n, f))
		f->spent = true;	/* said; the entry is dropped */
}

static void
on_permissions(struct compile *c, const struct node *n, void *arg)
{
	static const char *const words[] = { "read", "write", NULL };
	struct pol_file *f = arg;

	if (n->n == 0)
		node_error(c, n, "permissions must hold read, write, or both");
	for (uint32_t i = 0; i < n->n; i++) {
		int k = take_choice(c, n->items[i], words, "a permission");

		if (k >= 0)
			f->access |= k == 0 ? FILE_READ : FILE_WRITE;
	}
}

static const struct key keys_allow[] = {
	{ "path", WANT_WORD, on_path, NULL },
	{ "permissions", WANT_LIST, on_permissions, NULL },
};

static const struct key keys_deny[] = {
	{ "path", WANT_WORD, on_path, NULL },
	{ "permissions", WANT_LIST, on_permissions,
	    "a deny of some permissions only" },
};

static void
check_entry(struct compile *c, const struct node *n, bool deny)
{
	struct pol_file f = { .deny = deny };
	bool said = n->kind == NODE_MAP &&
	    map_find(n, "permissions") != NULL;

	if (deny)
		check_map(c, n, keys_deny, NELEM(keys_deny), &f, "a deny");
	else
		check_map(c, n, keys_allow, NELEM(keys_allow), &f,
		    "an allow");
	if (n->kind == NODE_MAP && map_find(n, "path") == NULL)
		node_error(c, n, "an entry needs path");
	if (f.at == NULL || f.spent)
		return;
	if (!deny && !said)
		f.access = FILE_READ;
	if (deny)
		f.access = 0;
	file_add(c, &f);
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

static void
on_system(struct compile *c, const struct node *n, void *arg)
{
	static const char *const words[] = { [POLICY_SYSTEM_READ_ONLY] =
	    "read-only", [POLICY_SYSTEM_NONE] = "none",
	    [POLICY_SYSTEM_LAYERED] = "layered", NULL };
	int v = take_choice(c, n, words, "system");

	(void)arg;
	if (v >= 0)
		take_scalar(c, &c->pol.system, n, (uint32_t)v,
		    "system of file_access");
}

static void
on_default(struct compile *c, const struct node *n, void *arg)
{
	static const char *const words[] = { "deny", "allow", NULL };
	int v = take_choice(c, n, words, "default_policy");

	(void)arg;
	if (v == 1)
		not_enforced(c, n, "default_policy: allow of file_access");
	if (v >= 0)
		take_scalar(c, &c->pol.file_default, n, (uint32_t)v,
		    "default_policy of file_access");
}

void
check_files(struct compile *c, const struct node *n, void *arg)
{
	static const struct key keys[] = {
		{ "default_policy", WANT_WORD, on_default, NULL },
		{ "system", WANT_WORD, on_system, NULL },
		{ "allow", WANT_LIST, on_allow, NULL },
		{ "deny", WANT_LIST, on_deny, NULL },
	};

	if (c->pol.file_section == NULL)
		c->pol.file_section = n;
	check_map(c, n, keys, NELEM(keys), arg, "file_access");
}
