/* tell.c -- says to whoever was denied a command why, where the rest of what
 * goes wrong is said: on its standard error.
 *
 * A terminal and a pipe are opened anew, so that the other end cannot make us
 * wait; a file only takes it where the caller would write next. Nothing else
 * gets it, and nobody waits for it. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clean.h"
#include "base/log.h"
#include "broker/command.h"

#define STDERR 2

static void
tell_file(const struct ask *a, const char *text, size_t len)
{
	CLEAN_FD int fd = caller_fd(a, STDERR);
	struct stat st;
	int flags;

	if (fd < 0 || fstat(fd, &st) == -1)
		return;
	flags = fcntl(fd, F_GETFL);
	if (flags == -1 || ((flags & O_APPEND) == 0 &&
		lseek(fd, 0, SEEK_CUR) != st.st_size))
		return;
	(void)!write(fd, text, len); /* it is a kindness */
}

/* A name is looked for in several places, which may be one. */
static bool
is_told(const struct ask *a, struct str path)
{
	static char last[PATH_BYTES_MAX];
	static pid_t who;
	const bool same = who == a->tid && str_eqz(path, last);

	who = a->tid;
	if (!str_copy(path, last, sizeof(last)))
		last[0] = '\0';
	return same;
}

void
tell(const struct ask *a, struct str path, const char *reason)
{
	CLEAN_FD int held = -1, fd = -1;
	char said[1024 + REASON_BYTES_MAX + 32], text[4 * sizeof(said)];
	struct stat st;
	int n;

	if (!caller_writes(a, STDERR))
		return;
	held = caller_object(a, STDERR);
	a->b->turned = false; /* nobody waits for this to be said */
	if (held < 0 || fstat(held, &st) == -1)
		return;
	n = snprintf(said, sizeof(said), "openshell: %.*s: %s",
	    (int)str_upto(path, 1024).len, path.p, reason);
	if (n < 0)
		return;
	/* names are the caller's own words, and go to a terminal */
	log_safe(str_c(said), text, sizeof(text) - 1);
	n = (int)strlen(text);
	text[n++] = '\n';
	if (S_ISREG(st.st_mode)) {
		tell_file(a, text, (size_t)n);
		return;
	}
	if (!S_ISFIFO(st.st_mode) && !S_ISCHR(st.st_mode))
		return;
	fd = openat(a->b->fds, fd_name(held).text, O_WRONLY | O_NONBLOCK |
		O_NOCTTY | O_CLOEXEC);
	if (fd != -1)
		(void)!write(fd, text, (size_t)n);
}

void
tell_denied(const struct ask *a, struct str path, const char *reason)
{
	if (!is_told(a, path))
		tell(a, path, reason);
}
