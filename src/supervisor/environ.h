/* environ.h -- the environment of what runs in the sandbox.  Pure. */
#ifndef SUPERVISOR_ENVIRON_H
#define SUPERVISOR_ENVIRON_H

#include "base/arena.h"

/* Ours (a clean start: path, home, proxy, certificate authorities) with the
 * operator's K=V over it; NULL-ended, in the arena. NULL: no memory left. */
char **environ_make(struct arena *a, char *const *over);
/* base with over's K=V replacing what has the same name. */
char **environ_merge(struct arena *a, char *const *base, char *const *over);

#endif
