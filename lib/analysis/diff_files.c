#include "analysis/diff.h"
#include "analysis/space_files.h"

static bool
on_path(void *arg, struct str path)
{
	struct question q = { .file = path };

	for (unsigned i = 0; i < 4; i++) {
		q.kind = (i & 1) != 0 ? ASK_WRITE : ASK_READ;
		q.mounted = (i & 2) != 0;
		(void)diff_ask(arg, &q);	/* noted if they differ */
	}
	return !((struct diffing *)arg)->spent &&
	    (!((struct diffing *)arg)->one ||
	    ((struct diffing *)arg)->to->n == 0);
}

int
diff_files(struct diffing *d, struct err *e)
{
	struct files_space s = { .arena = &d->to->arena,
		.book = { d->before, d->after }, .nbooks = 2, .on = on_path,
		.arg = d };

	return files_walk(&s, e);
}
