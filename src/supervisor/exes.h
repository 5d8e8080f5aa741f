/* exes.h -- the programs that were seen to hold connections: the hash of each,
 * and whether what its path names is still what it was at first. */
#ifndef SUPERVISOR_EXES_H
#define SUPERVISOR_EXES_H

#include <stdbool.h>

#include "policy/sha256.h"

#define EXES_COUNT_MAX	1024	/* paths */
#define EXE_BYTES_MAX	268435456 /* larger ones have no hash */
#define EXE_AT_ONCE	1048576	/* smaller ones are hashed when first seen */
#define EXE_SLICE	1048576	/* the others so much at a time, where
				 * nobody waits for an answer */

struct exes; /* zero is empty */

struct exes *exes_new(void);
/* fd: the program itself, or -1; it is closed, now or later. hash: of what it
 * is now, if that is known. false: *why says why the path is not to be relied
 * on. */
bool exes_look(struct exes *x, const char *path, int fd,
    char hash[2 * SHA256_BYTES + 1], const char **why);
/* Hashes a slice of what is not hashed yet. false: there is nothing. */
bool exes_work(struct exes *x);

#endif
