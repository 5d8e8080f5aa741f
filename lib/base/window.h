/* window.h -- how much of something there was within a span of time that ends
 * now.
 *
 * Time is cut into slots, of which WINDOW_SLOTS make the span, and what falls
 * into a slot counts until the whole slot is older than the span.  So no span
 * ever holds more than was let in, wherever it begins; something may count
 * for one slot longer than it has to. */
#ifndef BASE_WINDOW_H
#define BASE_WINDOW_H

#include <stdint.h>

#include "base/clock.h"

#define WINDOW_SLOTS 1000

struct window { /* window_init() first */
	int64_t slot;			/* microseconds */
	int64_t at;			/* number of the newest slot */
	uint64_t sum;
	uint64_t v[WINDOW_SLOTS + 1];	/* by number, modulo */
};

/* span: at least WINDOW_SLOTS microseconds. */
void window_init(struct window *w, struct usec span, struct usec now);
/* now never goes back. */
uint64_t window_sum(struct window *w, struct usec now);
void window_add(struct window *w, struct usec now, uint64_t n);
/* What was just added, in this slot or the last, was not so much. */
void window_take_back(struct window *w, uint64_t n);
/* How long until the sum is most or less, if nothing is added. */
struct usec window_until(struct window *w, struct usec now, uint64_t most);

#endif
