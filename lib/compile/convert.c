/* convert.c -- documents of the older schema in the native language.
 *
 * Each endpoint becomes an entry for each thing that it allows or denies, as
 * the checker has it (v1net.c). What has no native words with the very same
 * meaning is an error, not an approximation:
 *
 *	a final * of an allow that stays in its segment, and ? in a path
 *	stars within a host's label, an endpoint without a host
 *	deny_rules of a host with stars (a native deny holds at any depth)
 *	enforcement: audit
 */
#include "compile/convert.h"

#include <stdlib.h>

#include "base/compat.h"
#include "base/must.h"

enum { ALTERNATIVES_MAX = 64,
	TEXT_BYTES_MAX = 32 << 20,	/* one rule's programs stand in each of
					 * its entries */
	TEXT_SLACK = 4 << 20,		/* more than any one addition */
};

/* What does not fit is left out, and is_full() tells in the end. */
#define PUT(added) ((void)!(added))

struct convert {
	const struct doc *doc;
	struct converted *out;
	struct diags *d;
	struct arena arena;
};

struct rule { /* one of network_policies */
	const struct node *key, *binaries;
};

struct end { /* one of its endpoints */
	const struct rule *rule;
	const struct node *at, *host, *ports, *protocol, *tls, *ips, *path;
};

static void
refuse(struct convert *v, const struct node *n, const char *what)
{
	must(n != NULL);
	diag_add(v->d, DIAG_ERROR, n->doc, n->line, n->column, n->width,
	    "cannot be said in the native language: %s", what);
}

/* ---- words */

static bool
is_safe(struct str s)
{
	static const char fine[] = "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./+";

	for (size_t i = 0; i < s.len; i++)
		if (memchr(fine, s.p[i], sizeof(fine) - 1) == NULL)
			return false;
	return s.len > 0 && (s.p[0] != '-' || s.len > 1);
}

bool
print_scalar(struct buf *b, struct str s, bool quoted)
{
	bool ok = true;

	if (!quoted && is_safe(s))
		return buf_adds(b, s);
	ok = buf_addz(b, "\"");
	for (size_t i = 0; i < s.len && ok; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (c == '"' || c == '\\')
			ok = buf_printf(b, "\\%c", c);
		else if (c < 0x20 || c == 0x7f)
			ok = buf_printf(b, "\\x%02x", c);
		else
			ok = buf_add(b, &s.p[i], 1);
	}
	return ok && buf_addz(b, "\"");
}

/* Never a number or the like. */
static bool
print_word(struct buf *b, struct str s)
{
	struct node n = { .kind = NODE_SCALAR, .text = s };

	return print_scalar(b, s, !is_word(&n));
}

static const struct node *
find(const struct node *map, const char *key)
{
	return map == NULL ? NULL : map_find(map, key);
}

static bool
word_is(const struct node *n, const char *word)
{
	return n != NULL && n->kind == NODE_SCALAR && str_eqz(n->text, word);
}

/* ---- comments */

static struct str
line_at(const struct doc *doc, uint32_t line)
{
	struct str rest = doc->text, one = STR("");

	for (uint32_t i = 0; i < line; i++) {
		if (!str_cut(rest, '\n', &one, &rest)) {
			one = rest;
			rest = STR("");
		}
	}
	return str_trim(one);
}

static bool
is_comment(struct str line)
{
	return line.len > 0 && line.p[0] == '#';
}

/* The lines of comments that stand right above a line. */
static void
put_comments(struct buf *b, const struct doc *doc, uint32_t line,
    const char *indent)
{
	uint32_t first = line;

	while (first > 1 && is_comment(line_at(doc, first - 1)))
		first--;
	if (first == 1)		/* they are of the document */
		return;
	for (; first < line; first++) {
		struct str s = line_at(doc, first);

		PUT(buf_printf(b, "%s%.*s\n", indent, (int)s.len, s.p));
	}
}

static void
put_head(struct convert *v)
{
	for (uint32_t i = 1; is_comment(line_at(v->doc, i)); i++) {
		struct str s = line_at(v->doc, i);

		PUT(buf_printf(&v->out->head, "%.*s\n", (int)s.len, s.p));
	}
}

/* ---- an entry */

static struct buf *
begin(struct convert *v, struct convert_list *list, const struct end *e)
{
	struct buf *b = &list->text;

	list->lines = mem_grow(list->lines, list->n + 1,
	    sizeof(*list->lines));
	list->lines[list->n++] = e->at->line;
	put_comments(b, v->doc, e->at->line, "    ");
	PUT(buf_addz(b, "    - endpoint: "));
	PUT(print_word(b, e->host->text));
	return b;
}

