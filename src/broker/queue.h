/* queue.h -- whose question is next.
 *
 * The kernel hands out the oldest question. A process that asks with a
 * thousand threads would always be in front of who asks once. So when more
 * than one caller waits, their questions are taken in, and each process gets
 * its turns: the next one comes when all others who wait have had one more.
 * Pure. */
#ifndef BROKER_QUEUE_H
#define BROKER_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/limits.h"
#include "broker/broker.h"

#define QUEUE_TURNS 1024	/* processes whose turns are told apart */

struct queued {
	struct ask ask;
	uint64_t turn, number;	/* of one turn the oldest is first */
};

struct queue { /* zeroed: empty */
	struct queued v[BOX_PIDS_MAX];	/* a heap; each thread asks one */
	size_t n;
	uint64_t numbers;
	uint64_t now;			/* turn that was served last */
	uint64_t last[QUEUE_TURNS];	/* given to a process */
};

bool queue_full(const struct queue *q);
void queue_put(struct queue *q, pid_t process, const struct ask *a);
/* false: it is empty. */
bool queue_take(struct queue *q, struct ask *out);

#endif
