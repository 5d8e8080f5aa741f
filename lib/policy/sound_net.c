/* sound_net.c -- whether the network's records in an image are sound. */
#include "base/compat.h"
#include "policy/match.h"
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
	    span_ok(r->words, im->nwords) && r->file < im->ntexts &&
	    text_ok(im, r->text) && text_ok(im, r->section);
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
hosts_ok(const struct image *im)
{
	for (uint32_t i = 0; i < im->nhosts; i++)
		if (!text_ok(im, im->hosts[i].name) ||
		    !span_ok(im->hosts[i].refs, im->nrefs))
			return false;
	if (im->nslots != form_slots(im->nhosts))
		return false;
	for (uint32_t i = 0; i < im->nslots; i++)
		if (im->slots[i] > im->nhosts)
			return false;
	return true;
}

static bool
refs_ok(const struct image *im)
{
	for (uint32_t i = 0; i < im->nrefs; i++)
		if (im->refs[i] >= im->nrules)
			return false;
	for (uint32_t i = 0; i < im->nloose; i++)
		if (im->loose[i] >= im->nrules)
			return false;
	return true;
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
	if (!hosts_ok(im) || !refs_ok(im))
		return "its table of hosts is damaged";
	if (!pats_ok(im) || !values_ok(im))
		return "a rule's list is damaged";
	return NULL;
}
