/* body.h -- the bodies of the messages, as structs; put and get side by side.
 *
 * get_* fill structs whose strings are borrowed from the message (struct str)
 * or copied into fixed arrays; string lists are arrays in the caller's arena
 * of NUL-terminated copies, ended by NULL. All return 0, or -1 for a body
 * that is short, over a limit, or has bytes left. */
#ifndef MSG_BODY_H
#define MSG_BODY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/limits.h"
#include "base/str.h"
#include "msg/use.h"
#include "msg/wire.h"

#define PROTOCOL_VERSION 1 /* of this list; both ends must agree */

struct box_mount {
	char *host, *inside;	/* absolute */
	bool read_only;
};

/* BOX_START. fds: BOX_FD_*; a missing one is not sent from the end on. */
enum { BOX_FD_IMAGE, BOX_FD_AUDIT, BOX_FD_EGRESS_AUDIT, BOX_FD_LISTEN,
	BOX_FD_DIR, BOX_FD_ATTACH };
struct box_spec {
	char id[ID_BYTES_MAX + 1], name[NAME_BYTES_MAX + 1];
	char *dir;		/* the sandbox's own directory on the host:
				 * home/, layer/, outcome; BOX_FD_DIR is it */
	char **argv, **env;	/* of the main process; env as K=V */
	char *workdir;		/* inside; "" is the home */
	struct box_mount *mounts;
	uint32_t nmounts;
	bool tty;
	uint16_t rows, cols;
	uint64_t generation;	/* of the policy image */
	char *resolve;		/* "host[:port]=addr[:port]\n"..., operator's */
	char *upstream_ca;	/* PEM file to trust as well, or "" */
	char *ways;		/* lines for EGRESS_WAYS, or "" */
	int64_t created;	/* wall clock, us: the sandbox, not this run */
	uint32_t approval_s;	/* how long a person may take for an answer */
};
void box_spec_put(struct wbuf *w, const struct box_spec *s);
int box_spec_get(struct rbuf *r, struct arena *a, struct box_spec *s);

/* BOX_HELLO: first on every control channel, also after a reconnect. */
enum box_phase { BOX_STARTING, BOX_UP, BOX_OVER };
struct box_hello {
	uint32_t version;
	char id[ID_BYTES_MAX + 1];
	uint32_t pid;
	enum box_phase phase;
	uint64_t generation;	/* that egress enforces */
};
void box_hello_put(struct wbuf *w, const struct box_hello *h);
int box_hello_get(struct rbuf *r, struct box_hello *h);

/* BOX_ENDED, SESSION end, and ATTACH_ENDED: how a program ended. */
enum outcome_kind { OUTCOME_FAILED, OUTCOME_EXITED, OUTCOME_SIGNALED,
	OUTCOME_STOPPED, OUTCOME_DETACHED };
struct outcome {
	enum outcome_kind kind;
	int32_t code;		/* exit code, or signal number */
	char reason[ERR_BYTES_MAX];	/* for FAILED: what and why */
};
void outcome_put(struct wbuf *w, const struct outcome *o);
int outcome_get(struct rbuf *r, struct outcome *o);

struct box_stop {
	uint32_t grace_ms;	/* SIGTERM, then after this SIGKILL; 0: at once */
};
void box_stop_put(struct wbuf *w, const struct box_stop *s);
int box_stop_get(struct rbuf *r, struct box_stop *s);

/* SESSION_START (an exec beside the main process) and INIT_SPAWN. */
struct session_start {
	uint32_t session;	/* 0 is the main process */
	char **argv, **env;	/* env: added to the sandbox's own for exec;
				 * the whole of it for INIT_SPAWN */
	char *workdir;
	bool tty;
	uint16_t rows, cols;
	uint32_t timeout_s;	/* 0: none */
};
void session_start_put(struct wbuf *w, const struct session_start *s);
int session_start_get(struct rbuf *r, struct arena *a,
    struct session_start *s);

struct session_attach { /* joins the main process: replay, then live */
	uint16_t rows, cols;
};
void session_attach_put(struct wbuf *w, const struct session_attach *s);
int session_attach_get(struct rbuf *r, struct session_attach *s);

/* SESSION_REPLY, POLICY_ACK, BOX_RUNNING: done, or why not. */
struct reply {
	bool ok;
	uint64_t number;	/* session, or policy generation */
	char reason[ERR_BYTES_MAX];
};
void reply_put(struct wbuf *w, const struct reply *p);
int reply_get(struct rbuf *r, struct reply *p);

struct window { /* ATTACH_RESIZE */
	uint16_t rows, cols;
};
void window_put(struct wbuf *w, const struct window *v);
int window_get(struct rbuf *r, struct window *v);

