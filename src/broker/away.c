/* away.c -- a question that leads to a file system that may not answer: a
 * process of its own is asked it, from its start, and is the only one that
 * waits.
 *
 *	met (slow.h) --a helper--> answered there
 *		|	  |------> held there: held here
 *		|	  +------> an execution: its files were all read there,
 *		|		   so it is asked again here, where it is traced
 *		+----too many of its process wait already: EAGAIN
 *
 * The helper ends with its caller and with nothing else: a call that waits for
 * such a file system is not to be interrupted, only killed. */
#include <errno.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "broker/command.h"
#include "broker/review.h"
#include "broker/slow.h"
#include "policy/files.h"
#include "policy/image.h"

enum ended { /* how the helper exits */
	ENDED_ANSWERED,
	ENDED_READ,		/* and a script was opened for who runs it */
	ENDED_HELD,
	ENDED_LOOKED,
};

static bool
executes(const struct ask *a)
{
	return a->number == SYS_execve || a->number == SYS_execveat;
}

static int
away_work(const struct ask *a, const void *unused)
{
	const struct exec_call call = exec_call_of(a);
	struct ask q = *a;
	long rc;

	(void)unused;
	event_apart();
	if (executes(a)) {
		command_look(a, &call);
		return ENDED_LOOKED;
	}
	rc = broker_do(&q);
	event_end(a->b);
	if (rc == HELD)
		return ENDED_HELD;
	return script_was_read() ? ENDED_READ : ENDED_ANSWERED;
}

/* All that it will read has just been read. */
static void
ask_here(const struct ask *a)
{
	struct ask q = *a;

	a->b->may_wait = true;
	(void)broker_do(&q);
	a->b->may_wait = false;
}

static void
away_done(const struct ask *a, pid_t helper, int status)
{
	(void)helper;
	if (!WIFEXITED(status)) {
		helper_answer(a, -EIO, 0); /* if anybody waits */
		return;
	}
	switch (WEXITSTATUS(status)) {
	case ENDED_READ:
		script_read_elsewhere(a);
		break;
	case ENDED_HELD:
		if (script_wait(a) != HELD)
			helper_answer(a, -EBUSY, 0);
		break;
	case ENDED_LOOKED:
		if (caller_waits(a))
			ask_here(a);
		break;
	default:
		break;
	}
}

static void
tell_many(const struct ask *a)
{
	struct file_answer got = { .verdict = VERDICT_DENY };

	(void)snprintf(got.reason, sizeof(got.reason), "too many calls wait "
	    "for this file system already: see why it does not answer");
	event_denied(a, slow_point_met(), FILE_READ, &got);
}

long
away(const struct ask *a)
{
	long rc = helper_start(a, away_work, NULL, away_done);

	if (rc == -EAGAIN)
		tell_many(a);
	return rc;
}
