/* reads.h -- may opens that only read be left to the kernel? */
#ifndef JAIL_READS_H
#define JAIL_READS_H

#include <stdbool.h>

#include "jail/gate.h"

struct root;

/* May it be read, now and later? tree: and all that ever stands below. */
typedef bool reads_may(const void *policy, const char *path, bool tree);

struct reads { /* zero: nothing is known */
	reads_may *may;
	const void *policy;	/* for it */
};

/* The same gate, or one that is not asked about them: where the policy lets be
 * read all that Landlock is to let be read. Of the sandbox's root, from
 * inside; one of its rules may go. */
enum gate reads_leave(enum gate gate, struct root *r, const struct reads *v);

#endif
