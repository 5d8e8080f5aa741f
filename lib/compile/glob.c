/* glob.c -- file patterns as written, to the form that match.c runs: glob(7)
 * with braces and with ** for any number of components. */
#include "base/compat.h"
#include "base/must.h"
#include "compile/check.h"
#include "policy/match.h"

struct glob { /* one alternative on its way */
	struct str s;		/* what is left */
	char *out;
	size_t n;
	size_t part;		/* where in out this component began */
	bool wild;
	const char *fault;
};

/* ---- [a-z] */

/* How long the class is that s begins with; 0: it does not end. */
static size_t
class_len(struct str s)
{
	size_t i = 1;

	if (i < s.len && (s.p[i] == '!' || s.p[i] == '^'))
		i++;
	if (i < s.len && s.p[i] == ']')
		i++;
	while (i < s.len && s.p[i] != ']') {
		if (s.p[i] == '[' && i + 1 < s.len && s.p[i + 1] == ':') {
			for (i += 2; i + 1 < s.len && (s.p[i] != ':' ||
				s.p[i + 1] != ']');)
				i++;
			i++;
		}
		i++;
	}
	return i < s.len ? i + 1 : 0;
}

static const struct {
	const char *name, *bytes; /* pairs */
} named[] = {
	{ "alnum", "09AZaz" }, { "alpha", "AZaz" }, { "blank", "  " },
	{ "digit", "09" }, { "graph", "!.0~" }, { "lower", "az" },
	{ "print", " .0~" }, { "punct", "!.:@[`{~" }, { "space", "  " },
	{ "upper", "AZ" }, { "xdigit", "09AFaf" },
};

static void
set_add(bool set[256], unsigned char lo, unsigned char hi)
{
	for (unsigned c = lo; c <= hi; c++)
		set[c] = true;
}

/* "[:name:]" at the front of s. */
static const char *
take_named(struct str *s, bool set[256])
{
	for (size_t i = 0; i < NELEM(named); i++) {
		size_t len = strlen(named[i].name);

		if (s->len < len + 4 ||
		    memcmp(s->p + 2, named[i].name, len) != 0 ||
		    memcmp(s->p + 2 + len, ":]", 2) != 0)
			continue;
		for (const char *b = named[i].bytes; *b != '\0'; b += 2)
			set_add(set, (unsigned char)b[0],
			    (unsigned char)b[1]);
		*s = str_from(*s, len + 4);
		return NULL;
	}
	return "its [:class:] is none of alnum, alpha, blank, digit, graph, "
	    "lower, print, punct, space, upper, xdigit";
}

/* One character or range at the front of s. */
static const char *
take_range(struct str *s, bool set[256])
{
	unsigned char lo = (unsigned char)s->p[0], hi = lo;

	if (s->len > 1 && lo == '[' && s->p[1] == ':')
		return take_named(s, set);
	if (s->len > 1 && lo == '[' && (s->p[1] == '.' || s->p[1] == '='))
		return "[.x.] and [=x=] are not supported: name the "
		    "characters";
	*s = str_from(*s, 1);
	if (s->len > 1 && s->p[0] == '-') {
		hi = (unsigned char)s->p[1];
		*s = str_from(*s, 2);
	}
	if (lo >= 0x80 || hi >= 0x80)
		return "a class holds ASCII alone: write {a,b} for letters "
		    "beyond";
	if (lo > hi)
		return "a range in its [] goes backwards";
	if (lo <= '/' && hi >= '/')
		return "its [] holds /, which no name does";
	set_add(set, lo, hi);
	return NULL;
}

static const char *
take_class(struct str in, bool set[256])
{
	bool inverse = in.len > 0 && in.p[0] == '!';
	const char *fault;

	if (in.len > 0 && in.p[0] == '^')
		return "[^...] differs between shells: write [!...]";
	if (inverse)
		in = str_from(in, 1);
	while (in.len > 0) {
		fault = take_range(&in, set);
		if (fault != NULL)
			return fault;
	}
	for (unsigned c = 1; inverse && c < 256; c++)
		set[c] = c != '/' && !set[c];
	return NULL;
}

/* ---- a pattern */

static void
put(struct glob *g, int c)
{
	if (g->n == PATTERN_BYTES_MAX)
		g->fault = "it is too long";
	else
		g->out[g->n++] = (char)c;
}

