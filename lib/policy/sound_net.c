/* sound_net.c -- whether the network's records in an image are sound. */
#include "base/compat.h"
#include "policy/detail.h"
#include "policy/match.h"
#include "policy/canaries.h"
#include "policy/rates.h"
#include "policy/sound.h"

static bool
host_ok(const struct image *im, const struct f_rule *r)
{
	switch ((enum host_class)r->klass) {
	case HOST_EXACT:
	case HOST_ONE:
	case HOST_MORE:
	case HOST_DEEP:
		return r->host < im->nhosts;
	case HOST_GLOB:
		return r->host < im->npats;
	case HOST_ADDR:
		return r->host < im->nnets;
	case HOST_ANY:
		return r->host == 0;
	case HOST_CLASS_COUNT:
		return false;
	}
	return false;
}

static bool
rule_ok(const struct image *im, const struct f_rule *r)
{
	return (r->flags & ~(uint32_t)RULE_FLAGS) == 0 &&
	    (r->wire & ~(uint32_t)WIRE_ALL) == 0 &&
	    host_ok(im, r) &&
	    span_ok(r->ports, im->nports) && span_ok(r->exes, im->nexes) &&
	    span_ok(r->nets, im->nnets) && span_ok(r->paths, im->npats) &&
	    span_ok(r->words, im->nwords) && span_ok(r->needs, im->nneeds) && r->file < im->ntexts &&
	    text_ok(im, r->text) && text_ok(im, r->section) &&
	    r->when <= im->nconds && r->rate <= im->nrates;
}

static bool
rules_ok(const struct image *im)
{
	for (uint32_t i = 0; i < im->nrules; i++)
		if (!rule_ok(im, &im->rules[i]))
			return false;
	return true;
}

static bool
needs_ok(const struct image *im)
{
	for (uint32_t i = 0; i < im->nneeds; i++) {
		const struct f_need *t = &im->needs[i];

		if (t->detail >= DETAIL_COUNT ||
		    (t->flags & ~(uint32_t)NEED_FLAGS) != 0 ||
		    !text_ok(im, t->name) || !span_ok(t->pats, im->npats))
			return false;
	}
	return true;
}

static bool
hosts_ok(const struct image *im)
{
	for (uint32_t i = 0; i < im->nhosts; i++) {
		const struct f_host *h = &im->hosts[i];

		if (!text_ok(im, h->name) || h->self > im->ngroups ||
		    h->one > im->ngroups || h->deep > im->ngroups ||
		    h->kin > im->nrules)
			return false;
	}
	if (im->nslots != form_slots(im->nhosts))
		return false;
	for (uint32_t i = 0; i < im->nslots; i++)
		if (im->slots[i] > im->nhosts)
			return false;
	return true;
}

static bool
groups_ok(const struct image *im)
{
	for (uint32_t i = 0; i < im->ngroups; i++) {
		const struct f_group *g = &im->groups[i];

		if (!span_ok(g->cuts, im->ncuts) || g->cuts.n == 0 ||
		    g->allow > im->nrules)
			return false;
	}
	for (uint32_t i = 0; i < im->ncuts; i++)
		if (im->cuts[i].cell > im->ncells)
			return false;
	return true;
}

static bool
paths_ok(const struct image *im, const struct f_paths *p)
{
	return (p->start == 0 || walk_is_state(im->nsteps, p->start)) &&
	    span_ok(p->leaves, im->nleaves);
}

static bool
cells_ok(const struct image *im)
{
	for (uint32_t i = 0; i < im->ncells; i++) {
		const struct f_cell *c = &im->cells[i];

		for (unsigned k = 0; k < FORM_KINDS; k++)
			if (!paths_ok(im, &c->paths[k]))
				return false;
		if (!span_ok(c->open, im->nrefs) ||
		    !span_ok(c->all, im->nrefs))
			return false;
	}
	for (uint32_t i = 0; i < im->nleaves; i++)
		if (!span_ok(im->leaves[i], im->nrefs))
			return false;
	for (uint32_t i = 0; i < im->nrefs; i++)
		if (im->refs[i] >= im->nrules)
			return false;
	return walk_sound(im->steps, im->nsteps);
}

