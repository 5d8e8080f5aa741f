/* t_filter.c -- the filters, run by an interpreter over every number and over
 * the arguments that matter; and the masks of Landlock. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/netlink.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "base/compat.h"
#include "base/must.h"
#include "jail/bpf.h"
#include "jail/calls.h"
#include "jail/landlock.h"
#include "jail/tag.h"

#ifdef __x86_64__
#define OURS AUDIT_ARCH_X86_64
#else
#define OURS AUDIT_ARCH_AARCH64
#endif

#define ALLOW	  ANSWER_ALLOW
#define KILL	  ANSWER_KILL
#define NO(e)	  ANSWER_ERRNO(e)
#define NUMBER_MAX 1024
#define HIGH	  0xdead00000000ULL /* what the kernel does not look at */

static struct bpf b;

/* The subset that bpf.c emits; anything else fails the test. */
static uint32_t
run(const struct seccomp_data *d)
{
	const unsigned char *data = (const unsigned char *)d;
	uint32_t acc = 0;

	for (size_t pc = 0; pc < b.len; pc++) {
		const struct sock_filter *i = &b.ins[pc];

		switch (i->code) {
		case BPF_LD | BPF_W | BPF_ABS:
			must(i->k + 4 <= sizeof(*d) && i->k % 4 == 0);
			memcpy(&acc, data + i->k, sizeof(acc));
			break;
		case BPF_ALU | BPF_AND | BPF_K:
			acc &= i->k;
			break;
		case BPF_JMP | BPF_JA:
			pc += i->k;
			break;
		case BPF_JMP | BPF_JEQ | BPF_K:
			pc += acc == i->k ? i->jt : i->jf;
			break;
		case BPF_JMP | BPF_JGE | BPF_K:
			pc += acc >= i->k ? i->jt : i->jf;
			break;
		case BPF_JMP | BPF_JSET | BPF_K:
			pc += (acc & i->k) != 0 ? i->jt : i->jf;
			break;
		case BPF_RET | BPF_K:
			return i->k;
		default:
			fail_msg("code %#x at %zu", i->code, pc);
		}
	}
	fail_msg("ran off the end");
	return 0;
}

static uint32_t
ask(long number, uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3)
{
	const struct seccomp_data d = { .nr = (int)number, .arch = OURS,
		.args = { a0, a1, a2, a3, 0, 0 } };

	return run(&d);
}

/* ---- the builder ---- */

static void
look_third(struct bpf *f)
{
	bpf_load_arg(f, 2);
	bpf_if_eq(f, 7, NO(EBUSY));
	bpf_ret(f, ALLOW);
}

static void
builder_is_exact(void **state)
{
	uint32_t want[NUMBER_MAX];

	(void)state;
	for (unsigned step = 1; step < 9; step++) {
		struct call calls[NUMBER_MAX];
		size_t n = 0;

		for (uint32_t i = 0; i < NUMBER_MAX; i++)
			want[i] = NO(ENOSYS);
		for (uint32_t i = step; i < 900; i += 1 + i % step) {
			uint32_t answer = i % 3 == 0 ? ALLOW : NO(EPERM);

			calls[n++] = (struct call){ i, answer, NULL };
			want[i] = answer;
		}
		assert_true(bpf_build(&b, calls, n, NO(ENOSYS)));
		for (uint32_t i = 0; i < NUMBER_MAX; i++)
			if (ask(i, 0, 0, 0, 0) != want[i])
				fail_msg("step %u: number %u", step, i);
	}
}

static void
arguments_are_low_words(void **state)
{
	struct call calls[] = { { 5, 0, look_third }, { 6, ALLOW, NULL } };

	(void)state;
	assert_true(bpf_build(&b, calls, 2, KILL));
	assert_int_equal(ask(5, 0, 0, 7, 0), NO(EBUSY));
	assert_int_equal(ask(5, 0, 0, HIGH | 7, 0), NO(EBUSY));
	assert_int_equal(ask(5, 0, 0, 8, 0), ALLOW);
	assert_int_equal(ask(4, 0, 0, 0, 0), KILL);
}

