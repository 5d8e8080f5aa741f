/* host.c -- the names and addresses that rules speak of. */
#include "base/limits.h"
#include "compile/check.h"
#include "policy/match.h"

static bool
is_label(struct str s, bool star)
{
	if (s.len == 0 || s.len > LABEL_BYTES_MAX || s.p[0] == '-' ||
	    s.p[s.len - 1] == '-')
		return false;
	for (size_t i = 0; i < s.len; i++)
		if (!((s.p[i] >= 'a' && s.p[i] <= 'z') ||
			(s.p[i] >= '0' && s.p[i] <= '9') || s.p[i] == '-' ||
			s.p[i] == '_' || (star && s.p[i] == '*')))
			return false;
	return true;
}

/* All labels good, and the last one not a number (which would read as an
 * address); stars in labels only where star says so. */
static bool
is_name(struct str s, bool star)
{
	struct str rest = s, label = s;
	bool digits = true;

	if (s.len == 0 || s.len > HOST_BYTES_MAX)
		return false;
	while (str_cut(rest, '.', &label, &rest))
		if (!is_label(label, star))
			return false;
	if (!is_label(rest, star))
		return false;
	for (size_t i = 0; i < rest.len; i++)
		digits = digits && rest.p[i] >= '0' && rest.p[i] <= '9';
	return !digits && !str_has_prefix(rest, STR("0x"));
}

static struct str
lower_name(struct compile *c, struct str s)
{
	char *p = take_mem(c, s.len + 1, 1);

	for (size_t i = 0; i < s.len; i++)
		p[i] = s.p[i] >= 'A' && s.p[i] <= 'Z' ? (char)(s.p[i] | 0x20) :
		    s.p[i];
	if (s.len > 1 && p[s.len - 1] == '.')
		s.len--;
	return str_of(p, s.len);
}

/* Why this cannot be a host, with the fix. */
static void
say_why(struct compile *c, const struct node *n)
{
	struct str s = n->text, head, tail;

	if (strstr(s.p, "://") != NULL)
		node_error(c, n, "a host, not a URL: leave out the scheme and "
		    "write the path under paths");
	else if (str_index(s, '/') != s.len)
		node_error(c, n, "\"%.80s\" is neither a host nor an address "
		    "range: write the path under paths, and no bits beyond a "
		    "range's prefix", s.p);
	else if (s.p[0] == '[')
		node_error(c, n, "an IPv6 address is written without "
		    "brackets");
	else if (str_cut(s, ':', &head, &tail))
		node_error(c, n, "\"%.80s\" is not a host: write the port "
		    "under ports: [%.6s]", s.p, tail.p);
	else if (str_index(s, '*') != s.len)
		node_error(c, n, "a star stands for whole labels at the "
		    "front: *.example.com (one more) or **.example.com (one "
		    "or more)");
	else
		node_error(c, n, "\"%.80s\" is not a host: letters, digits, "
		    "- and _ between dots (names in other scripts in their "
		    "xn-- form), or an address as 192.0.2.1", s.p);
}

static bool
take_address(struct compile *c, const struct node *n, bool deny,
    struct pol_host *out)
{
	const struct special *what;
	bool within;

	if (!prefix_parse(n->text, &out->net))
		return false;
	out->klass = HOST_ADDR;
	what = prefix_special(&out->net, &within);
	if (!deny && what != NULL && !within)
		node_error(c, n, "%.64s holds more than one kind of address "
		    "(%s among them): name the ranges that are meant",
		    n->text.p, what->what);
	return true;
}

/* "*.x", "**.x": the class, and x in *rest. */
static enum host_class
star_class(struct str s, bool deny, struct str *rest)
{
	*rest = s;
	if (str_has_prefix(s, STR("**."))) {
		*rest = str_from(s, 3);
		return deny ? HOST_DEEP : HOST_MORE;
	}
	if (str_has_prefix(s, STR("*."))) {
		*rest = str_from(s, 2);
		return deny ? HOST_DEEP : HOST_ONE;
	}
	return HOST_EXACT;
}

static bool
take_any(struct compile *c, const struct node *n, bool deny,
    struct pol_host *out)
{
	if (deny) {
		out->klass = HOST_ANY;
		return true;
	}
	node_error(c, n, "an allow names its hosts: \"%.8s\" alone would be "
	    "every one (default_policy: allow says that)", n->text.p);
	return false;
}

static bool
take_name(struct compile *c, const struct node *n, bool deny,
    struct pol_host *out)
{
	struct str name = lower_name(c, n->text), rest;

	out->klass = star_class(name, deny, &rest);
	out->name = rest;
	if (!is_name(rest, false)) {
		say_why(c, n);
		return false;
	}
	if (!deny && out->klass != HOST_EXACT &&
	    str_index(rest, '.') == rest.len) {
		node_error(c, n, "\"%.80s\" would allow a whole top-level "
		    "domain: name at least two labels after the star",
		    n->text.p);
		return false;
	}
	return true;
}

bool
take_host(struct compile *c, const struct node *n, bool deny,
    struct pol_host *out)
{
	if (take_word(c, n, "a host") == NULL)
		return false;
	out->shown = n->text;
	if (str_eqz(n->text, "*") || str_eqz(n->text, "**"))
		return take_any(c, n, deny, out);
	return take_address(c, n, deny, out) || take_name(c, n, deny, out);
}

/* ---- the older schema: stars in more places */

/* Stars in the first label, or as the whole of a later one; never in the
 * last two, which say whose names these are. */
static bool
is_v1_glob(struct str name)
{
	struct str label = name, rest = name;
	size_t left = 1;

	for (size_t i = 0; i < name.len; i++)
		left += name.p[i] == '.';
	for (bool first = true; str_cut(rest, '.', &label, &rest);
	    first = false, left--) {
		bool star = str_index(label, '*') != label.len;

		if (star && (left <= 2 || (!first && label.len > 1)))
			return false;
	}
	return str_index(rest, '*') == rest.len &&
	    strstr(name.p, "**") == NULL;
}

/* A star is any part of one label. */
static struct str
compile_glob(struct compile *c, struct str name)
{
	char *p = take_mem(c, name.len + 1, 1);

	for (size_t i = 0; i < name.len; i++)
		p[i] = name.p[i] == '*' ? OP_LABEL : name.p[i];
	return str_of(p, name.len);
}

bool
take_v1_host(struct compile *c, const struct node *n, struct pol_host *out)
{
	struct str name, rest;

	if (take_word(c, n, "host") == NULL)
		return false;
	name = lower_name(c, n->text);
	(void)star_class(name, false, &rest);
	if (str_index(rest, '*') == rest.len)
		return take_host(c, n, false, out);
	out->shown = n->text;
	if (!is_name(name, true) || !is_v1_glob(name)) {
		say_why(c, n);
		return false;
	}
	out->klass = HOST_GLOB;
	out->name = compile_glob(c, name);
	return true;
}
