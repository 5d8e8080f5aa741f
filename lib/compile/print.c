#include "compile/print.h"

#include <stdlib.h>

#include "base/compat.h"
#include "base/err.h"
#include "base/log.h"
#include "base/must.h"
#include "compile/convert.h"
#include "compile/extends.h"

/* ---- one document */

static bool
is_v1(const struct doc *doc)
{
	const struct node *v = doc->root == NULL ? NULL :
	    map_find(doc->root, "version");

	return v != NULL && v->kind == NODE_SCALAR && !v->quoted &&
	    str_eqz(v->text, "1");
}

char *
policy_convert(const struct policy_file *file, struct diags *d)
{
	struct doc doc = { .name = file->name, .text = file->text,
		.kind = file->kind };
	struct converted v = { 0 };
	struct arena arena = { 0 };
	char *text = NULL;

	if (yaml_parse(&doc, &arena, d) == 0) {
		if (!is_v1(&doc))
			diag_add(d, DIAG_ERROR, &doc, 0, 0, 0, "this is no "
			    "document of the older schema: there is nothing "
			    "to convert");
		else if (convert_doc(&doc, &v, d) == 0)
			text = converted_text(&v);
	}
	converted_fini(&v);
	arena_fini(&arena);
	return text;
}

/* ---- several as one */

struct print {
	struct buf out;
	struct arena arena;
	struct doc *docs;
	uint32_t n;
	struct diags *d;
	struct buf rest;	/* what has no native words */
	bool full, rest_full;	/* what did not fit is left out */
};

#define PUT(p, ...)							\
	((p)->full |= !buf_printf(&(p)->out, __VA_ARGS__))

static void
put_scalar(struct print *p, const struct node *n)
{
	if (is_null(n))
		PUT(p, "null");
	else
		p->full |= !print_scalar(&p->out, n->text, n->quoted);
}

static void
put_origin(struct print *p, const struct node *n)
{
	char name[PATH_BYTES_MAX];

	PUT(p, "  # %s:%u\n", log_safe(str_c(n->doc->name), name,
	    sizeof(name)), n->line);
}

/* Scalars alone, few of them: on one line. */
static bool
is_short(const struct node *list)
{
	size_t len = 0;

	for (uint32_t i = 0; i < list->n; i++) {
		if (list->items[i]->kind != NODE_SCALAR)
			return false;
		len += list->items[i]->text.len + 4;
	}
	return len < 60;
}

static void put_value(struct print *p, const struct node *n, int indent,
    const struct node *origin);

static void
put_short(struct print *p, const struct node *list)
{
	for (uint32_t i = 0; i < list->n; i++) {
		PUT(p, "%s", i == 0 ? " [" : ", ");
		put_scalar(p, list->items[i]);
	}
	PUT(p, "%s", list->n == 0 ? " []" : "]");
}

static void
put_end(struct print *p, const struct node *origin)
{
	if (origin != NULL)
		put_origin(p, origin);
	else
		PUT(p, "\n");
}

/* A map behind a dash: its first key stands on the dash's line, with where
 * the item came from. */
static void
put_item(struct print *p, const struct node *n, int indent,
    const struct node *origin)
{
	PUT(p, "%*s-", indent, "");
	if (n->kind != NODE_MAP || n->n == 0) {
		put_value(p, n, indent + 2, origin);
		return;
	}
	for (uint32_t i = 0; i < n->n; i++) {
		PUT(p, i == 0 ? " " : "%*s", indent + 2, "");
		put_scalar(p, n->items[2 * i]);
		PUT(p, ":");
		put_value(p, n->items[2 * i + 1], indent + 4,
		    i == 0 ? origin : NULL);
	}
}

