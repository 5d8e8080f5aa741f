/* use.h -- how much of a policy's limits is used. */
#ifndef MSG_USE_H
#define MSG_USE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

/* RATES_USE: of each limit, what counted within its time. */
#define RATES_USE_MAX	     32	/* the first ones; the sandbox's own among
				 * them */
#define RATES_RULE_BYTES_MAX 320
#define RATES_USE_BYTES_MAX  16384
struct rates_use {
	uint32_t n;
	struct rate_use {
		struct str rule;	/* "FILE:LINE: TEXT", borrowed */
		bool whole;		/* of the sandbox, not of an entry */
		uint64_t requests, requests_most;	/* most 0: no limit */
		uint64_t bytes, bytes_most;
		uint32_t period_s;	/* of bytes */
	} v[RATES_USE_MAX];
};

#endif
