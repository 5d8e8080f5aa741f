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
	CHANGE_ROUTED,		/* a call to a model takes another way */
	CHANGE_PROFILE,		/* a command runs under another profile */
	CHANGE_SETTING,		/* a limit or the like: text says which */
	CHANGE_UNSURE,		/* not decided: text says what */
};

struct difference { /* of all requests that one rule makes so */
	enum change change;
	const char *domain;
	struct question example;
	struct reply before, after;
	uint32_t kinds;		/* of request, this one too */
	const char *text;	/* CHANGE_SETTING, CHANGE_UNSURE: no example */
	struct policy_rule at;	/* where */
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
/* Of the network, where conditions are out of the way already. */
int diff_all_network(const struct book *before, const struct book *after,
    struct diff *out, struct err *e);
int diff_only_files(const struct book *before, const struct book *after,
    struct diff *out, struct err *e);
void diff_fini(struct diff *d);

/* ---- between diff*.c */

struct diffing {
	const struct book *before, *after;
	struct diff *to;
	bool one;		/* is enough */
	bool wide;		/* conditions are out of the way already */
	uint64_t most, asked;	/* questions that may be asked; 0: any number */
	bool spent;		/* there were more */
	bool inexact;		/* of some host not all was asked about */
};

/* Asks both, and notes it if they differ. false: both deny, or enough. */
bool diff_ask(struct diffing *d, const struct question *q);
/* One about no question; at NULL: of no place. */
void diff_setting(struct diffing *d, const struct node *at, const char *fmt,
    ...) PRINTF(3, 4);
void diff_unsure(struct diffing *d, const char *domain,
    const struct node *at, const char *fmt, ...) PRINTF(4, 5);

#define MODEL_POINTS_MAX 1000000
struct cond_domain;
/* The conditions about calls to models; out NULL: only how many. */
uint32_t book_conds(const struct book *b, const struct cond **out);
void model_question(struct arena *a, const struct cond_domain *d,
    uint64_t point, struct question *q);

int diff_models(struct diffing *d, struct err *e);
void diff_commands(struct diffing *d);
void diff_rest(struct diffing *d);
int diff_files(struct diffing *d, struct err *e);
int diff_network(struct diffing *d, struct err *e);

#endif
