/* roles.h -- every program of the system and the most it may ever do. */
#ifndef ROLE_ROLES_H
#define ROLE_ROLES_H

#include <stdint.h>

enum role {
	ROLE_NONE,
	ROLE_CLI,
	ROLE_GATEWAY,
	ROLE_AUDITOR,
	ROLE_SUPERVISOR,
	ROLE_EGRESS,
	ROLE_INIT,
	ROLE_FINDER,	/* part of the supervisor: whose connection is it */
	ROLE_SPAWNER,	/* part of the gateway: starts our programs */
	ROLE_BROKER,
	ROLE_COUNT
};

/* What of the file system a role may name once it is jailed. Descriptors it
 * was handed or opened before stay usable whatever this says. */
enum see {
	SEE_NOTHING,
	SEE_READ,	/* open for reading only, by a filter and not Landlock */
	SEE_INSIDE,	/* what the sandbox sees: the mounts bound it, and what it
			 * decides; roles.c says why no Landlock does */
	SEE_BOX,	/* one sandbox's directory: to write how it ended */
	SEE_LOG,	/* the log directory: create and append, never shrink */
	SEE_STATE,	/* our configuration, state and runtime directories, and
			 * read and execute on the rest */
	SEE_ALL,	/* the user's own rights */
};

enum net {
	NET_NONE,	/* may not create any socket but AF_UNIX pairs */
	NET_UNIX,	/* Unix sockets, by path and by pair */
	NET_INET,	/* and TCP, UDP */
};

/* Groups of system calls; the lists are in lib/jail/calls.c. */
enum calls {
	CALLS_LOOP = 1,		/* memory, epoll, timers, read and write of held
				 * descriptors, sendmsg, recvmsg, exit */
	CALLS_FILE = 2,		/* open, stat, rename, fsync, unlink ... */
	CALLS_SOCKET = 4,	/* socket, connect, bind, accept, options */
	CALLS_SPAWN = 8,	/* fork, exec, wait, pidfd, kill */
	CALLS_CHILD = 16,	/* wait, and signal through pidfds held already */
	CALLS_GATE = 64,	/* what is done to files for a caller in the
				 * sandbox, and answers to the filter's questions */
	CALLS_ANY = 32,		/* no filter of ours (CLI; the sandbox's own filter
				 * binds init) */
};

struct role_row {
	const char *program;	/* file name; NULL for ROLE_NONE */
	enum see sees;
	enum net net;
	unsigned calls;		/* of enum calls */
};

extern const struct role_row roles[ROLE_COUNT];

const char *role_name(enum role r);	/* "egress"; "none" if unknown */

#endif