static void
too_long_is_refused(void **state)
{
	static struct call calls[600];

	(void)state;
	for (uint32_t i = 0; i < NELEM(calls); i++)
		calls[i] = (struct call){ i, 0, look_third };
	/* 600 x (4 + 2) fits in 4096, and is still exact at the far end */
	assert_true(bpf_build(&b, calls, NELEM(calls), KILL));
	assert_int_equal(ask(599, 0, 0, 7, 0), NO(EBUSY));
	assert_int_equal(ask(600, 0, 0, 7, 0), KILL);
	for (size_t i = b.len; i < BPF_INS_MAX; i++)
		bpf_ret(&b, ALLOW);
	assert_false(b.over);
	bpf_ret(&b, ALLOW);
	assert_true(b.over);
}

static void
log_only_refuses_nothing(void **state)
{
	(void)state;
	assert_true(calls_agent(&b, GATE_NONE));
	bpf_log_only(&b);
	for (uint32_t i = 0; i < NUMBER_MAX; i++) {
		uint32_t got = ask(i, 0, 0, 0, 0);

		assert_true(got == ALLOW || got == SECCOMP_RET_LOG);
	}
}

/* ---- every filter ---- */

static void
foreign_conventions_kill(void **state)
{
	static const uint32_t foreign[] = { AUDIT_ARCH_I386, AUDIT_ARCH_ARM,
		AUDIT_ARCH_MIPS, 0, 0xffffffffU };

	(void)state;
	for (enum role r = ROLE_NONE; r < ROLE_COUNT; r++) {
		if (r != ROLE_NONE && (roles[r].calls & CALLS_ANY) != 0)
			continue;
		/* ROLE_NONE stands for the agent */
		assert_true(r == ROLE_NONE ? calls_agent(&b, GATE_NONE) :
					     calls_role(&b, r));
		for (size_t i = 0; i < NELEM(foreign); i++)
			for (int nr = 0; nr < NUMBER_MAX; nr++) {
				const struct seccomp_data d = { .nr = nr,
					.arch = foreign[i] };

				if (run(&d) != KILL)
					fail_msg("%s: %d by another ABI",
					    role_name(r), nr);
			}
#ifdef __x86_64__
		for (int nr = 0; nr < NUMBER_MAX; nr++)
			if (ask(0x40000000L | nr, 0, 0, 0, 0) != KILL)
				fail_msg("%s: x32 %d", role_name(r), nr);
#endif
	}
}

/* The broker reads its callers, and forks to wait for a pipe. */
static bool
is_brokers(long number)
{
	static const long may[] = { SYS_process_vm_readv,
		SYS_process_vm_writev, SYS_capset, SYS_clone,
		438 /* pidfd_getfd */, 434 /* pidfd_open */ };

	for (size_t i = 0; i < NELEM(may); i++)
		if (may[i] == number)
			return true;
	return false;
}

/* What no process of ours may do once it is jailed. */
static void
roles_kill(void **state)
{
	static const long never[] = { SYS_execve, SYS_execveat, SYS_clone,
		SYS_ptrace, SYS_mount, SYS_umount2, SYS_setns, SYS_unshare,
		SYS_bpf, SYS_perf_event_open, SYS_init_module, SYS_kexec_load,
		SYS_process_vm_readv, SYS_process_vm_writev, SYS_setuid,
		SYS_setresuid, SYS_capset, SYS_chroot, SYS_pivot_root,
		SYS_kill, SYS_keyctl, SYS_userfaultfd, 425 /* io_uring */,
		438 /* pidfd_getfd */, 434 /* pidfd_open */ };

	(void)state;
	for (enum role r = ROLE_CLI; r < ROLE_COUNT; r++) {
		if ((roles[r].calls & CALLS_ANY) != 0)
			continue;
		assert_true(calls_role(&b, r));
		for (size_t i = 0; i < NELEM(never); i++)
			if (ask(never[i], 0, 0, 0, 0) != KILL &&
			    !(r == ROLE_BROKER && is_brokers(never[i])))
				fail_msg("%s may call %ld", role_name(r),
				    never[i]);
		assert_int_equal(ask(SYS_mmap, 0, 1, PROT_READ | PROT_EXEC,
		    0), NO(EPERM));
		assert_int_equal(ask(SYS_read, 0, 0, 0, 0), ALLOW);
	}
}

