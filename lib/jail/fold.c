/* fold.c -- names whose case does not count: a rule about ".env" would not be
 * one about ".ENV", which is the same file there. */
#include "jail/fold.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/clean.h"
#include "base/compat.h"

#define NAMES_MAX 64	/* looked at */

#ifndef FS_CASEFOLD_FL
#define FS_CASEFOLD_FL 0x40000000
#endif

/* FAT, exFAT, both of NTFS, HFS, HFS+, and the three of SMB. */
static bool
is_known(int dirfd)
{
	static const unsigned long types[] = { 0x4d44, 0x2011bab0,
		0x7366746e, 0x5346544e, 0x4244, 0x482b, 0x517b, 0xff534d42,
		0xfe534d42 };
	struct statfs fs;

	if (fstatfs(dirfd, &fs) == -1)
		return false;
	for (size_t i = 0; i < NELEM(types); i++)
		if (((unsigned long)fs.f_type & 0xffffffffUL) == types[i])
			return true;
	return false;
}

#define XFS_MAGIC 0x58465342
#define XFS_CI	  0x1000U	/* XFS_FSOP_GEOM_FLAGS_DIRV2CI */

/* A whole file system of XFS may be made so. */
static bool
is_xfs_of_that_kind(int dirfd)
{
	union {
		struct {
			uint32_t before[23], flags;
		} v;
		char room[112];	/* struct xfs_fsop_geom_v1 */
	} geometry = { 0 };
	CLEAN_FD int fd = -1;
	struct statfs fs;

	if (fstatfs(dirfd, &fs) == -1 || fs.f_type != XFS_MAGIC)
		return false;
	fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd != -1 && ioctl(fd, _IOC(_IOC_READ, 'X', 100,
		sizeof(geometry)), &geometry) == 0 &&
	    (geometry.v.flags & XFS_CI) != 0;
}

/* ext4, f2fs and tmpfs have it for single directories. */
bool
fold_is_marked(int dirfd)
{
	CLEAN_FD int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY |
		O_CLOEXEC);
	long flags = 0;

	return fd != -1 && ioctl(fd, FS_IOC_GETFLAGS, &flags) == 0 &&
	    (flags & FS_CASEFOLD_FL) != 0;
}

static bool
turn_case(const char *name, char out[256])
{
	bool turned = false;

	(void)snprintf(out, 256, "%s", name);
	for (char *at = out; *at != '\0' && !turned; at++) {
		const char low = (char)(*at | 0x20);

		turned = low >= 'a' && low <= 'z';
		if (turned)
			*at ^= 0x20;
	}
	return turned;
}

/* Is the other case's name the same file, and not one of its own? */
static bool
leads_there(int dirfd, const char *name, const char *other)
{
	struct stat a, b;

	return fstatat(dirfd, other, &b, AT_SYMLINK_NOFOLLOW) == 0 &&
	    fstatat(dirfd, name, &a, AT_SYMLINK_NOFOLLOW) == 0 &&
	    a.st_dev == b.st_dev && a.st_ino == b.st_ino &&
	    (S_ISDIR(a.st_mode) || a.st_nlink == 1);
}

static bool
is_tried(int dirfd)
{
	int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd == -1 ? NULL : fdopendir(fd);
	struct dirent *d;
	bool is = false;
	char other[256];

	if (dir == NULL) {
		if (fd != -1)
			(void)close(fd);
		return false;
	}
	for (int n = 0; !is && n < NAMES_MAX && (d = readdir(dir)) != NULL;
	    n++)
		is = turn_case(d->d_name, other) &&
		    leads_there(fd, d->d_name, other);
	(void)closedir(dir);
	return is;
}

bool
fold_is(int dirfd)
{
	return is_known(dirfd) || is_xfs_of_that_kind(dirfd) ||
	    fold_is_marked(dirfd) || is_tried(dirfd);
}
