#include "jail/box.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clean.h"
#include "base/err.h"
#include "base/io.h"
#include "jail/agent.h"
#include "jail/calls_abi.h"
#include "jail/gate.h"
#include "jail/net.h"
#include "msg/body.h"
#include "msg/chan.h"

#define READY_WAIT_MS 10000

enum { FD_CHAN = 3, FD_INIT, FD_DIR, FD_BROKER, FD_BROKER_CHAN,
	FD_FIRST_FREE };

struct ids { /* on the host */
	uid_t uid;
	gid_t gid;
};

static int
proc_write(const char *path, const char *text, struct err *e)
{
	CLEAN_FD int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd == -1 || io_write_all(fd, str_c(text), NULL) == -1)
		return err_sys(e, "write %s", path);
	return 0;
}

/* The caller alone, and no further groups for anybody inside. */
static int
ids_map(struct ids ids, struct err *e)
{
	char uid[64], gid[64];

	(void)snprintf(uid, sizeof(uid), "%d %u 1", BOX_UID,
	    (unsigned)ids.uid);
	(void)snprintf(gid, sizeof(gid), "%d %u 1", BOX_GID,
	    (unsigned)ids.gid);
	if (proc_write("/proc/self/setgroups", "deny", e) == -1 ||
	    proc_write("/proc/self/uid_map", uid, e) == -1 ||
	    proc_write("/proc/self/gid_map", gid, e) == -1)
		return err_wrap(e, "map the user into the sandbox");
	return 0;
}

/* Only what is needed, at known numbers; nothing of the supervisor's. */
static int
fds_settle(const struct box_opts *o, struct err *e)
{
	int high[FD_FIRST_FREE] = { 0, 0, 0, o->chan_fd, o->init_fd,
		o->dirfd, o->broker_fd, o->broker_chan_fd };
	const int last = o->broker_fd == -1 ? FD_BROKER : FD_FIRST_FREE;
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null == -1 || dup2(null, 0) == -1 || dup2(null, 1) == -1 ||
	    dup2(null, 2) == -1)
		return err_sys(e, "settle descriptors");
	for (int i = FD_CHAN; i < last; i++) {
		high[i] = fcntl(high[i], F_DUPFD_CLOEXEC, 64);
		if (high[i] == -1)
			return err_sys(e, "settle descriptors");
	}
	for (int i = FD_CHAN; i < last; i++)
		if (dup3(high[i], i, i == FD_CHAN ? 0 : O_CLOEXEC) == -1)
			return err_sys(e, "settle descriptors");
	if (syscall(NR_CLOSE_RANGE, (unsigned)last, ~0U, 0U) != 0)
		return err_sys(e, "close descriptors");
	return 0;
}

/* The same directory in this mount namespace, checked against the one that
 * the gateway holds. */
static int
dir_open(const char *path, int theirs, struct err *e)
{
	CLEAN_FD int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC |
	    O_NOFOLLOW);
	struct stat a, b;

	if (fd == -1 || fstat(fd, &a) == -1 || fstat(theirs, &b) == -1)
		return err_sys(e, "open %s", path);
	if (a.st_dev != b.st_dev || a.st_ino != b.st_ino)
		return err_set(e, ERR_DENIED,
		    "%s: not the directory that the gateway opened", path);
	return fd_take(&fd);
}

static int
ready_send(const struct reply *p, const int *fds, unsigned n, struct err *e)
{
	struct chan c = { FD_CHAN, ROLE_INIT, ROLE_SUPERVISOR };
	unsigned char bytes[ERR_BYTES_MAX + 64];
	struct wbuf w = { bytes, 0, sizeof(bytes), false };

	reply_put(&w, p);
	return chan_send_wait(&c, MSG_INIT_READY, 0,
	    str_of((const char *)bytes, w.len), fds, n, READY_WAIT_MS, e);
}

static int
ready_ok(const struct root *r, const struct net_fds *n, struct err *e)
{
	const struct reply ok = { .ok = true };
	const int fds[READY_FD_ALL] = {
		[READY_FD_LISTENER] = n->proxy, [READY_FD_PTS] = r->pts,
		[READY_FD_CA] = r->ca, [READY_FD_BUNDLE] = r->bundle,
		[READY_FD_TRUST] = r->trust, [READY_FD_DIAG] = n->diag,
		[READY_FD_DIRECT] = n->direct, [READY_FD_NAMES] = n->names,
		[READY_FD_NAMES_TCP] = n->names_tcp,
		[READY_FD_DROPPED] = n->dropped,
	};

	return ready_send(&ok, fds, n->direct == -1 ? READY_FD_COUNT :
	    n->dropped == -1 ? READY_FD_DROPPED : READY_FD_ALL, e) == -1 ? -1 : 0;
}