static void
the_broker_forks_and_makes_no_thread(void **state)
{
	(void)state;
	assert_true(calls_role(&b, ROLE_BROKER));
	assert_int_equal(ask(SYS_clone, 0x01200011, 0, 0, 0), ALLOW);
	assert_int_equal(ask(SYS_clone, 0x003d0f00, 0, 0, 0), KILL);
	assert_int_equal(ask(SYS_clone, 0x10000011, 0, 0, 0), KILL);
	assert_int_equal(ask(SYS_socket, 1, 1, 0, 0), KILL);
	/* it stops who executes, and changes nothing there */
	assert_int_equal(ask(SYS_ptrace, 0x4206 /* SEIZE */, 9, 0, 0), ALLOW);
	assert_int_equal(ask(SYS_ptrace, 16 /* ATTACH */, 9, 0, 0), KILL);
	assert_int_equal(ask(SYS_ptrace, 5 /* POKEDATA */, 9, 0, 0), KILL);
	assert_int_equal(ask(SYS_ptrace, 13 /* SETREGS */, 9, 0, 0), KILL);
	/* it has none of its own: those of its callers */
	assert_int_equal(ask(SYS_connect, 3, 0, 0, 0), ALLOW);
	assert_int_equal(ask(SYS_ioctl, 3, 0x5412 /* TIOCSTI */, 0, 0),
	    NO(ENOTTY));
}

/* ---- the gate ---- */

#define ASKED SECCOMP_RET_USER_NOTIF

static void
a_gate_asks_about_names_alone(void **state)
{
	static const long asked[] = { SYS_openat, SYS_truncate,
		SYS_renameat2, SYS_linkat, SYS_symlinkat, SYS_unlinkat,
		SYS_mkdirat, SYS_mknodat, SYS_fchmod, SYS_fchmodat,
		SYS_fchown, SYS_fchownat, SYS_utimensat, SYS_setxattr,
		SYS_lsetxattr, SYS_fsetxattr, SYS_getxattr, SYS_removexattr,
		SYS_fremovexattr, SYS_bind, SYS_execve, SYS_execveat,
		SYS_inotify_add_watch, SYS_umask };
	static const long not[] = { SYS_read, SYS_write, SYS_close,
		SYS_newfstatat, SYS_statx, SYS_readlinkat, SYS_faccessat,
		SYS_getdents64, SYS_chdir, SYS_mmap, SYS_ftruncate };

	(void)state;
	assert_true(calls_agent(&b, GATE_FILES));
	for (size_t i = 0; i < NELEM(asked); i++)
		assert_int_equal(ask(asked[i], 0, 0, 0, 0), ASKED);
	for (size_t i = 0; i < NELEM(not); i++)
		assert_int_equal(ask(not[i], 0, 0, 0, 0), ALLOW);
	assert_true(calls_agent(&b, GATE_NONE));
	for (uint32_t i = 0; i < NUMBER_MAX; i++)
		assert_int_not_equal(ask(i, 0, 0, 0, 0), ASKED);
}

static void
a_gate_leaves_no_datagrams_to_paths(void **state)
{
	(void)state;
	assert_true(calls_agent(&b, GATE_FILES));
	assert_int_equal(ask(SYS_connect, 3, 0, 0, 0), ASKED);
	for (unsigned call = 0; call < 2; call++) {
		long nr = call == 0 ? SYS_socket : SYS_socketpair;

		assert_int_equal(ask(nr, AF_UNIX, SOCK_STREAM, 0, 0), ALLOW);
		assert_int_equal(ask(nr, AF_UNIX, SOCK_SEQPACKET |
			SOCK_CLOEXEC, 0, 0), ALLOW);
		assert_int_equal(ask(nr, AF_UNIX, SOCK_DGRAM |
			SOCK_NONBLOCK, 0, 0), NO(ESOCKTNOSUPPORT));
		assert_int_equal(ask(nr, AF_UNIX, SOCK_RAW, 0, 0),
		    NO(ESOCKTNOSUPPORT));
	}
	assert_int_equal(ask(SYS_socket, AF_INET, SOCK_DGRAM, 0, 0), ALLOW);
	assert_int_equal(ask(SYS_socket, AF_PACKET, SOCK_DGRAM, 0, 0),
	    NO(EAFNOSUPPORT));
	assert_true(calls_agent(&b, GATE_NONE));
	assert_int_equal(ask(SYS_socket, AF_UNIX, SOCK_DGRAM, 0, 0), ALLOW);
	assert_int_equal(ask(SYS_connect, 3, 0, 0, 0), ALLOW);
}

