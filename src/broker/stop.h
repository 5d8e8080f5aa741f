/* stop.h -- an exec that was allowed, until it runs. */
#ifndef BROKER_STOP_H
#define BROKER_STOP_H

#include "broker/program.h"

/* p: what may run, NULL: nothing may, it is no program. What a handler
 * returns. */
long stop_let_go(const struct ask *a, const struct program *p);

#endif
