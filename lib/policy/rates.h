/* rates.h -- how often, and how much: the limits of network, as an image has
 * them.  Who counts is egress. */
#ifndef POLICY_RATES_H
#define POLICY_RATES_H

#include <stdbool.h>
#include <stdint.h>

#include "policy/answer.h"

struct image;

#define RATES_MAX 64	/* in one image, with its profiles: they are the bits
			 * of a word */

struct rate {
	uint32_t requests;	/* in a minute; 0: not limited */
	uint32_t egress_mb;	/* in period_s; 0: not limited */
	uint32_t period_s;
	bool whole;		/* of the sandbox, not of an entry */
	struct str profile;	/* whose it is; empty: of no profile */
	bool soft;		/* the policy only records */
	struct policy_rule rule;
};

/* Those of the policy itself and then of its profiles, or those of its
 * maximum. */
uint32_t image_rates(const struct image *im, bool maximum);
void image_rate(const struct image *im, bool maximum, uint32_t i,
    struct rate *out);

#endif
