/* space.h -- all requests over the network that some rules can tell apart:
 * one of each kind.
 *
 * Each dimension (host, caller, port, what is spoken, method, path, address)
 * is cut into classes that no rule distinguishes; whatever is true of one
 * request of each combination is true of all. So an analysis asks the very
 * function that enforces, about finitely many requests, and is exact. */
#ifndef ANALYSIS_SPACE_H
#define ANALYSIS_SPACE_H

#include "analysis/question.h"
#include "automaton/automaton.h"
#include "compile/checked.h"

#define SPACE_POLICIES_MAX 4

/* Of a connection: false: no request on it is of interest. Of others: false:
 * enough of this host. */
typedef bool space_on(void *arg, const struct question *q);

struct space_rules;
/* Of a host that is not left out: the rules that may matter there. */
typedef void space_on_rules(void *arg, const struct space_rules *rules);

struct space {
	struct arena *arena;
	/* With the maximum policy that bounds each, if there is one. */
	const struct checked *pol[SPACE_POLICIES_MAX];
	uint32_t npol;
	/* Hosts for which the first two policies hold the same rules are left
	 * out: there is no difference to be found. */
	bool differences;
	space_on *on;
	space_on_rules *on_rules;	/* or NULL */
	void *arg;
	bool inexact;		/* of some host there is more than was asked
				 * about */
	struct dfa paths, slashed, programs; /* what can be at all; its own */
};

/* -1: some class could not be found within limits; *e says of what. */
int space_walk(struct space *s, struct err *e);

/* ---- between space*.c */

struct space_rule {
	const struct pol_rule *r;
	const struct checked *in;
	uint32_t of;			/* which policy */
	bool maximum;			/* of the maximum of that one */
	unsigned char digest[32];	/* of what it says, but for its host */
};

struct space_details { /* of a request, beside method and path */
	struct str query;
	struct detail_pair *field;
	struct detail_value *content;
	uint32_t nfields, ncontent;
	uint32_t read;
};

struct space_rules {
	struct space_rule *v;
	uint32_t n;
	/* Here: what a request may say that the rules tell apart; the first
	 * says nothing. Not exact: there is more than was taken. */
	struct space_details *details;
	uint32_t ndetails;
	bool exact;
};

struct names {
	struct host *v;
	uint32_t n;
};

/* A host for each class of hosts. */
int space_hosts(struct arena *a, const struct space_rules *all,
    struct names *out, struct err *e);
/* Is its condition about the session alone? Then all that it can tell apart is
 * asked about; what it asks of a request is not. */
bool space_knows_when(const struct checked *in, const struct pol_rule *r);
/* Does it ask of a request no more than is looked at: query, fields, content? */
bool space_knows_needs(const struct pol_rule *r);
bool space_knows_detail(enum detail detail);
/* Fills in rules->details. */
void space_details(struct arena *a, struct space_rules *rules);
bool space_host_is(const struct pol_rule *r, const struct host *h);
void space_digest(struct space_rule *r);

/* The requests to one host; rules: those that may matter there. */
int space_host(struct space *s, const struct host *h,
    const struct space_rules *rules, struct err *e);

#endif
