/* caller.c -- what the broker reads of the process that asks.
 *
 * By the number of its thread, in the outer pid namespace's /proc. A number
 * may have gone to another process meanwhile: caller_waits() after reading
 * says that it had not. CAP_SYS_PTRACE is raised only where the caller cannot
 * be read without (it is undumpable, as ssh-agent and init are), and never
 * while something is opened on its behalf. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/clean.h"
#include "broker/slow.h"
#include "jail/calls_abi.h"
#include "jail/caps.h"

#define PAGE	     4096
#define SOME_PAGES   8
#define PIDFD_THREAD O_EXCL

bool
caller_waits(const struct ask *a)
{
	uint64_t id = a->id;

	return ioctl(a->b->listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &id) == 0;
}

/* ---- memory ---- */

static ssize_t
vm_move(const struct ask *a, uint64_t at, void *p, size_t len, bool put)
{
	struct iovec ours = { p, len };
	struct iovec theirs = { (void *)(uintptr_t)at, len };

	return put ? process_vm_writev(a->tid, &ours, 1, &theirs, 1, 0) :
		     process_vm_readv(a->tid, &ours, 1, &theirs, 1, 0);
}

static ssize_t
vm_try(const struct ask *a, uint64_t at, void *p, size_t len, bool put)
{
	ssize_t n = vm_move(a, at, p, len, put);

	if (n != -1 || errno != EPERM || caps_ptrace(true) == -1)
		return n;
	n = vm_move(a, at, p, len, put);
	(void)caps_ptrace(false);
	return n;
}

int
caller_bytes(const struct ask *a, uint64_t at, void *out, size_t len)
{
	return vm_try(a, at, out, len, false) == (ssize_t)len ? 0 : -EFAULT;
}

int
caller_put(const struct ask *a, uint64_t at, const void *p, size_t len)
{
	void *from = (void *)(uintptr_t)p;

	return vm_try(a, at, from, len, true) == (ssize_t)len ? 0 : -EFAULT;
}

/* A page for each part, so that those before one that is not there come. */
ssize_t
caller_some(const struct ask *a, uint64_t at, void *out, size_t len)
{
	struct iovec ours = { out, len }, theirs[SOME_PAGES];
	unsigned n = 0;
	ssize_t got;

	for (size_t have = 0; have < len && n < SOME_PAGES; n++) {
		size_t want = PAGE - (size_t)((at + have) % PAGE);

		if (want > len - have)
			want = len - have;
		theirs[n] = (struct iovec){
			(void *)(uintptr_t)(at + have), want };
		have += want;
	}
	got = process_vm_readv(a->tid, &ours, 1, theirs, n, 0);
	if (got != -1 || errno != EPERM || caps_ptrace(true) == -1)
		return got;
	got = process_vm_readv(a->tid, &ours, 1, theirs, n, 0);
	(void)caps_ptrace(false);
	return got;
}

/* A page at a time: what comes after the string may not be there. */
int
caller_string(const struct ask *a, uint64_t at, char out[PATH_BYTES_MAX])
{
	size_t have = 0;

	while (have < PATH_BYTES_MAX) {
		size_t want = PAGE - (size_t)((at + have) % PAGE);
		ssize_t n;

		if (want > PATH_BYTES_MAX - have)
			want = PATH_BYTES_MAX - have;
		n = vm_try(a, at + have, out + have, want, false);
		if (n <= 0)
			return -EFAULT;
		if (memchr(out + have, '\0', (size_t)n) != NULL)
			return 0;
		have += (size_t)n;
	}
	return -ENAMETOOLONG;
}

/* ---- /proc ---- */

static int
proc_open(const struct ask *a, const char *what, int flags)
{
	char path[64];
	int fd;

	(void)snprintf(path, sizeof(path), "%d/%s", (int)a->tid, what);
	fd = openat(a->b->proc, path, flags | O_CLOEXEC);
	if (fd != -1 || (errno != EACCES && errno != EPERM) ||
	    caps_ptrace(true) == -1)
		return fd;
	fd = openat(a->b->proc, path, flags | O_CLOEXEC);
	(void)caps_ptrace(false);
	return fd;
}

/* A link in its /proc. To open it asks nobody, but of some file systems in the
 * network. */
static int
link_open(const struct ask *a, const char *what)
{
	char path[64];
	int fd;

	(void)snprintf(path, sizeof(path), "%d/%s", (int)a->tid, what);
	if (slow_link(a->b, a->b->proc, path))
		return slow_turn(a->b);
	fd = proc_open(a, what, O_PATH);
	return fd == -1 ? -errno : fd;
}

