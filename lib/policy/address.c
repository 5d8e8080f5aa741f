/* address.c -- may a name that was allowed lead to this address?  Asked
 * after resolution, about the very address that is then dialled. */
#include <arpa/inet.h>
#include <stdio.h>

#include "policy/cond.h"
#include "policy/decide.h"
#include "policy/maximum.h"
#include "policy/profile.h"
#include "policy/scan.h"

struct reach {
	const struct scan *s;
	const unsigned char *addr;
	const char *special;	/* what kind of address it is, or NULL */
	bool any;		/* some rule allows the question */
	bool may;
	const struct f_rule *deny; /* of addresses, that holds this one */
};

/* allowed_ips of a rule is the whole of what it may reach; without it, the
 * public addresses; a rule that is an address says so itself. */
static bool
rule_reaches(const struct reach *a, const struct f_rule *r)
{
	const struct image *im = a->s->im;

	for (uint32_t i = 0; i < r->nets.n; i++)
		if (prefix_holds(&im->nets[r->nets.first + i], a->addr))
			return true;
	if (r->nets.n > 0)
		return false;
	if (r->klass == HOST_ADDR)
		return prefix_holds(&im->nets[r->host], a->addr);
	return a->special == NULL;
}

static void
on_list(struct reach *a, struct f_span list)
{
	const struct image *im = a->s->im;
	uint32_t wires;

	for (uint32_t i = 0; i < list.n; i++) {
		const struct f_rule *r = &im->rules[im->refs[list.first + i]];

		if ((r->flags & RULE_DENY) != 0 ||
		    scan_rule(a->s, r, false, &wires) != MISS_NONE)
			continue;
		a->any = true;
		a->may |= rule_reaches(a, r);
	}
}

static void
on_group(void *arg, const struct f_group *g)
{
	struct reach *a = arg;
	const struct f_cell *cell = scan_cell(a->s, g);

	if (cell == NULL)
		return;
	if (!a->s->request) {
		on_list(a, cell->all);
		return;
	}
	on_list(a, cell->open);
	for (unsigned i = 0; i < FORM_KINDS; i++)
		on_list(a, scan_leaf(a->s, &cell->paths[i]));
}

static bool
denies_now(const struct scan *s, const struct f_rule *r)
{
	struct facts f;

	if (r->when == 0)
		return true;
	facts_net(&f, s->q, true);
	return cond_denies(s->im, r->when, &f);
}

/* A deny that names addresses holds for every name that leads to them. */
static void
on_block(void *arg, const struct f_group *g)
{
	struct reach *a = arg;
	const struct f_cell *cell = scan_cell(a->s, g);
	const struct image *im = a->s->im;

	for (uint32_t i = 0; cell != NULL && i < cell->all.n; i++) {
		const struct f_rule *r =
		    &im->rules[im->refs[cell->all.first + i]];

		if ((r->flags & (RULE_DENY | RULE_SOFT)) == RULE_DENY &&
		    scan_who(a->s, r) && denies_now(a->s, r) && (a->deny == NULL || r < a->deny))
			a->deny = r;
	}
}

static void
say_why(const struct reach *a, char *why, size_t cap)
{
	const struct net_query *q = a->s->q;
	struct policy_rule at;
	char text[INET6_ADDRSTRLEN] = "?";
	struct prefix one = { .bits = 128 };
	char print[PREFIX_TEXT_BYTES];

	memcpy(one.addr, a->addr, sizeof(one.addr));
	(void)snprintf(text, sizeof(text), "%s", prefix_print(&one, print));
	if (a->deny != NULL) {
		near_rule(a->s->im, a->deny, &at);
		(void)snprintf(why, cap, "%.*s leads to %s, denied by "
		    "%.*s:%u", (int)q->host.len, q->host.p, text,
		    (int)at.file.len, at.file.p, at.line);
	} else if (a->special != NULL) {
		(void)snprintf(why, cap, "%.*s leads to %s, %s: name it in "
		    "allowed_ips to permit it", (int)q->host.len, q->host.p,
		    text, a->special);
	} else {
		(void)snprintf(why, cap, "%.*s leads to %s, which is not in "
		    "allowed_ips", (int)q->host.len, q->host.p, text);
	}
}

bool
policy_address(const struct image *im, const struct net_query *q,
    const struct in6_addr *addr, char *why, size_t cap)
{
	struct scan s;
	struct reach a = { .s = &s, .addr = addr->s6_addr };

	if (q->profiles != 0)
		return profiles_address(im, q, addr, why, cap);
	if (im->max != NULL)
		return maximum_address(im, q, addr, why, cap);
	scan_init(&s, im, q);
	/* Dialling comes before the first byte is seen: what will be spoken
	 * is not known, and does not change where a name may lead. */
	s.wires = !s.request ? WIRE_ALL : q->websocket ? WIRE_WS | WIRE_WSS :
	    WIRE_HTTP | WIRE_HTTPS | WIRE_GRPC | WIRE_H2C;
	a.special = addr_special(a.addr);
	if (a.special == NULL && q->own)
		a.special = "an address of this machine itself";
	scan_blocks(im, a.addr, on_block, &a);
	(void)scan_groups(&s, on_group, &a);
	if (!a.any)	/* default_policy or policy_mode lets it through */
		a.may = a.special == NULL;
	if (a.may && a.deny == NULL)
		return true;
	say_why(&a, why, cap);
	return false;
}
