#include "broker/queue.h"

#include "base/compat.h"
#include "base/must.h"

bool
queue_full(const struct queue *q)
{
	return q->n == NELEM(q->v);
}

static bool
is_before(const struct queued *a, const struct queued *b)
{
	return a->turn != b->turn ? a->turn < b->turn : a->number < b->number;
}

static void
swap(struct queued *a, struct queued *b)
{
	struct queued c = *a;

	*a = *b;
	*b = c;
}

/* Two processes that share a place in the table share their turns. */
void
queue_put(struct queue *q, pid_t process, const struct ask *a)
{
	uint64_t *last = &q->last[(uint32_t)process % QUEUE_TURNS];
	size_t i = q->n;

	must(!queue_full(q));
	*last = (*last > q->now ? *last : q->now) + 1;
	q->v[q->n++] = (struct queued){ *a, *last, q->numbers++ };
	while (i > 0 && is_before(&q->v[i], &q->v[(i - 1) / 2])) {
		swap(&q->v[i], &q->v[(i - 1) / 2]);
		i = (i - 1) / 2;
	}
}

static void
sink(struct queue *q)
{
	size_t i = 0;

	for (;;) {
		size_t least = i, left = 2 * i + 1, right = left + 1;

		if (left < q->n && is_before(&q->v[left], &q->v[least]))
			least = left;
		if (right < q->n && is_before(&q->v[right], &q->v[least]))
			least = right;
		if (least == i)
			return;
		swap(&q->v[i], &q->v[least]);
		i = least;
	}
}

bool
queue_take(struct queue *q, struct ask *out)
{
	if (q->n == 0)
		return false;
	*out = q->v[0].ask;
	q->now = q->v[0].turn;
	q->v[0] = q->v[--q->n];
	sink(q);
	return true;
}
