/* spawn.h -- start one program in a session of its own. */
#ifndef INIT_SPAWN_H
#define INIT_SPAWN_H

#include <sys/types.h>

#include "msg/body.h"

/* fds: the terminal's slave when s->tty, else standard input, output and
 * error; borrowed. Fills out->pid, or out->error and out->what. Where it is to
 * run, and what, may be on a file system that does not answer: so it has not
 * begun yet, and what is returned can be read when it has, or could not; -1 on
 * error. */
int spawn_program(const struct session_start *s, const int *fds,
    struct spawned *out);
/* Takes fd, from which can be read. */
void spawn_result(int fd, struct spawned *out);

#endif
