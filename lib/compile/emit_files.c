/* emit_files.c -- the file grants in an image. */
#include <stdlib.h>

#include "compile/emit.h"

static int
by_path(const void *a, const void *b)
{
	const struct pol_file *const *x = a, *const *y = b;
	int c = strcmp((*x)->path.p, (*y)->path.p);

	if (c != 0)
		return c;
	if ((*x)->deny != (*y)->deny)
		return (*x)->deny ? 1 : -1;
	return (int)(*x)->tree - (int)(*y)->tree;
}

/* What the root of a sandbox is built from. The root itself is none: on paper
 * it may be granted. */
static bool
is_grant(const struct pol_file *f)
{
	return !f->spent && !f->glob && f->path.len > 1 &&
	    (!f->deny || f->access == (FILE_READ | FILE_WRITE));
}

/* A pattern's own directory, for what in it may match. */
static const struct pol_file *
place_of(struct emit *e, const struct pol_file *f)
{
	struct pol_file *place = take_mem(e->c, 1, sizeof(*place));

	if (is_grant(f))
		return f;
	return !f->spent && file_place(e->c, f, place) ? place : NULL;
}

/* In order of path, so that the order of documents does not show; grants of
 * one path are one. */
void
emit_files(struct emit *e)
{
	const struct pol_files *p = &e->c->pol.files;
	const struct pol_file **v = take_mem(e->c, (size_t)p->n + 1, sizeof(*v));
	uint32_t n = 0;

	for (struct pol_file *f = p->list; f != NULL; f = f->next)
		if ((v[n] = place_of(e, f)) != NULL)
			n++;
	qsort(v, n, sizeof(*v), by_path);
	for (uint32_t i = 0; i < n; i++) {
		const struct pol_file *at = v[i];
		struct f_file f = { .access = at->access };

		while (i + 1 < n && by_path(&v[i], &v[i + 1]) == 0)
			f.access |= v[++i]->access;
		if (at->deny)
			f.access = 0;
		f.path = emit_text(e, at->path);
		f.flags = (at->tree ? (uint32_t)FORM_FILE_TREE : 0) |
		    (at->deny ? (uint32_t)FORM_FILE_DENY : 0);
		emit_put(e, FORM_files, &f, sizeof(f));
	}
}

