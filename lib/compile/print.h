/* print.h -- policy documents as native text: one of the older schema said
 * in the native language, and several as the one policy that they come to. */
#ifndef COMPILE_PRINT_H
#define COMPILE_PRINT_H

#include "compile/compile.h"

struct err;

#define PRINT_BYTES_MAX 16777216

/* A document of the older schema in the native language, heap; comments that
 * stand above a rule or an endpoint stay above. NULL: d says what cannot be
 * said, or what is wrong. */
char *policy_convert(const struct policy_file *file, struct diags *d);

/* The closed set as one native document, each rule with where it came from
 * behind it; documents of the maximum are left out, and one of the older
 * schema that has no native words follows as it is. NULL: d says why. */
char *policy_effective(const struct policy_file *files, size_t n,
    struct diags *d);

#endif
