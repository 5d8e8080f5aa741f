/* find.c -- from a question's host, port and path to the rules that are left
 * to look at.  No allocation, no recursion; the time depends on how long the
 * question is and on how many kinds of rule speak of its host, not on how
 * many rules there are. */
#include "policy/scan.h"

static const struct f_host *
host_find(const struct image *im, struct str name, uint32_t hash)
{
	uint32_t at = form_slot(hash, im->nslots);

	for (uint32_t i = 0; i < im->nslots; i++) {
		uint32_t slot = im->slots[(at + i) & (im->nslots - 1)];
		const struct f_host *h;

		if (slot == 0)
			return NULL;
		h = &im->hosts[slot - 1];
		if (h->hash == hash && str_eq(form_text(im, h->name), name))
			return h;
	}
	return NULL;
}

static void
on_one(const struct image *im, uint32_t group, scan_on_group *on, void *arg)
{
	if (group != 0)
		on(arg, &im->groups[group - 1]);
}

/* Every suffix of the name, shortest first; the hash grows on the way. */
static uint32_t
by_name(const struct scan *s, scan_on_group *on, void *arg)
{
	struct str name = s->q->host;
	size_t dot = str_index(name, '.');
	uint32_t hash = FORM_HASH_START, kin = 0;

	for (size_t i = name.len; i > 0; i--) {
		const struct f_host *h;

		hash = form_hash(hash, name.p[i - 1]);
		if (i > 1 && name.p[i - 2] != '.')
			continue;
		h = host_find(s->im, str_from(name, i - 1), hash);
		if (h == NULL)
			continue;
		on_one(s->im, i == 1 ? h->self : i - 1 == dot + 1 ? h->one :
		    h->deep, on, arg);
		if (h->kin != 0)
			kin = h->kin;
	}
	return kin;
}

static void
by_glob(const struct scan *s, scan_on_group *on, void *arg)
{
	const struct image *im = s->im;
	uint32_t at = walk_text(im->host_steps, im->net->globs, s->q->host);
	struct f_span to;

	if (at == 0)
		return;
	to = im->globs[walk_label(im->host_steps, at)];
	for (uint32_t i = 0; i < to.n; i++)
		on(arg, &im->groups[im->members[to.first + i]]);
}

void
scan_blocks(const struct image *im, const unsigned char addr[16],
    scan_on_group *on, void *arg)
{
	uint32_t lo = 0, hi = im->nranges, block;

	while (hi - lo > 1) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (memcmp(im->ranges[mid].lo, addr, 16) <= 0)
			lo = mid;
		else
			hi = mid;
	}
	block = im->nranges == 0 ? 0 : im->ranges[lo].block;
	for (; block != 0; block = im->blocks[block - 1].around)
		on_one(im, im->blocks[block - 1].group, on, arg);
}

uint32_t
scan_groups(const struct scan *s, scan_on_group *on, void *arg)
{
	uint32_t kin = 0;

	if (s->literal) {
		scan_blocks(s->im, s->addr, on, arg);
		on_one(s->im, s->im->net->any_addr, on, arg);
		return 0;
	}
	if (s->q->host.len <= HOST_BYTES_MAX) {
		kin = by_name(s, on, arg);
		by_glob(s, on, arg);
	}
	on_one(s->im, s->im->net->any_name, on, arg);
	return kin;
}

const struct f_cell *
scan_cell(const struct scan *s, const struct f_group *g)
{
	const struct f_cut *cuts = s->im->cuts + g->cuts.first;
	uint32_t lo = 0, hi = g->cuts.n;

	while (hi - lo > 1) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (cuts[mid].lo <= s->q->port)
			lo = mid;
		else
			hi = mid;
	}
	return cuts[lo].cell == 0 ? NULL : &s->im->cells[cuts[lo].cell - 1];
}

struct f_span
scan_leaf(const struct scan *s, const struct f_paths *paths)
{
	const struct f_step *steps = s->im->steps;
	uint32_t at = walk_text(steps, paths->start, s->q->path);
	uint32_t label = at == 0 ? 0 : walk_label(steps, at);

	/* An automaton's own labels all have leaves; in a damaged image it
	 * may be another's. */
	if (label == 0 || label >= paths->leaves.n)
		return (struct f_span){ 0, 0 };
	return s->im->leaves[paths->leaves.first + label];
}