static void
put_set(struct glob *g, const bool set[256])
{
	size_t count = g->n + 1;
	unsigned n = 0;

	put(g, OP_SET);
	put(g, 0);
	for (unsigned lo = 1; lo < 256; lo++) {
		unsigned hi = lo;

		if (!set[lo])
			continue;
		while (hi + 1 < 256 && set[hi + 1])
			hi++;
		put(g, (int)lo);
		put(g, (int)hi);
		n++;
		lo = hi;
	}
	if (g->fault == NULL)
		g->out[count] = (char)n;	/* at most 128 */
}

static void
put_class(struct glob *g)
{
	size_t len = class_len(g->s);
	bool set[256] = { false };

	if (len == 0) {
		g->fault = "its [ is not closed: write [[] for the character";
		return;
	}
	g->fault = take_class(str_of(g->s.p + 1, len - 2), set);
	if (g->fault == NULL)
		put_set(g, set);
	g->s = str_from(g->s, len);
	g->wild = true;
}

/* "**" and "/": any number of components; more of the same add nothing. */
static void
put_stars(struct glob *g)
{
	bool start = g->n == g->part;

	g->wild = true;
	if (g->s.len == 1 || g->s.p[1] != '*') {
		put(g, OP_STAR);
		g->s = str_from(g->s, 1);
		return;
	}
	if (!start || g->s.len < 3 || g->s.p[2] != '/') {
		g->fault = "** stands for whole components: write it between "
		    "slashes, or a single *";
		return;
	}
	if (g->n == 0)	/* else the first * could be what is before it */
		put(g, '/');
	if (g->out[g->n - 1] != OP_DIRS)
		put(g, OP_DIRS);
	g->s = str_from(g->s, 3);
	g->part = g->n;
}

/* Is the component in out[from, to) nothing but dots, one or two? */
static bool
is_dots(const struct glob *g, size_t from)
{
	struct str s = str_of(g->out + from, g->n - from);
	unsigned dots = 0;

	for (; s.len > 0; dots++) {
		size_t len = match_op_len(s);

		if (s.p[0] != '.' && (s.p[0] != OP_SET || len != 4 ||
			s.p[2] != '.' || s.p[3] != '.'))
			return false;
		s = str_from(s, len);
	}
	return dots == 1 || dots == 2;
}

static void
put_slash(struct glob *g)
{
	if (is_dots(g, g->part))
		g->fault = "it has a dot component";
	put(g, '/');
	g->s = str_from(g->s, 1);
	g->part = g->n;
}

static void
put_next(struct glob *g)
{
	switch (g->s.p[0]) {
	case '*':
		put_stars(g);
		return;
	case '[':
		put_class(g);
		return;
	case '/':
		put_slash(g);
		return;
	case ']':
		g->fault = "its ] closes nothing: write []] for the "
		    "character";
		return;
	case '?':
		g->wild = true;
		put(g, OP_ONE);
		break;
	default:
		put(g, g->s.p[0]);
		break;
	}
	g->s = str_from(g->s, 1);
}

static const char *
path_fault(struct str s)
{
	struct str rest = s, part;
	bool more = true;

	if (s.len > 0 && s.p[0] == '~')
		return "the home inside is /home/sandbox: write it out";
	if ((s.len == 0 || s.p[0] != '/') && !str_has_prefix(s, STR("**/")))
		return "it must be absolute, or begin with **/";
	if (s.p[0] == '/')
		rest = str_from(s, 1);
	if (rest.len == 0)
		return "it is the root: write /** for all of it";
	while (more) {
		more = str_cut(rest, '/', &part, &rest);
		if (!more)
			part = rest;
		if (part.len == 0)
			return more ? "it has an empty component" :
			    "it ends in /: write /** after it for the tree";
		if (str_eqz(part, ".") || str_eqz(part, ".."))
			return "it has a dot component";
	}
	if (str_index(s, '\\') != s.len)
		return "it holds a backslash: write [*] for a character that "
		    "would be a wildcard";
	return NULL;
}

