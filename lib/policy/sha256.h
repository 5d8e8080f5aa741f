/* sha256.h -- the name of a policy image's content.  Our own, because the
 * programs that open images must start in a millisecond and most of them have
 * no other use for a cryptography library. */
#ifndef POLICY_SHA256_H
#define POLICY_SHA256_H

#include "base/str.h"

#define SHA256_BYTES 32

void sha256(struct str s, unsigned char out[SHA256_BYTES]);

#endif
