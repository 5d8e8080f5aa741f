/* outcome_file.h -- how a sandbox ended, left in its directory for a gateway
 * that was away.  The supervisor writes it before BOX_ENDED. */
#ifndef MSG_OUTCOME_FILE_H
#define MSG_OUTCOME_FILE_H

#include "msg/body.h"

struct err;

#define OUTCOME_FILE "outcome"

/* Replaces the file in one step: outcome.new is renamed over it. */
int outcome_write(int dirfd, const struct outcome *o, struct err *e);
/* ERR_MISSING: there is none. */
int outcome_read(int dirfd, struct outcome *o, struct err *e);

#endif
