/* floor.c -- what of file_access the kernel's own means can hold: whole trees
 * and single paths, granted; and denies of what no grant shows.
 *
 * Anything else needs opens to be judged, or cannot be had at all. It is never
 * dropped: a deny that is not in force is worse than none, because somebody
 * relies on it. */
#include "base/compat.h"
#include "compile/check.h"
#include "policy/files.h"

const bool file_gate_holds[NEED_COUNT] = {
	[NEED_ALLOW_PATTERN] = true,
	[NEED_DENY_PATTERN] = true,
	[NEED_DENY_INSIDE] = true,
	[NEED_DENY_OWN] = true,
	[NEED_DENY_SOME] = true,
	[NEED_MAXIMUM] = true,
	[NEED_HIDE] = true,
	[NEED_AUDIT] = true,
	[NEED_DEFAULT] = true,
};

struct floor { /* one look at the section */
	struct compile *c;
	file_why_take *take;
};

static void
why(const struct floor *fl, enum file_need need, const struct pol_file *rule,
    const struct pol_file *other, const char *hit)
{
	struct file_why w = { need, rule != NULL ? rule->at :
		fl->c->pol.mode.at, rule, other, hit };

	fl->take(fl->c, &w);
}

static void
place_why(const struct floor *fl, const struct pol_file *f,
    const struct pol_file *place)
{
	const char *hit = baseline_kernel(place);

	if (hit != NULL) {
		why(fl, NEED_KERNEL, f, NULL, hit);
		return;
	}
	hit = baseline_secret(place);
	if (hit != NULL && !f->glob) /* else denied name by name */
		why(fl, NEED_SECRET, f, NULL, hit);
}

static void
allow_why(const struct floor *fl, struct pol_file *f)
{
	struct pol_file place;

	if (f->glob) {
		why(fl, NEED_ALLOW_PATTERN, f, NULL, NULL);
		if (file_place(fl->c, f, &place))
			place_why(fl, f, &place);
		return;
	}
	if (str_eqz(f->path, "/")) {
		why(fl, NEED_ROOT, f, NULL, NULL);
		return;
	}
	f->spent = baseline_has(fl->c, f);
	if (!f->spent)
		place_why(fl, f, f);
}

/* A deny against one grant. */
static void
deny_one(const struct floor *fl, const struct pol_file *deny,
    struct pol_file *f)
{
	if (f->deny || f->glob || f->spent)
		return;
	if (path_is_under(f->path, deny->path)) {
		f->spent = true;
		node_warning(fl->c, f->at, "denied in %s:%u, so it grants "
		    "nothing", deny->at->doc->name, deny->at->line);
	} else if (f->tree && path_is_under(deny->path, f->path)) {
		why(fl, NEED_DENY_INSIDE, deny, f, NULL);
	}
}

static void
deny_why(const struct floor *fl, const struct pol_file *deny)
{
	struct pol_file whole = *deny;
	const char *hit;

	if (deny->access != (FILE_READ | FILE_WRITE)) {
		why(fl, NEED_DENY_SOME, deny, NULL, NULL);
		return;
	}
	if (deny->hide)
		why(fl, NEED_HIDE, deny, NULL, NULL);
	if (deny->glob) {
		why(fl, NEED_DENY_PATTERN, deny, NULL, NULL);
		return;
	}
	whole.tree = true;	/* a directory that is denied covers all */
	hit = baseline_own(&whole);
	if (hit != NULL) {
		why(fl, NEED_DENY_OWN, deny, NULL, hit);
		return;
	}
	for (struct pol_file *f = fl->c->pol.files.list; f != NULL;
	    f = f->next)
		deny_one(fl, deny, f);
}

static void
section_why(const struct floor *fl, enum file_need need,
    const struct pol_scalar *s)
{
	struct file_why w = { .need = need, .at = s->at };

	if (s->value == 1)
		fl->take(fl->c, &w);
}

/* Without a deny, what is mounted is all that there is to hold. */
static void
default_why(const struct floor *fl)
{
	const struct pol_files *files = &fl->c->pol.files;

	for (struct pol_file *f = files->list; f != NULL; f = f->next)
		if (f->deny) {
			section_why(fl, NEED_DEFAULT, &files->fallback);
			return;
		}
}

