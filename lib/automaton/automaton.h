/* automaton.h -- regular languages over bytes: put together from parts, made
 * deterministic, minimised, combined, and asked for examples.  Of the
 * compiler and the analyses; enforcers walk the packed form (policy/walk.h).
 *
 * Everything is made in the caller's arena and lives as long as that. */
#ifndef AUTOMATON_AUTOMATON_H
#define AUTOMATON_AUTOMATON_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/str.h"

#define DFA_STATES_MAX 262144	/* of one automaton; more is an explosion */

/* Two things are not kept by themselves: after dfa_relabel() state 0 may have
 * a label, and the automaton need not be minimal; dfa_minimise() mends both. */

/* ---- building: parts of a nondeterministic automaton */

struct nfa;
struct part { uint32_t in, out; };	/* usable once: in what it becomes */
struct byte_set { uint64_t bits[4]; };

struct nfa *nfa_new(struct arena *a);
struct part nfa_text(struct nfa *n, struct str text); /* empty: "" itself */
struct part nfa_set(struct nfa *n, const struct byte_set *set);
struct part nfa_cat(struct nfa *n, struct part a, struct part b);
struct part nfa_alt(struct nfa *n, struct part a, struct part b);
struct part nfa_star(struct nfa *n, struct part a);
/* A compiled pattern (policy/match.h), with every operator that has. */
struct part nfa_pattern(struct nfa *n, struct str compiled);
/* Texts of this part are in the language called id; several parts may be in
 * the same language, and a text in several languages. */
void nfa_accept(struct nfa *n, struct part p, uint32_t id);
/* The two above in one, and cheaper where many patterns begin alike. */
void nfa_add(struct nfa *n, struct str compiled, uint32_t id);

/* Of patterns that nfa_add() will add: kind_of[id], 0 or what ids below n are
 * alike in. Where a text is in a language however it goes on, whether it is
 * in later ones of that kind need not be known: they may be left out of its
 * set of ids there. Where telling the first from others takes too much, one
 * of each kind will do. Without this it is remembered which of a number of
 * parts a path has been through, each by itself. */
void nfa_alike(struct nfa *n, const uint32_t *kind_of, uint32_t ids);

/* ---- deterministic */

struct id_set { const uint32_t *v; uint32_t n; };	/* rising */

struct dfa { /* complete; state 0 is dead: nothing leads out of it */
	uint32_t states, classes, start;
	unsigned char class_of[256];
	const uint32_t *next;	/* [state * classes + class] */
	const uint32_t *label;	/* of each state: an index into sets, or what
				 * a product or relabelling said; 0: nothing */
	const struct id_set *sets; /* sets[0] is empty; NULL after a product */
	uint32_t nsets;
	uint32_t made;		/* states there were before it was minimal */
};

/* 0, or -1 when it would have more than limit states on the way (before it
 * is minimised), or too much work: *culprit is then the id without which, and
 * all after it, it would not. Minimal, and the same for the same languages
 * however they were put together; each state's label is an index into sets,
 * which come in the order in which the states do. */
int dfa_of(struct nfa *n, struct arena *a, uint32_t limit, struct dfa *out,
    uint32_t *culprit);
/* The same states under other labels: label[old label] is the new one. */
void dfa_relabel(struct dfa *d, struct arena *a, const uint32_t *label);
/* Merges states that no text can tell apart by their labels. class_of_state,
 * when not NULL, gets for each old state the new one (0 for one that no text
 * leads to). Labels stay as they are; state 0 is dead again, whatever label
 * the old one had. */
void dfa_minimise(struct dfa *d, struct arena *a, uint32_t *class_of_state);

/* Both at once; each state's label is f of the two's labels. Minimal. */
typedef uint32_t dfa_combine(const void *arg, uint32_t a, uint32_t b);
int dfa_product(const struct dfa *x, const struct dfa *y, dfa_combine *f,
    const void *arg, struct arena *a, uint32_t limit, struct dfa *out);

/* ---- asking */

uint32_t dfa_run(const struct dfa *d, uint32_t state, struct str text);
/* Is any state reachable from `from` (itself included) whose label f wants? */
typedef bool dfa_want(const void *arg, uint32_t label);
bool dfa_reaches(const struct dfa *d, uint32_t from, dfa_want *f,
    const void *arg);
/* A shortest text that ends in such a state, of readable bytes where those
 * will do; false: there is none. */
bool dfa_example(const struct dfa *d, dfa_want *f, const void *arg,
    struct arena *a, struct str *out);

#endif
