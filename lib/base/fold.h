/* fold.h -- names that a reader who does not look at case may take for one
 * another.  Beside ASCII that is U+017F (a long s) and U+212A (the sign of
 * Kelvin), which fold to letters of it. */
#ifndef BASE_FOLD_H
#define BASE_FOLD_H

#include <stdbool.h>

#include "base/str.h"

int fold_compare(struct str a, struct str b);
bool fold_same(struct str a, struct str b);

#endif
