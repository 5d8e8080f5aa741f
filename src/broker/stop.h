/* stop.h -- an exec that was allowed, until it runs. */
#ifndef BROKER_STOP_H
#define BROKER_STOP_H

#include "broker/program.h"

/* p: what may run, NULL: nothing may, it is no program. What a handler
 * returns. */
long stop_let_go(const struct ask *a, const struct program *p);
/* Those that are let go without our tracing them: 1 or -1. */
int stop_wait_ms(void);
void stop_tick(struct broker *b);
/* Does a thread of that process execute? */
bool stop_is_going(const struct broker *b, pid_t tgid);
/* What waited for another exec, or for a tracer, is asked anew. */
void stop_wake(void);
void stop_wake_soon(void);	/* the same, behind this question */
/* Their tracer has ended: they may be running. */
void stop_untraced(pid_t tracer);
/* ptrace(2), with CAP_SYS_PTRACE if it takes that. */
long stop_trace(int what, pid_t pid, long data);
/* What waitpid(2) says of a process that is no child of ours. false: it is
 * not one of those either. */
bool stop_on(struct broker *b, pid_t pid, int status);

/* ---- loaded.c: what the kernel is to load, and did. */

struct loaded { /* expected */
	bool nothing;		/* it is no program */
	dev_t dev;
	ino_t ino;
	bool hashed;		/* may be written by who asks: look again */
	unsigned char hash[SHA256_BYTES];
	bool has_loader;
	dev_t loader_dev;	/* as maps say, which differs from stat */
	ino_t loader_ino;
	bool has_args;
	uint32_t argc, nenv;
	size_t len;		/* of the arguments and the environment */
	bool read;		/* a helper found this in it */
	unsigned char found[SHA256_BYTES];
	char *bytes;		/* if they are short; else their hash */
	unsigned char args_hash[SHA256_BYTES];
};

/* 0 or -errno. */
int loaded_expect(const struct ask *a, const struct program *p,
    struct loaded *out);
void loaded_fini(struct loaded *l);
/* What it loaded, open for reading, if its content is to be compared and takes
 * long to read; or -1. And what that is (NULL: it could not be read). */
int loaded_large(struct broker *b, pid_t pid, const struct loaded *l);
void loaded_read(struct loaded *l, const unsigned char *hash);
/* Where its stack is, of one that we trace and that is stopped. */
bool loaded_stack(pid_t pid, uint64_t *sp);
/* In the stop after an exec. NULL: it is what was expected; or what is not. */
const char *loaded_compare(struct broker *b, pid_t pid, uint64_t sp,
    const struct loaded *l);

/* What stands at a place in a process's memory, as its maps say. */
bool mapped_at(struct broker *b, pid_t pid, uint64_t at, dev_t *dev,
    ino_t *ino);

/* ---- mapped.c */

/* May what pid has loaded be changed while it runs? */
bool mapped_for_writing(struct broker *b, pid_t pid);

/* ---- tracer.c: an exec of who is traced by another. */

struct traced {
	pid_t tracer;	/* its process; 0: nobody */
	int signo;	/* with which the caller stops */
};

/* 0: its tracer stands still until tracer_release(). HELD: it will. -EPERM: it
 * cannot be made to. */
long tracer_take(const struct ask *a, struct traced *out);
void tracer_release(pid_t tracer);
/* Is the caller one that is to stand still? */
bool tracer_is_held(const struct ask *a);
/* What waitpid(2) says of a thread. */
bool tracer_on(const struct broker *b, pid_t pid, int status);
bool tracer_is_stopping(void);	/* look again in a moment */
void tracer_tick(const struct broker *b);
/* Where is it? A tracee that somebody else traces. */
enum tracee_at {
	TRACEE_RUNS,		/* not stopped, or not yet */
	TRACEE_GONE,
	TRACEE_STOPPED,
};
struct tracee {
	uint64_t path;	/* as it was given to the call; an exec sets it to 0 */
	uint64_t sp;
};
enum tracee_at tracee_look(const struct ask *who, unsigned path_index,
    struct tracee *out);

#endif
