/* exec.c -- executing what may be read.
 *
 * The kernel executes: no one can for another. So what is judged here is what
 * the path leads to now, and a program that changes its own memory in between
 * can execute another file. What it gains is bounded by the kernel's floor,
 * which says what may be executed at all, and by the format: a script's text
 * and all other data come through opens, which are judged; of an executable
 * binary that is denied it could get the program. */
#include <errno.h>
#include <fcntl.h>

#include "base/clean.h"
#include "broker/broker.h"
#include "policy/image.h"

long
ask_exec(const struct ask *a, int dirfd, uint64_t at, int flags)
{
	char path[PATH_BYTES_MAX];
	CLEAN_FD int held = -1;
	int rc = caller_string(a, at, path);

	if (rc != 0)
		return rc;
	if (path[0] == '\0' && (flags & AT_EMPTY_PATH) != 0)
		held = caller_dir(a, dirfd);
	else
		held = walk_from(a, dirfd, path,
		    (flags & AT_SYMLINK_NOFOLLOW) != 0 ? WALK_LINK : 0);
	if (held < 0)
		return held;
	/* on no path of the sandbox is openshell-init alone, once */
	if (object_path(a->b, held, path) != OBJECT_NAMED)
		return LET_GO;
	rc = judge_path(a, path, FILE_READ);
	return rc != 0 ? rc : LET_GO;
}