static void
what_tells_of_a_name_is_asked_where_names_are_hidden(void **state)
{
	static const long asked[] = { SYS_openat, SYS_newfstatat, SYS_statx,
		SYS_readlinkat, SYS_faccessat, SYS_getdents64, SYS_chdir,
		SYS_statfs, SYS_llistxattr };

	(void)state;
	assert_true(calls_agent(&b, GATE_NAMES));
	for (size_t i = 0; i < NELEM(asked); i++)
		assert_int_equal(ask(asked[i], 0, 0, 0, 0), ASKED);
	assert_int_equal(ask(SYS_openat, 0, 0, O_PATH, 0), ASKED);
	assert_int_equal(ask(SYS_openat, 0, 0, O_CREAT, 04755), NO(EPERM));
	assert_true(calls_agent(&b, GATE_FILES));
	assert_int_equal(ask(SYS_openat, 0, 0, O_PATH, 0), ALLOW);
}

static void
a_gate_changes_no_other_answer(void **state)
{
	uint32_t without[NUMBER_MAX];

	(void)state;
	assert_true(calls_agent(&b, GATE_NONE));
	for (uint32_t i = 0; i < NUMBER_MAX; i++)
		without[i] = ask(i, 0, 0, 0, 0);
	assert_true(calls_agent(&b, GATE_FILES));
	for (uint32_t i = 0; i < NUMBER_MAX; i++) {
		uint32_t got = ask(i, 0, 0, 0, 0);

		if (got == without[i])
			continue;
		/* what was allowed is asked, or refused */
		assert_int_equal(without[i], ALLOW);
		assert_true(got == ASKED || got == NO(ENOSYS) ||
		    got == NO(EOPNOTSUPP));
	}
}

static void
a_gate_reads_flags_itself(void **state)
{
	(void)state;
	assert_true(calls_agent(&b, GATE_FILES));
	/* O_PATH gives no bytes, whatever else is said */
	assert_int_equal(ask(SYS_openat, 0, 0, O_PATH, 0), ALLOW);
	assert_int_equal(ask(SYS_openat, 0, 0, O_PATH | O_CREAT, 06777),
	    ALLOW);
	assert_int_equal(ask(SYS_openat, 0, 0, O_CREAT, 04755), NO(EPERM));
	assert_int_equal(ask(SYS_openat, 0, 0, O_CREAT, 0755), ASKED);
	assert_int_equal(ask(SYS_openat, 0, 0, 0, 04755), ASKED);
	assert_int_equal(ask(SYS_fchmod, 0, 02755, 0, 0), NO(EPERM));
	assert_int_equal(ask(SYS_fchmodat, 0, 0, 04755, 0), NO(EPERM));
	assert_int_equal(ask(SYS_mknodat, 0, 0, 04755, 0), NO(EPERM));
	assert_int_equal(ask(444 /* landlock_create_ruleset */, 0, 0, 0, 0),
	    NO(EOPNOTSUPP));
}

static void
a_gate_may_leave_what_only_reads(void **state)
{
	static const int asked[] = { O_WRONLY, O_RDWR, O_ACCMODE, O_CREAT,
		O_TRUNC, O_DIRECTORY, O_TMPFILE, O_TMPFILE & ~O_DIRECTORY,
		O_CREAT | O_EXCL | O_WRONLY, O_APPEND | O_WRONLY };

	(void)state;
	assert_true(calls_agent(&b, GATE_CHANGES));
	assert_int_equal(ask(SYS_openat, 0, 0, O_RDONLY, 07777), ALLOW);
	assert_int_equal(ask(SYS_openat, 0, 0, O_CLOEXEC | O_NOFOLLOW |
		O_NONBLOCK | O_APPEND, 0), ALLOW);
	for (size_t i = 0; i < sizeof(asked) / sizeof(asked[0]); i++)
		assert_int_equal(ask(SYS_openat, 0, 0, (unsigned)asked[i], 0),
		    ASKED);
	assert_int_equal(ask(SYS_openat, 0, 0, O_CREAT, 04755), NO(EPERM));
	assert_int_equal(ask(SYS_execve, 0, 0, 0, 0), ASKED);
	assert_int_equal(ask(SYS_unlinkat, 0, 0, 0, 0), ASKED);
#ifdef __x86_64__
	assert_int_equal(ask(SYS_open, 0, O_RDONLY, 0, 0), ALLOW);
	assert_int_equal(ask(SYS_open, 0, O_RDWR, 0, 0), ASKED);
#endif
	/* where names are hidden, it does not matter what for */
	assert_true(calls_agent(&b, GATE_CHANGES | GATE_NAMES));
	assert_int_equal(ask(SYS_openat, 0, 0, O_RDONLY, 0), ASKED);
}

/* ---- the agent's ---- */

