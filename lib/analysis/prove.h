/* prove.h -- statements about everything that a policy allows: each holds, or
 * there is a counterexample.
 *
 *	no request [FILTER...]
 *	no connection [FILTER...]
 *	every request [FILTER...] has FILTER...
 *	nothing under PATH [or PATH...] is readable|writable
 *	only PATH [or PATH...] is readable|writable
 *	no command NAME [or NAME...] [[runs] [with] PATTERN...]
 *	no command runs with PATTERN...
 *	only NAME [or NAME...] runs [with PATTERN...]
 *	CONDITION => CONDITION
 *
 * FILTER: to|reaches HOST, port N, method M, path P, from PROGRAM, each with
 * "or" and more of its kind; "on", "with" and "and" may stand before it. A
 * word means what it means in a deny: *.example.com is that name too, and any
 * depth; GET includes HEAD.
 *
 * No solver: each dimension of a request is cut into the classes that rules
 * and the statement tell apart (space.h), and one of each is asked about. */
#ifndef ANALYSIS_PROVE_H
#define ANALYSIS_PROVE_H

#include "analysis/book.h"

#define STATEMENT_WORDS_MAX 128

struct proof {
	bool holds;
	struct question counter;	/* where it does not hold */
	struct reply reply;		/* of the policy, to that */
	uint64_t asked;			/* questions, to be sure */
};

/* The statement is line `line' of doc, or all of it. What the proof holds is
 * made in the arena. -1: it is no statement, or nothing can be said about it
 * within limits; d says why, with a caret. */
int prove(const struct book *b, const struct doc *doc, uint32_t line,
    struct str statement, struct arena *a, struct diags *d,
    struct proof *out);

/* ---- between prove*.c */

struct token { /* a word of the statement */
	struct str text;	/* "or" where a comma stands */
	uint32_t column, width;	/* as it is written */
};

struct statement {
	const struct book *book;
	const struct doc *doc;
	uint32_t line;
	struct arena *arena;
	struct diags *diags;
	struct str text;
	struct token *word;
	uint32_t n, at;		/* at: the next one */
	struct proof *proof;
};

/* Says what is wrong at word i (n: after the last). Returns -1. */
int statement_fault(struct statement *s, uint32_t i, const char *fmt, ...)
    PRINTF(3, 4);
/* Is the next word this one? Then it is taken. */
bool statement_take(struct statement *s, const char *word);
/* Notes the first counterexample. */
void statement_counter(struct statement *s, const struct question *q,
    const struct reply *r);

/* only: the statement names what may be, not what may not. */
int prove_files(struct statement *s, bool only);
int prove_commands(struct statement *s);
int prove_only_commands(struct statement *s);
int prove_models(struct statement *s);
int prove_network(struct statement *s, bool every, bool connection);

#endif
