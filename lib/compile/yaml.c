/* yaml.c -- one YAML document to nodes, or the reasons why not.
 *
 * libfyaml gives events; the tree, its bounds and what of YAML a policy may
 * use are ours. Not used: tags, several documents in a file, keys that are
 * not words, tabs before a line's first word. */
#include <libfyaml.h>
#include <stdlib.h>

#include "base/limits.h"
#include "base/must.h"
#include "compile/tree.h"

struct anchor {
	struct str name;
	struct node *node;
};

struct level { /* an open list or map */
	struct node *node;
	uint32_t cap, used;	/* of node->items */
	bool open;
};

struct builder {
	struct doc *doc;
	struct arena *arena;
	struct diags *diags;
	struct level stack[TREE_DEPTH_MAX];
	uint32_t depth;
	struct anchor anchors[TREE_ANCHORS_MAX];
	uint32_t nanchors, documents;
};

static int
refuse_at(struct builder *b, const struct fy_mark *m, const char *what)
{
	diag_add(b->diags, DIAG_ERROR, b->doc,
	    m == NULL ? 0 : (uint32_t)m->line + 1,
	    m == NULL ? 0 : (uint32_t)m->column + 1, 1, "%s", what);
	return -1;
}

static void *
take_mem(struct builder *b, size_t n, size_t size)
{
	void *p = arena_alloc(b->arena, n, size);

	must(p != NULL);	/* the arena has no limit of its own */
	return p;
}

static struct str
take_text(struct builder *b, struct fy_token *t)
{
	size_t len = 0;
	const char *p = t == NULL ? NULL : fy_token_get_text(t, &len);
	char *copy = arena_strdup(b->arena, str_of(p == NULL ? "" : p, len));

	must(copy != NULL);
	return str_of(copy, len);
}

static struct node *
new_node(struct builder *b, enum node_kind kind, const struct fy_mark *m)
{
	struct node *n = take_mem(b, 1, sizeof(*n));

	n->kind = kind;
	n->doc = b->doc;
	n->weight = 1;
	n->width = 1;
	n->line = m == NULL ? 0 : (uint32_t)m->line + 1;
	n->column = m == NULL ? 0 : (uint32_t)m->column + 1;
	n->at = n->end = m == NULL ? 0 : (uint32_t)m->input_pos;
	return n;
}

/* Puts a finished node where it belongs. */
static int
place(struct builder *b, struct node *n, const struct fy_mark *m)
{
	struct level *l;

	if (b->depth == 0) {
		b->doc->root = n;
		return 0;
	}
	l = &b->stack[b->depth - 1];
	if (l->node->kind == NODE_MAP && l->used % 2 == 0 &&
	    n->kind != NODE_SCALAR) {
		diag_add(b->diags, DIAG_ERROR, b->doc, n->line, n->column, 1,
		    "a key must be a word");
		return -1;
	}
	if (l->used == l->cap) {
		uint32_t cap = l->cap == 0 ? 8 : 2 * l->cap;
		struct node **items = take_mem(b, cap, sizeof(struct node *));

		if (l->used > 0)
			memcpy(items, l->node->items,
			    l->used * sizeof(struct node *));
		l->node->items = items;
		l->cap = cap;
	}
	l->node->items[l->used++] = n;
	l->node->weight += n->weight;
	if (l->node->weight > TREE_NODES_MAX)
		return refuse_at(b, m,
		    "too much: a document may hold 131072 values, with every "
		    "alias counted in full");
	return 0;
}

static int
add_anchor(struct builder *b, struct fy_token *t, struct node *n,
    const struct fy_mark *m)
{
	if (t == NULL)
		return 0;
	if (b->nanchors == TREE_ANCHORS_MAX)
		return refuse_at(b, m, "more than 256 anchors");
	b->anchors[b->nanchors].name = take_text(b, t);
	b->anchors[b->nanchors++].node = n;
	return 0;
}

static int
on_alias(struct builder *b, struct fy_event *ev, const struct fy_mark *m)
{
	struct str name = take_text(b, ev->alias.anchor);
	struct node *n = NULL;

	for (uint32_t i = 0; i < b->nanchors; i++)
		if (str_eq(b->anchors[i].name, name))
			n = b->anchors[i].node;	/* the last one counts */
	if (n == NULL)
		return refuse_at(b, m, "an alias of an anchor that is not "
		    "there");
	for (uint32_t i = 0; i < b->depth; i++)
		if (b->stack[i].node == n)
			return refuse_at(b, m, "an alias of what it stands in "
			    "has no end");
	return place(b, n, m);
}

/* A value that is not there stands where its key stands. */
static void
place_empty(struct builder *b, struct node *n)
{
	const struct level *l;

	if (b->depth == 0 || n->line != 0)
		return;
	l = &b->stack[b->depth - 1];
	if (l->used == 0)
		return;
	n->line = l->node->items[l->used - 1]->line;
	n->column = l->node->items[l->used - 1]->column;
	n->width = l->node->items[l->used - 1]->width;
}

