/* record.c -- what the supervisor says to the auditor. */
#include "audit/record.h"
#include "supervisor/supervisor.h"

void
record_life(struct supervisor *s, const char *action, bool good,
    uint32_t code, const char *reason)
{
	struct audit_record r = { .kind = AUDIT_LIFE, .when = clock_wall(),
		.generation = s->generation,
		.verdict = good ? AUDIT_ALLOWED : AUDIT_DENIED,
		.action = str_c(action), .status = code,
		.exe = str_c(s->spec.argv == NULL ? "" : s->spec.argv[0]),
		.reason = str_c(reason) };

	(void)audit_sender_put(&s->audit, &r); /* it keeps what it can */
}