struct signal_msg { /* ATTACH_SIGNAL, INIT_SIGNAL */
	uint32_t session;
	int32_t signo;
};
void signal_put(struct wbuf *w, const struct signal_msg *v);
int signal_get(struct rbuf *r, struct signal_msg *v);

struct policy_set {
	uint64_t generation;
};
void policy_set_put(struct wbuf *w, const struct policy_set *p);
int policy_set_get(struct rbuf *r, struct policy_set *p);

/* EGRESS_LISTEN: the proxy's listener, and all of the others or none. */
enum { LISTEN_FD_PROXY, LISTEN_FD_DIRECT, LISTEN_FD_NAMES,
	LISTEN_FD_NAMES_TCP, LISTEN_FD_DROPPED, LISTEN_FD_COUNT };

/* EGRESS_START. fds: the image, the audit channel, the upstream CA file
 * (optional). */
enum { EGRESS_FD_IMAGE, EGRESS_FD_AUDIT, EGRESS_FD_CA };
struct egress_start {
	char id[ID_BYTES_MAX + 1], name[NAME_BYTES_MAX + 1];
	uint64_t generation;
	struct str resolve;
};
void egress_start_put(struct wbuf *w, const struct egress_start *s);
int egress_start_get(struct rbuf *r, struct egress_start *s);

/* EGRESS_WAYS, one line of box_spec.ways each:
 *
 *	proxy HOST:PORT		all that leaves goes through it
 *	by address|name|unchecked_name	it is asked for
 *	except HOST[:PORT]|.HOST[:PORT]|ADDRESS[:PORT]|RANGE
 *	credentials FILE	for it
 *	server HOST[:PORT]	whose own are the files that follow:
 *	ca FILE
 *	certificate FILE
 *	key FILE
 */
#define WAYS_BYTES_MAX	65536
#define WAYS_EXCEPT_MAX 64
#define WAYS_SERVER_MAX 64
#define WAYS_SECRET_MAX 1024 /* USER:PASSWORD */

/* BROKER_START. fds: the image. */
struct broker_mount {
	char *inside;
	uint32_t access;	/* FILE_MOUNTED, and what the operator's word
				 * gives there, of enum file_access: nothing
				 * where the policy has rules for it */
};
struct broker_start {
	char **env;		/* of the operator's processes; ends in NULL */
	struct broker_mount *mounts;
	uint32_t nmounts;
	int64_t created;	/* as in BOX_START */
	uint32_t approval_s;
};
void broker_start_put(struct wbuf *w, const struct broker_start *s);
int broker_start_get(struct rbuf *r, struct arena *a, struct broker_start *s);

/* BROKER_EVENT: what the log is to hear. count is the first field, so that a
 * repeated event is the same bytes but for it. */
struct broker_event {
	uint32_t count;		/* how many times */
	bool allowed;		/* by the rules, or the mode let it pass */
	bool judged;		/* the rules allow it */
	bool write;
	uint32_t pid;		/* inside the sandbox */
	struct str path, exe, rule, reason;
	struct str profile;	/* that it is under, by name; or empty */
};
#define BROKER_COMMAND_BYTES_MAX 4096
#define BROKER_CALLERS_BYTES_MAX 512
#define BROKER_EXEC_SAME 8	/* behind it, what happens again is the same */
struct broker_exec { /* BROKER_EXEC: the same of a command */
	uint32_t count;
	bool allowed;		/* also where the mode let it pass */
	bool judged;		/* what the policy says */
	uint32_t pid;		/* inside the sandbox */
	struct str path;	/* of what was to be executed */
	struct str command;	/* with its arguments; secrets are masked */
	struct str callers;	/* paths, nearest first, ", " between them */
	struct str rule, reason;
	struct str profile;	/* that it is under, or would be; or empty */
};
void broker_exec_put(struct wbuf *w, const struct broker_exec *v);
int broker_exec_get(struct rbuf *r, struct broker_exec *v);
void broker_event_put(struct wbuf *w, const struct broker_event *v);
int broker_event_get(struct rbuf *r, struct broker_event *v);

struct egress_ready {
	struct str ca_pem;	/* the sandbox's certificate authority */
	struct str truststore;	/* the same for Java */
};
void egress_ready_put(struct wbuf *w, const struct egress_ready *s);
int egress_ready_get(struct rbuf *r, struct egress_ready *s);

/* WHO_ASK: who in the sandbox holds the TCP connection from this port of
 * 127.0.0.1 (or ::1) to egress's listener? msg.id pairs the reply. */
