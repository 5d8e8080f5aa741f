/* place.c -- the directory that must be in a sandbox for a pattern to have
 * anything to match. */
#include "compile/check.h"
#include "policy/match.h"

/* Up to the last '/' before the first wildcard; empty: the root. */
static struct str
literal_dir(const struct pol_file *f)
{
	struct str s = str_head(f->base, match_literal(f->base));

	while (s.len > 0 && s.p[s.len - 1] != '/')
		s.len--;
	return s.len > 0 ? str_head(s, s.len - 1) : s;
}

bool
file_place(struct compile *c, const struct pol_file *f,
    struct pol_file *place)
{
	struct str dir = literal_dir(f);

	if (f->deny || !f->glob || dir.len == 0)
		return false;
	*place = *f;
	place->path = take_copy(c, dir);
	place->tree = true;
	place->glob = false;
	return !baseline_has(c, place);
}
