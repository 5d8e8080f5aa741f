/* pattern.c -- patterns as written (paths of requests, executables) to the
 * form that match.c runs. */
#include "compile/check.h"
#include "policy/match.h"

enum { ALTERNATIVES_MAX = 64 };

/* Runs of stars mean no more than one: what stands in a pattern is then
 * bounded by its length, and equal patterns are equal bytes. */
static size_t
compile_stars(const char *p, size_t at, size_t len, char *out, size_t n)
{
	bool start = at == 0 || p[at - 1] == '/';
	size_t run = 0;

	while (at + run < len && p[at + run] == '*')
		run++;
	if (run == 1)
		out[n++] = OP_STAR;
	else if (start && at + run < len && p[at + run] == '/') {
		out[n++] = OP_DIRS;	/* its '/' is in the operator */
	} else
		out[n++] = OP_SPAN;
	return n;
}

static struct str
compile(struct compile *c, struct str s, bool tail_spans, bool one)
{
	char *out = take_mem(c, s.len + 1, 1);
	size_t n = 0;

	for (size_t i = 0; i < s.len; i++) {
		if (s.p[i] == '?' && one) {
			out[n++] = OP_ONE;
			continue;
		}
		if (s.p[i] != '*') {
			out[n++] = s.p[i];
			continue;
		}
		n = compile_stars(s.p, i, s.len, out, n);
		while (i + 1 < s.len && s.p[i + 1] == '*')
			i++;
		if (out[n - 1] == OP_DIRS)
			i++;
	}
	/* A final star after a slash covers everything below. */
	if (tail_spans && n > 1 && out[n - 1] == OP_STAR &&
	    (out[n - 2] == '/' || out[n - 2] == OP_DIRS))
		out[n - 1] = OP_SPAN;
	return str_of(out, n);
}

struct str
path_pattern(struct compile *c, struct str s)
{
	return compile(c, s, false, true);
}

/* ---- request paths */

static bool
is_hex(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'F');
}

/* What stands for itself in a canonical path (http/target.h). */
static bool
is_plain(int v)
{
	return (v >= 'a' && v <= 'z') || (v >= 'A' && v <= 'Z') ||
	    (v >= '0' && v <= '9') ||
	    (v > 0 && strchr("-._~!$&'()*+,=:@", v) != NULL);
}

static const char *
escape_fault(struct str s, size_t i, bool slash)
{
	int hi, lo, v;

	if (i + 2 >= s.len || !is_hex(s.p[i + 1]) || !is_hex(s.p[i + 2]))
		return "% must be followed by two digits 0-9 A-F";
	hi = s.p[i + 1] <= '9' ? s.p[i + 1] - '0' : s.p[i + 1] - 'A' + 10;
	lo = s.p[i + 2] <= '9' ? s.p[i + 2] - '0' : s.p[i + 2] - 'A' + 10;
	v = hi * 16 + lo;
	if (is_plain(v))
		return "it escapes a character that stands for itself: write "
		    "the character";
	if (v == '/' && !slash)
		return "an encoded slash needs encoded_slash: allow beside "
		    "the paths";
	if (v < 0x20 || v == 0x7f || v == '\\')
		return "it escapes what is never in a canonical path";
	return NULL;
}

/* Of what can never be in a canonical path: such a pattern would match
 * nothing, and whoever wrote it meant something. */
static const char *
path_fault(struct str s, bool v1, bool slash)
{
	for (size_t i = 0; i < s.len; i++) {
		unsigned char ch = (unsigned char)s.p[i];

		if (ch <= 0x20 || ch >= 0x7f)
			return "blanks and letters beyond ASCII are written "
			    "percent-encoded";
		if ((ch == '?' && !v1) || ch == '#')
			return "a path ends before '?' and '#'";
		if (strchr("\\;[]{}<>\"^`|", ch) != NULL)
			return "it holds a character that no canonical path "
			    "has";
		if (ch == '/' && i + 1 < s.len && s.p[i + 1] == '/')
			return "an empty segment is never in a canonical path";
		if (ch == '%' && escape_fault(s, i, slash) != NULL)
			return escape_fault(s, i, slash);
	}
	return NULL;
}

static bool
has_dots(struct str s)
{
	struct str rest = s, part;
	bool more = true;

	while (more) {
		more = str_cut(rest, '/', &part, &rest);
		if (!more)
			part = rest;
		if (str_eqz(part, ".") || str_eqz(part, ".."))
			return true;
	}
	return false;
}

static bool
path_ok(struct compile *c, const struct node *n, struct str s, bool v1,
    bool slash)
{
	const char *fault = path_fault(s, v1, slash);

	if (s.len >= PATTERN_BYTES_MAX - 4)
		fault = "it is too long";
	else if (fault == NULL && has_dots(s))
		fault = "dot segments are never in a canonical path";
	else if (fault == NULL && s.p[0] != '/' &&
	    !str_has_prefix(s, STR("**")))
		fault = "a path begins with / (/* is every path)";
	if (fault != NULL)
		node_error(c, n, "path \"%.80s\": %s", n->text.p, fault);
	return fault == NULL;
}

/* What a deny covers beside the pattern: /x when it is /x and below, and
 * /x/ when it is /x, which a server may take for the same. */
