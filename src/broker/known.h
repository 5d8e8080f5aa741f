/* known.h -- the files that a policy's commands were when the sandbox
 * started. */
#ifndef BROKER_KNOWN_H
#define BROKER_KNOWN_H

#include "broker/program.h"

#define KNOWN_MAX 64	/* more than the decision takes (EXEC_FOUND_MAX) */

/* search: the sandbox's PATH. */
void known_init(const struct broker *b, const struct image *im,
    struct str search);

struct known_commands { /* of one file; see exec_form */
	uint32_t same[KNOWN_MAX], copies[KNOWN_MAX];
	uint32_t nsame, ncopies;
	bool loader;		/* it is the loader, or a copy of it */
	bool manifold;		/* or busybox */
};

/* Fills file->id and what of the policy's commands it is. */
void known_find(struct broker *b, struct program_file *file,
    struct known_commands *out);
/* The content of an open file; 0, or -1: it cannot be read. */
int known_hash(int fd, unsigned char out[SHA256_BYTES]);

#endif
