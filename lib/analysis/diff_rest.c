/* diff_rest.c -- what is no question of allowed or denied: limits, labels,
 * backends.  Compared as it is written, each value under its name. */
#include <stdlib.h>

#include "analysis/diff.h"
#include "base/must.h"

enum { VALUES_MAX = 16384, PATH_MAX_BYTES = 512 };

struct value {
	const char *path, *text;
	const struct node *at;
};

struct values {
	struct arena *arena;
	struct value *v;
	uint32_t n;
};

/* What other parts of the comparison are about. */
static bool
is_elsewhere(const char *path)
{
	static const char *const paths[] = { "version", "agent_name",
		"extends", "policy_mode", "file_access", "commands",
		"network.default_policy", "network.allow", "network.deny",
		"network.egress", "inference.router", "filesystem_policy",
		"network_policies", "landlock" };

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		if (strcmp(paths[i], path) == 0)
			return true;
	return false;
}

static void
put(struct values *to, const char *path, const struct node *n)
{
	if (to->n == VALUES_MAX)
		return;
	to->v[to->n++] = (struct value){ path, n->text.p, n };
}

static const char *
join(struct arena *a, const char *path, struct str key)
{
	const char *p = arena_printf(a, "%s%s%.*s", path, path[0] != '\0' ?
	    "." : "", (int)(key.len < PATH_MAX_BYTES ? key.len :
	    PATH_MAX_BYTES), key.p);

	must(p != NULL);
	return p;
}

/* In other parts: what no answer shows. */
static bool
is_unasked(struct str key)
{
	static const char *const keys[] = { "backends", "budgets", "env",
		"fallback", "hide", "inspect", "limits", "profile", "rate_limits",
		"unreviewed_code" };

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (str_eqz(key, keys[i]))
			return true;
	return false;
}

/* What an entry of a list is about, so that one for another does not look
 * the same. */
static struct str
about(const struct node *n)
{
	static const char *const keys[] = { "endpoint", "destination", "path",
		"command", "condition" };

	for (size_t i = 0; n->kind == NODE_MAP &&
	    i < sizeof(keys) / sizeof(keys[0]); i++) {
		const struct node *v = map_find(n, keys[i]);

		if (v != NULL && v->kind == NODE_SCALAR)
			return v->text;
	}
	return STR("[]");
}

static void flatten(struct values *to, const char *path,
    const struct node *n, unsigned depth);

static void
flatten_unasked(struct values *to, const char *path, const struct node *n,
    unsigned depth)
{
	must(depth <= TREE_DEPTH_MAX + 1);
	for (uint32_t i = 0; n->kind == NODE_LIST && i < n->n; i++)
		flatten_unasked(to, join(to->arena, path, about(
		    n->items[i])), n->items[i], depth + 1);
	for (uint32_t i = 0; n->kind == NODE_MAP && i < n->n; i++) {
		struct str key = n->items[2 * i]->text;
		const char *below = join(to->arena, path, key);

		/* Whether a call is redacted is no part of its route. */
		if (is_unasked(key) || (str_eqz(key, "action") &&
			str_eqz(n->items[2 * i + 1]->text, "redact")))
			flatten(to, below, n->items[2 * i + 1], depth + 1);
		else
			flatten_unasked(to, below, n->items[2 * i + 1],
			    depth + 1);
	}
}

/* As deep as a document may be. */
static void
flatten(struct values *to, const char *path, const struct node *n,
    unsigned depth)
{
	must(depth <= TREE_DEPTH_MAX + 1);
	if (is_elsewhere(path)) {
		flatten_unasked(to, path, n, depth);
		return;
	}
	if (n->kind == NODE_SCALAR) {
		put(to, path, n);
		return;
	}
	for (uint32_t i = 0; n->kind == NODE_LIST && i < n->n; i++)
		flatten(to, join(to->arena, path, about(n->items[i])),
		    n->items[i], depth + 1);
	for (uint32_t i = 0; n->kind == NODE_MAP && i < n->n; i++)
		flatten(to, join(to->arena, path, n->items[2 * i]->text),
		    n->items[2 * i + 1], depth + 1);
}

static int
by_path(const void *a, const void *b)
{
	const struct value *x = a, *y = b;
	int c = strcmp(x->path, y->path);

	return c != 0 ? c : strcmp(x->text, y->text);
}

static void
take_values(struct values *to, const struct checked *k, struct arena *a)
{
	uint32_t n = 0;

	*to = (struct values){ .arena = a };
	to->v = arena_alloc(a, VALUES_MAX, sizeof(*to->v));
	must(to->v != NULL);
	for (uint32_t i = 0; k != NULL && i < k->ndocs; i++)
		if (k->docs[i].root != NULL)
			flatten(to, "", k->docs[i].root, 0);
	qsort(to->v, to->n, sizeof(*to->v), by_path);
	for (uint32_t i = 0; i < to->n; i++)	/* twice is once */
		if (i == 0 || by_path(&to->v[i], &to->v[n - 1]) != 0)
			to->v[n++] = to->v[i];
	to->n = n;
}

static void
compare(struct diffing *d, const struct values *a, const struct values *b)
{
	uint32_t i = 0, k = 0;

	while (i < a->n || k < b->n) {
		int c = i == a->n ? 1 : k == b->n ? -1 :
		    by_path(&a->v[i], &b->v[k]);

		if (c < 0)
			diff_setting(d, a->v[i].at, "%s: %s, only before",
			    a->v[i].path, a->v[i].text);
		if (c > 0)
			diff_setting(d, b->v[k].at, "%s: %s, only after",
			    b->v[k].path, b->v[k].text);
		i += c <= 0;
		k += c >= 0;
	}
}

/* What is denied shows in answers; how what would be denied is treated where
 * nothing is shows here. */
static void
compare_modes(struct diffing *d, const struct checked *a,
    const struct checked *b, const char *whose)
{
	static const char *const words[] = { [POLICY_ENFORCE] = "enforce",
		[POLICY_AUDIT] = "audit", [POLICY_PERMISSIVE] =
		"permissive" };
	const struct pol_scalar *x, *y;

	if (a == NULL || b == NULL)
		return;
	x = &a->c.pol.mode;
	y = &b->c.pol.mode;
	if (x->value != y->value)
		diff_setting(d, y->at != NULL ? y->at : x->at,
		    "policy_mode%s: %s before, %s after", whose,
		    words[x->value], words[y->value]);
}

void
diff_rest(struct diffing *d)
{
	struct arena *arena = &d->to->arena;
	struct values a, b;

	compare_modes(d, d->before->checked, d->after->checked, "");
	compare_modes(d, d->before->checked->max, d->after->checked->max,
	    " of the maximum");
	take_values(&a, d->before->checked, arena);
	take_values(&b, d->after->checked, arena);
	compare(d, &a, &b);
	take_values(&a, d->before->checked->max, arena);
	take_values(&b, d->after->checked->max, arena);
	compare(d, &a, &b);
}