static int
on_scalar(struct builder *b, struct fy_event *ev, const struct fy_mark *m)
{
	struct node *n = new_node(b, NODE_SCALAR, m);
	const struct fy_mark *end = fy_event_end_mark(ev);
	enum fy_scalar_style style = fy_token_scalar_style(ev->scalar.value);

	if (ev->scalar.tag != NULL)
		return refuse_at(b, m, "tags are not used in policies");
	n->text = take_text(b, ev->scalar.value);
	n->quoted = style != FYSS_PLAIN && style != FYSS_ANY;
	if (end != NULL)
		n->end = (uint32_t)end->input_pos;
	if (m != NULL && end != NULL && end->line == m->line &&
	    end->column > m->column)
		n->width = (uint32_t)(end->column - m->column);
	place_empty(b, n);
	if (add_anchor(b, ev->scalar.anchor, n, m) == -1)
		return -1;
	return place(b, n, m);
}

static int
on_start(struct builder *b, enum node_kind kind, struct fy_token *anchor,
    struct fy_token *tag, const struct fy_mark *m)
{
	struct node *n = new_node(b, kind, m);

	if (tag != NULL)
		return refuse_at(b, m, "tags are not used in policies");
	if (b->depth == TREE_DEPTH_MAX)
		return refuse_at(b, m, "lists and maps may stand 32 deep "
		    "within each other, no more");
	if (add_anchor(b, anchor, n, m) == -1)
		return -1;
	b->stack[b->depth++] = (struct level){ .node = n };
	return 0;
}

static int
by_key(const void *a, const void *b)
{
	const struct node *const *x = a, *const *y = b;
	size_t n = (*x)->text.len < (*y)->text.len ? (*x)->text.len :
	    (*y)->text.len;
	int c = n == 0 ? 0 : memcmp((*x)->text.p, (*y)->text.p, n);

	if (c != 0)
		return c;
	if ((*x)->text.len != (*y)->text.len)
		return (*x)->text.len < (*y)->text.len ? -1 : 1;
	if ((*x)->line != (*y)->line)
		return (*x)->line < (*y)->line ? -1 : 1;
	return (*x)->column < (*y)->column ? -1 :
	    (*x)->column > (*y)->column;
}

/* The same key twice: which one was meant, nobody can say. */
static int
check_keys(struct builder *b, const struct node *map)
{
	struct node **keys = take_mem(b, map->n + 1, sizeof(struct node *));
	int bad = 0;

	for (uint32_t i = 0; i < map->n; i++)
		keys[i] = map->items[2 * i];
	qsort(keys, map->n, sizeof(struct node *), by_key);
	for (uint32_t i = 1; i < map->n; i++)
		if (str_eq(keys[i]->text, keys[i - 1]->text)) {
			diag_add(b->diags, DIAG_ERROR, b->doc, keys[i]->line,
			    keys[i]->column, keys[i]->width,
			    "key \"%.64s\" stands here twice: first in line %u",
			    keys[i]->text.p, keys[i - 1]->line);
			bad = -1;
		}
	return bad;
}

static int
on_end(struct builder *b, const struct fy_mark *m, const struct fy_mark *end)
{
	struct level *l;

	must(b->depth > 0);
	l = &b->stack[--b->depth];
	if (end != NULL)
		l->node->end = (uint32_t)end->input_pos;
	l->node->n = l->node->kind == NODE_MAP ? l->used / 2 : l->used;
	if (l->node->kind == NODE_MAP && check_keys(b, l->node) == -1)
		return -1;
	return place(b, l->node, m);
}

static int
on_event(struct builder *b, struct fy_event *ev)
{
	const struct fy_mark *m = fy_event_start_mark(ev);

	switch (ev->type) {
	case FYET_DOCUMENT_START:
		if (b->documents++ > 0)
			return refuse_at(b, m, "a second document: give each "
			    "policy a file of its own");
		return 0;
	case FYET_SCALAR:
		return on_scalar(b, ev, m);
	case FYET_ALIAS:
		return on_alias(b, ev, m);
	case FYET_SEQUENCE_START:
		return on_start(b, NODE_LIST, ev->sequence_start.anchor,
		    ev->sequence_start.tag, m);
	case FYET_MAPPING_START:
		return on_start(b, NODE_MAP, ev->mapping_start.anchor,
		    ev->mapping_start.tag, m);
	case FYET_SEQUENCE_END:
	case FYET_MAPPING_END:
		return on_end(b, m, fy_event_end_mark(ev));
	case FYET_NONE:
	case FYET_STREAM_START:
	case FYET_STREAM_END:
	case FYET_DOCUMENT_END:
		return 0;
	}
	return 0;
}

