/* nfa.c -- puts nondeterministic automata together.
 *
 * Patterns that only have to be told apart go into one tree, so that what
 * they begin with alike is there once: a thousand patterns under one prefix
 * then cost little more than their ends. */
#include "automaton/parts.h"

#include "base/must.h"
#include "policy/match.h"

void *
part_mem(struct arena *a, size_t n, size_t size)
{
	void *p = arena_alloc(a, n, size);

	must(p != NULL);
	return p;
}

void
vec_add(struct vec *v, uint32_t x)
{
	if (v->n == v->cap) {
		v->cap = v->cap == 0 ? 64 : 2 * v->cap;
		v->v = mem_grow(v->v, v->cap, sizeof(*v->v));
	}
	v->v[v->n++] = x;
}

/* Room for one more: the old array is left to the arena. */
static void *
grown(struct arena *a, void *v, uint32_t n, uint32_t *cap, size_t size)
{
	void *more;

	if (n < *cap)
		return v;
	must(*cap < UINT32_MAX / 2);
	*cap = *cap == 0 ? 16 : 2 * *cap;
	more = part_mem(a, *cap, size);
	if (n > 0)
		memcpy(more, v, n * size);
	return more;
}

static uint32_t
state_new(struct nfa *n)
{
	n->states = grown(n->a, n->states, n->nstates, &n->cap_states,
	    sizeof(*n->states));
	n->states[n->nstates] = (struct nfa_state){ 0 };
	return n->nstates++;
}

static void
link_new(struct nfa *n, uint32_t *head, uint32_t to, uint32_t what)
{
	n->links = grown(n->a, n->links, n->nlinks, &n->cap_links,
	    sizeof(*n->links));
	n->links[n->nlinks] = (struct nfa_link){ *head, to, what };
	*head = ++n->nlinks;
}

static void
go_free(struct nfa *n, uint32_t from, uint32_t to)
{
	link_new(n, &n->states[from].free, to, 0);
}

static void
go_taking(struct nfa *n, uint32_t from, uint32_t set, uint32_t to)
{
	link_new(n, &n->states[from].taking, to, set);
}

struct nfa *
nfa_new(struct arena *a)
{
	struct nfa *n = part_mem(a, 1, sizeof(*n));

	n->a = a;
	(void)state_new(n); /* 0, the start */
	return n;
}

static uint32_t
set_number(struct nfa *n, const struct byte_set *set)
{
	uint32_t count = 0, last = 0;

	for (uint32_t b = 0; b < 256; b++)
		if (set_has(set, b)) {
			count++;
			last = b;
		}
	if (count == 1)
		return last;
	for (uint32_t i = 0; i < n->nsets; i++)
		if (memcmp(&n->sets[i], set, sizeof(*set)) == 0)
			return SET_SINGLES + i;
	n->sets = grown(n->a, n->sets, n->nsets, &n->cap_sets,
	    sizeof(*n->sets));
	n->sets[n->nsets] = *set;
	return SET_SINGLES + n->nsets++;
}

static uint32_t
set_but(struct nfa *n, int byte)
{
	struct byte_set s;

	memset(&s, 0xff, sizeof(s));
	if (byte >= 0)
		s.bits[byte / 64] &= ~(UINT64_C(1) << (byte % 64));
	return set_number(n, &s);
}

struct part
nfa_text(struct nfa *n, struct str text)
{
	struct part p;
	uint32_t at;

	p.in = at = state_new(n);
	for (size_t i = 0; i < text.len; i++) {
		uint32_t to = state_new(n);

		go_taking(n, at, (unsigned char)text.p[i], to);
		at = to;
	}
	p.out = at;
	return p;
}

struct part
nfa_set(struct nfa *n, const struct byte_set *set)
{
	struct part p = { state_new(n), state_new(n) };

	go_taking(n, p.in, set_number(n, set), p.out);
	return p;
}

struct part
nfa_cat(struct nfa *n, struct part a, struct part b)
{
	go_free(n, a.out, b.in);
	return (struct part){ a.in, b.out };
}

struct part
nfa_alt(struct nfa *n, struct part a, struct part b)
{
	struct part p = { state_new(n), state_new(n) };

	go_free(n, p.in, a.in);
	go_free(n, p.in, b.in);
	go_free(n, a.out, p.out);
	go_free(n, b.out, p.out);
	return p;
}

struct part
nfa_star(struct nfa *n, struct part a)
{
	struct part p = { state_new(n), state_new(n) };

	go_free(n, p.in, a.in);
	go_free(n, p.in, p.out);
	go_free(n, a.out, a.in);
	go_free(n, a.out, p.out);
	return p;
}

/* ---- compiled patterns */

/* A pattern is symbols: a byte that is itself, an operator, or a set, whose
 * number follows those. */
#define SYMBOL_SETS	256
#define SYMBOL_NEVER	UINT32_MAX	/* a set that is cut off */

static void
set_add(struct byte_set *s, unsigned lo, unsigned hi)
{
	for (unsigned b = lo; b <= hi; b++)
		s->bits[b / 64] |= UINT64_C(1) << (b % 64);
}

