/* calls.c -- one question: which system call, its arguments, its answer. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>

#include "broker/broker.h"
#include "broker/command.h"
#include "broker/finding.h"
#include "broker/slow.h"
#include "jail/calls_abi.h"

#define DIR(n)	((int)a->arg[n])
#define INT(n)	((int)a->arg[n])
#define MODE(n) ((mode_t)a->arg[n])

#ifdef __x86_64__
/* What the generic table has no more: names below the working directory. */
static long
dispatch_old(const struct ask *a)
{
	const uint64_t *v = a->arg;

	switch (a->number) {
	case SYS_open:
		return ask_open(a, AT_FDCWD, v[0], INT(1), MODE(2));
	case SYS_creat:
		return ask_open(a, AT_FDCWD, v[0], O_CREAT | O_WRONLY |
			O_TRUNC, MODE(1));
	case SYS_rename:
		return ask_rename(a, AT_FDCWD, v[0], AT_FDCWD, v[1], 0);
	case SYS_link:
		return ask_link(a, AT_FDCWD, v[0], AT_FDCWD, v[1], 0);
	case SYS_symlink:
		return ask_symlink(a, v[0], AT_FDCWD, v[1]);
	case SYS_unlink:
		return ask_unlink(a, AT_FDCWD, v[0], 0);
	case SYS_rmdir:
		return ask_unlink(a, AT_FDCWD, v[0], AT_REMOVEDIR);
	case SYS_mkdir:
		return ask_mkdir(a, AT_FDCWD, v[0], MODE(1));
	case SYS_mknod:
		return ask_mknod(a, AT_FDCWD, v[0], MODE(1), (dev_t)v[2]);
	case SYS_chmod:
		return ask_chmod(a, AT_FDCWD, v[0], MODE(1), 0);
	case SYS_chown:
		return ask_chown(a, AT_FDCWD, v[0], (uid_t)v[1], (gid_t)v[2],
		    0);
	case SYS_lchown:
		return ask_chown(a, AT_FDCWD, v[0], (uid_t)v[1], (gid_t)v[2],
		    AT_SYMLINK_NOFOLLOW);
	case SYS_utime:
		return ask_utimes(a, AT_FDCWD, v[0], TIMES_S, v[1], 0);
	case SYS_utimes:
		return ask_utimes(a, AT_FDCWD, v[0], TIMES_US, v[1], 0);
	case SYS_futimesat:
		return ask_utimes(a, DIR(0), v[1], TIMES_US, v[2], 0);
	default:
		return -ENOSYS;
	}
}
#else
static long
dispatch_old(const struct ask *a)
{
	(void)a;
	return -ENOSYS;
}
#endif

struct exec_call
exec_call_of(const struct ask *a)
{
	const uint64_t *v = a->arg;

	if (a->number == SYS_execve)
		return (struct exec_call){ AT_FDCWD, 0, v[0], v[1], v[2] };
	return (struct exec_call){ DIR(0), INT(4), v[1], v[2], v[3] };
}

static long
dispatch_names(const struct ask *a)
{
	const uint64_t *v = a->arg;
	struct exec_call call;

	switch (a->number) {
	case SYS_openat:
		return ask_open(a, DIR(0), v[1], INT(2), MODE(3));
	case SYS_renameat:
		return ask_rename(a, DIR(0), v[1], DIR(2), v[3], 0);
	case SYS_renameat2:
		return ask_rename(a, DIR(0), v[1], DIR(2), v[3],
		    (unsigned)v[4]);
	case SYS_linkat:
		return ask_link(a, DIR(0), v[1], DIR(2), v[3], INT(4));
	case SYS_symlinkat:
		return ask_symlink(a, v[0], DIR(1), v[2]);
	case SYS_unlinkat:
		return ask_unlink(a, DIR(0), v[1], INT(2));
	case SYS_mkdirat:
		return ask_mkdir(a, DIR(0), v[1], MODE(2));
	case SYS_mknodat:
		return ask_mknod(a, DIR(0), v[1], MODE(2), (dev_t)v[3]);
	case SYS_bind:
		return ask_bind(a);
	case SYS_connect:
		return ask_connect(a);
	case SYS_inotify_add_watch:
		return ask_watch(a);
	case SYS_umask:
		return LET_GO; /* mask_notice() has heard of it */
	case SYS_execve:
	case SYS_execveat:
		call = exec_call_of(a);
		return ask_exec(a, &call);
	case SYS_kill:
	case SYS_tkill:
	case SYS_tgkill:
	case SYS_rt_sigqueueinfo:
	case SYS_rt_tgsigqueueinfo:
	case NR_PIDFD_SEND_SIGNAL:
	case NR_PIDFD_GETFD:
	case NR_PROCESS_MADVISE:
	case SYS_ptrace:
	case SYS_process_vm_readv:
	case SYS_process_vm_writev:
	case SYS_prlimit64:
	case SYS_get_robust_list:
	case SYS_fcntl:
	case SYS_ioctl:
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
		return ask_peer(a);
	default:
		return dispatch_old(a);
	}
}

