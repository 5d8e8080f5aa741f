/* canaries.h -- values that are nobody's, as an image has them: whoever sends
 * one has read what only a thief reads. */
#ifndef POLICY_CANARIES_H
#define POLICY_CANARIES_H

#include <stdint.h>

#include "base/str.h"

struct image;

#define CANARIES_MAX	      32	/* in one image */
#define CANARY_NAME_BYTES_MAX 64
#define CANARY_BYTES_MIN      8		/* shorter ones are in too many texts */
#define CANARY_BYTES_MAX      512

struct canary {
	struct str name, value;
};

/* Those of the policy, then those of its maximum. */
uint32_t image_canaries(const struct image *im);
void image_canary(const struct image *im, uint32_t i, struct canary *out);

#endif
