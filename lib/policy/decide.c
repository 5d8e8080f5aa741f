/* decide.c -- the network's one decision.
 *
 * Rules add up: each that matches marks the wires (ways of understanding
 * the connection) that it allows or denies. A wire is open when some rule
 * allows it and none denies it; of the open ones the most inspected is
 * taken. */
#include "policy/decide.h"

#include <stdio.h>

#include "policy/maximum.h"
#include "policy/scan.h"

enum { WIRES = 6 };	/* bits of WIRE_ALL */

enum said { SAID_ALLOW, SAID_DENY, SAID_SOFT_ALLOW, SAID_SOFT_DENY, SAIDS };

struct tally { /* the first rule of each kind on each wire */
	const struct scan *s;
	const struct f_rule *first[SAIDS][WIRES];
	const struct f_rule *near;
	enum miss miss;
};

static enum said
said_of(const struct f_rule *r)
{
	bool soft = (r->flags & RULE_SOFT) != 0;

	if ((r->flags & RULE_DENY) != 0)
		return soft ? SAID_SOFT_DENY : SAID_DENY;
	return soft ? SAID_SOFT_ALLOW : SAID_ALLOW;
}

static void
note_near(struct tally *t, const struct f_rule *r, enum miss miss)
{
	if (r->flags != 0)	/* denies, and audit: nobody's grant */
		return;
	if (t->near == NULL || miss > t->miss ||
	    (miss == t->miss && r < t->near)) {
		t->near = r;
		t->miss = miss;
	}
}

static void
tally_rule(void *arg, const struct f_rule *r)
{
	struct tally *t = arg;
	enum miss miss = scan_rule(t->s, r);
	enum said said = said_of(r);
	uint32_t wires;

	if (miss != MISS_NONE) {
		note_near(t, r, miss);
		return;
	}
	wires = scan_wires(t->s, r);
	for (unsigned i = 0; i < WIRES; i++) {
		const struct f_rule **first = &t->first[said][i];

		if ((wires >> i & 1) != 0 && (*first == NULL || r < *first))
			*first = r;
	}
}

/* The most inspected first. */
static const unsigned char order[WIRES] = { 0, 1, 4, 5, 2, 3 };

static enum treatment
wire_treatment(unsigned wire)
{
	static const enum treatment treats[WIRES] = { TREAT_HTTP, TREAT_HTTP,
		TREAT_TLS, TREAT_PASS, TREAT_HTTP, TREAT_HTTP };

	return treats[wire];
}

/* Without any rule: the section's own default_policy, if it is to allow. */
static bool
default_allows(const struct tally *t, unsigned i)
{
	return (t->s->im->head->flags & FORM_DEFAULT_ALLOW) != 0 &&
	    (WIRE_INSPECTED >> i & 1) != 0;
}

static void
say_allow(const struct tally *t, unsigned wire, struct net_answer *out)
{
	const struct f_rule *r = t->first[SAID_ALLOW][wire];

	out->verdict = out->judged = VERDICT_ALLOW;
	out->treat = wire_treatment(wire);
	if (r == NULL) {
		(void)snprintf(out->reason, sizeof(out->reason),
		    "default_policy of network is allow");
		return;
	}
	near_rule(t->s->im, r, &out->rule);
	(void)snprintf(out->reason, sizeof(out->reason), "allowed by %.*s:%u",
	    (int)out->rule.file.len, out->rule.file.p, out->rule.line);
}

static void
say_deny(const struct tally *t, const struct f_rule *deny,
    struct net_answer *out)
{
	if (deny == NULL) {
		near_explain(t->s, t->near, t->miss, out);
		return;
	}
	near_rule(t->s->im, deny, &out->rule);
	(void)snprintf(out->reason, sizeof(out->reason),
	    "denied by %.*s:%u: %.*s", (int)out->rule.file.len,
	    out->rule.file.p, out->rule.line, (int)out->rule.text.len,
	    out->rule.text.p);
}

static bool
wire_allowed(const struct tally *t, unsigned i)
{
	return (t->s->wires >> i & 1) != 0 &&
	    t->first[SAID_DENY][i] == NULL &&
	    t->first[SAID_SOFT_DENY][i] == NULL &&
	    (t->first[SAID_ALLOW][i] != NULL || default_allows(t, i));
}

/* An endpoint in audit mode lets pass what its rules would deny. */
static bool
wire_audited(const struct tally *t, unsigned i)
{
	return (t->s->wires >> i & 1) != 0 &&
	    t->first[SAID_DENY][i] == NULL &&
	    t->first[SAID_SOFT_ALLOW][i] != NULL;
}

static const struct f_rule *
first_deny(const struct tally *t)
{
	const struct f_rule *found = NULL;

	for (unsigned i = 0; i < WIRES; i++)
		for (unsigned k = SAID_DENY; k <= SAID_SOFT_DENY; k += 2) {
			const struct f_rule *r = t->first[k][i];

			if (r != NULL && (found == NULL || r < found))
				found = r;
		}
	return found;
}

static void
judge(const struct tally *t, struct net_answer *out)
{
	for (unsigned i = 0; i < WIRES; i++)
		if (wire_allowed(t, order[i])) {
			say_allow(t, order[i], out);
			return;
		}
	say_deny(t, first_deny(t), out);
	for (unsigned i = 0; i < WIRES; i++)
		if (wire_audited(t, order[i])) {
			out->verdict = VERDICT_ALLOW;
			out->treat = wire_treatment(order[i]);
			return;
		}
}

static enum treatment
unruled_treatment(const struct scan *s)
{
	uint32_t wires = form_port_wires(s->q->port) & s->wires;

	if (s->request || (wires & WIRE_INSPECTED) != 0)
		return TREAT_HTTP;
	if ((wires & WIRE_TLS) != 0)
		return TREAT_TLS;
	return (wires & WIRE_TCP) != 0 ? TREAT_PASS : TREAT_HTTP;
}

void
policy_network(const struct image *im, const struct net_query *q,
    struct net_answer *out)
{
	struct scan s;
	struct tally t = { .s = &s };

	if (im->max != NULL) {
		maximum_network(im, q, out);
		return;
	}
	*out = (struct net_answer){ 0 };
	scan_init(&s, im, q);
	scan_each(&s, tally_rule, &t);
	judge(&t, out);
	if (out->verdict == VERDICT_DENY &&
	    im->info.mode != POLICY_ENFORCE) {
		out->verdict = VERDICT_ALLOW;
		out->treat = unruled_treatment(&s);
	}
}
