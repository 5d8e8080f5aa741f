/* git.c -- the commands of a push: the first lines of what goes to
 * git-receive-pack (gitprotocol-pack), up to the flush.  What follows is
 * data, and is not held. */
#include "base/must.h"
#include "inspect/parts.h"

/* The length of an object's name, or 0. */
static size_t
take_id(struct str s, bool *zero)
{
	size_t n = 0;

	*zero = true;
	for (; n < s.len && hex_value(s.p[n]) != -1; n++)
		*zero = *zero && s.p[n] == '0';
	return n == 40 || n == 64 ? n : 0;
}

/* As git itself wants them (git-check-ref-format), so that all who read one
 * read the same. */
static bool
is_ref(struct str s)
{
	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (c <= ' ' || c == 0x7f || strchr("~^:?*[\\", c) != NULL)
			return false;
	}
	return s.len > 0 && s.p[0] != '/' && s.p[s.len - 1] != '/' &&
	    s.p[s.len - 1] != '.';
}

/* OLD NEW REF, and behind the first one's NUL what the client can. */
static const char *
put_command(struct inspect *in, struct str line)
{
	struct inspect_unit *u;
	struct str ref, rest;
	bool old, delete;	/* no object: what is not there may be removed */
	size_t a, b;

	a = take_id(line, &old);
	if (a == 0 || line.len < a + 1 || line.p[a] != ' ')
		return "a command that is none";
	b = take_id(str_from(line, a + 1), &delete);
	if (b != a || line.len < a + b + 3 || line.p[a + 1 + b] != ' ')
		return "a command that is none";
	ref = str_from(line, a + b + 2);
	if (str_cut(ref, '\0', &ref, &rest) && in->n > 0)
		return "a NUL in a command that is not the first";
	if (!is_ref(ref))
		return "the name of a ref that is none";
	u = unit_add(in);
	if (u == NULL || !unit_put(in, u, DETAIL_GIT_REF, STR(""), ref) ||
	    !unit_put(in, u, DETAIL_GIT_OPERATION, STR(""), delete ?
		STR("delete") : STR("push")))
		return in->why;
	unit_say(in, u, delete ? STR("delete") : STR("push"), ref);
	return NULL;
}

static const char *
take_line(struct inspect *in, struct str line)
{
	if (line.len > 0 && line.p[line.len - 1] == '\n')
		line = str_head(line, line.len - 1);
	if (in->n == 0 && str_has_prefix(line, STR("shallow ")))
		return NULL;
	if (str_has_prefix(line, STR("push-cert")))
		return "a signed push, which is not understood here";
	return put_command(in, line);
}

static void
stop(struct inspect *in, const char *why)
{
	in->n = 0;
	(void)found_odd(in, why);
	(void)unit_add(in);	/* there is room for one */
	in->over = true;
}

/* The flush: nothing in front of it is a push of nothing, with which git asks
 * whether it may. */
static void
flush(struct inspect *in)
{
	struct inspect_unit *u;

	in->over = true;
	if (in->n > 0)
		return;
	u = unit_add(in);
	(void)unit_put(in, u, DETAIL_GIT_OPERATION, STR(""), STR("push"));
	unit_known(u, DETAIL_GIT_REF);
	unit_say(in, u, STR("push of nothing"), STR(""));
}

void
git_push(struct inspect *in, bool whole)
{
	while (!in->over) { /* every turn eats a line, or returns */
		struct str left = str_from(buf_str(&in->held), in->scan);
		const char *why;
		int n = 0;

		if (left.len < 4) {
			if (whole)
				stop(in, "it ends in the middle of a push");
			return;
		}
		for (size_t i = 0; i < 4; i++)
			n = hex_value(left.p[i]) == -1 || n == -1 ? -1 :
			    n * 16 + hex_value(left.p[i]);
		if (n == 0) {
			flush(in);
			return;
		}
		if (n < 5 || n > 65520) {
			stop(in, "a line of git's that is none");
			return;
		}
		if (left.len < (size_t)n) {
			if (whole)
				stop(in, "it ends in the middle of a push");
			return;
		}
		why = take_line(in, str_of(left.p + 4, (size_t)n - 4));
		if (why != NULL) {
			stop(in, why);
			return;
		}
		in->scan += (size_t)n;
	}
}
