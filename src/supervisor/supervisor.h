/* supervisor.h -- one sandbox: its processes, its sessions, its end.
 *
 *	STARTING --init ready, egress ready, main runs--> UP
 *	   |                                              |
 *	   |  cannot be enforced                          | main ended, stop,
 *	   |                                              | egress or init died
 *	   +-----------------> ENDING <-------------------+
 *			          | everything inside is dead and reaped
 *			        OVER: outcome written, gateway told, exit
 *
 * Only life_enter() writes the state. */
#ifndef SUPERVISOR_SUPERVISOR_H
#define SUPERVISOR_SUPERVISOR_H

#include <stdbool.h>
#include <stdint.h>

#include "audit/sender.h"
#include "base/arena.h"
#include "base/paths.h"
#include "jail/box.h"
#include "loop/loop.h"
#include "msg/body.h"
#include "msg/chan.h"
#include "supervisor/session.h"

struct image;

enum life { LIFE_STARTING, LIFE_UP, LIFE_ENDING, LIFE_OVER };

struct supervisor {
	struct loop *loop;
	enum life life;

	struct arena arena;		/* holds spec and env */
	struct box_spec spec;
	char **env;			/* the sandbox's whole environment */
	int dir;			/* BOX_FD_DIR */
	struct image *image;		/* as it was at the start */
	uint64_t generation;		/* that egress has acknowledged */

	struct chan gateway;		/* fd -1: away */
	struct loop_io gateway_io;
	int listen;			/* for the next gateway */
	struct loop_io listen_io;
	struct audit_sender audit;

	struct chan egress;
	struct loop_io egress_io;
	struct loop_child egress_child;
	bool egress_ready, egress_dead;

	struct chan init;
	struct loop_io init_io;
	struct loop_child init_child;
	struct box box;
	bool init_dead;
	/* From stage one, while they are of use: egress's ways in, files that
	 * egress's certificate goes to, and the devpts for terminals. */
	int ways[LISTEN_FD_COUNT];
	int pts, diag;			/* diag: until the finder has it */
	int trust_fds[3];		/* READY_FD_CA ... READY_FD_TRUST */
	struct places places;
	struct paths paths;

	enum gate gate;			/* what the broker is asked, if any */
	int image_fd;			/* until the broker has it */
	struct chan broker;
	struct loop_io broker_io;
	char broker_why[ERR_BYTES_MAX];	/* what it said before it died */

	struct chan finder;		/* whose connection is it */
	struct loop_io finder_io;

	struct session sessions[SESSION_COUNT_MAX]; /* 0: the main one */
	uint32_t next_session;

	struct outcome outcome;
	bool has_outcome;
	struct loop_timer start_timer, stop_timer, end_timer, ping_timer;
	unsigned pings;		/* to the broker, unanswered */
	unsigned char in[MSG_BYTES_MAX + CHAN_HEAD_BYTES];
	unsigned char out[MSG_BYTES_MAX];
};

/* life.c */
void life_enter(struct supervisor *s, enum life to);
/* Ends the sandbox: the first reason counts. */
void life_end(struct supervisor *s, enum outcome_kind kind, int code,
    const char *fmt, ...) PRINTF(4, 5);
void life_stop(struct supervisor *s, uint32_t grace_ms);
void life_started(struct supervisor *s);	/* the main process runs */
void life_try_over(struct supervisor *s);	/* all dead and flushed? */

/* start.c: everything that happens before the jail. */
int start_receive(struct supervisor *s, struct err *e);
int start_processes(struct supervisor *s, struct err *e);

/* control.c */
int control_watch(struct supervisor *s, struct err *e);
void control_say(struct supervisor *s, enum msg_type t, uint32_t id,
    const struct wbuf *w);
void control_reply(struct supervisor *s, enum msg_type t, uint32_t id,
    bool ok, uint64_t number, const char *reason);

/* outside.c: egress and the finder. */
int outside_watch(struct supervisor *s, struct err *e);
bool outside_policy(struct supervisor *s, uint32_t id, uint64_t generation,
    int image);
void outside_audit(struct supervisor *s, int fd);

/* inside.c: init. */
int inside_watch(struct supervisor *s, struct err *e);
/* Stage one's report, before the jail; then what egress is ready for. */
int inside_receive(struct supervisor *s, struct err *e);
void inside_trust(struct supervisor *s, const struct egress_ready *r);
/* A program for the session: its terminal or pipes are made here. */
int inside_start(struct session *x, const struct session_start *w,
    bool stdin_open, struct err *e);
void inside_signal(struct supervisor *s, uint32_t session, int signo);
/* Starts the main process once egress and init are both ready. */
void inside_try_main(struct supervisor *s);

/* gate.c: the broker, when the policy needs one. */
/* Opens its program and its channel for box_clone: *theirs is to be closed
 * afterwards, as *program is. */
int gate_prepare(struct supervisor *s, int *program, int *theirs,
    struct err *e);
int gate_start(struct supervisor *s, struct err *e);
struct reads gate_reads(const struct supervisor *s);
void gate_on_audit(struct audit_sender *audit, void *arg);
int gate_watch(struct supervisor *s, struct err *e);
void gate_unready(struct supervisor *s, const char *reason);
/* Why the process ended that all inside depend on. */
void gate_ended(struct supervisor *s, int status);

/* propose.c */
void propose(struct supervisor *s, const struct msg *m);
void propose_answer(struct supervisor *s, const struct msg *m);
void propose_again(struct supervisor *s);

/* finder.c: a process of its own. Never returns. */
void finder_serve(int fd, int diag, pid_t init_pid) NORETURN;

/* record.c */
void record_life(struct supervisor *s, const char *action, bool good,
    uint32_t code, const char *reason);

#endif