int
caller_object(const struct ask *a, int fd)
{
	char what[24];
	int got;

	if (fd < 0)
		return -EBADF;
	(void)snprintf(what, sizeof(what), "fd/%d", fd);
	got = link_open(a, what);
	return got == -ENOENT ? -EBADF : got;
}

/* The link's own mode says how the descriptor is open. */
static mode_t
fd_mode(const struct ask *a, int fd)
{
	char path[64];
	struct stat st;

	(void)snprintf(path, sizeof(path), "%d/fd/%d", (int)a->tid, fd);
	return fstatat(a->b->proc, path, &st, AT_SYMLINK_NOFOLLOW) == 0 ?
	    st.st_mode : 0;
}

bool
caller_uses(const struct ask *a, int fd)
{
	return (fd_mode(a, fd) & (S_IRUSR | S_IWUSR)) != 0;
}

bool
caller_writes(const struct ask *a, int fd)
{
	return (fd_mode(a, fd) & S_IWUSR) != 0;
}

int
caller_dir(const struct ask *a, int dirfd)
{
	return dirfd == AT_FDCWD ? link_open(a, "cwd") :
				   caller_object(a, dirfd);
}

static ssize_t
proc_read(const struct ask *a, const char *what, char *text, size_t cap)
{
	CLEAN_FD int fd = proc_open(a, what, O_RDONLY);
	ssize_t n = fd == -1 ? -1 : read(fd, text, cap - 1);

	if (n >= 0)
		text[n] = '\0';
	return n;
}

/* The last number of the line that begins with key. */
static bool
field(const char *text, const char *key, int base, long *out)
{
	const char *at = strstr(text, key);
	bool any = false;

	for (at = at == NULL ? "" : at + strlen(key); *at == '\t' ||
	     *at == ' ';) {
		char *end;
		long v = strtol(at, &end, base);

		if (end == at)
			break;
		*out = v;
		any = true;
		at = end;
	}
	return any;
}

int
caller_ids(const struct ask *a, struct caller_ids *out)
{
	char text[4096];
	long mask, tgid, in_tid, in_tgid;

	if (proc_read(a, "status", text, sizeof(text)) <= 0 ||
	    !field(text, "\nUmask:", 8, &mask) ||
	    !field(text, "\nTgid:", 10, &tgid) ||
	    !field(text, "\nNStgid:", 10, &in_tgid) ||
	    !field(text, "\nNSpid:", 10, &in_tid) ||
	    (a->id != 0 && !caller_waits(a)))
		return -ESRCH;
	*out = (struct caller_ids){ (pid_t)tgid, (pid_t)in_tid,
		(pid_t)in_tgid, (mode_t)mask };
	return 0;
}

unsigned
caller_tty(const struct ask *a)
{
	char text[1024];
	const char *at;
	int tty = 0;

	if (proc_read(a, "stat", text, sizeof(text)) <= 0)
		return 0;
	at = strrchr(text, ')'); /* the name before may hold anything */
	if (at == NULL || sscanf(at, ") %*c %*d %*d %*d %d", &tty) != 1)
		return 0;
	return (unsigned)tty;
}

bool
caller_closes(const struct ask *a, int fd)
{
	char what[32], text[512];
	long flags = O_CLOEXEC;

	(void)snprintf(what, sizeof(what), "fdinfo/%d", fd);
	return proc_read(a, what, text, sizeof(text)) <= 0 ||
	    !field(text, "\nflags:", 8, &flags) || (flags & O_CLOEXEC) != 0;
}

static uint64_t
signal_set(const char *text, const char *key)
{
	const char *at = strstr(text, key);

	return at == NULL ? 0 : strtoull(at + strlen(key), NULL, 16);
}

/* Of the kernel's own: the call begins again after the signal's handler, if
 * that says so (SA_RESTART), else it is EINTR. */
#define ERESTARTSYS 512

/* A signal to the whole process may be another thread's to take; who is told
 * to begin again and has none would see that number. */
int
caller_interrupted(const struct ask *a)
{
	char text[4096];
	uint64_t own, shared, deaf;
	long threads;

	if (proc_read(a, "status", text, sizeof(text)) <= 0)
		return 0;
	own = signal_set(text, "\nSigPnd:");
	shared = signal_set(text, "\nShdPnd:");
	deaf = signal_set(text, "\nSigBlk:") |
	    signal_set(text, "\nSigIgn:");
	if (((own | shared) & ~deaf) == 0)
		return 0;
	return (own & ~deaf) != 0 || (field(text, "\nThreads:", 10,
		&threads) && threads == 1) ? -ERESTARTSYS : -EINTR;
}

