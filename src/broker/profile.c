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

/* ---- what it hands on ---- */

static bool
is_connection(int pidfd, int fd)
{
	CLEAN_FD int got = (int)syscall(NR_PIDFD_GETFD, pidfd, fd, 0);
	int domain = 0;
	socklen_t len = sizeof(domain);

	return got == -1 || getsockopt(got, SOL_SOCKET, SO_DOMAIN, &domain,
	    &len) == -1 || domain == AF_INET || domain == AF_INET6;
}

/* Closed when it executes; what cannot be told is not. */
static bool
is_closed(const struct broker *b, pid_t pid, const char *name)
{
	char path[64], text[512];
	CLEAN_FD int fd = -1;
	const char *at;
	ssize_t n;

	(void)snprintf(path, sizeof(path), "%d/fdinfo/%.12s", (int)pid, name);
	fd = openat(b->proc, path, O_RDONLY | O_CLOEXEC);
	n = fd == -1 ? -1 : read(fd, text, sizeof(text) - 1);
	text[n > 0 ? n : 0] = '\0';
	at = strstr(text, "flags:");
	return at != NULL && (strtoul(at + 6, NULL, 8) & O_CLOEXEC) != 0;
}

static bool
is_handed_on(const struct broker *b, pid_t pid, int pidfd, DIR *d,
    const char *name)
{
	char to[32];
	ssize_t n = readlinkat(dirfd(d), name, to, sizeof(to) - 1);

	to[n > 0 ? n : 0] = '\0';
	return (n <= 0 || (strncmp(to, "socket:", 7) == 0 &&
		is_connection(pidfd, atoi(name)))) && !is_closed(b, pid, name);
}

static bool
hands_on_connection(const struct broker *b, pid_t pid)
{
	CLEAN_FD int pidfd = (int)syscall(NR_PIDFD_OPEN, pid, 0);
	char path[32];
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
	while (!found && (ent = readdir(d)) != NULL)
		found = ent->d_name[0] != '.' && is_handed_on(b, pid, pidfd,
		    d, ent->d_name);
	(void)closedir(d);
	return found;
}

/* A connection is judged as that of who made it: one that was made by who is
 * under less must not come along. What else it is handed, it is given. */
bool
profile_may_enter(const struct ask *a, uint64_t profiles,
    char why[REASON_BYTES_MAX])
{
	struct caller_ids ids;
	bool hands = true;

	if ((profiles & ~a->profiles) == 0 ||
	    image_info(a->image)->mode != POLICY_ENFORCE)
		return true;
	if (caller_ids(a, &ids) == 0 && caps_ptrace(true) == 0) {
		hands = hands_on_connection(a->b, ids.tgid);
		if (caps_ptrace(false) == -1)
			_exit(1); /* all that follows would have it */
	}
	if (hands)
		(void)snprintf(why, REASON_BYTES_MAX, "it would be handed a "
		    "connection of who is not under its profile: close it "
		    "before (O_CLOEXEC)");
	return !hands;
}

int
profile_enter(const struct ask *a, uint64_t profiles)
{
	if ((profiles & ~a->profiles) == 0)
		return 0;
	if ((profiles & ~image_profiles_all(a->image)) != 0)
		return -EACCES;
	return tag_add(a->tid, profiles);
}
