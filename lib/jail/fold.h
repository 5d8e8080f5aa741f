/* fold.h -- does a directory take a name in another case for the same? */
#ifndef JAIL_FOLD_H
#define JAIL_FOLD_H

#include <stdbool.h>

/* dirfd may be O_PATH. Tried out where the file system is none that is known
 * for it, so an empty directory may be so and not be found out. */
bool fold_is(int dirfd);
/* Of one directory in a file system that lets each be so. */
bool fold_is_marked(int dirfd);

#endif
