#include "compile/edit_text.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/limits.h"
#include "base/must.h"
#include "compile/check.h"

/* ---- a document */

static int
read_tree(struct edit_doc *d, struct err *e)
{
	struct diags said = { 0 };
	int rc;

	d->doc = (struct doc){ .name = d->file->name,
		.text = str_of(d->text, d->len) };
	rc = yaml_parse(&d->doc, &d->arena, &said);
	if (rc == -1)
		(void)err_set(e, ERR_INPUT, "%s:%u:%u: %.300s",
		    d->file->name, said.v[0].line, said.v[0].column,
		    said.v[0].text);
	diags_fini(&said);
	return rc;
}

int
edit_doc_open(struct edit_doc *d, const struct policy_file *f, struct err *e)
{
	*d = (struct edit_doc){ .file = f, .len = f->text.len };
	d->text = mem_alloc(f->text.len + 1, 1);
	if (f->text.len > 0)
		memcpy(d->text, f->text.p, f->text.len);
	return read_tree(d, e);
}

void
edit_doc_close(struct edit_doc *d)
{
	free(d->text);
	arena_fini(&d->arena);
	*d = (struct edit_doc){ 0 };
}

/* ---- words */

static bool
is_plain(struct str s)
{
	static const char fine[] = "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./+";
	struct node n = { .kind = NODE_SCALAR, .text = s };

	for (size_t i = 0; i < s.len; i++)
		if (memchr(fine, s.p[i], sizeof(fine) - 1) == NULL)
			return false;
	return s.len > 0 && s.p[0] != '-' && s.p[0] != '.' && is_word(&n);
}

const char *
edit_quote(struct edit_doc *d, struct str s)
{
	char *out = arena_alloc(&d->arena, 2 * s.len + 3, 1);
	size_t n = 0;

	must(out != NULL);
	if (is_plain(s)) {
		memcpy(out, s.p, s.len);
		return out;
	}
	out[n++] = '"';
	for (size_t i = 0; i < s.len; i++) {
		if (s.p[i] == '"' || s.p[i] == '\\')
			out[n++] = '\\';
		out[n++] = s.p[i];
	}
	out[n] = '"';
	return out;
}

/* ---- where things stand in the text */

static bool
is_quote(const struct edit_doc *d, uint32_t at)
{
	return at < d->len && (d->text[at] == '"' || d->text[at] == '\'');
}

/* The parser's places leave out the quotes. */
static uint32_t
start_of(const struct edit_doc *d, const struct node *n)
{
	if (n->kind == NODE_SCALAR && n->quoted && n->at > 0 &&
	    is_quote(d, n->at - 1))
		return n->at - 1;
	return n->at;
}

static bool
is_flow(const struct edit_doc *d, const struct node *n)
{
	return n->kind != NODE_SCALAR && n->at < d->len &&
	    (d->text[n->at] == '[' || d->text[n->at] == '{');
}

/* After its last byte. An empty value has none: key says where it would be. */
static uint32_t
end_of(const struct edit_doc *d, const struct node *n,
    const struct node *key)
{
	uint32_t end = n->end;

	if (!is_flow(d, n) && n->kind == NODE_LIST && n->n > 0)
		return end_of(d, n->items[n->n - 1], NULL);
	if (!is_flow(d, n) && n->kind == NODE_MAP && n->n > 0)
		return end_of(d, n->items[2 * n->n - 1],
		    n->items[2 * n->n - 2]);
	if (end == 0 && key != NULL)
		return end_of(d, key, NULL);
	if (n->kind == NODE_SCALAR && n->quoted && n->at > 0 &&
	    is_quote(d, n->at - 1))
		return end + 1;
	while (end > n->at && strchr(" \t\r\n", d->text[end - 1]) != NULL)
		end--;	/* of a block of text */
	return end;
}

static uint32_t
line_start(const struct edit_doc *d, uint32_t at)
{
	while (at > 0 && d->text[at - 1] != '\n')
		at--;
	return at;
}

static uint32_t
line_end(const struct edit_doc *d, uint32_t at)
{
	while (at < d->len && d->text[at] != '\n')
		at++;
	return at > 0 && at < d->len && d->text[at - 1] == '\r' ? at - 1 : at;
}

/* The start of the line after. */
static uint32_t
line_next(const struct edit_doc *d, uint32_t at)
{
	while (at < d->len && d->text[at] != '\n')
		at++;
	return at < d->len ? at + 1 : at;
}