/* What is asked where names are hidden. */
static long
dispatch_facts(const struct ask *a)
{
	const uint64_t *v = a->arg;

	switch (a->number) {
	case SYS_newfstatat:
		return ask_stat(a, DIR(0), v[1], v[2], INT(3));
	case SYS_statx:
		return ask_statx(a);
	case SYS_faccessat:
		return ask_access(a, DIR(0), v[1], INT(2), 0);
	case NR_FACCESSAT2:
		return ask_access(a, DIR(0), v[1], INT(2), INT(3));
	case SYS_readlinkat:
		return ask_readlink(a, DIR(0), v[1], v[2], v[3]);
	case SYS_chdir:
		return ask_chdir(a);
	case SYS_statfs:
		return ask_statfs(a);
	case SYS_listxattr:
	case SYS_llistxattr:
		return ask_listxattr(a);
	case SYS_getdents64:
		return ask_list(a);
#ifdef __x86_64__
	case SYS_getdents:
		return ask_list(a);
	case SYS_stat:
		return ask_stat(a, AT_FDCWD, v[0], v[1], 0);
	case SYS_lstat:
		return ask_stat(a, AT_FDCWD, v[0], v[1], AT_SYMLINK_NOFOLLOW);
	case SYS_access:
		return ask_access(a, AT_FDCWD, v[0], INT(1), 0);
	case SYS_readlink:
		return ask_readlink(a, AT_FDCWD, v[0], v[1], v[2]);
#endif
	default:
		return dispatch_names(a);
	}
}

static long
dispatch(const struct ask *a)
{
	const uint64_t *v = a->arg;

	switch (a->number) {
	case SYS_truncate:
		return ask_truncate(a);
	case SYS_fchmod:
		return ask_fchmod(a);
	case SYS_fchmodat:
		return ask_chmod(a, DIR(0), v[1], MODE(2), 0);
	case NR_FCHMODAT2:
		return ask_chmod(a, DIR(0), v[1], MODE(2), INT(3));
	case SYS_fchown:
		return ask_fchown(a);
	case SYS_fchownat:
		return ask_chown(a, DIR(0), v[1], (uid_t)v[2], (gid_t)v[3],
		    INT(4));
	case SYS_utimensat:
		return ask_utimes(a, DIR(0), v[1], TIMES_NS, v[2], INT(3));
	case SYS_setxattr:
	case SYS_lsetxattr:
	case SYS_fsetxattr:
		return ask_setxattr(a);
	case SYS_getxattr:
	case SYS_lgetxattr:
		return ask_getxattr(a);
	case SYS_removexattr:
	case SYS_lremovexattr:
	case SYS_fremovexattr:
		return ask_removexattr(a);
	default:
		return a->b->hides ? dispatch_facts(a) : dispatch_names(a);
	}
}

/* The kernel copies as much as it knows, which may be more than our header
 * does. */
union question {
	struct seccomp_notif n;
	char room[512];
};

static void
answer(const struct ask *a, long rc)
{
	struct seccomp_notif_resp r = { .id = a->id };

	if (rc == ANSWERED || rc == HELD)
		return;
	if (rc == LET_GO)
		r.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
	else if (rc < 0)
		r.error = (int)rc;
	else
		r.val = rc;
	(void)ioctl(a->b->listener, SECCOMP_IOCTL_NOTIF_SEND, &r);
}

long
broker_do(struct ask *a)
{
	struct broker *b = a->b;
	/* one may be asked anew while another is answered */
	const struct ask *before = b->now;
	const bool turned = b->turned, later = b->later;
	long rc;

	b->now = a;
	b->turned = b->later = false;
	rc = profile_take(a);
	if (rc == 0)
		rc = dispatch(a);
	if (b->turned)
		rc = away(a);
	if (!b->later)
		finding_forget(a->id);
	b->now = before;
	b->turned = turned;
	b->later = later;
	answer(a, rc);
	return rc;
}

bool
broker_receive(struct broker *b, struct ask *a)
{
	union question q;

	memset(&q, 0, sizeof(q));
	if (ioctl(b->listener, SECCOMP_IOCTL_NOTIF_RECV, &q.n) == -1)
		return false;
	*a = (struct ask){ .b = b, .id = q.n.id, .tid = (pid_t)q.n.pid,
		.number = q.n.data.nr };
	for (int i = 0; i < 6; i++)
		a->arg[i] = q.n.data.args[i];
	return true;
}

void
broker_answer(struct ask *a)
{
	mask_notice(a);
	(void)broker_do(a);
}
