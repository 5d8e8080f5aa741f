/* record.c -- what the supervisor says to the auditor. */
#include <stdio.h>

#include "audit/record.h"
#include "supervisor/supervisor.h"

#define COMMAND_BYTES_MAX 1024

static bool
put(struct supervisor *s, struct audit_record *r)
{
	r->when = clock_wall();
	r->generation = s->generation;
	return audit_sender_put(&s->audit, r) != 0;
}

void
record_life(struct supervisor *s, const char *action, bool good,
    uint32_t code, const char *reason)
{
	struct audit_record r = { .kind = AUDIT_LIFE,
		.verdict = good ? AUDIT_ALLOWED : AUDIT_DENIED,
		.action = str_c(action), .status = code,
		.exe = str_c(s->spec.argv == NULL ? "" : s->spec.argv[0]),
		.reason = str_c(reason) };

	(void)put(s, &r); /* what happened happened; the sender keeps it */
}

/* The arguments as one line, cut at the bound. */
static struct str
command_line(char *const *argv, char *out, size_t cap)
{
	size_t at = 0;

	for (; *argv != NULL && at + 1 < cap; argv++) {
		int n = snprintf(out + at, cap - at, "%s%s",
		    at > 0 ? " " : "", *argv);

		at += n < 0 ? 0 : (size_t)n;
	}
	return str_of(out, at < cap ? at : cap - 1);
}

bool
record_exec(struct supervisor *s, const struct session_start *w)
{
	char line[COMMAND_BYTES_MAX];
	struct audit_record r = { .kind = AUDIT_EXEC,
		.verdict = AUDIT_ALLOWED, .action = STR("exec"),
		.exe = str_c(w->argv[0]),
		.path = command_line(w->argv, line, sizeof(line)) };

	return audit_sender_ready(&s->audit) && put(s, &r);
}