static const char *
newline(const struct edit_doc *d)
{
	const char *nl = memchr(d->text, '\n', d->len);

	return nl != NULL && nl > d->text && nl[-1] == '\r' ? "\r\n" : "\n";
}

/* Nothing but blanks before it in its line? */
static bool
is_first(const struct edit_doc *d, uint32_t at)
{
	for (uint32_t i = line_start(d, at); i < at; i++)
		if (d->text[i] != ' ')
			return false;
	return true;
}

/* ---- the tree that is meant, and the tree there is */

static bool
same(const struct node *a, const struct node *b)
{
	uint32_t n = a->kind == NODE_MAP ? 2 * a->n : a->n;

	if (a->kind != b->kind || a->n != b->n || (a->kind == NODE_SCALAR &&
		(a->quoted != b->quoted || !str_eq(a->text, b->text))))
		return false;
	for (uint32_t i = 0; a->kind != NODE_SCALAR && i < n; i++)
		if (!same(a->items[i], b->items[i]))
			return false;	/* as deep as the parser lets it */
	return true;
}

static int
odd_layout(const struct edit_doc *d, struct err *e, uint32_t line)
{
	return err_set(e, ERR_STATE, "%s:%u: written in a way that cannot be "
	    "edited here: change the file by hand, and use policy set",
	    d->file->name, line);
}

/* An anchor's value stands wherever its aliases do: one change would be
 * several. */
static uint32_t
times_in(const struct node *in, const struct node *n)
{
	uint32_t all = in->kind == NODE_MAP ? 2 * in->n : in->n;
	uint32_t times = in == n;

	for (uint32_t i = 0; in->kind != NODE_SCALAR && i < all; i++)
		times += times_in(in->items[i], n);
	return times;
}

/* The text becomes what it was with [from, to) replaced; it must come to the
 * tree `meant', or all is as before. */
static int
put(struct edit_doc *d, uint32_t from, uint32_t to, const char *in,
    const struct node *meant, struct err *e)
{
	size_t nin = strlen(in), len = d->len - (to - from) + nin;
	char *text = mem_alloc(len + 1, 1), *was = d->text;
	size_t was_len = d->len;
	struct err unsaid = { 0 };

	memcpy(text, d->text, from);
	memcpy(text + from, in, nin);
	memcpy(text + from + nin, d->text + to, d->len - to);
	d->text = text;
	d->len = len;
	if (len <= POLICY_BYTES_MAX && read_tree(d, &unsaid) == 0 &&
	    d->doc.root != NULL && same(d->doc.root, meant)) {
		d->changed = true;
		free(was);
		return 0;
	}
	free(text);
	d->text = was;
	d->len = was_len;
	must(read_tree(d, e) == 0);	/* as it was read before */
	return odd_layout(d, e, 1);
}

static struct node *
read_snip(struct edit_doc *d, const struct snip *s)
{
	struct doc *doc = arena_alloc(&d->arena, 1, sizeof(*doc));
	struct diags said = { 0 };
	int rc;

	must(doc != NULL);
	*doc = (struct doc){ .name = "edit", .text = str_c(s->flow) };
	rc = yaml_parse(doc, &d->arena, &said);
	must(rc == 0 && doc->root != NULL);	/* we wrote it */
	diags_fini(&said);
	return doc->root;
}

/* The items with one or two more, or with some of them left out. */
static void
splice(struct edit_doc *d, struct node *n, uint32_t at, uint32_t out,
    struct node *const *in, uint32_t nin)
{
	uint32_t had = n->kind == NODE_MAP ? 2 * n->n : n->n;
	struct node **v = arena_alloc(&d->arena, had + nin + 1, sizeof(*v));

	must(v != NULL);
	for (uint32_t i = 0; i < at; i++)
		v[i] = n->items[i];
	for (uint32_t i = 0; i < nin; i++)
		v[at + i] = in[i];
	for (uint32_t i = at + out; i < had; i++)
		v[i - out + nin] = n->items[i];
	n->items = v;
	n->n = (had - out + nin) / (n->kind == NODE_MAP ? 2 : 1);
}

/* ---- putting in */

/* Lines, each after the first indented, each ended as the document's are. */
static void
add_lines(struct buf *b, const struct edit_doc *d, const char *lines,
    uint32_t indent)
{
	struct str rest = str_c(lines), line;
	bool first = true;

	while (rest.len > 0) {
		if (!str_cut(rest, '\n', &line, &rest)) {
			line = rest;
			rest = STR("");
		}
		if (!first)
			must(buf_printf(b, "%s%*s", newline(d), (int)indent,
			    ""));
		must(buf_adds(b, line));
		first = false;
	}
}

