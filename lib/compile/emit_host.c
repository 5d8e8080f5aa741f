/* emit_host.c -- from hosts to groups of rules: names, patterns of names,
 * addresses. */
#include <stdlib.h>

#include "automaton/automaton.h"
#include "compile/emit_net.h"

enum { KIN_LABELS_MAX = 6 };	/* of a name that others are kin to */

struct named { /* a name, and a rule that stands under it or is kin to it */
	struct str name;
	uint32_t rule;
	bool kin;
};

static int
by_text(struct str x, struct str y)
{
	size_t n = x.len < y.len ? x.len : y.len;
	int c = n == 0 ? 0 : memcmp(x.p, y.p, n);

	return c != 0 ? c : x.len < y.len ? -1 : x.len > y.len;
}

static int
by_name(const void *a, const void *b)
{
	const struct named *x = a, *y = b;
	int c = by_text(x->name, y->name);

	if (c != 0)
		return c;
	if (x->kin != y->kin)
		return x->kin ? 1 : -1;
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
put_slots(struct net *w, const struct f_host *hosts, uint32_t n)
{
	uint32_t slots = form_slots(n);
	uint32_t *table = take_mem(w->e->c, slots, sizeof(*table));

	for (uint32_t i = 0; i < n; i++) {
		uint32_t at = form_slot(hosts[i].hash, slots);

		while (table[at] != 0)
			at = (at + 1) & (slots - 1);
		table[at] = i + 1;
	}
	emit_put(w->e, FORM_slots, table, slots * sizeof(*table));
}

/* The rules among v that speak of a name with so many labels more than the
 * one that they stand under (2: or more still). */
static uint32_t
group_of(struct net *w, const struct named *v, uint32_t n, unsigned further)
{
	uint32_t *list = take_mem(w->e->c, (size_t)n + 1, sizeof(*list));
	uint32_t k = 0;

	for (uint32_t i = 0; i < n; i++) {
		uint32_t klass = w->rules[v[i].rule].klass;

		if (!v[i].kin && (klass == HOST_DEEP ||
		    (klass == HOST_EXACT && further == 0) ||
		    (klass == HOST_ONE && further == 1) ||
		    (klass == HOST_MORE && further >= 1)))
			list[k++] = v[i].rule;
	}
	return net_group(w, (struct net_list){ list, k });
}

static uint32_t
first_kin(const struct named *v, uint32_t n)
{
	uint32_t best = 0;

	for (uint32_t i = 0; i < n; i++)
		if (v[i].kin && (best == 0 || v[i].rule + 1 < best))
			best = v[i].rule + 1;
	return best;
}

/* v is of one name. */
static struct f_host
host_form(struct net *w, const struct named *v, uint32_t n)
{
	return (struct f_host){
		.name = emit_text(w->e, v[0].name),
		.hash = name_hash(v[0].name),
		.self = group_of(w, v, n, 0),
		.one = group_of(w, v, n, 1),
		.deep = group_of(w, v, n, 2),
		.kin = first_kin(v, n),
	};
}

/* The rule's name, and what is above it down to two labels, as kin. */
static uint32_t
put_kin(struct named *v, struct str name, uint32_t rule)
{
	uint32_t labels = 1, n = 0;

	for (size_t i = name.len; i > 0 && labels <= KIN_LABELS_MAX; i--) {
		if (i > 1 && name.p[i - 2] != '.')
			continue;
		if (labels++ > 1)
			v[n++] = (struct named){ str_from(name, i - 1), rule,
				true };
	}
	return n;
}

static uint32_t
names_list(struct net *w, struct named *v)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < w->n; i++) {
		if (w->rules[i].klass >= HOST_GLOB)
			continue;
		v[n++] = (struct named){ w->pol[i]->host.name, i, false };
		if ((w->rules[i].flags & (RULE_DENY | RULE_SOFT)) == 0)
			n += put_kin(v + n, w->pol[i]->host.name, i);
	}
	return n;
}

