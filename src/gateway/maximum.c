/* maximum.c -- the organisation's maximum policy, as the configuration names
 * it.  It is read inside the jail: it and all that it extends is shipped, or
 * in the configuration directory. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clean.h"
#include "base/err.h"
#include "base/io.h"
#include "base/must.h"
#include "compile/library.h"
#include "gateway.h"

struct reading {
	const struct gateway *g;
	int dir;		/* the configuration directory */
	char *texts[POLICY_FILES_MAX];
	size_t n;
};

/* 1: it is not there. */
static int
read_text(struct reading *r, const char *path, struct str *out, struct err *e)
{
	size_t len = 0;

	if (r->n == POLICY_FILES_MAX)
		return err_set(e, ERR_LIMIT, "more than %d policy files",
		    POLICY_FILES_MAX);
	if (faccessat(r->dir, path, F_OK, 0) == -1 && errno == ENOENT)
		return 1;
	if (io_read_file(r->dir, path, POLICY_BYTES_MAX, &r->texts[r->n],
	    &len, e) == -1) {
		if (e->kind == ERR_SYS && e->sys == EACCES)
			return err_set(e, ERR_DENIED, "%s: the gateway reads "
			    "nothing outside %s: keep it there", path,
			    r->g->paths.config);
		return -1;
	}
	*out = str_of(r->texts[r->n++], len);
	return 0;
}

static int
find_file(void *arg, const char *path, struct policy_file *out,
    struct err *e)
{
	out->kind = POLICY_GIVEN;
	return read_text(arg, path, &out->text, e);
}

static int
find_library(void *arg, const char *name, struct policy_file *out,
    struct err *e)
{
	struct reading *r = arg;
	const struct str *shipped = shelf_find(&r->g->base.shipped, name);
	CLEAN_FREE char *file = mem_printf("policies/%s%s", name,
	    POLICY_FILE_END);

	if (shipped == NULL) {
		out->kind = POLICY_USER;
		return read_text(r, file, &out->text, e);
	}
	if (faccessat(r->dir, file, F_OK, 0) == 0)
		return err_set(e, ERR_EXISTS, "it is shipped, and %s beside "
		    "the configuration has the same name: rename it", file);
	out->kind = POLICY_SHIPPED;
	out->text = *shipped;
	return 0;
}

/* What is wrong first, with its place. */
static int
say(const struct diags *d, struct err *e)
{
	for (size_t i = 0; i < d->n; i++)
		if (d->v[i].level == DIAG_ERROR)
			return err_set(e, ERR_INPUT, "maximum_policy: "
			    "%s:%u:%u: %.300s", d->v[i].file, d->v[i].line,
			    d->v[i].column, d->v[i].text);
	return 0;
}

/* As it will be compiled with each policy: here with the empty one. */
static int
check(const struct policy_file *v, size_t n, struct policy_base *out,
    struct diags *d)
{
	CLEAN_FREE char *bytes = NULL;
	struct image *im = NULL;
	struct err e = { 0 };
	size_t len;

	if (policy_compile(v, n, POLICY_STAGE_ENFORCE, &bytes, &len, d) ==
	    -1)
		return -1;
	must(image_of(str_of(bytes, len), &im, &e) == 0);
	memcpy(out->maximum_hash, image_info(im)->hash,
	    sizeof(out->maximum_hash));
	image_free(im);
	return 0;
}

static int
read_all(struct reading *r, const char *file, struct policy_base *out,
    struct err *e)
{
	const struct policy_library lib = { r, find_library, find_file,
		(const char *const *)r->g->base.shipped.names,
		r->g->base.shipped.n };
	struct policy_file f = { .name = file, .maximum = true };
	struct docset set = { 0 };
	struct diags d = { 0 };
	int rc = read_text(r, file, &f.text, e);

	if (rc != 0)
		return rc == 1 ? err_set(e, ERR_MISSING, "maximum_policy: "
		    "there is no %s in %s", file, r->g->paths.config) :
		    err_wrap(e, "maximum_policy");
	if (docset_add(&set, &f, &d) == -1 ||
	    docset_close(&set, &lib, &d) == -1 ||
	    check(set.v, set.n, out, &d) == -1)
		rc = say(&d, e);
	else
		out->maximum = policies_list(&set);
	diags_fini(&d);
	docset_fini(&set);
	return rc;
}

int
maximum_read(const struct gateway *g, const char *file,
    struct policy_base *out, struct err *e)
{
	CLEAN_FD int dir = -1;
	struct reading r = { .g = g };
	int rc;

	if (file == NULL || file[0] == '\0')
		return 0;
	dir = open(g->paths.config, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir == -1)
		return err_sys(e, "open %s", g->paths.config);
	r.dir = dir;
	rc = read_all(&r, file, out, e);
	for (size_t i = 0; i < r.n; i++)
		free(r.texts[i]);
	return rc;
}
