/* files.c -- the files' one decision.
 *
 * Two automata read the path at once; what they say where a component ends is
 * about that directory or file. What is said of a directory for all below it
 * (trees, denies, protected names) holds for the path. No state remembers it:
 * automata that did would have a state for every set of rules. */
#include "policy/files.h"

#include "base/limits.h"
#include "policy/maximum.h"
#include "policy/paths.h"

static void
first(uint32_t *best, uint32_t rule)
{
	if (rule != 0 && (*best == 0 || rule < *best))
		*best = rule;
}

static void
first_both(uint32_t best[2], const uint32_t rule[2])
{
	first(&best[0], rule[0]);
	first(&best[1], rule[1]);
}

static void
hear(struct path_says *t, const struct f_says *s, bool last)
{
	first_both(t->allow, last ? s->allow : s->tree);
	first_both(t->base, last ? s->base : s->base_tree);
	first_both(t->deny, s->deny);
	first(&t->guard, s->guard);
	first(&t->names, last ? s->names : s->names_tree);
	t->kinds |= s->kinds;
}

static void
hear_end(const struct image *im, struct path_walk *w, bool last)
{
	uint32_t anchored = im->fnodes[walk_label(im->fsteps,
	    w->anchored)].says;
	uint32_t floating = im->fnodes[walk_label(im->fsteps,
	    w->floating)].says;

	if (anchored != 0)
		hear(&w->said, &im->fsays[anchored], last);
	if (floating != 0)
		hear(&w->said, &im->fsays[floating], last);
}

/* May path[from, at) stand as a component of a canonical path? */
static bool
is_name(struct str path, size_t from, size_t at)
{
	size_t len = at - from;

	return len > 0 && !(path.p[from] == '.' &&
	    (len == 1 || (len == 2 && path.p[from + 1] == '.')));
}

static void
take_byte(const struct image *im, struct path_walk *w, char c)
{
	w->anchored = walk_byte(im->fsteps, w->anchored, c);
	w->floating = walk_byte(im->fsteps, w->floating, c);
}

static bool
is_path(struct str path)
{
	return path.len > 0 && path.p[0] == '/' && path.len <
	    PATH_BYTES_MAX && memchr(path.p, '\0', path.len) == NULL;
}

bool
path_walk(const struct image *im, struct str path, struct path_walk *w)
{
	size_t from = 1;

	*w = (struct path_walk){ 0 };
	if (!is_path(path))
		return false;
	w->anchored = im->fpaths->anchored;
	w->floating = im->fpaths->floating;
	hear_end(im, w, false);
	take_byte(im, w, '/');
	for (size_t i = 1; i < path.len; i++) {
		if (path.p[i] == '/') {
			if (!is_name(path, from, i))
				return false;
			hear_end(im, w, false);
			from = i + 1;
		}
		take_byte(im, w, path.p[i]);
	}
	hear_end(im, w, true);
	return path.len == 1 || is_name(path, from, path.len);
}

/* ---- the verdict */

/* A program outside may obey the file: the tree is the host's. Where the
 * baseline alone gives it, it is the sandbox's own. */
static bool
is_hosts(const struct path_says *s, unsigned mounted)
{
	return mounted != 0 || (s->allow[0] | s->allow[1]) != 0 ||
	    (s->base[0] | s->base[1]) == 0;
}

static bool
is_guarded(const struct path_says *s, unsigned mounted)
{
	return s->guard != 0 && s->names == 0 && is_hosts(s, mounted);
}

struct path_why
path_judge(const struct image *im, const struct path_says *s, unsigned bit,
    unsigned mounted)
{
	unsigned i = bit == FILE_WRITE;

	if (s->deny[i] != 0)
		return (struct path_why){ WHY_DENIED, s->deny[i] };
	if (bit == FILE_WRITE && !im->bounds && is_guarded(s, mounted))
		return (struct path_why){ WHY_GUARDED, s->guard };
	if (s->allow[i] != 0)
		return (struct path_why){ WHY_ALLOWED, i == 1 &&
		    s->guard != 0 && s->names != 0 ? s->names : s->allow[i] };
	if ((mounted & bit) != 0)
		return (struct path_why){ WHY_MOUNTED, 0 };
	if (s->base[i] != 0)
		return (struct path_why){ WHY_ALLOWED, s->base[i] };
	if ((im->fpaths->flags & FPATHS_OPEN) != 0)
		return (struct path_why){ WHY_OPEN, 0 };
	return (struct path_why){ WHY_NO_RULE, 0 };
}

unsigned
policy_file_judge(const struct image *im, const struct file_query *q)
{
	struct path_walk w;
	unsigned may = 0;

	if (im->max != NULL)
		return maximum_judge(im, q);
	if (!path_walk(im, q->path, &w))
		return 0;
	for (unsigned bit = FILE_READ; bit <= FILE_WRITE; bit <<= 1)
		if (why_allows(path_judge(im, &w.said, bit, q->mounted)))
			may |= bit;
	return may;
}
