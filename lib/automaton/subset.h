/* subset.h -- what making an automaton deterministic is made of.  Of
 * lib/automaton alone. */
#ifndef AUTOMATON_SUBSET_H
#define AUTOMATON_SUBSET_H

#include "automaton/parts.h"

/* ---- classes.c */

struct classes {
	unsigned char class_of[256];
	unsigned char group_of[256];	/* class: bytes that no wide set (of
					 * more than one byte) tells apart */
	uint32_t classes, groups;
	struct byte_set *wide;		/* by set of the nfa: groups in it */
};

void classes_init(struct classes *k, const struct nfa *n);
void classes_fini(struct classes *k);

/* ---- alike.c */

struct alike {
	const struct nfa *n;
	bool any_order;		/* one of each kind will do */
	uint32_t *forever;	/* by state; NULL: nothing is alike */
	uint32_t *first;	/* by kind, of the set at hand */
};

void alike_init(struct alike *a, const struct nfa *n, bool any_order);
void alike_fini(struct alike *a);
/* Takes out of the list, and out of those stamped, what need not be told. */
void alike_drop(struct alike *a, struct vec *list, uint32_t *stamp);

/* ---- labels.c */

struct labels { /* sets of ids, in the arena */
	struct arena *a;
	struct id_set *sets;
	uint32_t n;
	uint32_t *slots, nslots;
};

/* Room for so many besides the empty one, which is number 0. */
void labels_init(struct labels *s, struct arena *a, uint32_t most);
void labels_fini(struct labels *s);
/* The number of the set: v rises. */
uint32_t labels_take(struct labels *s, const uint32_t *v, size_t n);
/* Numbers them anew, in the order in which the states have them. */
void labels_order(const struct labels *s, struct dfa *d, struct arena *a);

#endif
