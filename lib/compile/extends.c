#include "compile/extends.h"

#include "base/limits.h"
#include "base/must.h"

/* ---- words */

const struct node *
extends_of(const struct doc *doc)
{
	const struct node *list;

	if (doc->root == NULL || doc->root->kind != NODE_MAP)
		return NULL;
	list = map_find(doc->root, "extends");
	return list != NULL && list->kind == NODE_LIST ? list : NULL;
}

static bool
is_library_name(struct str s)
{
	if (s.len == 0 || s.len > NAME_BYTES_MAX || s.p[0] == '-')
		return false;
	for (size_t i = 0; i < s.len; i++)
		if ((s.p[i] < 'a' || s.p[i] > 'z') &&
		    (s.p[i] < '0' || s.p[i] > '9') && s.p[i] != '-')
			return false;
	return true;
}

/* Drops the last part of what is in out, or keeps ".." when there is none to
 * drop. */
static size_t
step_up(char *out, size_t len, size_t root)
{
	size_t at = len;

	while (at > root && out[at - 1] != '/')
		at--;
	if (len == root || str_eqz(str_of(out + at, len - at), "..")) {
		if (root > 0)
			return len;	/* above the root is the root */
		if (len > 0)
			out[len++] = '/';
		memcpy(out + len, "..", 2);
		return len + 2;
	}
	return at > root ? at - 1 : root;
}

const char *
path_plain(struct arena *a, struct str path)
{
	/* Each part takes no more than it had, but "x/../.." one more. */
	char *out = arena_alloc(a, path.len + 4, 1);
	size_t root = path.len > 0 && path.p[0] == '/', len = root;
	struct str part, rest = path;

	must(out != NULL);
	if (root > 0)
		out[0] = '/';
	while (rest.len > 0) {
		if (!str_cut(rest, '/', &part, &rest)) {
			part = rest;
			rest = STR("");
		}
		if (part.len == 0 || str_eqz(part, "."))
			continue;
		if (str_eqz(part, "..")) {
			len = step_up(out, len, root);
			continue;
		}
		if (len > root)
			out[len++] = '/';
		memcpy(out + len, part.p, part.len);
		len += part.len;
	}
	out[len] = '\0';
	return out;
}

/* The path beside the document that says it. */
static const char *
path_beside(struct arena *a, const char *from, struct str word)
{
	const char *slash = strrchr(from, '/');
	struct str dir = slash == NULL ? STR(".") :
	    str_of(from, (size_t)(slash - from) + 1);
	char *joined;

	if (word.p[0] == '/')
		return path_plain(a, word);
	joined = arena_printf(a, "%.*s/%.*s", (int)dir.len, dir.p,
	    (int)word.len, word.p);
	must(joined != NULL);
	return path_plain(a, str_c(joined));
}

#define SAY(d, n, ...) diag_add(d, DIAG_ERROR, (n)->doc, (n)->line, \
	(n)->column, (n)->width, __VA_ARGS__)

bool
extends_target(struct arena *a, struct diags *d, const struct node *word,
    struct target *out)
{
	struct str s = word->text;
	size_t slash;

	if (!is_word(word) || s.len == 0 || s.len >= PATH_BYTES_MAX ||
	    str_index(s, '\0') != s.len) {
		SAY(d, word, "extends names libraries, as in [pypi], and "
		    "files, as in [./base.yaml]");
		return false;
	}
	slash = str_index(s, '/');
	*out = (struct target){ slash != s.len, s.p };
	if (!out->file && !is_library_name(s)) {
		SAY(d, word, "\"%.64s\" cannot be a library's name (a-z, 0-9 "
		    "and -); a file has a slash: write ./%.64s", s.p, s.p);
		return false;
	}
	if (out->file && word->doc->kind != POLICY_GIVEN) {
		SAY(d, word, "a library extends other libraries, by their "
		    "names, and no files");
		return false;
	}
	if (out->file)
		out->name = path_beside(a, word->doc->name, s);
	return true;
}

int
extends_find(struct arena *a, const struct target *t, const struct doc *from,
    const struct doc *docs, uint32_t ndocs)
{
	for (uint32_t i = 0; i < ndocs; i++) {
		const struct doc *doc = &docs[i];

		if (t->file != (doc->kind == POLICY_GIVEN) ||
		    doc->maximum != from->maximum)
			continue;
		if (strcmp(t->name, t->file ? path_plain(a,
		    str_c(doc->name)) : doc->name) == 0)
			return (int)i;
	}
	return -1;
}

/* ---- the whole */

struct graph {
	struct compile *c;
	const struct doc *docs;
	uint32_t ndocs;
	bool open[POLICY_FILES_MAX];	/* on the way from the first to here */
	uint32_t depth[POLICY_FILES_MAX]; /* longest way from it; 0: unknown */
};

/* docset_close() may have said it already. */
static bool
is_said(const struct diags *d, const struct node *n)
{
	for (size_t i = 0; i < d->n; i++)
		if (d->v[i].line == n->line && d->v[i].column == n->column &&
		    strcmp(d->v[i].file, n->doc->name) == 0)
			return true;
	return false;
}

static void walk(struct graph *g, uint32_t at);

/* How many documents hang one below the other from this word on. */
static uint32_t
follow(struct graph *g, const struct node *word)
{
	struct diags *d = g->c->diags;
	struct target t;
	int to;

	if (is_said(d, word) || !extends_target(g->c->arena, d, word, &t))
		return 0;
	to = extends_find(g->c->arena, &t, word->doc, g->docs, g->ndocs);
	if (to == -1) {
		SAY(d, word, "extends \"%.200s\", and there is no such %s "
		    "among the documents", t.name, t.file ? "file" :
		    "library");
		return 0;
	}
	if (g->open[to]) {
		SAY(d, word, "extends \"%.200s\", which extends this "
		    "document: break the circle", t.name);
		return 0;
	}
	walk(g, (uint32_t)to);
	return g->depth[to];
}

/* As deep as there are documents, no more: open[] sees to it. */
static void
walk(struct graph *g, uint32_t at)
{
	const struct node *list = extends_of(&g->docs[at]);
	uint32_t most = 0;

	if (g->depth[at] > 0)
		return;		/* its own words are said */
	g->open[at] = true;
	for (uint32_t i = 0; list != NULL && i < list->n; i++) {
		uint32_t n = follow(g, list->items[i]);

		most = n > most ? n : most;
	}
	g->open[at] = false;
	g->depth[at] = most + 1;
	if (most + 1 == EXTENDS_DEPTH_MAX + 1)
		SAY(g->c->diags, list, "more than %d documents, each extended "
		    "by the one before", EXTENDS_DEPTH_MAX);
}

void
extends_check(struct compile *c, const struct doc *docs, uint32_t ndocs)
{
	struct graph g = { .c = c, .docs = docs, .ndocs = ndocs };

	must(ndocs <= POLICY_FILES_MAX);
	for (uint32_t i = 0; i < ndocs; i++)
		walk(&g, i);
}
