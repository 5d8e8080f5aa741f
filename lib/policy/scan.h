/* scan.h -- one question against one rule.  Of decide.c, address.c and
 * near.c alone. */
#ifndef POLICY_SCAN_H
#define POLICY_SCAN_H

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
};

void scan_init(struct scan *s, const struct image *im,
    const struct net_query *q);
enum miss scan_rule(const struct scan *s, const struct f_rule *r);
/* The wires on which the rule speaks of this question. */
uint32_t scan_wires(const struct scan *s, const struct f_rule *r);
bool scan_port(const struct scan *s, const struct f_rule *r);
bool scan_who(const struct scan *s, const struct f_rule *r);

/* Calls on() with each rule whose host agrees, once, in no order. */
typedef void scan_on(void *arg, const struct f_rule *r);
void scan_each(const struct scan *s, scan_on *on, void *arg);

/* Fills out->reason, and out->nearest: no rule allows this, and best (or
 * NULL) came nearest. */
void near_explain(const struct scan *s, const struct f_rule *best,
    enum miss miss, struct net_answer *out);
void near_rule(const struct image *im, const struct f_rule *r,
    struct policy_rule *out);

#endif