static bool
globs_ok(const struct image *im)
{
	for (uint32_t i = 0; i < im->nglobs; i++)
		if (!span_ok(im->globs[i], im->nmembers))
			return false;
	for (uint32_t i = 0; i < im->nmembers; i++)
		if (im->members[i] >= im->ngroups)
			return false;
	return walk_sound(im->host_steps, im->nhost_steps) &&
	    walk_labels_below(im->host_steps, im->nhost_steps, im->nglobs);
}

/* Blocks lead to ones before them, so that going outwards ends. */
static bool
blocks_ok(const struct image *im)
{
	for (uint32_t i = 0; i < im->nranges; i++)
		if (im->ranges[i].block > im->nblocks)
			return false;
	for (uint32_t i = 0; i < im->nblocks; i++)
		if (im->blocks[i].group > im->ngroups ||
		    im->blocks[i].around > i)
			return false;
	return true;
}

static bool
net_ok(const struct image *im)
{
	return im->nnet == 1 && im->net->any_name <= im->ngroups &&
	    im->net->any_addr <= im->ngroups && (im->net->globs == 0 ||
	    walk_is_state(im->nhost_steps, im->net->globs));
}

static bool
pats_ok(const struct image *im)
{
	for (uint32_t i = 0; i < im->npats; i++)
		if (!text_ok(im, im->pats[i].text) ||
		    im->pats[i].text.len > PATTERN_BYTES_MAX ||
		    im->pats[i].literal !=
			match_literal(form_text(im, im->pats[i].text)))
			return false;
	for (uint32_t i = 0; i < im->nexes; i++)
		if (im->exes[i].klass >= EXE_CLASS_COUNT ||
		    !text_ok(im, im->exes[i].text) ||
		    im->exes[i].text.len > PATTERN_BYTES_MAX)
			return false;
	return true;
}

static bool
rates_ok(const struct image *im)
{
	if (im->nrates > RATES_MAX)
		return false;
	for (uint32_t i = 0; i < im->nrates; i++) {
		const struct f_rate *r = &im->rates[i];

		if (r->whole > 1 || r->period_s == 0 ||
		    r->egress_mb > UINT32_C(1) << 24 ||
		    r->file >= im->ntexts || !text_ok(im, r->text))
			return false;
	}
	return true;
}

static bool
canaries_ok(const struct image *im)
{
	if (im->ncanaries > CANARIES_MAX)
		return false;
	for (uint32_t i = 0; i < im->ncanaries; i++) {
		const struct f_canary *f = &im->canaries[i];

		if (!text_ok(im, f->name) || !text_ok(im, f->value) ||
		    f->name.len == 0 ||
		    f->name.len > CANARY_NAME_BYTES_MAX ||
		    f->value.len < CANARY_BYTES_MIN ||
		    f->value.len > CANARY_BYTES_MAX)
			return false;
	}
	return true;
}

static bool
values_ok(const struct image *im)
{
	for (uint32_t i = 0; i < im->nports; i++)
		if (im->ports[i].lo > im->ports[i].hi ||
		    im->ports[i].hi > UINT16_MAX)
			return false;
	for (uint32_t i = 0; i < im->nnets; i++)
		if (im->nets[i].bits > 128)
			return false;
	for (uint32_t i = 0; i < im->nwords; i++)
		if (!text_ok(im, im->words[i]))
			return false;
	for (uint32_t i = 0; i < im->ntexts; i++)
		if (!text_ok(im, im->texts[i]))
			return false;
	return true;
}

const char *
image_net_fault(const struct image *im)
{
	if (!rules_ok(im))
		return "a rule points outside it";
	if (!hosts_ok(im) || !globs_ok(im) || !blocks_ok(im) || !net_ok(im))
		return "its tables of hosts are damaged";
	if (!groups_ok(im) || !cells_ok(im))
		return "its tables of ports and paths are damaged";
	if (!pats_ok(im) || !values_ok(im) || !needs_ok(im) ||
	    !rates_ok(im) || !canaries_ok(im))
		return "a rule's list is damaged";
	return NULL;
}
