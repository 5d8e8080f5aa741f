/* agent.h -- the last steps before a sandbox's first program runs: limits,
 * no capabilities, Landlock, the system call filter. */
#ifndef JAIL_AGENT_H
#define JAIL_AGENT_H

#include "jail/root.h"

struct err;

/* init_fd: openshell-init, which lies outside the new root and may be
 * executed once more. Binds this process and all that come from it. */
int agent_enter(const struct root *r, int init_fd, struct err *e);

#endif
