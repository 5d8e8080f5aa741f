/* hand.c -- giving the caller a descriptor, for which the caller has to run.
 *
 *	at once		the caller takes it and goes on, we are told. Two
 *			switches, if it is woken where we are; the kernel
 *			rather takes a processor that is idle, and waking one
 *			takes longer than all the rest, twice.
 *	in two steps	it takes it, with its processors and ours narrowed to
 *			the one where we are; they are put back; it goes on.
 *			Half as fast as at once is, and three times as fast as
 *			at once with idle processors.
 *
 * So where at once was slow, and a processor is idle, the next ones are in two
 * steps. The caller is still in its call when its processors
 * are put back, so no child of it can inherit the narrow ones. (If another of
 * its threads sets them in that moment, that is lost.) */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/clock.h"
#include "broker/broker.h"

#define QUICK_US 25	/* it is woken, takes it, sleeps in its next call */
#define ROW	 32	/* that are done in one way before we look again */

static struct {
	unsigned two_steps;	/* still to be done so */
	unsigned at_once;	/* done so since we looked */
	bool slow;		/* the last one was */
	bool known;
	cpu_set_t ours;
	int load;		/* /proc/loadavg */
} hand;

static int
add(const struct ask *a, int fd, int flags, unsigned how)
{
	struct seccomp_notif_addfd v = { .id = a->id, .flags = how,
		.srcfd = (uint32_t)fd,
		.newfd_flags = (uint32_t)flags & O_CLOEXEC };
	int there = ioctl(a->b->listener, SECCOMP_IOCTL_NOTIF_ADDFD, &v);

	return there == -1 ? -errno : there;
}

static long
at_once(const struct ask *a, int fd, int flags)
{
	const int64_t since = clock_mono().v;
	int rc = add(a, fd, flags, SECCOMP_ADDFD_FLAG_SEND);

	hand.slow = clock_mono().v - since > QUICK_US;
	hand.at_once++;
	return rc >= 0 || rc == -ENOENT || rc == -EINPROGRESS ? ANSWERED : rc;
}

static bool
know(const struct ask *a)
{
	if (hand.known)
		return true;
	hand.load = openat(a->b->proc, "loadavg", O_RDONLY | O_CLOEXEC);
	hand.known = hand.load != -1 && sched_getaffinity(0,
	    sizeof(hand.ours), &hand.ours) == 0;
	return hand.known;
}

/* Would the caller, who sleeps, be woken on another one? "0.1 0.1 0.1 RUN/...",
 * and one of those who run is us. */
static bool
has_idle_processor(void)
{
	char text[128];
	ssize_t n = pread(hand.load, text, sizeof(text) - 1, 0);
	int run;

	text[n < 0 ? 0 : n] = '\0';
	return sscanf(text, "%*s %*s %*s %d", &run) == 1 &&
	    run < CPU_COUNT(&hand.ours);
}

/* false: there is nothing to narrow, or it cannot be. */
static bool
narrow(const struct ask *a, cpu_set_t *was)
{
	const int cpu = sched_getcpu();
	cpu_set_t here;

	if (cpu < 0 || sched_getaffinity(a->tid, sizeof(*was), was) == -1 ||
	    !CPU_ISSET((size_t)cpu, was) || CPU_COUNT(was) == 1)
		return false;
	CPU_ZERO(&here);
	CPU_SET((size_t)cpu, &here);
	if (sched_setaffinity(a->tid, sizeof(here), &here) == -1)
		return false;
	(void)sched_setaffinity(0, sizeof(here), &here); /* slower, if not */
	return true;
}

static long
in_two_steps(const struct ask *a, int fd, int flags, const cpu_set_t *was)
{
	int rc = add(a, fd, flags, 0);

	/* it may have been killed meanwhile */
	(void)sched_setaffinity(a->tid, sizeof(*was), was);
	(void)sched_setaffinity(0, sizeof(hand.ours), &hand.ours);
	return rc == -ENOENT ? ANSWERED : rc;
}

/* A helper is stopped when nobody waits for it, and in one step the question
 * counts as answered before the caller has the descriptor: it would be told
 * "0". And our end is closed before it goes on, as a file that is open for
 * writing cannot be executed. */
static long
as_helper(const struct ask *a, int fd, int flags)
{
	int rc = add(a, fd, flags, 0);

	(void)close(fd);
	return rc == -ENOENT ? ANSWERED : rc;
}

long
answer_fd(const struct ask *a, int fd, int flags)
{
	cpu_set_t was;

	if (a->b->is_helper)
		return as_helper(a, fd, flags);

	if (hand.two_steps == 0 && hand.slow && hand.at_once >= ROW &&
	    know(a)) {
		hand.at_once = 0;
		if (has_idle_processor())
			hand.two_steps = ROW;
	}
	if (hand.two_steps == 0 || !narrow(a, &was))
		return at_once(a, fd, flags);
	hand.two_steps--;
	if (hand.two_steps == 0)
		hand.at_once = ROW;	/* look again after the next one */
	return in_two_steps(a, fd, flags, &was);
}
