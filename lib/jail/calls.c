/* calls.c -- what each group of roles.h means in system calls.
 *
 * Not listed: killed, because code of ours that runs it is not ours any
 * more. Listed as soft: an errno, since libc and the libraries ask for these
 * on their own and live with a no. */
#include "jail/calls.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/compat.h"
#include "base/must.h"
#include "jail/calls_abi.h"
#include "jail/procmap_abi.h"
#include "jail/tag.h"

#define CALLS_MAX 512
/* SECCOMP_IOCTL_NOTIF_*, as numbers that a filter can compare */
#define NOTIF_RECV	((uint32_t)SECCOMP_IOCTL_NOTIF_RECV)
#define NOTIF_SEND	((uint32_t)SECCOMP_IOCTL_NOTIF_SEND)
#define NOTIF_ID_VALID	((uint32_t)SECCOMP_IOCTL_NOTIF_ID_VALID)
#define NOTIF_ADDFD	((uint32_t)SECCOMP_IOCTL_NOTIF_ADDFD)
#define PROCESS_NAME 0x53564d41	/* PR_SET_VMA */

#define C(name) { .number = SYS_##name, .answer = ANSWER_ALLOW }
#define N(num)	{ .number = (num), .answer = ANSWER_ALLOW }
#define L(name, fn) { .number = SYS_##name, .look = (fn) }
#define SOFT(name, err) { .number = SYS_##name, .answer = ANSWER_ERRNO(err) }

/* ---- tests of arguments ---- */

static void
look_no_exec(struct bpf *b) /* mmap, mprotect: no new code */
{
	bpf_load_arg(b, 2);
	bpf_if_any(b, PROT_EXEC, ANSWER_ERRNO(EPERM));
	bpf_ret(b, ANSWER_ALLOW);
}

static void
look_ioctl(struct bpf *b) /* sizes, terminals we hold, non-blocking */
{
	static const uint32_t may[] = { FIONREAD, FIONBIO, TCGETS,
		TIOCGWINSZ, TIOCSWINSZ, TIOCSPTLCK, TIOCGPTN, TIOCGPTPEER,
		TIOCSIG };

	bpf_load_arg(b, 1);
	for (size_t i = 0; i < NELEM(may); i++)
		bpf_if_eq(b, may[i], ANSWER_ALLOW);
	bpf_ret(b, ANSWER_ERRNO(ENOTTY));
}

static void
look_prctl(struct bpf *b)
{
	static const uint32_t may[] = { PR_SET_NAME, PR_GET_NAME,
		PR_GET_DUMPABLE, PR_SET_PDEATHSIG, PROCESS_NAME };

	bpf_load_arg(b, 0);
	for (size_t i = 0; i < NELEM(may); i++)
		bpf_if_eq(b, may[i], ANSWER_ALLOW);
	bpf_ret(b, ANSWER_ERRNO(EINVAL));
}

static void
look_self(struct bpf *b) /* tgkill(own process, ...): abort(3) */
{
	bpf_load_arg(b, 0);
	bpf_if_eq(b, (uint32_t)getpid(), ANSWER_ALLOW);
	bpf_ret(b, ANSWER_KILL);
}

static void
look_own_limits(struct bpf *b) /* prlimit64(0, ...) */
{
	bpf_load_arg(b, 0);
	bpf_if_eq(b, 0, ANSWER_ALLOW);
	bpf_if_eq(b, (uint32_t)getpid(), ANSWER_ALLOW);
	bpf_ret(b, ANSWER_ERRNO(EPERM));
}

static void
look_stat_fd(struct bpf *b) /* newfstatat as fstat(3) uses it */
{
	bpf_load_arg(b, 3);
	bpf_if_any(b, AT_EMPTY_PATH, ANSWER_ALLOW);
	bpf_ret(b, ANSWER_ERRNO(EACCES));
}

