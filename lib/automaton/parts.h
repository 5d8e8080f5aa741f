/* parts.h -- the inside of a nondeterministic automaton.  Of lib/automaton
 * alone. */
#ifndef AUTOMATON_PARTS_H
#define AUTOMATON_PARTS_H

#include "automaton/automaton.h"

#define SET_SINGLES 256 /* sets below: of that one byte */

struct nfa_link { /* of a list; index + 1 of the next, 0 ends it */
	uint32_t next, to, what;
};

struct nfa_state { /* heads of lists, as above */
	uint32_t free;		/* ways that take no byte; what: the id that
				 * the start's lead to, else 0 */
	uint32_t taking;	/* ways that take one byte of the set `what` */
	uint32_t accepts;	/* to: a language that ends here */
	uint32_t least;		/* lowest id it is of, when known, else 0 */
	uint32_t kind;		/* of all ids it is of; 0: they differ, or
				 * have none, or are not known */
	uint32_t as;		/* not 0: of the same ids as that state */
};

struct nfa_step { /* of the tree of patterns: where a symbol leads */
	uint32_t from, to, symbol;
};

struct nfa { /* state 0 is the start */
	struct arena *a;
	struct nfa_state *states;
	struct nfa_link *links;
	struct byte_set *sets;	/* set SET_SINGLES + i */
	struct nfa_step *steps;	/* hashed; to 0: empty */
	uint32_t nstates, nlinks, nsets, nsteps;
	uint32_t cap_states, cap_links, cap_sets, cap_steps;
	uint32_t tree;		/* root of the patterns of nfa_add(), or 0 */
	const uint32_t *kind_of; /* of nfa_alike(), or NULL */
	uint32_t nkinds;	/* the highest, + 1 */
};

struct vec { /* heap; zero is empty */
	uint32_t *v;
	size_t n, cap;
};

void vec_add(struct vec *v, uint32_t x);

static inline bool
set_has(const struct byte_set *s, unsigned byte)
{
	return (s->bits[byte / 64] >> (byte % 64) & 1) != 0;
}

/* Memory of the automata's arena, which has no limit of its own. */
void *part_mem(struct arena *a, size_t n, size_t size);

#endif
