/* tracer.c -- an exec of who is traced by another process of the sandbox.
 *
 * Only one can trace it, so nobody stops it for us at its first instruction.
 * But what is traced runs on from a stop only when its tracer says so, or ends.
 * So the tracer is stopped itself, all threads of it, by us, from before the
 * answer until the new program was compared; and its tracee gets a signal that
 * it does not block, which stops it on its way out of the call if nothing else
 * does: after an exec before the first instruction, after a failed one before
 * the caller goes on.
 *
 *	FREE --asked--> STOPPING --all its threads stopped--> HELD
 *	  ^		   |				       |
 *	  +-- too slow, or one that is traced, too --+--- nobody needs it --+
 *
 * A tracer that is killed meanwhile stops on its way to its end
 * (PTRACE_O_TRACEEXIT), with its tracee still its own, and nothing brings it
 * from there: that all its threads are stopped means that none can dump core
 * or execute, which alone would let a second SIGKILL through. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clean.h"
#include "base/clock.h"
#include "broker/stop.h"
#include "jail/calls_abi.h"
#include "jail/caps.h"

#define TRACERS_MAX  16
#define THREADS_MAX  64
#define STOPPING_MS  5000
#define OPTIONS	     (PTRACE_O_TRACEEXIT | PTRACE_O_EXITKILL)

struct thread {
	pid_t tid;
	bool stopped;
	bool unwanted;	/* to go on as soon as it has stopped */
	int signo;	/* that it was about to get; 0: none */
};

struct tracer { /* n 0: free */
	pid_t tgid;
	struct thread v[THREADS_MAX];
	unsigned n;
	unsigned users;	/* execs that need it to stand still */
	bool failed;	/* it cannot be held */
	int64_t due;	/* ms */
};

static struct tracer tracers[TRACERS_MAX];

static int64_t
now_ms(void)
{
	return clock_mono().v / 1000;
}

/* A number that /proc/PID/status says in base; -1: nothing. */
static int64_t
status_number(const struct ask *a, pid_t pid, const char *key, int base)
{
	const struct ask who = { .b = a->b, .tid = pid };
	char text[4096];
	const char *at;

	if (caller_text(&who, "status", text, sizeof(text)) <= 0)
		return -1;
	at = strstr(text, key);
	return at == NULL ? -1 : (int64_t)strtoull(at + strlen(key), NULL,
	    base);
}

/* "NUMBER ARGUMENT... SP PC", "-1 SP PC", or "running". */
static ssize_t
read_syscall(const struct ask *who, char *text, size_t cap)
{
	char path[32];
	CLEAN_FD int fd = -1;
	ssize_t n = -1;

	(void)snprintf(path, sizeof(path), "%d/syscall", (int)who->tid);
	fd = openat(who->b->proc, path, O_RDONLY | O_CLOEXEC);
	if (fd == -1 || caps_ptrace(true) == -1)
		return -1;
	n = read(fd, text, cap - 1);
	if (caps_ptrace(false) == -1)
		_exit(1); /* all that follows would have it */
	text[n > 0 ? n : 0] = '\0';
	return n;
}

/* t: stopped for its tracer. */
static char
state_of(const struct ask *who)
{
	char text[1024];
	const char *at = caller_text(who, "stat", text, sizeof(text)) <= 0 ?
	    NULL : strrchr(text, ')'); /* the name may hold anything */

	return at != NULL && at[1] == ' ' ? at[2] : 'X';
}

static struct thread *
find(pid_t tid, struct tracer **of)
{
	for (unsigned i = 0; i < TRACERS_MAX; i++)
		for (unsigned k = 0; k < tracers[i].n; k++)
			if (tracers[i].v[k].tid == tid) {
				*of = &tracers[i];
				return &tracers[i].v[k];
			}
	return NULL;
}

bool
tracer_is_held(const struct ask *a)
{
	char path[64];
	struct stat st;

	for (unsigned i = 0; i < TRACERS_MAX; i++) {
		if (tracers[i].n == 0)
			continue;
		(void)snprintf(path, sizeof(path), "%d/task/%d",
		    (int)tracers[i].tgid, (int)a->tid);
		if (fstatat(a->b->proc, path, &st, 0) == 0)
			return true;
	}
	return false;
}

/* ---- stopping it ---- */

/* In a call (vfork, which lasts until its child has executed; or it waits for
 * us) it does nothing to its tracee, and it stops when it comes back; unless
 * the call is what does it, or makes another thread. */
