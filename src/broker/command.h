/* command.h -- an exec, from the question to the program's first instruction.
 *
 *	ask_exec	copies path, arguments and environment once (argv.c),
 *			finds what would run (program.c) and which of the
 *			policy's commands that is (known.c), and decides
 *			(command.c, lib/policy/exec.h)
 *	review_exec	may ask a person first
 *	stop_let_go	the kernel executes, traced by us; when it has, and the
 *			program has not run yet, what it loaded is compared
 *			with what was judged (stop.c)
 *
 * profile_enter comes last: what is executed under a narrower policy. */
#ifndef BROKER_COMMAND_H
#define BROKER_COMMAND_H

#include "broker/program.h"

/* arguments.c: the canonical paths of the forms' arguments. 0 or -errno. */
int arguments_find(const struct ask *a, struct program *p);

/* callers.c: what the conditions of commands may ask about; lent until the next
 * question. */
struct facts;
void command_facts(const struct ask *a, struct facts *out);
/* Programs that started the caller, nearest first; the caller itself is the
 * first. How many. */
#define CALLERS_MAX 32
uint32_t command_callers(const struct ask *a, struct str out[CALLERS_MAX]);

/* event_exec.c: what the log is to hear, and for a denial also the caller. */
void event_exec(const struct ask *a, const struct program *p,
    const struct exec_answer *v);

/* What process pid was about to run is not what was judged: bad says what it
 * is. */
void event_replaced(struct broker *b, pid_t pid, const char *bad,
    bool allowed);

/* tell.c */
void tell(const struct ask *a, struct str path, const char *text);
void tell_denied(const struct ask *a, struct str path, const char *reason);

/* ---- review.c ---- */

enum review { REVIEW_DENY, REVIEW_ALLOW, REVIEW_HOLD };

/* Fills q->made and q->reviewed. Asked before the policy is. */
void review_look(const struct ask *a, const struct program *p,
    struct exec_query *q);
/* After the policy allowed it, or said that a person may (v->ask). HOLD: the
 * caller waits, and the question is asked anew, from its start, after
 * hold_again(); who holds it has a time-out for that. */
enum review review_exec(const struct ask *a, const struct program *p,
    struct exec_answer *v);

/* ---- profile.c ---- */

/* Under which profiles the caller is, so that a is judged by them. 0, or
 * -errno: it is not known. */
int profile_take(struct ask *a);
/* May the caller enter profiles with what it would hand on? False, and why. */
bool profile_may_enter(const struct ask *a, uint64_t profiles,
    char why[REASON_BYTES_MAX]);
/* It executes what is under profiles, too, and so is it from now on: that
 * needs no look at what becomes of the call, since one that fails leaves it
 * with less. 0 or -errno. */
int profile_enter(const struct ask *a, uint64_t profiles);

#endif
