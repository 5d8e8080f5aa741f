/* profile.c -- by which policy a process is judged: the sandbox's, and that of
 * each profile in its tag (jail/tag.h). */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clean.h"
#include "broker/command.h"
#include "jail/calls_abi.h"
#include "jail/caps.h"
#include "jail/tag.h"
#include "policy/image.h"

int
profile_take(struct ask *a)
{
	int rc;

	a->image = a->b->image;
	a->profiles = 0;
	if (image_profiles(a->image) == 0)
		return 0;
	rc = tag_get(a->tid, &a->profiles);
	if (rc != 0)
		return rc;
	return caller_waits(a) ? 0 : -ESRCH;
}

/* ---- what it holds when it enters ---- */

static bool
is_connection(int pidfd, int fd)
{
	CLEAN_FD int got = (int)syscall(NR_PIDFD_GETFD, pidfd, fd, 0);
	int domain = 0;
	socklen_t len = sizeof(domain);

	return got == -1 || getsockopt(got, SOL_SOCKET, SO_DOMAIN, &domain,
	    &len) == -1 || domain == AF_INET || domain == AF_INET6;
}

/* A connection is judged as that of who made it: one that was made by who is
 * under less must not be there. What else it was handed, it was given. */
static bool
holds_connection(const struct broker *b, pid_t pid)
{
	CLEAN_FD int pidfd = (int)syscall(NR_PIDFD_OPEN, pid, 0);
	char path[32], to[32];
	struct dirent *ent;
	bool found = pidfd == -1;
	DIR *d;
	int fd;

	(void)snprintf(path, sizeof(path), "%d/fd", (int)pid);
	fd = openat(b->proc, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	d = fd == -1 ? NULL : fdopendir(fd);
	if (d == NULL) {
		fd_close(&fd);
		return true;
	}
	while (!found && (ent = readdir(d)) != NULL) {
		ssize_t n;

		if (ent->d_name[0] == '.')
			continue;
		n = readlinkat(dirfd(d), ent->d_name, to, sizeof(to) - 1);
		to[n > 0 ? n : 0] = '\0';
		found = n <= 0 || (strncmp(to, "socket:", 7) == 0 &&
		    is_connection(pidfd, atoi(ent->d_name)));
	}
	(void)closedir(d);
	return found;
}

int
profile_enter(struct broker *b, pid_t pid, uint64_t profiles)
{
	uint64_t now;
	bool held;

	if (profiles == 0)
		return 0;
	if ((profiles & ~image_profiles_all(b->image)) != 0 ||
	    tag_get(pid, &now) != 0)
		return -1;
	if ((profiles & ~now) == 0)
		return 0;
	if (caps_ptrace(true) == -1)
		return -1;
	held = holds_connection(b, pid);
	if (caps_ptrace(false) == -1 || held)
		return -1;
	return tag_add(pid, profiles) == 0 ? 0 : -1;
}
