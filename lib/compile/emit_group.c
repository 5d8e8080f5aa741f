/* emit_group.c -- a list of rules for the same hosts, by port. */
#include <stdlib.h>

#include "compile/emit_net.h"

static uint32_t
list_hash(struct net_list l)
{
	uint32_t h = l.n;

	for (uint32_t i = 0; i < l.n; i++)
		h = ((h << 5 | h >> 27) ^ l.v[i]) * UINT32_C(0x9e3779b1);
	return h ^ h >> 15;
}

static bool
list_same(struct net_list a, struct net_list b)
{
	return a.n == b.n && memcmp(a.v, b.v, a.n * sizeof(*a.v)) == 0;
}

static uint32_t
memo_slot(const struct net_memo *m, struct net_list l)
{
	uint32_t i = list_hash(l) & (m->cap - 1);

	while (m->lists[i].n > 0 && !list_same(m->lists[i], l))
		i = (i + 1) & (m->cap - 1);	/* half of it is empty */
	return i;
}

static void
memo_grow(struct net *w, struct net_memo *m)
{
	struct net_memo old = *m;

	if (2 * m->n < m->cap)
		return;
	m->cap = old.cap == 0 ? 64 : 2 * old.cap;
	m->lists = take_mem(w->e->c, m->cap, sizeof(*m->lists));
	m->values = take_mem(w->e->c, m->cap, sizeof(*m->values));
	for (uint32_t i = 0; i < old.cap; i++)
		if (old.lists[i].n > 0) {
			uint32_t at = memo_slot(m, old.lists[i]);

			m->lists[at] = old.lists[i];
			m->values[at] = old.values[i];
		}
}

uint32_t *
net_memo(struct net *w, struct net_memo *m, struct net_list l)
{
	uint32_t at;

	memo_grow(w, m);
	at = memo_slot(m, l);
	if (m->lists[at].n == 0) {
		uint32_t *copy = take_mem(w->e->c, l.n, sizeof(*copy));

		memcpy(copy, l.v, l.n * sizeof(*copy));
		m->lists[at] = (struct net_list){ copy, l.n };
		m->n++;
	}
	return &m->values[at];
}

bool
net_work(struct net *w, uint64_t n, uint32_t rule)
{
	if (w->failed)
		return false;
	if (n <= w->work) {
		w->work -= n;
		return true;
	}
	node_error(w->e->c, w->pol[rule]->at, "the policy is too large: with "
	    "this rule too many hosts, ports and paths would have to be told "
	    "apart");
	w->failed = true;
	return false;
}

/* ---- ports */

static bool
rule_has_port(const struct net *w, uint32_t rule, uint32_t port)
{
	const struct pol_rule *r = w->pol[rule];

	for (uint32_t i = 0; i < r->nports; i++)
		if (port >= r->ports[i].lo && port <= r->ports[i].hi)
			return true;
	return r->nports == 0;
}

static int
by_value(const void *x, const void *y)
{
	const uint32_t *a = x, *b = y;

	return *a < *b ? -1 : *a > *b;
}

/* Ports where some rule begins or ends, rising, each once; 0 is first. */
static uint32_t *
edges(struct net *w, struct net_list l, uint32_t *count)
{
	size_t most = 1;
	uint32_t *v, n = 0, k = 0;

	for (uint32_t i = 0; i < l.n; i++)
		most += 2 * (size_t)w->pol[l.v[i]]->nports;
	v = take_mem(w->e->c, most, sizeof(*v));
	v[n++] = 0;
	for (uint32_t i = 0; i < l.n; i++) {
		const struct pol_rule *r = w->pol[l.v[i]];

		/* Rules like the one before have the same edges. */
		if (i > 0 && memcmp(&w->rules[l.v[i]].ports,
			&w->rules[l.v[i - 1]].ports,
			sizeof(struct f_span)) == 0)
			continue;
		for (uint32_t j = 0; j < r->nports; j++) {
			v[n++] = r->ports[j].lo;
			if (r->ports[j].hi < UINT16_MAX)
				v[n++] = r->ports[j].hi + 1;
		}
	}
	qsort(v, n, sizeof(*v), by_value);
	for (uint32_t i = 0; i < n; i++)
		if (i == 0 || v[i] != v[k - 1])
			v[k++] = v[i];
	*count = k;
	return v;
}

/* The cell of the rules that speak of the port. */
static uint32_t
cell_at(struct net *w, struct net_list l, uint32_t port, uint32_t *scratch)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < l.n; i++) {
		if (!net_work(w, 1 + w->pol[l.v[i]]->nports, l.v[i]))
			return 0;
		if (rule_has_port(w, l.v[i], port))
			scratch[n++] = l.v[i];
	}
	return net_cell(w, (struct net_list){ scratch, n });
}

static uint32_t
first_allow(const struct net *w, struct net_list l)
{
	for (uint32_t i = 0; i < l.n; i++)
		if ((w->rules[l.v[i]].flags & (RULE_DENY | RULE_SOFT)) == 0)
			return l.v[i] + 1;
	return 0;
}

uint32_t
net_group(struct net *w, struct net_list l)
{
	struct f_group g;
	struct f_cut *cuts;
	uint32_t *value, *edge, *scratch, nedges, n = 0;

	if (l.n == 0 || w->failed)
		return 0;
	value = net_memo(w, &w->groups, l);
	if (*value != 0)
		return *value;
	edge = edges(w, l, &nedges);
	cuts = take_mem(w->e->c, nedges, sizeof(*cuts));
	scratch = take_mem(w->e->c, l.n, sizeof(*scratch));
	for (uint32_t i = 0; i < nedges; i++) {
		uint32_t cell = cell_at(w, l, edge[i], scratch);

		if (n == 0 || cuts[n - 1].cell != cell)
			cuts[n++] = (struct f_cut){ edge[i], cell };
	}
	g.cuts = emit_span(w->e, FORM_cuts, cuts, n, sizeof(*cuts));
	g.allow = first_allow(w, l);
	*value = emit_count(w->e, FORM_groups, sizeof(g)) + 1;
	emit_put(w->e, FORM_groups, &g, sizeof(g));
	return *value;
}
