/* cases.h -- case files: requests, and what a policy is expected to say.
 *
 *	cases:
 *	  - request: GET https://api.github.com/zen
 *	    expect: allow
 *	    from: /usr/bin/curl		(may be left out)
 *	    name: the proverb		(may be left out)
 */
#ifndef ANALYSIS_CASES_H
#define ANALYSIS_CASES_H

#include "analysis/book.h"

#define CASES_MAX 65536

struct one_case {
	struct question question;
	enum reply_verdict expect;
	struct str route;	/* that a call to a model takes; or empty */
	struct str name;	/* or empty */
	uint32_t line;
};

struct cases { /* cases_fini() it */
	struct arena arena;
	const char *file;
	struct one_case *v;
	uint32_t n;
};

/* The file's name and text must outlive it. -1: what is wrong is in d, each
 * with its place. */
int cases_read(const struct policy_file *f, struct cases *out,
    struct diags *d);
void cases_fini(struct cases *c);

#endif
