/* init.h -- the sessions that pid 1 of a sandbox has started. */
#ifndef INIT_INIT_H
#define INIT_INIT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/limits.h"

struct msg;
struct session_start;
struct spawned;

struct sessions {
	struct {
		uint32_t session;
		pid_t pid;	/* its leader; 0: a free row */
	} rows[SESSION_COUNT_MAX];
};

/* Starts s on the message's three descriptors, or on a new terminal when
 * s->tty: *master is then the caller's. *out says how it went; an error
 * there is the program's or the caller's, not ours. */
void session_spawn(struct sessions *t, const struct session_start *s,
    struct msg *m, struct spawned *out, int *master);
/* To the process group that the session's leader leads. */
void session_signal(const struct sessions *t, uint32_t session, int signo);
/* A child ended: true when it led a session, whose row is then free. */
bool session_forget(struct sessions *t, pid_t pid, uint32_t *session);

#endif
