/* known.h -- facts as a person gives them: "sensitivity=high", "turn=3",
 * "tools=bash,edit". */
#ifndef ANALYSIS_KNOWN_H
#define ANALYSIS_KNOWN_H

#include "base/arena.h"
#include "policy/cond.h"

struct err;

/* Adds what the word says to *f. where: FOR_*, what it is asked about. */
int known_add(struct arena *a, struct str word, unsigned where,
    struct facts *f, struct err *e);

#endif
