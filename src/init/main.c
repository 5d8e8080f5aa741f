/* openshell-init -- the first process of a sandbox: starts what the
 * supervisor says, reaps, and holds no right that the agent lacks.
 *
 * Descriptor 3 is the channel. When it ends, so does the sandbox. It starts
 * already jailed (lib/jail/box.c); what is left to do is to become
 * undumpable, so that nothing inside may trace it or read its memory. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/compat.h"
#include "base/limits.h"
#include "msg/body.h"
#include "msg/chan.h"
#include "spawn.h"

#define SEND_WAIT_MS 60000 /* the supervisor is gone or stuck: end */

struct session { /* pid 0: free */
	uint32_t id;
	pid_t pid;	/* leader of its session and process group */
	bool starting;	/* it has not executed yet; says is told when it has */
	int says;
	uint32_t request;
};

static struct {
	struct chan chan;
	int chld;	/* signalfd */
	struct session sessions[SESSION_COUNT_MAX + 1];
	unsigned char buf[MSG_BYTES_MAX + CHAN_HEAD_BYTES];
} init = { .chan = { 3, ROLE_INIT, ROLE_SUPERVISOR } };

static struct session *
session_find(uint32_t id, pid_t pid)
{
	for (size_t i = 0; i < NELEM(init.sessions); i++) {
		struct session *s = &init.sessions[i];

		if (s->pid != 0 && (pid != 0 ? s->pid == pid : s->id == id))
			return s;
	}
	return NULL;
}

static struct session *
session_free(void)
{
	for (size_t i = 0; i < NELEM(init.sessions); i++)
		if (init.sessions[i].pid == 0)
			return &init.sessions[i];
	return NULL;
}

static void
send_or_end(enum msg_type t, uint32_t id, struct wbuf *w)
{
	if (w->over || chan_send_wait(&init.chan, t, id,
		str_of((const char *)w->p, w->len), NULL, 0, SEND_WAIT_MS,
		NULL) == -1)
		_exit(1);
}

static void
say_spawned(uint32_t request, const struct spawned *v)
{
	unsigned char bytes[1024];
	struct wbuf w = { bytes, 0, sizeof(bytes), false };

	spawned_put(&w, v);
	send_or_end(MSG_INIT_SPAWNED, request, &w);
}

static void
on_spawn(struct msg *m)
{
	struct rbuf r = rbuf_of(m->body);
	struct arena a = { .max = (size_t)4 * MSG_BYTES_MAX };
	struct session_start s;
	struct spawned out = { 0 };
	struct session *slot = session_free();
	int says = -1;

	if (session_start_get(&r, &a, &s) == -1 || s.argv[0] == NULL ||
	    m->nfds != (s.tty ? 1U : 3U))
		_exit(1); /* not our supervisor's code any more */
	out.session = s.session;
	if (slot == NULL) {
		out.error = EAGAIN;
		(void)strcpy(out.what, "find room for a session");
	} else {
		says = spawn_program(&s, m->fds, &out);
	}
	if (says == -1)
		say_spawned(m->id, &out);
	else
		*slot = (struct session){ s.session, (pid_t)out.pid, true,
			says, m->id };
	arena_fini(&a);
}

/* It runs, or it could not be started. */
static void
on_started(struct session *s)
{
	struct spawned out = { .session = s->id, .pid = (uint32_t)s->pid };

	spawn_result(s->says, &out);
	s->starting = false;
	if (out.error != 0)
		s->pid = 0;	/* its end is nobody's */
	say_spawned(s->request, &out);
}

/* To the group of the session's leader. What is in the foreground of a
 * terminal gets its signals through the terminal, from the supervisor. */
static void
on_signal(struct msg *m)
{
	struct rbuf r = rbuf_of(m->body);
	struct signal_msg v;
	struct session *s;

	if (signal_get(&r, &v) == -1 || v.signo < 1 || v.signo > SIGRTMAX)
		_exit(1);
	s = session_find(v.session, 0);
	if (s != NULL) /* else it ended while the signal was on its way */
		(void)kill(-s->pid, v.signo);
}

static void
on_message(void)
{
	struct msg m;
	enum chan_got got = chan_recv(&init.chan, init.buf, &m, NULL);

	if (got == CHAN_AGAIN)
		return;
	if (got != CHAN_MSG)
		_exit(0); /* the supervisor is gone, and with us all inside */
	if (m.type == MSG_INIT_SPAWN)
		on_spawn(&m);
	else if (m.type == MSG_INIT_SIGNAL)
		on_signal(&m);
	msg_close(&m);
}

static void
reap(void)
{
	struct signalfd_siginfo si;
	pid_t pid;
	int status;

	(void)!read(init.chld, &si, sizeof(si)); /* waitpid tells more */
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		struct session *s = session_find(0, pid);
		unsigned char bytes[64];
		struct wbuf w = { bytes, 0, sizeof(bytes), false };
		struct exited x;

		if (s != NULL && s->starting)
			on_started(s); /* it ended, so it has said all */
		if (s == NULL || s->pid == 0)
			continue; /* an orphan */
		x = (struct exited){ s->id, status };
		s->pid = 0;
		exited_put(&w, &x);
		send_or_end(MSG_INIT_EXITED, 0, &w);
	}
}

static int
start(void)
{
	sigset_t chld;

	if (prctl(PR_SET_DUMPABLE, 0) == -1 ||
	    prctl(PR_SET_PDEATHSIG, SIGKILL) == -1 ||
	    fcntl(init.chan.fd, F_SETFD, FD_CLOEXEC) == -1)
		return -1;
	(void)sigemptyset(&chld);
	(void)sigaddset(&chld, SIGCHLD);
	if (sigprocmask(SIG_BLOCK, &chld, NULL) == -1)
		return -1;
	init.chld = signalfd(-1, &chld, SFD_CLOEXEC | SFD_NONBLOCK);
	return init.chld == -1 ? -1 : 0;
}

static nfds_t
watch(struct pollfd *p, struct session **of)
{
	nfds_t n = 2;

	p[0] = (struct pollfd){ init.chan.fd, POLLIN, 0 };
	p[1] = (struct pollfd){ init.chld, POLLIN, 0 };
	for (size_t i = 0; i < NELEM(init.sessions); i++)
		if (init.sessions[i].pid != 0 && init.sessions[i].starting) {
			of[n] = &init.sessions[i];
			p[n++] = (struct pollfd){ init.sessions[i].says,
				POLLIN, 0 };
		}
	return n;
}

int
main(void)
{
	if (getpid() != 1 || start() == -1)
		return 1;
	for (;;) {
		struct pollfd p[2 + NELEM(init.sessions)];
		struct session *of[NELEM(p)];
		const nfds_t n = watch(p, of);

		if (poll(p, n, -1) == -1) {
			if (errno != EINTR)
				return 1;
			continue;
		}
		for (nfds_t i = 2; i < n; i++)
			if (p[i].revents != 0)
				on_started(of[i]);
		if (p[1].revents != 0)
			reap();
		if (p[0].revents != 0)
			on_message();
	}
}