/* The broker splits off here, if there is one: what returns goes on alone. */
static int
split(const struct box_opts *o, int *asker, struct err *e)
{
	const struct gate_fds fds = { .program = FD_BROKER,
		.chan = FD_BROKER_CHAN, .init = FD_CHAN };

	if (o->broker_fd == -1)
		return 0;
	*asker = gate_split(&fds, e);
	return *asker == -1 ? -1 : 0;
}

static int
stage_run(const struct box_opts *o, struct ids ids, struct root *r,
    struct err *e)
{
	struct root_opts ro = o->root;
	struct net_fds net = NET_NONE_OPEN;
	int asker = -1, asks;

	if (fds_settle(o, e) == -1 || ids_map(ids, e) == -1 ||
	    split(o, &asker, e) == -1 || net_set_up(&net, e) == -1)
		return -1;
	if (sethostname(ro.hostname, strlen(ro.hostname)) == -1)
		return err_sys(e, "set the host name");
	ro.host_root = ids.uid == 0;
	ro.dirfd = dir_open(ro.dir, FD_DIR, e);
	if (ro.dirfd == -1)
		return -1;
	(void)umask(0);
	if (root_build(&ro, r, e) == -1 || root_enter(r, e) == -1)
		return -1;
	(void)umask(022);
	if (ready_ok(r, &net, e) == -1)
		return -1;
	net_close(&net);
	asks = agent_enter(r, FD_INIT, reads_leave(o->gate, r, &o->reads), e);
	return asks == -1 || asker == -1 ? asks :
	    gate_hand_over(asker, asks, e);
}

/* Also of the gate's, when it cannot go on. */
static void
unready(const char *reason)
{
	struct reply why = { .ok = false };
	struct err e;

	(void)snprintf(why.reason, sizeof(why.reason), "%s", reason);
	(void)ready_send(&why, NULL, 0, &e); /* no one else to tell */
}

static NORETURN void
stage_one(const struct box_opts *o, struct ids ids)
{
	char name[] = "openshell-init";
	char *const argv[] = { name, NULL };
	char *const envp[] = { NULL };
	static struct root r;
	struct err e = { 0 };
	sigset_t none;

	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	/* if the supervisor is gone already, init reads the channel's end */
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (stage_run(o, ids, &r, &e) == 0) {
		(void)syscall(SYS_execveat, FD_INIT, "", argv, envp,
		    AT_EMPTY_PATH);
		(void)err_sys(&e, "execute openshell-init");
	}
	unready(e.text);
	_exit(1);
}

static int
clone_error(struct err *e)
{
	if (errno == EPERM || errno == EACCES)
		return err_sys(e, "user namespaces are not allowed to this "
		    "user (`openshell doctor` says why and what to do)");
	if (errno == ENOSPC || errno == EUSERS)
		return err_sys(e, "no more namespaces for this user "
		    "(sysctl user.max_*_namespaces)");
	return err_sys(e, "make the sandbox's namespaces");
}

int
box_clone(const struct box_opts *o, struct box *b, struct err *e)
{
	const struct ids ids = { geteuid(), getegid() };
	int pidfd = -1;
	struct clone_args a = {
		.flags = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID |
		    CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS |
		    CLONE_NEWCGROUP | CLONE_PIDFD | CLONE_CLEAR_SIGHAND,
		.pidfd = (uint64_t)(uintptr_t)&pidfd,
		.exit_signal = SIGCHLD,
	};
	long pid;

	/* inside, nobody can; outside, only root can */
	if (ids.uid == 0 && setgroups(0, NULL) == -1)
		return err_sys(e, "drop root's further groups (a user "
		    "namespace such as that of `unshare -r' does not let its "
		    "root do that; run OpenShell outside of it)");
	pid = syscall(NR_CLONE3, &a, sizeof(a));
	if (pid == -1)
		return clone_error(e);
	if (pid == 0)
		stage_one(o, ids);
	*b = (struct box){ .pid = (pid_t)pid, .pidfd = pidfd };
	return 0;
}
