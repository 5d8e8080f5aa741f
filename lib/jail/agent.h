/* agent.h -- the last steps before a sandbox's first program runs: limits,
 * no capabilities, Landlock, the system call filter. */
#ifndef JAIL_AGENT_H
#define JAIL_AGENT_H

#include "jail/gate.h"
#include "jail/root.h"

struct err;

/* init_fd: openshell-init, which lies outside the new root and may be
 * executed once more. Binds this process and all that come from it. With a
 * gate the broker is asked from now on, and what is returned is the
 * descriptor on which it reads the questions; else 0. */
int agent_enter(const struct root *r, int init_fd, enum gate gate,
    struct err *e);

#endif
