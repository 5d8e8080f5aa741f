/* mnt.h -- mounts by descriptor (open_tree, fsopen, move_mount).
 *
 * Functions that return a descriptor return a detached mount: it ends with
 * the descriptor unless mnt_put() gives it a place. what names the thing in
 * errors. */
#ifndef JAIL_MNT_H
#define JAIL_MNT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/mount.h>
#include <sys/types.h>

struct err;

#define MNT_RO	  MOUNT_ATTR_RDONLY
#define MNT_PLAIN (MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV)

struct mnt_option { /* value NULL: a flag */
	const char *key, *value;
};

/* A new file system; options end with a NULL key. */
int mnt_new(const char *type, const struct mnt_option *options,
    uint64_t attr, struct err *e);
/* The tree at dirfd/path ("" with dirfd itself), with all below it. */
int mnt_clone(int dirfd, const char *path, uint64_t attr, const char *what,
    struct err *e);
/* Adds attributes to a mount, and to all below when deep. */
int mnt_attr(int fd, uint64_t attr, bool deep, const char *what,
    struct err *e);
/* Attaches at dirfd/path ("": dirfd itself); fd stays open and the caller's.
 * No symbolic link is followed in path. */
int mnt_put(int fd, int dirfd, const char *path, struct err *e);
/* Nothing passes between our mounts and the host's from now on. */
int mnt_make_private(struct err *e);

/* Makes the directory dirfd/path, parents too, following no link and never
 * leaving dirfd: a name the agent could have replaced is refused, not
 * followed. *fd (may be NULL) gets it, O_PATH. */
int dir_make(int dirfd, const char *path, mode_t mode, int *fd,
    struct err *e);
/* The same for an empty regular file at the end of the path. */
int file_make(int dirfd, const char *path, mode_t mode, int *fd,
    struct err *e);
/* Opens with O_PATH | flags below dirfd; no links at all. */
int path_open(int dirfd, const char *path, int flags, struct err *e);

#endif
