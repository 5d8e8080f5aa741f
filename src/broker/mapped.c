/* mapped.c -- may a program that is about to run be written by who mapped it?
 *
 * The kernel lets nobody write to a program that runs, nor run one that is
 * open for writing. But on an overlay that is said of the overlay's file, and
 * a mapping is of the file below: who mapped it shared and closed it may go on
 * writing (as of Linux 6.18). So nobody in the sandbox may have such a mapping
 * of what was judged by its bytes.
 *
 * The program is loaded by now, so there are no new ones: only who had one
 * hands it on, to a child. All processes are looked at, then those that came
 * meanwhile, until there is none that was not looked at: who has one now had
 * it when looked at. (One that is being forked in that moment is missed if its
 * parent gives the mapping up before it is there.) */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/statfs.h>
#include <unistd.h>

#include "base/clean.h"
#include "base/limits.h"
#include "broker/stop.h"

#define ROUNDS_MAX 64		/* more come all the time: then it may be */
#define TEXT_BYTES 8388608	/* of one process: then it may be */

struct seen { /* a process that was looked at */
	pid_t pid;
	uint64_t since;		/* a number may be another's later */
};

struct look {
	struct broker *b;
	uint64_t ino;		/* as maps have it */
	struct seen v[BOX_PIDS_MAX];
	size_t n;
};

/* "from-to rw-s offset major:minor inode path" */
static bool
is_shared(const char *line, uint64_t ino)
{
	uint64_t inode;
	char how[8];

	return sscanf(line, "%*s %7s %*s %*s %" SCNu64, how, &inode) == 2 &&
	    how[3] == 's' && inode == ino;
}

/* true also where they cannot be read whole. */
static bool
text_has(const struct look *l, pid_t tid, bool *empty)
{
	static char text[TEXT_BYTES];
	const struct ask who = { .b = l->b, .tid = tid };
	const ssize_t n = caller_text(&who, "maps", text, sizeof(text));
	char *line = text, *end;

	*empty = n <= 0;
	if (n == (ssize_t)sizeof(text) - 1)
		return true;
	for (; (end = strchr(line, '\n')) != NULL; line = end + 1) {
		*end = '\0';
		if (is_shared(line, l->ino))
			return true;
	}
	return false;
}

/* Who began the process may have ended, and its threads go on. */
static bool
has_mapping(const struct look *l, pid_t pid)
{
	char path[32];
	const struct dirent *d;
	bool empty, has = text_has(l, pid, &empty);
	DIR *dir;
	int fd;

	if (has || !empty)
		return has;
	(void)snprintf(path, sizeof(path), "%d/task", (int)pid);
	fd = openat(l->b->proc, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	dir = fd == -1 ? NULL : fdopendir(fd);
	while (dir != NULL && !has && empty && (d = readdir(dir)) != NULL)
		if (d->d_name[0] != '.')
			has = text_has(l, (pid_t)strtol(d->d_name, NULL, 10),
			    &empty);
	if (dir != NULL)
		(void)closedir(dir);
	return has;
}

/* In clock ticks since the machine started. false: it is gone. */
static bool
started(struct broker *b, pid_t pid, uint64_t *since)
{
	const struct ask who = { .b = b, .tid = pid };
	char text[1024];
	const char *at;

	if (caller_text(&who, "stat", text, sizeof(text)) <= 0)
		return false;
	at = strrchr(text, ')'); /* the name before may hold anything */
	return at != NULL && sscanf(at, ") %*c %*s %*s %*s %*s %*s %*s %*s %*s "
	    "%*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %" SCNu64, since) == 1;
}

static bool
was_seen(const struct look *l, const struct seen *s)
{
	for (size_t i = 0; i < l->n; i++)
		if (l->v[i].pid == s->pid && l->v[i].since == s->since)
			return true;
	return false;
}

/* *new: how many had not been looked at. true: one has it. */
static bool
look_at_all(struct look *l, unsigned *new)
{
	int fd = openat(l->b->proc, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd == -1 ? NULL : fdopendir(fd);
	const struct dirent *d;
	bool has = dir == NULL;

	*new = 0;
	while (!has && (d = readdir(dir)) != NULL) {
		struct seen s = { .pid = (pid_t)strtol(d->d_name, NULL, 10) };

		if (s.pid <= 1 || !started(l->b, s.pid, &s.since) ||
		    was_seen(l, &s))
			continue;
		has = l->n == BOX_PIDS_MAX || has_mapping(l, s.pid);
		if (!has)
			l->v[l->n++] = s;
		++*new;
	}
	if (dir != NULL)
		(void)closedir(dir);
	return has;
}

/* What maps call it is what they call a mapping of our own. */
static bool
inode_in_maps(struct broker *b, int fd, uint64_t *ino)
{
	void *p = mmap(NULL, 1, PROT_READ, MAP_PRIVATE, fd, 0);
	dev_t dev;
	ino_t number;
	bool got;

	if (p == MAP_FAILED)
		return false;
	got = mapped_at(b, getpid(), (uintptr_t)p, &dev, &number);
	(void)munmap(p, 1);
	*ino = (uint64_t)number;
	return got;
}

bool
mapped_for_writing(struct broker *b, pid_t pid)
{
	static struct look l;
	const struct ask who = { .b = b, .tid = pid };
	CLEAN_FD int fd = caller_exe_open(&who);
	struct statfs fs;
	unsigned new = 1;

	if (fd == -1)
		return true;
	if (fstatfs(fd, &fs) == 0 && fs.f_type != OVERLAYFS_SUPER_MAGIC)
		return false;
	l.b = b;
	l.n = 0;
	if (!inode_in_maps(b, fd, &l.ino))
		return true;
	for (unsigned i = 0; new > 0; i++)
		if (i == ROUNDS_MAX || look_at_all(&l, &new))
			return true;
	return false;
}
