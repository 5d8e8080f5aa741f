/* classes.h -- texts that a set of patterns cannot tell apart, and one example
 * of each such class: what is true of the example is true of the class.
 *
 * What can be at all is an automaton of its own, walked beside that of the
 * patterns: one of both would have the product of their states. */
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

/* The classes of the texts that can be at all, by the languages accepted in n.
 * Shortest examples first, never the empty text. -1: the automaton would be
 * too large. */
int classes_of(struct nfa *n, const struct dfa *universe, struct arena *a,
    struct classes *out);

/* What can be at all: a canonical request path (universe_slash: with encoded
 * slashes, where an entry takes them), a host's name, a canonical
 * path of a file, a file's name. A text is in it if its label is not 0. */
typedef struct part universe_part(struct nfa *n);
universe_part universe_path, universe_slash, universe_name, universe_file,
    universe_component;
void universe_of(universe_part *part, struct arena *a, struct dfa *out);

#endif
