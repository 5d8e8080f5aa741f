/* review.c -- code that was made in the sandbox. */
#include "broker/command.h"

bool
review_made(const struct ask *a, const struct program *p)
{
	for (uint32_t i = 0; i < p->nfiles; i++) {
		const struct program_file *f = &p->files[i];

		if (f->fd != -1 && !f->fixed &&
		    f->st.st_ctim.tv_sec >= a->b->started)
			return true;
	}
	return false;
}

enum review
review_exec(const struct ask *a, const struct program *p,
    struct exec_answer *v)
{
	(void)a;
	(void)p;
	return v->verdict == VERDICT_ALLOW ? REVIEW_ALLOW : REVIEW_DENY;
}
