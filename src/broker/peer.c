/* peer.c -- what one process does to another, where not all of them are under
 * the same profiles.
 *
 * All have the same user, so the kernel lets each trace, signal and read all
 * others. Here who is under a profile may do that only to who is under it too.
 * What is let go is done by the kernel a moment later; a number in a register
 * stays what it was, but its process may have ended and the number gone to
 * another, which is why who is under a profile traces nobody: a signal to the
 * wrong process is all that the moment gives. */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/clean.h"
#include "base/compat.h"
#include "broker/broker.h"
#include "jail/calls_abi.h"
#include "jail/tag.h"
#include "policy/image.h"

#define FACT_BYTES 4096

/* Of a process by its number in the sandbox. */
static ssize_t
fact_read(int pid, const char *what, char text[FACT_BYTES])
{
	char path[48];
	CLEAN_FD int fd = -1;
	ssize_t n;

	(void)snprintf(path, sizeof(path), "/proc/%d/%s", pid, what);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd == -1 ? -1 : read(fd, text, FACT_BYTES - 1);
	text[n > 0 ? n : 0] = '\0';
	return n;
}

/* Is it under all that the caller is under? Whoever is gone is not. */
static bool
is_as_narrow(const struct ask *a, int pid)
{
	char text[FACT_BYTES];
	uint64_t profiles;
	ssize_t n = fact_read(pid, "limits", text);

	return n > 0 && tag_parse(str_of(text, (size_t)n), &profiles) &&
	    (a->profiles & ~profiles) == 0;
}

static bool
is_judged(const struct ask *a)
{
	return a->profiles != 0 &&
	    image_info(a->image)->mode == POLICY_ENFORCE;
}

/* ---- signals ---- */

/* A number of /proc/PID/stat; the name in it may hold anything. */
static int
stat_number(int pid, unsigned field)
{
	char text[FACT_BYTES];
	const char *at = fact_read(pid, "stat", text) <= 0 ? NULL :
	    strrchr(text, ')');

	for (unsigned i = 2; at != NULL && i < field; i++)
		at = strchr(at + 1, ' ');
	return at == NULL ? -1 : atoi(at + 1);
}

enum { STAT_PARENT = 4, STAT_GROUP = 5 };

/* A group's processes need not be under what its leader is under. */
static bool
group_is_as_narrow(const struct ask *a, int group)
{
	DIR *d = group <= 0 ? NULL : opendir("/proc");
	bool narrow = d != NULL;
	const struct dirent *ent;

	while (narrow && (ent = readdir(d)) != NULL) {
		int pid = atoi(ent->d_name);

		if (pid > 0 && stat_number(pid, STAT_GROUP) == group)
			narrow = is_as_narrow(a, pid);
	}
	if (d != NULL)
		(void)closedir(d);
	return narrow;
}

/* To a process (or a thread), a group, or all. */
static long
signal_to(const struct ask *a, int target, int signo)
{
	struct caller_ids ids;
	int rc;

	if (signo == 0)
		return LET_GO;
	if (target == -1)
		return -EPERM;
	if (target > 0)
		return is_as_narrow(a, target) ? LET_GO : -EPERM;
	if (target == 0) {
		rc = caller_ids(a, &ids);
		if (rc != 0)
			return rc;
		target = -stat_number(ids.in_tgid, STAT_GROUP);
	}
	return group_is_as_narrow(a, -target) ? LET_GO : -EPERM;
}

/* ---- the others ---- */

static bool
is_caller(const struct ask *a, int pid)
{
	struct caller_ids ids;

	return caller_ids(a, &ids) == 0 && (pid == ids.in_tgid ||
	    pid == ids.in_tid);
}

static long
memory_of(const struct ask *a, int pid)
{
	return pid == 0 || is_caller(a, pid) ? LET_GO : -EPERM;
}

/* Who receives signals of a descriptor: the caller, or nobody. */
static long
owner_is(const struct ask *a, int pid)
{
	return pid == 0 || is_caller(a, pid) ? LET_GO : -EPERM;
}

/* A parent that has become narrower does not become the tracer of its child;
 * all else is the parent's to ask. */