void
net_hosts(struct net *w)
{
	size_t most = (size_t)w->n * (KIN_LABELS_MAX + 1) + 1;
	struct named *v = take_mem(w->e->c, most, sizeof(*v));
	uint32_t n = names_list(w, v), nhosts = 0, end;
	struct f_host *hosts = take_mem(w->e->c, (size_t)n + 1,
	    sizeof(*hosts));

	qsort(v, n, sizeof(*v), by_name);
	for (uint32_t i = 0; i < n; i = end) {
		for (end = i + 1; end < n && str_eq(v[i].name, v[end].name);)
			end++;
		hosts[nhosts++] = host_form(w, v + i, end - i);
	}
	emit_put(w->e, FORM_hosts, hosts, nhosts * sizeof(*hosts));
	put_slots(w, hosts, nhosts);
}

/* ---- patterns of names */

/* Rules by pattern; the groups of those with the same one. */
static uint32_t
globs_list(struct net *w, struct named *v)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < w->n; i++)
		if (w->rules[i].klass == HOST_GLOB)
			v[n++] = (struct named){ w->pol[i]->host.name, i,
				false };
	qsort(v, n, sizeof(*v), by_name);
	return n;
}

static void
put_globs(struct net *w, const struct dfa *d, const uint32_t *group)
{
	struct f_span *spans = take_mem(w->e->c, d->nsets, sizeof(*spans));

	for (uint32_t i = 1; i < d->nsets; i++) {
		uint32_t *v = take_mem(w->e->c, d->sets[i].n, sizeof(*v));

		for (uint32_t k = 0; k < d->sets[i].n; k++)
			v[k] = group[d->sets[i].v[k]];
		spans[i] = emit_span(w->e, FORM_members, v, d->sets[i].n,
		    sizeof(*v));
	}
	emit_put(w->e, FORM_globs, spans, d->nsets * sizeof(*spans));
}

static uint32_t
net_globs(struct net *w)
{
	struct named *v = take_mem(w->e->c, (size_t)w->n + 1, sizeof(*v));
	uint32_t *list = take_mem(w->e->c, (size_t)w->n + 1, sizeof(*list));
	uint32_t *group = take_mem(w->e->c, (size_t)w->n + 1, sizeof(*group));
	uint32_t n = globs_list(w, v), end, culprit;
	struct arena scratch = { 0 };
	struct nfa *nfa = nfa_new(&scratch);
	struct dfa d;
	int rc;

	/* A pattern's language is the place of its first rule. */
	for (uint32_t i = 0; i < n; i = end) {
		for (end = i; end < n && str_eq(v[i].name, v[end].name); end++)
			list[end - i] = v[end].rule;
		group[i] = net_group(w, (struct net_list){ list, end - i }) -
		    1;
		nfa_add(nfa, v[i].name, i);
	}
	rc = n == 0 || w->failed ? -1 : dfa_of(nfa, w->e->c->arena,
	    w->states < DFA_STATES_MAX ? w->states : DFA_STATES_MAX, &d,
	    &culprit);
	arena_fini(&scratch);
	if (rc == 0) {
		w->states -= d.made;
		put_globs(w, &d, group);
		return emit_walk(w->e, FORM_host_steps, &d);
	}
	if (n > 0 && !w->failed) {
		w->failed = true;
		node_error(w->e->c, w->pol[v[culprit].rule]->at, "host %.100s "
		    "cannot be compiled together with the other patterns of "
		    "hosts: it needs too many states",
		    w->pol[v[culprit].rule]->host.shown.p);
	}
	return 0;
}

/* ---- addresses */

struct block { /* a prefix, and a rule for it */
	struct prefix net;
	uint32_t rule;
};

/* Larger blocks before what is in them. */
static int
by_block(const void *x, const void *y)
{
	const struct block *a = x, *b = y;
	int c = memcmp(a->net.addr, b->net.addr, sizeof(a->net.addr));

	if (c != 0)
		return c;
	if (a->net.bits != b->net.bits)
		return a->net.bits < b->net.bits ? -1 : 1;
	return a->rule < b->rule ? -1 : a->rule > b->rule;
}

static bool
same_block(const struct block *a, const struct block *b)
{
	return a->net.bits == b->net.bits && memcmp(a->net.addr, b->net.addr,
	    sizeof(a->net.addr)) == 0;
}

