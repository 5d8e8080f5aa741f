/* role_probe.c -- become a role, then try one thing that it must not do.
 *
 * usage: role_probe ROLE ATTEMPT FOLDER
 * Says "done" if it worked, "errno N" if it was refused; a call that kills
 * says nothing. FOLDER is the directory that the role may use, if any.
 * role_probe --list: the attempts. */
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/perf_event.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "jail/self.h"

static const char *folder;
static pid_t parent;
static char memory[64];

static int
try_read_passwd(void)
{
	return open("/etc/passwd", O_RDONLY | O_CLOEXEC);
}

static int
try_read_shadow(void)
{
	return open("/etc/shadow", O_RDONLY | O_CLOEXEC);
}

static int
try_write_outside(void)
{
	return open("/tmp/role-probe-wrote-this",
	    O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
}

static int
try_list_proc(void)
{
	return open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static int
try_make_in_folder(void)
{
	char path[4096];

	(void)snprintf(path, sizeof(path), "%s/outcome.1.new", folder);
	return open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
}

static int
try_remove_in_folder(void)
{
	char path[4096];

	(void)snprintf(path, sizeof(path), "%s/there", folder);
	return unlink(path);
}

static int
try_truncate_in_folder(void)
{
	char path[4096];

	(void)snprintf(path, sizeof(path), "%s/there", folder);
	return truncate(path, 0);
}

static int
try_exec(void)
{
	char *const argv[] = { (char[]){ "true" }, NULL };
	char *const env[] = { NULL };

	return execve("/bin/true", argv, env);
}

static int
try_fork(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	return pid;
}

static int
socket_of(int family, int type, int protocol)
{
	return socket(family, type | SOCK_CLOEXEC, protocol);
}

static int
try_tcp(void)
{
	return socket_of(AF_INET, SOCK_STREAM, 0);
}

static int
try_udp6(void)
{
	return socket_of(AF_INET6, SOCK_DGRAM, 0);
}

static int
try_unix(void)
{
	return socket_of(AF_UNIX, SOCK_SEQPACKET, 0);
}

static int
try_raw(void)
{
	return socket_of(AF_INET, SOCK_RAW, 1);
}

static int
try_netlink(void)
{
	return socket_of(AF_NETLINK, SOCK_RAW, 0);
}

static int
try_packet(void)
{
	return socket_of(AF_PACKET, SOCK_RAW, 0);
}

static int
try_vsock(void)
{
	return socket_of(AF_VSOCK, SOCK_STREAM, 0);
}

static int
try_bind_tcp(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket_of(AF_INET, SOCK_STREAM, 0);

	a.sin_port = htons(45678);
	return fd == -1 ? -1 : bind(fd, (struct sockaddr *)&a, sizeof(a));
}

static int
try_ptrace(void)
{
	return (int)ptrace(PTRACE_SEIZE, parent, 0, 0);
}

static int
try_read_memory(void)
{
	struct iovec mine = { memory, 8 }, theirs = { memory, 8 };

	return (int)process_vm_readv(parent, &mine, 1, &theirs, 1, 0);
}

static int
try_steal_fd(void)
{
	int pidfd = (int)syscall(SYS_pidfd_open, parent, 0);

	return pidfd == -1 ? -1 :
	    (int)syscall(SYS_pidfd_getfd, pidfd, 0, 0);
}

static int
try_kill(void)
{
	return kill(parent, SIGCONT);
}

static int
try_mount(void)
{
	return mount("none", "/tmp", "tmpfs", 0, NULL);
}

static int
try_new_user_namespace(void)
{
	return unshare(CLONE_NEWUSER);
}

static int
try_new_net_namespace(void)
{
	return unshare(CLONE_NEWNET);
}

static int
try_chroot(void)
{
	return chroot("/tmp");
}

static int
try_setuid(void)
{
	return setuid(12345);
}

static int
try_io_uring(void)
{
	char params[256] = { 0 };

	return (int)syscall(SYS_io_uring_setup, 4, params);
}

static int
try_bpf(void)
{
	union bpf_attr a = { .map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4,
		.value_size = 4, .max_entries = 1 };

	return (int)syscall(SYS_bpf, BPF_MAP_CREATE, &a, sizeof(a));
}

static int
try_perf(void)
{
	struct perf_event_attr a = { .type = PERF_TYPE_SOFTWARE,
		.size = sizeof(a) };

	return (int)syscall(SYS_perf_event_open, &a, 0, -1, -1, 0);
}

static int
try_userfaultfd(void)
{
	return (int)syscall(SYS_userfaultfd, 0);
}

static int
try_keyring(void)
{
	return (int)syscall(SYS_add_key, "user", "x", "y", 1, -3);
}

static int
try_handle(void)
{
	char handle[128] = { 8, 0, 0, 0, 1, 0, 0, 0 };

	return (int)syscall(SYS_open_by_handle_at, AT_FDCWD, handle, O_RDONLY);
}

static int
try_new_code(void)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return p == MAP_FAILED ? -1 : 0;
}

static int
try_old_memory_to_code(void)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return mprotect(p, 4096, PROT_READ | PROT_EXEC);
}