static void
look_unix(struct bpf *b) /* socket, socketpair */
{
	bpf_load_arg(b, 0);
	bpf_if_eq(b, AF_UNIX, ANSWER_ALLOW);
	bpf_ret(b, ANSWER_ERRNO(EAFNOSUPPORT));
}

/* TCP and UDP over IP, and Unix. */
static void
look_inet(struct bpf *b)
{
	bpf_load_arg(b, 0);
	bpf_if_eq(b, AF_UNIX, ANSWER_ALLOW);
	bpf_unless_in(b, (const uint32_t[]){ AF_INET, AF_INET6 }, 2,
	    ANSWER_ERRNO(EAFNOSUPPORT));
	bpf_load_arg(b, 1);
	bpf_and(b, 0xf); /* without SOCK_CLOEXEC and SOCK_NONBLOCK */
	bpf_if_eq(b, SOCK_STREAM, ANSWER_ALLOW);
	bpf_if_eq(b, SOCK_DGRAM, ANSWER_ALLOW);
	bpf_ret(b, ANSWER_ERRNO(EPROTONOSUPPORT));
}

static void
look_read_only(struct bpf *b) /* openat */
{
	bpf_load_arg(b, 2);
	bpf_if_any(b, O_ACCMODE | O_CREAT | O_TRUNC | O_APPEND,
	    ANSWER_ERRNO(EACCES));
	bpf_ret(b, ANSWER_ALLOW);
}

/* The questions of the sandbox's filter (4.15 and 5.0's, as the kernel has
 * them), and the size of what is to be read of a pipe. */
static void
look_notify(struct bpf *b)
{
	static const uint32_t may[] = { NOTIF_RECV, NOTIF_SEND,
		NOTIF_ID_VALID, NOTIF_ADDFD, (uint32_t)PROCMAP_QUERY };

	bpf_load_arg(b, 1);
	for (size_t i = 0; i < NELEM(may); i++)
		bpf_if_eq(b, may[i], ANSWER_ALLOW);
	bpf_ret(b, ANSWER_ERRNO(ENOTTY));
}

/* To stop who executes, look, and let go: nothing changes its memory, its
 * registers or its calls. */
static void
look_trace(struct bpf *b)
{
	static const uint32_t may[] = { PTRACE_SEIZE, PTRACE_INTERRUPT,
		PTRACE_GETEVENTMSG, PTRACE_GETREGSET, PTRACE_DETACH };

	bpf_load_arg(b, 0);
	for (size_t i = 0; i < NELEM(may); i++)
		bpf_if_eq(b, may[i], ANSWER_ALLOW);
	bpf_ret(b, ANSWER_KILL);
}

/* fork(2) and nothing else: no thread, no namespace. */
static void
look_fork(struct bpf *b)
{
	bpf_load_arg(b, 0);
	bpf_if_any(b, ~(uint32_t)(CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID |
		CSIGNAL), ANSWER_KILL);
	bpf_ret(b, ANSWER_ALLOW);
}

/* ---- groups ---- */

/* For the broker: what the agent asks to be done to a file, once it has been
 * judged; it makes no socket, and connects only those of its callers. No new
 * program. Memory is written where a caller
 * said that it wants an answer. */
/* The broker reads and lowers it; nobody raises it (tag.h). */
static void
look_tag(struct bpf *b)
{
	bpf_load_arg(b, 1);
	bpf_if_eq(b, TAG_LIMIT, ANSWER_ALLOW);
	look_own_limits(b);
}

