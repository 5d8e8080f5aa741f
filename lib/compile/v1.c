/* v1.c -- documents of the older schema, `version: 1', in their stricter
 * reading: what that product accepts by mistake is refused here. */
#include "base/compat.h"
#include "compile/check.h"

static void
check_version(struct compile *c, const struct node *n, void *arg)
{
	(void)c;
	(void)n;
	(void)arg;	/* it brought us here */
}

/* ---- filesystem_policy */

/* One spelling for one place: that schema takes "/a//b/" for "/a/b". */
static struct str
tidy(struct compile *c, struct str s)
{
	char *out = take_mem(c, s.len + 1, 1);
	size_t n = 0;

	for (size_t i = 0; i < s.len; i++)
		if (s.p[i] != '/' || n == 0 || out[n - 1] != '/')
			out[n++] = s.p[i];
	while (n > 0 && out[n - 1] == '/')
		out[--n] = '\0';
	return str_of(out, n);
}

static void
take_tree(struct compile *c, const struct node *n, unsigned access)
{
	struct pol_file like = { .access = access };
	struct node *tree;
	struct str plain;

	if (take_word(c, n, "a path") == NULL)
		return;
	if (strpbrk(n->text.p, "*?[]{}") != NULL) {
		node_error(c, n, "paths here are directories or files, "
		    "without patterns");
		return;
	}
	if (n->text.p[0] != '/') {
		node_error(c, n, "path \"%.80s\": it must be absolute",
		    n->text.p);
		return;
	}
	plain = tidy(c, n->text);
	if (plain.len == 0 && (access & FILE_WRITE) != 0) {
		node_error(c, n, "the whole root cannot be written: name "
		    "directories");
		return;
	}
	tree = take_mem(c, 1, sizeof(*tree));
	*tree = *n;
	tree->text = str_c(arena_printf(c->arena, "%.*s/**", (int)plain.len,
	    plain.p));
	file_take(c, tree, &like);
}

static void
on_read_only(struct compile *c, const struct node *n, void *arg)
{
	(void)arg;
	for (uint32_t i = 0; i < n->n; i++)
		take_tree(c, n->items[i], FILE_READ);
}

static void
on_read_write(struct compile *c, const struct node *n, void *arg)
{
	(void)arg;
	for (uint32_t i = 0; i < n->n; i++)
		take_tree(c, n->items[i], FILE_READ | FILE_WRITE);
}

static void
check_filesystem(struct compile *c, const struct node *n, void *arg)
{
	/* include_workdir: the working directory is the sandbox's home or
	 * was mounted by the operator, so it is there either way. */
	static const struct key keys[] = {
		{ "include_workdir", WANT_BOOL, NULL, NULL },
		{ "read_only", WANT_LIST, on_read_only, NULL },
		{ "read_write", WANT_LIST, on_read_write, NULL },
	};

	if (c->pol.files.section == NULL)
		c->pol.files.section = n;
	check_map(c, n, keys, NELEM(keys), arg, "filesystem_policy");
}

/* ---- landlock, process: what they can ask for is always so here */

static void
on_compatibility(struct compile *c, const struct node *n, void *arg)
{
	static const char *const words[] = { "hard_requirement",
		"best_effort", NULL };

	(void)arg;
	(void)take_choice(c, n, words, "compatibility"); /* said if wrong */
}

static void
check_landlock(struct compile *c, const struct node *n, void *arg)
{
	static const struct key keys[] = {
		{ "compatibility", WANT_WORD, on_compatibility, NULL },
	};

	check_map(c, n, keys, NELEM(keys), arg, "landlock");
}

static void
check_middlewares(struct compile *c, const struct node *n, void *arg)
{
	(void)arg;
	if (n->n > 0)
		not_enforced(c, n, "network_middlewares");
}

void
check_v1(struct compile *c, const struct node *root)
{
	static const struct key keys[] = {
		{ "version", WANT_ANY, check_version, NULL },
		{ "filesystem_policy", WANT_MAP, check_filesystem, NULL },
		{ "landlock", WANT_MAP, check_landlock, NULL },
		{ "process", WANT_MAP, check_v1_process, NULL },
		{ "network_policies", WANT_MAP, check_v1_network, NULL },
		{ "network_middlewares", WANT_MAP, check_middlewares, NULL },
	};

	check_map(c, root, keys, NELEM(keys), NULL,
	    "a policy with version: 1");
}
