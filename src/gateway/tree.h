/* tree.h -- removes a directory and all below it, a little at a time. */
#ifndef GATEWAY_TREE_H
#define GATEWAY_TREE_H

#include <dirent.h>
#include <stdbool.h>
#include <stdint.h>

struct err;

/* Nothing below can lead out: links are removed, never followed, and another
 * file system mounted inside is an error. What was made by a sandbox may be
 * deep, wide, and without any permission bits. */
struct tree_rm {
	int parent;		/* borrowed */
	char name[256];
	int fd;			/* the directory to remove */
	DIR *top, *sub;		/* being read: it, and one directory in it */
	char sub_name[256];
	uint64_t moved;		/* names given so far */
	bool again;		/* directories were moved up since top began */
};

enum tree_step { TREE_FAILED = -1, TREE_MORE, TREE_GONE };

/* Begins; a directory that is not there is TREE_GONE at the first step. */
int tree_rm_open(struct tree_rm *t, int parent, const char *name,
    struct err *e);
/* Removes up to about max entries. */
enum tree_step tree_rm_step(struct tree_rm *t, unsigned max, struct err *e);
void tree_rm_close(struct tree_rm *t);

#endif
