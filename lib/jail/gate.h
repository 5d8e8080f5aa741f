/* gate.h -- the broker's place in a sandbox, and how it gets there.
 *
 *	supervisor --clone3--> first process of the outer pid namespace
 *	                         | gate_split(): forks into the inner one
 *	                         |---> goes on as stage one: root, floor,
 *	                         |     filter, openshell-init (pid 1 inside)
 *	                         | waits for the filter's listener, becomes
 *	                       openshell-broker
 *
 * So the broker shares the sandbox's user, mount and network namespaces and
 * stands outside of its pid namespace: nothing inside can name it. If it ends,
 * for whatever reason, the kernel ends the outer namespace, and with it all
 * inside. */
#ifndef JAIL_GATE_H
#define JAIL_GATE_H

struct err;

/* What the sandbox's filter asks the broker about. */
enum gate {
	GATE_NONE,	/* nothing: there is no broker */
	GATE_FILES,	/* what names a file, and execution */
	GATE_EXEC,	/* execution alone */
	GATE_PROFILES,	/* files, execution, and what one process does to
			 * another: not all have the same rights */
};

/* What the broker is started with, open. */
enum { BROKER_FD_CHAN = 3, BROKER_FD_LISTENER, BROKER_FD_PROC,
	BROKER_FD_COUNT };

/* How it exits when init has ended; any other end is its own. */
#define GATE_INIT_ENDED 3

struct gate_fds {
	int program;	/* openshell-broker */
	int chan;	/* its channel to the supervisor */
	int init;	/* init's, to say that it could not be started */
};

/* Returns, in the inner namespace's first process alone, the channel for
 * gate_hand_over; -1: nothing was forked. */
int gate_split(const struct gate_fds *f, struct err *e);
/* Hands the listener over; both descriptors are closed. */
int gate_hand_over(int asker, int listener, struct err *e);

#endif
