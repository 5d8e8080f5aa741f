/* emit.c -- the checked policy as the bytes of an image.  The same documents
 * in the same order give the same bytes. */
#include <stddef.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/must.h"
#include "policy/check.h"
#include "policy/match.h"

struct emit {
	struct compile *c;
	struct buf s[FORM_COUNT];
	struct f_span last[FORM_COUNT];	/* the span written last, to reuse */
	struct f_text last_section;
	const char *section;
	bool full;
};

struct named { /* a rule that stands under a name */
	struct str name;
	uint32_t rule;
};

static void
put(struct emit *e, enum form_section s, const void *p, size_t len)
{
	if (!buf_add(&e->s[s], p, len))
		e->full = true;
}

static uint32_t
count(const struct emit *e, enum form_section s, size_t size)
{
	return (uint32_t)(e->s[s].len / size);
}

static struct f_text
put_text(struct emit *e, struct str s)
{
	struct f_text t = { count(e, FORM_bytes, 1), (uint32_t)s.len };

	put(e, FORM_bytes, s.p, s.len);
	return t;
}

/* A list of records; many rules have the same one after the other. */
static struct f_span
put_span(struct emit *e, enum form_section s, const void *v, uint32_t n,
    size_t size)
{
	struct f_span last = e->last[s], span = { count(e, s, size), n };

	if (n == 0)
		return (struct f_span){ 0, 0 };
	if (last.n == n && memcmp(buf_str(&e->s[s]).p + last.first * size, v,
		n * size) == 0)
		return last;
	put(e, s, v, n * size);
	e->last[s] = span;
	return span;
}

static struct f_span
put_words(struct emit *e, const struct strs *v)
{
	struct f_text *t = take_mem(e->c, (size_t)v->n + 1, sizeof(*t));

	for (uint32_t i = 0; i < v->n; i++)
		t[i] = put_text(e, v->v[i]);
	return put_span(e, FORM_words, t, v->n, sizeof(*t));
}

static struct f_pat
put_pat(struct emit *e, struct str s)
{
	return (struct f_pat){ put_text(e, s), (uint32_t)match_literal(s) };
}

static struct f_span
put_pats(struct emit *e, const struct strs *v)
{
	struct f_pat *p = take_mem(e->c, (size_t)v->n + 1, sizeof(*p));

	for (uint32_t i = 0; i < v->n; i++)
		p[i] = put_pat(e, v->v[i]);
	return put_span(e, FORM_pats, p, v->n, sizeof(*p));
}

static struct f_span
put_exes(struct emit *e, const struct pol_rule *r)
{
	struct f_exe *x = take_mem(e->c, (size_t)r->nexes + 1, sizeof(*x));

	for (uint32_t i = 0; i < r->nexes; i++)
		x[i] = (struct f_exe){ r->exes[i].klass,
			put_text(e, r->exes[i].text) };
	return put_span(e, FORM_exes, x, r->nexes, sizeof(*x));
}

/* ---- a rule's text for people: "GET,HEAD api.github.com:8443/zen" */

static void
show_methods(struct buf *b, const struct pol_rule *r)
{
	bool ok = true, first = true;

	for (uint32_t m = r->methods; m != 0; m &= m - 1, first = false)
		ok = ok && buf_printf(b, "%s%s", first ? "" : ",",
		    form_method_name(m));
	for (uint32_t i = 0; i < r->words.n; i++, first = false)
		ok = ok && buf_printf(b, "%s%s", first ? "" : ",",
		    r->words.v[i].p);
	if (ok && !first)
		ok = buf_addz(b, " ");
	(void)ok;	/* cut where it does not fit */
}

static void
show_ports(struct buf *b, const struct pol_rule *r)
{
	bool ok = true;

	if (r->nports == 1 && r->ports[0].lo == 443 && r->ports[0].hi == 443)
		return;
	for (uint32_t i = 0; i < r->nports && ok; i++) {
		ok = buf_printf(b, "%c%u", i == 0 ? ':' : ',',
		    r->ports[i].lo);
		if (ok && r->ports[i].hi != r->ports[i].lo)
			ok = buf_printf(b, "-%u", r->ports[i].hi);
	}
}

static struct f_text
put_shown(struct emit *e, const struct pol_rule *r)
{
	struct f_text t;
	struct buf b;
	bool ok;

	buf_init(&b, SHOWN_BYTES_MAX);
	show_methods(&b, r);
	ok = buf_adds(&b, r->host.shown);
	show_ports(&b, r);
	for (uint32_t i = 0; i < r->shown_paths.n && ok; i++)
		ok = buf_printf(&b, "%s%s", i == 0 ? "" : ",",
		    r->shown_paths.v[i].p);
	t = put_text(e, buf_str(&b));
	buf_fini(&b);
	return t;
}

