/* paths.h -- where configuration, state and sockets live (XDG). */
#ifndef BASE_PATHS_H
#define BASE_PATHS_H

#include "base/limits.h"

struct err;

struct paths { /* absolute; the directories exist, mode 0700, ours */
	char config[PATH_BYTES_MAX];	/* .../openshell */
	char state[PATH_BYTES_MAX];
	char runtime[PATH_BYTES_MAX];
};

/* OPENSHELL_HOME moves all three under it (config/, state/, run/). Creates
 * what is missing; refuses a directory that is not ours or is open to
 * others. */
int paths_init(struct paths *p, struct err *e);
/* Where the programs and data of this build are: *out (PATH_BYTES_MAX) gets
 * the file's absolute path. program: "openshell-gateway" and so on, found
 * beside the running program, in ../libexec/openshell, or in the build
 * tree. */
int paths_program(const char *program, char *out, struct err *e);
/* The directory of the policies that came with this build; -1: it is in
 * none of its places. */
int paths_policies(char *out, struct err *e);

#endif
