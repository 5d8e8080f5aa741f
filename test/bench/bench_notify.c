/* bench_notify.c -- the least that a question can cost: a process whose calls
 * are asked about, and one that answers each at once, without a look at it.
 * Both on one processor, and each on its own; a number as the answer, and a
 * descriptor that is open already. Medians, in microseconds. */
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sched.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/must.h"

#define CALLS 5000
#define FD_HANDED 100	/* the listener, in whoever is asked about */

static double took[CALLS];

static double
now_us(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static int
by_size(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static void
call(bool opens)
{
	if (opens)
		(void)close((int)syscall(SYS_openat, AT_FDCWD, "/dev/null",
		    O_RDONLY));
	else
		(void)syscall(SYS_getpgid, 0);
}

static double
median(bool opens)
{
	for (size_t i = 0; i < CALLS; i++) {
		double since = now_us();

		call(opens);
		took[i] = now_us() - since;
	}
	qsort(took, CALLS, sizeof(*took), by_size);
	return took[CALLS / 2];
}

static void
stay_on(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET((size_t)cpu, &set);
	(void)sched_setaffinity(0, sizeof(set), &set);
}

static void
filter_enter(void)
{
	struct sock_filter ins[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
		    offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat, 1, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getpgid, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog prog = { sizeof(ins) / sizeof(ins[0]), ins };
	long fd;

	must(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
	fd = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
	    SECCOMP_FILTER_FLAG_NEW_LISTENER, &prog);
	must(fd >= 0 && dup2((int)fd, FD_HANDED) == FD_HANDED);
}

static void
ask(int ready, bool opens, int cpu)
{
	double m;

	stay_on(cpu);
	filter_enter();
	(void)!write(ready, "", 1);
	m = median(opens);
	(void)!write(ready, &m, sizeof(m));
	_exit(0);
}

/* false: nobody asks any more. */
static bool
answer(int listener, int fd, bool opens)
{
	union {
		struct seccomp_notif n;
		char room[512];
	} q = { 0 };
	struct pollfd p = { listener, POLLIN, 0 };
	struct seccomp_notif_resp r = { 0 };
	struct seccomp_notif_addfd v = { .srcfd = (uint32_t)fd,
		.flags = SECCOMP_ADDFD_FLAG_SEND };

	if (poll(&p, 1, -1) != 1 || (p.revents & POLLIN) == 0)
		return false;
	if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &q.n) == -1)
		return errno == ENOENT;
	r.id = v.id = q.n.id;
	(void)(opens ? ioctl(listener, SECCOMP_IOCTL_NOTIF_ADDFD, &v) :
		       ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &r));
	return true;
}

static double
asked(bool opens, int ours, int theirs)
{
	int fd = open("/dev/null", O_RDONLY), pipes[2], pidfd, listener;
	double m = 0;
	pid_t pid;
	char c;

	must(fd != -1 && pipe(pipes) == 0);
	pid = fork();
	if (pid == 0)
		ask(pipes[1], opens, theirs);
	stay_on(ours);
	(void)close(pipes[1]);
	must(read(pipes[0], &c, 1) == 1);
	pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	listener = (int)syscall(SYS_pidfd_getfd, pidfd, FD_HANDED, 0);
	must(listener != -1);
	while (answer(listener, fd, opens))
		continue;
	must(read(pipes[0], &m, sizeof(m)) == sizeof(m));
	(void)waitpid(pid, NULL, 0);
	(void)close(pipes[0]);
	(void)close(pidfd);
	(void)close(listener);
	(void)close(fd);
	return m;
}

int
main(void)
{
	printf("a number      nobody asked %5.1f\n", median(false));
	printf("              one processor %5.1f, two %5.1f\n",
	    asked(false, 0, 0), asked(false, 0, 1));
	printf("a descriptor  nobody asked %5.1f\n", median(true));
	printf("              one processor %5.1f, two %5.1f\n",
	    asked(true, 0, 0), asked(true, 0, 1));
	return 0;
}
