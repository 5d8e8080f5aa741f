/* cache.h -- images that were compiled lately: most sandboxes are made under
 * a policy that the one before had. */
#ifndef GATEWAY_CACHE_H
#define GATEWAY_CACHE_H

#include <stddef.h>
#include <stdint.h>

#include "compile/compile.h"
#include "policy/sha256.h"

#define CACHE_COUNT_MAX	8
#define CACHE_BYTES_MAX	262144	/* of one image; a larger one is not kept */

struct cache { /* zero is empty; cache_fini() it */
	struct cache_row {
		unsigned char key[SHA256_BYTES];
		char *bytes;	/* NULL: free */
		size_t len;
		uint64_t used;	/* by the clock below */
	} row[CACHE_COUNT_MAX];
	uint64_t clock;
};

/* What the same documents at the same stage were compiled to, or makes it so:
 * as policy_compile(). Only what had nothing to say is kept. k may be NULL. */
int cache_compile(struct cache *k, const struct policy_file *files, size_t n,
    enum policy_stage stage, char **image, size_t *len, struct diags *d);
void cache_fini(struct cache *k);

#endif
