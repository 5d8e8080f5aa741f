/* loop.c -- a pass is: wait, run the ready handlers, run due timers, idle.
 *
 * A handler may unwatch and free any watched thing, its own included. Events
 * already fetched in this pass for a thing that was unwatched are dropped:
 * unwatch clears them from the batch.
 */
#include "loop/loop.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "base/must.h"

#define LOOP_BATCH 128

struct loop {
	int epfd;
	bool stop;
	struct usec now;
	struct epoll_event batch[LOOP_BATCH];
	int at, n;			/* events of this pass */
	struct loop_timer **heap;	/* by .at, earliest first */
	uint32_t len, cap;
	void (*on_idle)(struct loop *, void *);
	void *idle_arg;
};

int
loop_new(struct loop **out, struct err *e)
{
	struct loop *l = mem_alloc(1, sizeof(*l));

	l->epfd = epoll_create1(EPOLL_CLOEXEC);
	if (l->epfd == -1) {
		free(l);
		return err_sys(e, "epoll_create1");
	}
	l->now = clock_mono();
	*out = l;
	return 0;
}

void
loop_free(struct loop *l)
{
	if (l == NULL)
		return;
	(void)close(l->epfd);
	free(l->heap);
	free(l);
}

struct usec
loop_now(const struct loop *l)
{
	return l->now;
}

void
loop_stop(struct loop *l)
{
	l->stop = true;
}

void
loop_set_idle(struct loop *l, void (*on_idle)(struct loop *, void *),
    void *arg)
{
	l->on_idle = on_idle;
	l->idle_arg = arg;
}

static uint32_t
epoll_bits(unsigned want)
{
	return ((want & LOOP_READ) != 0 ? EPOLLIN | EPOLLRDHUP : 0U) |
	    ((want & LOOP_WRITE) != 0 ? (uint32_t)EPOLLOUT : 0U);
}

int
loop_watch(struct loop *l, struct loop_io *io, struct err *e)
{
	struct epoll_event ev = { .events = epoll_bits(io->want),
		.data.ptr = io };

	must(!io->watched && io->on_io != NULL);
	if (epoll_ctl(l->epfd, EPOLL_CTL_ADD, io->fd, &ev) == -1)
		return err_sys(e, "epoll add fd %d", io->fd);
	io->watched = true;
	return 0;
}

void
loop_want(struct loop *l, struct loop_io *io, unsigned want)
{
	struct epoll_event ev = { .events = epoll_bits(want),
		.data.ptr = io };

	must(io->watched);
	if (io->want == want)
		return;
	io->want = want;
	must(epoll_ctl(l->epfd, EPOLL_CTL_MOD, io->fd, &ev) == 0);
}

void
loop_unwatch(struct loop *l, struct loop_io *io)
{
	if (!io->watched)
		return;
	io->watched = false;
	must(epoll_ctl(l->epfd, EPOLL_CTL_DEL, io->fd, NULL) == 0);
	for (int i = l->at; i < l->n; i++)
		if (l->batch[i].data.ptr == io)
			l->batch[i].data.ptr = NULL;
}

/* ---- timers: a binary heap ---- */

static void
heap_put(struct loop *l, uint32_t i, struct loop_timer *t)
{
	l->heap[i] = t;
	t->slot = i + 1;
}

static void
heap_up(struct loop *l, uint32_t i)
{
	struct loop_timer *t = l->heap[i];

	for (; i > 0 && l->heap[(i - 1) / 2]->at.v > t->at.v; i = (i - 1) / 2)
		heap_put(l, i, l->heap[(i - 1) / 2]);
	heap_put(l, i, t);
}

static void
heap_down(struct loop *l, uint32_t i)
{
	struct loop_timer *t = l->heap[i];

	for (;;) {
		uint32_t kid = 2 * i + 1;

		if (kid >= l->len)
			break;
		if (kid + 1 < l->len &&
		    l->heap[kid + 1]->at.v < l->heap[kid]->at.v)
			kid++;
		if (l->heap[kid]->at.v >= t->at.v)
			break;
		heap_put(l, i, l->heap[kid]);
		i = kid;
	}
	heap_put(l, i, t);
}