static bool
is_in_call(const struct broker *b, pid_t tid)
{
	const struct ask who = { .b = (struct broker *)(uintptr_t)b,
		.tid = tid };
	uint64_t first = 0;
	char text[512];
	long number = -1;

	if (read_syscall(&who, text, sizeof(text)) <= 0 ||
	    sscanf(text, "%ld %" SCNx64, &number, &first) != 2 ||
	    number < 0 || number == SYS_ptrace || number == SYS_clone3)
		return false;
	return number != SYS_clone || (first & CLONE_THREAD) == 0;
}

/* One that was killed in its stop is on its way to the next. */
static bool
stands(const struct broker *b, const struct thread *th)
{
	const struct ask who = { .b = (struct broker *)(uintptr_t)b,
		.tid = th->tid };

	return th->stopped ? state_of(&who) == 't' : is_in_call(b, th->tid);
}

static bool
is_still(const struct broker *b, const struct tracer *t)
{
	for (unsigned i = 0; i < t->n; i++)
		if (!stands(b, &t->v[i]))
			return false;
	return t->n > 0;
}

static void
let_go(struct tracer *t)
{
	for (unsigned i = 0; i < t->n;) {
		struct thread *th = &t->v[i];

		if (!th->stopped) {
			th->unwanted = true; /* tracer_on() lets it go */
			i++;
			continue;
		}
		(void)stop_trace(PTRACE_DETACH, th->tid, th->signo);
		*th = t->v[--t->n];
	}
}

/* One that ends is nothing to hold. */
static int
seize(struct tracer *t, pid_t tid)
{
	if (t->n == THREADS_MAX)
		return -EAGAIN;
	if (stop_trace(PTRACE_SEIZE, tid, OPTIONS) == -1)
		return errno == ESRCH ? 0 : -errno;
	t->v[t->n++] = (struct thread){ .tid = tid };
	(void)stop_trace(PTRACE_INTERRUPT, tid, 0);
	return 0;
}

