/* cond_pattern.c -- the patterns of matches() and domainMatch(). */
#include "base/arena.h"
#include "base/limits.h"
#include "base/must.h"
#include "compile/cond_read.h"
#include "policy/match.h"

/* ---- domains: x.y, *.x.y, **.x.y */

static bool
is_label(struct str s)
{
	if (s.len == 0 || s.len > LABEL_BYTES_MAX || s.p[0] == '-' ||
	    s.p[s.len - 1] == '-')
		return false;
	for (size_t i = 0; i < s.len; i++)
		if (!((s.p[i] >= 'a' && s.p[i] <= 'z') || s.p[i] == '-' ||
			(s.p[i] >= '0' && s.p[i] <= '9') || s.p[i] == '_'))
			return false;
	return true;
}

const char *
domain_fault(struct str s)
{
	struct str label, rest;

	if (str_has_prefix(s, STR("**.")))
		s = str_from(s, 3);
	else if (str_has_prefix(s, STR("*.")))
		s = str_from(s, 2);
	if (s.len > HOST_BYTES_MAX)
		return "longer than a host's name can be";
	for (rest = s; str_cut(rest, '.', &label, &s); rest = s)
		if (!is_label(label))
			break;
	return is_label(str_cut(rest, '.', &label, &s) ? label : rest) ?
	    NULL : "a name in lower case is needed here, as "
	    "\"api.example.com\", with *. or **. before it at most";
}

/* ---- globs */

/* Where the brace at i closes, or the text's length. */
static size_t
brace_end(struct str s, size_t i)
{
	return i + str_index(str_from(s, i), '}');
}

static const char *
braces_fault(struct str s)
{
	size_t forms = 1;

	for (size_t i = 0; i < s.len; i++) {
		size_t end, n = 1;

		if (s.p[i] == '}')
			return "a } without its {";
		if (s.p[i] != '{')
			continue;
		end = brace_end(s, i);
		if (end == s.len)
			return "a { without its }";
		for (i++; i < end; i++) {
			if (s.p[i] == '{')
				return "braces within braces";
			n += s.p[i] == ',';
		}
		forms *= n;
		if (forms > GLOB_FORMS_MAX)
			return "its braces give more than 64 forms";
	}
	return NULL;
}

const char *
glob_fault(struct str s)
{
	for (size_t i = 0; i < s.len; i++) {
		if (s.p[i] == '[' || s.p[i] == ']')
			return "there are no [sets] in this pattern: write "
			    "alternatives as {a,b}";
		if (s.p[i] == '\\')
			return "there are no backslashes in a pattern";
		if (i >= 2 && s.p[i] == '*' && s.p[i - 1] == '*' &&
		    s.p[i - 2] == '*')
			return "three stars: write * (not past a /) or **";
	}
	return braces_fault(s);
}

/* Compiles s with the form-th choice of its braces. */
static struct str
glob_form(struct str s, size_t form, char *out)
{
	size_t n = 0;

	for (size_t i = 0; i < s.len; i++) {
		size_t end, choices = 1, pick;

		if (s.p[i] != '{') {
			out[n++] = s.p[i];
			continue;
		}
		end = brace_end(s, i);
		for (size_t j = i; j < end; j++)
			choices += s.p[j] == ',';
		pick = form % choices;
		form /= choices;
		for (i++; i < end; i++) {
			if (s.p[i] == ',')
				pick--;
			else if (pick == 0)
				out[n++] = s.p[i];
		}
	}
	return str_of(out, n);
}

static struct str
glob_compiled(struct str s, char *out)
{
	size_t n = 0;

	for (size_t i = 0; i < s.len; i++) {
		if (s.p[i] == '?') {
			out[n++] = OP_ONE;
		} else if (s.p[i] != '*') {
			out[n++] = s.p[i];
		} else if (i + 1 < s.len && s.p[i + 1] == '*') {
			out[n++] = OP_SPAN;
			i++;
		} else {
			out[n++] = OP_STAR;
		}
	}
	return str_of(out, n);
}

static size_t
count_forms(struct str s)
{
	size_t forms = 1;

	for (size_t i = 0; i < s.len; i++)
		if (s.p[i] == '{') {
			size_t n = 1, end = brace_end(s, i);

			for (; i < end; i++)
				n += s.p[i] == ',';
			forms *= n;
		}
	return forms;
}

uint32_t
glob_forms(struct str s, struct arena *a, struct str out[GLOB_FORMS_MAX])
{
	size_t n = count_forms(s);

	must(n <= GLOB_FORMS_MAX);	/* glob_fault() was asked */
	for (size_t i = 0; i < n; i++) {
		char *p = arena_alloc(a, s.len + 1, 1);

		must(p != NULL);	/* the arena has no limit of its own */
		out[i] = glob_compiled(glob_form(s, i, p), p);
	}
	return (uint32_t)n;
}
