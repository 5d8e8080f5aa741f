/* files_tree.c -- what is true of all that may ever stand below a path. */
#include "policy/maximum.h"
#include "policy/paths.h"

/* Denied to read and to write, now and for ever. */
#define STATE_SHUT UINT64_C(1)
#define STATE_OPEN (UINT64_C(1) << 63)

static uint32_t
node_of(const struct image *im, uint32_t state)
{
	return walk_label(im->fsteps, state);
}

/* Behind the '/' that follows the path. */
static void
go_below(const struct image *im, struct str path, struct path_walk *w)
{
	if (path.len == 1)	/* "/" has its slash */
		return;
	w->anchored = walk_byte(im->fsteps, w->anchored, '/');
	w->floating = walk_byte(im->fsteps, w->floating, '/');
}

/* Two sets of kinds that come to the same become the same. */
static uint32_t
plain_kinds(uint32_t k)
{
	if ((k & (KIND_DENY << 1)) != 0)
		k &= ~(uint32_t)(KIND_GUARD | KIND_NAMES);
	if ((k & KIND_NAMES) != 0)
		k &= ~(uint32_t)KIND_GUARD;
	return k;
}

/* The verdicts about the path itself, in a mount and out of it. */
static uint64_t
verdicts(const struct image *im, const struct path_says *s)
{
	static const unsigned mounts[] = { 0, FILE_READ | FILE_WRITE };
	uint64_t v = 0;

	for (unsigned m = 0; m < 2; m++)
		for (unsigned bit = FILE_READ; bit <= FILE_WRITE; bit <<= 1)
			v = v << 1 | why_allows(path_judge(im, s, bit,
			    mounts[m]));
	return v;
}

static uint64_t
state_of(const struct image *im, struct str path)
{
	struct path_walk w;
	uint32_t kinds;
	uint64_t v;

	if (!path_walk(im, path, &w))
		return 0;
	kinds = plain_kinds(w.said.kinds);
	if ((kinds & (KIND_DENY * 3)) == KIND_DENY * 3)
		return STATE_SHUT | (uint64_t)(kinds & KIND_HIDE);
	v = verdicts(im, &w.said);
	go_below(im, path, &w);
	return STATE_OPEN | v << 58 | (uint64_t)kinds << 48 |
	    (uint64_t)im->fnodes[node_of(im, w.anchored)].klass << 24 |
	    im->fnodes[node_of(im, w.floating)].klass;
}

struct file_state
policy_file_state(const struct image *im, struct str path)
{
	if (im->max != NULL)
		return (struct file_state){ state_of(im->own, path),
			state_of(im->max, path) };
	return (struct file_state){ state_of(im, path), 0 };
}

/* i: 0 read, 1 write; all that may be said below is in may. */
static enum file_extent
extent(const struct image *im, uint32_t kinds, uint32_t may, unsigned i,
    unsigned mounted)
{
	uint32_t allow = (uint32_t)KIND_ALLOW << i;
	uint32_t base = (uint32_t)KIND_BASE << i;
	uint32_t deny = (uint32_t)KIND_DENY << i;
	bool given = (kinds & (allow | base)) != 0 ||
	    (mounted >> i & 1) != 0 ||
	    (im->fpaths->flags & FPATHS_OPEN) != 0;
	uint32_t stops = deny | (i == 1 ? (uint32_t)KIND_GUARD : 0);

	if ((kinds & deny) != 0 ||
	    (!given && (may & (allow | base)) == 0))
		return FILE_NONE;
	/* In a tree of the sandbox's own no name is protected. */
	if (mounted == 0 && (kinds & base) != 0 && ((kinds | may) &
		(KIND_ALLOW * 3)) == 0)
		stops &= ~(uint32_t)KIND_GUARD;
	if ((kinds & KIND_NAMES) != 0 || im->bounds)
		stops &= ~(uint32_t)KIND_GUARD;
	return given && ((kinds | may) & stops) == 0 ? FILE_ALL : FILE_SOME;
}

void
policy_file_below(const struct image *im, struct str path, unsigned mounted,
    struct file_below *out)
{
	struct path_walk w;
	uint32_t may;

	if (im->max != NULL) {
		maximum_below(im, path, mounted, out);
		return;
	}
	*out = (struct file_below){ FILE_NONE, FILE_NONE };
	if (!path_walk(im, path, &w))
		return;
	go_below(im, path, &w);
	may = im->fnodes[node_of(im, w.anchored)].may |
	    im->fnodes[node_of(im, w.floating)].may;
	out->read = extent(im, w.said.kinds, may, 0, mounted);
	out->write = extent(im, w.said.kinds, may, 1, mounted);
}