#define IP_ICMP	  1
#define IP_TCP	  6
#define IP_UDP	  17
#define IP_SCTP	  132
#define IP_MPTCP  262

static const struct {
	const char *what;
	long number;
	uint64_t a0, a1, a2;
	uint32_t want;
} agent[] = {
	{ "programs read", SYS_read, 0, 0, 0, ALLOW },
	{ "programs execute", SYS_execve, 0, 0, 0, ALLOW },
	{ "threads start", SYS_clone, CLONE_VM | CLONE_THREAD, 0, 0, ALLOW },
	{ "clone3 does not exist", 435, 0, 0, 0, NO(ENOSYS) },
	{ "no new user namespace", SYS_clone, CLONE_NEWUSER, 0, 0,
	    NO(EPERM) },
	{ "nor with high bits", SYS_clone, HIGH | CLONE_NEWUSER, 0, 0,
	    NO(EPERM) },
	{ "no new mount namespace", SYS_clone, CLONE_NEWNS | CLONE_VM, 0, 0,
	    NO(EPERM) },
	{ "no new pid namespace", SYS_clone, CLONE_NEWPID, 0, 0, NO(EPERM) },
	{ "no new network", SYS_clone, CLONE_NEWNET, 0, 0, NO(EPERM) },
	{ "no new ipc", SYS_clone, CLONE_NEWIPC, 0, 0, NO(EPERM) },
	{ "no new uts", SYS_clone, CLONE_NEWUTS, 0, 0, NO(EPERM) },
	{ "no new cgroup", SYS_clone, CLONE_NEWCGROUP, 0, 0, NO(EPERM) },
	{ "no unshare", SYS_unshare, CLONE_NEWUSER, 0, 0, NO(EPERM) },
	{ "no setns", SYS_setns, 3, 0, 0, NO(EPERM) },
	{ "no io_uring", 425, 8, 0, 0, NO(ENOSYS) },
	{ "no io_uring_enter", 426, 8, 0, 0, NO(ENOSYS) },
	{ "no bpf", SYS_bpf, 0, 0, 0, NO(EPERM) },
	{ "no keys", SYS_keyctl, 0, 0, 0, NO(EPERM) },
	{ "no handles", SYS_open_by_handle_at, 0, 0, 0, NO(EPERM) },
	{ "no handles made", SYS_name_to_handle_at, 0, 0, 0, NO(EPERM) },
	{ "no userfaultfd", SYS_userfaultfd, 0, 0, 0, NO(EPERM) },
	{ "no perf", SYS_perf_event_open, 0, 0, 0, NO(EPERM) },
	{ "no mount", SYS_mount, 0, 0, 0, NO(EPERM) },
	{ "no open_tree", 428, 0, 0, 0, NO(EPERM) },
	{ "no open_tree_attr", 467, 0, 0, 0, NO(ENOSYS) },
	{ "windows have sizes", SYS_ioctl, 0, TIOCGWINSZ, 0, ALLOW },
	{ "no typing into a terminal", SYS_ioctl, 0, TIOCSTI, 0, NO(EPERM) },
	{ "nor with high bits", SYS_ioctl, 0, HIGH | TIOCSTI, 0, NO(EPERM) },
	{ "no pasting", SYS_ioctl, 0, TIOCLINUX, 0, NO(EPERM) },
	{ "no line disciplines", SYS_ioctl, 0, TIOCSETD, 0, NO(EPERM) },
	{ "Unix sockets", SYS_socket, AF_UNIX, SOCK_STREAM, 0, ALLOW },
	{ "TCP", SYS_socket, AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0, ALLOW },
	{ "TCP by number", SYS_socket, AF_INET6, SOCK_STREAM, IP_TCP,
	    ALLOW },
	{ "UDP", SYS_socket, AF_INET, SOCK_DGRAM, IP_UDP, ALLOW },
	{ "no ping", SYS_socket, AF_INET, SOCK_DGRAM, IP_ICMP,
	    NO(EPROTONOSUPPORT) },
	{ "no raw", SYS_socket, AF_INET, SOCK_RAW, IP_TCP, NO(EPERM) },
	{ "no SCTP", SYS_socket, AF_INET, SOCK_STREAM, IP_SCTP,
	    NO(EPROTONOSUPPORT) },
	{ "no MPTCP", SYS_socket, AF_INET, SOCK_STREAM, IP_MPTCP,
	    NO(EPROTONOSUPPORT) },
	{ "interfaces are listed", SYS_socket, AF_NETLINK, SOCK_RAW,
	    NETLINK_ROUTE, ALLOW },
	{ "no netfilter", SYS_socket, AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER,
	    NO(EPROTONOSUPPORT) },
	{ "no xfrm, whose number is TCP's", SYS_socket, AF_NETLINK, SOCK_RAW,
	    NETLINK_XFRM, NO(EPROTONOSUPPORT) },
	{ "no audit", SYS_socket, AF_NETLINK, SOCK_RAW, NETLINK_AUDIT,
	    NO(EPROTONOSUPPORT) },
	{ "no packets", SYS_socket, AF_PACKET, SOCK_RAW, 0,
	    NO(EAFNOSUPPORT) },
	{ "no vsock", SYS_socket, AF_VSOCK, SOCK_STREAM, 0,
	    NO(EAFNOSUPPORT) },
	{ "no kernel crypto", SYS_socket, AF_ALG, SOCK_SEQPACKET, 0,
	    NO(EAFNOSUPPORT) },
	{ "no family hidden by high bits", SYS_socket, HIGH | AF_PACKET,
	    SOCK_RAW, 0, NO(EAFNOSUPPORT) },
	{ "pairs are Unix", SYS_socketpair, AF_INET, SOCK_STREAM, 0,
	    NO(EAFNOSUPPORT) },
	{ "Linux as usual", SYS_personality, PER_LINUX, 0, 0, ALLOW },
	{ "no other personality", SYS_personality, READ_IMPLIES_EXEC, 0, 0,
	    NO(EPERM) },
	{ "names of threads", SYS_prctl, PR_SET_NAME, 0, 0, ALLOW },
	{ "no PR_SET_MM", SYS_prctl, PR_SET_MM, 0, 0, NO(EINVAL) },
	{ "files are made", SYS_openat, 0, 0, O_CREAT | O_WRONLY, ALLOW },
	{ "modes change", SYS_fchmodat, 0, 0, 0755, ALLOW },
	{ "no set-user-ID file", SYS_fchmodat, 0, 0, 04755, NO(EPERM) },
	{ "nor by a newer call", 452, 0, 0, 04755, NO(EPERM) },
	{ "nor by descriptor", SYS_fchmod, 3, 02755, 0, NO(EPERM) },
	{ "nor with high bits", SYS_fchmod, 3, HIGH | 04755, 0, NO(EPERM) },
	{ "nor made as a node", SYS_mknodat, 0, 0, 04755, NO(EPERM) },
	{ "nor by a call whose mode is hidden", 437, 0, 0, 0, NO(ENOSYS) },
	{ "limits change", SYS_prlimit64, 0, RLIMIT_NOFILE, 8, ALLOW },
	{ "limits are read", SYS_prlimit64, 0, RLIMIT_CORE, 0, ALLOW },
	{ "the core limit stays, and says it changed", SYS_prlimit64, 0,
	    RLIMIT_CORE, 8, NO(0) },
	{ "wherever the new one lies", SYS_prlimit64, 0, RLIMIT_CORE, HIGH,
	    NO(0) },
	{ "what says under which profiles one is stays, too", SYS_prlimit64,
	    0, RLIMIT_LOCKS, 8, NO(0) },
	{ "nor of another process", SYS_prlimit64, 7, RLIMIT_LOCKS, HIGH,
	    NO(0) },
	{ "nor with high bits", SYS_prlimit64, 7, HIGH | RLIMIT_LOCKS, 8,
	    NO(0) },
	{ "it is read", SYS_prlimit64, 7, RLIMIT_LOCKS, 0, ALLOW },
	{ "nor by the older call", SYS_setrlimit, RLIMIT_LOCKS, 8, 0,
	    NO(0) },
	{ "nor with high bits there", SYS_setrlimit, HIGH | RLIMIT_LOCKS, 8,
	    0, NO(0) },
	{ "debuggers work", SYS_ptrace, 0, 0, 0, ALLOW },
	{ "what comes later does not exist", 470, 0, 0, 0, NO(ENOSYS) },
};