static void
put_words(struct buf *b, const char *key, const struct str *v, uint32_t n,
    bool quoted)
{
	if (n == 0)
		return;
	PUT(buf_printf(b, "\n      %s: [", key));
	for (uint32_t i = 0; i < n; i++) {
		PUT(buf_addz(b, i == 0 ? "" : ", "));
		PUT(quoted ? print_word(b, v[i]) : print_scalar(b, v[i],
		    false));
	}
	PUT(buf_addz(b, "]"));
}

static void
put_nodes(struct buf *b, const char *key, const struct node *list,
    bool quoted)
{
	PUT(buf_printf(b, "\n      %s: [", key));
	for (uint32_t i = 0; i < list->n; i++) {
		PUT(buf_addz(b, i == 0 ? "" : ", "));
		PUT(quoted ? print_word(b, list->items[i]->text) :
		    print_scalar(b, list->items[i]->text, false));
	}
	PUT(buf_addz(b, "]"));
}

static void
put_binaries(struct buf *b, const struct node *list)
{
	PUT(buf_addz(b, "\n      binaries: ["));
	for (uint32_t i = 0; i < list->n; i++) {
		PUT(buf_addz(b, i == 0 ? "" : ", "));
		PUT(print_word(b, find(list->items[i], "path")->text));
	}
	PUT(buf_addz(b, "]"));
}

/* Ports, programs and addresses, which an endpoint's entries have alike. */
static void
put_common(struct buf *b, const struct end *e)
{
	static const struct str http[] = { { "https", 5 }, { "http", 4 } };
	static const struct str tls = { "tls", 3 }, tcp = { "tcp", 3 };

	if (e->ports->kind == NODE_LIST)
		put_nodes(b, "ports", e->ports, false);
	else
		put_words(b, "ports", &e->ports->text, 1, false);
	if (word_is(e->tls, "skip"))
		put_words(b, "protocols", &tls, 1, false);
	else if (word_is(e->protocol, "rest"))
		put_words(b, "protocols", http, NELEM(http), false);
	else if (word_is(e->protocol, "tcp"))
		put_words(b, "protocols", &tcp, 1, false);
}

static bool
says_slash(const struct end *e)
{
	const struct node *v = find(e->at, "allow_encoded_slash");

	return v != NULL && str_case_eq(v->text, STR("true"));
}

static void
put_rest(struct buf *b, const struct end *e, bool deny)
{
	if (e->ips != NULL && e->ips->n > 0 && !deny)
		put_nodes(b, "allowed_ips", e->ips, true);
	put_binaries(b, e->rule->binaries);
	if (!deny && says_slash(e))
		PUT(buf_addz(b, "\n      encoded_slash: allow"));
	PUT(buf_addz(b, "\n"));
}

/* ---- paths */

/* Is it the same in both? */
static bool
path_same(struct convert *v, const struct node *n, struct str s, bool deny)
{
	size_t star = s.len;

	while (star > 0 && s.p[star - 1] == '*')
		star--;
	if (str_index(s, '?') < s.len) {
		refuse(v, n, "? in a path");
		return false;
	}
	if (!deny && s.len - star == 1 && star > 0 && s.p[star - 1] == '/') {
		refuse(v, n, "a final * that stays in its segment (there it "
		    "covers everything below); write what is meant, as /x/** "
		    "or single paths");
		return false;
	}
	return true;
}

/* "a{b,c}" to "ab" and "ac". */
static uint32_t
expand(struct convert *v, struct str s, struct str out[ALTERNATIVES_MAX])
{
	uint32_t n = 1, done = 0;

	out[0] = s;
	while (done < n) {
		struct str head, tail, in, one;
		bool more = true;

		if (!str_cut(out[done], '{', &head, &tail) ||
		    !str_cut(tail, '}', &in, &tail)) {
			done++;
			continue;
		}
		n--;
		memmove(&out[done], &out[done + 1], (n - done) *
		    sizeof(*out));
		while (more && n < ALTERNATIVES_MAX) {
			more = str_cut(in, ',', &one, &in);
			if (!more)
				one = in;
			out[n++] = str_c(arena_printf(&v->arena,
			    "%.*s%.*s%.*s", (int)head.len, head.p,
			    (int)one.len, one.p, (int)tail.len, tail.p));
		}
	}
	return n;
}

static bool
put_path(struct convert *v, struct buf *b, const struct node *n, bool deny)
{
	struct str all[ALTERNATIVES_MAX];
	uint32_t many;

	if (n == NULL || n->text.len == 0 || word_is(n, "**") ||
	    word_is(n, "/**"))
		return true;
	many = expand(v, n->text, all);
	for (uint32_t i = 0; i < many; i++)
		if (!path_same(v, n, all[i], deny))
			return false;
	put_words(b, "paths", all, many, true);
	return true;
}

/* ---- what an endpoint allows and denies */

