/* scan.h -- from a question to the few rules that may speak of it, and one
 * question against one rule.  Of decide.c, address.c and near.c alone. */
#ifndef POLICY_SCAN_H
#define POLICY_SCAN_H

#include "policy/cond.h"
#include "policy/decide.h"
#include "policy/form.h"

/* The first thing about a rule that does not agree with the question, in the
 * order in which they are looked at; a later one is a nearer miss. */
enum miss {
	MISS_HOST,
	MISS_PORT,
	MISS_WIRE,
	MISS_WHO,
	MISS_METHOD,
	MISS_PATH,
	MISS_SLASH,
	MISS_NEED,
	MISS_WHEN,
	MISS_NONE,	/* it matches */
};

struct scan { /* the question, made ready */
	const struct image *im;
	const struct net_query *q;
	bool literal;		/* the host is an address: addr */
	unsigned char addr[16];
	bool request;		/* about a request, not a connection alone */
	uint32_t method;	/* its bit, or 0 */
	uint32_t wires;		/* what this may be understood as */
	uint32_t port_wires;	/* what the port stands for */
	bool slash;		/* the path holds an encoded one */
	uint32_t *asked;	/* net_answer's; or NULL */
};

void scan_init(struct scan *s, const struct image *im,
    const struct net_query *q);
/* A rule of the port's cell; path: look at its paths too. *wires: those on
 * which it speaks of this question, 0 when it does not. */
enum miss scan_rule(const struct scan *s, const struct f_rule *r, bool path,
    uint32_t *wires);
bool scan_pat(const struct image *im, const struct f_pat *p,
    struct str text);
/* detail.c: the first of the rule's needs that the request fails, or NULL. */
const struct f_need *scan_need(const struct scan *s, const struct f_rule *r);
/* Of a need that a request fails: a value that is not as it wants, or NULL. */
const struct detail_pair *scan_wrong(const struct scan *s,
    const struct f_rule *r, const struct f_need *t);
bool scan_who(const struct scan *s, const struct f_rule *r);

/* find.c: calls on() with each group whose hosts agree. Gives back the rule
 * nearest of name, + 1, or 0. */
typedef void scan_on_group(void *arg, const struct f_group *g);
uint32_t scan_groups(const struct scan *s, scan_on_group *on, void *arg);
/* The same, of groups for addresses that hold this one. */
void scan_blocks(const struct image *im, const unsigned char addr[16],
    scan_on_group *on, void *arg);
/* The group's rules for the question's port; NULL: none. */
const struct f_cell *scan_cell(const struct scan *s,
    const struct f_group *g);
/* Rules of the cell whose paths agree, besides its open ones. */
struct f_span scan_leaf(const struct scan *s, const struct f_paths *paths);

/* Fills out->reason, and out->nearest: no rule allows this. */
void near_explain(const struct scan *s, struct net_answer *out);
void near_rule(const struct image *im, const struct f_rule *r,
    struct policy_rule *out);

#endif
