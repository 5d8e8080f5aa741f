/* same.h -- which commands of an image a file is: found out once for each
 * name when a sandbox starts, and asked at each exec.  Pure: who asks opens
 * and hashes the files. */
#ifndef POLICY_SAME_H
#define POLICY_SAME_H

#include <stdbool.h>
#include <stdint.h>

#include "policy/sha256.h"

struct file_id {
	uint64_t dev, ino;
	unsigned char hash[SHA256_BYTES];	/* of its content */
};

struct same_known { /* a file to which a name led; a name may have several */
	uint32_t command;	/* image_command */
	bool path;		/* the one that the sandbox's PATH leads to, or
				 * the absolute path itself; others of that
				 * name are only for denies */
	struct file_id id;
};

/* For an exec_form: the commands that the file is (known by path, and neither
 * moved nor changed since), rising and each once; and with copies, those that
 * it has the content or the inode of, whichever file of that name it was.
 * Gives back how many there are; at most cap are put. */
uint32_t same_find(const struct same_known *v, uint32_t n,
    const struct file_id *file, bool copies, uint32_t *out, uint32_t cap);

#endif