static void
deny_widen(struct compile *c, struct pol_rule *r, struct str p)
{
	if (p.len > 2 && p.p[p.len - 1] == OP_SPAN && p.p[p.len - 2] == '/') {
		strs_add(c, &r->paths, str_head(p, p.len - 2));
	} else if (p.len > 1 && p.p[p.len - 1] != '/' &&
	    p.p[p.len - 1] != OP_SPAN) {
		char *wide = take_mem(c, p.len + 2, 1);

		memcpy(wide, p.p, p.len);
		wide[p.len] = '/';
		strs_add(c, &r->paths, str_of(wide, p.len + 1));
	}
}

static bool
one_path(struct compile *c, const struct node *n, struct pol_rule *r,
    struct str s, bool v1)
{
	struct str p;

	if (!path_ok(c, n, s, v1,
		(r->flags & (RULE_DENY | RULE_SLASH)) != 0))
		return false;
	/* The older schema's final * stays in its segment in an allow; in a
	 * deny the wider reading is the safer one. */
	p = compile(c, s, !v1 || (r->flags & RULE_DENY) != 0, v1);
	strs_add(c, &r->paths, p);
	if ((r->flags & RULE_DENY) != 0)
		deny_widen(c, r, p);
	return true;
}

/* "a{b,c}d" to "abd" and "acd", from the first brace on; without recursion:
 * what is not finished goes back on the list. */
static bool
expand(struct compile *c, const struct node *n, struct pol_rule *r)
{
	struct strs texts = { 0 };

	strs_add(c, &texts, n->text);
	for (uint32_t i = 0; i < texts.n; i++) {
		struct str s = texts.v[i], head, tail, in, one;
		bool more = true;

		if (!str_cut(s, '{', &head, &tail)) {
			if (!one_path(c, n, r, s, true))
				return false;
			continue;
		}
		if (!str_cut(tail, '}', &in, &tail) ||
		    str_index(in, '{') != in.len) {
			node_error(c, n, "path \"%.80s\": braces do not pair",
			    n->text.p);
			return false;
		}
		while (more) {
			char *z;

			more = str_cut(in, ',', &one, &in);
			if (!more)
				one = in;
			if (texts.n >= ALTERNATIVES_MAX) {
				node_error(c, n, "path \"%.80s\": more than "
				    "%d alternatives", n->text.p,
				    ALTERNATIVES_MAX);
				return false;
			}
			z = arena_printf(c->arena, "%.*s%.*s%.*s",
			    (int)head.len, head.p, (int)one.len, one.p,
			    (int)tail.len, tail.p);
			strs_add(c, &texts, str_c(z));
		}
	}
	return true;
}

bool
path_add(struct compile *c, const struct node *n, struct pol_rule *r,
    bool v1)
{
	if (take_word(c, n, "a path") == NULL)
		return false;
	strs_add(c, &r->shown_paths, n->text);
	return v1 ? expand(c, n, r) : one_path(c, n, r, n->text, false);
}

void
take_paths(struct compile *c, const struct node *n, struct pol_rule *r)
{
	if (!check_want(c, n, WANT_LIST, "paths"))
		return;
	if (n->n == 0 || n->n > LIST_MAX) {
		node_error(c, n, "paths must have 1 to %d items", LIST_MAX);
		return;
	}
	for (uint32_t i = 0; i < n->n; i++)
		(void)path_add(c, n->items[i], r, false);
}

/* ---- executables */

bool
exe_add(struct compile *c, const struct node *n, struct pol_exe *out, bool v1)
{
	struct str s;

	if (take_word(c, n, "a program") == NULL)
		return false;
	s = n->text;
	if (s.len >= PATTERN_BYTES_MAX || strpbrk(s.p, "[]{}?") != NULL) {
		node_error(c, n, "\"%.80s\": a program is a path with * and "
		    "**, or its bare name", s.p);
		return false;
	}
	if (s.p[0] != '/' && !str_has_prefix(s, STR("**/")) &&
	    (v1 || strpbrk(s.p, "/*") != NULL)) {
		node_error(c, n, "\"%.80s\" must be an absolute path%s", s.p,
		    v1 ? "" : ", or a bare name");
		return false;
	}
	if (has_dots(s)) {
		node_error(c, n, "\"%.80s\" must have no dot segments", s.p);
		return false;
	}
	out->klass = s.p[0] != '/' && s.p[0] != '*' ? EXE_NAME :
	    strchr(s.p, '*') != NULL ? EXE_GLOB : EXE_PATH;
	out->text = out->klass == EXE_GLOB ? compile(c, s, false, false) : s;
	return true;
}

void
take_exes(struct compile *c, const struct node *n, struct pol_rule *r)
{
	if (!check_want(c, n, WANT_LIST, "binaries"))
		return;
	if (n->n == 0 || n->n > LIST_MAX) {
		node_error(c, n, "binaries must have 1 to %d items: leave "
		    "the key out for any program", LIST_MAX);
		return;
	}
	r->exes = take_mem(c, n->n, sizeof(*r->exes));
	for (uint32_t i = 0; i < n->n; i++)
		if (exe_add(c, n->items[i], &r->exes[r->nexes], false))
			r->nexes++;
}
