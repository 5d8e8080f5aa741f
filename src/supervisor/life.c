/* life.c -- from the first process to the last.  See supervisor.h. */
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "base/must.h"
#include "msg/outcome_file.h"
#include "supervisor/supervisor.h"

#define EGRESS_WAIT_MS 3000 /* to hand in its last records */

static const char *const life_names[] = { "STARTING", "UP", "ENDING",
	"OVER" };

void
life_enter(struct supervisor *s, enum life to)
{
	must(to > s->life);
	log_debug("sandbox %s: %s -> %s", s->spec.name, life_names[s->life],
	    life_names[to]);
	s->life = to;
}

/* SIGKILL to pid 1 is SIGKILL to all of its namespace. */
static void
kill_inside(struct supervisor *s)
{
	if (s->box.pidfd != -1 && !s->init_dead &&
	    syscall(SYS_pidfd_send_signal, s->box.pidfd, SIGKILL, NULL, 0) ==
		-1 && errno != ESRCH)
		log_error("kill the sandbox's init: %s", strerror(errno));
}

static void
kill_egress(struct loop *l, void *arg)
{
	struct supervisor *s = arg;

	(void)l;
	if (!s->egress_dead && s->egress_child.io.watched)
		(void)syscall(SYS_pidfd_send_signal, s->egress_child.io.fd,
		    SIGKILL, NULL, 0); /* may be dying already */
}

/* With nobody left to serve, the end of its channel is the end of its work:
 * it hands in its last records and exits. */
static void
release_egress(struct supervisor *s)
{
	if (s->egress.fd == -1)
		return;
	loop_unwatch(s->loop, &s->egress_io);
	chan_close(&s->egress);
	s->end_timer.on_time = kill_egress;
	s->end_timer.arg = s;
	loop_timer_set(s->loop, &s->end_timer, usec_of_ms(EGRESS_WAIT_MS));
}

void
life_end(struct supervisor *s, enum outcome_kind kind, int code,
    const char *fmt, ...)
{
	const struct wbuf nothing = { .p = NULL };
	va_list ap;

	if (s->life >= LIFE_ENDING)
		return;
	s->outcome = (struct outcome){ .kind = kind, .code = code };
	va_start(ap, fmt);
	(void)vsnprintf(s->outcome.reason, sizeof(s->outcome.reason), fmt,
	    ap);
	va_end(ap);
	if (s->stop_timer.slot != 0 && kind != OUTCOME_FAILED)
		s->outcome.kind = OUTCOME_STOPPED; /* it was asked to go */
	life_enter(s, LIFE_ENDING);
	control_say(s, MSG_BOX_ENDING, 0, &nothing);
	loop_timer_stop(s->loop, &s->start_timer);
	loop_timer_stop(s->loop, &s->stop_timer);
	kill_inside(s);
	release_egress(s);
	life_try_over(s);
}

void
life_started(struct supervisor *s)
{
	life_enter(s, LIFE_UP);
	loop_timer_stop(s->loop, &s->start_timer);
	record_life(s, "start", true, 0, "");
	control_reply(s, MSG_BOX_RUNNING, 0, true, s->generation, "");
}

static void
on_grace_over(struct loop *l, void *arg)
{
	(void)l;
	life_end(arg, OUTCOME_STOPPED, 0, "killed after the grace period");
}

void
life_stop(struct supervisor *s, uint32_t grace_ms)
{
	if (s->life >= LIFE_ENDING)
		return;
	if (grace_ms == 0 || s->life == LIFE_STARTING) {
		life_end(s, OUTCOME_STOPPED, 0, "stopped by request");
		return;
	}
	s->stop_timer.on_time = on_grace_over;
	s->stop_timer.arg = s;
	loop_timer_set(s->loop, &s->stop_timer, usec_of_ms(grace_ms));
	inside_signal(s, 0, SIGTERM);
	inside_signal(s, 0, SIGHUP); /* interactive shells ignore TERM */
}

static void
sessions_lose(struct supervisor *s)
{
	struct outcome other = { .kind = OUTCOME_STOPPED,
		.reason = "the sandbox ended" };

	for (size_t i = 0; i < SESSION_COUNT_MAX; i++) {
		struct session *x = &s->sessions[i];

		if (x->state != SESSION_FREE)
			session_lost(x, x->number == 0 ? &s->outcome :
							 &other);
	}
}

static bool
sessions_all_free(const struct supervisor *s)
{
	for (size_t i = 0; i < SESSION_COUNT_MAX; i++)
		if (s->sessions[i].state != SESSION_FREE)
			return false;
	return true;
}

static const char *
outcome_word(const struct outcome *o)
{
	switch (o->kind) {
	case OUTCOME_EXITED:
	case OUTCOME_SIGNALED:
		return "exit";
	case OUTCOME_STOPPED:
	case OUTCOME_DETACHED:
		return "stop";
	case OUTCOME_FAILED:
		break;
	}
	return "fail";
}

/* Nothing of it runs any more: write it down and tell the gateway. */
static void
conclude(struct supervisor *s)
{
	struct wbuf w = { .p = s->out, .cap = sizeof(s->out) };
	struct err e = { 0 };

	life_enter(s, LIFE_OVER);
	loop_timer_stop(s->loop, &s->end_timer);
	record_life(s, outcome_word(&s->outcome),
	    s->outcome.kind != OUTCOME_FAILED, (uint32_t)s->outcome.code,
	    s->outcome.reason);
	if (outcome_write(s->dir, &s->outcome, &e) == -1)
		log_error("sandbox %s: %s", s->spec.name, e.text);
	outcome_put(&w, &s->outcome);
	control_say(s, MSG_BOX_ENDED, 0, &w);
}

void
life_try_over(struct supervisor *s)
{
	if (s->life < LIFE_ENDING)
		return;
	if (s->life == LIFE_ENDING && s->init_dead) {
		sessions_lose(s);
		if (s->life == LIFE_ENDING && s->egress_dead)
			conclude(s);
	}
	/* Output that a person still has to read keeps us here. */
	if (s->life == LIFE_OVER && sessions_all_free(s))
		loop_stop(s->loop);
}
