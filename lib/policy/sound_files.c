/* sound_files.c -- whether the file grants in an image are sound. */
#include "policy/sound.h"

static bool
is_clean_path(struct str p)
{
	struct str head, rest = p;

	if (p.len < 2 || p.p[0] != '/' || str_index(p, '\0') != p.len ||
	    p.len >= PATH_BYTES_MAX)
		return false;
	rest = str_from(p, 1);
	while (rest.len > 0) {
		if (!str_cut(rest, '/', &head, &rest)) {
			head = rest;
			rest.len = 0;
		} else if (rest.len == 0)
			return false;
		if (head.len == 0 || str_eqz(head, ".") ||
		    str_eqz(head, ".."))
			return false;
	}
	return true;
}

static bool
files_ok(const struct image *im)
{
	for (uint32_t i = 0; i < im->nfiles; i++) {
		const struct f_file *f = &im->files[i];

		if (!text_ok(im, f->path) ||
		    (f->access & ~(uint32_t)(FILE_READ | FILE_WRITE)) != 0 ||
		    (f->flags & ~(uint32_t)FORM_FILE_FLAGS) != 0 ||
		    !is_clean_path(form_text(im, f->path)))
			return false;
	}
	return true;
}

static bool
rules_ok(const struct image *im)
{
	for (uint32_t i = 0; i < im->nfrules; i++) {
		const struct f_frule *r = &im->frules[i];
		bool ours = (r->flags & (FRULE_SYSTEM | FRULE_PROTECTED)) !=
		    0;

		if ((r->flags & ~(uint32_t)FRULE_FLAGS) != 0 ||
		    (r->access & ~(uint32_t)(FILE_READ | FILE_WRITE)) != 0 ||
		    (ours ? r->line != 0 : r->file >= im->ntexts) ||
		    !text_ok(im, r->text))
			return false;
	}
	return true;
}

static bool
pair_ok(const uint32_t rule[2], uint32_t n)
{
	return rule[0] <= n && rule[1] <= n;
}

static bool
says_ok(const struct image *im)
{
	for (uint32_t i = 0; i < im->nfsays; i++) {
		const struct f_says *s = &im->fsays[i];
		uint32_t n = im->nfrules;

		if (!pair_ok(s->allow, n) || !pair_ok(s->base, n) ||
		    !pair_ok(s->tree, n) || !pair_ok(s->base_tree, n) ||
		    !pair_ok(s->deny, n) || s->guard > n || s->guard_tree > n || s->names > n ||
		    s->names_tree > n ||
		    (s->kinds & ~(uint32_t)KIND_KNOWN) != 0)
			return false;
	}
	for (uint32_t i = 0; i < im->nfnodes; i++)
		if (im->fnodes[i].says >= im->nfsays ||
		    im->fnodes[i].klass >= FPATHS_CLASSES_MAX ||
		    (im->fnodes[i].may & ~(uint32_t)KIND_KNOWN) != 0)
			return false;
	return true;
}

static bool
paths_ok(const struct image *im)
{
	const struct f_fpaths *p = im->fpaths;

	return im->nfpaths == 1 && im->nfsteps > 0 &&
	    walk_sound(im->fsteps, im->nfsteps) &&
	    walk_labels_below(im->fsteps, im->nfsteps, im->nfnodes) &&
	    walk_is_state(im->nfsteps, p->anchored) &&
	    walk_is_state(im->nfsteps, p->floating) &&
	    p->nallows <= im->nfrules &&
	    (p->flags & ~(uint32_t)FPATHS_FLAGS) == 0;
}

const char *
image_files_fault(const struct image *im)
{
	if (!files_ok(im))
		return "a file grant is damaged";
	if (!rules_ok(im) || !says_ok(im))
		return "a file rule is damaged";
	return paths_ok(im) ? NULL : "its table of paths is damaged";
}
