/* calls_agent.c -- what everything inside a sandbox may ask of the kernel.
 *
 * An allow-list: what ordinary programs, compilers, debuggers, browsers'
 * engines and language runtimes use. A call that is not here does not exist
 * (ENOSYS), which is what programs are written to live with; one that exists
 * but is for administrators says EPERM; foreign call conventions kill.
 *
 * Allowed with a reason:
 *   ptrace, process_vm_*, pidfd_getfd	debuggers and strace. All processes
 *	inside have the same rights, so there is nothing to gain: init is
 *	undumpable, egress and supervisor are in other pid and user
 *	namespaces, and the kernel runs this filter again after a tracer
 *	has changed a call.
 *   seccomp, landlock_*		only ever take away; agents sandbox their
 *	own tools with them.
 *   memfd_create, execveat		Landlock and the mounts bound what can be
 *	reached; what runs from memory has no more rights.
 *
 * Refused with a reason:
 *   clone3		its flags are behind a pointer, which a filter cannot
 *			read: ENOSYS makes libc fall back to clone, whose
 *			flags are in a register
 *   unshare, setns, clone(CLONE_NEW*)	a new user namespace gives back
 *			capabilities, and with them most of the kernel
 *   io_uring_*		opens and connects past any filter
 *   bpf, perf_event_open, userfaultfd, keyctl family	attack surface of the
 *			kernel that agents do not need
 *   name_to_handle_at, open_by_handle_at	files by number, past every path
 *   mount family, chroot, pivot_root, swap, module, reboot, clock: admin
 *   set-user-ID and set-group-ID modes	in a shared mount such a file would
 *			give the user's rights, outside, to whoever runs it.
 *			openat2 hides its mode behind a pointer: ENOSYS
 *   a new RLIMIT_CORE	the kernel would start the host's crash handler, as
 *			root, on a program of the agent's choice (1 forbids
 *			that, where 0 does not); it is told "done"
 *   a new RLIMIT_LOCKS	no kernel looks at it: it says under which profiles
 *			a process is (tag.h); it is told the same
 *   vmsplice, remap_file_pages, memfd_secret, process_mrelease: rare
 */
#include "jail/calls.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/btrfs.h>
#include <linux/fs.h>
#include <linux/fscrypt.h>
#include <linux/fsverity.h>
#include <linux/netlink.h>
#include <linux/prctl.h>
#include <netinet/in.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/personality.h>
#include <sys/resource.h>
#include <asm/sockios.h>
#include <sys/socket.h>

#include "base/compat.h"
#include "base/must.h"
#include "jail/calls_abi.h"
#include "jail/tag.h"

#define AGENT_CALLS_MAX 512