static long
ask_traced(const struct ask *a)
{
	struct caller_ids ids;
	struct ask parent = *a;
	char text[FACT_BYTES];
	int number;
	ssize_t n;

	if ((int)a->arg[0] != PTRACE_TRACEME)
		return LET_GO;
	if (caller_ids(a, &ids) != 0)
		return -ESRCH;
	number = stat_number(ids.in_tgid, STAT_PARENT);
	if (number <= 0)
		return LET_GO;	/* who traces it is outside */
	n = fact_read(number, "limits", text);
	if (n <= 0 || !tag_parse(str_of(text, (size_t)n), &parent.profiles))
		return -EPERM;
	return (parent.profiles & ~a->profiles) == 0 ? LET_GO : -EPERM;
}

long
ask_peer(const struct ask *a)
{
	const uint64_t *v = a->arg;

	if (!is_judged(a))
		return a->number == SYS_ptrace &&
		    image_info(a->image)->mode == POLICY_ENFORCE ?
		    ask_traced(a) : LET_GO;
	switch (a->number) {
	case SYS_kill:
	case SYS_tkill:
	case SYS_rt_sigqueueinfo:
		return signal_to(a, (int)v[0], (int)v[1]);
	case SYS_tgkill:
	case SYS_rt_tgsigqueueinfo:
		return (int)v[0] > 0 ? signal_to(a, (int)v[1], (int)v[2]) :
		    -EINVAL;
	case SYS_process_vm_readv:
	case SYS_process_vm_writev:
	case SYS_prlimit64:
	case SYS_get_robust_list:
		return memory_of(a, (int)v[0]);
	case SYS_fcntl:
		return (int)v[1] == F_SETOWN ? owner_is(a, (int)v[2]) :
		    -EPERM;
	/* What a descriptor stands for may change while it is looked at; who
	 * finds no such call uses kill(2). */
	case NR_PIDFD_SEND_SIGNAL:
		return -ENOSYS;
	/* numbers and names that all of the sandbox share */
	case SYS_shmget:
	case SYS_shmat:
	case SYS_shmctl:
	case SYS_semget:
	case SYS_semop:
	case SYS_semtimedop:
	case SYS_semctl:
	case SYS_msgget:
	case SYS_msgsnd:
	case SYS_msgrcv:
	case SYS_msgctl:
	case SYS_mq_open:
	case SYS_mq_unlink:
		return -EACCES;
	default:
		return -EPERM;
	}
}

/* ---- /proc ---- */

/* What ps(1) needs, of everybody. */
static bool
is_plain(const char *rest)
{
	static const char *const files[] = { "", "/stat", "/statm",
		"/status", "/comm" };

	if (strncmp(rest, "/task", 5) == 0) {
		rest += 5;
		rest += *rest == '/' && isdigit((unsigned char)rest[1]) ?
		    1 + strspn(rest + 1, "0123456789") : 0;
	}
	for (size_t i = 0; i < NELEM(files); i++)
		if (strcmp(rest, files[i]) == 0)
			return true;
	return false;
}

int
peer_path(const struct ask *a, const char *path, unsigned access)
{
	const char *number = path + sizeof("/proc/") - 1;
	const char *rest;

	if (!is_judged(a) || strncmp(path, "/proc/", 6) != 0 ||
	    !isdigit((unsigned char)number[0]))
		return 0;
	rest = number + strspn(number, "0123456789");
	if (access == FILE_READ && is_plain(rest))
		return 0;
	return is_as_narrow(a, atoi(number)) ? 0 : -EACCES;
}

/* Who reads another's terminal takes what is typed there; who writes to it can
 * make it type. One that it made it is given by its other end (TIOCGPTPEER). */
int
peer_terminal(const struct ask *a, int fd, const char *path)
{
	struct stat st;
	unsigned tty;

	if (!is_judged(a) || strncmp(path, "/dev/pts/", 9) != 0 ||
	    strcmp(path, "/dev/pts/ptmx") == 0)
		return 0;
	tty = caller_tty(a);
	return tty != 0 && fstat(fd, &st) == 0 && S_ISCHR(st.st_mode) &&
	    st.st_rdev == makedev(major(tty), minor(tty)) ? 0 : -EACCES;
}
