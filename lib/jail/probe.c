#include "jail/probe.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clean.h"
#include "base/compat.h"
#include "base/err.h"
#include "base/io.h"
#include "base/must.h"
#include "jail/bpf.h"
#include "jail/calls_abi.h"
#include "jail/capture.h"
#include "jail/etc.h"
#include "jail/landlock.h"
#include "jail/mnt.h"
#include "jail/net.h"

/* ---- what a child found out ---- */

struct found {
	int error;		/* errno, 0: it works */
	char step[64];
};

static uid_t host_uid;	/* for a child that has another view of them */
static gid_t host_gid;

/* Runs try in a child; a child that dies silently counts as EIO. */
static struct found
in_child(unsigned flags, int (*try)(void))
{
	struct found f = { .error = EIO };
	int p[2], status;
	struct clone_args a = { .flags = flags, .exit_signal = SIGCHLD };
	long pid;

	host_uid = geteuid();
	host_gid = getegid();
	if (pipe2(p, O_CLOEXEC) == -1)
		return f;
	pid = syscall(NR_CLONE3, &a, sizeof(a));
	if (pid == 0) {
		struct found mine = { 0 };

		if (try != NULL && try() == -1)
			mine.error = errno == 0 ? EIO : errno;
		(void)!write(p[1], &mine, sizeof(mine));
		_exit(0);
	}
	if (pid == -1)
		f.error = errno;
	(void)close(p[1]);
	if (pid > 0) {
		if (read(p[0], &f, sizeof(f)) != (ssize_t)sizeof(f))
			f.error = EIO;
		(void)waitpid((pid_t)pid, &status, 0);
	}
	(void)close(p[0]);
	return f;
}

static void PRINTF(2, 3)
detail(struct probe_result *r, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(r->detail, sizeof(r->detail), fmt, ap);
	va_end(ap);
}

static void PRINTF(3, 4)
fault(struct probe_result *r, enum probe_status status, const char *fmt, ...)
{
	va_list ap;

	r->status = status;
	va_start(ap, fmt);
	(void)vsnprintf(r->fix, sizeof(r->fix), fmt, ap);
	va_end(ap);
}

/* The number in a file of /proc/sys, or -1. */
static long
sysctl_number(const char *path)
{
	CLEAN_FREE char *text = NULL;
	size_t len;

	if (io_read_file(AT_FDCWD, path, 64, &text, &len, NULL) == -1)
		return -1;
	return strtol(text, NULL, 10);
}

/* ---- namespaces ---- */

#define SYS_KERNEL "/proc/sys/kernel/"
#define SYS_USER   "/proc/sys/user/"

/* Each of these stops user namespaces in its own way, with its own cure. */
static void
user_ns_fix(struct probe_result *r, int error)
{
	if (sysctl_number(SYS_KERNEL "unprivileged_userns_clone") == 0)
		fault(r, PROBE_MISSING, "sudo sysctl -w "
		    "kernel.unprivileged_userns_clone=1 (and write it to "
		    "/etc/sysctl.d/60-openshell.conf to keep it)");
	else if (sysctl_number(
		SYS_KERNEL "apparmor_restrict_unprivileged_userns") == 1)
		fault(r, PROBE_MISSING, "AppArmor restricts user namespaces "
		    "(Ubuntu 23.10 and later). Give OpenShell a profile with "
		    "\"userns,\" in /etc/apparmor.d, or: sudo sysctl -w "
		    "kernel.apparmor_restrict_unprivileged_userns=0");
	else if (sysctl_number(SYS_USER "max_user_namespaces") == 0)
		fault(r, PROBE_MISSING, "sudo sysctl -w "
		    "user.max_user_namespaces=15000");
	else if (error == ENOSPC || error == EUSERS)
		fault(r, PROBE_MISSING, "this user has too many already, or "
		    "namespaces are nested too deep; see sysctl "
		    "user.max_user_namespaces");
	else
		fault(r, PROBE_MISSING, "a container or a security module "
		    "forbids it; run OpenShell on the host, or allow "
		    "clone(CLONE_NEWUSER) (docker: --security-opt "
		    "seccomp=unconfined)");
}