static void
put_methods(struct buf *b, const struct node *n)
{
	char upper[64];

	if (n == NULL || word_is(n, "*") || n->text.len >= sizeof(upper))
		return;
	for (size_t i = 0; i < n->text.len; i++)
		upper[i] = n->text.p[i] >= 'a' && n->text.p[i] <= 'z' ?
		    (char)(n->text.p[i] & ~0x20) : n->text.p[i];
	put_words(b, "methods", &(struct str){ upper, n->text.len }, 1,
	    false);
}

static void
put_match(struct convert *v, const struct end *e, const struct node *rule,
    bool deny)
{
	struct end one = *e;
	struct buf *b;
	const struct node *path = find(rule, "path");

	one.at = rule;
	if (deny && str_index(e->host->text, '*') < e->host->text.len) {
		refuse(v, rule, "a deny for one more label alone: there it "
		    "holds at any depth, and for the name itself");
		return;
	}
	b = begin(v, deny ? &v->out->deny : &v->out->allow, &one);
	put_common(b, e);
	put_methods(b, find(rule, "method"));
	(void)put_path(v, b, path != NULL ? path : e->path, deny);
	put_rest(b, e, deny);
}

static void
put_access(struct convert *v, const struct end *e, const struct node *access)
{
	static const struct str all[] = { { "GET", 3 }, { "HEAD", 4 },
		{ "OPTIONS", 7 }, { "POST", 4 }, { "PUT", 3 },
		{ "PATCH", 5 } };
	struct buf *b = begin(v, &v->out->allow, e);

	put_common(b, e);
	if (access != NULL && !word_is(access, "full"))
		put_words(b, "methods", all, word_is(access, "read-only") ?
		    3 : 6, false);
	(void)put_path(v, b, e->path, false);
	put_rest(b, e, false);
}

static bool
end_can_be_said(struct convert *v, const struct end *e)
{
	struct str rest;

	if (e->host == NULL) {
		refuse(v, e->at, "an endpoint without a host: name the hosts, "
		    "or the addresses as hosts");
		return false;
	}
	rest = e->host->text;
	if (str_has_prefix(rest, STR("**.")))
		rest = str_from(rest, 3);
	else if (str_has_prefix(rest, STR("*.")))
		rest = str_from(rest, 2);
	if (str_index(rest, '*') < rest.len) {
		refuse(v, e->host, "stars within a label, or after the "
		    "first");
		return false;
	}
	if (e->protocol != NULL && e->protocol->text.len > 0 &&
	    !word_is(e->protocol, "rest") && !word_is(e->protocol, "tcp")) {
		refuse(v, e->protocol, "a protocol whose bodies or messages "
		    "are judged; write graphql, json_rpc or mcp of the "
		    "native network section");
		return false;
	}
	if (word_is(find(e->at, "enforcement"), "audit")) {
		refuse(v, find(e->at, "enforcement"), "audit of one endpoint: "
		    "policy_mode is of the whole policy");
		return false;
	}
	return true;
}

static void
put_end(struct convert *v, const struct rule *r, const struct node *n)
{
	const struct node *rules = find(n, "rules");
	const struct node *denies = find(n, "deny_rules");
	struct end e = { .rule = r, .at = n, .host = find(n, "host"),
		.ports = find(n, "ports"), .protocol = find(n, "protocol"),
		.tls = find(n, "tls"), .ips = find(n, "allowed_ips"),
		.path = find(n, "path") };

	if (e.ports == NULL)
		e.ports = find(n, "port");
	if (!end_can_be_said(v, &e))
		return;
	if (rules == NULL)
		put_access(v, &e, find(n, "access"));
	else
		put_comments(&v->out->allow.text, v->doc, n->line, "    ");
	for (uint32_t i = 0; rules != NULL && i < rules->n; i++)
		put_match(v, &e, find(rules->items[i], "allow"), false);
	for (uint32_t i = 0; denies != NULL && i < denies->n; i++)
		put_match(v, &e, denies->items[i], true);
}

static void
put_rule(struct convert *v, const struct node *key, const struct node *n)
{
	const struct node *ends = find(n, "endpoints");
	struct rule r = { .key = key, .binaries = find(n, "binaries") };

	put_comments(&v->out->allow.text, v->doc, key->line, "    ");
	PUT(buf_printf(&v->out->allow.text, "    # %.*s\n",
	    (int)key->text.len, key->text.p));
	if (r.binaries == NULL || r.binaries->n == 0) {
		PUT(buf_addz(&v->out->allow.text, "    # (it named no "
		    "programs, so it granted nothing)\n"));
		return;
	}
	for (uint32_t i = 0; ends != NULL && i < ends->n; i++)
		put_end(v, &r, ends->items[i]);
}

