/* emit_cell.c -- rules for the same hosts and ports, by path.
 *
 * All their paths are one automaton; where a path leads says which rules
 * match it. What a rule says of a request beside host, port and path is its
 * effect: of rules with one effect only the first to name a method counts,
 * so that a leaf is short however many rules there are. */
#include "automaton/automaton.h"
#include "compile/emit_net.h"
#include "policy/match.h"

static bool
span_same(struct f_span a, struct f_span b)
{
	return a.n == b.n && (a.n == 0 || a.first == b.first);
}

static bool
is_narrow(const struct f_rule *r)
{
	return r->methods != 0 || r->words.n > 0 || r->paths.n > 0 ||
	    r->needs.n > 0;
}

/* Would either say the same of any request that both match? Lists that are
 * the same are there once, so their places tell. */
static bool
same_effect(const struct f_rule *a, const struct f_rule *b)
{
	return a->flags == b->flags && a->wire == b->wire &&
	    is_narrow(a) == is_narrow(b) &&
	    (a->ports.n > 0) == (b->ports.n > 0) &&
	    span_same(a->exes, b->exes) && span_same(a->nets, b->nets) &&
	    span_same(a->needs, b->needs) &&
	    a->when == b->when && a->rate == b->rate;
}

static bool
is_covered(const struct net *w, const struct f_rule *r, const uint32_t *kept,
    uint32_t n)
{
	bool words = r->words.n == 0;
	uint32_t methods = 0;

	for (uint32_t i = 0; i < n; i++) {
		const struct f_rule *k = &w->rules[kept[i]];

		if (!same_effect(k, r))
			continue;
		if (k->methods == 0 && k->words.n == 0)
			return true;
		methods |= k->methods;
		words |= span_same(k->words, r->words);
	}
	return (r->methods != 0 || r->words.n > 0) && words &&
	    (r->methods & ~methods) == 0;
}

/* The rules that can add something to those before them. */
static struct f_span
put_reduced(struct net *w, struct net_list l)
{
	uint32_t *kept = take_mem(w->e->c, (size_t)l.n + 1, sizeof(*kept));
	uint32_t n = 0;

	for (uint32_t i = 0; i < l.n; i++) {
		if (!net_work(w, (uint64_t)n + 1, l.v[i]))
			break;
		if (!is_covered(w, &w->rules[l.v[i]], kept, n))
			kept[n++] = l.v[i];
	}
	return emit_span(w->e, FORM_refs, kept, n, sizeof(*kept));
}

static struct net_list
open_list(struct net *w, struct net_list l)
{
	uint32_t *v = take_mem(w->e->c, (size_t)l.n + 1, sizeof(*v)), n = 0;

	for (uint32_t i = 0; i < l.n; i++)
		if (w->pol[l.v[i]]->paths.n == 0)
			v[n++] = l.v[i];
	return (struct net_list){ v, n };
}

static void
say_explosion(struct net *w, uint32_t rule)
{
	const struct pol_rule *r = w->pol[rule];

	w->failed = true;
	node_error(w->e->c, r->at, "path %.80s cannot be compiled together "
	    "with the other paths for %.100s: it needs too many states. Put "
	    "fewer stars into the middle of paths",
	    r->shown_paths.n > 0 ? r->shown_paths.v[0].p : "*",
	    r->host.shown.p);
}

/* Does it begin with two stars, a slash before them or not? */
static unsigned
kind_of(struct str p)
{
	size_t at = p.len > 0 && p.p[0] == '/';

	return p.len > at + 1 && (p.p[at] == OP_SPAN || p.p[at] == OP_DIRS);
}

/* Rules of one effect and for the same methods: which of them matches is of
 * no consequence. Rules are alike the first such before them. */
