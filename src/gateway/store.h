/* store.h -- sandboxes, policy revisions and proposals in SQLite.  Every write is one
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

enum proposal_status { /* as stored: never renumber; store_sql.c knows them */
	PROPOSAL_PENDING,	/* somebody waits in the sandbox */
	PROPOSAL_UNANSWERED,	/* nobody waits any more */
	PROPOSAL_APPROVED,
	PROPOSAL_ONCE,		/* approved for those that waited */
	PROPOSAL_REJECTED,
	PROPOSAL_STATUS_COUNT
};

struct proposal_row { /* strings borrowed */
	uint64_t number;		/* what people call it */
	const char *sandbox, *name;	/* id, and name as it was */
	int kind;			/* of enum proposal_kind */
	const char *subject;		/* with kind and sandbox: which it is */
	const char *title, *rule;	/* what is asked for; what a yes says */
	const char *detail;		/* JSON, for people */
	enum proposal_status status;
	int64_t asks;
	struct wall created, asked, decided;
	const char *actor, *reason;	/* of the answer */
	struct wall until;		/* of an approval; 0: no end */
	bool everywhere;		/* for every sandbox */
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

/* ---- store_proposal.c ---- */

typedef int store_on_proposal(void *arg, const struct proposal_row *p,
    struct err *e);
/* Asked for, anew or again: pending now. Makes room among those that stand
 * for nothing; ERR_LIMIT: the sandbox has max already. */
int store_propose(struct store *s, const struct proposal_row *p, unsigned max,
    struct err *e);
/* status, decided, actor, reason, until, everywhere of p->number; on the disk
 * before this returns. */
int store_proposal_answer(struct store *s, const struct proposal_row *p,
    struct err *e);
/* Nobody waits for it any more; subject NULL: for none of the sandbox's. */
int store_proposal_over(struct store *s, const char *sandbox, int kind,
    const char *subject, struct err *e);
/* Asked last first; sandbox "" is all, status -1 any. */
int store_proposals(struct store *s, const char *sandbox, int status,
    unsigned most, store_on_proposal *on_row, void *arg, struct err *e);
/* ERR_MISSING. */
int store_proposal(struct store *s, uint64_t number,
    store_on_proposal *on_row, void *arg, struct err *e);
/* The same by what it is; and the answer that holds at now for a sandbox. */
int store_proposal_find(struct store *s, const char *sandbox, int kind,
    const char *subject, store_on_proposal *on_row, void *arg,
    struct err *e);
int store_proposal_standing(struct store *s, const char *sandbox, int kind,
    const char *subject, struct wall now, store_on_proposal *on_row,
    void *arg, struct err *e);

#endif
