/* warn.h -- what is allowed in a policy and probably not meant: rules that
 * change nothing, and dangerous ones. */
#ifndef ANALYSIS_WARN_H
#define ANALYSIS_WARN_H

#include "analysis/book.h"

#define WARN_RULES_MAX	128	/* tried without; others nobody tries */
#define WARN_WORK_MAX	8000	/* rules of policies compiled for that */
#define WARN_MS_MAX	2000	/* and for that long: one trial may be costly */

/* Adds warnings to b's diags. The files are those it was opened with. */
void warn_all(struct book *b, const struct policy_file *files, size_t n);

/* ---- warn_*.c */

void warn_danger(struct book *b);
void warn_idle(struct book *b, const struct policy_file *files, size_t n);

#endif
