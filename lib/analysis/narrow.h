/* narrow.h -- a profile allows nothing that its policy does not: its author is
 * told when documents are compiled.  What enforces it is that both have to
 * allow (policy/profile.h), so that nobody relies on this. */
#ifndef ANALYSIS_NARROW_H
#define ANALYSIS_NARROW_H

#include "compile/compile.h"

struct checked;

/* Each profile's entries are compared with what the policy grants; errors go
 * where k's went. Its denies hold for the profile, too, and need not be said
 * again; and what a profile leaves to default_policy: allow is as the policy
 * has it. Without profiles it costs nothing. */
void narrow_check(struct checked *k, struct str image);
/* policy_compile(), and that. */
int narrow_compile(const struct policy_file *files, size_t n,
    enum policy_stage stage, char **image, size_t *len, struct diags *d);

#endif