/* The symbol at the front of a pattern, which is taken off. */
static uint32_t
symbol_take(struct nfa *n, struct str *p)
{
	size_t len = match_op_len(*p);
	struct byte_set set = { { 0 } };
	struct str op = str_head(*p, len);

	if (len == 0) {
		p->len = 0;
		return SYMBOL_NEVER;
	}
	*p = str_from(*p, len);
	if (op.p[0] != OP_SET)
		return (unsigned char)op.p[0];
	for (size_t i = 2; i + 1 < op.len; i += 2)
		set_add(&set, (unsigned char)op.p[i],
		    (unsigned char)op.p[i + 1]);
	return SYMBOL_SETS + set_number(n, &set);
}

static void
loop_put(struct nfa *n, uint32_t from, int but, uint32_t to)
{
	go_free(n, from, to);
	go_taking(n, to, set_but(n, but), to);
}

/* From a state to where it is behind the symbol. What loops does so on a
 * state of its own: the one before it has other ways out. */
static void
symbol_put(struct nfa *n, uint32_t from, uint32_t symbol, uint32_t to)
{
	uint32_t at;

	switch (symbol) {
	case OP_STAR:
		loop_put(n, from, '/', to);
		return;
	case OP_SPAN:
		loop_put(n, from, -1, to);
		return;
	case OP_LABEL:
		loop_put(n, from, '.', to);
		return;
	case OP_DIRS:
		at = state_new(n);
		n->states[at].as = to;
		go_free(n, from, to);
		loop_put(n, from, -1, at);
		go_taking(n, at, '/', to);
		return;
	case OP_ONE:
		go_taking(n, from, set_but(n, '/'), to);
		return;
	case SYMBOL_NEVER:
		return;
	default:
		go_taking(n, from, symbol < SYMBOL_SETS ? symbol :
		    symbol - SYMBOL_SETS, to);
		return;
	}
}

struct part
nfa_pattern(struct nfa *n, struct str compiled)
{
	struct part p;
	uint32_t at;

	p.in = at = state_new(n);
	while (compiled.len > 0) {
		uint32_t symbol = symbol_take(n, &compiled);
		uint32_t to = state_new(n);

		symbol_put(n, at, symbol, to);
		at = to;
	}
	p.out = at;
	return p;
}

void
nfa_accept(struct nfa *n, struct part p, uint32_t id)
{
	link_new(n, &n->states[0].free, p.in, id);
	link_new(n, &n->states[p.out].accepts, id, 0);
}

/* ---- the tree */

static struct nfa_step *
step_slot(struct nfa *n, uint32_t from, uint32_t symbol)
{
	uint32_t mask = n->cap_steps - 1;
	uint32_t at = (from * 31 + symbol) * UINT32_C(2654435761) >> 7;

	for (;; at++) { /* ends: half of it is empty */
		struct nfa_step *s = &n->steps[at & mask];

		if (s->to == 0 || (s->from == from && s->symbol == symbol))
			return s;
	}
}

static void
steps_grow(struct nfa *n)
{
	struct nfa_step *old = n->steps;
	uint32_t cap = n->cap_steps;

	if (2 * n->nsteps < cap)
		return;
	n->cap_steps = cap == 0 ? 64 : 2 * cap;
	n->steps = part_mem(n->a, n->cap_steps, sizeof(*n->steps));
	for (uint32_t i = 0; i < cap; i++)
		if (old[i].to != 0)
			*step_slot(n, old[i].from, old[i].symbol) = old[i];
}

static uint32_t
kind_of(const struct nfa *n, uint32_t id)
{
	return n->kind_of == NULL ? 0 : n->kind_of[id];
}

static uint32_t
step_take(struct nfa *n, uint32_t from, uint32_t symbol, uint32_t id)
{
	struct nfa_step *s;

	steps_grow(n);
	s = step_slot(n, from, symbol);
	if (s->to == 0) {
		uint32_t to = state_new(n);

		*s = (struct nfa_step){ from, to, symbol };
		n->nsteps++;
		n->states[to].least = id;
		n->states[to].kind = kind_of(n, id);
		symbol_put(n, from, symbol, to);
		return to;
	}
	if (n->states[s->to].least > id)
		n->states[s->to].least = id;
	if (n->states[s->to].kind != kind_of(n, id))
		n->states[s->to].kind = 0;
	return s->to;
}

void
nfa_add(struct nfa *n, struct str compiled, uint32_t id)
{
	uint32_t at;

	if (n->tree == 0) {
		n->tree = state_new(n);
		go_free(n, 0, n->tree);
	}
	at = n->tree;
	while (compiled.len > 0)
		at = step_take(n, at, symbol_take(n, &compiled), id);
	link_new(n, &n->states[at].accepts, id, 0);
}

void
nfa_alike(struct nfa *n, const uint32_t *kinds, uint32_t ids)
{
	n->kind_of = kinds;
	n->nkinds = 1;
	for (uint32_t i = 0; i < ids; i++)
		if (kinds[i] >= n->nkinds)
			n->nkinds = kinds[i] + 1;
}
