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

#include <stdbool.h>

struct err;

/* What the sandbox's filter asks the broker about; they may come together. */
enum gate {
	GATE_NONE = 0,	/* nothing: there is no broker */
	GATE_EXEC = 1,	/* execution */
	GATE_FILES = GATE_EXEC | 2, /* and what names a file */
	GATE_PROFILES = GATE_FILES | 4,	/* and what one process does to
			 * another: not all have the same rights */
	GATE_NAMES = GATE_FILES | 8, /* and all that tells of a name: some
			 * are hidden */
	GATE_CHANGES = GATE_FILES | 16, /* but not opens that only read a
			 * file: all that Landlock gives may be read */
};

static inline bool
gate_has(enum gate gate, enum gate all)
{
	return (gate & all) == all;
}

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
