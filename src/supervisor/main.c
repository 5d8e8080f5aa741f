/* supervisor -- makes one sandbox, holds its terminals, and ends it.
 *
 * Acquire: the order from the gateway, egress, the sandbox, the finder.
 * Jail. Serve until nothing of the sandbox is left. */
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "jail/self.h"
#include "msg/outcome_file.h"
#include "supervisor/supervisor.h"

#define START_WAIT_MS 30000 /* from the order to the main process */
#define AUDIT_WAIT_MS 5000  /* for the last records to be written */

static struct supervisor supervisor;

static void
on_start_over(struct loop *l, void *arg)
{
	(void)l;
	life_end(arg, OUTCOME_FAILED, 0, "the sandbox did not start within "
	    "%d seconds", START_WAIT_MS / 1000);
}

static void
init_zero(struct supervisor *s)
{
	s->dir = s->listen = s->pts = s->diag = -1;
	for (size_t i = 0; i < NELEM(s->ways); i++)
		s->ways[i] = -1;
	for (size_t i = 0; i < NELEM(s->trust_fds); i++)
		s->trust_fds[i] = -1;
	s->gateway.fd = s->egress.fd = s->init.fd = s->finder.fd = -1;
	s->egress_child.io.fd = s->box.pidfd = -1;
	s->image_fd = s->broker.fd = -1;
}

/* Nothing could be started: say so in all the ways there are. */
static void
give_up(struct supervisor *s, const char *reason)
{
	struct wbuf w = { .p = s->out, .cap = sizeof(s->out) };
	struct err e = { 0 };

	log_error("sandbox %s: %s", s->spec.name, reason);
	s->outcome = (struct outcome){ .kind = OUTCOME_FAILED };
	(void)snprintf(s->outcome.reason, sizeof(s->outcome.reason), "%s",
	    reason);
	record_life(s, "fail", false, 0, reason);
	for (size_t i = 0; i < SESSION_COUNT_MAX; i++)
		if (s->sessions[i].state != SESSION_FREE)
			session_close(&s->sessions[i], &s->outcome);
	if (s->dir != -1 && outcome_write(s->dir, &s->outcome, &e) == -1)
		log_error("sandbox %s: %s", s->spec.name, e.text);
	outcome_put(&w, &s->outcome);
	control_say(s, MSG_BOX_ENDED, 0, &w);
	(void)audit_sender_drain(&s->audit, AUDIT_WAIT_MS);
	_exit(1);
}

static int
watch_all(struct supervisor *s, struct err *e)
{
	if (control_watch(s, e) == -1 || outside_watch(s, e) == -1 ||
	    inside_watch(s, e) == -1 || gate_watch(s, e) == -1)
		return -1;
	s->start_timer.on_time = on_start_over;
	s->start_timer.arg = s;
	loop_timer_set(s->loop, &s->start_timer, usec_of_ms(START_WAIT_MS));
	return 0;
}

int
main(void)
{
	struct supervisor *s = &supervisor;
	const char *dirs[3] = { NULL, NULL, NULL };
	char pts[32];
	struct err e = { 0 };

	log_init(roles[ROLE_SUPERVISOR].program);
	(void)signal(SIGPIPE, SIG_IGN);
	init_zero(s);
	if (loop_new(&s->loop, &e) == -1)
		die("%s", e.text);
	audit_sender_init(&s->audit, s->loop, ROLE_SUPERVISOR,
	    gate_on_audit, s);
	if (start_receive(s, &e) == -1 || start_processes(s, &e) == -1)
		give_up(s, e.text);
	(void)snprintf(pts, sizeof(pts), "/proc/self/fd/%d", s->pts);
	dirs[0] = s->spec.dir;
	dirs[1] = pts;
	if (jail_enter(ROLE_SUPERVISOR, dirs, &e) == -1 ||
	    watch_all(s, &e) == -1)
		give_up(s, e.text);
	if (loop_run(s->loop, &e) == -1)
		give_up(s, e.text);
	(void)audit_sender_drain(&s->audit, AUDIT_WAIT_MS);
	return 0;
}
