/* session.c -- one program, or one terminal with a program, at a time. */
#include "init/init.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "base/clean.h"
#include "msg/body.h"
#include "msg/chan.h"

struct failure { /* of a child before its exec, through a pipe */
	int error;
	char what[64];
};

static void
fail(struct spawned *out, const char *what)
{
	out->error = errno;
	(void)snprintf(out->what, sizeof(out->what), "%s", what);
}

static int
row_free(const struct sessions *t)
{
	for (int i = 0; i < SESSION_COUNT_MAX; i++)
		if (t->rows[i].pid == 0)
			return i;
	errno = EAGAIN;
	return -1;
}

bool
session_forget(struct sessions *t, pid_t pid, uint32_t *session)
{
	for (int i = 0; i < SESSION_COUNT_MAX; i++) {
		if (t->rows[i].pid != pid)
			continue;
		*session = t->rows[i].session;
		t->rows[i].pid = 0;
		return true;
	}
	return false;
}

void
session_signal(const struct sessions *t, uint32_t session, int signo)
{
	if (signo < 1 || signo > SIGRTMAX)
		return;
	for (int i = 0; i < SESSION_COUNT_MAX; i++)
		if (t->rows[i].pid > 0 && t->rows[i].session == session)
			(void)kill(-t->rows[i].pid, signo); /* may be gone */
}

/* A terminal of the sandbox's own devpts: ttyname(3) works inside. */
static int
terminal_open(const struct session_start *s, int *master)
{
	struct winsize ws = { .ws_row = s->rows, .ws_col = s->cols };
	int unlock = 0;

	*master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (*master == -1 || ioctl(*master, TIOCSPTLCK, &unlock) == -1 ||
	    ioctl(*master, TIOCSWINSZ, &ws) == -1)
		return -1;
	return ioctl(*master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
}

static void
signals_clean(void)
{
	sigset_t none;

	for (int i = 1; i <= SIGRTMAX; i++)
		(void)signal(i, SIG_DFL); /* KILL, STOP and libc's refuse */
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

static const char *
home_of(char *const *env)
{
	for (; *env != NULL; env++)
		if (strncmp(*env, "HOME=", 5) == 0)
			return *env + 5;
	return "/";
}

/* In the child; returns only with what failed, errno set. */
static const char *
become(const struct session_start *s, const int stdio[3])
{
	const char *dir = s->workdir[0] != '\0' ? s->workdir :
						  home_of(s->env);

	signals_clean();
	if (setsid() == -1)
		return "setsid";
	for (int i = 0; i < 3; i++)
		if (dup2(stdio[i], i) == -1)
			return "dup2";
	if (s->tty && ioctl(0, TIOCSCTTY, 0) == -1)
		return "take the terminal";
	if (chdir(dir) == -1)
		return "enter the working directory";
	environ = (char **)(uintptr_t)s->env;
	(void)execvp(s->argv[0], s->argv);
	return "execute";
}

static void
child(const struct session_start *s, const int stdio[3], int report)
{
	struct failure f = { 0 };
	const char *what = become(s, stdio);

	f.error = errno;
	(void)snprintf(f.what, sizeof(f.what), "%s", what);
	(void)!write(report, &f, sizeof(f)); /* else the parent sees EOF */
	_exit(127);
}

/* Waits until the child executes (the pipe closes) or says why not. */
static void
outcome_read(int fd, struct spawned *out)
{
	struct failure f = { 0 };
	ssize_t n;

	do
		n = read(fd, &f, sizeof(f));
	while (n == -1 && errno == EINTR);
	if (n != (ssize_t)sizeof(f))
		return;
	out->error = f.error;
	f.what[sizeof(f.what) - 1] = '\0';
	(void)snprintf(out->what, sizeof(out->what), "%s", f.what);
}

static pid_t
start(const struct session_start *s, const int stdio[3], struct spawned *out)
{
	CLEAN_FD int rd = -1;
	int report[2];
	pid_t pid;

	if (pipe2(report, O_CLOEXEC) == -1) {
		fail(out, "pipe");
		return -1;
	}
	rd = report[0];
	pid = fork();
	if (pid == 0)
		child(s, stdio, report[1]);
	(void)close(report[1]);
	if (pid == -1) {
		fail(out, "fork");
		return -1;
	}
	outcome_read(rd, out);
	return out->error == 0 ? pid : -1;
}

void
session_spawn(struct sessions *t, const struct session_start *s,
    struct msg *m, struct spawned *out, int *master)
{
	CLEAN_FD int slave = -1;
	int stdio[3], row = row_free(t);
	pid_t pid;

	*out = (struct spawned){ .session = s->session };
	*master = -1;
	errno = row == -1 ? EAGAIN : EINVAL;
	if (row == -1 || s->argv[0] == NULL || (!s->tty && m->nfds != 3)) {
		fail(out, row == -1 ? "find a free session" : "read argv");
		return;
	}
	if (s->tty && (slave = terminal_open(s, master)) == -1) {
		fail(out, "make a terminal");
		fd_close(master);
		return;
	}
	for (int i = 0; i < 3; i++)
		stdio[i] = s->tty ? slave : m->fds[i];
	pid = start(s, stdio, out);
	if (pid == -1) {
		fd_close(master);
		return;
	}
	out->pid = (uint32_t)pid;
	t->rows[row].session = s->session;
	t->rows[row].pid = pid;
}