static void
agent_cases(void **state)
{
	(void)state;
	assert_true(calls_agent(&b, GATE_NONE));
	for (size_t i = 0; i < NELEM(agent); i++)
		if (ask(agent[i].number, agent[i].a0, agent[i].a1,
			agent[i].a2, 0) != agent[i].want)
			fail_msg("%s", agent[i].what);
	for (int nr = 470; nr < NUMBER_MAX; nr++)
		assert_int_equal(ask(nr, 0, 0, 0, 0), NO(ENOSYS));
}

#define ASK ANSWER_NOTIFY

/* Where not all have the same rights. */
static const struct {
	const char *what;
	int number;
	uint64_t a0, a1, a2;
	uint32_t want;
} among[] = {
	{ "signals are asked about", SYS_kill, 1, 9, 0, ASK },
	{ "of threads", SYS_tgkill, 1, 1, 9, ASK },
	{ "and of one", SYS_tkill, 1, 9, 0, ASK },
	{ "with a word", SYS_rt_sigqueueinfo, 1, 9, 0, ASK },
	{ "to a descriptor", 424, 3, 9, 0, ASK },
	{ "tracing", SYS_ptrace, 0, 0, 0, ASK },
	{ "reading memory", SYS_process_vm_readv, 1, 0, 0, ASK },
	{ "writing it", SYS_process_vm_writev, 1, 0, 0, ASK },
	{ "taking descriptors", 438, 3, 0, 0, ASK },
	{ "one's own limits are not", SYS_prlimit64, 0, RLIMIT_NOFILE, 8,
	    ALLOW },
	{ "another's are", SYS_prlimit64, 7, RLIMIT_NOFILE, 8, ASK },
	{ "the tag stays", SYS_prlimit64, 0, RLIMIT_LOCKS, 8, NO(0) },
	{ "whom a descriptor signals", SYS_fcntl, 3, F_SETOWN, 1, ASK },
	{ "the same, by a struct", SYS_fcntl, 3, 15, 1, ASK },
	{ "the same, of a socket", SYS_ioctl, 3, 0x8901, 1, ASK },
	{ "or by its other name", SYS_ioctl, 3, 0x8902, 1, ASK },
	{ "plain sending is not", SYS_sendto, 3, 0, 0, ALLOW },
	{ "lists of locks", SYS_get_robust_list, 7, 0, 0, ASK },
	{ "no other fcntl is", SYS_fcntl, 3, F_SETFD, 1, ALLOW },
	{ "nor ioctl", SYS_ioctl, 3, TIOCGWINSZ, 0, ALLOW },
	{ "typing is refused as ever", SYS_ioctl, 3, TIOCSTI, 0, NO(EPERM) },
	{ "opens are asked about", SYS_openat, 0, 0, 0, ASK },
	{ "and execution", SYS_execve, 0, 0, 0, ASK },
};