static int
put_buf(struct edit_doc *d, uint32_t at, struct buf *b,
    const struct node *meant, struct err *e)
{
	char *in = buf_take(b, NULL);
	int rc = put(d, at, at, in, meant, e);

	free(in);
	return rc;
}

/* ", x" before the bracket; without the comma if it is the first. */
static int
put_flow(struct edit_doc *d, const struct node *n, const struct node *last,
    const char *what, struct node *meant, struct err *e)
{
	struct buf b;

	buf_init(&b, POLICY_BYTES_MAX);
	must(buf_printf(&b, "%s%s", last == NULL ? "" : ", ", what));
	return put_buf(d, last == NULL ? n->at + 1 : end_of(d, last, NULL),
	    &b, meant, e);
}

int
edit_insert_item(struct edit_doc *d, struct node *list, const struct snip *s,
    struct err *e)
{
	struct node *last = list->n == 0 ? NULL : list->items[list->n - 1];
	struct node *in = read_snip(d, s), *root = d->doc.root;
	uint32_t at = list->at, col;
	struct buf b;

	if (times_in(root, list) != 1)
		return odd_layout(d, e, list->line);
	splice(d, list, list->n, 0, &in, 1);
	if (is_flow(d, list))
		return put_flow(d, list, last, s->flow, root, e);
	if (last == NULL || at >= d->len || d->text[at] != '-')
		return odd_layout(d, e, list->line);
	col = at - line_start(d, at);
	buf_init(&b, POLICY_BYTES_MAX);
	must(buf_printf(&b, "%s%*s- ", newline(d), (int)col, ""));
	add_lines(&b, d, s->block != NULL ? s->block : s->flow, col + 2);
	return put_buf(d, line_end(d, end_of(d, last, NULL)), &b, root, e);
}

/* "key: value" below the last of its keys. */
static int
put_key(struct edit_doc *d, const struct node *map, uint32_t n,
    const char *key, const struct snip *s, const struct node *meant,
    struct err *e)
{
	uint32_t col = map->at - line_start(d, map->at);
	uint32_t end = end_of(d, map->items[2 * n - 1], map->items[2 * n - 2]);
	struct buf b;

	buf_init(&b, POLICY_BYTES_MAX);
	must(buf_printf(&b, "%s%*s%s:", newline(d), (int)col, "", key));
	if (s->block != NULL) {
		must(buf_printf(&b, "%s%*s", newline(d), (int)col + 2, ""));
		add_lines(&b, d, s->block, col + 2);
	} else {
		must(buf_printf(&b, " %s", s->flow));
	}
	return put_buf(d, line_end(d, end), &b, meant, e);
}

/* A document without anything in it but comments. */
static int
put_first(struct edit_doc *d, const char *key, const struct snip *s,
    struct node *const *pair, struct err *e)
{
	struct node root = { .kind = NODE_MAP };
	bool open = d->len > 0 && d->text[d->len - 1] != '\n';
	struct buf b;

	splice(d, &root, 0, 0, pair, 2);
	buf_init(&b, POLICY_BYTES_MAX);
	must(buf_printf(&b, "%s%s:", open ? newline(d) : "", key));
	must(buf_printf(&b, "%s", s->block != NULL ? newline(d) : " "));
	if (s->block != NULL)
		must(buf_addz(&b, "  "));
	add_lines(&b, d, s->block != NULL ? s->block : s->flow, 2);
	must(buf_addz(&b, newline(d)));
	return put_buf(d, (uint32_t)d->len, &b, &root, e);
}

int
edit_add_key(struct edit_doc *d, struct node *map, const char *key,
    const struct snip *s, struct err *e)
{
	struct node *pair[] = { arena_alloc(&d->arena, 1, sizeof(*map)),
		read_snip(d, s) };
	uint32_t n = map == NULL ? 0 : map->n;
	struct node *root = d->doc.root;
	char *what;

	must(pair[0] != NULL);
	*pair[0] = (struct node){ .kind = NODE_SCALAR, .text = str_c(key) };
	if (key[0] == '"') {
		pair[0]->quoted = true;
		pair[0]->text = str_of(key + 1, strlen(key) - 2);
	}
	if (map == NULL)
		return put_first(d, key, s, pair, e);
	if (times_in(root, map) != 1)
		return odd_layout(d, e, map->line);
	splice(d, map, 2 * n, 0, pair, 2);
	if (!is_flow(d, map))
		return n == 0 ? odd_layout(d, e, map->line) :
		    put_key(d, map, n, key, s, root, e);
	what = arena_printf(&d->arena, "%s: %s", key, s->flow);
	must(what != NULL);
	return put_flow(d, map, n == 0 ? NULL : map->items[2 * n - 1], what,
	    root, e);
}

