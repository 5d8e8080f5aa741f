/* log_reader.h -- reads the audit log's files by lines, both ways, a chunk
 * at a time. */
#ifndef GATEWAY_LOG_READER_H
#define GATEWAY_LOG_READER_H

#include <stdbool.h>
#include <sys/types.h>

#include "audit/line.h"
#include "base/buf.h"
#include "log_filter.h"

struct err;

struct log_reader {
	int dirfd;		/* borrowed: the log directory */
	struct audit_segment seg;
	int fd;			/* of it; -1: there is none yet */
	off_t at;		/* next byte: forwards, or end of the rest */
	struct buf part;	/* of a line: its begin (forwards) or its end */
	uint64_t found;		/* while going back */
	bool ending;		/* forwards: a newer file is there */
};

enum log_step { LOG_FAILED = -1, LOG_MORE, LOG_DONE };

/* At the end of the newest file. */
int log_reader_open(struct log_reader *r, int dirfd, struct err *e);
/* Goes back to where an answer to f begins, a chunk at a call. */
enum log_step log_reader_back(struct log_reader *r,
    const struct log_filter *f, struct err *e);
/* Goes to the oldest line. */
int log_reader_oldest(struct log_reader *r, struct err *e);
/* Takes lines forwards, a chunk at a call; LOG_DONE: there are no more now,
 * a later call looks again. on_line gets whole lines, newline included. */
enum log_step log_reader_next(struct log_reader *r,
    void (*on_line)(void *arg, struct str line), void *arg, struct err *e);
void log_reader_close(struct log_reader *r);

#endif