static void
among_cases(void **state)
{
	(void)state;
	assert_true(calls_agent(&b, GATE_PROFILES));
	assert_int_equal(ask(SYS_sendto, 3, 0, 0, MSG_FASTOPEN), ASK);
	assert_int_equal(ask(SYS_sendmsg, 3, 0, MSG_FASTOPEN, 0), ASK);
	assert_int_equal(ask(SYS_sendmmsg, 3, 0, 1, MSG_FASTOPEN | 1), ASK);
	for (size_t i = 0; i < NELEM(among); i++)
		if (ask(among[i].number, among[i].a0, among[i].a1,
			among[i].a2, 0) != among[i].want)
			fail_msg("%s", among[i].what);
	assert_true(calls_agent(&b, GATE_FILES));
	for (size_t i = 0; i < NELEM(among); i++)
		if (among[i].want == ASK && among[i].number != SYS_openat &&
		    among[i].number != SYS_execve &&
		    ask(among[i].number, among[i].a0, among[i].a1,
			among[i].a2, 0) != ALLOW)
			fail_msg("without profiles: %s", among[i].what);
}

/* ---- the mark of profiles ---- */

#define LINE(soft, hard)						\
	"Limit                     Soft Limit           Hard Limit   "	\
	"        Units     \n"						\
	"Max locked memory         8388608              7            "	\
	"        bytes     \n"						\
	"Max file locks            " soft " " hard " locks     \n"

static const struct {
	const char *what, *text;
	bool ok;
	uint64_t profiles;
} marks[] = {
	{ "none", LINE("unlimited", "unlimited"), true, 0 },
	{ "the hard one counts", LINE("unlimited  ",
	    "18446744073709551614"), true, 1 },
	{ "the highest", LINE("5", "9223372036854775807"), true,
	    UINT64_C(1) << 63 },
	{ "all of them", LINE("0         ", "0         "), true,
	    UINT64_MAX },
	{ "not there", "Max locked memory 7 7 bytes \n", false, 0 },
	{ "no number", LINE("unlimited", "0x5"), false, 0 },
	{ "cut", "Max file locks            unlimited            unlim",
	    false, 0 },
	{ "empty", "", false, 0 },
};