static void
probe_user_ns(struct probe_result *r)
{
	struct found f = in_child(CLONE_NEWUSER, NULL);

	if (f.error == 0) {
		detail(r, "at most %ld for this user",
		    sysctl_number(SYS_USER "max_user_namespaces"));
		return;
	}
	detail(r, "%s", strerror(f.error));
	user_ns_fix(r, f.error);
}

/* Ubuntu lets the namespace be made, and then gives no rights in it. */
static int
try_rights(void)
{
	struct err e = { 0 };

	if (mnt_make_private(&e) == -1) {
		errno = e.sys;
		return -1;
	}
	return 0;
}

static void
probe_mount_ns(struct probe_result *r)
{
	struct found f = in_child(CLONE_NEWUSER | CLONE_NEWNS, try_rights);

	if (f.error == 0)
		return;
	detail(r, "%s", strerror(f.error));
	user_ns_fix(r, f.error);
}

static void
probe_other_ns(struct probe_result *r)
{
	static const struct {
		unsigned flag;
		const char *name;
	} all[] = {
		{ CLONE_NEWPID, "pid" }, { CLONE_NEWNET, "network" },
		{ CLONE_NEWIPC, "ipc" }, { CLONE_NEWUTS, "uts" },
		{ CLONE_NEWCGROUP, "cgroup" },
	};

	for (size_t i = 0; i < NELEM(all); i++) {
		struct found f = in_child(CLONE_NEWUSER | all[i].flag, NULL);

		if (f.error == 0)
			continue;
		detail(r, "%s namespace: %s", all[i].name,
		    strerror(f.error));
		fault(r, PROBE_MISSING, "the kernel lacks it (CONFIG_*_NS), "
		    "or its limit is reached: sysctl user.max_%s_namespaces",
		    all[i].name);
		return;
	}
}

static int
try_capture(void)
{
	struct err e = { 0 };
	struct net_fds n;

	if (net_set_up(&n, &e) == 0 && n.direct != -1)
		return 0;
	if (e.kind == ERR_NONE)
		(void)capture_set_up(&n.dropped, &e); /* again, for
							* the reason */
	errno = e.sys;
	return -1;
}

static void
probe_capture(struct probe_result *r)
{
	struct found f = in_child(CLONE_NEWUSER | CLONE_NEWNET, try_capture);

	if (f.error == 0)
		return;
	detail(r, "%s", strerror(f.error));
	fault(r, PROBE_WEAK, "a kernel with nf_tables and nft_tproxy "
	    "(modprobe nft_tproxy); until then only programs that use the "
	    "proxy get out, and names do not resolve inside");
}

/* ---- mounts ---- */

static int
try_proc(void)
{
	struct err e = { 0 };
	int fd = mnt_new("proc", NULL, MNT_PLAIN, &e);

	errno = e.sys;
	return fd == -1 ? -1 : 0;
}

static void
probe_proc(struct probe_result *r)
{
	struct found f = in_child(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID,
	    try_proc);

	if (f.error == 0)
		return;
	detail(r, "%s", strerror(f.error));
	fault(r, PROBE_MISSING, "the kernel refuses a new /proc where the old "
	    "one is partly covered, as in containers; run OpenShell on the "
	    "host (docker: --security-opt systempaths=unconfined)");
}

/* Files can only be made by a user and a group that the namespace knows. */
static int
map_self(void)
{
	static const char *const files[] = { "setgroups", "uid_map",
		"gid_map" };
	const unsigned ids[] = { 0, host_uid, host_gid };

	for (size_t i = 0; i < NELEM(files); i++) {
		char path[64], text[64] = "deny";
		CLEAN_FD int fd = -1;

		(void)snprintf(path, sizeof(path), "/proc/self/%s", files[i]);
		if (i > 0)
			(void)snprintf(text, sizeof(text), "0 %u 1", ids[i]);
		fd = open(path, O_WRONLY | O_CLOEXEC);
		if (fd == -1 || io_write_all(fd, str_c(text), NULL) == -1)
			return -1;
	}
	return 0;
}