/* ---- taking out */

/* The key whose value n is, or NULL. */
static const struct node *
owner_of(const struct node *in, const struct node *n)
{
	uint32_t all = in->kind == NODE_MAP ? 2 * in->n : in->n;

	for (uint32_t i = 0; in->kind != NODE_SCALAR && i < all; i++) {
		const struct node *found;

		if (in->items[i] == n)
			return in->kind == NODE_MAP && i % 2 == 1 ?
			    in->items[i - 1] : NULL;
		if ((found = owner_of(in->items[i], n)) != NULL)
			return found;
	}
	return NULL;
}

/* All of a list's or map's lines go, and "[]" or "{}" stays. */
static int
empty_block(struct edit_doc *d, struct node *n, uint32_t from, uint32_t to,
    struct err *e)
{
	const struct node *key = owner_of(d->doc.root, n);
	struct node *root = d->doc.root;
	uint32_t colon;
	char *in;
	int rc;

	if (key == NULL)
		return odd_layout(d, e, n->line);
	colon = end_of(d, key, NULL);
	while (colon < d->len && d->text[colon] == ' ')
		colon++;
	if (colon >= from || d->text[colon] != ':')
		return odd_layout(d, e, n->line);
	in = mem_printf("%s%.*s", n->kind == NODE_LIST ? " []" : " {}",
	    (int)(from - colon - 1), d->text + colon + 1);
	splice(d, n, 0, n->kind == NODE_LIST ? 1 : 2, NULL, 0);
	rc = put(d, colon + 1, to, in, root, e);
	free(in);
	return rc;
}

/* One of what a bracket holds, with a comma that it does not leave behind. */
static int
remove_flow(struct edit_doc *d, struct node *n, uint32_t i, struct err *e)
{
	uint32_t step = n->kind == NODE_MAP ? 2 : 1, at = step * i;
	struct node *root = d->doc.root;
	uint32_t from = start_of(d, n->items[at]);
	uint32_t to = end_of(d, n->items[at + step - 1], n->items[at]);

	if (i + 1 < n->n)
		to = start_of(d, n->items[at + step]);
	else if (i > 0)
		from = end_of(d, n->items[at - 1], n->items[at - step]);
	splice(d, n, at, step, NULL, 0);
	return put(d, from, to, "", root, e);
}

int
edit_remove_item(struct edit_doc *d, struct node *list, uint32_t i,
    struct err *e)
{
	struct node *item = list->items[i], *root = d->doc.root;
	uint32_t dash = start_of(d, item), end = end_of(d, item, NULL);

	if (times_in(root, list) != 1)
		return odd_layout(d, e, list->line);
	if (is_flow(d, list))
		return remove_flow(d, list, i, e);
	while (dash > list->at && d->text[dash - 1] == ' ')
		dash--;
	if (dash > list->at)
		dash--;
	if (dash >= d->len || d->text[dash] != '-' || !is_first(d, dash))
		return odd_layout(d, e, item->line);
	if (list->n == 1)
		return empty_block(d, list, line_start(d, dash),
		    line_next(d, end), e);
	splice(d, list, i, 1, NULL, 0);
	return put(d, line_start(d, dash), line_next(d, end), "", root, e);
}

int
edit_remove_key(struct edit_doc *d, struct node *map, uint32_t i,
    struct err *e)
{
	struct node *key = map->items[2 * i], *root = d->doc.root;
	uint32_t from = start_of(d, key);
	uint32_t end = end_of(d, map->items[2 * i + 1], key);
	bool first = is_first(d, from);

	if (times_in(root, map) != 1)
		return odd_layout(d, e, map->line);
	if (is_flow(d, map))
		return remove_flow(d, map, i, e);
	if (map->n == 1)
		return first ? empty_block(d, map, line_start(d, from),
		    line_next(d, end), e) : odd_layout(d, e, key->line);
	/* After a dash: the next key takes its place. */
	if (!first && i + 1 < map->n) {
		uint32_t to = start_of(d, map->items[2 * i + 2]);

		splice(d, map, 2 * i, 2, NULL, 0);
		return put(d, from, to, "", root, e);
	}
	if (!first)
		return odd_layout(d, e, key->line);
	splice(d, map, 2 * i, 2, NULL, 0);
	return put(d, line_start(d, from), line_next(d, end), "", root, e);
}
