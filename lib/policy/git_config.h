/* git_config.h -- does a repository's new configuration run anything that the
 * old one did not?
 *
 * Git outside the sandbox obeys a repository's configuration, and many of its
 * settings name programs to run, files to read, or where the repository is. A
 * few, which git writes all day, do not: who commits, which branch follows
 * which, where a remote is. Those may be anything; all others must stand in
 * both, the same and in the same order. What is not understood is of the
 * others. Pure; total; linear but for the table of settings. */
#ifndef POLICY_GIT_CONFIG_H
#define POLICY_GIT_CONFIG_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

#define GIT_CONFIG_BYTES_MAX 65536

/* false: why (of cap bytes) names the first setting that is the fault. */
bool git_config_harmless(struct str was, struct str is, char *why,
    size_t cap);

#endif
