/* classes.h -- texts that a set of patterns cannot tell apart, and one example
 * of each such class: what is true of the example is true of the class. */
#ifndef ANALYSIS_CLASSES_H
#define ANALYSIS_CLASSES_H

#include "automaton/automaton.h"

struct text_class {
	struct str example;	/* a shortest one, readable where it can be */
	struct id_set in;	/* the patterns that hold it */
};

struct classes {
	const struct text_class *v;
	uint32_t n;
};

/* The classes of the texts in the language called universe; the others were
 * accepted under other ids. Shortest examples first. -1: the automaton would
 * be too large. */
int classes_of(struct nfa *n, uint32_t universe, struct arena *a,
    struct classes *out);

/* What can be at all: a canonical request path, a host's name, a canonical
 * path of a file. */
struct part universe_path(struct nfa *n);
struct part universe_name(struct nfa *n);
struct part universe_file(struct nfa *n);

#endif
