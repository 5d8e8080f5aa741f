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

const char *
image_files_fault(const struct image *im)
{
	return files_ok(im) ? NULL : "a file grant is damaged";
}
