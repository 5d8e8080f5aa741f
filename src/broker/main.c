/* openshell-broker -- says yes or no to each file that a sandbox opens, makes,
 * changes or names, and does it for whoever asked.
 *
 * lib/jail/gate.h says where it stands and what it is started with. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/compat.h"
#include "base/err.h"
#include "base/io.h"
#include "base/must.h"
#include "broker/finding.h"
#include "broker/known.h"
#include "broker/queue.h"
#include "broker/review.h"
#include "broker/slow.h"
#include "broker/stop.h"
#include "jail/gate.h"
#include "jail/self.h"
#include "jail/tag.h"
#include "msg/body.h"
#include "policy/exec.h"
#include "policy/image.h"

#define START_WAIT_MS 30000
#define ROW_MAX	      256 /* questions taken in before one is answered */

/* SECCOMP_IOCTL_NOTIF_SET_FLAGS and its one flag */
#define NOTIF_SET_FLAGS	   _IOW('!', 4, uint64_t)
#define NOTIF_SYNC_WAKE_UP 1UL
#define FILES_MAX     1024	/* descriptors that one question may take */

static struct broker broker = { .listener = BROKER_FD_LISTENER,
	.proc = BROKER_FD_PROC,
	.control = { BROKER_FD_CHAN, ROLE_BROKER, ROLE_SUPERVISOR } };
static struct queue queue;

static void
mounts_take(struct broker *b, const struct broker_start *v)
{
	for (uint32_t i = 0; i < v->nmounts; i++) {
		const struct broker_mount *m = &v->mounts[i];

		must(b->nmounts < MOUNT_COUNT_MAX); /* the message has less */
		b->mounts[b->nmounts++] = (struct mount){ m->inside,
			strlen(m->inside), m->access };
	}
}

/* We came from the same process as all inside: who says of us that we are
 * under profiles says it of them. */
static int
tag_check(const struct broker *b, struct err *e)
{
	uint64_t profiles;

	if (image_profiles(b->image) == 0)
		return 0;
	if (tag_get(0, &profiles) != 0 || profiles != 0)
		return err_set(e, ERR_DENIED, "the policy has profiles, which "
		    "need the limit on file locks (RLIMIT_LOCKS) to be "
		    "unlimited: start the gateway with \"ulimit -x "
		    "unlimited\"");
	return 0;
}

static void
env_take(struct broker *b, const struct broker_start *v)
{
	uint32_t n = 0;

	while (v->env[n] != NULL)
		n++;
	b->env = mem_alloc(n + 1, sizeof(*b->env));
	for (; b->nenv < n; b->nenv++)
		b->env[b->nenv] = str_c(v->env[b->nenv]);
}

static struct str
search_path(const struct broker *b)
{
	for (uint32_t i = 0; i < b->nenv; i++)
		if (str_has_prefix(b->env[i], STR("PATH=")))
			return str_from(b->env[i], 5);
	return STR("");
}

/* Its arena lives as long as we do: it holds the mounts' names. */
static int
start_receive(struct broker *b, struct err *e)
{
	static unsigned char room[MSG_BYTES_MAX + CHAN_HEAD_BYTES];
	static struct arena arena = { .max = (size_t)2 * MSG_BYTES_MAX };
	struct broker_start v;
	struct rbuf r;
	struct msg m;
	int rc, fd;

	if (chan_recv_wait(&b->control, room, &m, START_WAIT_MS, e) !=
	    CHAN_MSG || m.type != MSG_BROKER_START)
		return err_set(e, ERR_PEER, "no BROKER_START came");
	r = rbuf_of(m.body);
	fd = msg_take_fd(&m, 0);
	if (fd == -1 || broker_start_get(&r, &arena, &v) == -1)
		return err_set(e, ERR_PEER, "BROKER_START is damaged");
	rc = image_open(fd, &b->image, e);
	(void)close(fd);
	b->files = rc == 0 && image_info(b->image)->needs_file_gate;
	b->hides = rc == 0 && image_info(b->image)->file_hide;
	made_since((struct wall){ v.created });
	review_limit(v.approval_s);
	mounts_take(b, &v);
	env_take(b, &v);
	if (rc == 0 && image_has_commands(b->image))
		known_init(b, b->image, search_path(b));
	return rc == 0 ? tag_check(b, e) : -1;
}

