/* ask_files.c -- what may be done to a file. */
#include <stdio.h>

#include "analysis/book.h"
#include "policy/files.h"

void
ask_files(const struct book *b, const struct question *q, struct reply *out)
{
	struct file_query f = { .path = q->file,
		.access = q->kind == ASK_READ ? FILE_READ : FILE_WRITE,
		.mounted = q->mounted ? FILE_READ | FILE_WRITE : 0 };
	struct file_answer a;
	struct str missing;	/* none, by now */

	(void)book_profiles(b, q, &f.profiles, &missing);
	out->domain = "file_access";
	policy_file(b->image, &f, &a);
	if (a.verdict == VERDICT_ALLOW)
		out->verdict = a.judged == VERDICT_ALLOW ? REPLY_ALLOW :
							   REPLY_AUDIT;
	out->rule = a.rule;
	out->nearest = a.nearest;
	(void)snprintf(out->reason, sizeof(out->reason), "%s%s", a.reason,
	    a.verdict == VERDICT_DENY && a.hidden ?
	    "; it looks as if it was not there" : "");
}
