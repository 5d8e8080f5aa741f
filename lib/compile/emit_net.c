/* emit_net.c -- the network's rules in an image. */
#include <stdlib.h>

#include "compile/emit.h"
#include "policy/match.h"

struct named { /* a rule that stands under a name */
	struct str name;
	uint32_t rule;
};

static struct f_span
put_words(struct emit *e, const struct strs *v)
{
	struct f_text *t = take_mem(e->c, (size_t)v->n + 1, sizeof(*t));

	for (uint32_t i = 0; i < v->n; i++)
		t[i] = emit_text(e, v->v[i]);
	return emit_span(e, FORM_words, t, v->n, sizeof(*t));
}

static struct f_pat
put_pat(struct emit *e, struct str s)
{
	return (struct f_pat){ emit_text(e, s), (uint32_t)match_literal(s) };
}

static struct f_span
put_pats(struct emit *e, const struct strs *v)
{
	struct f_pat *p = take_mem(e->c, (size_t)v->n + 1, sizeof(*p));

	for (uint32_t i = 0; i < v->n; i++)
		p[i] = put_pat(e, v->v[i]);
	return emit_span(e, FORM_pats, p, v->n, sizeof(*p));
}

static struct f_span
put_exes(struct emit *e, const struct pol_rule *r)
{
	struct f_exe *x = take_mem(e->c, (size_t)r->nexes + 1, sizeof(*x));

	for (uint32_t i = 0; i < r->nexes; i++)
		x[i] = (struct f_exe){ r->exes[i].klass,
			emit_text(e, r->exes[i].text) };
	return emit_span(e, FORM_exes, x, r->nexes, sizeof(*x));
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
	t = emit_text(e, buf_str(&b));
	buf_fini(&b);
	return t;
}

/* ---- rules */

static uint32_t
put_host(struct emit *e, const struct pol_host *h)
{
	if (h->klass == HOST_GLOB) {
		struct f_pat p = put_pat(e, h->name);
		uint32_t at = emit_count(e, FORM_pats, sizeof(p));

		emit_put(e, FORM_pats, &p, sizeof(p));
		return at;
	}
	if (h->klass == HOST_ADDR) {
		uint32_t at = emit_count(e, FORM_nets, sizeof(h->net));

		emit_put(e, FORM_nets, &h->net, sizeof(h->net));
		return at;
	}
	return 0;	/* under a name: put_names() says which */
}

static struct f_text
put_section(struct emit *e, struct str name)
{
	if (e->section != name.p) {
		e->section = name.p;
		e->last_section = emit_text(e, name);
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
		.ports = emit_span(e, FORM_ports, r->ports, r->nports,
		    sizeof(*r->ports)),
		.exes = put_exes(e, r),
		.nets = emit_span(e, FORM_nets, r->nets, r->nnets,
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
	emit_put(e, FORM_slots, table, slots * sizeof(*table));
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
				emit_text(e, v[i].name), name_hash(v[i].name),
				{ i, 0 } };
		hosts[nhosts - 1].refs.n++;
		rules[v[i].rule].host = nhosts - 1;
		emit_put(e, FORM_refs, &v[i].rule, sizeof(v[i].rule));
	}
	emit_put(e, FORM_hosts, hosts, nhosts * sizeof(*hosts));
	put_slots(e, hosts, nhosts);
}

void
emit_net(struct emit *e)
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
			emit_put(e, FORM_loose, &at, sizeof(at));
	}
	put_names(e, names, named, rules);
	emit_put(e, FORM_rules, rules, n * sizeof(*rules));
}

