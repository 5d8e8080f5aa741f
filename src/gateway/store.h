/* store.h -- sandboxes and policy revisions in SQLite.  Every write is one
 * transaction; a process that is killed loses nothing it was told is done.
 */
#ifndef GATEWAY_STORE_H
#define GATEWAY_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/limits.h"

struct err;
struct store;

enum phase { /* as stored: never renumber */
	PHASE_PROVISIONING,
	PHASE_RUNNING,
	PHASE_EXITED,
	PHASE_FAILED,
	PHASE_STOPPED,
	PHASE_DELETING,
	PHASE_COUNT
};

enum revision_status { /* as stored: never renumber */
	REVISION_STORED,
	REVISION_PENDING,
	REVISION_LOADED,
	REVISION_FAILED,
	REVISION_COUNT
};

struct sandbox_row { /* strings borrowed */
	const char *id, *name, *spec;	/* spec: JSON, see box.h */
	bool keep;
	enum phase phase;
	int32_t code;			/* exit code, or minus the signal */
	const char *reason;
	struct wall created, started, ended, used; /* 0: not yet */
};

struct revision_row { /* strings borrowed */
	const char *sandbox;		/* id */
	uint64_t number;
	const char *hash, *texts, *actor, *reason; /* texts: JSON */
	struct wall created;
	enum revision_status status;
};

/* Opens or makes the file; refuses one that a newer version wrote. */
int store_open(const char *path, struct store **out, struct err *e);
void store_close(struct store *s);

/* The sandbox with its first revision. ERR_EXISTS: the name is taken. */
int store_create(struct store *s, const struct sandbox_row *b,
    const struct revision_row *r, struct err *e);
/* Phase, outcome and times of b->id. */
int store_update(struct store *s, const struct sandbox_row *b,
    struct err *e);
int store_delete(struct store *s, const char *id, struct err *e);
/* A later revision: on the disk before this returns, so that a policy once
 * narrowed never widens again by a power cut. */
int store_revise(struct store *s, const struct revision_row *r,
    struct err *e);
int store_revision_status(struct store *s, const char *id, uint64_t number,
    enum revision_status status, const char *reason, struct err *e);

/* Row by row, oldest first; on_row returning -1 ends it, with *e set. */
int store_sandboxes(struct store *s,
    int (*on_row)(void *arg, const struct sandbox_row *b, struct err *e),
    void *arg, struct err *e);
/* Newest first, texts left out (NULL). */
int store_revisions(struct store *s, const char *id,
    int (*on_row)(void *arg, const struct revision_row *r, struct err *e),
    void *arg, struct err *e);
/* One, with its texts; number 0: the newest that did not fail.
 * ERR_MISSING. */
int store_revision(struct store *s, const char *id, uint64_t number,
    int (*on_row)(void *arg, const struct revision_row *r, struct err *e),
    void *arg, struct err *e);
/* The highest number given so far, failed ones too. */
int store_revision_last(struct store *s, const char *id, uint64_t *out,
    struct err *e);

#endif