/* ---- rules */

static uint32_t
put_host(struct emit *e, const struct pol_host *h)
{
	if (h->klass == HOST_GLOB) {
		struct f_pat p = put_pat(e, h->name);
		uint32_t at = count(e, FORM_pats, sizeof(p));

		put(e, FORM_pats, &p, sizeof(p));
		return at;
	}
	if (h->klass == HOST_ADDR) {
		uint32_t at = count(e, FORM_nets, sizeof(h->net));

		put(e, FORM_nets, &h->net, sizeof(h->net));
		return at;
	}
	return 0;	/* under a name: put_names() says which */
}

static struct f_text
put_section(struct emit *e, struct str name)
{
	if (e->section != name.p) {
		e->section = name.p;
		e->last_section = put_text(e, name);
	}
	return e->last_section;
}

static struct f_rule
rule_form(struct emit *e, const struct pol_rule *r)
{
	return (struct f_rule){
		.flags = r->flags,
		.wire = r->wire,
		.klass = r->host.klass,
		.host = put_host(e, &r->host),
		.ports = put_span(e, FORM_ports, r->ports, r->nports,
		    sizeof(*r->ports)),
		.exes = put_exes(e, r),
		.nets = put_span(e, FORM_nets, r->nets, r->nnets,
		    sizeof(*r->nets)),
		.paths = put_pats(e, &r->paths),
		.words = put_words(e, &r->words),
		.methods = r->methods,
		.file = r->at->doc->index,
		.line = r->at->line,
		.text = put_shown(e, r),
		.section = put_section(e, r->section),
	};
}

static int
by_name(const void *a, const void *b)
{
	const struct named *x = a, *y = b;
	size_t n = x->name.len < y->name.len ? x->name.len : y->name.len;
	int c = memcmp(x->name.p, y->name.p, n);

	if (c != 0)
		return c;
	if (x->name.len != y->name.len)
		return x->name.len < y->name.len ? -1 : 1;
	return x->rule < y->rule ? -1 : x->rule > y->rule;
}

static uint32_t
name_hash(struct str name)
{
	uint32_t h = FORM_HASH_START;

	for (size_t i = name.len; i > 0; i--)
		h = form_hash(h, name.p[i - 1]);
	return h;
}

static void
put_slots(struct emit *e, const struct f_host *hosts, uint32_t n)
{
	uint32_t slots = form_slots(n);
	uint32_t *table = take_mem(e->c, slots, sizeof(*table));

	for (uint32_t i = 0; i < n; i++) {
		uint32_t at = form_slot(hosts[i].hash, slots);

		while (table[at] != 0)
			at = (at + 1) & (slots - 1);
		table[at] = i + 1;
	}
	put(e, FORM_slots, table, slots * sizeof(*table));
}

/* Hosts, their rules, and the way to find them; rules learn their host. */
static void
put_names(struct emit *e, struct named *v, uint32_t n, struct f_rule *rules)
{
	struct f_host *hosts = take_mem(e->c, (size_t)n + 1, sizeof(*hosts));
	uint32_t nhosts = 0;

	qsort(v, n, sizeof(*v), by_name);
	for (uint32_t i = 0; i < n; i++) {
		if (i == 0 || !str_eq(v[i].name, v[i - 1].name))
			hosts[nhosts++] = (struct f_host){
				put_text(e, v[i].name), name_hash(v[i].name),
				{ i, 0 } };
		hosts[nhosts - 1].refs.n++;
		rules[v[i].rule].host = nhosts - 1;
		put(e, FORM_refs, &v[i].rule, sizeof(v[i].rule));
	}
	put(e, FORM_hosts, hosts, nhosts * sizeof(*hosts));
	put_slots(e, hosts, nhosts);
}

static void
put_rules(struct emit *e)
{
	uint32_t n = e->c->pol.nrules, at = 0, named = 0;
	struct f_rule *rules = take_mem(e->c, (size_t)n + 1, sizeof(*rules));
	struct named *names = take_mem(e->c, (size_t)n + 1, sizeof(*names));

	for (struct pol_rule *r = e->c->pol.rules; r != NULL;
	    r = r->next, at++) {
		rules[at] = rule_form(e, r);
		if (r->host.klass < HOST_GLOB)
			names[named++] = (struct named){ r->host.name, at };
		else
			put(e, FORM_loose, &at, sizeof(at));
	}
	put_names(e, names, named, rules);
	put(e, FORM_rules, rules, n * sizeof(*rules));
}