/* What to do about a word whose quotes end too early, or not at all. */
static const char *
quotes_hint(const char *msg)
{
	if (strstr(msg, "double-quoted") != NULL)
		return " (a word that has \" in it can stand between '')";
	if (strstr(msg, "single-quoted") != NULL)
		return " (a word that has ' in it can stand between \"\", or "
		    "has it twice)";
	return strstr(msg, "plain scalar cannot start") != NULL ?
	    " (put the word in quotes)" : "";
}

static void
report(struct builder *b, struct fy_diag *fd)
{
	const struct fy_diag_error *err;
	void *at = NULL;
	size_t before = b->diags->errors;

	while ((err = fy_diag_errors_iterate(fd, &at)) != NULL)
		if (err->msg != NULL && b->diags->errors == before)
			diag_add(b->diags, DIAG_ERROR, b->doc,
			    err->line > 0 ? (uint32_t)err->line : 0,
			    err->column > 0 ? (uint32_t)err->column : 1, 1,
			    "not YAML: %s%s", err->msg,
			    quotes_hint(err->msg));
	if (b->diags->errors == before)
		diag_add(b->diags, DIAG_ERROR, b->doc, 0, 0, 0, "not YAML");
}

static int
run_parser(struct builder *b, struct fy_parser *fp, struct fy_diag *fd)
{
	struct fy_event *ev;
	int rc = 0;

	if (fy_parser_set_string(fp, b->doc->text.p, b->doc->text.len) != 0)
		return refuse_at(b, NULL, "not YAML");
	while (rc == 0 && (ev = fy_parser_parse(fp)) != NULL) {
		rc = on_event(b, ev);
		fy_parser_event_free(fp, ev);
	}
	if (rc == 0 && (fy_diag_got_error(fd) || b->depth > 0)) {
		report(b, fd);
		rc = -1;
	}
	return rc;
}

static int
build(struct builder *b)
{
	struct fy_diag *fd = fy_diag_create(NULL);
	struct fy_parse_cfg cfg = { .flags = FYPCF_QUIET |
		FYPCF_DEFAULT_VERSION_1_2 | FYPCF_JSON_NONE, .diag = fd };
	struct fy_parser *fp;
	int rc;

	must(fd != NULL);
	fy_diag_set_collect_errors(fd, true);
	fp = fy_parser_create(&cfg);
	must(fp != NULL);
	rc = run_parser(b, fp, fd);
	fy_parser_destroy(fp);
	fy_diag_destroy(fd);
	return rc;
}

/* Length of the UTF-8 character at the front; 0: none, or one that a policy
 * has no use for (control bytes; direction marks, which make text read
 * differently from what it is). */
static size_t
char_len(struct str s)
{
	const unsigned char *p = (const unsigned char *)s.p;
	uint32_t v = p[0];
	size_t n = v < 0x80 ? 1 : v < 0xc2 ? 0 : v < 0xe0 ? 2 :
	    v < 0xf0 ? 3 : v < 0xf5 ? 4 : 0;

	if (n == 0 || n > s.len)
		return 0;
	if (n == 1)
		return (v >= 0x20 && v != 0x7f) || v == '\n' || v == '\t' ||
		    (v == '\r' && s.len > 1 && p[1] == '\n') ? 1 : 0;
	v &= 0x7fU >> n;
	for (size_t i = 1; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		v = v << 6 | (p[i] & 0x3f);
	}
	if ((n == 3 && v < 0x800) || (n == 4 && (v < 0x10000 ||
	    v > 0x10ffff)) || (v >= 0xd800 && v <= 0xdfff) || v < 0xa0 ||
	    v == 0x2028 || v == 0x2029 || v == 0xfeff ||
	    (v >= 0x202a && v <= 0x202e) || (v >= 0x2066 && v <= 0x2069))
		return 0;
	return n;
}

static int
check_bytes(struct builder *b)
{
	struct str s = b->doc->text;
	uint32_t line = 1, column = 1;
	bool indent = true;

	while (s.len > 0) {
		size_t n = char_len(s);
		struct fy_mark m = { 0, (int)line - 1, (int)column - 1 };

		if (n == 0)
			return refuse_at(b, &m, "a control character, a "
			    "direction mark, or a byte that is not UTF-8");
		if (indent && s.p[0] == '\t')
			return refuse_at(b, &m, "a tab as indentation: use "
			    "blanks");
		indent = s.p[0] == '\n' || (indent && s.p[0] == ' ');
		column = s.p[0] == '\n' ? 1 : column + 1;
		line += s.p[0] == '\n';
		s = str_from(s, n);
	}
	return 0;
}

int
yaml_parse(struct doc *doc, struct arena *a, struct diags *d)
{
	struct builder *b = mem_alloc(1, sizeof(*b));
	int rc = -1;

	b->doc = doc;
	b->arena = a;
	b->diags = d;
	if (doc->text.len > POLICY_BYTES_MAX)
		(void)refuse_at(b, NULL, "longer than 1 MiB");
	else if (check_bytes(b) == 0)
		rc = doc->text.len == 0 ? 0 : build(b);
	free(b);
	return rc;
}
