/* mask.c -- a caller's umask, which what it makes is made under; and its
 * process, which is remembered alike.
 *
 * Only /proc tells them, in a page of text that takes the kernel longer to
 * write than all the rest of a creat(2). So they are remembered for each
 * thread, for a moment, and umask(2) itself is asked too: not to be judged,
 * but to forget. Threads may share a umask, so then all is forgotten; and the
 * kernel runs the call only after our answer, so until its caller asks
 * something else nothing is remembered. The same goes for execution by a
 * thread that is not its process's first, with which it takes over that one's
 * number. A number that went to a new process within that moment would lend it
 * the old one's umask: it takes as many forks as there are numbers. */
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clean.h"
#include "base/clock.h"
#include "base/compat.h"
#include "broker/broker.h"
#include "jail/calls_abi.h"

#define MOMENT_MS 1000

struct known {
	pid_t tid;	/* 0: free */
	pid_t process;
	mode_t mask;
	int64_t since;
};

static struct {
	struct known known[256];
	struct {
		pid_t tid;	/* 0: free */
		int64_t since;
	} changing[16];
	unsigned nchanging;
} masks;

static int64_t
now_ms(void)
{
	return clock_mono().v / 1000;
}

/* One too many takes another's place: its moment is over early, in which the
 * call will long have run. */
static void
change_begins(pid_t tid)
{
	size_t at = (size_t)tid % NELEM(masks.changing);

	memset(masks.known, 0, sizeof(masks.known));
	if (masks.changing[at].tid == 0)
		masks.nchanging++;
	masks.changing[at].tid = tid;
	masks.changing[at].since = now_ms();
}

static void
change_ends(size_t at)
{
	if (masks.changing[at].tid == 0)
		return;
	masks.changing[at].tid = 0;
	masks.nchanging--;
}

static bool
is_changing(int64_t now)
{
	for (size_t i = 0; masks.nchanging > 0 &&
	     i < NELEM(masks.changing); i++)
		if (now - masks.changing[i].since > MOMENT_MS)
			change_ends(i);
	return masks.nchanging > 0;
}

/* Of all threads of a process only the first has its number. */
static bool
is_first(const struct ask *a)
{
	CLEAN_FD int fd = (int)syscall(NR_PIDFD_OPEN, a->tid, 0);

	return fd >= 0;
}

static bool
may_change(const struct ask *a)
{
	if (a->number == SYS_umask)
		return true;
	return (a->number == SYS_execve || a->number == SYS_execveat) &&
	    !is_first(a);
}

void
mask_notice(const struct ask *a)
{
	size_t at = (size_t)a->tid % NELEM(masks.changing);

	if (masks.changing[at].tid == a->tid)
		change_ends(at); /* it has that call behind it */
	if (may_change(a))
		change_begins(a->tid);
}

/* NULL: it is to be read. */
static struct known *
known_of(const struct ask *a, int64_t now)
{
	struct known *k = &masks.known[(size_t)a->tid % NELEM(masks.known)];

	return k->tid == a->tid && now - k->since <= MOMENT_MS ? k : NULL;
}

static int
learn(const struct ask *a, int64_t now, struct known *out)
{
	struct caller_ids ids;
	int rc = caller_ids(a, &ids);

	if (rc != 0)
		return rc;
	*out = (struct known){ a->tid, ids.tgid, ids.mask, now };
	if (!is_changing(now))
		masks.known[(size_t)a->tid % NELEM(masks.known)] = *out;
	return 0;
}

int
mask_of(const struct ask *a, mode_t *out)
{
	const int64_t now = now_ms();
	const struct known *k = is_changing(now) ? NULL : known_of(a, now);
	struct known fresh;
	int rc = 0;

	if (k == NULL) {
		rc = learn(a, now, &fresh);
		k = &fresh;
	}
	if (rc == 0)
		*out = k->mask;
	return rc;
}

pid_t
caller_process(const struct ask *a)
{
	const int64_t now = now_ms();
	const struct known *k = known_of(a, now);
	struct known fresh;

	if (k != NULL)
		return k->process;
	return learn(a, now, &fresh) == 0 ? fresh.process : a->tid;
}
