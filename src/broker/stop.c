/* stop.c -- between a decision and the program's first instruction.
 *
 * The kernel executes, nobody can for another: it reads path and arguments
 * once more, and looks the files up again. So who may execute is traced from
 * before the answer (PTRACE_SEIZE) until the stop that the kernel makes when
 * all of the new program is there and none of it has run. What is loaded is
 * compared with what was judged; what is not that is killed.
 *
 *	ASKED --let go--> GOING --PTRACE_EVENT_EXEC--> compared, detached
 *			    |	                        or killed
 *			    +--any other stop--> the exec failed: detached
 *			    +--its end
 *
 * An exec that fails makes no stop of its own. So with the answer goes a
 * request for one (PTRACE_INTERRUPT), which is due at the latest when the
 * call returns: nothing stays traced.
 *
 * Of one process only one thread is let go on at a time, the others' questions
 * are held: to seize a thread takes a lock that an exec holds while it waits
 * for the process's other threads to be gone, which, traced, wait for us. */
#include "broker/stop.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "base/clean.h"
#include "base/limits.h"
#include "base/must.h"
#include "broker/command.h"
#include "jail/calls_abi.h"
#include "jail/caps.h"
#include "policy/exec.h"

/* Should we die while a program waits to begin, the kernel would let it go
 * before it ends all that is in our namespace. */
#define OPTIONS (PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL)

#define GOING_MAX BOX_PIDS_MAX /* as many as there can be */

struct going {
	pid_t tid;
	bool open;		/* the mode blocks nothing: only tell */
	struct loaded loaded;
};

static struct {
	struct going v[GOING_MAX];
	unsigned n;
	uint64_t waiting[GOING_MAX];	/* held questions */
	unsigned nwaiting;
} stop;

static long
trace(enum __ptrace_request what, pid_t pid, long data)
{
	long rc = ptrace(what, pid, 0L, data);

	if (rc != -1 || errno != EPERM || caps_ptrace(true) == -1)
		return rc;
	rc = ptrace(what, pid, 0L, data);
	(void)caps_ptrace(false);
	return rc;
}

static struct going *
find(pid_t tid)
{
	for (unsigned i = 0; i < stop.n; i++)
		if (stop.v[i].tid == tid)
			return &stop.v[i];
	return NULL;
}

/* What waited for another thread is asked anew. */
static void
gone(struct going *g)
{
	uint64_t ids[GOING_MAX];
	const unsigned n = stop.nwaiting;

	loaded_fini(&g->loaded);
	*g = stop.v[--stop.n];
	memcpy(ids, stop.waiting, n * sizeof(*ids));
	stop.nwaiting = 0;
	for (unsigned i = 0; i < n; i++)
		hold_again(ids[i]);
}

/* ---- before ---- */

static bool
is_sibling(const struct ask *a, pid_t tid)
{
	char path[64];
	struct stat st;

	(void)snprintf(path, sizeof(path), "%d/task/%d", (int)tid,
	    (int)a->tid);
	return fstatat(a->b->proc, path, &st, 0) == 0;
}

static bool
must_wait(const struct ask *a)
{
	for (unsigned i = 0; i < stop.n; i++)
		if (is_sibling(a, stop.v[i].tid))
			return true;
	return stop.n == GOING_MAX;
}

static long
wait_for_others(const struct ask *a)
{
	long rc;

	if (stop.nwaiting == GOING_MAX)
		return -EAGAIN;
	rc = hold(a);
	if (rc == HELD)
		stop.waiting[stop.nwaiting++] = a->id;
	return rc;
}

static void
interrupt(pid_t tid)
{
	/* if it has ended meanwhile, that will be told */
	(void)trace(PTRACE_INTERRUPT, tid, 0);
}

static void
go(const struct ask *a)
{
	struct seccomp_notif_resp r = { .id = a->id,
		.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE };

	/* if the number is not the caller's any more, or it was killed, then
	 * the stop that is asked for lets it go */
	if (caller_waits(a))
		(void)ioctl(a->b->listener, SECCOMP_IOCTL_NOTIF_SEND, &r);
	interrupt(a->tid);
}

