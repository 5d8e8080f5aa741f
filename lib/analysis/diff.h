/* diff.h -- what two policies answer differently: exact, by asking both about
 * one request of each kind that either can tell apart. */
#ifndef ANALYSIS_DIFF_H
#define ANALYSIS_DIFF_H

#include "analysis/book.h"

#define DIFFERENCES_MAX 4096

enum change {
	CHANGE_POSSIBLE,	/* denied before, not after */
	CHANGE_IMPOSSIBLE,
	CHANGE_RECORDED,	/* not denied by either, but audited by one */
};

struct difference { /* of all requests that one rule makes so */
	enum change change;
	const char *domain;
	struct question example;
	struct reply before, after;
	uint32_t kinds;		/* of request, this one too */
};

struct diff { /* diff_fini() it */
	struct arena arena;
	struct difference *v;
	uint32_t n;
	bool more;		/* there are more than fit */
};

/* -1: it cannot be said within limits, and *e why. */
int diff_books(const struct book *before, const struct book *after,
    struct diff *out, struct err *e);
/* Of one domain alone, and no more than is needed to see that they differ. */
int diff_only_network(const struct book *before, const struct book *after,
    struct diff *out, struct err *e);
int diff_only_files(const struct book *before, const struct book *after,
    struct diff *out, struct err *e);
void diff_fini(struct diff *d);

/* ---- between diff*.c */

struct diffing {
	const struct book *before, *after;
	struct diff *to;
	bool one;		/* is enough */
};

/* Asks both, and notes it if they differ. false: both deny, or enough. */
bool diff_ask(struct diffing *d, const struct question *q);
int diff_files(struct diffing *d, struct err *e);
int diff_network(struct diffing *d, struct err *e);

#endif