struct who_ask { /* the connection from 127.0.0.1 port to there */
	bool profiles;		/* are asked for, too: of all who hold it */
	uint16_t port;
	uint32_t there;		/* as a number */
	uint16_t there_port;
	uint8_t proto;		/* 0; else the socket of that protocol (of IP)
				 * that is bound to port, and there is none */
};
void who_ask_put(struct wbuf *w, const struct who_ask *q);
int who_ask_get(struct rbuf *r, struct who_ask *q);

/* PROPOSAL_PUT: something waits for a person's word. Whoever says it may say
 * it again; what has the same kind and subject is the same proposal. All of it
 * but kind and subject is for people, and some of it is the agent's text. */
enum proposal_kind { /* as stored: never renumber */
	PROPOSAL_CODE,		/* code made in the sandbox; its SHA-256 */
	PROPOSAL_KIND_COUNT
};
#define PROPOSAL_SUBJECT_BYTES_MAX 96
#define PROPOSAL_HEAD_BYTES_MAX	   2048
#define PROPOSAL_ARGS_BYTES_MAX	   1024
#define PROPOSAL_CHAIN_MAX	   8
struct proposal {
	enum proposal_kind kind;
	struct str subject;	/* "sha256:" and 64 hex digits */
	struct str path;	/* of the file */
	uint64_t size;
	uint32_t pid;		/* inside the sandbox */
	struct str args;	/* what was to be executed, for people */
	struct str head;	/* the file's first bytes */
	struct str reason;	/* why a person is asked */
	uint32_t n;
	struct str chain[PROPOSAL_CHAIN_MAX]; /* who asks, then its parents */
};
void proposal_put(struct wbuf *w, const struct proposal *p);
int proposal_get(struct rbuf *r, struct proposal *p);

/* PROPOSAL_OVER: nobody waits for it any more. PROPOSAL_ANSWER: a person's
 * word; allow false also takes back what was allowed before. */
struct proposal_over {
	enum proposal_kind kind;
	struct str subject;
	bool late;		/* the time was over, else who waited is gone */
};
void proposal_over_put(struct wbuf *w, const struct proposal_over *p);
int proposal_over_get(struct rbuf *r, struct proposal_over *p);

struct proposal_answer {
	enum proposal_kind kind;
	struct str subject;
	bool allow, once;	/* once: one of those that wait, no more */
	int64_t until;		/* wall clock, us; 0: no end */
	struct str reason;	/* for the agent, on a refusal */
};
void proposal_answer_put(struct wbuf *w, const struct proposal_answer *p);
int proposal_answer_get(struct rbuf *r, struct proposal_answer *p);

#define WHO_CHAIN_MAX 16
#define WHO_HASH_BYTES 65
struct who { /* WHO_REPLY; chain[0] is the holder, then its ancestors */
	bool known;
	uint32_t pid;		/* inside the sandbox */
	uint32_t n;
	struct str chain[WHO_CHAIN_MAX];	/* executables, borrowed */
	uint32_t common;	/* of chain, as bits: those that are in the
				 * chain of every process that holds it */
	bool others;		/* processes of other programs hold it, too */
	char sha256[WHO_HASH_BYTES]; /* of chain[0], hexadecimal; "": not
				 * known (yet) */
	char reason[256];	/* not known, or not to be relied on: why */
	bool tagged;		/* all who hold it were found */
	uint64_t profiles;	/* then: that any of them is under */
};
void who_put(struct wbuf *w, const struct who *v);
int who_get(struct rbuf *r, struct who *v);

void rates_use_put(struct wbuf *w, const struct rates_use *u);
int rates_use_get(struct rbuf *r, struct rates_use *u);

/* INIT_SPAWN fds: the terminal's slave side if tty, else standard input,
 * output and error. The supervisor opens the terminal itself, in the
 * sandbox's devpts, so that no descriptor it reads was made inside. */
struct spawned {
	uint32_t session;
	uint32_t pid;		/* inside */
	int32_t error;		/* errno of what failed, 0: running */
	char what[128];
};
void spawned_put(struct wbuf *w, const struct spawned *s);
int spawned_get(struct rbuf *r, struct spawned *s);

struct exited {
	uint32_t session;
	int32_t status;		/* as waitpid(2) */
};
void exited_put(struct wbuf *w, const struct exited *s);
int exited_get(struct rbuf *r, struct exited *s);

struct audit_hello { /* who speaks on this channel from now on */
	uint32_t role;
	char id[ID_BYTES_MAX + 1], name[NAME_BYTES_MAX + 1]; /* sandbox or "" */
};
void audit_hello_put(struct wbuf *w, const struct audit_hello *h);
int audit_hello_get(struct rbuf *r, struct audit_hello *h);

#endif