/* f->text to the rest of *f. */
static const char *
glob_compile(struct compile *c, struct pol_file *f)
{
	char out[PATTERN_BYTES_MAX];
	struct glob g = { .s = f->text, .out = out };

	if (f->origin == FILE_OF_POLICY || !str_eqz(g.s, "/"))
		g.fault = path_fault(g.s);
	while (g.fault == NULL && str_has_suffix(g.s, STR("/**"))) {
		f->tree = true;
		g.s = str_head(g.s, g.s.len - 3);
	}
	if (str_eqz(g.s, "**"))		/* everything */
		g.s = STR("");
	f->path = g.s.len == 0 ? STR("/") : take_copy(c, g.s);
	while (g.fault == NULL && g.s.len > 0)
		put_next(&g);
	if (g.fault == NULL && is_dots(&g, g.part))
		g.fault = "it has a dot component";
	f->base = take_copy(c, str_of(g.out, g.n));
	f->glob = g.wild;
	return g.fault;
}

/* ---- {a,b} */

/* The first brace outside classes; s.len: there is none. */
static size_t
find_brace(struct str s)
{
	size_t i = 0;

	while (i < s.len && s.p[i] != '{' && s.p[i] != '}') {
		size_t len = s.p[i] == '[' ? class_len(str_from(s, i)) : 1;

		i += len == 0 ? 1 : len;
	}
	return i;
}

/* One alternative off the front of *in, up to a comma that stands in no
 * braces; false: it ends in the brace that closes, and *in is what follows.
 * A head without p: nothing closes. */
static bool
cut_alternative(struct str *in, struct str *one)
{
	unsigned depth = 0;
	size_t i = 0;

	while (i < in->len) {
		char ch = in->p[i];
		size_t len = ch == '[' ? class_len(str_from(*in, i)) : 1;

		if (depth == 0 && (ch == ',' || ch == '}')) {
			*one = str_head(*in, i);
			*in = str_from(*in, i + 1);
			return ch == ',';
		}
		depth += ch == '{';
		depth -= ch == '}';
		i += len == 0 ? 1 : len;
	}
	*one = str_of(NULL, 0);
	return false;
}

/* Opens the first braces of s: what comes of it goes on the list. */
static const char *
open_braces(struct compile *c, struct str s, struct strs *out)
{
	size_t at = find_brace(s);
	struct str in = str_from(s, at + 1), scan = in, tail, one;
	unsigned n = 1;

	if (s.p[at] == '}')
		return "its } closes nothing: write [}] for the character";
	while (cut_alternative(&scan, &one))
		n++;
	if (one.p == NULL)
		return "its { is not closed: write [{] for the character";
	if (n == 1)
		return "its braces hold one alternative: write {a,b}, or no "
		    "braces";
	for (tail = scan; n > 0; n--) {
		char *z;

		(void)cut_alternative(&in, &one);
		if (out->n >= 2 * FILE_ALTERNATIVES_MAX)
			return "its braces stand for too many paths: at most "
			    "256";
		z = arena_printf(c->arena, "%.*s%.*s%.*s", (int)at, s.p,
		    (int)one.len, one.p, (int)tail.len, tail.p);
		must(z != NULL);
		strs_add(c, out, str_c(z));
	}
	return NULL;
}

static const char *
globs_take(struct compile *c, struct str text, const struct pol_file *like,
    struct file_globs *out)
{
	struct strs texts = { 0 };
	const char *fault;

	strs_add(c, &texts, text);
	for (uint32_t i = 0; i < texts.n; i++) {
		struct str s = texts.v[i];
		struct pol_file *f = &out->v[out->n];

		if (find_brace(s) < s.len) {
			fault = open_braces(c, s, &texts);
		} else if (out->n == FILE_ALTERNATIVES_MAX) {
			fault = "its braces stand for too many paths: at "
			    "most 256";
		} else {
			*f = *like;
			f->text = s;
			fault = glob_compile(c, f);
			out->n++;
		}
		if (fault != NULL)
			return fault;
	}
	return NULL;
}

bool
file_globs(struct compile *c, const struct node *n,
    const struct pol_file *like, struct file_globs *out)
{
	const char *fault;

	out->n = 0;
	if (take_word(c, n, "a path") == NULL)
		return false;
	out->v = take_mem(c, find_brace(n->text) < n->text.len ?
	    FILE_ALTERNATIVES_MAX : 1, sizeof(*out->v));
	fault = globs_take(c, n->text, like, out);
	if (fault != NULL)
		node_error(c, n, "path \"%.80s\": %s", n->text.p, fault);
	return fault == NULL;
}

void
file_glob_own(struct compile *c, const char *text, struct pol_file *f)
{
	const char *fault;

	f->text = str_c(text);
	fault = glob_compile(c, f);
	must(fault == NULL);
}