static int
acquire(struct broker *b, int *child, struct err *e)
{
	sigset_t chld;

	(void)sigemptyset(&chld);
	(void)sigaddset(&chld, SIGCHLD);
	if (sigprocmask(SIG_BLOCK, &chld, NULL) == -1)
		return err_sys(e, "block SIGCHLD");
	*child = signalfd(-1, &chld, SFD_CLOEXEC | SFD_NONBLOCK);
	b->fds = openat(b->proc, "1/fd", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (mounts_read(b, e) == -1 || made_init(b, e) == -1 ||
	    slow_init(b, e) == -1)
		return -1;
	if (*child == -1 || b->fds == -1 || fchdir(b->fds) == -1)
		return err_sys(e, "open what the broker needs");
	/* Linux 6.6: who is woken runs on this processor, next; without, it is
	 * only slower */
	(void)ioctl(b->listener, NOTIF_SET_FLAGS, NOTIF_SYNC_WAKE_UP);
	for (int fd = BROKER_FD_CHAN; fd < BROKER_FD_COUNT; fd++)
		if (io_set_cloexec(fd, true, e) == -1)
			return -1;
	return io_set_nonblock(BROKER_FD_CHAN, true, e);
}

/* Init is a child, and so are helpers; who is about to execute is traced. */
static void
reap(struct broker *b, int child)
{
	struct signalfd_siginfo si;
	pid_t pid;
	int status;

	(void)!read(child, &si, sizeof(si)); /* waitpid tells more */
	while ((pid = waitpid(-1, &status, WNOHANG | __WALL)) > 0) {
		if (stop_on(b, pid, status) || helper_reap(b, pid, status))
			continue;
		if (b->init.pid == 0 || pid == b->init.pid)
			_exit(GATE_INIT_ENDED);
	}
}

static int
wait_ms(const struct broker *b)
{
	const int all[] = { helper_wait_ms(b), event_wait_ms(),
		event_exec_wait_ms(), review_wait_ms(), script_wait_ms(),
		stop_wait_ms() };
	int least = -1;

	if (queue.n > 0)
		return 0;
	for (size_t i = 0; i < NELEM(all); i++)
		if (all[i] != -1 && (least == -1 || all[i] < least))
			least = all[i];
	return least;
}

/* Nobody reads our standard error. */
static NORETURN void
give_up(struct broker *b, const struct err *e)
{
	unsigned char room[1024];
	struct wbuf w = { .p = room, .cap = sizeof(room) };
	struct reply why = { .ok = false };

	(void)snprintf(why.reason, sizeof(why.reason), "%s", e->text);
	reply_put(&w, &why);
	(void)chan_send(&b->control, MSG_BROKER_FAILED, 0,
	    str_of((const char *)room, w.len), NULL, 0, NULL);
	_exit(1);
}

static bool
more_wait(const struct broker *b)
{
	struct pollfd p = { b->listener, POLLIN, 0 };

	return poll(&p, 1, 0) == 1;
}

/* One after the other, unless others wait: then all are taken in first, and
 * each process gets its turns. One that is alone, or comes a second time, is
 * in nobody's way: the kernel had none that was older. */
static void
take_in(struct broker *b)
{
	static pid_t last;
	struct ask a;

	if (!broker_receive(b, &a))
		return;
	if (queue.n > 0 || (a.tid != last && more_wait(b)))
		queue_put(&queue, caller_process(&a), &a);
	else
		broker_answer(&a);
	last = a.tid;
}

static void
questions(struct broker *b, bool asked)
{
	static unsigned row;
	struct ask a;

	if (asked && !queue_full(&queue) && row++ < ROW_MAX) {
		take_in(b);
		return;
	}
	row = 0;
	if (queue_take(&queue, &a))
		broker_answer(&a);
}

/* Its end is the end: the supervisor is gone. */
static void
control_read(struct broker *b)
{
	static unsigned char room[MSG_BYTES_MAX + CHAN_HEAD_BYTES];
	struct proposal_answer v;
	struct rbuf r;
	struct msg m;

	switch (chan_recv(&b->control, room, &m, NULL)) {
	case CHAN_AGAIN:
		return;
	case CHAN_MSG:
		break;
	case CHAN_ERROR:
	case CHAN_END:
		_exit(0);
	}
	r = rbuf_of(m.body);
	if (m.type == MSG_BROKER_PING) /* who hears of much else needs none */
		(void)chan_send(&b->control, MSG_BROKER_PONG, 0, STR(""),
		    NULL, 0, NULL);
	else if (m.type == MSG_PROPOSAL_AGAIN)
		review_again(b);
	else if (m.type == MSG_PROPOSAL_ANSWER &&
	    proposal_answer_get(&r, &v) == 0)
		review_answer(b, &v);
	msg_close(&m);
}

static NORETURN void
serve(struct broker *b, int child)
{
	struct err e = { 0 };

	for (;;) {
		struct pollfd p[3] = { { b->listener, POLLIN, 0 },
			{ b->control.fd, POLLIN, 0 }, { child, POLLIN, 0 } };

		if (poll(p, 3, wait_ms(b)) == -1 && errno != EINTR) {
			(void)err_sys(&e, "poll");
			give_up(b, &e);
		}
		questions(b, p[0].revents != 0);
		if (p[1].revents != 0)
			control_read(b);
		if (p[2].revents != 0)
			reap(b, child);
		stop_tick(b);
		helper_look(b);
		review_tick(b);
		script_tick(b);
		finding_tick();
		event_flush(b);
		event_exec_flush(b);
	}
}

int
main(void)
{
	struct broker *b = &broker;
	struct err e = { 0 };
	int child;

	(void)signal(SIGPIPE, SIG_IGN); /* of the standard errors we write to */
	(void)signal(SIGXFSZ, SIG_IGN);
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) == -1 || getpid() != 1)
		return 1; /* only a sandbox's first process becomes it */
	if (acquire(b, &child, &e) == -1 ||
	    jail_enter(ROLE_BROKER, NULL, &e) == -1 ||
	    start_receive(b, &e) == -1)
		give_up(b, &e);
	serve(b, child);
}