/* A rule for every host allows addresses only where its allowed_ips do. */
static struct block *
blocks_list(struct net *w, uint32_t *count)
{
	size_t most = 1;
	struct block *v;
	uint32_t n = 0;

	for (uint32_t i = 0; i < w->n; i++)
		most += 1 + (size_t)w->pol[i]->nnets;
	v = take_mem(w->e->c, most, sizeof(*v));
	for (uint32_t i = 0; i < w->n; i++) {
		const struct pol_rule *r = w->pol[i];

		if (r->host.klass == HOST_ADDR)
			v[n++] = (struct block){ r->host.net, i };
		for (uint32_t k = 0; r->host.klass == HOST_ANY &&
		    (r->flags & RULE_DENY) == 0 && k < r->nnets; k++)
			v[n++] = (struct block){ r->nets[k], i };
	}
	qsort(v, n, sizeof(*v), by_block);
	*count = n;
	return v;
}

/* The first address behind the block; false: there is none. */
static bool
block_end(const struct prefix *p, unsigned char out[16])
{
	uint32_t at = p->bits;

	if (at == 0)
		return false;
	memcpy(out, p->addr, 16);
	for (at--;; at--) {
		unsigned char bit = (unsigned char)(0x80 >> at % 8);

		out[at / 8] ^= bit;
		if ((out[at / 8] & bit) != 0)
			return true;
		if (at == 0)
			return false;
	}
}

struct ranges { /* made from left to right */
	struct net *w;
	struct f_range *v;
	uint32_t n;
	struct prefix open[130];	/* blocks that we are in, by size */
	uint32_t index[130];		/* theirs, + 1 */
	uint32_t depth;
};

static void
range_from(struct ranges *r, const unsigned char lo[16], uint32_t block)
{
	if (r->n > 0 && memcmp(r->v[r->n - 1].lo, lo, 16) == 0)
		r->n--;
	memcpy(r->v[r->n].lo, lo, 16);
	r->v[r->n++].block = block;
}

/* Leaves blocks until one holds p. */
static void
ranges_close(struct ranges *r, const struct prefix *p)
{
	unsigned char end[16];

	while (r->depth > 0 && (p == NULL ||
	    !prefix_within(p, &r->open[r->depth - 1]))) {
		r->depth--;
		if (block_end(&r->open[r->depth], end))
			range_from(r, end, r->depth == 0 ? 0 :
			    r->index[r->depth - 1]);
	}
}

static void
ranges_open(struct ranges *r, const struct prefix *p, struct net_list l)
{
	struct f_block b = { net_group(r->w, l), 0 };
	uint32_t index = emit_count(r->w->e, FORM_blocks, sizeof(b)) + 1;

	ranges_close(r, p);
	b.around = r->depth == 0 ? 0 : r->index[r->depth - 1];
	emit_put(r->w->e, FORM_blocks, &b, sizeof(b));
	range_from(r, p->addr, index);
	r->open[r->depth] = *p;
	r->index[r->depth++] = index;
}

static void
net_blocks(struct net *w)
{
	static const unsigned char zero[16];
	struct ranges r = { .w = w };
	uint32_t n, end, *list;
	struct block *v = blocks_list(w, &n);

	list = take_mem(w->e->c, (size_t)n + 1, sizeof(*list));
	r.v = take_mem(w->e->c, 2 * (size_t)n + 1, sizeof(*r.v));
	range_from(&r, zero, 0);
	for (uint32_t i = 0; i < n; i = end) {
		uint32_t k = 0;

		for (end = i; end < n && same_block(&v[i], &v[end]); end++)
			if (k == 0 || list[k - 1] != v[end].rule)
				list[k++] = v[end].rule;
		ranges_open(&r, &v[i].net, (struct net_list){ list, k });
	}
	ranges_close(&r, NULL);
	if (n > 0)
		emit_put(w->e, FORM_ranges, r.v, r.n * sizeof(*r.v));
}

/* ---- every host */

static uint32_t
net_any(struct net *w, bool denies_alone)
{
	uint32_t *list = take_mem(w->e->c, (size_t)w->n + 1, sizeof(*list));
	uint32_t k = 0;

	for (uint32_t i = 0; i < w->n; i++)
		if (w->rules[i].klass == HOST_ANY && (!denies_alone ||
		    (w->rules[i].flags & RULE_DENY) != 0))
			list[k++] = i;
	return net_group(w, (struct net_list){ list, k });
}

void
net_loose(struct net *w)
{
	struct f_net net = { 0 };

	net.any_name = net_any(w, false);
	net.any_addr = net_any(w, true);
	net.globs = net_globs(w);
	net_blocks(w);
	emit_put(w->e, FORM_net, &net, sizeof(net));
}
