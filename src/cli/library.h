/* library.h -- the policies that documents extend, on this machine's disk. */
#ifndef CLI_LIBRARY_H
#define CLI_LIBRARY_H

#include "base/shelf.h"
#include "compile/library.h"

struct library { /* zero is empty; library_fini() it */
	struct shelf shipped, user;
	const char **names;	/* of both */
	char **texts;		/* of files */
	size_t ntexts;
};

/* Both shelves. */
int library_read(struct library *l, struct err *e);
/* For docset_close(): both shelves, and files. */
struct policy_library library_find(struct library *l);
void library_fini(struct library *l);

#endif
