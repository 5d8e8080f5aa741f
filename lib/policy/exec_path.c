/* exec_path.c -- the canonical form of an argument that may be a path. */
#include "policy/exec_scan.h"

enum { CLUSTER_MAX = 16 };	/* letters before a relative path */

struct str
exec_attached(struct str arg)
{
	size_t eq = str_index(arg, '=');

	for (size_t at = eq; at + 1 < arg.len; at++)
		if (arg.p[at] == '=' && arg.p[at + 1] == '/')
			return str_from(arg, at + 1);
	if (arg.len > 2 && arg.p[0] == '-' && arg.p[1] != '-')
		return str_from(arg, 2);
	return eq + 1 < arg.len ? str_from(arg, eq + 1) : STR("");
}

static bool
is_letter(char ch)
{
	return (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z') ||
	    (ch >= '0' && ch <= '9');
}

bool
exec_clustered(struct str arg, size_t *at, struct str *rest)
{
	if (arg.len < 4 || arg.p[0] != '-')
		return false;
	for (size_t i = 1; i + 1 < arg.len && is_letter(arg.p[i]); i++)
		if (i >= *at && (i <= CLUSTER_MAX || arg.p[i + 1] == '/')) {
			*at = i + 1;
			*rest = str_from(arg, i + 1);
			return true;
		}
	return false;
}

struct str
exec_value(struct str arg)
{
	size_t eq = str_index(arg, '=');

	if (arg.len > 2 && arg.p[0] == '-' && arg.p[1] != '-')
		eq = arg.p[2] == '=' ? 2 : 1;
	return eq + 1 < arg.len ? str_from(arg, eq + 1) : STR("");
}

struct path {
	char *p;	/* PATH_BYTES_MAX */
	size_t len;
};

static bool
add(struct path *b, struct str part)
{
	if (part.len == 0 || str_eqz(part, "."))
		return true;
	if (str_eqz(part, "..")) {
		while (b->len > 0 && b->p[--b->len] != '/')
			;
		return true;
	}
	if (part.len + 1 > PATH_BYTES_MAX - b->len)
		return false;
	b->p[b->len++] = '/';
	memcpy(b->p + b->len, part.p, part.len);
	b->len += part.len;
	return true;
}

/* As if there were no symbolic links; empty: no path, or one too long to be
 * opened. */
static struct str
canonical(struct str cwd, struct str s, char buf[PATH_BYTES_MAX])
{
	struct path b = { buf, 0 };
	struct str part;
	bool more = true;

	if (s.len == 0)
		return STR("");
	if (s.p[0] != '/') {
		if (cwd.len == 0 || cwd.len > PATH_BYTES_MAX)
			return STR("");
		memcpy(buf, cwd.p, cwd.len);
		b.len = str_eqz(cwd, "/") ? 0 : cwd.len;
	}
	while (more) {
		more = str_cut(s, '/', &part, &s);
		if (!add(&b, more ? part : s))
			return STR("");
	}
	return b.len == 0 ? STR("/") : str_of(buf, b.len);
}

struct str
exec_lexical(struct str cwd, struct str text, char buf[PATH_BYTES_MAX])
{
	return canonical(cwd, text, buf);
}

struct str
exec_arg_path(const struct exec_scan *s, uint32_t i, char buf[PATH_BYTES_MAX])
{
	if (s->form->paths != NULL)
		return s->form->paths[s->first + i];
	return canonical(s->q->cwd, exec_arg(s, i), buf);
}

struct str
exec_arg_attached(const struct exec_scan *s, uint32_t i,
    char buf[PATH_BYTES_MAX])
{
	if (s->form->attached != NULL)
		return s->form->attached[s->first + i];
	return canonical(s->q->cwd, exec_attached(exec_arg(s, i)), buf);
}

struct str
exec_path_of(const struct exec_scan *s, struct str text,
    char buf[PATH_BYTES_MAX])
{
	return canonical(s->q->cwd, text, buf);
}

/* Not in the first component: there it parts a name from what it says. */
static bool
mark_is_within(struct str arg, char mark)
{
	return str_index(arg, mark) == arg.len ||
	    str_index(arg, mark) > str_index(arg, '/');
}

/* Programs take "-x" for an option, "@x" and "+x" for more than a name,
 * "host:x" for another machine and "if=x" for a setting. Who means a file of
 * such a name writes "./" before it. */
bool
exec_like_path(struct str arg, char beside)
{
	unsigned char ch = arg.len > 0 ? (unsigned char)arg.p[0] : 0;

	if (ch == '/')
		return beside == '\0' || str_index(arg, beside) == arg.len;
	if ((ch < 'a' || ch > 'z') && (ch < 'A' || ch > 'Z') &&
	    (ch < '0' || ch > '9') && ch != '.' && ch != '_' && ch < 0x80)
		return false;
	if (beside != '\0' && str_index(arg, beside) != arg.len)
		return false;
	return mark_is_within(arg, ':') && mark_is_within(arg, '=');
}
