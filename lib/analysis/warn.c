#include "analysis/warn.h"

void
warn_all(struct book *b, const struct policy_file *files, size_t n)
{
	warn_danger(b);
	warn_idle(b, files, n);
}
