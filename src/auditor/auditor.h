/* auditor.h -- takes records from channels, stamps and appends them. */
#ifndef AUDITOR_AUDITOR_H
#define AUDITOR_AUDITOR_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/buf.h"
#include "loop/loop.h"
#include "msg/chan.h"
#include "segment.h"

struct speaker;			/* one channel */
TAILQ_HEAD(speakers, speaker);

struct auditor {
	struct loop *loop;
	struct segments log;
	struct buf pending;	/* whole lines, but for a part written */
	uint64_t added, written; /* bytes, since the start */
	bool within_line;	/* the last byte written was no newline */
	bool urgent;		/* sync before acknowledging */
	bool unsynced;
	bool stalled;		/* the log takes nothing now */
	struct loop_timer retry, sync, idle;
	struct loop_io listen;
	struct speakers speakers;
	unsigned nspeakers;
	unsigned char *recv;	/* one message */
};

/* The log directory and the listener stay the caller's. -1: no log. */
int auditor_init(struct auditor *a, struct loop *l, int log_dirfd,
    int listen_fd, struct err *e);
/* Begins to take connections. */
int auditor_start(struct auditor *a, struct err *e);
/* Writes what was taken; speakers that were not acknowledged say it again. */
void auditor_fini(struct auditor *a);

#endif
