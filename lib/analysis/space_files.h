/* space_files.h -- all files that the rules of some policies can tell apart:
 * one of each kind.
 *
 * From the root down: a directory is looked into once for each class of
 * places (policy_file_state) that it is in for all the policies, with one
 * name for each class of names that their patterns tell apart. */
#ifndef ANALYSIS_SPACE_FILES_H
#define ANALYSIS_SPACE_FILES_H

#include "analysis/book.h"

#define FILE_BOOKS_MAX	3
#define FILE_PLACES_MAX	1000000	/* looked at, before giving up */

/* With question's path, to be asked about READ and WRITE. false: enough. */
typedef bool files_on(void *arg, struct str path);

struct files_space {
	struct arena *arena;
	const struct book *book[FILE_BOOKS_MAX];
	uint32_t nbooks;
	files_on *on;
	void *arg;
};

/* -1: not within limits; *e says so. */
int files_walk(struct files_space *s, struct err *e);

#endif
