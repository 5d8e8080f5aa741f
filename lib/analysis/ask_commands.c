/* ask_commands.c -- may a program be executed?  On paper there are no files,
 * so names decide; and the command is asked about as it is written. */
#include <stdio.h>

#include "analysis/book.h"
#include "policy/cond.h"
#include "policy/exec.h"
#include "policy/profile.h"

static void
take_answer(const struct book *b, const struct exec_answer *a,
    struct reply *out)
{
	if (a->verdict == VERDICT_ALLOW)
		out->verdict = a->audit || a->judged == VERDICT_DENY ?
		    REPLY_AUDIT : REPLY_ALLOW;
	out->rule = a->rule;
	out->nearest = a->nearest;
	if (a->judged == VERDICT_ALLOW)
		profiles_print(book_numbers(b), a->profiles, out->profiles,
		    sizeof(out->profiles));
	(void)snprintf(out->reason, sizeof(out->reason), "%s%s%s",
	    a->reason, out->profiles[0] != '\0' ?
	    "; it runs under the profile " : "", out->profiles);
}

void
ask_commands(const struct book *b, const struct question *q,
    struct reply *out)
{
	struct exec_form form = { .argv = q->word, .argc = q->nwords };
	struct exec_query x = { .forms = &form, .nforms = 1, .paper = true,
		.cwd = q->cwd,
		.facts = q->facts };
	struct exec_answer a;
	struct str missing;	/* none, by now */

	(void)book_profiles(b, q, &x.profiles, &missing);
	out->domain = "commands";
	form.name = q->word[0];
	if (form.name.len > 0 && form.name.p[0] == '/')
		form.file = form.name;
	policy_exec(b->image, &x, &a);
	take_answer(b, &a, out);
}
