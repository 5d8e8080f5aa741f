/* library.h -- a set of documents, closed over what they extend.
 *
 * The compiler takes a closed set and reads no files. Who holds the files
 * (the command line) or some of the texts (the gateway: the shipped library)
 * closes the set first, each with a struct policy_library of its own. */
#ifndef COMPILE_LIBRARY_H
#define COMPILE_LIBRARY_H

#include "base/arena.h"
#include "base/limits.h"
#include "compile/compile.h"

struct policy_library { /* where documents come from that others extend */
	void *arg;
	/* *out with its kind and a text that outlives the set (its name is
	 * not looked at): 0; 1: there is none; -1: *e says why not. */
	int (*library)(void *arg, const char *name, struct policy_file *out,
	    struct err *e);
	/* The same for a file; NULL: no files can be read here. */
	int (*file)(void *arg, const char *path, struct policy_file *out,
	    struct err *e);
	const char *const *names;	/* of its libraries, for messages */
	size_t nnames;
};

struct docset { /* zero is empty; docset_fini() it */
	struct policy_file v[POLICY_FILES_MAX];
	size_t n;
	struct arena arena;		/* of names that were found */
};

/* A document to begin with; the name and text stay the caller's. -1: too
 * many, said. */
int docset_add(struct docset *s, const struct policy_file *f,
    struct diags *d);
/* Adds what the documents in it extend, what those extend, and so on. -1:
 * something is not there, which is said; compiling the set says the rest. */
int docset_close(struct docset *s, const struct policy_library *lib,
    struct diags *d);
void docset_fini(struct docset *s);

/* The names of libraries end so in a directory of them. */
#define POLICY_FILE_END ".yaml"
/* What the first comment of a library says it is for, without the final stop:
 * borrowed from text. */
struct str policy_title(struct str text);

#endif
