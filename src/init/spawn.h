/* spawn.h -- start one program in a session of its own. */
#ifndef INIT_SPAWN_H
#define INIT_SPAWN_H

#include <sys/types.h>

#include "msg/body.h"

/* fds: the terminal's slave when s->tty, else standard input, output and
 * error; borrowed. Fills out->pid, or out->error and out->what. */
void spawn_program(const struct session_start *s, const int *fds,
    struct spawned *out);

#endif
