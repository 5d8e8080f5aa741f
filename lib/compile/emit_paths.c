/* emit_paths.c -- the file rules in an image: as a table, and as the automata
 * that find the ones that speak of a path (policy/files.c). */
#include <stdlib.h>

#include "automaton/automaton.h"
#include "base/must.h"
#include "compile/emit.h"
#include "policy/match.h"

struct paths {
	struct emit *e;
	struct pol_file **rules;	/* sorted; its index + 1 is its id */
	bool *names;			/* it names a protected path */
	uint32_t n;
};

/* ---- the table */

static unsigned
rank_of(const struct pol_file *f)
{
	return 2 * (unsigned)f->origin + f->deny;
}

static int
by_place(const struct node *x, const struct node *y)
{
	int c;

	if (x == NULL || y == NULL)
		return (x != NULL) - (y != NULL);
	c = strcmp(x->doc->name, y->doc->name);
	if (c != 0)
		return c;
	if (x->line != y->line)
		return x->line < y->line ? -1 : 1;
	return x->column < y->column ? -1 : x->column > y->column;
}

/* The policy's before ours, allows before denies, by text and by place: not
 * by the order of documents. */
static int
by_rank(const void *a, const void *b)
{
	const struct pol_file *const *x = a, *const *y = b;
	int c = (int)rank_of(*x) - (int)rank_of(*y);

	if (c == 0)
		c = strcmp((*x)->text.p, (*y)->text.p);
	if (c == 0)
		c = by_place((*x)->at, (*y)->at);
	return c != 0 ? c : (int)(*x)->access - (int)(*y)->access;
}

static void
rules_take(struct paths *p)
{
	struct compile *c = p->e->c;
	struct pol_files ours = { .end = &ours.list };
	uint32_t n = 0;

	baseline_add(c, &ours);
	p->n = c->pol.files.n + ours.n;
	p->rules = take_mem(c, p->n, sizeof(struct pol_file *));
	p->names = take_mem(c, p->n, sizeof(*p->names));
	for (struct pol_file *f = c->pol.files.list; f != NULL; f = f->next)
		p->rules[n++] = f;
	for (struct pol_file *f = ours.list; f != NULL; f = f->next)
		p->rules[n++] = f;
	qsort(p->rules, n, sizeof(struct pol_file *), by_rank);
}

static void
rules_put(struct paths *p)
{
	for (uint32_t i = 0; i < p->n; i++) {
		const struct pol_file *f = p->rules[i];
		struct f_frule r = { .access = f->access };

		if (f->deny)
			r.flags |= FRULE_DENY;
		if (f->hide)
			r.flags |= FRULE_HIDE;
		if (f->tree)
			r.flags |= FRULE_TREE;
		if (f->origin == FILE_OF_SYSTEM)
			r.flags |= FRULE_SYSTEM;
		if (f->origin == FILE_PROTECTED)
			r.flags |= FRULE_PROTECTED;
		if (f->at != NULL) {
			r.file = f->at->doc->index;
			r.line = f->at->line;
		}
		r.text = emit_text(p->e, f->text);
		emit_put(p->e, FORM_frules, &r, sizeof(r));
	}
}

/* ---- what a set of rules says of a path that ends there */

static void
first(uint32_t *best, uint32_t id)
{
	if (*best == 0)	/* they rise */
		*best = id;
}

static void
says_access(struct f_says *s, const struct pol_file *f, uint32_t id,
    unsigned i)
{
	bool own = f->origin == FILE_OF_SYSTEM || baseline_is_own(f);

	if (f->deny) {
		first(&s->deny[i], id);
		return;
	}
	first(own ? &s->base[i] : &s->allow[i], id);
	if (f->tree)
		first(own ? &s->base_tree[i] : &s->tree[i], id);
}

static void
says_rule(const struct paths *p, struct f_says *s, uint32_t id)
{
	const struct pol_file *f = p->rules[id - 1];

	if (f->origin == FILE_PROTECTED) {
		first(&s->guard, id);
		if (f->tree)
			first(&s->guard_tree, id);
		return;
	}
	for (unsigned i = 0; i < 2; i++)
		if ((f->access >> i & 1) != 0)
			says_access(s, f, id, i);
	if (f->hide)
		s->kinds |= KIND_HIDE;
	if (!p->names[id - 1])
		return;
	first(&s->names, id);
	if (f->tree)
		first(&s->names_tree, id);
}

static uint32_t
pair_bits(const uint32_t rule[2], uint32_t kind)
{
	return (rule[0] != 0 ? kind : 0) | (rule[1] != 0 ? kind << 1 : 0);
}

/* What it says of itself, as bits. */
static uint32_t
own_kinds(const struct f_says *s)
{
	return pair_bits(s->allow, KIND_ALLOW) |
	    pair_bits(s->base, KIND_BASE) | pair_bits(s->deny, KIND_DENY) |
	    (s->guard != 0 ? (uint32_t)KIND_GUARD : 0) |
	    (s->names != 0 ? (uint32_t)KIND_NAMES : 0) |
	    (s->kinds & KIND_HIDE);
}