/* Upper and lower on a tmpfs of the namespace: the feature itself. */
static int
try_overlay(void)
{
	const struct mnt_option memory[] = { { "mode", "0700" },
		{ NULL, NULL } };
	char low[64], up[64], work[64];
	const struct mnt_option options[] = { { "lowerdir", low },
		{ "upperdir", up }, { "workdir", work },
		{ "userxattr", NULL }, { NULL, NULL } };
	struct err e = { 0 };
	static const char *const names[] = { "low", "up", "work" };
	int fds[3], top = map_self() == -1 ? -1 :
	    mnt_new("tmpfs", memory, MNT_PLAIN, &e);

	if (top == -1 || move_mount(top, "", AT_FDCWD, "/tmp",
		MOVE_MOUNT_F_EMPTY_PATH) == -1)
		return -1;
	for (size_t i = 0; i < NELEM(names); i++)
		if (dir_make(top, names[i], 0700, &fds[i], &e) == -1)
			return -1;
	(void)snprintf(low, sizeof(low), "/proc/self/fd/%d", fds[0]);
	(void)snprintf(up, sizeof(up), "/proc/self/fd/%d", fds[1]);
	(void)snprintf(work, sizeof(work), "/proc/self/fd/%d", fds[2]);
	if (mnt_new("overlay", options, MNT_PLAIN, &e) == -1) {
		errno = e.sys;
		return -1;
	}
	return 0;
}

static void
probe_overlay(struct probe_result *r)
{
	struct found f = in_child(CLONE_NEWUSER | CLONE_NEWNS, try_overlay);

	if (f.error == 0)
		return;
	detail(r, "%s", strerror(f.error));
	fault(r, PROBE_WEAK, "Linux 5.11 or newer with overlayfs (modprobe "
	    "overlay); until then write \"file_access: {system: read-only}\" "
	    "in the policy, which needs no layer");
}

static void
probe_openat2(struct probe_result *r)
{
	int fd = path_open(AT_FDCWD, "proc", 0, NULL);

	if (fd == -1 && errno == ENOSYS) {
		detail(r, "not in this kernel");
		fault(r, PROBE_MISSING, "Linux 5.6 or newer");
		return;
	}
	fd_close(&fd);
}

/* ---- filters ---- */

static void
probe_landlock(struct probe_result *r)
{
	static const char *const since[LL_ABI_KNOWN + 1] = { "",
		"files", "files, links between directories",
		"files, truncation", "files, TCP ports",
		"files, TCP ports, device ioctls",
		"files, TCP ports, device ioctls, signals, abstract sockets",
		"files, TCP ports, device ioctls, signals, abstract sockets" };
	int abi = landlock_abi();

	if (abi == 0) {
		detail(r, "not in this kernel, or not switched on");
		fault(r, PROBE_MISSING, "Linux 5.13 or newer with "
		    "CONFIG_SECURITY_LANDLOCK, and \"landlock\" in the lsm= "
		    "list on the kernel's command line");
		return;
	}
	detail(r, "ABI %d: %s", abi, since[abi]);
	if (abi < 2)
		fault(r, PROBE_WEAK, "Linux 5.19 or newer: with ABI 1 no file "
		    "can be moved or linked into another directory, which git "
		    "and package managers do");
	else if (abi < 3)
		fault(r, PROBE_WEAK, "Linux 6.2 or newer also holds "
		    "truncation; the mounts hold it until then");
}

static int
try_seccomp(void)
{
	static struct bpf b;
	struct call none[1] = { { .number = SYS_reboot,
		.answer = ANSWER_ERRNO(EPERM) } };
	struct err e = { 0 };

	must(bpf_build(&b, none, 1, ANSWER_ALLOW));
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1)
		return -1;
	if (bpf_enter(&b, &e) == -1) {
		errno = e.sys;
		return -1;
	}
	return 0;
}

static void
probe_seccomp(struct probe_result *r)
{
	struct found f = in_child(0, try_seccomp);

	if (f.error == 0)
		return;
	detail(r, "%s", strerror(f.error));
	fault(r, PROBE_MISSING, "a kernel with CONFIG_SECCOMP_FILTER");
}

/* ---- the rest ---- */

static void
probe_pidfd(struct probe_result *r)
{
	int fd = (int)syscall(NR_PIDFD_OPEN, getpid(), 0);

	if (fd == -1) {
		detail(r, "%s", strerror(errno));
		fault(r, PROBE_MISSING, "Linux 5.3 or newer");
	}
	fd_close(&fd);
}

