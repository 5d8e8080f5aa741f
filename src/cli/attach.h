/* attach.h -- this terminal, or these pipes, joined to a program inside. */
#ifndef CLI_ATTACH_H
#define CLI_ATTACH_H

#include <stdbool.h>

#include "msg/body.h"

struct err;

struct attach {
	int fd;			/* the channel; attach_run closes it */
	bool tty;		/* the program inside has a terminal */
	bool may_detach;	/* Ctrl-P Ctrl-Q leaves it running */
	bool redraw;		/* joined late: make it paint its screen */
	bool left;		/* out: it may go on; we do not wait for it */
};

/* Until the program ends or the user detaches. 0: *out says how it ended
 * (OUTCOME_DETACHED: it goes on). -1: the other end broke. */
int attach_run(struct attach *at, struct outcome *out, struct err *e);

/* The exit code a shell would give: code, 128 + signal, 124 for a timeout,
 * 1 for failed. */
int attach_code(const struct outcome *o);

#endif
