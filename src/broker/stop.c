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
 * Who is traced by another process of the sandbox cannot be seized: tracer.c
 * makes that one stand still, and we look from time to time whether the caller
 * has stopped behind its exec.
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
#include "base/clock.h"
#include "base/limits.h"
#include "base/must.h"
#include "broker/command.h"
#include "broker/finding.h"
#include "jail/calls_abi.h"
#include "jail/caps.h"
#include "policy/exec.h"

/* Should we die while a program waits to begin, the kernel would let it go
 * before it ends all that is in our namespace. */
#define OPTIONS (PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL)

#define GOING_MAX BOX_PIDS_MAX /* as many as there can be */

#define TRACED_MS	10000	/* one that does not come to its end */
#define WAITING_MS	1000

struct going {
	pid_t tid;
	pid_t stopped;		/* after the exec, until its file is read */
	bool open;		/* the mode blocks nothing: only tell */
	struct loaded loaded;
	struct traced traced;	/* by whom, if not by us */
	unsigned path_index;	/* of its arguments */
	uint64_t path;
	int64_t due;
};

static struct {
	struct going v[GOING_MAX];
	unsigned n;
	uint64_t waiting[GOING_MAX];	/* held questions */
	unsigned nwaiting;
	int64_t wake;	/* ms: when these are asked anew at the latest */
} stop;

