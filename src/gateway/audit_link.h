/* audit_link.h -- the gateway's side of the auditor: starts it, speaks to
 * it, waits for what it acknowledges, and makes channels for others. */
#ifndef GATEWAY_AUDIT_LINK_H
#define GATEWAY_AUDIT_LINK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "audit/sender.h"
#include "jail/spawner.h"
#include "loop/loop.h"

struct err;

/* Told once: true when the record is in the log, false when that took too
 * long. Embedded; zero waits for nothing. */
struct audit_wait {
	TAILQ_ENTRY(audit_wait) link;
	uint32_t number;		/* 0: not waiting */
	struct audit_link *of;
	struct loop_timer late;
	void (*done)(struct audit_wait *w, bool written);
};
TAILQ_HEAD(audit_waits, audit_wait);

struct audit_link {
	struct loop *loop;
	struct spawner *spawner;	/* borrowed */
	const char *sock;		/* borrowed path of auditor.sock */
	struct audit_sender sender;
	struct audit_waits waits;
	struct loop_timer retry;
	struct usec spawned;		/* when it was started last */
	/* The auditor was started anew: all channels made so far are dead. */
	void (*on_new)(void *arg);
	void *arg;
};

void audit_link_init(struct audit_link *a, struct loop *l,
    struct spawner *s, const char *sock, void (*on_new)(void *), void *arg);
/* Connects, starting the auditor if need be; waits for it. */
int audit_link_open(struct audit_link *a, struct err *e);
/* Records; w->done is called later, never from here. -1: no room, or no
 * auditor for too long: do not do what would be recorded. */
int audit_link_put(struct audit_link *a, const struct audit_record *r,
    struct audit_wait *w, void (*done)(struct audit_wait *, bool),
    struct err *e);
/* Records what has happened already, and so cannot be refused. */
void audit_link_note(struct audit_link *a, const struct audit_record *r);
void audit_wait_cancel(struct audit_wait *w);
/* A new channel whose speaker is this; the caller's. -1: *e. */
int audit_link_channel(struct audit_link *a, enum role r, const char *id,
    const char *name, struct err *e);
void audit_link_fini(struct audit_link *a);

#endif
