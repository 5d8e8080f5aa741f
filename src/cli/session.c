/* session.c -- being joined to a program, and what is said when it is over. */
#include <unistd.h>

#include "api.h"
#include "attach.h"
#include "base/clean.h"
#include "base/err.h"
#include "base/log.h"
#include "command.h"
#include "run.h"
#include "say.h"

static void
say_goes_on(const struct session *s, const char *why)
{
	if (why[0] != '\0')
		say("%s goes on: %s", s->name, why);
	else
		say("%s goes on", s->name);
	say_hint("back to it: openshell sandbox connect %s", s->name);
}

static int
say_outcome(const struct session *s, const struct outcome *o)
{
	char why[ERR_BYTES_MAX * 2];

	log_safe(str_c(o->reason), why, sizeof(why));
	switch (o->kind) {
	case OUTCOME_FAILED:
		say("%s failed: %s", s->name, why);
		break;
	case OUTCOME_STOPPED:
		say("%s: %s", s->name, why[0] != '\0' ? why : "was stopped");
		break;
	case OUTCOME_DETACHED:
		say_goes_on(s, why);
		break;
	case OUTCOME_EXITED:
	case OUTCOME_SIGNALED:
		if (s->main && s->kept && isatty(STDERR_FILENO) == 1)
			say("%s exited (%d); its files are kept: openshell "
			    "sandbox start %s", s->name, attach_code(o),
			    s->name);
		break;
	}
	return attach_code(o);
}

/* The other end broke: the gateway knows what became of the sandbox. */
static int
say_broken(const struct session *s, const struct err *e)
{
	CLEAN_FREE char *path = api_path(s->id,
	    "/wait?until=ended&timeout_s=10");
	struct ask q = { "GET", path, NULL, NULL, -1, 0 };
	CLEAN_JSON json_t *box = NULL;
	char why[ERR_BYTES_MAX * 2];

	if (api_ask(s->api, &q, &box) == EXIT_OK &&
	    json_text(box, "reason")[0] != '\0')
		say("%s failed: %s", json_text(box, "name"),
		    log_safe(str_c(json_text(box, "reason")), why,
			sizeof(why)));
	else
		(void)say_error(e);
	return EXIT_FAILED;
}

/* What ended is over for everyone who asks from now on: ended, or deleted if
 * that was promised. A gateway that is away learns it later. Nobody asks for
 * a throw-away sandbox whose name nobody chose: its program's end is all the
 * caller waits for, and the gateway clears it away meanwhile. */
static void
wait_over(const struct session *s)
{
	CLEAN_FREE char *path = api_path(s->id, s->kept ?
	    "/wait?until=ended&timeout_s=60" :
	    "/wait?until=deleted&timeout_s=60");
	struct ask q = { .method = "GET", .path = path, .quiet = true,
		.doing = "ending the sandbox" };
	CLEAN_JSON json_t *box = NULL;

	(void)api_ask(s->api, &q, &box);
}

int
session_join(const struct session *s)
{
	struct attach at = { .fd = s->fd, .tty = s->tty,
		.may_detach = s->main, .redraw = s->redraw };
	struct err e = { 0 };
	struct outcome o;

	if (attach_run(&at, &o, &e) == -1)
		return say_broken(s, &e);
	if (s->main && !at.left && o.kind != OUTCOME_DETACHED &&
	    (s->kept || !s->unnamed || o.kind == OUTCOME_FAILED))
		wait_over(s);
	return say_outcome(s, &o);
}
