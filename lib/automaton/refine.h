/* refine.h -- which states no text can tell apart.  Of lib/automaton alone. */
#ifndef AUTOMATON_REFINE_H
#define AUTOMATON_REFINE_H

#include "automaton/parts.h"

/* States 0 .. n - 1, of which 0 is dead and has label 0; rows of classes.
 * block_of[state] is its class; the classes are numbered by the lowest state
 * in each, so 0 is all that is dead. Gives back how many there are. */
uint32_t refine(const uint32_t *rows, const uint32_t *label, uint32_t n,
    uint32_t classes, uint32_t *block_of);

#endif
