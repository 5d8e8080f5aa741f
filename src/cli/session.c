/* session.c -- being joined to a program, and what is said when it is over. */
#include "args.h"
#include "attach.h"
#include "base/err.h"
#include "base/log.h"
#include "run.h"
#include "say.h"

static int
say_outcome(const struct session *s, const struct outcome *o)
{
	char reason[ERR_BYTES_MAX * 2];

	switch (o->kind) {
	case OUTCOME_FAILED:
		say("%s failed: %s", s->name, log_safe(str_c(o->reason),
		    reason, sizeof(reason)));
		break;
	case OUTCOME_STOPPED:
		if (s->timed) {
			say("%s: its time is over, it was killed", s->name);
			return EXIT_TIMED_OUT;
		}
		say("%s was stopped", s->name);
		break;
	case OUTCOME_DETACHED:
		say("%s goes on", s->name);
		say_hint("back to it: openshell sandbox connect %s", s->name);
		break;
	case OUTCOME_EXITED:
	case OUTCOME_SIGNALED:
		if (s->main && s->kept && s->tty)
			say("%s exited (%d); its files are kept: openshell "
			    "sandbox start %s", s->name,
			    attach_code(o), s->name);
		break;
	}
	return attach_code(o);
}

int
session_join(const struct session *s)
{
	struct attach at = { .fd = s->fd, .tty = s->tty,
		.may_detach = s->main, .redraw = s->redraw };
	struct err e = { 0 };
	struct outcome o;

	if (attach_run(&at, &o, &e) == 0)
		return say_outcome(s, &o);
	(void)say_error(&e);
	say_hint("see: openshell sandbox get %s", s->name);
	return EXIT_FAILED;
}
