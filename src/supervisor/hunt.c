/* hunt.c -- a process that holds a socket has a descriptor that links to
 * socket:[inode], and everything in the sandbox descends from its init.
 *
 * Of several holders what counts is what their chains have in common: a grant
 * to a program is one to what it starts, so whatever stands in each chain
 * would have been granted to each. */
#include "supervisor/hunt.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/kcmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clean.h"
#include "base/io.h"
#include "jail/tag.h"
#include "role/roles.h"

#define CHILDREN_BYTES 16384

int
hunt_open(pid_t pid, const char *what, int flags)
{
	char path[96];

	(void)snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, what);
	return open(path, O_RDONLY | O_CLOEXEC | flags);
}

/* All that is read of one process is read of this directory: its number may
 * be another's by then, the directory's names then lead nowhere. */
static bool
exe_of(int dir, char *out)
{
	ssize_t n = readlinkat(dir, "exe", out, PATH_BYTES_MAX - 1);

	if (n <= 0)
		return false;
	out[n] = '\0';
	return true;
}

static bool
exe_of_pid(pid_t pid, char *out)
{
	CLEAN_FD int dir = hunt_open(pid, "", O_DIRECTORY);

	return dir != -1 && exe_of(dir, out);
}

/* ---- what it holds ---- */

static bool
table_holds(int dir, const char *table, const char *want)
{
	int fd = openat(dir, table, O_RDONLY | O_CLOEXEC | O_DIRECTORY);
	DIR *d = fd == -1 ? NULL : fdopendir(fd);
	char got[48];
	bool found = false;
	struct dirent *ent;

	if (d == NULL) {
		fd_close(&fd);
		return false;
	}
	while (!found && (ent = readdir(d)) != NULL) {
		ssize_t n = readlinkat(dirfd(d), ent->d_name, got,
		    sizeof(got) - 1);

		if (n <= 0)
			continue;
		got[n] = '\0';
		found = strcmp(got, want) == 0;
	}
	(void)closedir(d);
	return found;
}

/* A thread may have descriptors of its own (unshare(2)), and be the only one
 * that is left. */
static bool
threads_hold(int dir, pid_t pid, const char *want)
{
	int fd = openat(dir, "task", O_RDONLY | O_CLOEXEC | O_DIRECTORY);
	DIR *d = fd == -1 ? NULL : fdopendir(fd);
	bool found = false;
	char table[48];
	struct dirent *ent;

	if (d == NULL) {
		fd_close(&fd);
		return false;
	}
	while (!found && (ent = readdir(d)) != NULL) {
		long tid = strtol(ent->d_name, NULL, 10);

		if (tid <= 0 || tid == pid || syscall(SYS_kcmp, pid,
			(pid_t)tid, KCMP_FILES, 0UL, 0UL) == 0)
			continue; /* the same ones */
		(void)snprintf(table, sizeof(table), "task/%ld/fd", tid);
		found = table_holds(dir, table, want);
	}
	(void)closedir(d);
	return found;
}

static bool
holds(int dir, pid_t pid, uint64_t inode)
{
	char want[48];

	(void)snprintf(want, sizeof(want), "socket:[%llu]",
	    (unsigned long long)inode);
	return table_holds(dir, "fd", want) || threads_hold(dir, pid, want);
}

/* ---- its status ---- */

struct status {
	uint32_t parent, tracer, inside; /* inside: its number there */
};

static uint32_t
number_at(const char *text, const char *key, bool last)
{
	const char *at = strstr(text, key);
	unsigned long v = 0;

	for (at = at == NULL ? "" : at + strlen(key); *at != '\0';) {
		char *end;
		unsigned long next = strtoul(at, &end, 10);

		if (end == at || *at == '\n')
			break;
		v = next;
		at = end;
		if (!last || *at == '\n')
			break;
	}
	return (uint32_t)v;
}