static void
probe_memfd(struct probe_result *r)
{
	struct err e = { 0 };
	int fd = io_memfd_sealed("probe", STR("x"), &e);

	if (fd == -1) {
		detail(r, "%s", e.text);
		fault(r, PROBE_MISSING, "a kernel with CONFIG_MEMFD_CREATE");
	}
	fd_close(&fd);
}

static void
probe_pids(struct probe_result *r)
{
	struct utsname u;
	unsigned major = 0, minor = 0;
	bool own;

	own = uname(&u) == 0 &&
	    sscanf(u.release, "%u.%u", &major, &minor) == 2 &&
	    (major > 6 || (major == 6 && minor >= 14));
	if (own) {
		detail(r, "by pid namespace");
		return;
	}
	detail(r, "by RLIMIT_NPROC, which does not bind root");
	if (geteuid() == 0)
		fault(r, PROBE_MISSING, "run OpenShell as an ordinary user, "
		    "or Linux 6.14 or newer");
}

static void
probe_cgroup(struct probe_result *r)
{
	char path[512], own[256] = "";
	CLEAN_FREE char *text = NULL;
	size_t len;
	const char *at;

	if (io_read_file(AT_FDCWD, "/proc/self/cgroup", 65536, &text, &len,
		NULL) == 0 && (at = strstr(text, "0::/")) != NULL)
		(void)sscanf(at, "0::%255[^\n]", own);
	(void)snprintf(path, sizeof(path), "/sys/fs/cgroup%s/cgroup.procs",
	    own);
	if (own[0] != '\0' && access(path, W_OK) == 0) {
		detail(r, "%s may be divided", own);
		return;
	}
	detail(r, "no delegated cgroup v2");
	fault(r, PROBE_WEAK, "limits on memory and processor time will need "
	    "one (this version sets none): run under systemd with "
	    "Delegate=yes, or `systemd-run --user --scope -p Delegate=yes`");
}

static void
probe_bundle(struct probe_result *r)
{
	struct err e = { 0 };
	int fd = etc_bundle_open(&e);

	if (fd == -1) {
		detail(r, "%s", e.text);
		fault(r, PROBE_MISSING, "install the package "
		    "ca-certificates");
	}
	fd_close(&fd);
}

static void
probe_kernel(struct probe_result *r)
{
	struct utsname u;

	if (uname(&u) == 0)
		detail(r, "%s %s on %s", u.sysname, u.release, u.machine);
#if !defined(__x86_64__)
	fault(r, PROBE_WEAK, "tested on x86-64 only");
#endif
}

static const struct {
	const char *name, *means;
	void (*run)(struct probe_result *r);
} probes[] = {
	{ "kernel", "Linux 5.13 or newer", probe_kernel },
	{ "user namespaces", "a sandbox without any privilege outside",
	    probe_user_ns },
	{ "mount namespaces", "a file system of the sandbox's own",
	    probe_mount_ns },
	{ "other namespaces", "own processes, network, IPC and host name",
	    probe_other_ns },
	{ "nftables", "programs that know of no proxy", probe_capture },
	{ "private /proc", "processes outside are not seen", probe_proc },
	{ "overlayfs", "installing into /usr without touching the host's",
	    probe_overlay },
	{ "Landlock", "files only as the policy says, whatever is mounted",
	    probe_landlock },
	{ "seccomp", "only system calls that programs need", probe_seccomp },
	{ "openat2", "paths that nobody can redirect", probe_openat2 },
	{ "pidfd", "signals that cannot hit another process", probe_pidfd },
	{ "sealed memory files", "policies that cannot change under way",
	    probe_memfd },
	{ "process limit", "a fork bomb ends", probe_pids },
	{ "cgroup delegation", "limits on memory and processor",
	    probe_cgroup },
	{ "certificate bundle", "TLS inside and outside", probe_bundle },
};

size_t
probe_run(struct probe_result *out)
{
	must(NELEM(probes) <= PROBE_COUNT_MAX);
	for (size_t i = 0; i < NELEM(probes); i++) {
		out[i] = (struct probe_result){ .name = probes[i].name,
			.means = probes[i].means, .status = PROBE_OK };
		probes[i].run(&out[i]);
	}
	return NELEM(probes);
}
