/* calls_gate.c -- the system calls of a sandbox that the broker answers, when
 * the policy says more of files than mounts and Landlock can hold, or which
 * commands may run. For the latter alone it is asked about those, and all the
 * rest stays with the kernel.
 *
 * Each call that opens, makes, removes, renames or changes what a name leads
 * to, and each that changes a file through a descriptor open for reading.
 * Calls on bytes of open files are not here: the open was judged. Nor are
 * those that tell that a file exists, and its facts (stat, access, readlink,
 * chdir), unless the policy hides names: else it is about content and change.
 * umask is, because the broker makes files under its caller's.
 *
 * Refused with a reason:
 *   landlock_*		the broker opens for its caller with its own rights, so a
 *			domain that the agent makes for its tools would not
 *			bind them; they are told that there is none
 *   setxattrat, ...	new, and a struct behind a pointer: ENOSYS, and libc
 *			takes the older ones */
#include <errno.h>

#include "base/compat.h"
#include "base/must.h"
#include "jail/calls.h"
#include "jail/calls_abi.h"

static const uint32_t asked[] = {
	SYS_openat, SYS_truncate, SYS_renameat, SYS_renameat2, SYS_linkat,
	SYS_symlinkat, SYS_unlinkat, SYS_mkdirat, SYS_mknodat, SYS_fchmod,
	SYS_fchmodat, NR_FCHMODAT2, SYS_fchown, SYS_fchownat, SYS_utimensat,
	SYS_setxattr, SYS_lsetxattr, SYS_fsetxattr, SYS_getxattr,
	SYS_lgetxattr, SYS_removexattr, SYS_lremovexattr, SYS_fremovexattr,
	SYS_inotify_add_watch, SYS_bind, SYS_connect, SYS_umask,
#ifdef __x86_64__
	SYS_open, SYS_creat, SYS_rename, SYS_link, SYS_symlink, SYS_unlink,
	SYS_rmdir, SYS_mkdir, SYS_mknod, SYS_chmod, SYS_chown, SYS_lchown,
	SYS_utime, SYS_utimes, SYS_futimesat,
#endif
};

/* What tells of a name, where names are hidden. Nobody can go into a directory
 * for another, so of chdir the broker says only whether it may be tried. */
static const uint32_t tells[] = {
	SYS_newfstatat, SYS_statx, SYS_faccessat, NR_FACCESSAT2,
	SYS_readlinkat, SYS_chdir, SYS_statfs, SYS_listxattr, SYS_llistxattr,
	SYS_getdents64,
#ifdef __x86_64__
	SYS_stat, SYS_lstat, SYS_access, SYS_readlink, SYS_getdents,
#endif
};

static const uint32_t executes[] = { SYS_execve, SYS_execveat };

/* Where some run under a narrower policy than others, they must not take over
 * those, nor meet them in memory, semaphores and queues that are nobody's and
 * on no path. fcntl, ioctl and prlimit64 are asked about where they name another
 * process, sending where it connects. */
static const uint32_t among[] = {
	SYS_kill, SYS_tkill, SYS_tgkill, SYS_rt_sigqueueinfo,
	SYS_rt_tgsigqueueinfo, NR_PIDFD_SEND_SIGNAL, NR_PIDFD_GETFD,
	NR_PROCESS_MADVISE, SYS_ptrace, SYS_process_vm_readv,
	SYS_process_vm_writev, SYS_prlimit64, SYS_get_robust_list, SYS_fcntl,
	SYS_ioctl, SYS_sendto, SYS_sendmsg, SYS_sendmmsg,
	SYS_shmget, SYS_shmat, SYS_shmctl, SYS_semget, SYS_semop,
	SYS_semtimedop, SYS_semctl, SYS_msgget, SYS_msgsnd, SYS_msgrcv,
	SYS_msgctl, SYS_mq_open, SYS_mq_unlink,
};

static const struct {
	uint32_t number, answer;
} refused[] = {
	{ NR_LANDLOCK_CREATE_RULESET, ANSWER_ERRNO(EOPNOTSUPP) },
	{ NR_LANDLOCK_ADD_RULE, ANSWER_ERRNO(EOPNOTSUPP) },
	{ NR_LANDLOCK_RESTRICT_SELF, ANSWER_ERRNO(EOPNOTSUPP) },
	{ NR_SETXATTRAT, ANSWER_ERRNO(ENOSYS) },
	{ NR_GETXATTRAT, ANSWER_ERRNO(ENOSYS) },
	{ NR_REMOVEXATTRAT, ANSWER_ERRNO(ENOSYS) },
	{ NR_LISTXATTRAT, ANSWER_ERRNO(ENOSYS) },
};

static void
answer_set(struct call *calls, size_t n, uint32_t number, uint32_t answer)
{
	size_t i = 0;

	while (i < n && calls[i].number != number)
		i++;
	must(i < n);
	calls[i].answer = answer;
}

void
calls_gate(struct call *calls, size_t n, enum gate gate)
{
	for (size_t i = 0; i < NELEM(executes); i++)
		answer_set(calls, n, executes[i], ANSWER_NOTIFY);
	if (!gate_has(gate, GATE_FILES))
		return;
	for (size_t i = 0; i < NELEM(asked); i++)
		answer_set(calls, n, asked[i], ANSWER_NOTIFY);
	for (size_t i = 0; i < NELEM(refused); i++)
		answer_set(calls, n, refused[i].number, refused[i].answer);
	for (size_t i = 0; i < NELEM(among) &&
	    gate_has(gate, GATE_PROFILES); i++)
		answer_set(calls, n, among[i], ANSWER_NOTIFY);
	for (size_t i = 0; i < NELEM(tells) && gate_has(gate, GATE_NAMES);
	    i++)
		answer_set(calls, n, tells[i], ANSWER_NOTIFY);
}
