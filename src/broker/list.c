/* list.c -- a directory's names but for those that are hidden.
 *
 * Read from the caller's own descriptor, so that what has been read, and
 * where seeking and other readers go on, stays the kernel's: each name has
 * the place behind it, and those that are left out leave no trace. */
#include <dirent.h>
#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clean.h"
#include "broker/broker.h"

#define LIST_BYTES 65536	/* at most at once; libc asks for 32 KiB */

struct entry { /* both forms of the kernel's begin so */
	uint64_t number;
	int64_t behind;
	uint16_t len;
};

#define NAME_AT	  18	/* in the older form; the newer has the type there */
#define NAME_AT_64 19

static bool
is_left_out(const struct ask *a, const char *dir, const char *name)
{
	char path[PATH_BYTES_MAX];
	size_t len = strlen(dir), more = strlen(name);

	if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return false;
	if (len == 1)
		len = 0; /* "/" */
	if (len + 1 + more >= sizeof(path))
		return true;
	memcpy(path, dir, len);
	path[len] = '/';
	memcpy(path + len + 1, name, more + 1);
	return judge_unlisted(a, path);
}

/* Moves what is to be seen to the front; how many bytes it is. */
static size_t
sift(const struct ask *a, const char *dir, char *list, size_t n)
{
	const size_t name = a->number == SYS_getdents64 ? NAME_AT_64 : NAME_AT;
	size_t kept = 0;

	for (size_t at = 0; at + name < n;) {
		struct entry e;

		memcpy(&e, list + at, NAME_AT);
		if (e.len <= name || e.len > n - at)
			break; /* the kernel's are longer */
		if (!is_left_out(a, dir, list + at + name)) {
			memmove(list + kept, list + at, e.len);
			kept += e.len;
		}
		at += e.len;
	}
	return kept;
}

long
ask_list(const struct ask *a)
{
	static _Alignas(uint64_t) char list[LIST_BYTES];
	const unsigned room = (unsigned)a->arg[2] < sizeof(list) ?
	    (unsigned)a->arg[2] : (unsigned)sizeof(list);
	CLEAN_FD int fd = caller_fd(a, (int)a->arg[0]);
	char dir[PATH_BYTES_MAX];
	enum object_kind kind;
	bool some;
	long n;

	if (fd < 0)
		return fd;
	kind = object_path(a->b, fd, dir);
	if (kind == OBJECT_OUTSIDE)
		return -EACCES;
	some = kind == OBJECT_NAMED && judge_lists_some(a, dir);
	do {
		n = syscall(a->number, fd, list, room);
		if (n == -1)
			return -errno;
		if (n == 0)
			return 0;
		if (some)
			n = (long)sift(a, dir, list, (size_t)n);
	} while (n == 0); /* ends where the directory does */
	return caller_put(a, a->arg[1], list, (size_t)n) == 0 ? n : -EFAULT;
}