/* ---- files */

static void
put_trees(struct convert *v, const struct node *list, const char *words)
{
	struct convert_list *out = &v->out->files;

	for (uint32_t i = 0; list != NULL && i < list->n; i++) {
		const struct node *n = list->items[i];
		struct buf b;
		struct str s;

		buf_init(&b, PATH_BYTES_MAX + 8);
		for (size_t k = 0; k < n->text.len; k++)
			if (n->text.p[k] != '/' || b.len == 0 ||
			    buf_str(&b).p[b.len - 1] != '/')
				PUT(buf_add(&b, &n->text.p[k], 1));
		s = buf_str(&b);
		while (s.len > 0 && s.p[s.len - 1] == '/')
			s.len--;
		out->lines = mem_grow(out->lines, out->n + 1,
		    sizeof(*out->lines));
		out->lines[out->n++] = n->line;
		put_comments(&out->text, v->doc, n->line, "    ");
		PUT(buf_printf(&out->text, "    - path: \"%.*s/**\"\n"
		    "      permissions: [%s]\n", (int)s.len, s.p, words));
		buf_fini(&b);
	}
}

/* ---- the whole */

/* What this product does not enforce it has no native words for either. */
static int
check(const struct doc *doc, struct diags *d)
{
	const struct policy_file f = { doc->name, doc->text, doc->kind,
		false };
	struct diags said = { 0 };
	char *image = NULL;
	size_t len;
	int rc = policy_compile(&f, 1, POLICY_STAGE_ENFORCE, &image, &len,
	    &said);

	free(image);
	for (size_t i = 0; rc == -1 && i < said.n; i++)
		if (said.v[i].level == DIAG_ERROR)
			diag_add(d, DIAG_ERROR, doc, said.v[i].line,
			    said.v[i].column, said.v[i].width, "%s",
			    said.v[i].text);
	diags_fini(&said);
	return rc;
}

static bool
is_full(const struct buf *b)
{
	return b->len > TEXT_BYTES_MAX - TEXT_SLACK;
}

int
convert_doc(const struct doc *doc, struct converted *out, struct diags *d)
{
	const struct node *files = find(doc->root, "filesystem_policy");
	const struct node *net = find(doc->root, "network_policies");
	struct convert v = { .doc = doc, .out = out, .d = d };
	size_t before = d->errors;

	*out = (struct converted){ .has_files = files != NULL };
	buf_init(&out->allow.text, TEXT_BYTES_MAX);
	buf_init(&out->deny.text, TEXT_BYTES_MAX);
	buf_init(&out->files.text, TEXT_BYTES_MAX);
	buf_init(&out->head, TEXT_BYTES_MAX);
	if (check(doc, d) == -1)
		return -1;
	put_head(&v);
	put_trees(&v, find(files, "read_only"), "read");
	put_trees(&v, find(files, "read_write"), "read, write");
	for (uint32_t i = 0; net != NULL && i < net->n; i++)
		put_rule(&v, net->items[2 * i], net->items[2 * i + 1]);
	arena_fini(&v.arena);
	if (is_full(&out->allow.text) || is_full(&out->deny.text) ||
	    is_full(&out->files.text) || is_full(&out->head))
		diag_add(d, DIAG_ERROR, doc, 0, 0, 0, "in the native "
		    "language it would be too long");
	return d->errors == before ? 0 : -1;
}

static void
put_list(struct buf *b, const char *key, const struct convert_list *l)
{
	struct str s = buf_str(&l->text);

	if (l->n == 0 && s.len == 0)
		return;
	PUT(buf_printf(b, "  %s:%s\n", key, l->n == 0 ? " []" : ""));
	PUT(buf_adds(b, s));
}

char *
converted_text(const struct converted *v)
{
	struct buf b;

	buf_init(&b, 5 * (size_t)TEXT_BYTES_MAX);
	PUT(buf_adds(&b, buf_str(&v->head)));
	PUT(buf_addz(&b, "version: \"1.0\"\n"));
	if (v->has_files) {
		PUT(buf_printf(&b, "file_access:%s\n", v->files.n == 0 ?
		    " {}" : ""));
		put_list(&b, "allow", &v->files);
	}
	if (v->allow.n > 0 || v->deny.n > 0 || v->allow.text.len > 0) {
		PUT(buf_addz(&b, "network:\n"));
		put_list(&b, "allow", &v->allow);
		put_list(&b, "deny", &v->deny);
	}
	return buf_take(&b, NULL);
}

void
converted_fini(struct converted *v)
{
	buf_fini(&v->allow.text);
	buf_fini(&v->deny.text);
	buf_fini(&v->files.text);
	buf_fini(&v->head);
	free(v->allow.lines);
	free(v->deny.lines);
	free(v->files.lines);
}