static int
try_dumpable(void)
{
	return prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
}

static int
try_core(void)
{
	struct rlimit r = { RLIM_INFINITY, RLIM_INFINITY };

	return setrlimit(RLIMIT_CORE, &r);
}

static int
try_compat_call(void) /* 32-bit getpid, by the 32-bit gate */
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
try_x32_call(void)
{
	return (int)syscall(0x40000000 + SYS_getpid);
}

static const struct attempt {
	const char *name;
	int (*run)(void);
} attempts[] = {
	{ "read_passwd", try_read_passwd },
	{ "read_shadow", try_read_shadow },
	{ "write_outside", try_write_outside },
	{ "list_proc", try_list_proc },
	{ "make_in_folder", try_make_in_folder },
	{ "remove_in_folder", try_remove_in_folder },
	{ "truncate_in_folder", try_truncate_in_folder },
	{ "exec", try_exec },
	{ "fork", try_fork },
	{ "tcp", try_tcp },
	{ "udp6", try_udp6 },
	{ "unix", try_unix },
	{ "raw", try_raw },
	{ "netlink", try_netlink },
	{ "packet", try_packet },
	{ "vsock", try_vsock },
	{ "bind_tcp", try_bind_tcp },
	{ "ptrace", try_ptrace },
	{ "read_memory", try_read_memory },
	{ "steal_fd", try_steal_fd },
	{ "kill", try_kill },
	{ "mount", try_mount },
	{ "new_user_namespace", try_new_user_namespace },
	{ "new_net_namespace", try_new_net_namespace },
	{ "chroot", try_chroot },
	{ "setuid", try_setuid },
	{ "io_uring", try_io_uring },
	{ "bpf", try_bpf },
	{ "perf", try_perf },
	{ "userfaultfd", try_userfaultfd },
	{ "keyring", try_keyring },
	{ "handle", try_handle },
	{ "new_code", try_new_code },
	{ "old_memory_to_code", try_old_memory_to_code },
	{ "dumpable", try_dumpable },
	{ "core", try_core },
	{ "compat_call", try_compat_call },
	{ "x32_call", try_x32_call },
};

static void
say(const char *text)
{
	(void)!write(STDOUT_FILENO, text, strlen(text));
}

static int
attempt_run(const struct attempt *a)
{
	char line[32];

	if (a->run() != -1) {
		say("done\n");
		return 0;
	}
	(void)snprintf(line, sizeof(line), "errno %d\n", errno);
	say(line);
	return 0;
}

static enum role
role_find(const char *name)
{
	for (enum role r = ROLE_NONE; r < ROLE_COUNT; r++)
		if (strcmp(role_name(r), name) == 0)
			return r;
	return ROLE_NONE;
}

int
main(int argc, char **argv)
{
	const char *dirs[2] = { NULL, NULL };
	const size_t n = sizeof(attempts) / sizeof(*attempts);
	struct err e = { 0 };

	if (argc == 2 && strcmp(argv[1], "--list") == 0) {
		for (size_t i = 0; i < n; i++)
			printf("%s\n", attempts[i].name);
		return 0;
	}
	if (argc != 4 || role_find(argv[1]) == ROLE_NONE) {
		fprintf(stderr, "usage: role_probe ROLE ATTEMPT FOLDER\n");
		return 2;
	}
	folder = argv[3];
	parent = getppid();
	dirs[0] = folder[0] == '/' ? folder : NULL;
	if (jail_enter(role_find(argv[1]), dirs[0] != NULL ? dirs : NULL,
	    &e) == -1) {
		fprintf(stderr, "role_probe: %s\n", e.text);
		return 3;
	}
	for (size_t i = 0; i < n; i++)
		if (strcmp(attempts[i].name, argv[2]) == 0)
			return attempt_run(&attempts[i]);
	return 2;
}
