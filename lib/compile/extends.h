/* extends.h -- what a document's `extends` names: a library, or a file beside
 * the document that says so.  Of extends.c, library.c and compile.c. */
#ifndef COMPILE_EXTENDS_H
#define COMPILE_EXTENDS_H

#include "compile/check.h"

#define EXTENDS_DEPTH_MAX 16	/* documents, each extended by the one before */

struct target { /* of one word */
	bool file;		/* name is a path; else that of a library */
	const char *name;	/* in the arena */
};

/* The list of a document, or NULL: it has none, or is of another spelling. */
const struct node *extends_of(const struct doc *doc);
/* What a word of it names; false: said in d. */
bool extends_target(struct arena *a, struct diags *d, const struct node *word,
    struct target *out);
/* The document that a word in `from' so names, or -1. */
int extends_find(struct arena *a, const struct target *t,
    const struct doc *from, const struct doc *docs, uint32_t ndocs);
/* A path without "." and "..", as far as its text goes. */
const char *path_plain(struct arena *a, struct str path);

/* After all documents are read: what they extend is there, and none extends
 * itself. */
void extends_check(struct compile *c, const struct doc *docs,
    uint32_t ndocs);

#endif
