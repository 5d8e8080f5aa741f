/* landlock_abi.h -- Landlock as the kernel speaks it, spelled here because
 * the headers of a build machine are often older than the kernel of a run.
 * Numbers are from Linux 6.18, include/uapi/linux/landlock.h. */
#ifndef JAIL_LANDLOCK_ABI_H
#define JAIL_LANDLOCK_ABI_H

#include <stdint.h>

#define LL_SYS_CREATE_RULESET	444
#define LL_SYS_ADD_RULE		445
#define LL_SYS_RESTRICT_SELF	446

#define LL_CREATE_VERSION	1U	/* flag: return the ABI, make nothing */
#define LL_RULE_PATH_BENEATH	1

/* ABI 1: Linux 5.13 */
#define LL_FS_EXECUTE		(1ULL << 0)
#define LL_FS_WRITE_FILE	(1ULL << 1)
#define LL_FS_READ_FILE		(1ULL << 2)
#define LL_FS_READ_DIR		(1ULL << 3)
#define LL_FS_REMOVE_DIR	(1ULL << 4)
#define LL_FS_REMOVE_FILE	(1ULL << 5)
#define LL_FS_MAKE_CHAR		(1ULL << 6)
#define LL_FS_MAKE_DIR		(1ULL << 7)
#define LL_FS_MAKE_REG		(1ULL << 8)
#define LL_FS_MAKE_SOCK		(1ULL << 9)
#define LL_FS_MAKE_FIFO		(1ULL << 10)
#define LL_FS_MAKE_BLOCK	(1ULL << 11)
#define LL_FS_MAKE_SYM		(1ULL << 12)
#define LL_FS_REFER		(1ULL << 13)	/* ABI 2: Linux 5.19 */
#define LL_FS_TRUNCATE		(1ULL << 14)	/* ABI 3: Linux 6.2 */
#define LL_FS_IOCTL_DEV		(1ULL << 15)	/* ABI 5: Linux 6.10 */

#define LL_NET_BIND_TCP		(1ULL << 0)	/* ABI 4: Linux 6.7 */
#define LL_NET_CONNECT_TCP	(1ULL << 1)

#define LL_SCOPE_ABSTRACT_UNIX	(1ULL << 0)	/* ABI 6: Linux 6.12 */
#define LL_SCOPE_SIGNAL		(1ULL << 1)

struct ll_ruleset_attr {
	uint64_t fs, net, scoped;
};

struct ll_path_beneath_attr {
	uint64_t access;
	int32_t parent_fd;
} __attribute__((packed));

#endif
