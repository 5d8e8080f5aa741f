#include "jail/spawner.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clean.h"
#include "base/err.h"
#include "base/must.h"
#include "base/paths.h"
#include "jail/calls_abi.h"
#include "msg/chan.h"
#include "msg/wire.h"

#define SPAWN_WAIT_MS 10000	/* for an answer that takes 1 ms */
#define FD_FREE_FROM  64	/* above every descriptor that a child gets */

extern char **environ;

static void
on_child(int sig)
{
	(void)sig;	/* only ends ppoll() */
}

/* Descriptors for the child: 0, 1 null; 2 err; 3... what came. They were
 * moved out of the way first, so no dup2 overwrites one still needed. */
static int
actions_of(posix_spawn_file_actions_t *a, struct msg *m, bool has_err)
{
	unsigned n = m->nfds - (has_err ? 1U : 0U);

	if (posix_spawn_file_actions_init(a) != 0)
		return -1;
	for (unsigned i = 0; i < m->nfds; i++) {
		int up = fcntl(m->fds[i], F_DUPFD_CLOEXEC, FD_FREE_FROM);

		if (up == -1)
			return -1;
		(void)close(m->fds[i]);
		m->fds[i] = up;
	}
	if (posix_spawn_file_actions_addopen(a, 0, "/dev/null", O_RDWR, 0) ||
	    posix_spawn_file_actions_adddup2(a, 0, 1) ||
	    (has_err && posix_spawn_file_actions_adddup2(a, m->fds[n], 2)))
		return -1;
	for (unsigned i = 0; i < n; i++)
		if (posix_spawn_file_actions_adddup2(a, m->fds[i],
			3 + (int)i) != 0)
			return -1;
	return 0;
}

/* A session of its own, default signals, nothing blocked. */
static int
attr_of(posix_spawnattr_t *at)
{
	sigset_t none, all;

	(void)sigemptyset(&none);
	(void)sigfillset(&all);
	if (posix_spawnattr_init(at) != 0)
		return -1;
	return posix_spawnattr_setflags(at, POSIX_SPAWN_SETSID |
		       POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF) != 0 ||
	    posix_spawnattr_setsigmask(at, &none) != 0 ||
	    posix_spawnattr_setsigdefault(at, &all) != 0 ? -1 : 0;
}

static int
program_run(struct msg *m, enum role r, bool has_err, pid_t *pid,
    struct err *e)
{
	char path[PATH_BYTES_MAX];
	char *argv[] = { path, NULL };
	posix_spawn_file_actions_t a;
	posix_spawnattr_t at;
	int rc;

	if (paths_program(roles[r].program, path, e) == -1)
		return -1;
	if (actions_of(&a, m, has_err) == -1 || attr_of(&at) == -1)
		return err_set(e, ERR_LIMIT, "start %s: out of memory or "
		    "descriptors", path);
	rc = posix_spawn(pid, path, &a, &at, argv, environ);
	(void)posix_spawn_file_actions_destroy(&a);
	(void)posix_spawnattr_destroy(&at);
	if (rc != 0)
		return err_num(e, rc, "start %s", path);
	return 0;
}

static void
answer(struct chan *c, uint32_t id, pid_t pid, int pidfd, struct err *e)
{
	unsigned char bytes[ERR_BYTES_MAX + 16];
	struct wbuf w = { bytes, 0, sizeof(bytes), false };

	put_u32(&w, (uint32_t)pid);
	put_strz(&w, e->text);
	must(!w.over);
	if (chan_send_wait(c, MSG_SPAWNED, id,
		str_of((const char *)bytes, w.len), &pidfd,
		pidfd == -1 ? 0 : 1, SPAWN_WAIT_MS, e) == -1)
		_exit(1); /* the gateway is gone, or does not read */
}

static void
serve_one(struct chan *c, struct msg *m)
{
	struct err e = { 0 };
	struct rbuf r = rbuf_of(m->body);
	enum role role = (enum role)get_below(&r, ROLE_COUNT);
	bool has_err = get_bool(&r);
	CLEAN_FD int pidfd = -1;
	pid_t pid = 0;

	if (get_end(&r) == -1 || (has_err && m->nfds == 0) ||
	    (role != ROLE_SUPERVISOR && role != ROLE_AUDITOR))
		_exit(1); /* not our gateway's code any more */
	if (program_run(m, role, has_err, &pid, &e) == 0) {
		pidfd = (int)syscall(NR_PIDFD_OPEN, pid, 0);
		if (pidfd == -1)
			(void)err_sys(&e, "pidfd_open");
	}
	answer(c, m->id, pid, pidfd, &e);
	msg_close(m);
}

