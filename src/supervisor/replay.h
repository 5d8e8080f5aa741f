/* replay.h -- the last output of the main process, for who attaches later. */
#ifndef SUPERVISOR_REPLAY_H
#define SUPERVISOR_REPLAY_H

#include <stddef.h>

#include "base/str.h"

struct replay { /* a ring; memory is taken with the first byte */
	char *p;
	size_t cap, len, head;	/* head: where the next byte goes */
};

void replay_add(struct replay *r, struct str s);
/* The last `left' bytes from the oldest on, as far as they lie in one
 * piece. Borrowed until the next add. */
struct str replay_from(const struct replay *r, size_t left);
void replay_fini(struct replay *r);

#endif
