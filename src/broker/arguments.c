/* arguments.c -- the paths that a command's arguments are, as its program
 * would find them. */
#include "broker/command.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

enum { LINKS_MAX = 40, LOOK_UPS_MAX = 8192 };

struct looker {
	const struct ask *a;
	struct program *p;
	unsigned left;
};

/* Of what is not there, or not yet: where it would be made. */
static int
new_path(const struct looker *l, const char *text, char out[PATH_BYTES_MAX])
{
	struct spot s, next;
	int rc = spot_find(l->a, l->p->cwd_fd, text, &s);

	for (unsigned links = 0; rc == 0 && !s.odd; links++) {
		char to[PATH_BYTES_MAX];
		ssize_t n = readlinkat(s.dir, s.name, to, sizeof(to) - 1);

		if (n < 0 || links == LINKS_MAX) {
			rc = n < 0 ? 0 : -ELOOP;
			break;
		}
		to[n] = '\0';
		rc = spot_find(l->a, s.dir, to, &next);
		spot_fini(&s);
		s = next;
	}
	if (rc == 0 && s.odd)
		rc = -ENOENT;
	if (rc == 0)
		(void)strcpy(out, s.path);
	spot_fini(&s);
	return rc;
}

/* Empty: no path. */
static struct str
canonical(struct looker *l, struct str text)
{
	char z[PATH_BYTES_MAX], path[PATH_BYTES_MAX];
	enum object_kind kind = OBJECT_NAMED;
	struct str out;
	int fd;

	if (text.len == 0 || !str_copy(text, z, sizeof(z)) || l->left == 0)
		return STR("");
	l->left--;
	fd = walk(l->a, l->p->cwd_fd, z, 0);
	if (fd >= 0) {
		kind = object_path(l->a->b, fd, path);
		(void)close(fd);
		out = kind == OBJECT_NAMED ? str_c(path) : STR("");
	} else if (new_path(l, z, path) == 0)
		out = str_c(path);
	else
		out = exec_lexical(l->p->cwd, text, path);
	return out.len == 0 ? out : str_of(arena_strdup(&l->p->arena, out),
	    out.len);
}

/* Arguments of several forms are mostly the same ones. */
static int
find(struct looker *l, struct exec_form *f, const struct exec_form *before)
{
	struct str *paths = arena_alloc(&l->p->arena, f->argc, sizeof(*paths));
	struct str *rest = arena_alloc(&l->p->arena, f->argc, sizeof(*rest));
	const uint32_t more = before == NULL ? 0 : f->argc - before->argc;

	if (paths == NULL || rest == NULL)
		return -E2BIG;
	for (uint32_t i = 1; i < f->argc; i++) {
		if (before != NULL && i > more &&
		    f->argv[i].p == before->argv[i - more].p) {
			paths[i] = before->paths[i - more];
			rest[i] = before->attached[i - more];
			continue;
		}
		if (f->argv[i].len > 0 && f->argv[i].p[0] != '-')
			paths[i] = canonical(l, f->argv[i]);
		rest[i] = canonical(l, exec_attached(f->argv[i]));
	}
	f->paths = paths;
	f->attached = rest;
	return l->left == 0 ? -E2BIG : 0;
}

int
arguments_find(const struct ask *a, struct program *p)
{
	struct looker l = { a, p, LOOK_UPS_MAX };
	int rc = 0;

	if (!image_exec_paths(a->image))
		return 0;
	if (p->cwd_fd < 0)
		return -EACCES;
	for (uint32_t i = 0; i < p->nforms && rc == 0; i++)
		rc = find(&l, &p->forms[i], i == 0 ? NULL : &p->forms[0]);
	return rc;
}
