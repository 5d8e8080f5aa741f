/* calls.h -- the lists of system calls: of our programs, and of the agent. */
#ifndef JAIL_CALLS_H
#define JAIL_CALLS_H

#include <stdbool.h>

#include "jail/bpf.h"
#include "jail/gate.h"
#include "role/roles.h"

/* The filter of a row of roles.c (not for CALLS_ANY). false: it is too long,
 * which is our bug. */
bool calls_role(struct bpf *b, enum role r);

/* The filter of everything inside a sandbox. What the gate is about is not
 * answered here but asked of the broker (calls_gate.c). */
bool calls_agent(struct bpf *b, enum gate gate);
/* Changes those rows of calls. */
void calls_gate(struct call *calls, size_t n, enum gate gate);

#endif
