/* command_examples.h -- command lines that an entry of a policy is about, and
 * near ones that it is not. */
#ifndef ANALYSIS_COMMAND_EXAMPLES_H
#define ANALYSIS_COMMAND_EXAMPLES_H

#include "base/arena.h"
#include "compile/commands.h"

/* argv lives as long as the arena. */
typedef void command_on(void *arg, struct str *argv, uint32_t n);

void command_examples(struct arena *a, const struct pol_command *e,
    command_on *on, void *arg);

#endif
