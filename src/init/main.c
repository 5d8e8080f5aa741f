/* init -- pid 1 of a sandbox: starts what the supervisor says, reaps
 * everything, and decides nothing.
 *
 * It is started with the sandbox's confinement already on it and one
 * descriptor, the channel to the supervisor. The agent can see it but not
 * trace it (it is undumpable) nor signal it (pid 1 of its namespace). If the
 * supervisor goes, so does it, and with it all the kernel knows of the
 * sandbox. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "base/must.h"
#include "init/init.h"
#include "msg/body.h"
#include "msg/chan.h"

#define CHANNEL_FD 3
#define SEND_WAIT_MS 10000 /* a supervisor that does not read is dead */

static struct {
	struct chan up;
	int signals;
	struct sessions sessions;
	unsigned char in[MSG_BYTES_MAX + CHAN_HEAD_BYTES];
} init;

static void
say(enum msg_type t, const struct wbuf *w, const int *fds, unsigned nfds)
{
	struct err e = { 0 };

	must(!w->over);
	if (chan_send_wait(&init.up, t, 0, str_of((const char *)w->p, w->len),
		fds, nfds, SEND_WAIT_MS, &e) != 1)
		die("%s", e.text);
}

static void
on_spawn(struct msg *m)
{
	unsigned char out[1024];
	struct wbuf w = { .p = out, .cap = sizeof(out) };
	struct rbuf r = rbuf_of(m->body);
	struct arena a = { 0 };
	struct session_start s;
	struct spawned done;
	int master = -1;

	if (session_start_get(&r, &a, &s) == -1)
		die("supervisor sent an INIT_SPAWN that is not well formed");
	session_spawn(&init.sessions, &s, m, &done, &master);
	spawned_put(&w, &done);
	say(MSG_INIT_SPAWNED, &w, &master, master == -1 ? 0 : 1);
	if (master != -1)
		(void)close(master); /* the supervisor has it */
	arena_fini(&a);
}

static void
on_signal(const struct msg *m)
{
	struct rbuf r = rbuf_of(m->body);
	struct signal_msg s;

	if (signal_get(&r, &s) == -1)
		die("supervisor sent an INIT_SIGNAL that is not well formed");
	session_signal(&init.sessions, s.session, s.signo);
}

/* False when the supervisor is gone. */
static bool
on_message(void)
{
	struct err e = { 0 };
	struct msg m;

	switch (chan_recv(&init.up, init.in, &m, &e)) {
	case CHAN_ERROR:
		die("%s", e.text);
	case CHAN_END:
		return false;
	case CHAN_AGAIN:
		return true;
	case CHAN_MSG:
		break;
	}
	if (m.type == MSG_INIT_SPAWN)
		on_spawn(&m);
	else if (m.type == MSG_INIT_SIGNAL)
		on_signal(&m);
	msg_close(&m);
	return true;
}

static void
reap(void)
{
	struct signalfd_siginfo drop[8];
	int status;
	pid_t pid;

	(void)!read(init.signals, drop, sizeof(drop)); /* only a wake-up */
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		unsigned char out[64];
		struct wbuf w = { .p = out, .cap = sizeof(out) };
		struct exited x = { .status = status };

		if (!session_forget(&init.sessions, pid, &x.session))
			continue;
		exited_put(&w, &x);
		say(MSG_INIT_EXITED, &w, NULL, 0);
	}
}

static void
serve(void)
{
	struct pollfd p[2] = { { .fd = init.up.fd, .events = POLLIN },
		{ .fd = init.signals, .events = POLLIN } };

	for (;;) {
		if (poll(p, 2, -1) == -1 && errno != EINTR)
			die("poll");
		if (p[1].revents != 0)
			reap();
		if (p[0].revents != 0 && !on_message())
			return;
	}
}

int
main(void)
{
	sigset_t set;

	log_init("openshell-init");
	if (prctl(PR_SET_DUMPABLE, 0) == -1)
		die("PR_SET_DUMPABLE");
	if (fcntl(CHANNEL_FD, F_SETFD, FD_CLOEXEC) == -1)
		die("descriptor 3 is not a channel: the supervisor starts "
		    "this program, nobody else");
	init.up = (struct chan){ CHANNEL_FD, ROLE_INIT, ROLE_SUPERVISOR };
	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGCHLD);
	if (sigprocmask(SIG_SETMASK, &set, NULL) == -1)
		die("sigprocmask");
	init.signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (init.signals == -1)
		die("signalfd");
	serve();
	return 0;
}
