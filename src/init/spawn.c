#include "spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/compat.h"

extern char **environ;

/* Shared with the child, which runs in our memory until it executes. */
struct step {
	volatile int error;
	const char *volatile what;
};

static NORETURN void
child_fail(struct step *p, const char *what)
{
	p->error = errno;
	p->what = what;
	_exit(127);
}

/* After vfork: nothing here allocates or returns to the caller's frame. */
static NORETURN void
child(const struct session_start *s, const int *fds, struct step *p)
{
	const char *dir = s->workdir[0] == '\0' ? "/home/sandbox" : s->workdir;
	sigset_t none;

	/* what our own programs ignore would stay ignored over the exec */
	for (int signo = 1; signo < SIGRTMIN - 2; signo++)
		(void)signal(signo, SIG_DFL); /* KILL and STOP always are */
	(void)sigemptyset(&none);
	if (sigprocmask(SIG_SETMASK, &none, NULL) == -1 || setsid() == -1)
		child_fail(p, "start a session");
	if (s->tty && ioctl(fds[0], TIOCSCTTY, 0) == -1)
		child_fail(p, "take the terminal");
	for (int i = 0; i < 3; i++)
		if (dup2(fds[s->tty ? 0 : i], i) == -1)
			child_fail(p, "set standard input and output");
	if (chdir(dir) == -1)
		child_fail(p, "enter the working directory");
	(void)execvpe(s->argv[0], s->argv, s->env);
	child_fail(p, "execute");
}

void
spawn_program(const struct session_start *s, const int *fds,
    struct spawned *out)
{
	struct step p = { 0, "" };
	pid_t pid;

	environ = s->env; /* execvpe searches the PATH in it */
	pid = vfork();
	if (pid == 0)
		child(s, fds, &p);
	if (pid == -1) {
		out->error = errno;
		(void)snprintf(out->what, sizeof(out->what), "start a process");
		return;
	}
	out->pid = (uint32_t)pid;
	out->error = p.error;
	(void)snprintf(out->what, sizeof(out->what), "%s", p.what);
}
