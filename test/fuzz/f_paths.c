/* f_paths.c -- a hostile pattern and a hostile path.  The first line is a
 * pattern, compiled alone as an allow; what follows is a path. Whatever
 * compiles says the same of the path as the naive matcher does of the
 * pattern's alternatives, and the ways of asking agree. */
#include <stdint.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/must.h"
#include "compile/checked.h"
#include "policy/files.h"
#include "policy/match.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t len);

enum { BYTES_MAX = 512 };

static bool
put_quoted(struct buf *b, struct str s)
{
	bool ok = buf_addz(b, "'");

	for (size_t i = 0; i < s.len; i++)
		ok = ok && buf_add(b, s.p[i] == '\'' ? "''" : s.p + i,
		    s.p[i] == '\'' ? 2 : 1);
	return ok && buf_addz(b, "'");
}

static char *
document(struct str pattern)
{
	struct buf b;

	buf_init(&b, 8 * BYTES_MAX);
	must(buf_addz(&b, "file_access: {system: none, allow: [{path: ") &&
	    put_quoted(&b, pattern) && buf_addz(&b,
	    ", permissions: [read, write]}]}\n"));
	return buf_take(&b, NULL);
}

static bool
naive(const struct pol_file *f, struct str path)
{
	if (match_path(f->base, path))
		return true;
	for (size_t i = 0; f->tree && i < path.len; i++)
		if (path.p[i] == '/' && match_path(f->base, str_head(path,
		    i)))
			return true;
	return false;
}

static void
ask(const struct checked *k, const struct image *im, struct str path)
{
	struct file_query q = { path, FILE_READ, 0 };
	struct file_answer a;
	struct file_below below;
	bool want = false;

	for (const struct pol_file *f = k->c.pol.files.list; f != NULL;
	    f = f->next)
		want = want || naive(f, path);
	policy_file(im, &q, &a);
	must(a.reason[0] != '\0');
	must((a.judged == VERDICT_ALLOW) ==
	    ((policy_file_judge(im, &q) & FILE_READ) != 0));
	policy_file_below(im, path, 0, &below);
	if (policy_file_state(im, path).own == 0)	/* no path */
		must(a.judged == VERDICT_DENY);
	else if (str_eqz(a.rule.file, "f.yaml") || a.rule.file.len == 0)
		must((a.judged == VERDICT_ALLOW) == want);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t len)
{
	struct str in = str_of((const char *)p, len < BYTES_MAX ? len :
	    BYTES_MAX), pattern, path;
	struct policy_file f = { .name = "f.yaml" };
	struct diags d = { 0 };
	struct checked *k;
	struct image *im = NULL;
	char *text, *bytes;
	size_t n;

	if (!str_cut(in, '\n', &pattern, &path))
		return 0;
	text = document(pattern);
	f.text = str_c(text);
	k = checked_new(&f, 1, POLICY_STAGE_CHECK, &d);
	if (checked_emit(k, &bytes, &n) == 0) {
		must(image_of(str_of(bytes, n), &im, NULL) == 0);
		ask(k, im, path);
		image_free(im);
		free(bytes);
	} else {
		must(d.errors > 0);
	}
	checked_free(k);
	diags_fini(&d);
	free(text);
	return 0;
}
