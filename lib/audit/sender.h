/* sender.h -- a speaker's end of an audit channel.
 *
 * Keeps every record until the auditor says that it is written, and says all
 * of them again on a new channel: an auditor that dies loses nothing (a
 * record that it wrote but did not acknowledge is then there twice). Bounded:
 * when it is full, or has been told no channel, what would be recorded must
 * not be done. */
#ifndef AUDIT_SENDER_H
#define AUDIT_SENDER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "audit/record.h"
#include "loop/loop.h"
#include "msg/chan.h"

struct err;
struct audit_flight;
TAILQ_HEAD(audit_flights, audit_flight);

struct audit_sender {
	struct loop *loop;
	enum role self;
	struct chan chan;		/* fd -1: none */
	struct loop_io io;
	struct audit_flights flights;	/* oldest first: sent, then not */
	struct audit_flight *unsent;	/* first of those not sent; NULL */
	unsigned nsent;
	size_t held;			/* bytes of all */
	uint32_t last_id, acked_id;
	/* Something changed: records were acknowledged (all up to acked_id),
	 * or the channel ended (audit_sender_up is then false). */
	void (*on_change)(struct audit_sender *s, void *arg);
	void *arg;
};

void audit_sender_init(struct audit_sender *s, struct loop *l,
    enum role self, void (*on_change)(struct audit_sender *, void *),
    void *arg);
/* Speaks on fd, which becomes the sender's, from now on. The channel's
 * speaker is known to the auditor already. */
int audit_sender_use(struct audit_sender *s, int fd, struct err *e);
/* AUDIT_CHANNEL: the same, unless the present channel still stands: then
 * fd is closed, and nothing is said twice. */
int audit_sender_renew(struct audit_sender *s, int fd, struct err *e);
bool audit_sender_up(const struct audit_sender *s);
/* Up, and with room for a record of any size: what will be recorded may be
 * done. */
bool audit_sender_ready(const struct audit_sender *s);
/* 0: no room, nothing was taken. Otherwise a number: the record is written
 * when audit_sender_acked(s, number). Taken while the channel is down, too. */
uint32_t audit_sender_put(struct audit_sender *s,
    const struct audit_record *r);
/* Is every record taken so far at least on its way? Then the log will have
 * them even if this process ends now. */
bool audit_sender_sent(const struct audit_sender *s);
bool audit_sender_acked(const struct audit_sender *s, uint32_t number);
/* Waits up to ms until all is acknowledged, before a program ends. */
bool audit_sender_drain(struct audit_sender *s, int ms);
void audit_sender_fini(struct audit_sender *s);

#endif