#define C(name) { .number = SYS_##name, .answer = ANSWER_ALLOW }
#define N(num)	{ .number = (num), .answer = ANSWER_ALLOW }
#define L(name, fn)							\
	{ .number = SYS_##name, .answer = ANSWER_ALLOW, .look = (fn) }
#define NO(name) { .number = SYS_##name, .answer = ANSWER_ERRNO(EPERM) }

/* ---- tests of arguments; see bpf.h on 32 bits ---- */

static void
look_clone(struct bpf *b)
{
	bpf_load_arg(b, 0);
	bpf_if_any(b, CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS |
		CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET,
	    ANSWER_ERRNO(EPERM));
	bpf_ret(b, ANSWER_ALLOW);
}

#define SET_ID_BITS 06000

static void
look_mode1(struct bpf *b) /* chmod, fchmod, creat, mknod: mode second */
{
	bpf_load_arg(b, 1);
	bpf_if_any(b, SET_ID_BITS, ANSWER_ERRNO(EPERM));
	bpf_yes(b);
}

static void
look_mode2(struct bpf *b) /* fchmodat, mknodat: mode third */
{
	bpf_load_arg(b, 2);
	bpf_if_any(b, SET_ID_BITS, ANSWER_ERRNO(EPERM));
	bpf_yes(b);
}

/* The mode is only there when a file is made; it is rubbish else. */
static void
look_made(struct bpf *b, unsigned flags)
{
	const uint32_t makes = O_CREAT | (O_TMPFILE & ~O_DIRECTORY);

	bpf_load_arg(b, flags);
	bpf_if_none(b, makes, b->yes);
	bpf_load_arg(b, flags + 1);
	bpf_if_any(b, SET_ID_BITS, ANSWER_ERRNO(EPERM));
	bpf_yes(b);
}

static void
look_open_at(struct bpf *b, unsigned flags)
{
	bpf_load_arg(b, flags);
	/* no bytes, no change, whatever the other flags: a name in a hand */
	bpf_if_any(b, O_PATH, ANSWER_ALLOW);
	look_made(b, flags);
}

static void
look_openat(struct bpf *b)
{
	look_open_at(b, 2);
}

/* Where all that Landlock gives may be read, it may be opened for that. The
 * directories that it does not give (reads.h) are asked about. */
static void
look_change_at(struct bpf *b, unsigned flags)
{
	bpf_load_arg(b, flags);
	bpf_if_none(b, O_ACCMODE | O_CREAT | O_TRUNC | O_TMPFILE,
	    ANSWER_ALLOW);
	look_open_at(b, flags);
}

static void
look_openat_changes(struct bpf *b)
{
	look_change_at(b, 2);
}

#ifdef __x86_64__
static void
look_open(struct bpf *b)
{
	look_open_at(b, 1);
}

static void
look_open_changes(struct bpf *b)
{
	look_change_at(b, 1);
}
#endif

/* prlimit64(pid, which, new, old) and setrlimit(which, new). A pointer has
 * two words, and one that is not null may have a zero in either. */
static const uint32_t kept_limits[] = { RLIMIT_CORE, TAG_LIMIT };

static void
look_prlimit(struct bpf *b)
{
	bpf_load_arg(b, 1);
	for (size_t i = 0; i < NELEM(kept_limits); i++) {
		size_t block = bpf_when_eq(b, kept_limits[i]);

		bpf_load_arg(b, 2);
		bpf_unless_in(b, (const uint32_t[]){ 0 }, 1, ANSWER_ERRNO(0));
		bpf_load_arg_high(b, 2);
		bpf_if_eq(b, 0, ANSWER_ALLOW);
		bpf_ret(b, ANSWER_ERRNO(0));
		bpf_end(b, block);
	}
	bpf_load_arg(b, 0);
	bpf_if_eq(b, 0, ANSWER_ALLOW); /* its own */
	bpf_yes(b);
}

static void
look_setrlimit(struct bpf *b)
{
	bpf_load_arg(b, 0);
	for (size_t i = 0; i < NELEM(kept_limits); i++)
		bpf_if_eq(b, kept_limits[i], ANSWER_ERRNO(0));
	bpf_ret(b, ANSWER_ALLOW);
}

/* TIOCSTI types into a terminal, TIOCLINUX pastes into a console, TIOCSETD
 * loads line disciplines, TIOCCONS takes the console's output. The others
 * change a file, or make and remove names, through a descriptor that is open
 * for reading; a snapshot also gives denied files other names. */
static void
look_ioctl(struct bpf *b)
{
	static const uint32_t no[] = { TIOCSTI, TIOCLINUX, TIOCSETD,
		TIOCCONS, FS_IOC_SETFLAGS, FS_IOC_FSSETXATTR,
		FS_IOC_ENABLE_VERITY, FS_IOC_SET_ENCRYPTION_POLICY,
		BTRFS_IOC_SNAP_CREATE, BTRFS_IOC_SNAP_CREATE_V2,
		BTRFS_IOC_SUBVOL_CREATE, BTRFS_IOC_SUBVOL_CREATE_V2,
		BTRFS_IOC_SNAP_DESTROY, BTRFS_IOC_SNAP_DESTROY_V2,
		BTRFS_IOC_SUBVOL_SETFLAGS };

	bpf_load_arg(b, 1);
	for (size_t i = 0; i < NELEM(no); i++)
		bpf_if_eq(b, no[i], ANSWER_ERRNO(EPERM));
	bpf_if_eq(b, FIOSETOWN, b->yes); /* who is signalled */
	bpf_if_eq(b, FIOASYNC, b->yes);
	bpf_if_eq(b, SIOCSPGRP, b->yes);
	bpf_ret(b, ANSWER_ALLOW);
}

#define SET_LEASE 1024 /* F_SETLEASE, which libc hides from us */
#define SET_DELEGATION 1040 /* F_SETDELEG, newer: the same of directories */
#define SET_OWNER_EX 15 /* F_SETOWN_EX */
#define SET_SIGNAL 10 /* F_SETSIG */

/* A lease makes whoever opens the file wait, most of a minute; and a sandbox
 * of root is the owner of every program in the host's /usr. */
static void
look_fcntl(struct bpf *b)
{
	size_t async;

	bpf_load_arg(b, 1);
	bpf_if_eq(b, SET_LEASE, ANSWER_ERRNO(EACCES));
	bpf_if_eq(b, SET_DELEGATION, ANSWER_ERRNO(EINVAL));
	bpf_if_eq(b, F_SETOWN, b->yes); /* who is signalled */
	bpf_if_eq(b, SET_OWNER_EX, b->yes);
	bpf_if_eq(b, SET_SIGNAL, b->yes); /* and how */
	async = bpf_when_eq(b, F_SETFL);
	bpf_load_arg(b, 2);
	bpf_if_any(b, O_ASYNC, b->yes); /* a terminal: who is in front */
	bpf_ret(b, ANSWER_ALLOW);
	bpf_end(b, async);
	bpf_ret(b, ANSWER_ALLOW);
}

/* Streams and datagrams over IP without ICMP, SCTP, DCCP, MPTCP or raw; Unix;
 * and rtnetlink, with which programs list their (one) interface. */
static void
look_socket(struct bpf *b)
{
	const uint32_t ip[] = { AF_INET, AF_INET6 };
	const uint32_t protocols[] = { 0, IPPROTO_TCP, IPPROTO_UDP };
	const uint32_t types[] = { SOCK_STREAM, SOCK_DGRAM };
	size_t block;

	bpf_load_arg(b, 0);
	bpf_if_eq(b, AF_UNIX, ANSWER_ALLOW);
	block = bpf_when_eq(b, AF_NETLINK);
	bpf_load_arg(b, 2);
	bpf_if_eq(b, NETLINK_ROUTE, ANSWER_ALLOW);
	bpf_ret(b, ANSWER_ERRNO(EPROTONOSUPPORT));
	bpf_end(b, block);
	bpf_unless_in(b, ip, NELEM(ip), ANSWER_ERRNO(EAFNOSUPPORT));
	bpf_load_arg(b, 2);
	bpf_unless_in(b, protocols, NELEM(protocols),
	    ANSWER_ERRNO(EPROTONOSUPPORT));
	bpf_load_arg(b, 1);
	bpf_and(b, 0xf); /* without SOCK_CLOEXEC and SOCK_NONBLOCK */
	bpf_unless_in(b, types, NELEM(types), ANSWER_ERRNO(EPERM));
	bpf_ret(b, ANSWER_ALLOW);
}

static void
look_unix_pair(struct bpf *b)
{
	bpf_load_arg(b, 0);
	bpf_if_eq(b, AF_UNIX, ANSWER_ALLOW);
	bpf_ret(b, ANSWER_ERRNO(EAFNOSUPPORT));
}

/* MSG_FASTOPEN connects. */
static void
look_send2(struct bpf *b) /* sendmsg: flags third */
{
	bpf_load_arg(b, 2);
	bpf_if_any(b, MSG_FASTOPEN, b->yes);
	bpf_ret(b, ANSWER_ALLOW);
}

static void
look_send3(struct bpf *b) /* sendto, sendmmsg: flags fourth */
{
	bpf_load_arg(b, 3);
	bpf_if_any(b, MSG_FASTOPEN, b->yes);
	bpf_ret(b, ANSWER_ALLOW);
}

/* Linux, query, and without address randomisation (debuggers). Other
 * personalities change what old code paths in the kernel do. */
static void
look_personality(struct bpf *b)
{
	bpf_load_arg(b, 0);
	bpf_if_eq(b, PER_LINUX, ANSWER_ALLOW);
	bpf_if_eq(b, ADDR_NO_RANDOMIZE, ANSWER_ALLOW);
	bpf_if_eq(b, 0xffffffffU, ANSWER_ALLOW);
	bpf_ret(b, ANSWER_ERRNO(EPERM));
}

#define PR_MDWE_SET 65
#define PR_MDWE_GET 66
#define PR_VMA	    0x53564d41

/* Not: PR_SET_MM, memory merging (a side channel), core scheduling, and
 * whatever comes later. EINVAL is what an older kernel says. */
static void
look_prctl(struct bpf *b)
{
	static const uint32_t may[] = { PR_SET_PDEATHSIG, PR_GET_PDEATHSIG,
		PR_GET_DUMPABLE, PR_SET_DUMPABLE, PR_GET_KEEPCAPS,
		PR_SET_NAME, PR_GET_NAME, PR_GET_SECCOMP, PR_SET_SECCOMP,
		PR_CAPBSET_READ, PR_GET_SECUREBITS, PR_SET_TIMERSLACK,
		PR_GET_TIMERSLACK, PR_SET_CHILD_SUBREAPER,
		PR_GET_CHILD_SUBREAPER, PR_SET_NO_NEW_PRIVS,
		PR_GET_NO_NEW_PRIVS, PR_GET_TID_ADDRESS, PR_SET_THP_DISABLE,
		PR_GET_THP_DISABLE, PR_CAP_AMBIENT, PR_GET_SPECULATION_CTRL,
		PR_SET_SPECULATION_CTRL, PR_SET_TAGGED_ADDR_CTRL,
		PR_GET_TAGGED_ADDR_CTRL, PR_MDWE_SET, PR_MDWE_GET, PR_VMA,
		PR_SET_PTRACER, PR_MCE_KILL_GET };

	bpf_load_arg(b, 0);
	for (size_t i = 0; i < NELEM(may); i++)
		bpf_if_eq(b, may[i], ANSWER_ALLOW);
	bpf_ret(b, ANSWER_ERRNO(EINVAL));
}

/* ---- the list ---- */

static const struct call calls_all[] = {
	/* bytes of open files */
	C(read), C(write), C(readv), C(writev), C(pread64), C(pwrite64),
	C(preadv), C(pwritev), C(preadv2), C(pwritev2), C(lseek), C(close),
	N(NR_CLOSE_RANGE), C(dup), C(dup3), L(fcntl, look_fcntl),
	L(ioctl, look_ioctl),
	C(sendfile), C(splice), C(tee), C(copy_file_range), C(readahead),
	C(fadvise64), C(fallocate), C(ftruncate), C(fsync), C(fdatasync),
	C(sync), C(syncfs), C(sync_file_range), C(flock), C(pipe2),
	C(io_setup), C(io_destroy), C(io_submit), C(io_cancel),
	C(io_getevents), N(NR_CACHESTAT),
	/* names; Landlock and the mounts decide */
	L(openat, look_openat), C(newfstatat), C(fstat), C(statx),
	C(statfs), C(fstatfs), C(faccessat), N(NR_FACCESSAT2),
	C(readlinkat), C(getdents64), C(getcwd), C(chdir), C(fchdir),
	C(mkdirat), L(mknodat, look_mode2), C(unlinkat), C(linkat), C(symlinkat),
	C(renameat), C(renameat2), C(truncate), L(fchmod, look_mode1),
	L(fchmodat, look_mode2),
	{ .number = NR_FCHMODAT2, .answer = ANSWER_ALLOW, .look = look_mode2 }, C(fchown),
	C(fchownat), C(utimensat), C(umask),
	C(setxattr), C(lsetxattr), C(fsetxattr), C(getxattr), C(lgetxattr),
	C(fgetxattr), C(listxattr), C(llistxattr), C(flistxattr),
	C(removexattr), C(lremovexattr), C(fremovexattr), N(NR_SETXATTRAT),
	N(NR_GETXATTRAT), N(NR_LISTXATTRAT), N(NR_REMOVEXATTRAT),
	C(inotify_init1), C(inotify_add_watch), C(inotify_rm_watch),
	/* waiting and time */
	C(epoll_create1), C(epoll_ctl), C(epoll_pwait), N(NR_EPOLL_PWAIT2),
	C(ppoll), C(pselect6), C(eventfd2), C(signalfd4),
	C(timerfd_create), C(timerfd_settime), C(timerfd_gettime),
	C(timer_create), C(timer_settime), C(timer_gettime),
	C(timer_getoverrun), C(timer_delete), C(getitimer), C(setitimer),
	C(clock_gettime), C(clock_getres), C(clock_nanosleep), C(nanosleep),
	C(gettimeofday), C(times),
	/* sockets */
	L(socket, look_socket), L(socketpair, look_unix_pair), C(bind),
	C(listen), C(accept), C(accept4), C(connect), C(getsockname),
	C(getpeername), C(getsockopt), C(setsockopt), C(shutdown),
	L(sendto, look_send3), C(recvfrom), L(sendmsg, look_send2),
	C(recvmsg), L(sendmmsg, look_send3),
	C(recvmmsg),
	/* System V and POSIX IPC, in a namespace of the sandbox's own */
	C(shmget), C(shmat), C(shmdt), C(shmctl), C(semget), C(semop),
	C(semtimedop), C(semctl), C(msgget), C(msgsnd), C(msgrcv),
	C(msgctl), C(mq_open), C(mq_unlink), C(mq_timedsend),
	C(mq_timedreceive), C(mq_notify), C(mq_getsetattr),
	/* memory */
	C(mmap), C(mprotect), C(munmap), C(mremap), C(msync), C(mincore),
	C(madvise), N(NR_PROCESS_MADVISE), C(brk), C(mlock), C(mlock2),
	C(munlock), C(mlockall), C(munlockall), C(memfd_create),
	C(membarrier), C(get_mempolicy), C(pkey_alloc), C(pkey_free),
	C(pkey_mprotect), N(NR_MSEAL), N(NR_MAP_SHADOW_STACK),
	/* threads and processes */
	L(clone, look_clone), C(execve), C(execveat), C(exit),
	C(exit_group), C(wait4), C(waitid), C(set_tid_address),
	C(set_robust_list), C(get_robust_list), C(futex), N(NR_FUTEX_WAITV),
	N(NR_FUTEX_WAKE), N(NR_FUTEX_WAIT), N(NR_FUTEX_REQUEUE), C(rseq),
	C(kill), C(tkill), C(tgkill), C(rt_sigaction), C(rt_sigprocmask),
	C(rt_sigpending), C(rt_sigtimedwait), C(rt_sigqueueinfo),
	C(rt_tgsigqueueinfo), C(rt_sigsuspend), C(rt_sigreturn),
	C(sigaltstack), C(restart_syscall), N(NR_PIDFD_OPEN),
	N(NR_PIDFD_SEND_SIGNAL), N(NR_PIDFD_GETFD), C(ptrace),
	C(process_vm_readv), C(process_vm_writev), C(getpid), C(getppid),
	C(gettid), C(getpgid), C(setpgid), C(getsid), C(setsid),
	C(getpriority), C(setpriority), C(ioprio_get), C(ioprio_set),
	C(sched_yield), C(sched_getaffinity), C(sched_setaffinity),
	C(sched_getparam), C(sched_setparam), C(sched_getscheduler),
	C(sched_setscheduler), C(sched_getattr), C(sched_setattr),
	C(sched_get_priority_max), C(sched_get_priority_min),
	C(sched_rr_get_interval), C(getrlimit),
	L(setrlimit, look_setrlimit), L(prlimit64, look_prlimit),
	C(getrusage), C(getcpu), L(prctl, look_prctl),
	L(personality, look_personality), C(seccomp),
	N(NR_LANDLOCK_CREATE_RULESET), N(NR_LANDLOCK_ADD_RULE),
	N(NR_LANDLOCK_RESTRICT_SELF),
	/* identity: one user, no capability, so these change nothing */
	C(getuid), C(geteuid), C(getgid), C(getegid), C(getresuid),
	C(getresgid), C(getgroups), C(setuid), C(setgid), C(setreuid),
	C(setregid), C(setresuid), C(setresgid), C(setfsuid), C(setfsgid),
	C(setgroups), C(capget), C(capset),
	/* facts */
	C(uname), C(sysinfo), C(getrandom),
	/* administration */
	NO(unshare), NO(setns), NO(mount), NO(umount2), NO(pivot_root),
	NO(chroot), NO(swapon), NO(swapoff), NO(reboot), NO(sethostname),
	NO(setdomainname), NO(settimeofday), NO(clock_settime),
	NO(clock_adjtime), NO(adjtimex), NO(acct), NO(quotactl),
	NO(init_module), NO(finit_module), NO(delete_module),
	NO(kexec_load), NO(syslog), NO(vhangup), NO(bpf),
	NO(perf_event_open), NO(userfaultfd), NO(name_to_handle_at),
	NO(open_by_handle_at), NO(fanotify_init), NO(fanotify_mark),
	NO(add_key), NO(request_key), NO(keyctl), NO(mbind),
	NO(set_mempolicy), NO(migrate_pages), NO(move_pages), NO(kcmp),
	NO(open_tree), NO(move_mount), NO(fsopen), NO(fsconfig),
	NO(fsmount), NO(fspick), NO(mount_setattr),
#ifdef __x86_64__
	/* what the generic table spells differently, or not at all */
	L(open, look_open), L(creat, look_mode1), C(stat), C(lstat),
	C(access), C(readlink),
	C(mkdir), C(rmdir), C(unlink), C(rename), C(link), C(symlink),
	L(mknod, look_mode1), L(chmod, look_mode1), C(chown), C(lchown),
	C(utime), C(utimes),
	C(futimesat), C(getdents), C(dup2), C(pipe), C(poll), C(select),
	C(epoll_create), C(epoll_wait),
	C(eventfd), C(signalfd), C(inotify_init), C(fork), C(vfork),
	C(getpgrp), C(alarm), C(pause), C(time), C(arch_prctl),
	NO(iopl), NO(ioperm), NO(modify_ldt), NO(kexec_file_load),
#endif
};

/* Where names are hidden, a name in a hand tells that it is there. */
static void
look_openat_names(struct bpf *b)
{
	look_made(b, 2);
}

#ifdef __x86_64__
static void
look_open_names(struct bpf *b)
{
	look_made(b, 1);
}
#endif

/* connect(2) is judged; a datagram's address, in sendto(2) and behind a pointer
 * in sendmsg(2), cannot be. Over IP it need not. */
static void
look_unix_type(struct bpf *b, uint32_t otherwise)
{
	static const uint32_t types[] = { SOCK_STREAM, SOCK_SEQPACKET };

	bpf_load_arg(b, 1);
	bpf_and(b, 0xf); /* without SOCK_CLOEXEC and SOCK_NONBLOCK */
	bpf_unless_in(b, types, NELEM(types), otherwise);
	bpf_ret(b, ANSWER_ALLOW);
}

static void
look_socket_gated(struct bpf *b)
{
	size_t block;

	bpf_load_arg(b, 0);
	block = bpf_when_eq(b, AF_UNIX);
	look_unix_type(b, ANSWER_ERRNO(ESOCKTNOSUPPORT));
	bpf_end(b, block);
	look_socket(b);
}

static void
look_pair_gated(struct bpf *b)
{
	bpf_load_arg(b, 0);
	bpf_unless_in(b, (const uint32_t[]){ AF_UNIX }, 1,
	    ANSWER_ERRNO(EAFNOSUPPORT));
	look_unix_type(b, ANSWER_ERRNO(ESOCKTNOSUPPORT));
}

static void
look_at_sockets(struct call *calls, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (calls[i].number == SYS_socket)
			calls[i].look = look_socket_gated;
		if (calls[i].number == SYS_socketpair)
			calls[i].look = look_pair_gated;
	}
}

static void
look_at_opens(struct call *calls, size_t n, bool names)
{
	for (size_t i = 0; i < n; i++) {
		if (calls[i].number == SYS_openat)
			calls[i].look = names ? look_openat_names :
						look_openat_changes;
#ifdef __x86_64__
		if (calls[i].number == SYS_open)
			calls[i].look = names ? look_open_names :
						look_open_changes;
#endif
	}
}

bool
calls_agent(struct bpf *b, enum gate gate)
{
	struct call calls[AGENT_CALLS_MAX];
	const size_t n = NELEM(calls_all);

	must(n <= AGENT_CALLS_MAX);
	memcpy(calls, calls_all, sizeof(calls_all));
	if (gate != GATE_NONE)
		calls_gate(calls, n, gate);
	if (gate_has(gate, GATE_FILES))
		look_at_sockets(calls, n);
	if (gate_has(gate, GATE_NAMES) || gate_has(gate, GATE_CHANGES))
		look_at_opens(calls, n, gate_has(gate, GATE_NAMES));
	return bpf_build(b, calls, n, ANSWER_ERRNO(ENOSYS));
}
