/* helper.c -- what waits for somebody else: an open of a named pipe for who
 * opens its other end, a connection for who takes it.
 *
 * The broker must not wait, so a helper does: a fork that does it, answers and
 * exits. The broker looks after it: a caller who was killed, or whom a signal
 * interrupts, needs it no more. Whole questions (away.c) and the reading of
 * large files (finding.c) are done so, too. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clean.h"
#include "base/clock.h"
#include "base/compat.h"
#include "base/must.h"
#include "broker/broker.h"
#include "jail/calls_abi.h"

struct helper { /* pid 0: free */
	pid_t pid, tgid;
	struct ask ask;
	helper_done *done;
};

#define LOOK_MS	  20
#define LOOKS_MAX 64	/* helpers looked after at once */

void
helper_answer(const struct ask *a, int error, int value)
{
	struct seccomp_notif_resp r = { .id = a->id, .error = error,
		.val = value };

	/* fails only when nobody waits any more */
	(void)ioctl(a->b->listener, SECCOMP_IOCTL_NOTIF_SEND, &r);
}

/* Its descriptors are its own, so it names them by its own /proc: that is its
 * working directory. */
static NORETURN void
help(const struct ask *a, helper_work *work, const void *arg)
{
	struct broker *b = a->b;
	sigset_t none;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	b->fds = openat(b->proc, "self/fd", O_PATH | O_DIRECTORY | O_CLOEXEC);
	b->is_helper = b->may_wait = true;
	if (b->fds != -1 && fchdir(b->fds) == 0)
		_exit(work(a, arg));
	helper_answer(a, -EIO, 0);
	_exit(0);
}

/* One that is free, if the caller's process has not too many. */
static struct helper *
helper_find(struct broker *b, pid_t tgid)
{
	struct helper *free = NULL;
	unsigned its = 0;

	if (b->helpers == NULL)
		b->helpers = mem_alloc(HELPERS_MAX, sizeof(*b->helpers));
	for (size_t i = 0; i < HELPERS_MAX; i++) {
		struct helper *h = &b->helpers[i];

		if (h->pid == 0)
			free = h;
		else if (h->tgid == tgid)
			its++;
	}
	return its < HELPERS_OF_ONE_MAX ? free : NULL;
}

/* A helper waits by itself. */
long
helper_start(const struct ask *a, helper_work *work, const void *arg,
    helper_done *done)
{
	struct broker *b = a->b;
	struct caller_ids ids;
	struct helper *h;
	pid_t pid;
	int rc;

	if (b->is_helper) {
		(void)work(a, arg);
		return ANSWERED;
	}
	rc = caller_ids(a, &ids);
	if (rc != 0)
		return rc;
	h = helper_find(b, ids.tgid);
	if (h == NULL)
		return -EAGAIN;
	pid = fork();
	if (pid == -1)
		return -errno;
	if (pid == 0)
		help(a, work, arg);
	*h = (struct helper){ pid, ids.tgid, *a, done };
	b->nhelpers++;
	b->started = pid;
	return ANSWERED;
}

bool
helper_reap(struct broker *b, pid_t pid, int status)
{
	for (size_t i = 0; b->nhelpers > 0 && i < HELPERS_MAX; i++) {
		struct helper h = b->helpers[i];

		if (h.pid != pid)
			continue;
		b->helpers[i].pid = 0;
		b->nhelpers--;
		if (h.done != NULL)
			h.done(&h.ask, pid, status);
		else if (!WIFEXITED(status)) /* if anybody waits still */
			helper_answer(&h.ask, -EIO, 0);
		return true;
	}
	return false;
}

int
helper_wait_ms(const struct broker *b)
{
	return b->nhelpers == 0 ? -1 : LOOK_MS;
}

static void
stop(const struct helper *h)
{
	CLEAN_FD int fd = (int)syscall(NR_PIDFD_OPEN, h->pid, 0);

	if (fd >= 0) /* it may have ended just now */
		(void)syscall(NR_PIDFD_SEND_SIGNAL, fd, SIGKILL, NULL, 0);
}

/* A helper is reaped by us alone, so its number is its own until then. */
static void
look_at(const struct helper *h)
{
	int error;

	if (h->ask.id == 0)
		return; /* it is no question's */
	if (!caller_waits(&h->ask)) {
		stop(h);
	} else if (h->done == NULL &&
	    (error = caller_interrupted(&h->ask)) != 0) {
		stop(h);
		helper_answer(&h->ask, error, 0);
	}
}

/* Some of them each time: many that wait cost those who ask nothing. */
void
helper_look(struct broker *b)
{
	static int64_t last;
	const int64_t now = clock_mono().v / 1000;
	unsigned looks = 0;

	if (b->nhelpers == 0 || now - last < LOOK_MS)
		return;
	last = now;
	for (size_t i = 0; i < HELPERS_MAX && looks < LOOKS_MAX; i++) {
		const struct helper *h = &b->helpers[b->looked];

		b->looked = (b->looked + 1) % HELPERS_MAX;
		if (h->pid == 0)
			continue;
		looks++;
		look_at(h);
	}
}

/* ---- named pipes ---- */

struct pipe_open {
	int held, flags;
};

/* In two steps: in one, the question counts as answered before the caller has
 * the descriptor, and if we were stopped then, it would be told "0". And our
 * end is closed before it goes on, or it would count as one more. */
static void
answer_in_two(const struct ask *a, int fd, int flags)
{
	struct seccomp_notif_addfd add = { .id = a->id,
		.srcfd = (uint32_t)fd,
		.newfd_flags = (uint32_t)flags & O_CLOEXEC };
	int there = ioctl(a->b->listener, SECCOMP_IOCTL_NOTIF_ADDFD, &add);
	int error = there == -1 ? -errno : 0;

	(void)close(fd);
	helper_answer(a, error, there == -1 ? 0 : there);
}

static int
pipe_wait(const struct ask *a, const void *arg)
{
	const struct pipe_open *p = arg;
	int fd = open(fd_name(p->held).text, (p->flags & ~(O_CREAT | O_EXCL |
		O_NOFOLLOW)) | O_NOCTTY | O_CLOEXEC);

	if (fd == -1)
		helper_answer(a, -errno, 0);
	else
		answer_in_two(a, fd, p->flags);
	return 0;
}

long
fifo_open(const struct ask *a, int fd, int flags)
{
	const struct pipe_open p = { fd, flags };

	return helper_start(a, pipe_wait, &p, NULL);
}