/* What follows "key:" or a dash; as deep as the parser lets it. */
static void
put_value(struct print *p, const struct node *n, int indent,
    const struct node *origin)
{
	if (n->kind == NODE_SCALAR) {
		PUT(p, " ");
		put_scalar(p, n);
		put_end(p, origin);
	} else if (n->kind == NODE_MAP && n->n == 0) {
		PUT(p, " {}");
		put_end(p, origin);
	} else if (n->kind == NODE_LIST && is_short(n)) {
		put_short(p, n);
		put_end(p, origin);
	} else if (n->kind == NODE_LIST) {
		put_end(p, origin);
		for (uint32_t i = 0; i < n->n; i++)
			put_item(p, n->items[i], indent, NULL);
	} else {
		put_end(p, origin);
		for (uint32_t i = 0; i < n->n; i++) {
			PUT(p, "%*s", indent, "");
			put_scalar(p, n->items[2 * i]);
			PUT(p, ":");
			put_value(p, n->items[2 * i + 1], indent + 2, NULL);
		}
	}
}

/* ---- the same key of several documents */

struct same {
	const struct node *v[POLICY_FILES_MAX];
	uint32_t n;
};

static void put_merged(struct print *p, const struct same *s, int indent);

/* The smaller of two limits; else they are equal, or were refused. */
static const struct node *
least(const struct same *s)
{
	const struct node *best = s->v[0];
	uint64_t a, b;

	for (uint32_t i = 1; i < s->n; i++)
		if (str_u64(s->v[i]->text, UINT64_MAX, &a) &&
		    str_u64(best->text, UINT64_MAX, &b) && a < b)
			best = s->v[i];
	return best;
}

static void
put_lists(struct print *p, const struct same *s, int indent)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < s->n; i++)
		n += s->v[i]->n;
	PUT(p, "%s\n", n == 0 ? " []" : "");
	for (uint32_t i = 0; i < s->n; i++)
		for (uint32_t k = 0; k < s->v[i]->n; k++)
			put_item(p, s->v[i]->items[k], indent,
			    s->v[i]->items[k]);
}

/* Has an earlier one this key? Then it is printed. */
static bool
is_done(const struct same *s, uint32_t upto, uint32_t at)
{
	const struct node *key = s->v[upto]->items[2 * at];

	for (uint32_t i = 0; i < upto; i++)
		if (map_find(s->v[i], key->text.p) != NULL)
			return true;
	return false;
}

static void
put_key(struct print *p, const struct same *s, uint32_t from,
    const struct node *key, int indent)
{
	struct same one = { .n = 0 };

	for (uint32_t i = from; i < s->n; i++) {
		const struct node *v = map_find(s->v[i], key->text.p);

		if (v != NULL)
			one.v[one.n++] = v;
	}
	PUT(p, "%*s", indent, "");
	put_scalar(p, key);
	PUT(p, ":");
	put_merged(p, &one, indent + 2);
}

static void
put_maps(struct print *p, const struct same *s, int indent, bool top)
{
	for (uint32_t i = 0; i < s->n; i++)
		for (uint32_t k = 0; k < s->v[i]->n; k++) {
			const struct node *key = s->v[i]->items[2 * k];

			if (is_done(s, i, k) || (top && (str_eqz(key->text,
				"extends") || str_eqz(key->text, "version"))))
				continue;
			put_key(p, s, i, key, indent);
		}
}

static void
put_merged(struct print *p, const struct same *s, int indent)
{
	bool empty = true;

	for (uint32_t i = 0; i < s->n; i++) {
		if (s->v[i]->kind != s->v[0]->kind)
			return;	/* it would not have compiled */
		empty = empty && s->v[i]->n == 0;
	}
	if (s->v[0]->kind == NODE_LIST) {
		put_lists(p, s, indent);
	} else if (s->v[0]->kind == NODE_MAP) {
		PUT(p, "%s\n", empty ? " {}" : "");
		put_maps(p, s, indent, false);
	} else {
		put_value(p, least(s), indent, least(s));
	}
}

/* ---- the whole */

static void
place(const struct node *net, const char *key, const struct convert_list *l,
    const struct doc *from)
{
	const struct node *list = net == NULL ? NULL : map_find(net, key);

	for (uint32_t i = 0; list != NULL && i < list->n && i < l->n; i++) {
		list->items[i]->line = l->lines[i];
		list->items[i]->doc = from;
	}
}

