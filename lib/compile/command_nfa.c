/* command_nfa.c -- words of patterns as parts of automata. */
#include "compile/command_nfa.h"

#include "policy/match.h"

/* ---- sets of bytes */

static struct byte_set
all_but(const char *not)
{
	struct byte_set s;

	memset(&s, 0xff, sizeof(s));
	s.bits[0] &= ~UINT64_C(1);
	for (; *not != '\0'; not++) {
		unsigned c = (unsigned char)*not;

		s.bits[c / 64] &= ~(UINT64_C(1) << (c % 64));
	}
	return s;
}

static void
set_range(struct byte_set *s, unsigned from, unsigned to)
{
	for (unsigned c = from; c <= to; c++)
		s->bits[c / 64] |= UINT64_C(1) << (c % 64);
}

static struct part
one_but(struct nfa *n, const char *not)
{
	struct byte_set s = all_but(not);

	return nfa_set(n, &s);
}

static struct part
many_but(struct nfa *n, const char *not)
{
	return nfa_star(n, one_but(n, not));
}

static struct part
maybe(struct nfa *n, struct part p)
{
	return nfa_alt(n, nfa_text(n, STR("")), p);
}

/* ---- text with stars */

static struct part
glob(struct nfa *n, struct str s)
{
	struct part p = nfa_text(n, STR(""));

	while (s.len > 0) {
		size_t lit = str_index(s, OP_SPAN);

		if (lit > 0)
			p = nfa_cat(n, p, nfa_text(n, str_head(s, lit)));
		s = str_from(s, lit);
		if (s.len > 0) {
			p = nfa_cat(n, p, many_but(n, ""));
			s = str_from(s, 1);
		}
	}
	return p;
}

/* ---- options */

/* "-r", "-fr", "-xfr": the letter anywhere behind one dash. What follows a
 * letter may be its value; it counts all the same. */
static struct part
cluster(struct nfa *n, struct str letters)
{
	struct byte_set s = { { 0 } };
	struct part here, later;

	for (size_t i = 0; i < letters.len; i++)
		set_range(&s, (unsigned char)letters.p[i],
		    (unsigned char)letters.p[i]);
	here = nfa_set(n, &s);
	later = nfa_cat(n, one_but(n, "-"), nfa_cat(n, many_but(n, ""),
	    nfa_set(n, &s)));
	return nfa_cat(n, nfa_text(n, STR("-")), nfa_cat(n,
	    nfa_alt(n, here, later), many_but(n, "")));
}

static struct part
with_value(struct nfa *n, struct part p)
{
	return nfa_cat(n, p, maybe(n, nfa_cat(n, nfa_text(n, STR("=")),
	    many_but(n, ""))));
}

/* "--recursive", and every beginning of it: which of them is unambiguous,
 * only the program knows. */
static struct part
abbreviated(struct nfa *n, struct str name)
{
	struct part p = nfa_text(n, STR(""));

	for (size_t i = name.len; i > 1; i--)
		p = maybe(n, nfa_cat(n, nfa_text(n, str_of(name.p + i - 1,
		    1)), p));
	p = nfa_cat(n, nfa_text(n, str_head(name, 1)), p);
	return with_value(n, nfa_cat(n, nfa_text(n, STR("--")), p));
}

static struct part
worded(struct nfa *n, struct str name)
{
	return with_value(n, nfa_cat(n, nfa_alt(n, nfa_text(n, STR("-")),
	    nfa_text(n, STR("--"))), nfa_text(n, name)));
}

static struct part
option(struct nfa *n, const struct pol_token *t)
{
	struct part p = { 0, 0 };
	bool any = false;

	if (t->prefix.len > 0)
		return nfa_cat(n, glob(n, t->prefix), many_but(n, ""));
	for (uint32_t i = 0; i < t->longs.n; i++) {
		struct part one = t->words ? worded(n, t->longs.v[i]) :
		    abbreviated(n, t->longs.v[i]);

		p = any ? nfa_alt(n, p, one) : one;
		any = true;
	}
	if (t->letters.len == 0)
		return p;
	return any ? nfa_alt(n, p, cluster(n, t->letters)) :
	    cluster(n, t->letters);
}

/* ---- paths */

struct part
word_like_path(struct nfa *n, char beside)
{
	const char component[] = "/:=";
	const char other[2] = { beside, '\0' };
	struct byte_set begin = { { 0 } };
	struct part relative, absolute;

	set_range(&begin, 'a', 'z');
	set_range(&begin, 'A', 'Z');
	set_range(&begin, '0', '9');
	set_range(&begin, 0x80, 0xff);
	set_range(&begin, '.', '.');
	set_range(&begin, '_', '_');
	relative = nfa_cat(n, nfa_cat(n, nfa_set(n, &begin),
	    many_but(n, component)),
	    maybe(n, nfa_cat(n, nfa_text(n, STR("/")), many_but(n, other))));
	absolute = nfa_cat(n, nfa_text(n, STR("/")), many_but(n, other));
	return nfa_alt(n, absolute, relative);
}

struct part
word_argument(struct nfa *n, const struct pol_token *t)
{
	if (t->kind == TOKEN_OPTION)
		return option(n, t);
	if (t->kind == TOKEN_ATTACHED)
		return nfa_cat(n, nfa_text(n, t->prefix),
		    word_like_path(n, '='));
	return glob(n, t->texts.v[0]);
}

void
word_paths(struct nfa *n, const struct pol_token *t, uint32_t id)
{
	for (uint32_t i = 0; i < t->texts.n; i++)
		nfa_add(n, t->texts.v[i], id);
}