static const struct call calls_of_gate[] = {
	C(openat), N(NR_OPENAT2), C(newfstatat), C(statx), C(readlinkat), C(fstatfs),
	C(mkdirat), C(mknodat), C(unlinkat), C(renameat2), C(renameat),
	C(linkat), C(symlinkat), C(truncate), C(fchmodat), C(fchownat),
	C(utimensat), C(setxattr), C(getxattr), C(removexattr), C(fchdir),
	C(chdir), C(bind), C(connect), C(inotify_add_watch), C(process_vm_readv),
	C(process_vm_writev), C(capset), N(NR_PIDFD_OPEN), N(NR_PIDFD_GETFD),
	N(NR_PIDFD_SEND_SIGNAL), L(ptrace, look_trace),
	C(wait4), C(getdents64), C(listxattr),
	N(NR_FACCESSAT2), L(clone, look_fork),
#ifdef __x86_64__
	C(getdents), C(chmod), C(rename), C(mknod), C(readlink), C(stat),
#endif
};

static const struct call calls_loop[] = {
	C(read), C(write), C(readv), C(writev), C(pread64), C(pwrite64),
	C(preadv), C(pwritev), C(lseek), C(close), N(NR_CLOSE_RANGE),
	C(fstat), C(dup), C(dup3), C(fcntl), C(pipe2),
	C(splice), C(tee), C(sendfile),
	C(epoll_create1), C(epoll_ctl), C(epoll_pwait), N(NR_EPOLL_PWAIT2),
	C(ppoll), C(pselect6), C(eventfd2), C(timerfd_create),
	C(timerfd_settime), C(timerfd_gettime),
	C(clock_gettime), C(clock_getres), C(clock_nanosleep), C(nanosleep),
	C(gettimeofday),
	C(sendmsg), C(recvmsg), C(sendto), C(recvfrom), C(shutdown),
	C(getsockopt), C(setsockopt), C(getsockname), C(getpeername),
	L(socketpair, look_unix),
	C(munmap), C(mremap), C(brk), C(madvise), C(memfd_create),
	C(ftruncate), C(futex), C(membarrier), C(rseq), C(set_robust_list),
	C(rt_sigaction), C(rt_sigprocmask), C(rt_sigreturn), C(sigaltstack),
	C(restart_syscall), C(exit), C(exit_group), L(tgkill, look_self),
	C(getpid), C(gettid), C(getppid), C(getuid), C(geteuid), C(getgid),
	C(getegid), C(getrandom), C(sched_yield), C(sched_getaffinity),
	C(getrusage), C(sysinfo), C(uname), C(umask), C(getcpu),
	L(prctl, look_prctl),
#ifdef __x86_64__
	C(dup2), C(epoll_wait), C(poll), C(select), C(time), C(getrlimit),
#endif
};

static const struct call calls_file[] = {
	C(openat), N(NR_OPENAT2), C(newfstatat), C(statx), C(faccessat),
	N(NR_FACCESSAT2), C(readlinkat), C(getdents64), C(mkdirat),
	C(unlinkat), C(renameat2), C(renameat), C(linkat), C(symlinkat),
	C(truncate), C(fsync), C(fdatasync), C(sync_file_range),
	C(fallocate), C(fadvise64), C(flock), C(fchmod), C(fchmodat),
	C(fchown), C(fchownat), C(getcwd), C(chdir), C(fchdir), C(statfs),
	C(fstatfs), C(utimensat), C(copy_file_range),
#ifdef __x86_64__
	C(open), C(creat), C(stat), C(lstat), C(access), C(readlink),
	C(mkdir), C(rmdir), C(unlink), C(rename), C(link), C(symlink),
	C(chmod), C(chown),
#endif
};

/* Without CALLS_FILE, what libraries ask for on their own. */
static const struct call calls_no_file[] = {
	SOFT(openat, EACCES), { NR_OPENAT2, ANSWER_ERRNO(EACCES), NULL },
	L(newfstatat, look_stat_fd), SOFT(statx, EACCES),
	SOFT(faccessat, EACCES), { NR_FACCESSAT2, ANSWER_ERRNO(EACCES), NULL },
	SOFT(readlinkat, EACCES), SOFT(getcwd, EACCES),
#ifdef __x86_64__
	SOFT(open, EACCES), SOFT(stat, EACCES), SOFT(lstat, EACCES),
	SOFT(access, EACCES), SOFT(readlink, EACCES),
#endif
};

