/* calls_abi.h -- system call numbers that a build machine's headers may not
 * have yet. From 424 on they are the same on every architecture. */
#ifndef JAIL_CALLS_ABI_H
#define JAIL_CALLS_ABI_H

#include <sys/syscall.h>

#define NR_PIDFD_SEND_SIGNAL	424
#define NR_PIDFD_OPEN		434
#define NR_CLONE3		435
#define NR_CLOSE_RANGE		436
#define NR_OPENAT2		437
#define NR_PIDFD_GETFD		438
#define NR_FACCESSAT2		439
#define NR_PROCESS_MADVISE	440
#define NR_EPOLL_PWAIT2		441
#define NR_LANDLOCK_CREATE_RULESET 444
#define NR_LANDLOCK_ADD_RULE	445
#define NR_LANDLOCK_RESTRICT_SELF 446
#define NR_FUTEX_WAITV		449
#define NR_CACHESTAT		451
#define NR_FCHMODAT2		452
#define NR_MAP_SHADOW_STACK	453
#define NR_FUTEX_WAKE		454
#define NR_FUTEX_WAIT		455
#define NR_FUTEX_REQUEUE	456
#define NR_MSEAL		462
#define NR_SETXATTRAT		463
#define NR_GETXATTRAT		464
#define NR_LISTXATTRAT		465
#define NR_REMOVEXATTRAT	466

#endif
