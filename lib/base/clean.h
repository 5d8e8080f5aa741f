/* clean.h -- what a block owns ends with the block. */
#ifndef BASE_CLEAN_H
#define BASE_CLEAN_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static inline void
clean_fd(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);	/* nothing to do if it fails */
}

static inline void
clean_free(void *pp)
{
	free(*(void **)pp);
}

static inline void
clean_file(FILE **f)
{
	if (*f != NULL)
		(void)fclose(*f);	/* read side only */
}

#define CLEAN_FD   __attribute__((cleanup(clean_fd)))
#define CLEAN_FREE __attribute__((cleanup(clean_free)))
#define CLEAN_FILE __attribute__((cleanup(clean_file)))

/* Hands the descriptor on: the variable no longer owns it. */
static inline int
fd_take(int *fd)
{
	int taken = *fd;

	*fd = -1;
	return taken;
}

static inline void
fd_close(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
	*fd = -1;
}

#endif
