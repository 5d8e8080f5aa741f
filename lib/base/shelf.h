/* shelf.h -- a directory of small texts of one kind, read whole. */
#ifndef BASE_SHELF_H
#define BASE_SHELF_H

#include <stddef.h>

#include "base/str.h"

struct err;

#define SHELF_COUNT_MAX	256
#define SHELF_BYTES_MAX	4194304	/* all texts of one shelf */

struct shelf { /* zero is empty; shelf_fini() it */
	size_t n;
	char **names;		/* without the end, sorted */
	struct str *texts;	/* its own, in the same order */
};

/* Every regular file in dir whose name ends so, other names left alone. A
 * directory that is not there is an empty shelf. */
int shelf_read(struct shelf *s, const char *dir, const char *end,
    struct err *e);
void shelf_fini(struct shelf *s);
/* The text of that name, or NULL. */
const struct str *shelf_find(const struct shelf *s, const char *name);

#endif
