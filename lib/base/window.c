#include "base/window.h"

#include <string.h>

enum { RING = WINDOW_SLOTS + 1 };	/* the newest is not yet over */

void
window_init(struct window *w, struct usec span, struct usec now)
{
	memset(w, 0, sizeof(*w));
	w->slot = span.v / WINDOW_SLOTS;
	w->at = now.v / w->slot;
}

static uint64_t *
slot_of(struct window *w, int64_t number)
{
	return &w->v[(uint64_t)number % RING];
}

static void
move_on(struct window *w, struct usec now)
{
	int64_t to = now.v / w->slot;

	if (to - w->at >= RING) { /* nothing of it is left */
		memset(w->v, 0, sizeof(w->v));
		w->sum = 0;
		w->at = to;
	}
	while (w->at < to) { /* RING times at most */
		uint64_t *old = slot_of(w, ++w->at);

		w->sum -= *old;
		*old = 0;
	}
}

uint64_t
window_sum(struct window *w, struct usec now)
{
	move_on(w, now);
	return w->sum;
}

void
window_add(struct window *w, struct usec now, uint64_t n)
{
	move_on(w, now);
	*slot_of(w, w->at) += n;
	w->sum += n;
}

void
window_take_back(struct window *w, uint64_t n)
{
	for (int64_t i = w->at; n > 0 && i > w->at - RING; i--) {
		uint64_t *slot = slot_of(w, i);
		uint64_t some = n < *slot ? n : *slot;

		*slot -= some;
		w->sum -= some;
		n -= some;
	}
}

struct usec
window_until(struct window *w, struct usec now, uint64_t most)
{
	uint64_t left;

	move_on(w, now);
	left = w->sum;
	for (int64_t i = w->at - WINDOW_SLOTS; i <= w->at; i++) {
		if (left <= most)
			break;
		left -= *slot_of(w, i);
		if (left <= most)
			return (struct usec){ (i + RING) * w->slot - now.v };
	}
	return (struct usec){ 0 };
}
