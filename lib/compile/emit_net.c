/* emit_net.c -- the network's rules in an image. */
#include "compile/emit_net.h"
#include "policy/match.h"
#include "policy/sift.h"

/* Comparisons, and states of automata, that one policy may cost. */
#define NET_WORK_MAX	(1U << 26)
#define NET_STATES_MAX	(1U << 20)

static struct f_span
put_words(struct emit *e, const struct strs *v)
{
	struct f_text *t = take_mem(e->c, (size_t)v->n + 1, sizeof(*t));

	for (uint32_t i = 0; i < v->n; i++)
		t[i] = emit_text(e, v->v[i]);
	return emit_span(e, FORM_words, t, v->n, sizeof(*t));
}

static struct f_pat
put_pat(struct emit *e, struct str s)
{
	return (struct f_pat){ emit_text(e, s), (uint32_t)match_literal(s) };
}

static struct f_span
put_pats(struct emit *e, const struct strs *v)
{
	struct f_pat *p = take_mem(e->c, (size_t)v->n + 1, sizeof(*p));

	for (uint32_t i = 0; i < v->n; i++)
		p[i] = put_pat(e, v->v[i]);
	return emit_span(e, FORM_pats, p, v->n, sizeof(*p));
}

static struct f_span
put_exes(struct emit *e, const struct pol_rule *r)
{
	struct f_exe *x = take_mem(e->c, (size_t)r->nexes + 1, sizeof(*x));

	for (uint32_t i = 0; i < r->nexes; i++)
		x[i] = (struct f_exe){ r->exes[i].klass,
			emit_text(e, r->exes[i].text) };
	return emit_span(e, FORM_exes, x, r->nexes, sizeof(*x));
}

static struct f_span
put_needs(struct emit *e, const struct pol_rule *r)
{
	struct f_need *v = take_mem(e->c, (size_t)r->nneeds + 1, sizeof(*v));

	for (uint32_t i = 0; i < r->nneeds; i++)
		v[i] = (struct f_need){ r->needs[i].detail, r->needs[i].flags,
			emit_text(e, r->needs[i].name),
			put_pats(e, &r->needs[i].patterns) };
	return emit_span(e, FORM_needs, v, r->nneeds, sizeof(*v));
}

/* ---- a rule's text for people: "GET,HEAD api.github.com:8443/zen" */

static void
show_methods(struct buf *b, const struct pol_rule *r)
{
	bool ok = true, first = true;

	for (uint32_t m = r->methods; m != 0; m &= m - 1, first = false)
		ok = ok && buf_printf(b, "%s%s", first ? "" : ",",
		    form_method_name(m));
	for (uint32_t i = 0; i < r->words.n; i++, first = false)
		ok = ok && buf_printf(b, "%s%s", first ? "" : ",",
		    r->words.v[i].p);
	if (ok && !first)
		ok = buf_addz(b, " ");
	(void)ok;	/* cut where it does not fit */
}

static void
show_ports(struct buf *b, const struct pol_rule *r)
{
	bool ok = true;

	if (r->nports == 1 && r->ports[0].lo == 443 && r->ports[0].hi == 443)
		return;
	for (uint32_t i = 0; i < r->nports && ok; i++) {
		ok = buf_printf(b, "%c%u", i == 0 ? ':' : ',',
		    r->ports[i].lo);
		if (ok && r->ports[i].hi != r->ports[i].lo)
			ok = buf_printf(b, "-%u", r->ports[i].hi);
	}
}

static struct f_text
put_shown(struct emit *e, const struct pol_rule *r)
{
	struct f_text t;
	struct buf b;
	bool ok;

	buf_init(&b, SHOWN_BYTES_MAX);
	show_methods(&b, r);
	ok = buf_adds(&b, r->host.shown);
	show_ports(&b, r);
	for (uint32_t i = 0; i < r->shown_paths.n && ok; i++)
		ok = buf_printf(&b, "%s%s", i == 0 ? "" : ",",
		    r->shown_paths.v[i].p);
	if (ok && r->when != 0)
		(void)(buf_addz(&b, " when ") && buf_adds(&b,
		    str_upto(pol_cond(e->c, r->when)->text, b.max - b.len)));
	t = emit_text(e, buf_str(&b));
	buf_fini(&b);
	return t;
}

/* ---- rules */

