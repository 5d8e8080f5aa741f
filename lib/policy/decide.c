/* decide.c -- the network's one decision.
 *
 * Rules add up: each that matches marks the wires (ways of understanding
 * the connection) that it allows or denies. A wire is open when some rule
 * allows it and none denies it; of the open ones the most inspected is
 * taken. */
#include "policy/decide.h"

#include <stdio.h>

#include "policy/maximum.h"
#include "policy/profile.h"
#include "policy/scan.h"
#include "policy/sift.h"

enum { WIRES = 8 };	/* bits of WIRE_ALL */

enum said { SAID_ALLOW, SAID_DENY, SAID_SOFT_ALLOW, SAID_SOFT_DENY, SAIDS };

struct tally { /* the first rule of each kind on each wire */
	const struct scan *s;
	const struct f_rule *first[SAIDS][WIRES];
	uint64_t rates[WIRES];	/* of all that allow */
	uint32_t sift[WIRES];
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
tally_rule(struct tally *t, const struct f_rule *r)
{
	enum said said = said_of(r);
	uint32_t wires;

	if (scan_rule(t->s, r, false, &wires) != MISS_NONE)
		return;
	for (; wires != 0; wires &= wires - 1) {
		const struct f_rule **first =
		    &t->first[said][__builtin_ctz(wires)];

		if (*first == NULL || r < *first)
			*first = r;
		if (r->rate != 0 && (r->flags & RULE_DENY) == 0)
			t->rates[__builtin_ctz(wires)] |=
			    UINT64_C(1) << (r->rate - 1);
		if ((r->flags & RULE_DENY) == 0) {
			uint32_t *sift = &t->sift[__builtin_ctz(wires)];

			*sift = sift_join(*sift, r->flags >> RULE_SIFT_AT);
		}
	}
}

static void
tally_list(struct tally *t, struct f_span list)
{
	const struct image *im = t->s->im;

	for (uint32_t i = 0; i < list.n; i++)
		tally_rule(t, &im->rules[im->refs[list.first + i]]);
}

static void
tally_group(void *arg, const struct f_group *g)
{
	struct tally *t = arg;
	const struct f_cell *cell = scan_cell(t->s, g);

	if (cell == NULL)
		return;
	if (!t->s->request) {
		tally_list(t, cell->all);
		return;
	}
	tally_list(t, cell->open);
	for (unsigned i = 0; i < FORM_KINDS; i++)
		if (cell->paths[i].start != 0)
			tally_list(t, scan_leaf(t->s, &cell->paths[i]));
}

/* The most inspected first. */
static const unsigned char order[WIRES] = { 0, 1, 4, 5, 6, 7, 2, 3 };

static enum treatment
wire_treatment(unsigned wire)
{
	static const enum treatment treats[WIRES] = { TREAT_HTTP, TREAT_HTTP,
		TREAT_TLS, TREAT_PASS, TREAT_HTTP, TREAT_HTTP, TREAT_HTTP,
		TREAT_HTTP };

	return treats[wire];
}

/* Without any rule: the section's own default_policy, if it is to allow. */
static bool
default_allows(const struct tally *t, unsigned i)
{
	return (t->s->im->head->flags & FORM_DEFAULT_ALLOW) != 0 &&
	    (WIRE_INSPECTED >> i & 1) != 0;
}

/* What is said of every request that passes is not printed: that would take
 * longer than the decision. */
static size_t
put_text(char *out, size_t at, size_t cap, struct str s)
{
	size_t n = s.len < cap - 1 - at ? s.len : cap - 1 - at;

	memcpy(out + at, s.p, n);
	return at + n;
}

static size_t
put_number(char *out, size_t at, size_t cap, uint32_t v)
{
	char digits[10];
	size_t n = sizeof(digits);

	do
		digits[--n] = (char)('0' + v % 10);
	while ((v /= 10) != 0);
	return put_text(out, at, cap,
	    str_of(digits + n, sizeof(digits) - n));
}

static void
say_allow(const struct tally *t, unsigned wire, struct net_answer *out)
{
	const struct f_rule *r = t->first[SAID_ALLOW][wire];
	const size_t cap = sizeof(out->reason);
	size_t at;

	out->verdict = out->judged = VERDICT_ALLOW;
	out->treat = wire_treatment(wire);
	out->rates[0] = t->rates[wire];
	out->sift = t->sift[wire];
	if (r == NULL) {
		(void)snprintf(out->reason, sizeof(out->reason),
		    "default_policy of network is allow");
		return;
	}
	near_rule(t->s->im, r, &out->rule);
	out->encoded_slash = (r->flags & RULE_SLASH) != 0;
	at = put_text(out->reason, 0, cap, STR("allowed by "));
	at = put_text(out->reason, at, cap, out->rule.file);
	at = put_text(out->reason, at, cap, STR(":"));
	at = put_number(out->reason, at, cap, out->rule.line);
	out->reason[at] = '\0';
}

static void
say_deny(const struct tally *t, const struct f_rule *deny,
    struct net_answer *out)
{
	if (deny == NULL) {
		near_explain(t->s, out);
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
	uint32_t wires = s->port_wires & s->wires;

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

	if (q->profiles != 0) {
		profiles_network(im, q, out);
		return;
	}
	if (im->max != NULL) {
		maximum_network(im, q, out);
		return;
	}
	*out = (struct net_answer){ 0 };
	scan_init(&s, im, q);
	s.asked = &out->asked;
	(void)scan_groups(&s, tally_group, &t);
	judge(&t, out);
	if (out->verdict == VERDICT_DENY &&
	    im->info.mode != POLICY_ENFORCE) {
		out->verdict = VERDICT_ALLOW;
		out->treat = unruled_treatment(&s);
	}
}
