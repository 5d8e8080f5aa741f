#include "jail/gate.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clean.h"
#include "base/compat.h"
#include "base/err.h"
#include "jail/calls_abi.h"
#include "jail/caps.h"
#include "jail/mnt.h"
#include "msg/body.h"
#include "msg/chan.h"

#define LISTENER_WAIT_MS 30000
#define HAND_WAIT_MS	 5000

static int
listener_receive(int asked, struct err *e)
{
	static unsigned char room[MSG_BYTES_MAX + CHAN_HEAD_BYTES];
	struct chan c = { asked, ROLE_BROKER, ROLE_INIT };
	struct msg m;
	int fd;

	if (chan_recv_wait(&c, room, &m, LISTENER_WAIT_MS, e) != CHAN_MSG)
		return -1; /* stage one failed, and has said why */
	fd = msg_take_fd(&m, 0);
	msg_close(&m);
	return fd;
}

/* The three that it gets, at their numbers, and nothing else. */
static int
fds_settle(int chan, int listener, int proc, struct err *e)
{
	int fds[BROKER_FD_COUNT] = { 0, 0, 0, chan, listener, proc };

	for (int i = BROKER_FD_CHAN; i < BROKER_FD_COUNT; i++) {
		fds[i] = fcntl(fds[i], F_DUPFD_CLOEXEC, 64);
		if (fds[i] == -1)
			return err_sys(e, "settle the broker's descriptors");
	}
	for (int i = BROKER_FD_CHAN; i < BROKER_FD_COUNT; i++)
		if (dup2(fds[i], i) == -1)
			return err_sys(e, "settle the broker's descriptors");
	return 0;
}

static NORETURN void
become_broker(const struct gate_fds *f, int asked, int proc)
{
	char name[] = "openshell-broker";
	char *const argv[] = { name, NULL };
	char *const envp[] = { NULL };
	const int program = fcntl(f->program, F_DUPFD_CLOEXEC, 80);
	CLEAN_FD int listener = -1;
	struct err e = { 0 };

	(void)close(f->init);
	listener = listener_receive(asked, &e);
	if (listener == -1 || program == -1 || chdir("/") == -1)
		_exit(1);
	if (caps_hand_on_ptrace(&e) == -1 ||
	    fds_settle(f->chan, listener, proc, &e) == -1)
		_exit(1);
	(void)syscall(NR_CLOSE_RANGE, (unsigned)BROKER_FD_COUNT,
	    (unsigned)program - 1, 0U);
	(void)syscall(SYS_execveat, program, "", argv, envp, AT_EMPTY_PATH);
	_exit(1);
}

/* The outer namespace's /proc is never mounted anywhere: the broker alone
 * holds it. */
int
gate_split(const struct gate_fds *f, struct err *e)
{
	CLEAN_FD int proc = mnt_new("proc", NULL, MNT_PLAIN |
		MOUNT_ATTR_NOEXEC | MNT_RO, e);
	struct clone_args a = { .flags = CLONE_NEWPID,
		.exit_signal = SIGCHLD };
	int pair[2];
	long pid;

	if (proc == -1 || chan_pair(pair, e) == -1)
		return err_wrap(e, "the broker's /proc");
	pid = syscall(NR_CLONE3, &a, sizeof(a));
	if (pid == -1) {
		(void)err_sys(e, "make the sandbox's pid namespace");
		(void)close(pair[0]);
		(void)close(pair[1]);
		return -1;
	}
	if (pid > 0) {
		(void)close(pair[1]);
		become_broker(f, pair[0], proc);
	}
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void)close(pair[0]);
	(void)close(f->program);
	(void)close(f->chan);
	return pair[1];
}

int
gate_hand_over(int asker, int listener, struct err *e)
{
	struct chan c = { asker, ROLE_INIT, ROLE_BROKER };
	int rc = chan_send_wait(&c, MSG_GATE_LISTEN, 0, STR(""), &listener, 1,
	    HAND_WAIT_MS, e);

	(void)close(asker);
	(void)close(listener);
	return rc == 1 ? 0 : -1;
}
