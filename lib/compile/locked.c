/* locked.c -- what a running sandbox cannot change: its files. */
#include "base/buf.h"
#include "base/must.h"
#include "compile/compile.h"
#include "policy/image.h"

#define CHANGES_BYTES_MAX 65536

static const char *
system_name(enum policy_system s)
{
	switch (s) {
	case POLICY_SYSTEM_READ_ONLY:
		return "read-only";
	case POLICY_SYSTEM_NONE:
		return "none";
	case POLICY_SYSTEM_LAYERED:
		return "layered";
	}
	return "?";
}

static const char *
access_name(const struct file_grant *g)
{
	if (g->deny)
		return "deny";
	if (g->access == (FILE_READ | FILE_WRITE))
		return "read, write";
	return g->access == FILE_READ ? "read" : "write";
}

static int
by_path(const struct file_grant *a, const struct file_grant *b)
{
	size_t n = a->path.len < b->path.len ? a->path.len : b->path.len;
	int c = memcmp(a->path.p, b->path.p, n);

	if (c != 0)
		return c;
	if (a->path.len != b->path.len)
		return a->path.len < b->path.len ? -1 : 1;
	if (a->deny != b->deny)
		return a->deny ? 1 : -1;
	return (int)a->tree - (int)b->tree;
}

static bool
say_grant(struct buf *b, const struct file_grant *g, const char *was,
    const char *is)
{
	return buf_printf(b, "file_access %.*s%s: %s -> %s\n",
	    (int)g->path.len, g->path.p, g->tree ? "/**" : "", was, is);
}

/* Both lists are sorted, by the compiler: one walk finds all. */
static bool
say_files(struct buf *b, const struct image *old, const struct image *new_)
{
	uint32_t n = image_info(old)->files, m = image_info(new_)->files;
	uint32_t i = 0, j = 0;
	bool ok = true;

	while (ok && (i < n || j < m)) {
		struct file_grant x, y;
		int c = i == n ? 1 : -1;

		if (i < n)
			image_file(old, i, &x);
		if (j < m)
			image_file(new_, j, &y);
		if (i < n && j < m)
			c = by_path(&x, &y);
		if (c < 0)
			ok = say_grant(b, &x, access_name(&x), "nothing");
		else if (c > 0)
			ok = say_grant(b, &y, "nothing", access_name(&y));
		else if (x.access != y.access)
			ok = say_grant(b, &x, access_name(&x),
			    access_name(&y));
		i += c <= 0;
		j += c >= 0;
	}
	return ok;
}

char *
policy_locked_changes(const struct image *old, const struct image *new_)
{
	enum policy_system was = image_info(old)->system;
	enum policy_system is = image_info(new_)->system;
	struct buf b;
	bool ok = true;
	char *z;

	buf_init(&b, CHANGES_BYTES_MAX);
	if (was != is)
		ok = buf_printf(&b, "file_access.system: %s -> %s\n",
		    system_name(was), system_name(is));
	if (ok && !say_files(&b, old, new_))
		ok = false;	/* too much to say: what fits is said */
	if (b.len == 0 && ok) {
		buf_fini(&b);
		return NULL;
	}
	z = buf_take(&b, NULL);
	must(z != NULL);
	return z;
}
