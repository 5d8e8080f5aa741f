/* mask.c -- a caller's umask, which what it makes is made under.
 *
 * Only /proc tells it, in a page of text that takes the kernel longer to write
 * than all the rest of a creat(2). So it is remembered for each thread, for a
 * moment, and umask(2) itself is asked too: not to be judged, but to forget.
 * Threads may share a umask, so then all is forgotten; and the kernel runs the
 * call only after our answer, so until its caller asks something else nothing
 * is remembered. The same goes for execution, with which a thread may take
 * over another's number. A number that went to a new process within that
 * moment would lend it the old one's umask: it takes as many forks as there
 * are numbers. */
#include <string.h>
#include <sys/syscall.h>

#include "base/clock.h"
#include "base/compat.h"
#include "broker/broker.h"

#define MOMENT_MS 1000

static struct {
	struct {
		pid_t tid;	/* 0: free */
		mode_t mask;
		int64_t since;
	} known[64];
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

void
mask_notice(const struct ask *a)
{
	size_t at = (size_t)a->tid % NELEM(masks.changing);

	if (masks.changing[at].tid == a->tid)
		change_ends(at); /* it has that call behind it */
	if (a->number == SYS_umask || a->number == SYS_execve ||
	    a->number == SYS_execveat)
		change_begins(a->tid);
}

int
mask_of(const struct ask *a, mode_t *out)
{
	size_t at = (size_t)a->tid % NELEM(masks.known);
	int64_t now = now_ms();
	bool sure = !is_changing(now);
	struct caller_ids ids;
	int rc;

	if (sure && masks.known[at].tid == a->tid &&
	    now - masks.known[at].since <= MOMENT_MS) {
		*out = masks.known[at].mask;
		return 0;
	}
	rc = caller_ids(a, &ids);
	if (rc != 0)
		return rc;
	*out = ids.mask;
	if (sure) {
		masks.known[at].tid = a->tid;
		masks.known[at].mask = ids.mask;
		masks.known[at].since = now;
	}
	return 0;
}
