/* probe.h -- what this kernel and user can do, for `openshell doctor`.
 *
 * Each probe tries the thing itself (in a child where it would leave
 * traces), as the calling user, and changes nothing. */
#ifndef JAIL_PROBE_H
#define JAIL_PROBE_H

#include <stddef.h>

enum probe_status {
	PROBE_MISSING,	/* sandboxes cannot be made without it */
	PROBE_WEAK,	/* there, or not needed for every policy; see detail */
	PROBE_OK,
};

struct probe_result {
	const char *name;	/* "user namespaces" */
	const char *means;	/* what it is for */
	enum probe_status status;
	char detail[256];	/* what was seen: "ABI 7", "EPERM: ..." */
	char fix[512];		/* what to do; "" when OK */
};

#define PROBE_COUNT_MAX 32

/* Fills out[PROBE_COUNT_MAX]; returns how many. Takes some milliseconds. */
size_t probe_run(struct probe_result *out);

#endif
