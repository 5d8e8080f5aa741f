/* box.h -- one sandbox: its namespaces, and init as their first process.
 *
 * box_clone() makes all namespaces with one clone3 and returns at once. The
 * child ("stage one", a copy of the caller) builds the root, sends
 * INIT_READY on chan_fd, gives everything up, and executes openshell-init,
 * which then reads INIT_SPAWN from the same channel. If a step fails it
 * sends INIT_READY again, or for the first time, with why, and exits: there
 * is no step that may be left out.
 *
 * With a gate there is one pid namespace more (gate.h): the outer one's first
 * process becomes the broker, the inner one is the sandbox's. */
#ifndef JAIL_BOX_H
#define JAIL_BOX_H

#include <sys/types.h>

#include "jail/gate.h"
#include "jail/reads.h"
#include "jail/root.h"

struct err;

/* Inside, whoever we are outside. */
#define BOX_UID 1000
#define BOX_GID 1000

/* INIT_READY, when its reply says ok, carries these. */
enum { READY_FD_LISTENER, READY_FD_PTS, READY_FD_CA, READY_FD_BUNDLE,
	READY_FD_TRUST, READY_FD_DIAG, READY_FD_COUNT,
	/* and these, all or none (jail/net.h) */
	READY_FD_DIRECT = READY_FD_COUNT, READY_FD_NAMES, READY_FD_NAMES_TCP,
	READY_FD_DROPPED, READY_FD_ALL };

struct box_opts {
	struct root_opts root;	/* its dirfd and host_root are set here */
	int dirfd;		/* SANDBOXDIR, as the gateway opened it */
	int init_fd;		/* openshell-init, open for reading */
	int chan_fd;		/* init's end of the channel */
	enum gate gate;		/* what the policy needs */
	struct reads reads;
	int broker_fd;		/* openshell-broker, open for reading; -1:
				 * there is no gate */
	int broker_chan_fd;	/* the broker's end of its channel */
};

struct box {
	pid_t pid;	/* on the host: init's, or with a gate the broker's, whose
			 * end is the sandbox's too */
	int pidfd;
};

/* The caller has one thread, is dumpable (until jail_enter), and must not
 * exit before the sandbox ends: the kernel then kills it all. A caller who is
 * root loses its supplementary groups. */
int box_clone(const struct box_opts *o, struct box *b, struct err *e);

#endif
