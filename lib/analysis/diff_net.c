#include "analysis/diff.h"
#include "analysis/space.h"

static bool
on_question(void *arg, const struct question *q)
{
	const struct diffing *d = arg;
	bool either = diff_ask(arg, q);

	if (d->one && d->to->n > 0)
		return false;
	return q->kind != ASK_CONNECT || either;
}

int
diff_network(struct diffing *d, struct err *e)
{
	struct space s = { .arena = &d->to->arena,
		.pol = { d->before->checked, d->after->checked },
		.npol = 2, .differences = true, .on = on_question,
		.arg = d };

	return space_walk(&s, e);
}