static uint32_t
put_host(struct emit *e, const struct pol_host *h)
{
	if (h->klass == HOST_GLOB) {
		struct f_pat p = put_pat(e, h->name);
		uint32_t at = emit_count(e, FORM_pats, sizeof(p));

		emit_put(e, FORM_pats, &p, sizeof(p));
		return at;
	}
	if (h->klass == HOST_ADDR) {
		uint32_t at = emit_count(e, FORM_nets, sizeof(h->net));

		emit_put(e, FORM_nets, &h->net, sizeof(h->net));
		return at;
	}
	return 0;	/* found by its name, or by any */
}

/* What goes by as bytes is not read. */
static uint32_t
rule_flags(const struct emit *e, const struct pol_rule *r)
{
	if ((r->flags & RULE_DENY) != 0)
		return r->flags;
	return r->flags |
	    sift_join(r->sift, sift_all(&e->c->pol)) << RULE_SIFT_AT;
}

static struct f_rule
rule_form(struct emit *e, const struct pol_rule *r)
{
	return (struct f_rule){
		.flags = rule_flags(e, r),
		.wire = r->wire,
		.klass = r->host.klass,
		.host = put_host(e, &r->host),
		.ports = emit_span(e, FORM_ports, r->ports, r->nports,
		    sizeof(*r->ports)),
		.exes = put_exes(e, r),
		.nets = emit_span(e, FORM_nets, r->nets, r->nnets,
		    sizeof(*r->nets)),
		.paths = put_pats(e, &r->paths),
		.words = put_words(e, &r->words),
		.needs = put_needs(e, r),
		.methods = r->methods,
		.when = emit_cond(e, r->when),
		.rate = r->rate == NULL ? 0 : r->rate->number,
		.file = r->at->doc->index,
		.line = r->at->line,
		.text = put_shown(e, r),
		.section = emit_text(e, r->section),
	};
}

/* ---- how often, and how much */

static struct f_rate
rate_form(struct emit *e, const struct pol_scalar *requests,
    const struct pol_scalar *mb, const struct pol_scalar *period)
{
	const struct node *at = requests->at != NULL ? requests->at : mb->at;
	struct f_rate f = { .period_s = PERIOD_DEFAULT_S };

	f.requests = requests->at == NULL ? 0 : requests->value;
	f.egress_mb = mb->at == NULL ? 0 : mb->value;
	if (period->at != NULL)
		f.period_s = period->value;
	f.file = at == NULL ? 0 : at->doc->index;
	f.line = at == NULL ? 0 : at->line;
	f.text = emit_text(e, STR("network.rate_limits"));
	return f;
}

/* Those of entries by their numbers, then that of the whole. */
static void
put_rates(struct emit *e)
{
	const struct pol_scalar *all = e->c->pol.limits.v;
	struct f_rate f;

	for (const struct pol_rule *r = e->c->pol.rules; r != NULL;
	    r = r->next) {
		if (r->rate == NULL || r->rate->number <=
		    emit_count(e, FORM_rates, sizeof(f)))
			continue;
		f = rate_form(e, &r->rate->v[0], &r->rate->v[1],
		    &r->rate->v[2]);
		f.file = r->at->doc->index;
		f.line = r->at->line;
		f.text = put_shown(e, r);
		emit_put(e, FORM_rates, &f, sizeof(f));
	}
	f = rate_form(e, &all[LIMIT_REQUESTS], &all[LIMIT_EGRESS_MB],
	    &all[LIMIT_PERIOD_S]);
	f.whole = 1;
	if (f.requests != 0 || f.egress_mb != 0)
		emit_put(e, FORM_rates, &f, sizeof(f));
}

static void
put_canaries(struct emit *e)
{
	const struct pol_canaries *all = &e->c->pol.canaries;

	for (uint32_t i = 0; i < all->n; i++) {
		const struct f_canary f = {
			.name = emit_text(e, all->v[i].name),
			.value = emit_text(e, all->v[i].value) };

		emit_put(e, FORM_canaries, &f, sizeof(f));
	}
}

void
emit_net(struct emit *e)
{
	struct net w = { .e = e, .n = e->c->pol.nrules,
		.work = NET_WORK_MAX, .states = NET_STATES_MAX };
	uint32_t at = 0;

	w.rules = take_mem(e->c, (size_t)w.n + 1, sizeof(*w.rules));
	w.pol = take_mem(e->c, (size_t)w.n + 1, sizeof(struct pol_rule *));
	for (struct pol_rule *r = e->c->pol.rules; r != NULL; r = r->next) {
		w.pol[at] = r;
		w.rules[at++] = rule_form(e, r);
	}
	emit_put(e, FORM_rules, w.rules, w.n * sizeof(*w.rules));
	put_rates(e);
	put_canaries(e);
	net_hosts(&w);
	net_loose(&w);
}
