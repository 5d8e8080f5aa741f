/* hunt.h -- which processes hold a socket, and who started them.  Reads /proc,
 * and nothing else. */
#ifndef SUPERVISOR_HUNT_H
#define SUPERVISOR_HUNT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/limits.h"
#include "msg/body.h"

#define HUNT_COUNT_MAX 4096	/* processes looked at */

struct hunt { /* for one socket */
	uint64_t inode;
	bool all;			/* the profiles of all who hold it are
					 * asked for */
	/* What was found. */
	uint32_t pid;			/* inside; 0: nobody holds it */
	pid_t holder;			/* as we see it */
	char chain[WHO_CHAIN_MAX][PATH_BYTES_MAX]; /* of executables: the
					 * first holder's, then its ancestors' */
	uint32_t n, common;		/* common: as in struct who */
	char other[PATH_BYTES_MAX];	/* of another program that holds it */
	char doubt[160];		/* why it is not to be relied on */
	bool missed;			/* some were not looked at */
	uint64_t profiles;
	/* Scratch. */
	char also[WHO_CHAIN_MAX][PATH_BYTES_MAX];
	pid_t list[HUNT_COUNT_MAX];	/* a queue, init first */
	size_t nlist, ours;
};

/* h->inode and h->all say what is sought; the rest is set. init: the first
 * process of the sandbox, which is no holder. */
void hunt_run(struct hunt *h, pid_t init);
/* "/proc/PID/WHAT"; -1 is no surprise: it may have ended. */
int hunt_open(pid_t pid, const char *what, int flags);

#endif