long
stop_trace(int what, pid_t pid, long data)
{
	const enum __ptrace_request request = (enum __ptrace_request)what;
	long rc = ptrace(request, pid, 0L, data);

	if (rc != -1 || errno != EPERM || caps_ptrace(true) == -1)
		return rc;
	rc = ptrace(request, pid, 0L, data);
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

static int64_t
now_ms(void)
{
	return clock_mono().v / 1000;
}

void
stop_wake_soon(void)
{
	stop.wake = 0;
}

void
stop_wake(void)
{
	uint64_t ids[GOING_MAX];
	const unsigned n = stop.nwaiting;

	memcpy(ids, stop.waiting, n * sizeof(*ids));
	stop.nwaiting = 0;
	for (unsigned i = 0; i < n; i++)
		hold_again(ids[i]);
}

static void
gone(struct going *g)
{
	const pid_t tracer = g->traced.tracer;

	loaded_fini(&g->loaded);
	*g = stop.v[--stop.n];
	if (tracer != 0)
		tracer_release(tracer);
	stop_wake();
}

/* ---- before ---- */

static bool
is_sibling(const struct broker *b, pid_t process, pid_t tid)
{
	char path[64];
	struct stat st;

	(void)snprintf(path, sizeof(path), "%d/task/%d", (int)process,
	    (int)tid);
	return fstatat(b->proc, path, &st, 0) == 0;
}

bool
stop_is_going(const struct broker *b, pid_t process)
{
	for (unsigned i = 0; i < stop.n; i++)
		if (is_sibling(b, process, stop.v[i].tid))
			return true;
	return false;
}

static bool
must_wait(const struct ask *a)
{
	return stop.n == GOING_MAX || stop_is_going(a->b, a->tid) ||
	    tracer_is_held(a);
}

static long
wait_for_others(const struct ask *a)
{
	long rc;

	if (stop.nwaiting == GOING_MAX)
		return -EAGAIN;
	rc = hold(a);
	if (rc != HELD)
		return rc;
	if (stop.nwaiting == 0)
		stop.wake = now_ms() + WAITING_MS;
	stop.waiting[stop.nwaiting++] = a->id;
	return HELD;
}

static void
interrupt(pid_t tid)
{
	/* if it has ended meanwhile, that will be told */
	(void)stop_trace(PTRACE_INTERRUPT, tid, 0);
}

static void
answer_go(const struct ask *a)
{
	struct seccomp_notif_resp r = { .id = a->id,
		.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE };

	/* if the number is not the caller's any more, or it was killed, then
	 * the stop that is asked for lets it go */
	if (caller_waits(a))
		(void)ioctl(a->b->listener, SECCOMP_IOCTL_NOTIF_SEND, &r);
}

static long
refuse_traced(const struct ask *a, const struct program *p)
{
	struct exec_answer v = { .verdict = VERDICT_DENY,
		.judged = VERDICT_DENY };

	if (judge_is_open(a))
		return LET_GO;
	(void)snprintf(v.reason, sizeof(v.reason), "it is being traced, and "
	    "has threads or a tracer that cannot be stopped, so what it would "
	    "execute cannot be verified: let the tracer attach to it "
	    "afterwards");
	if (p != NULL)
		event_exec(a, p, &v);
	return -EACCES;
}

/* Takes l. */
static void
add(const struct ask *a, const struct loaded *l, const struct traced *t)
{
	const unsigned index = a->number == SYS_execveat;

	stop.v[stop.n++] = (struct going){ .tid = a->tid,
		.open = judge_is_open(a), .loaded = *l, .traced = *t,
		.path_index = index, .path = a->arg[index],
		.due = now_ms() + TRACED_MS };
}

static void
signal_to(pid_t pid, int signo)
{
	CLEAN_FD int fd = (int)syscall(NR_PIDFD_OPEN, pid, 0);

	if (fd == -1 || syscall(NR_PIDFD_SEND_SIGNAL, fd, signo, NULL, 0) ==
	    -1)
		must(errno == ESRCH); /* else it would run */
}

/* Its tracer stands still; the signal waits till the call is over, for who
 * waits for us is not woken by it. */
static long
let_go_traced(const struct ask *a, const struct program *p,
    struct loaded *l)
{
	struct traced t;
	long rc = tracer_take(a, &t);

	if (rc != 0) {
		loaded_fini(l);
		return rc == HELD ? wait_for_others(a) :
		    rc == -EPERM ? refuse_traced(a, p) : rc;
	}
	add(a, l, &t);
	signal_to(a->tid, t.signo);
	answer_go(a);
	return ANSWERED;
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
	if (rc == 0 && stop_trace(PTRACE_SEIZE, a->tid, OPTIONS) == -1)
		rc = -errno;
	if (rc == -EPERM)
		return let_go_traced(a, p, &l);
	if (rc != 0) {
		loaded_fini(&l);
		return rc;
	}
	add(a, &l, &(struct traced){ .tracer = 0 });
	answer_go(a);
	interrupt(a->tid);
	return ANSWERED;
}

/* ---- after ---- */

static void
let_go(pid_t pid, int signo)
{
	(void)stop_trace(PTRACE_DETACH, pid, signo); /* or it was killed */
}

/* true: it was killed. */
static bool
compare(struct broker *b, pid_t pid, uint64_t sp, const struct going *g)
{
	const char *bad = loaded_compare(b, pid, sp, &g->loaded);

	if (bad == NULL)
		return false;
	event_replaced(b, pid, bad, g->open);
	if (!g->open)
		signal_to(pid, SIGKILL);
	return !g->open;
}

static void
after_exec(struct broker *b, pid_t pid, struct going *g)
{
	uint64_t sp = 0; /* where nothing can be read */

	(void)loaded_stack(pid, &sp);
	if (!compare(b, pid, sp, g))
		let_go(pid, 0);
	gone(g);
}

/* It stood still meanwhile, or was killed. */
static void
on_read(struct broker *b, pid_t pid, const unsigned char *hash)
{
	for (unsigned i = 0; i < stop.n; i++)
		if (stop.v[i].stopped == pid) {
			loaded_read(&stop.v[i].loaded, hash);
			after_exec(b, pid, &stop.v[i]);
			return;
		}
}

static bool
is_read_first(struct broker *b, pid_t pid, struct going *g)
{
	CLEAN_FD int fd = loaded_large(b, pid, &g->loaded);

	if (fd == -1 || mapped_for_writing(b, pid) ||
	    finding_loaded(b, pid, fd, on_read) != 0)
		return false;
	g->stopped = pid;
	return true;
}

static void
on_exec(struct broker *b, pid_t pid)
{
	unsigned long former = 0;
	struct going *g;

	if (ptrace(PTRACE_GETEVENTMSG, pid, 0L, &former) == -1)
		return; /* killed */
	g = find((pid_t)former);
	if (g == NULL) { /* not by our leave */
		signal_to(pid, SIGKILL);
		return;
	}
	if (!is_read_first(b, pid, g))
		after_exec(b, pid, g);
}

/* Who was killed in the stop may have had another number before. */
static void
sweep(struct broker *b)
{
	char path[32];
	struct stat st;

	for (unsigned i = 0; i < stop.n;) {
		if (stop.v[i].traced.tracer != 0) {
			i++;
			continue; /* stop_tick() looks */
		}
		(void)snprintf(path, sizeof(path), "%d",
		    (int)(stop.v[i].stopped != 0 ? stop.v[i].stopped :
						   stop.v[i].tid));
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

	if (tracer_on(b, pid, status))
		return true;
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

/* ---- who is traced by another ---- */

/* true: it is over. Who failed has what it called with still in its
 * registers. */
static bool
look(struct broker *b, const struct going *g)
{
	const struct ask who = { .b = b, .tid = g->tid };
	struct tracee at;

	switch (tracee_look(&who, g->path_index, &at)) {
	case TRACEE_GONE:
		return true;
	case TRACEE_RUNS:
		if (now_ms() < g->due)
			return false;
		signal_to(g->tid, SIGKILL);
		return true;
	case TRACEE_STOPPED:
		break;
	}
	if (at.path != g->path)
		(void)compare(b, g->tid, at.sp, g);
	return true;
}

int
stop_wait_ms(void)
{
	const int64_t left = stop.wake - now_ms();

	for (unsigned i = 0; i < stop.n; i++)
		if (stop.v[i].traced.tracer != 0)
			return 1;
	if (tracer_is_stopping())
		return 1;
	return stop.nwaiting == 0 ? -1 : left < 0 ? 0 : (int)left;
}

void
stop_tick(struct broker *b)
{
	for (unsigned i = 0; i < stop.n;)
		if (stop.v[i].traced.tracer != 0 && look(b, &stop.v[i]))
			gone(&stop.v[i]);
		else
			i++;
	tracer_tick(b);
	if (stop.nwaiting > 0 && now_ms() >= stop.wake)
		stop_wake(); /* whatever they waited for, it may be over */
}

void
stop_untraced(pid_t tracer)
{
	for (unsigned i = 0; i < stop.n; i++)
		if (stop.v[i].traced.tracer == tracer)
			signal_to(stop.v[i].tid, SIGKILL);
}