/* One of the older schema becomes a native one, with the lines it had. */
static int
make_native(struct print *p, struct doc *doc, struct diags *d)
{
	struct doc *from = arena_alloc(&p->arena, 1, sizeof(*from));
	struct converted v = { 0 };
	char *text = NULL;
	int rc = convert_doc(doc, &v, d);

	must(from != NULL);
	*from = *doc;
	if (rc == 0) {
		char *heap = converted_text(&v);

		text = arena_strdup(&p->arena, str_c(heap));
		free(heap);
		must(text != NULL);
		doc->text = str_c(text);
		rc = yaml_parse(doc, &p->arena, d); /* or it is too long */
	}
	if (rc == 0) {
		place(map_find(doc->root, "network"), "allow", &v.allow,
		    from);
		place(map_find(doc->root, "network"), "deny", &v.deny, from);
		place(map_find(doc->root, "file_access"), "allow", &v.files,
		    from);
	}
	converted_fini(&v);
	return rc;
}

/* What has no native words follows as it is, with why. */
static void
put_rest(struct print *p, const struct policy_file *f, const struct diags *d)
{
	char safe[PATH_BYTES_MAX];

	p->rest_full |= !buf_printf(&p->rest, "---\n# %s, in the older schema "
	    "as it is:\n", log_safe(str_c(f->name), safe, sizeof(safe)));
	for (size_t i = 0; i < d->n; i++)
		if (d->v[i].level == DIAG_ERROR)
			p->rest_full |= !buf_printf(&p->rest, "# line %u %s\n",
			    d->v[i].line, d->v[i].text);
	p->rest_full |= !buf_adds(&p->rest, f->text);
}

/* As a native one, or as it is. */
static void
take_v1(struct print *p, const struct policy_file *f, struct doc *doc)
{
	struct diags said = { 0 };

	if (make_native(p, doc, &said) == -1)
		put_rest(p, f, &said);
	else
		p->n++;
	diags_fini(&said);
}

static int
read_docs(struct print *p, const struct policy_file *files, size_t n)
{
	int rc = 0;

	p->docs = arena_alloc(&p->arena, n + 1, sizeof(*p->docs));
	must(p->docs != NULL);
	for (size_t i = 0; i < n; i++) {
		struct doc *doc = &p->docs[p->n];

		if (files[i].maximum)
			continue;
		*doc = (struct doc){ .name = files[i].name,
			.text = files[i].text, .kind = files[i].kind };
		if (yaml_parse(doc, &p->arena, p->d) == -1)
			rc = -1;
		else if (is_v1(doc))
			take_v1(p, &files[i], doc);
		else if (doc->root != NULL && doc->root->kind == NODE_MAP)
			p->n++;
	}
	return rc;
}

char *
policy_effective(const struct policy_file *files, size_t n, struct diags *d)
{
	struct print p = { .d = d };
	struct same all = { .n = 0 };
	char *text = NULL;

	if (n > POLICY_FILES_MAX)
		return NULL;
	buf_init(&p.out, PRINT_BYTES_MAX);
	buf_init(&p.rest, PRINT_BYTES_MAX / 2);
	if (read_docs(&p, files, n) == 0) {
		for (uint32_t i = 0; i < p.n; i++)
			all.v[all.n++] = p.docs[i].root;
		PUT(&p, "version: \"1.0\"\n");
		put_maps(&p, &all, 0, true);
		p.full |= !buf_adds(&p.out, buf_str(&p.rest));
		if (!p.full && !p.rest_full)
			text = buf_take(&p.out, NULL);
		else
			diag_add(p.d, DIAG_ERROR, &p.docs[0], 0, 0, 0,
			    "printed as one it would be too long");
	}
	buf_fini(&p.out);
	buf_fini(&p.rest);
	arena_fini(&p.arena);
	return text;
}
