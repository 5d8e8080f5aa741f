/* session.h -- one program in the sandbox and the person, if any, who is
 * attached to it.  Bytes flow through fixed buffers with back-pressure both
 * ways; nobody who does not read can make us hold more, or lose any. */
#ifndef SUPERVISOR_SESSION_H
#define SUPERVISOR_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "loop/loop.h"
#include "msg/body.h"
#include "msg/chan.h"
#include "supervisor/replay.h"

struct supervisor;

#define CHUNK_BYTES 65536 /* of ATTACH_OUT; what a pipe holds at most */

enum session_state {
	SESSION_FREE,
	SESSION_SPAWNING,	/* init was asked */
	SESSION_RUNNING,
	SESSION_ENDING,		/* leader ended; output still to be passed on */
};

struct stream { /* from the program to the person */
	int fd;
	struct loop_io io;
	enum msg_type type;	/* ATTACH_OUT or ATTACH_ERR */
	char *hold;		/* a chunk that did not go out yet, or NULL */
	size_t held;
	size_t drained;		/* since the leader ended */
	bool ended;
	struct session *session;
};

struct session {
	enum session_state state;
	struct supervisor *s;
	uint32_t number;	/* 0: the main one */
	uint32_t reply_id;	/* of the gateway's request */
	bool tty, asked;	/* asked: the gateway waits for SESSION_REPLY */
	uint32_t timeout_s;
	bool timed_out, hung_up;

	struct stream out, err;	/* with a terminal only out */
	int in;			/* to the program; the terminal's own fd */
	struct loop_io in_io;
	struct buf pending;	/* typed, not yet taken by the program */
	bool in_ended;		/* the person said so; after pending */

	struct chan person;	/* fd -1: nobody */
	struct loop_io person_io;
	bool closing;		/* ATTACH_ENDED waits for room */

	struct replay replay;	/* main only */
	size_t replay_left;	/* of it, not yet shown to the person */
	struct outcome outcome;
	struct loop_timer timeout;
};

/* Takes a free row; NULL when all are in use. */
struct session *session_new(struct supervisor *s, uint32_t number, bool tty);
struct session *session_find(struct supervisor *s, uint32_t number);
/* Pipes for the program (fds[3], the caller's) unless it has a terminal.
 * stdin_open: a person may type; else it reads the null device. */
int session_pipes(struct session *x, bool stdin_open, int fds[3],
    struct err *e);
/* A terminal of the sandbox's own devpts; *slave is the caller's. */
int session_terminal(struct session *x, int pts, uint16_t rows,
    uint16_t cols, int *slave, struct err *e);
/* Init started it. */
int session_running(struct session *x, struct err *e);
void session_exited(struct session *x, int status);
void session_failed(struct session *x, const char *reason);
/* Somebody attaches (fd becomes ours); whoever was there is let go. */
int session_attach(struct session *x, int fd, uint16_t rows, uint16_t cols,
    struct err *e);
/* Everything inside is dead, and this is why. */
void session_lost(struct session *x, const struct outcome *o);
/* Says how it ended to the person; lets go once that is sent. */
void session_close(struct session *x, const struct outcome *o);
/* True when nothing of it is left to pass on. */
bool session_idle(const struct session *x);

#endif
