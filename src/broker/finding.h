/* finding.h -- what is in a large file: read by a helper, while others are
 * answered.
 *
 * Its question is held until then, and asked anew; what was found of its files
 * is kept until it is over. The same for a program that was loaded and stands
 * still until it is known what that is. */
#ifndef BROKER_FINDING_H
#define BROKER_FINDING_H

#include "broker/review.h"

/* What is read at once, whoever waits. */
#define FINDING_BYTES_MIN (1 << 20)

/* Reads an open file to its end; it may keep a copy in memfd (-1: none). 0 or
 * -errno. */
typedef int finding_read(int fd, int memfd, struct content *out);

/* What is in fd, of which st is, for the question that is answered now. 0;
 * HELD: it is not known yet; or -errno. memfd is taken; *copy: the one that
 * was filled, or -1. */
int finding_get(struct broker *b, int fd, const struct stat *st,
    finding_read *read, int memfd, struct content *out, int *copy);
/* The question is over. */
void finding_forget(uint64_t id);
/* Of what process pid has loaded. done is called with its hash, or NULL. 0 or
 * -errno: done is not called. */
typedef void finding_done(struct broker *b, pid_t pid,
    const unsigned char *hash);
int finding_loaded(struct broker *b, pid_t pid, int fd, finding_done *done);
/* Who waited for room is asked anew. */
void finding_tick(void);

#endif