static const struct call calls_read[] = { /* SEE_READ instead of FILE */
	L(openat, look_read_only), C(newfstatat), C(readlinkat),
	C(getdents64), C(fstatfs), C(kcmp),
#ifdef __x86_64__
	C(stat), C(lstat), C(readlink),
#endif
};

static const struct call calls_socket[] = {
	C(connect), C(bind), C(listen), C(accept4), C(accept), C(sendmmsg),
	C(recvmmsg),
};

static const struct call calls_child[] = {
	C(wait4), C(waitid), N(NR_PIDFD_SEND_SIGNAL),
};

static const struct call calls_spawn[] = {
	C(clone), N(NR_CLONE3), C(execve), C(execveat), C(kill),
	N(NR_PIDFD_OPEN), C(setsid), C(setpgid), C(getpgid),
#ifdef __x86_64__
	C(fork), C(vfork), C(pipe),
#endif
};

static const struct call calls_soft[] = {
	SOFT(mlock, EPERM), SOFT(getpriority, EPERM),
};

static const struct call calls_no_affinity[] = {
	SOFT(sched_setaffinity, EPERM),
};

struct list {
	struct call c[CALLS_MAX];
	size_t n;
};

static void
list_add(struct list *l, const struct call *c, size_t n)
{
	must(n <= CALLS_MAX - l->n);
	memcpy(l->c + l->n, c, n * sizeof(*c));
	l->n += n;
}

static void
list_add_one(struct list *l, uint32_t number, void (*look)(struct bpf *))
{
	struct call c = { .number = number, .answer = ANSWER_ALLOW,
		.look = look };

	list_add(l, &c, 1);
}

bool
calls_role(struct bpf *b, enum role r)
{
	const struct role_row *row = &roles[r];
	const bool spawn = (row->calls & CALLS_SPAWN) != 0;
	const bool gate = (row->calls & CALLS_GATE) != 0;
	struct list l = { .n = 0 };

	must((row->calls & CALLS_ANY) == 0 && (row->calls & CALLS_LOOP) != 0);
	list_add(&l, calls_loop, NELEM(calls_loop));
	list_add(&l, calls_soft, NELEM(calls_soft));
	if (gate) /* of its callers and its own, for a moment: hand.c */
		list_add_one(&l, SYS_sched_setaffinity, NULL);
	else
		list_add(&l, calls_no_affinity, NELEM(calls_no_affinity));
	list_add_one(&l, SYS_ioctl, gate ? look_notify : look_ioctl);
	list_add_one(&l, SYS_prlimit64, gate ? look_tag : look_own_limits);
	list_add_one(&l, SYS_mmap, spawn ? NULL : look_no_exec);
	list_add_one(&l, SYS_mprotect, spawn ? NULL : look_no_exec);
	if (row->sees == SEE_READ)
		list_add(&l, calls_read, NELEM(calls_read));
	else if (gate)
		list_add(&l, calls_of_gate, NELEM(calls_of_gate));
	else if ((row->calls & CALLS_FILE) != 0)
		list_add(&l, calls_file, NELEM(calls_file));
	else
		list_add(&l, calls_no_file, NELEM(calls_no_file));
	if ((row->calls & CALLS_SOCKET) != 0) {
		list_add(&l, calls_socket, NELEM(calls_socket));
		list_add_one(&l, SYS_socket, row->net == NET_INET ?
		    look_inet : look_unix);
	}
	if ((row->calls & (CALLS_CHILD | CALLS_SPAWN)) != 0)
		list_add(&l, calls_child, NELEM(calls_child));
	if (spawn)
		list_add(&l, calls_spawn, NELEM(calls_spawn));
	return bpf_build(b, l.c, l.n, ANSWER_KILL);
}
