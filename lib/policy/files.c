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
#include "policy/profile.h"

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
	first(&t->guard, last ? s->guard : s->guard_tree);
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

/* May that stand as a component of a canonical path? */
static bool
is_name(struct str s)
{
	return s.len > 0 && !(s.p[0] == '.' &&
	    (s.len == 1 || (s.len == 2 && s.p[1] == '.')));
}

/* The slash and the component behind it. Most paths soon leave all that an
 * absolute pattern names: then the first automaton is dead. */
static void
take_part(const struct f_step *steps, struct path_walk *w, struct str part)
{
	uint32_t a = walk_byte(steps, w->anchored, '/');
	uint32_t f = walk_byte(steps, w->floating, '/');
	size_t i = 0;

	for (; i < part.len && a != 0; i++) {
		a = walk_byte(steps, a, part.p[i]);
		f = walk_byte(steps, f, part.p[i]);
	}
	for (; i < part.len; i++)
		f = walk_byte(steps, f, part.p[i]);
	w->anchored = a;
	w->floating = f;
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
	struct str rest = path, part = STR("");
	bool more = path.len > 1;

	*w = (struct path_walk){ 0 };
	if (!is_path(path))
		return false;
	w->said.ours = str_has_prefix(path, STR("/etc/openshell/"));
	w->anchored = im->fpaths->anchored;
	w->floating = im->fpaths->floating;
	rest = str_of(path.p + 1, path.len - 1);
	hear_end(im, w, false);
	while (more) {
		const char *end = memchr(rest.p, '/', rest.len);
		size_t len = end == NULL ? rest.len : (size_t)(end - rest.p);

		part = str_of(rest.p, len);
		if (!is_name(part))
			return false;
		take_part(im->fsteps, w, part);
		more = end != NULL;
		hear_end(im, w, !more);
		rest = str_of(rest.p + len + more, rest.len - len - more);
	}
	if (path.len == 1) {
		take_part(im->fsteps, w, part);
		hear_end(im, w, true);
	}
	return true;
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

	if (s->ours && bit == FILE_READ && mounted == 0)
		return (struct path_why){ WHY_OURS, 0 };
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

bool
policy_file_guarded(const struct image *im, const struct file_query *q)
{
	struct path_walk w;

	if (q->profiles != 0)
		return profiles_guarded(im, q);
	if (im->max != NULL)
		return policy_file_guarded(im->own, q) &&
		    (bound_judge(im->max, q) & FILE_WRITE) != 0;
	if (!path_walk(im, q->path, &w) || path_judge(im, &w.said, FILE_WRITE,
		q->mounted).why != WHY_GUARDED)
		return false;
	w.said.guard = 0;
	return why_allows(path_judge(im, &w.said, FILE_WRITE, q->mounted));
}

unsigned
policy_file_judge(const struct image *im, const struct file_query *q)
{
	struct path_walk w;
	unsigned may = 0;

	if (q->profiles != 0)
		return profiles_judge(im, q);
	if (im->max != NULL)
		return maximum_judge(im, q);
	if (!path_walk(im, q->path, &w))
		return 0;
	for (unsigned bit = FILE_READ; bit <= FILE_WRITE; bit <<= 1)
		if (why_allows(path_judge(im, &w.said, bit, q->mounted)))
			may |= bit;
	return may;
}
