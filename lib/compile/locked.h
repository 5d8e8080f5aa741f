/* locked.h -- what differs between two images, as lines. Of locked*.c. */
#ifndef COMPILE_LOCKED_H
#define COMPILE_LOCKED_H

#include <stdbool.h>

struct buf;
struct image;

struct changes { /* between two images, or two maximums */
	struct buf *out;
	const struct image *was, *is;
	const char *section;
	bool ok;		/* all was said that there is */
};

/* Nothing, where they are the same. */
void changes_say(struct changes *c, const char *what, const char *was,
    const char *is);
/* locked_commands.c */
void changes_commands(struct changes *c);

#endif