static uint32_t *
effects(struct net *w, struct net_list l)
{
	uint32_t *v = take_mem(w->e->c, (size_t)l.n + 1, sizeof(*v));
	uint32_t *first = take_mem(w->e->c, (size_t)l.n + 1, sizeof(*first));
	uint32_t n = 0;

	for (uint32_t i = 0; i < l.n; i++) {
		const struct f_rule *r = &w->rules[l.v[i]];
		uint32_t k = 0;

		while (k < n) {
			const struct f_rule *o = &w->rules[first[k]];

			if (o->methods == r->methods &&
			    span_same(o->words, r->words) && same_effect(o, r))
				break;
			k++;
		}
		if (k == n)
			first[n++] = l.v[i];
		v[i] = k + 1;
		if (!net_work(w, (uint64_t)k + 1, l.v[i]))
			break;
	}
	return v;
}

/* One automaton of all paths of a kind; a rule's language is its place in the
 * list. */
static bool
paths_automaton(struct net *w, struct net_list l, unsigned kind,
    struct dfa *d)
{
	struct arena scratch = { 0 };
	struct nfa *n = nfa_new(&scratch);
	uint32_t limit = w->states < DFA_STATES_MAX ? w->states :
	    DFA_STATES_MAX, culprit;
	int rc;

	nfa_alike(n, effects(w, l), l.n);
	for (uint32_t i = 0; i < l.n; i++) {
		const struct strs *paths = &w->pol[l.v[i]]->paths;

		for (uint32_t k = 0; k < paths->n; k++)
			if (kind_of(paths->v[k]) == kind)
				nfa_add(n, paths->v[k], i);
	}
	rc = dfa_of(n, w->e->c->arena, limit, d, &culprit);
	arena_fini(&scratch);
	if (rc == 0)
		w->states -= d->made;
	else if (limit < DFA_STATES_MAX)
		(void)net_work(w, UINT64_MAX, l.v[culprit]);
	else
		say_explosion(w, l.v[culprit]);
	return rc == 0;
}

/* What each label says, in rules. */
static struct f_span
put_leaves(struct net *w, struct net_list l, const struct dfa *d)
{
	struct f_span *leaves = take_mem(w->e->c, d->nsets, sizeof(*leaves));
	uint32_t *v = take_mem(w->e->c, (size_t)l.n + 1, sizeof(*v));

	for (uint32_t i = 1; i < d->nsets; i++) {
		for (uint32_t k = 0; k < d->sets[i].n; k++)
			v[k] = l.v[d->sets[i].v[k]];
		leaves[i] = put_reduced(w,
		    (struct net_list){ v, d->sets[i].n });
	}
	return emit_span(w->e, FORM_leaves, leaves, d->nsets,
	    sizeof(*leaves));
}

static struct f_paths
put_paths(struct net *w, struct net_list l, unsigned kind)
{
	struct f_paths p = { 0, { 0, 0 } };
	struct dfa d;

	if (l.n > 0 && !w->failed && paths_automaton(w, l, kind, &d)) {
		p.start = emit_walk(w->e, FORM_steps, &d);
		p.leaves = put_leaves(w, l, &d);
	}
	return p;
}

/* Rules of the list with a path of the kind. */
static struct net_list
kind_list(struct net *w, struct net_list l, unsigned kind)
{
	uint32_t *v = take_mem(w->e->c, (size_t)l.n + 1, sizeof(*v)), n = 0;

	for (uint32_t i = 0; i < l.n; i++) {
		const struct strs *paths = &w->pol[l.v[i]]->paths;
		uint32_t k = 0;

		while (k < paths->n && kind_of(paths->v[k]) != kind)
			k++;
		if (k < paths->n)
			v[n++] = l.v[i];
	}
	return (struct net_list){ v, n };
}

uint32_t
net_cell(struct net *w, struct net_list l)
{
	struct f_cell cell = { 0 };
	uint32_t *value;

	if (l.n == 0 || w->failed)
		return 0;
	value = net_memo(w, &w->cells, l);
	if (*value != 0)
		return *value;
	for (unsigned i = 0; i < FORM_KINDS; i++)
		cell.paths[i] = put_paths(w, kind_list(w, l, i), i);
	cell.open = put_reduced(w, open_list(w, l));
	cell.all = put_reduced(w, l);
	*value = emit_count(w->e, FORM_cells, sizeof(cell)) + 1;
	emit_put(w->e, FORM_cells, &cell, sizeof(cell));
	return *value;
}