/* ---- files */

static int
by_path(const void *a, const void *b)
{
	const struct pol_file *const *x = a, *const *y = b;
	int c = strcmp((*x)->path.p, (*y)->path.p);

	if (c != 0)
		return c;
	if ((*x)->deny != (*y)->deny)
		return (*x)->deny ? 1 : -1;
	return (int)(*x)->tree - (int)(*y)->tree;
}

/* In order of path, so that the order of documents does not show; grants of
 * one path are one. */
static void
put_files(struct emit *e)
{
	struct pol_file **v = take_mem(e->c, (size_t)e->c->pol.nfiles + 1,
	    sizeof(*v));
	uint32_t n = 0;

	for (struct pol_file *f = e->c->pol.files; f != NULL; f = f->next)
		if (!f->spent && !f->glob)
			v[n++] = f;
	qsort(v, n, sizeof(*v), by_path);
	for (uint32_t i = 0; i < n; i++) {
		struct f_file f = { .access = v[i]->access };
		const struct pol_file *at = v[i];

		while (i + 1 < n && by_path(&v[i], &v[i + 1]) == 0)
			f.access |= v[++i]->access;
		f.path = put_text(e, at->path);
		f.flags = (at->tree ? (uint32_t)FORM_FILE_TREE : 0) |
		    (at->deny ? (uint32_t)FORM_FILE_DENY : 0);
		put(e, FORM_files, &f, sizeof(f));
	}
}

/* ---- the whole */

static struct f_head
head_form(const struct compile *c)
{
	const struct policy *p = &c->pol;
	struct f_head h = { .version = FORM_VERSION };

	memcpy(h.magic, FORM_MAGIC, sizeof(h.magic));
	h.mode = p->mode.value;
	h.system = p->file_section != NULL ? p->system.value :
	    (uint32_t)POLICY_SYSTEM_LAYERED;
	h.flags = p->net_default.value == 1 ? FORM_DEFAULT_ALLOW : 0;
	if (c->stage != POLICY_STAGE_ENFORCE)
		h.flags |= FORM_CHECK_ONLY;
	return h;
}

static const size_t record_bytes[FORM_COUNT] = {
#define SECTION(name, record) [FORM_##name] = sizeof(record),
	FORM_SECTIONS(SECTION)
#undef SECTION
};

static bool
put_padded(struct buf *out, struct str s)
{
	static const char zeros[FORM_ALIGN];
	size_t odd;

	if (!buf_adds(out, s))
		return false;
	odd = out->len % FORM_ALIGN;
	return odd == 0 || buf_add(out, zeros, FORM_ALIGN - odd);
}

static bool
join(struct emit *e, struct f_head *h, struct buf *out)
{
	bool ok = put_padded(out, str_of((const char *)h, sizeof(*h)));

	for (unsigned s = 0; s < FORM_COUNT && ok; s++) {
		h->sections[s].first = (uint32_t)out->len;
		h->sections[s].n = count(e, (enum form_section)s,
		    record_bytes[s]);
		ok = put_padded(out, buf_str(&e->s[s]));
	}
	return ok && !e->full;
}

static void
put_all(struct emit *e, const struct doc *docs, uint32_t ndocs)
{
	for (uint32_t i = 0; i < ndocs; i++) {
		struct f_text t = put_text(e, str_c(docs[i].name));

		put(e, FORM_texts, &t, sizeof(t));
	}
	put_rules(e);
	put_files(e);
}

int
emit(struct compile *c, const struct doc *docs, uint32_t ndocs, char **image,
    size_t *len)
{
	struct emit e = { .c = c };
	struct f_head h = head_form(c);
	struct buf out;
	bool ok;

	for (unsigned s = 0; s < FORM_COUNT; s++)
		buf_init(&e.s[s], IMAGE_BYTES_MAX);
	buf_init(&out, IMAGE_BYTES_MAX);
	put_all(&e, docs, ndocs);
	ok = join(&e, &h, &out);
	for (unsigned s = 0; s < FORM_COUNT; s++)
		buf_fini(&e.s[s]);
	if (!ok) {
		diag_add(c->diags, DIAG_ERROR, &docs[0], 0, 0, 0,
		    "the policy is too large: compiled it would pass %d bytes",
		    IMAGE_BYTES_MAX);
		buf_fini(&out);
		return -1;
	}
	h.size = (uint32_t)out.len;
	*image = buf_take(&out, len);
	memcpy(*image, &h, sizeof(h));
	sha256(str_from(str_of(*image, *len), FORM_HASHED), h.hash);
	memcpy(*image, &h, sizeof(h));
	return 0;
}
