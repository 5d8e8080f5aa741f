/* sha256.h -- the name of a policy image's content.  Our own, because the
 * programs that open images must start in a millisecond and most of them have
 * no other use for a cryptography library. */
#ifndef POLICY_SHA256_H
#define POLICY_SHA256_H

#include <stdint.h>

#include "base/str.h"

#define SHA256_BYTES 32

void sha256(struct str s, unsigned char out[SHA256_BYTES]);

struct sha256_sum { /* of a message that comes in parts */
	uint32_t h[8];
	uint64_t bytes;
	unsigned char block[64];
};

void sha256_init(struct sha256_sum *s);
void sha256_add(struct sha256_sum *s, struct str part);
void sha256_end(struct sha256_sum *s, unsigned char out[SHA256_BYTES]);

#endif