static NORETURN void
serve(struct chan *c)
{
	static unsigned char buf[MSG_BYTES_MAX + CHAN_HEAD_BYTES];
	struct sigaction sa = { .sa_handler = on_child };
	sigset_t chld, none;
	struct msg m;

	(void)sigemptyset(&none);
	(void)sigemptyset(&chld);
	(void)sigaddset(&chld, SIGCHLD);
	(void)sigprocmask(SIG_SETMASK, &chld, NULL);
	(void)sigaction(SIGCHLD, &sa, NULL);
	for (;;) {
		struct pollfd p = { .fd = c->fd, .events = POLLIN };
		enum chan_got got;

		while (waitpid(-1, NULL, WNOHANG) > 0)
			continue;
		if (ppoll(&p, 1, NULL, &none) == -1)
			continue;
		got = chan_recv(c, buf, &m, NULL);
		if (got == CHAN_END || got == CHAN_ERROR)
			_exit(0);
		if (got == CHAN_MSG)
			serve_one(c, &m);
	}
}

/* Closes all but 2 and the channel, which becomes 3. */
static void
only_channel(int fd)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null == -1 || dup2(null, 0) == -1 || dup2(null, 1) == -1)
		_exit(1);
	if (fd != 3 && dup3(fd, 3, O_CLOEXEC) == -1)
		_exit(1);
	if (syscall(NR_CLOSE_RANGE, 4U, ~0U, 0U) != 0)
		_exit(1);
}

int
spawner_start(struct spawner *s, struct err *e)
{
	int fds[2];
	pid_t pid;

	if (chan_pair(fds, e) == -1)
		return -1;
	pid = fork();
	if (pid == -1) {
		(void)err_sys(e, "fork the spawner");
		(void)close(fds[0]);
		(void)close(fds[1]);
		return -1;
	}
	if (pid == 0) {
		struct chan c = { 3, ROLE_SPAWNER, ROLE_GATEWAY };

		(void)setsid();
		(void)prctl(PR_SET_NAME, "openshell-spawn");
		only_channel(fds[1]);
		serve(&c);
	}
	(void)close(fds[1]);
	*s = (struct spawner){ .fd = fds[0], .pid = pid };
	return 0;
}

static int
answer_get(struct msg *m, pid_t *pid, int *pidfd, struct err *e)
{
	struct rbuf r = rbuf_of(m->body);
	char text[ERR_BYTES_MAX];

	*pid = (pid_t)get_u32(&r);
	get_strz(&r, text, sizeof(text));
	if (m->type != MSG_SPAWNED || get_end(&r) == -1)
		return err_set(e, ERR_PEER, "the spawner does not make sense");
	*pidfd = msg_take_fd(m, 0);
	if (*pidfd == -1)
		return err_set(e, ERR_SYS, "%s", text);
	return 0;
}

int
spawner_begin(struct spawner *s, enum role r, const int *fds, unsigned n,
    int errfd, struct err *e)
{
	struct chan c = { s->fd, ROLE_GATEWAY, ROLE_SPAWNER };
	unsigned char bytes[8];
	struct wbuf w = { bytes, 0, sizeof(bytes), false };
	int all[SPAWN_FDS_MAX + 1];

	must(n <= SPAWN_FDS_MAX);
	for (unsigned i = 0; i < n; i++)
		all[i] = fds[i];
	if (errfd != -1)
		all[n++] = errfd;
	put_u32(&w, (uint32_t)r);
	put_u8(&w, errfd != -1);
	return chan_send_wait(&c, MSG_SPAWN, 0, str_of((char *)bytes, w.len),
		   all, n, SPAWN_WAIT_MS, e) == -1 ? -1 : 0;
}

int
spawner_end(struct spawner *s, pid_t *pid, int *pidfd, struct err *e)
{
	struct chan c = { s->fd, ROLE_GATEWAY, ROLE_SPAWNER };
	CLEAN_FREE unsigned char *buf = NULL;
	struct msg m;
	int rc;

	buf = mem_alloc(1, MSG_BYTES_MAX + CHAN_HEAD_BYTES);
	if (chan_recv_wait(&c, buf, &m, SPAWN_WAIT_MS, e) != CHAN_MSG)
		return err_set(e, ERR_PEER,
		    "the spawner does not answer; restart the gateway");
	rc = answer_get(&m, pid, pidfd, e);
	msg_close(&m);
	return rc;
}

int
spawner_run(struct spawner *s, enum role r, const int *fds, unsigned n,
    int errfd, pid_t *pid, int *pidfd, struct err *e)
{
	if (spawner_begin(s, r, fds, n, errfd, e) == -1)
		return -1;
	return spawner_end(s, pid, pidfd, e);
}

void
spawner_stop(struct spawner *s)
{
	if (s->pid == 0)
		return;
	fd_close(&s->fd);
	(void)waitpid(s->pid, NULL, 0);
	*s = (struct spawner){ .fd = -1 };
}