static bool
status_of(int dir, struct status *out)
{
	char text[4096];
	CLEAN_FD int fd = openat(dir, "status", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd == -1 ? -1 : read(fd, text, sizeof(text) - 1);

	if (n <= 0)
		return false;
	text[n] = '\0';
	out->parent = number_at(text, "\nPPid:", false);
	out->tracer = number_at(text, "\nTracerPid:", false);
	out->inside = number_at(text, "\nNSpid:", true);
	return true;
}

/* ---- its chain ---- */

static bool
is_ours(const struct hunt *h, uint32_t pid)
{
	for (size_t i = 0; i < h->ours; i++)
		if ((uint32_t)h->list[i] == pid)
			return true;
	return pid <= 1;
}

/* The executable of the process and its ancestors' up to init. */
static uint32_t
chain_fill(const struct hunt *h, int dir, uint32_t parent,
    char (*chain)[PATH_BYTES_MAX])
{
	uint32_t n = exe_of(dir, chain[0]) ? 1 : 0;
	struct status s = { .parent = parent };

	while (n > 0 && n < WHO_CHAIN_MAX && !is_ours(h, s.parent)) {
		CLEAN_FD int up = hunt_open((pid_t)s.parent, "",
		    O_DIRECTORY);

		if (up == -1 || !status_of(up, &s) || !exe_of(up, chain[n]))
			break;
		n++;
	}
	return n;
}

/* What of h->chain stands in the other one. */
static uint32_t
common(const struct hunt *h, char (*also)[PATH_BYTES_MAX], uint32_t n)
{
	uint32_t bits = 0;

	for (uint32_t i = 0; i < h->n; i++)
		for (uint32_t j = 0; j < n; j++)
			if (strcmp(h->chain[i], also[j]) == 0)
				bits |= 1U << i;
	return bits;
}

/* ---- the processes ---- */

/* Children of one thread of pid go to the end of the queue. */
static void
children_of(struct hunt *h, pid_t pid, const char *tid)
{
	char path[64], text[CHILDREN_BYTES], *at = text;
	CLEAN_FD int fd = -1;
	ssize_t n;

	(void)snprintf(path, sizeof(path), "task/%.20s/children", tid);
	fd = hunt_open(pid, path, 0);
	n = fd == -1 ? -1 : read(fd, text, sizeof(text) - 1);
	if (n <= 0)
		return;
	text[n] = '\0';
	while (h->nlist < HUNT_COUNT_MAX) {
		char *end;
		long child = strtol(at, &end, 10);

		if (end == at || child <= 0)
			break;
		h->list[h->nlist++] = (pid_t)child;
		at = end;
	}
	if (h->nlist == HUNT_COUNT_MAX || n == (ssize_t)sizeof(text) - 1)
		h->missed = true; /* some are not in the list */
}

static void
queue_children(struct hunt *h, pid_t pid)
{
	int fd = hunt_open(pid, "task", O_DIRECTORY);
	DIR *d = fd == -1 ? NULL : fdopendir(fd);
	struct dirent *ent;

	if (d == NULL) {
		fd_close(&fd);
		return;
	}
	while ((ent = readdir(d)) != NULL)
		if (ent->d_name[0] != '.')
			children_of(h, pid, ent->d_name);
	(void)closedir(d);
}

/* What anybody may read, and does not change from inside (jail/tag.h). */
static void
take_profiles(struct hunt *h, int dir)
{
	char text[4096];
	CLEAN_FD int fd = openat(dir, "limits", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd == -1 ? -1 : read(fd, text, sizeof(text));
	uint64_t profiles;

	if (n > 0 && tag_parse(str_of(text, (size_t)n), &profiles))
		h->profiles |= profiles;
	else
		h->missed = true;
}

/* A debugger may do anything in its name, and what it was while it was looked
 * at is not known of one that was executing. The broker traces who executes,
 * for that moment. */
static void
take_doubts(struct hunt *h, const char *before, const char *after,
    const struct status *s)
{
	if (strcmp(before, after) != 0)
		(void)snprintf(h->doubt, sizeof(h->doubt),
		    "%.60s executed %.60s while it was asked", before, after);
	else if (s->tracer != 0 && !is_ours(h, s->tracer))
		(void)snprintf(h->doubt, sizeof(h->doubt),
		    "%.60s is traced by another process", after);
}

static void
take_holder(struct hunt *h, pid_t pid, int dir, const char *before)
{
	char (*to)[PATH_BYTES_MAX] = h->holder == 0 ? h->chain : h->also;
	struct status s = { .inside = 0 };
	uint32_t n = status_of(dir, &s) ? chain_fill(h, dir, s.parent, to) :
					  0;

	if (n == 0)
		return; /* it ended, and holds nothing */
	take_doubts(h, before, to[0], &s);
	if (h->holder == 0) {
		h->holder = pid;
		h->pid = s.inside;
		h->n = n;
		h->common = (1U << n) - 1;
		return;
	}
	h->common &= common(h, to, n);
	if (strcmp(h->chain[0], to[0]) != 0)
		(void)snprintf(h->other, sizeof(h->other), "%s", to[0]);
}

/* Of a process whose first thread ended, another one shows what the first
 * would have shown. */
static bool
live_thread(int dir, int *thread, char *exe)
{
	int fd = openat(dir, "task", O_RDONLY | O_CLOEXEC | O_DIRECTORY);
	DIR *d = fd == -1 ? NULL : fdopendir(fd);
	struct dirent *ent;

	if (d == NULL) {
		fd_close(&fd);
		return false;
	}
	while (*thread == -1 && (ent = readdir(d)) != NULL) {
		if (ent->d_name[0] == '.')
			continue;
		*thread = openat(dirfd(d), ent->d_name,
		    O_RDONLY | O_CLOEXEC | O_DIRECTORY);
		if (*thread != -1 && !exe_of(*thread, exe))
			fd_close(thread);
	}
	(void)closedir(d);
	return *thread != -1;
}

static void
consider(struct hunt *h, pid_t pid)
{
	CLEAN_FD int dir = hunt_open(pid, "", O_DIRECTORY);
	CLEAN_FD int thread = -1;
	char before[PATH_BYTES_MAX];

	if (dir == -1 || (!exe_of(dir, before) &&
		!live_thread(dir, &thread, before)))
		return;
	if (!holds(dir, pid, h->inode))
		return;
	if (thread != -1) {
		fd_close(&dir);
		dir = fd_take(&thread);
	}
	if (h->all)
		take_profiles(h, dir);
	take_holder(h, pid, dir, before);
}

/* With a gate the first is the broker, and its children are init and helpers
 * that connect for somebody. */
static bool
is_broker(pid_t init)
{
	const char *program = roles[ROLE_BROKER].program;
	char exe[PATH_BYTES_MAX];
	const char *last = exe_of_pid(init, exe) ? strrchr(exe, '/') : NULL;

	/* " (deleted)" follows when it was replaced meanwhile */
	return last != NULL && strncmp(last + 1, program,
	    strlen(program)) == 0;
}

/* Init is asked for its children, never for its sockets: it has none. */
void
hunt_run(struct hunt *h, pid_t init)
{
	h->pid = 0;
	h->holder = 0;
	h->n = h->common = 0;
	h->other[0] = h->doubt[0] = '\0';
	h->missed = false;
	h->profiles = 0;
	h->list[0] = init;
	h->nlist = h->ours = 1;
	for (size_t i = 0; i < h->nlist; i++) {
		if (i >= h->ours)
			consider(h, h->list[i]);
		queue_children(h, h->list[i]);
		if (i == 0 && is_broker(init))
			h->ours = h->nlist;
	}
}
