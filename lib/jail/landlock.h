/* landlock.h -- build a Landlock domain and enter it. */
#ifndef JAIL_LANDLOCK_H
#define JAIL_LANDLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "jail/landlock_abi.h"

struct err;

/* Groups of rights, before they are cut to what the kernel knows. */
#define LL_READ	   (LL_FS_READ_FILE | LL_FS_READ_DIR)
#define LL_RUN	   (LL_READ | LL_FS_EXECUTE)
#define LL_MAKE	   (LL_FS_MAKE_DIR | LL_FS_MAKE_REG | LL_FS_MAKE_SOCK |	\
		    LL_FS_MAKE_FIFO | LL_FS_MAKE_SYM)
#define LL_CHANGE  (LL_FS_WRITE_FILE | LL_FS_REMOVE_DIR |		\
		    LL_FS_REMOVE_FILE | LL_MAKE | LL_FS_REFER |	\
		    LL_FS_TRUNCATE)
#define LL_DEVICE  (LL_FS_READ_FILE | LL_FS_WRITE_FILE | LL_FS_IOCTL_DEV)
/* Rights that make sense on a file that is not a directory. */
#define LL_ON_FILE (LL_FS_EXECUTE | LL_FS_WRITE_FILE | LL_FS_READ_FILE | \
		    LL_FS_TRUNCATE | LL_FS_IOCTL_DEV)

#define LL_ABI_KNOWN 7	/* the newest this file knows; newer kernels give it */

/* The kernel's ABI, at most LL_ABI_KNOWN; 0: no Landlock. */
int landlock_abi(void);
/* Everything that an ABI of this number can handle. */
struct ll_ruleset_attr landlock_all(int abi);

struct landlock { /* a ruleset that is being filled */
	int fd;
	uint64_t fs;	/* rights it handles: all that are not allowed below
			 * are refused */
};

/* A new ruleset which handles want, cut to what the kernel's ABI knows.
 * -1 with a sentence if there is no Landlock. */
int landlock_open(struct landlock *l, struct ll_ruleset_attr want,
    struct err *e);
/* Allows access beneath the open file or directory (O_PATH is enough).
 * what names it in the error. */
int landlock_allow(const struct landlock *l, int fd, uint64_t access,
    const char *what, struct err *e);
/* The same by path. */
int landlock_allow_path(const struct landlock *l, const char *path,
    uint64_t access, struct err *e);
/* Binds the calling thread (no_new_privs must be set); closes the ruleset. */
int landlock_enter(struct landlock *l, struct err *e);
void landlock_close(struct landlock *l);

#endif
