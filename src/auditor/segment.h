/* segment.h -- the files of the log: append only, one after the other. */
#ifndef AUDITOR_SEGMENT_H
#define AUDITOR_SEGMENT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "audit/line.h"
#include "base/str.h"

struct err;

struct segments {
	int dirfd;		/* borrowed */
	int fd;			/* of the newest; -1: none yet */
	struct audit_segment now;
	off_t bytes;		/* in it */
	uint64_t seq;		/* of the last whole line; 0: none */
	bool torn;		/* when opened, it ended within a line */
};

/* Finds the newest file and the last sequence number. A line that was cut by
 * a crash gets its newline and stays; nothing is ever taken away. */
int segments_open(struct segments *s, int dirfd, struct err *e);
/* Goes on in a new file if this one is full or of another day. Call only
 * between lines. */
int segments_turn(struct segments *s, uint32_t day, struct err *e);
/* Appends what it can: the count, or -1 (then nothing was). */
ssize_t segments_append(struct segments *s, struct str bytes, struct err *e);
int segments_sync(struct segments *s, struct err *e);
void segments_close(struct segments *s);

#endif
