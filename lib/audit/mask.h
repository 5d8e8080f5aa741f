/* mask.h -- a command's arguments as a log may hold them: what looks like a
 * secret is not shown.  Pure. */
#ifndef AUDIT_MASK_H
#define AUDIT_MASK_H

#include <stdbool.h>

#include "base/str.h"

#define MASK_BYTES_MAX 8192	/* of one argument; the rest is not shown */

struct mask { /* one command; zero before its first argument */
	bool next;	/* the one before names a secret */
	bool user;	/* the one before names a user and a password */
};

/* The arguments in their order. buf: MASK_BYTES_MAX. The result is arg, or
 * lies in buf. */
struct str mask_argument(struct mask *m, struct str arg, char *buf);

#endif
