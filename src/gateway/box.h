/* box.h -- one sandbox as the gateway knows it.
 *
 *	box.c		the table of them, phases, JSON, who waits
 *	box_start.c	from a specification to BOX_START
 *	box_chan.c	what the supervisor says, and what it is asked
 *	box_end.c	ends, stops, removal
 *	box_find.c	after a restart of the gateway: which still run
 */
#ifndef GATEWAY_BOX_H
#define GATEWAY_BOX_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/clock.h"
#include "base/limits.h"
#include "gateway.h"
#include "loop/loop.h"
#include "msg/body.h"
#include "msg/chan.h"
#include "store.h"
#include "tree.h"

struct audit_record;
struct call;
struct err;
struct launch;
struct ask;
struct compiled;

TAILQ_HEAD(ask_list, ask);

struct box {
	TAILQ_ENTRY(box) link;
	struct gateway *g;
	char id[ID_BYTES_MAX + 1], name[NAME_BYTES_MAX + 1];
	bool keep;
	enum phase phase;	/* only box_enter() writes it */
	enum phase was;		/* before PHASE_DELETING */
	int32_t code;		/* exit code, or minus the signal */
	char reason[ERR_BYTES_MAX];
	struct wall created, started, ended, used;
	json_t *rates;		/* what egress said of its limits; or NULL */
	json_t *spec;		/* command, env, workdir, mounts, tty, labels */

	uint64_t revision;	/* the newest that did not fail */
	char hash[HASH_HEX_BYTES + 1];	/* of it */
	char locked[HASH_HEX_BYTES + 1]; /* of what it cannot change; empty:
				 * not known */
	enum revision_status status;	/* of it */
	uint64_t generation;	/* what egress enforces; 0: not known */
	bool policy_busy;	/* one change of policy at a time */

	pid_t pid;		/* supervisor; 0: none */
	struct chan chan;	/* to it; fd -1: none */
	struct loop_io io;
	struct loop_timer timer; /* for a greeting, an end, or the next step
				  * of a removal */
	struct launch *launch;	/* prepared, BOX_START not sent yet */
	struct ask_list asks;	/* sent to the supervisor, not answered */
	uint32_t last_ask;
	char fault[ERR_BYTES_MAX]; /* why it cannot be spoken to, or "" */

	struct call_list calls;	/* parked here */
	bool ending;		/* the main process has ended, all but the end
				 * is told: calls wait for that */
	bool deleting;		/* remove it when it ends */
	struct tree_rm rm;
};

/* ---- box.c ---- */

struct box *box_new(struct gateway *g, const struct sandbox_row *row,
    struct err *e);
void box_free(struct box *b);		/* its calls must be answered */
/* By name, id or "@last"; NULL. */
struct box *box_find(struct gateway *g, const char *name);
struct box *box_find_id(struct gateway *g, const char *id);
bool box_runs(const struct box *b);	/* provisioning or running */
/* The one way to a new phase: stores it and wakes who waits. */
void box_enter(struct box *b, enum phase p);
void box_used(struct box *b);		/* now */
void box_store(struct box *b);		/* phase, outcome, times */
json_t *box_json(const struct box *b);
const char *phase_name(enum phase p);
const char *revision_status_name(enum revision_status s);

/* Answers c with the sandbox and this status once ready says so, or after
 * timeout_s (0: never) with 504. c->fd goes along. */
void box_park(struct box *b, struct call *c, unsigned status,
    bool (*ready)(struct call *c, struct box *b), int64_t timeout_s);
bool box_has_started(struct call *c, struct box *b);
bool box_has_ended(struct call *c, struct box *b);
bool box_is_gone(struct call *c, struct box *b); /* never: box_gone() */
void box_wake(struct box *b);
/* Leaves, is remembered in g->gone, and all parked calls are answered. */
void box_gone(struct box *b);

/* An audit record of kind about this sandbox, by the gateway's user. The
 * strings are borrowed from b and g. */
struct audit_record box_record(const struct box *b, int kind,
    const char *action);

/* ---- box_start.c ---- */

struct start { /* how to start, beside what the specification says */
	struct call *call;	/* answered when it is under way; NULL: none */
	unsigned status;	/* of that answer */
	bool create;		/* a failure takes the sandbox away again */
	bool attach, wait, tty;
	uint16_t rows, cols;
};

/* The image is borrowed. What cannot be done is answered to the call. */
void box_start(struct box *b, const struct start *s, struct str image);
void launch_free(struct launch *l);	/* NULL is fine */
/* The supervisor ended before it was told what to do. */
void launch_lost(struct box *b);
/* A stop came before it was told. */
void launch_stop(struct box *b);

/* ---- box_chan.c ---- */

/* Takes the connected channel's fd and listens. */
int box_listen(struct box *b, int fd, struct err *e);
void box_unlisten(struct box *b);
/* Sends; a broken channel shows at the next read. */
int box_send(struct box *b, enum msg_type t, uint32_t id, struct str body,
    const int *fds, unsigned nfds, struct err *e);
/* SESSION_START or SESSION_ATTACH with fd (borrowed); c is answered with
 * cli_fd (taken) when the supervisor agrees. */
void box_ask(struct box *b, struct call *c, enum msg_type t, struct str body,
    int fd, int cli_fd);
/* New audit channels for the supervisor and egress. */
void box_new_audit(struct box *b);
/* Sends revision number of the policy. */
int box_send_policy(struct box *b, uint64_t number, struct str image,
    struct err *e);

/* ---- box_end.c ---- */

void box_ended(struct box *b, const struct outcome *o);
/* Its channel closed without a word: reads how it ended, if it says. */
void box_lost(struct box *b);
void box_stop(struct box *b, int64_t grace_s);
/* Stops it if it runs, then removes it and all that is its own. */
void box_delete(struct box *b, int64_t grace_s);

/* ---- box_find.c ---- */

/* revision, hash and status from the store: the newest that stands. */
void box_load_revision(struct box *b);

/* Its newest revision that stands, compiled; compiled_fini() it always. */
int box_compile(struct box *b, struct compiled *out, struct err *e);
/* Sends a revision that the last gateway did not see acknowledged. */
void box_catch_up(struct box *b);
/* All sandboxes from the store; reconnects to those that run. */
int boxes_load(struct gateway *g, struct err *e);

#endif
