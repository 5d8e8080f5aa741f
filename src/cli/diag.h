/* diag.h -- what is wrong in a policy, as the compiler says it. */
#ifndef CLI_DIAG_H
#define CLI_DIAG_H

#include <jansson.h>
#include <stdio.h>

/* An array of Diagnostic (docs/api.md), for people; NULL: nothing. */
void diag_show(const json_t *list, FILE *to);

#endif