/* All that are not yet. */
static int
seize_all(const struct ask *a, struct tracer *t)
{
	char path[32];
	const struct dirent *ent;
	struct tracer *of;
	int fd, rc = 0;
	DIR *d;

	(void)snprintf(path, sizeof(path), "%d/task", (int)t->tgid);
	fd = openat(a->b->proc, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	d = fd == -1 ? NULL : fdopendir(fd);
	if (d == NULL) {
		fd_close(&fd);
		return -ESRCH;
	}
	while (rc == 0 && (ent = readdir(d)) != NULL) {
		pid_t tid = (pid_t)atoi(ent->d_name);

		if (tid > 0 && find(tid, &of) == NULL)
			rc = seize(t, tid);
	}
	(void)closedir(d);
	return rc;
}

/* None that it made before it stood still is missing. */
static bool
is_all(const struct ask *a, struct tracer *t)
{
	const unsigned n = t->n;

	return seize_all(a, t) == 0 && t->n == n;
}

static struct tracer *
find_process(pid_t tgid)
{
	for (unsigned i = 0; i < TRACERS_MAX; i++)
		if (tracers[i].n > 0 && tracers[i].tgid == tgid)
			return &tracers[i];
	return NULL;
}

static struct tracer *
add(pid_t tgid)
{
	for (unsigned i = 0; i < TRACERS_MAX; i++)
		if (tracers[i].n == 0) {
			tracers[i] = (struct tracer){ .tgid = tgid,
				.due = now_ms() + STOPPING_MS };
			return &tracers[i];
		}
	return NULL;
}

/* ---- the question ---- */

/* One that is not blocked, and does nothing to who does not wait for it. */
static int
harmless_signal(const struct ask *a)
{
	static const int signals[] = { SIGURG, SIGWINCH, SIGCHLD };
	uint64_t blocked = (uint64_t)status_number(a, a->tid, "\nSigBlk:\t",
	    16);

	for (size_t i = 0; i < sizeof(signals) / sizeof(*signals); i++)
		if ((blocked & UINT64_C(1) << (signals[i] - 1)) == 0)
			return signals[i];
	return 0;
}

/* The tracer, all of whose threads stand still; NULL and -errno, or what it is
 * to wait for: *rc is HELD then. */
static struct tracer *
stand_still(const struct ask *a, pid_t tgid, long *rc)
{
	struct tracer *t = find_process(tgid);

	*rc = HELD;
	if (stop_is_going(a->b, tgid))
		return NULL; /* it executes itself */
	*rc = -EPERM;
	if (t == NULL)
		t = add(tgid);
	if (t == NULL || t->failed)
		return NULL;
	if (t->n > 0 && t->v[0].unwanted)
		t->due = now_ms() + STOPPING_MS;
	for (unsigned i = 0; i < t->n; i++)
		t->v[i].unwanted = false;
	if (seize_all(a, t) != 0) {
		t->failed = true;
		if (t->users == 0)
			let_go(t);
		stop_wake_soon();
		return NULL;
	}
	*rc = t->n == 0 ? -ESRCH : HELD;
	return is_still(a->b, t) && is_all(a, t) ? t : NULL;
}

long
tracer_take(const struct ask *a, struct traced *out)
{
	const pid_t tid = (pid_t)status_number(a, a->tid, "\nTracerPid:\t",
	    10);
	struct tracer *t;
	pid_t tgid;
	long rc;

	*out = (struct traced){ .tracer = 0 };
	if (tid == getpid())
		return HELD; /* we are, for its own tracee's sake */
	if (tid <= 0 || caller_threads(a) != 1)
		return -EPERM;
	tgid = (pid_t)status_number(a, tid, "\nTgid:\t", 10);
	t = tgid <= 0 ? NULL : stand_still(a, tgid, &rc);
	if (t == NULL)
		return tgid <= 0 ? -EPERM : rc;
	/* what is asked of a tracee stays true as long as it is held */
	out->signo = harmless_signal(a);
	if (status_number(a, a->tid, "\nTracerPid:\t", 10) != tid ||
	    out->signo == 0 || !caller_waits(a))
		return -EPERM;
	t->users++;
	out->tracer = tgid;
	return 0;
}

void
tracer_release(pid_t tgid)
{
	struct tracer *t = find_process(tgid);

	if (t != NULL && t->users > 0 && --t->users == 0)
		let_go(t);
}

/* ---- what becomes of it ---- */

/* One that nobody waits for any more goes on. */
static void
look(const struct broker *b, struct tracer *t)
{
	if (!t->failed && !is_still(b, t))
		return;
	stop_wake();
	if (t->users == 0)
		let_go(t);
}

static void
on_stop(struct tracer *t, struct thread *th, int status)
{
	const int signo = status >> 16 != 0 ? 0 : WSTOPSIG(status);

	if (th->unwanted) {
		(void)stop_trace(PTRACE_DETACH, th->tid, signo);
		*th = t->v[--t->n];
		return;
	}
	th->stopped = true;
	th->signo = signo;
}

bool
tracer_on(const struct broker *b, pid_t pid, int status)
{
	struct tracer *t;
	struct thread *th = find(pid, &t);

	if (th == NULL)
		return false;
	if (WIFSTOPPED(status)) {
		on_stop(t, th, status);
	} else { /* no kernel lets one end that stands still; should it */
		*th = t->v[--t->n];
		if (t->users > 0)
			stop_untraced(t->tgid);
	}
	if (t->n > 0)
		look(b, t);
	else
		stop_wake();
	return true;
}

static bool
is_stopping(const struct tracer *t)
{
	return t->n > 0 && t->users == 0 && !t->failed && !t->v[0].unwanted;
}

bool
tracer_is_stopping(void)
{
	for (unsigned i = 0; i < TRACERS_MAX; i++)
		if (is_stopping(&tracers[i]))
			return true;
	return false;
}

void
tracer_tick(const struct broker *b)
{
	for (unsigned i = 0; i < TRACERS_MAX; i++) {
		struct tracer *t = &tracers[i];

		if (!is_stopping(t))
			continue;
		t->failed = now_ms() >= t->due;
		look(b, t);
	}
}

/* ---- the tracee ---- */

enum tracee_at
tracee_look(const struct ask *who, unsigned path_index, struct tracee *out)
{
	char text[512];
	uint64_t v[8];
	const char state = state_of(who);
	long number;
	int n;

	if (state == 'X' || state == 'Z')
		return TRACEE_GONE;
	if (state != 't' || read_syscall(who, text, sizeof(text)) <= 0)
		return TRACEE_RUNS;
	n = sscanf(text, "%ld %" SCNx64 " %" SCNx64 " %" SCNx64 " %" SCNx64
	    " %" SCNx64 " %" SCNx64 " %" SCNx64 " %" SCNx64, &number, &v[0],
	    &v[1], &v[2], &v[3], &v[4], &v[5], &v[6], &v[7]);
	if (n != 3 && n != 9)
		return TRACEE_RUNS;
	out->path = n == 9 ? v[path_index] : 0;
	out->sp = n == 9 ? v[6] : v[0];
	return TRACEE_STOPPED;
}