static void
marks_are_read(void **state)
{
	(void)state;
	for (size_t i = 0; i < NELEM(marks); i++) {
		uint64_t got = 0;

		if (tag_parse(str_c(marks[i].text), &got) != marks[i].ok ||
		    (marks[i].ok && got != marks[i].profiles))
			fail_msg("%s", marks[i].what);
	}
}

static void
a_mark_is_added_and_stays(void **state)
{
	uint64_t got;

	(void)state;
	if (tag_get(0, &got) != 0 || got != 0)
		skip();	/* somebody limited us before */
	assert_int_equal(tag_add(0, 4), 0);
	assert_int_equal(tag_add(0, 1), 0);
	assert_int_equal(tag_add(0, 4), 0);
	assert_int_equal(tag_get(0, &got), 0);
	assert_int_equal(got, 5);
}

/* The mode of an open counts only when the file is made. */
static void
open_modes(void **state)
{
	(void)state;
	assert_true(calls_agent(&b, GATE_NONE));
	assert_int_equal(ask(SYS_openat, 0, 0, O_RDONLY, 04755), ALLOW);
	assert_int_equal(ask(SYS_openat, 0, 0, O_CREAT, 04755), NO(EPERM));
	assert_int_equal(ask(SYS_openat, 0, 0, O_TMPFILE | O_RDWR, 02711),
	    NO(EPERM));
	assert_int_equal(ask(SYS_openat, 0, 0, O_DIRECTORY, 04755), ALLOW);
	assert_int_equal(ask(SYS_openat, 0, 0, O_CREAT, 0644), ALLOW);
#ifdef __x86_64__
	assert_int_equal(ask(SYS_open, 0, O_CREAT, 06755, 0), NO(EPERM));
	assert_int_equal(ask(SYS_open, 0, O_RDONLY, 06755, 0), ALLOW);
	assert_int_equal(ask(SYS_creat, 0, 04700, 0, 0), NO(EPERM));
#endif
}

/* ---- Landlock ---- */

static void
landlock_masks(void **state)
{
	static const struct {
		uint64_t fs, net, scoped;
	} want[] = {
		{ 0, 0, 0 },
		{ 0x1fff, 0, 0 },	/* 13 rights */
		{ 0x3fff, 0, 0 },	/* and REFER */
		{ 0x7fff, 0, 0 },	/* and TRUNCATE */
		{ 0x7fff, 3, 0 },	/* and TCP */
		{ 0xffff, 3, 0 },	/* and IOCTL_DEV */
		{ 0xffff, 3, 3 },	/* and scopes */
		{ 0xffff, 3, 3 },	/* logging only */
	};

	(void)state;
	for (int abi = 0; abi <= LL_ABI_KNOWN; abi++) {
		struct ll_ruleset_attr a = landlock_all(abi);

		assert_int_equal(a.fs, want[abi].fs);
		assert_int_equal(a.net, want[abi].net);
		assert_int_equal(a.scoped, want[abi].scoped);
	}
	/* the groups together leave nothing out but device nodes */
	assert_int_equal(LL_RUN | LL_CHANGE | LL_FS_IOCTL_DEV |
		LL_FS_MAKE_CHAR | LL_FS_MAKE_BLOCK, 0xffff);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(builder_is_exact),
		cmocka_unit_test(arguments_are_low_words),
		cmocka_unit_test(too_long_is_refused),
		cmocka_unit_test(log_only_refuses_nothing),
		cmocka_unit_test(foreign_conventions_kill),
		cmocka_unit_test(roles_kill),
		cmocka_unit_test(the_broker_forks_and_makes_no_thread),
		cmocka_unit_test(a_gate_asks_about_names_alone),
		cmocka_unit_test(a_gate_leaves_no_datagrams_to_paths),
		cmocka_unit_test(a_gate_may_leave_what_only_reads),
		cmocka_unit_test(
		    what_tells_of_a_name_is_asked_where_names_are_hidden),
		cmocka_unit_test(a_gate_changes_no_other_answer),
		cmocka_unit_test(a_gate_reads_flags_itself),
		cmocka_unit_test(agent_cases),
		cmocka_unit_test(among_cases),
		cmocka_unit_test(marks_are_read),
		cmocka_unit_test(a_mark_is_added_and_stays),
		cmocka_unit_test(open_modes),
		cmocka_unit_test(landlock_masks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
