/* spawner.h -- a tiny child that starts the system's own programs for a
 * process which has jailed itself.
 *
 * Landlock and seccomp are inherited, and a process under Landlock may not
 * mount, so what the gateway starts cannot be the gateway's descendant. The
 * spawner is forked before the jail, holds nothing, reads nothing but its
 * one socket, and can start only the programs of lib/role/roles.c, by role.
 * What it starts outlives it and the gateway (a session of its own). */
#ifndef JAIL_SPAWNER_H
#define JAIL_SPAWNER_H

#include <sys/types.h>

#include "role/roles.h"

struct err;

struct spawner { /* zero is none */
	int fd;
	pid_t pid;
};

#define SPAWN_FDS_MAX 4

/* Forks it; call before jail_enter, and before a loop or a thread exists. */
int spawner_start(struct spawner *s, struct err *e);

/* Starts r's program with argv {program, NULL}, the environment that
 * spawner_start saw, fds[i] as descriptor 3 + i (borrowed), stdin and stdout
 * /dev/null, stderr errfd (-1: the spawner's own). *pidfd becomes the
 * caller's: it polls readable when the program ends. The program is not the
 * caller's child: loop_child_watch() reports its end with status 0.
 * Blocks for about the time of a vfork. */
int spawner_run(struct spawner *s, enum role r, const int *fds, unsigned n,
    int errfd, pid_t *pid, int *pidfd, struct err *e);
/* The same in two steps, for work to be done meanwhile: after a begin that
 * returned 0 comes its end, before anything else of the spawner's. */
int spawner_begin(struct spawner *s, enum role r, const int *fds, unsigned n,
    int errfd, struct err *e);
int spawner_end(struct spawner *s, pid_t *pid, int *pidfd, struct err *e);

void spawner_stop(struct spawner *s); /* what it started goes on */

#endif