void
loop_timer_stop(struct loop *l, struct loop_timer *t)
{
	struct loop_timer *last;
	uint32_t i;

	if (t->slot == 0)
		return;
	i = t->slot - 1;
	t->slot = 0;
	last = l->heap[--l->len];
	if (last == t)
		return;
	heap_put(l, i, last);
	heap_up(l, i);
	heap_down(l, last->slot - 1);
}

void
loop_timer_set(struct loop *l, struct loop_timer *t, struct usec span)
{
	must(t->on_time != NULL);
	loop_timer_stop(l, t);
	t->at = usec_add(clock_mono(), span);
	if (l->len == l->cap) {
		l->cap = l->cap == 0 ? 64 : l->cap * 2;
		l->heap = mem_grow(l->heap, l->cap, sizeof(*l->heap));
	}
	heap_put(l, l->len, t);
	l->len++;
	heap_up(l, l->len - 1);
}

static int
next_wait_ms(const struct loop *l)
{
	int64_t us;

	if (l->len == 0)
		return -1;
	us = l->heap[0]->at.v - clock_mono().v;
	if (us <= 0)
		return 0;
	return us > INT32_MAX ? INT32_MAX / 1000 : (int)((us + 999) / 1000);
}

/* Timers set by a handler for "now" wait for the next pass. */
static void
timers_run(struct loop *l)
{
	struct usec until = l->now;

	while (l->len > 0 && l->heap[0]->at.v <= until.v) {
		struct loop_timer *t = l->heap[0];

		loop_timer_stop(l, t);
		t->on_time(l, t->arg);
	}
}

static unsigned
loop_bits(uint32_t ev, unsigned want)
{
	unsigned bits = 0;

	if ((ev & (EPOLLIN | EPOLLRDHUP)) != 0)
		bits |= LOOP_READ;
	if ((ev & EPOLLOUT) != 0)
		bits |= LOOP_WRITE;
	if ((ev & (EPOLLHUP | EPOLLERR)) != 0)
		bits |= LOOP_HANGUP | want;
	return bits;
}

int
loop_turn(struct loop *l, struct err *e)
{
	l->n = epoll_wait(l->epfd, l->batch, LOOP_BATCH, next_wait_ms(l));
	if (l->n == -1 && errno != EINTR)
		return err_sys(e, "epoll_wait");
	l->now = clock_mono();
	for (l->at = 0; l->at < l->n;) {
		struct epoll_event *ev = &l->batch[l->at++];
		struct loop_io *io = ev->data.ptr;

		if (io != NULL)
			io->on_io(l, loop_bits(ev->events, io->want),
			    io->arg);
	}
	l->n = l->at = 0;
	timers_run(l);
	if (l->on_idle != NULL)
		l->on_idle(l, l->idle_arg);
	return 0;
}

int
loop_run(struct loop *l, struct err *e)
{
	l->stop = false;
	while (!l->stop)
		if (loop_turn(l, e) == -1)
			return -1;
	return 0;
}

/* ---- children ---- */

static void
child_on_io(struct loop *l, unsigned events, void *arg)
{
	struct loop_child *c = arg;
	int status = 0;
	pid_t pid = waitpid(c->pid, &status, WNOHANG);

	(void)events;
	if (pid == 0)
		return;
	loop_unwatch(l, &c->io);
	(void)close(c->io.fd);
	c->io.fd = -1;
	c->on_exit(l, c->pid, status, c->arg); /* may free c */
}

int
loop_child_watch(struct loop *l, struct loop_child *c, pid_t pid, int pidfd,
    struct err *e)
{
	c->pid = pid;
	c->io = (struct loop_io){ .fd = pidfd, .want = LOOP_READ,
		.on_io = child_on_io, .arg = c };
	return loop_watch(l, &c->io, e);
}