static void
places_why(const struct floor *fl)
{
	uint32_t n = 0;

	for (struct pol_file *f = fl->c->pol.files.list; f != NULL;
	    f = f->next)
		if (!f->spent && (!f->glob || !f->deny) &&
		    ++n == GRANTS_MAX + 1)
			why(fl, NEED_PLACES, f, NULL, NULL);
}

void
floor_why(struct compile *c, file_why_take *take)
{
	struct pol_files *files = &c->pol.files;
	struct floor fl = { c, take };

	if (files->section != NULL && c->pol.mode.value == POLICY_AUDIT &&
	    c->pol.mode.at != NULL)
		why(&fl, NEED_AUDIT, NULL, NULL, NULL);
	default_why(&fl);
	section_why(&fl, NEED_HIDE, &files->hide);
	for (struct pol_file *f = files->list; f != NULL; f = f->next)
		if (!f->deny)
			allow_why(&fl, f);
	for (struct pol_file *f = files->list; f != NULL; f = f->next)
		if (f->deny)
			deny_why(&fl, f);
	places_why(&fl);
}

/* ---- in words */

static void
refuse(struct compile *c, const struct file_why *w)
{
	switch (w->need) {
	case NEED_ALLOW_PATTERN:
		not_enforced(c, w->at, "the pattern %.80s: only a whole tree "
		    "(/x/**) or one path", w->at->text.p);
		return;
	case NEED_DENY_PATTERN:
		not_enforced(c, w->at, "the pattern %.80s: only a whole tree "
		    "(/x/**) or one path", w->at->text.p);
		return;
	case NEED_DENY_INSIDE:
		not_enforced(c, w->at, "a deny inside the tree allowed in "
		    "%s:%u", w->other->at->doc->name, w->other->at->line);
		return;
	case NEED_DENY_OWN:
		not_enforced(c, w->at, "a deny that touches %s, which every "
		    "sandbox has of its own", w->hit);
		return;
	case NEED_DENY_SOME:
		not_enforced(c, w->at, "a deny of some permissions only");
		return;
	case NEED_HIDE:
		not_enforced(c, w->at, "hide");
		return;
	case NEED_MAXIMUM:
		not_enforced(c, w->at, "an allow that the maximum policy "
		    "denies, whole or in part");
		return;
	case NEED_AUDIT:
		not_enforced(c, w->at, "policy_mode: audit of file_access");
		return;
	case NEED_DEFAULT:
		not_enforced(c, w->at, "denies beside default_policy: allow "
		    "of file_access");
		return;
	case NEED_ROOT:
		not_enforced(c, w->at, "a grant of the whole root");
		return;
	case NEED_KERNEL:
		not_enforced(c, w->at, "a grant in %s: a sandbox has its "
		    "own", w->hit);
		return;
	case NEED_SECRET:
		not_enforced(c, w->at, "a grant of %s: no sandbox is shown "
		    "it", w->hit);
		return;
	case NEED_PLACES:
		not_enforced(c, w->at, "more than %d trees and files that "
		    "need a place of their own", GRANTS_MAX);
		return;
	case NEED_COUNT:
		return;
	}
}

static void
hold_or_refuse(struct compile *c, const struct file_why *w)
{
	if (c->maximum)	/* it has no sandbox: it bounds others' grants */
		return;
	if (w->need < NEED_ROOT)
		c->pol.files.gate = true;
	if (c->stage == POLICY_STAGE_ENFORCE && !file_gate_holds[w->need])
		refuse(c, w);
}

void
floor_check(struct compile *c)
{
	floor_why(c, hold_or_refuse);
}

/* Does it allow all of f, now and later? */
static bool
holds(const struct image *max, const struct pol_file *f)
{
	const struct file_query q = { .path = f->path, .access = f->access };
	struct file_below below;

	if (f->glob || (policy_file_judge(max, &q) & f->access) != f->access)
		return false;
	if (!f->tree)
		return true;
	policy_file_below(max, f->path, 0, &below);
	return ((f->access & FILE_READ) == 0 || below.read == FILE_ALL) &&
	    ((f->access & FILE_WRITE) == 0 || below.write == FILE_ALL);
}

void
floor_bound(struct compile *c, const struct image *max)
{
	struct file_why w = { .need = NEED_MAXIMUM };

	for (struct pol_file *f = c->pol.files.list; f != NULL; f = f->next) {
		if (f->deny || f->spent || holds(max, f))
			continue;
		w.at = f->at;
		w.rule = f;
		hold_or_refuse(c, &w);
	}
}