int
caller_exe_open(const struct ask *a)
{
	return proc_open(a, "exe", O_RDONLY);
}

/* The kernel gives a page at a time. */
ssize_t
caller_text(const struct ask *a, const char *what, char *text, size_t cap)
{
	CLEAN_FD int fd = proc_open(a, what, O_RDONLY);
	size_t len = 0;
	ssize_t n = -1;

	while (fd != -1 && len + 1 < cap &&
	    (n = read(fd, text + len, cap - 1 - len)) > 0)
		len += (size_t)n;
	text[len] = '\0';
	return n < 0 ? -1 : (ssize_t)len;
}

/* Without asking its file system, which may not answer. */
static int
exe_identity(int dir, const char *path, struct stat *out)
{
	struct statx x;

	if (statx(dir, path, AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_INO,
		&x) == -1)
		return -errno;
	*out = (struct stat){ .st_dev = makedev(x.stx_dev_major,
		x.stx_dev_minor), .st_ino = x.stx_ino };
	return 0;
}

int
caller_exe_stat(const struct ask *a, struct stat *out)
{
	CLEAN_FD int fd = -1;
	char path[32];

	(void)snprintf(path, sizeof(path), "%d/exe", (int)a->tid);
	if (exe_identity(a->b->proc, path, out) == 0)
		return 0;
	fd = proc_open(a, "exe", O_PATH); /* it may be undumpable */
	return fd == -1 ? -errno : exe_identity(fd, "", out);
}

unsigned
caller_threads(const struct ask *a)
{
	char text[4096];
	long n;

	return proc_read(a, "status", text, sizeof(text)) > 0 &&
	    field(text, "\nThreads:", 10, &n) && n > 0 ? (unsigned)n : 0;
}

pid_t
caller_parent(const struct ask *a, pid_t pid)
{
	struct ask other = *a;
	char text[4096];
	long parent = 0;

	other.tid = pid;
	if (proc_read(&other, "status", text, sizeof(text)) <= 0 ||
	    !field(text, "\nPPid:", 10, &parent))
		return 0;
	return (pid_t)parent;
}

size_t
caller_exe(const struct ask *a, char out[PATH_BYTES_MAX])
{
	char path[32];
	ssize_t n;

	(void)snprintf(path, sizeof(path), "%d/exe", (int)a->tid);
	n = readlinkat(a->b->proc, path, out, PATH_BYTES_MAX);
	return n < 0 ? 0 : (size_t)n;
}

/* A thread may have descriptors of its own (clone without CLONE_FILES,
 * CLOSE_RANGE_UNSHARE). Before Linux 6.9 only a process has a pidfd: then what
 * another of its threads asks is answered from the process's, if the same
 * object stands there. */
static int
caller_pidfd(const struct ask *a)
{
	struct caller_ids ids;
	int rc, pidfd = (int)syscall(NR_PIDFD_OPEN, a->tid, PIDFD_THREAD);

	if (pidfd != -1 || errno != EINVAL)
		return pidfd == -1 ? -ESRCH : pidfd;
	rc = caller_ids(a, &ids);
	if (rc != 0)
		return rc;
	pidfd = (int)syscall(NR_PIDFD_OPEN, ids.tgid, 0);
	return pidfd == -1 ? -ESRCH : pidfd;
}

/* Is it what the thread itself has there? */
static bool
is_callers(const struct ask *a, int fd, int got)
{
	CLEAN_FD int there = caller_object(a, fd);
	struct stat x, y;

	return there >= 0 && fstat(there, &x) == 0 && fstat(got, &y) == 0 &&
	    x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

int
caller_fd(const struct ask *a, int fd)
{
	CLEAN_FD int pidfd = caller_pidfd(a);
	int got;

	if (pidfd < 0)
		return pidfd;
	got = (int)syscall(NR_PIDFD_GETFD, pidfd, fd, 0);
	if (got == -1 && errno == EPERM && caps_ptrace(true) == 0) {
		got = (int)syscall(NR_PIDFD_GETFD, pidfd, fd, 0);
		(void)caps_ptrace(false);
	}
	if (got == -1)
		return -errno;
	if (!caller_waits(a) || !is_callers(a, fd, got)) {
		(void)close(got);
		return -EBADF;
	}
	return got;
}