static struct f_says
says_of(const struct paths *p, struct id_set ids)
{
	struct f_says s = { 0 };

	for (uint32_t i = 0; i < ids.n; i++)
		says_rule(p, &s, ids.v[i]);
	s.kinds |= pair_bits(s.tree, KIND_ALLOW) |
	    pair_bits(s.base_tree, KIND_BASE) |
	    pair_bits(s.deny, KIND_DENY) |
	    (s.guard_tree != 0 ? (uint32_t)KIND_GUARD : 0) |
	    (s.names_tree != 0 ? (uint32_t)KIND_NAMES : 0);
	return s;
}

/* ---- one automaton */

struct walked { /* its states, with what is to be known of each */
	struct dfa d;
	const struct f_says *says;	/* of each set */
	uint32_t *own;			/* KIND_* of each set, itself */
	uint32_t *klass, *may;		/* of each state */
};

static bool
floats(const struct pol_file *f)
{
	return f->base.len > 1 && f->base.p[1] == OP_DIRS;
}

static void
say_explosion(struct paths *p, uint32_t culprit, bool floating)
{
	const struct node *at = NULL;

	for (uint32_t i = 0; i < p->n; i++)
		if (p->rules[i]->at != NULL && floats(p->rules[i]) ==
		    floating && (i < culprit || at == NULL))
			at = p->rules[i]->at;
	must(at != NULL);	/* ours alone are few */
	node_error(p->e->c, at, "the path %.80s takes more than %d states "
	    "together with those before it: name fewer paths, or put fewer * "
	    "and ? into one", at->text.p, DFA_STATES_MAX);
}

static bool
automaton_of(struct paths *p, bool floating, struct dfa *out)
{
	struct arena *a = p->e->c->arena;
	struct nfa *n = nfa_new(a);
	uint32_t culprit;

	for (uint32_t i = 0; i < p->n; i++)
		if (floats(p->rules[i]) == floating)
			nfa_add(n, p->rules[i]->base, i + 1);
	if (dfa_of(n, a, DFA_STATES_MAX, out, &culprit) == 0)
		return true;
	say_explosion(p, culprit, floating);
	return false;
}

static uint32_t
go(const struct dfa *d, uint32_t state, char c)
{
	return d->next[state * d->classes + d->class_of[(unsigned char)c]];
}

/* Is what ends in that state a protected name? */
static bool
guards(const struct paths *p, const struct dfa *d, uint32_t state)
{
	struct id_set ids = d->sets[d->label[state]];

	for (uint32_t i = 0; i < ids.n; i++)
		if (p->rules[ids.v[i] - 1]->origin == FILE_PROTECTED)
			return true;
	return false;
}

/* An allow to write that names a protected path, or one below it, exactly. */
static bool
names_guarded(const struct paths *p, const struct dfa *floating,
    const struct pol_file *f)
{
	uint32_t state = floating->start;
	bool found = false;

	if (f->origin != FILE_OF_POLICY || f->deny || f->glob ||
	    (f->access & FILE_WRITE) == 0)
		return false;
	for (size_t i = 0; i < f->path.len; i++) {
		if (f->path.p[i] == '/')
			found = found || guards(p, floating, state);
		state = go(floating, state, f->path.p[i]);
	}
	return found || guards(p, floating, state);
}

static void
says_take(struct paths *p, struct walked *w)
{
	struct compile *c = p->e->c;
	struct f_says *says = take_mem(c, w->d.nsets, sizeof(*says));

	w->own = take_mem(c, w->d.nsets, sizeof(*w->own));
	for (uint32_t i = 1; i < w->d.nsets; i++) {
		says[i] = says_of(p, w->d.sets[i]);
		w->own[i] = own_kinds(&says[i]);
	}
	w->says = says;
}

/* Which states no path can tell apart by kinds of rules. */
static void
classes_take(struct paths *p, struct walked *w)
{
	struct compile *c = p->e->c;
	uint32_t *label = take_mem(c, w->d.nsets, sizeof(*label));
	struct dfa kinds = w->d;

	for (uint32_t i = 0; i < w->d.nsets; i++)
		label[i] = w->own[i] | w->says[i].kinds << 9;
	w->klass = take_mem(c, w->d.states, sizeof(*w->klass));
	dfa_relabel(&kinds, c->arena, label);
	dfa_minimise(&kinds, c->arena, w->klass);
}

/* What is said on the way from a state on, its own not counted. Bits are only
 * ever added, so it ends. */
static bool
may_step(const struct walked *w, uint32_t state)
{
	uint32_t may = w->may[state];

	for (uint32_t k = 0; k < w->d.classes; k++) {
		uint32_t to = w->d.next[state * w->d.classes + k];

		may |= w->may[to] | w->own[w->d.label[to]];
	}
	if (may == w->may[state])
		return false;
	w->may[state] = may;
	return true;
}

