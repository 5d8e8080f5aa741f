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

struct step { /* that failed; goes through a pipe, which an exec closes */
	int error;
	char what[48];
};

static NORETURN void
child_fail(int says, const char *what)
{
	struct step p = { .error = errno };

	(void)snprintf(p.what, sizeof(p.what), "%s", what);
	(void)!write(says, &p, sizeof(p)); /* if it fails, we ended: 127 */
	_exit(127);
}

static NORETURN void
child(const struct session_start *s, const int *fds, int says)
{
	const char *dir = s->workdir[0] == '\0' ? "/home/sandbox" : s->workdir;
	sigset_t none;

	/* what our own programs ignore would stay ignored over the exec */
	for (int signo = 1; signo < SIGRTMIN - 2; signo++)
		(void)signal(signo, SIG_DFL); /* KILL and STOP always are */
	(void)sigemptyset(&none);
	if (sigprocmask(SIG_SETMASK, &none, NULL) == -1 || setsid() == -1)
		child_fail(says, "start a session");
	if (s->tty && ioctl(fds[0], TIOCSCTTY, 0) == -1)
		child_fail(says, "take the terminal");
	for (int i = 0; i < 3; i++)
		if (dup2(fds[s->tty ? 0 : i], i) == -1)
			child_fail(says, "set standard input and output");
	if (chdir(dir) == -1)
		child_fail(says, "enter the working directory");
	(void)execvpe(s->argv[0], s->argv, s->env);
	child_fail(says, "execute");
}

int
spawn_program(const struct session_start *s, const int *fds,
    struct spawned *out)
{
	int says[2];
	pid_t pid;

	environ = s->env; /* execvpe searches the PATH in it */
	pid = pipe2(says, O_CLOEXEC) == -1 ? -1 : fork();
	if (pid == 0) {
		/* above what becomes its standard input and output */
		int high = fcntl(says[1], F_DUPFD_CLOEXEC, 10);

		child(s, fds, high == -1 ? says[1] : high);
	}
	if (pid == -1) {
		out->error = errno;
		(void)snprintf(out->what, sizeof(out->what), "start a process");
		return -1;
	}
	(void)close(says[1]);
	out->pid = (uint32_t)pid;
	return says[0];
}

void
spawn_result(int fd, struct spawned *out)
{
	struct step p;

	if (read(fd, &p, sizeof(p)) == (ssize_t)sizeof(p)) {
		out->error = p.error;
		p.what[sizeof(p.what) - 1] = '\0';
		(void)snprintf(out->what, sizeof(out->what), "%s", p.what);
	}
	(void)close(fd);
}