/* Whoever traces it could change it at any time. Where only files are judged
 * it could read another's code in that way, and debuggers start programs so;
 * where commands are, nothing runs that was not compared. (Of one that has
 * threads another may be seized next, which then waits for this exec.) */
static long
refuse_traced(const struct ask *a, const struct program *p)
{
	struct exec_answer v = { .verdict = VERDICT_DENY,
		.judged = VERDICT_DENY };

	if (judge_is_open(a) || (!image_has_commands(a->image) &&
		caller_threads(a) == 1))
		return LET_GO;
	(void)snprintf(v.reason, sizeof(v.reason), "it is being traced, so "
	    "what it would execute cannot be verified: let the tracer attach "
	    "to it afterwards");
	if (p != NULL)
		event_exec(a, p, &v);
	return -EACCES;
}

long
stop_let_go(const struct ask *a, const struct program *p)
{
	struct loaded l;
	int rc = loaded_expect(a, p, &l);

	if (rc == 0 && must_wait(a)) {
		loaded_fini(&l);
		return wait_for_others(a);
	}
	if (rc == 0 && p != NULL)
		rc = profile_enter(a, p->profiles);
	if (rc == 0 && trace(PTRACE_SEIZE, a->tid, OPTIONS) == -1)
		rc = -errno;
	if (rc != 0) {
		loaded_fini(&l);
		return rc == -EPERM ? refuse_traced(a, p) : rc;
	}
	stop.v[stop.n++] = (struct going){ .tid = a->tid,
		.open = judge_is_open(a), .loaded = l };
	go(a);
	return ANSWERED;
}

/* ---- after ---- */

static void
kill_it(pid_t pid)
{
	CLEAN_FD int fd = (int)syscall(NR_PIDFD_OPEN, pid, 0);

	if (fd == -1 || syscall(NR_PIDFD_SEND_SIGNAL, fd, SIGKILL, NULL, 0) ==
	    -1)
		must(errno == ESRCH); /* else it would run */
}

static void
let_go(pid_t pid, int signo)
{
	(void)trace(PTRACE_DETACH, pid, signo); /* or it was killed */
}

static void
on_exec(struct broker *b, pid_t pid)
{
	unsigned long former = 0;
	struct going *g;
	const char *bad;

	if (ptrace(PTRACE_GETEVENTMSG, pid, 0L, &former) == -1)
		return; /* killed */
	g = find((pid_t)former);
	if (g == NULL) { /* not by our leave */
		kill_it(pid);
		return;
	}
	bad = loaded_compare(b, pid, &g->loaded);
	if (bad != NULL)
		event_replaced(b, pid, bad, g->open);
	if (bad != NULL && !g->open)
		kill_it(pid);
	else
		let_go(pid, 0);
	gone(g);
}

/* Who was killed in the stop may have had another number before. */
static void
sweep(struct broker *b)
{
	char path[32];
	struct stat st;

	for (unsigned i = 0; i < stop.n;) {
		(void)snprintf(path, sizeof(path), "%d", (int)stop.v[i].tid);
		if (fstatat(b->proc, path, &st, 0) == 0)
			i++;
		else
			gone(&stop.v[i]);
	}
}

bool
stop_on(struct broker *b, pid_t pid, int status)
{
	struct going *g = find(pid);

	if (!WIFSTOPPED(status)) {
		if (g != NULL)
			gone(g);
		sweep(b);
		return g != NULL;
	}
	if (status >> 16 == PTRACE_EVENT_EXEC) {
		on_exec(b, pid);
		return true;
	}
	/* back from a call that failed, perhaps with a signal */
	let_go(pid, status >> 16 == PTRACE_EVENT_STOP ? 0 : WSTOPSIG(status));
	if (g != NULL)
		gone(g);
	return true;
}