static void
may_take(struct paths *p, struct walked *w)
{
	bool more = true;

	w->may = take_mem(p->e->c, w->d.states, sizeof(*w->may));
	while (more) {
		more = false;
		for (uint32_t i = w->d.states; i-- > 1;)
			more = may_step(w, i) || more;
		for (uint32_t i = 1; more && i < w->d.states; i++)
			(void)may_step(w, i);	/* seen by the next round */
	}
}

/* Of states that no '/' leads to nobody asks for classes. */
static void
behind_slash(struct paths *p, struct walked *w)
{
	bool *is = take_mem(p->e->c, w->d.states, sizeof(*is));

	for (uint32_t i = 1; i < w->d.states; i++)
		is[go(&w->d, i, '/')] = true;
	for (uint32_t i = 0; i < w->d.states; i++)
		if (!is[i] || i == 0)
			w->klass[i] = w->may[i] = 0;
}

/* ---- labels */

struct nodes { /* each f_fnode once */
	uint32_t *slots;
	struct f_fnode *v;
	uint32_t n, nslots;
};

static uint32_t
node_number(struct nodes *t, const struct f_fnode *f)
{
	uint32_t at = (f->says * 31 + f->klass * 127 + f->may) *
	    UINT32_C(2654435761) >> 8;

	for (;; at++) {	/* ends: half of it is empty */
		uint32_t *slot = &t->slots[at & (t->nslots - 1)];

		if (*slot == 0) {
			t->v[t->n++] = *f;
			*slot = t->n;
		}
		if (memcmp(&t->v[*slot - 1], f, sizeof(*f)) == 0)
			return *slot - 1;
	}
}

static uint32_t
walked_put(struct paths *p, struct walked *w, struct nodes *t,
    uint32_t first_says)
{
	uint32_t *label = take_mem(p->e->c, w->d.states, sizeof(*label));
	struct dfa d = w->d;

	for (uint32_t i = 1; i < w->d.nsets; i++)
		emit_put(p->e, FORM_fsays, &w->says[i], sizeof(w->says[i]));
	for (uint32_t i = 1; i < w->d.states; i++) {
		struct f_fnode f = { .klass = w->klass[i],
			.may = w->may[i] };

		if (w->d.label[i] != 0)
			f.says = first_says + w->d.label[i];
		label[i] = node_number(t, &f);
	}
	d.label = label;
	return emit_walk(p->e, FORM_fsteps, &d);
}

static void
nodes_init(struct paths *p, struct nodes *t, uint32_t states)
{
	static const struct f_fnode none;

	t->nslots = form_slots(states + 1);
	t->slots = take_mem(p->e->c, t->nslots, sizeof(*t->slots));
	t->v = take_mem(p->e->c, states + 1, sizeof(*t->v));
	(void)node_number(t, &none);	/* the first, of state 0 */
}

static struct f_fpaths
head_of(const struct paths *p)
{
	const struct pol_files *f = &p->e->c->pol.files;
	struct f_fpaths h = { 0 };

	while (h.nallows < p->n && rank_of(p->rules[h.nallows]) == 0)
		h.nallows++;
	h.flags = (f->fallback.value == 1 ? (uint32_t)FPATHS_OPEN : 0) |
	    (f->hide.value == 1 ? (uint32_t)FPATHS_HIDE : 0) |
	    (f->gate ? (uint32_t)FPATHS_GATE : 0);
	return h;
}

static void
walked_take(struct paths *p, struct walked *w)
{
	says_take(p, w);
	classes_take(p, w);
	may_take(p, w);
	behind_slash(p, w);
}

void
emit_paths(struct emit *e)
{
	static const struct f_says none;
	struct paths p = { .e = e };
	struct walked anchored = { 0 }, floating = { 0 };
	struct nodes nodes = { 0 };
	struct f_fpaths h;

	rules_take(&p);
	rules_put(&p);
	if (!automaton_of(&p, true, &floating.d) ||
	    !automaton_of(&p, false, &anchored.d))
		return;
	for (uint32_t i = 0; i < p.n; i++)
		p.names[i] = names_guarded(&p, &floating.d, p.rules[i]);
	walked_take(&p, &anchored);
	walked_take(&p, &floating);
	h = head_of(&p);
	nodes_init(&p, &nodes, anchored.d.states + floating.d.states);
	emit_put(e, FORM_fsays, &none, sizeof(none));
	h.anchored = walked_put(&p, &anchored, &nodes, 0);
	h.floating = walked_put(&p, &floating, &nodes,
	    anchored.d.nsets - 1);
	emit_put(e, FORM_fnodes, nodes.v, nodes.n * sizeof(*nodes.v));
	emit_put(e, FORM_fpaths, &h, sizeof(h));
}
