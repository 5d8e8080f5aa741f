/* loop.h -- one thread: level-triggered epoll, timers, child processes. */
#ifndef LOOP_LOOP_H
#define LOOP_LOOP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>
#include <sys/types.h>

#include "base/clock.h"

struct err;
struct loop;

enum loop_events { LOOP_NONE = 0, LOOP_READ = 1, LOOP_WRITE = 2,
	LOOP_HANGUP = 4 };

/* A watched descriptor. The owner embeds it; the loop borrows it between
 * loop_watch and loop_unwatch. The loop never closes the fd. */
struct loop_io {
	int fd;
	unsigned want;			/* of LOOP_READ, LOOP_WRITE */
	void (*on_io)(struct loop *l, unsigned events, void *arg);
	void *arg;
	bool watched;
};

/* A timer; embedded, zero is unarmed. Fires once. */
struct loop_timer {
	struct usec at;
	void (*on_time)(struct loop *l, void *arg);
	void *arg;
	uint32_t slot;			/* heap index + 1; 0: unarmed */
};

/* A child process watched through its pidfd; reaped before on_exit. */
struct loop_child {
	struct loop_io io;		/* io.fd: the pidfd, closed by the loop */
	pid_t pid;
	/* status as waitpid(2) gives it */
	void (*on_exit)(struct loop *l, pid_t pid, int status, void *arg);
	void *arg;
};

int loop_new(struct loop **out, struct err *e);
void loop_free(struct loop *l);
/* Runs until loop_stop. -1 only if epoll itself fails. */
int loop_run(struct loop *l, struct err *e);
/* One pass: waits at most until the next timer. */
int loop_turn(struct loop *l, struct err *e);
void loop_stop(struct loop *l);
/* Called once at the end of each pass, before it waits again. */
void loop_set_idle(struct loop *l, void (*on_idle)(struct loop *, void *),
    void *arg);
struct usec loop_now(const struct loop *l);	/* time of this pass */

int loop_watch(struct loop *l, struct loop_io *io, struct err *e);
void loop_want(struct loop *l, struct loop_io *io, unsigned want);
void loop_unwatch(struct loop *l, struct loop_io *io); /* unwatched: fine */

void loop_timer_set(struct loop *l, struct loop_timer *t, struct usec span);
void loop_timer_stop(struct loop *l, struct loop_timer *t);

/* pidfd becomes the loop's. */
int loop_child_watch(struct loop *l, struct loop_child *c, pid_t pid,
    int pidfd, struct err *e);

#endif
