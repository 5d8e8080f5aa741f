#include "analysis/classes.h"

#include <stdlib.h>

#include "base/must.h"

static void *
need(void *p)
{
	must(p != NULL);	/* the arena has no limit of its own */
	return p;
}

/* Bytes from the most readable on; then all the others. */
static const char readable[] = "abcdefghijklmnopqrstuvwxyz0123456789/.-_"
    "ABCDEFGHIJKLMNOPQRSTUVWXYZ=:@+,~%!#$^&()[]{}'*<>?;\"|\\` ";

enum { READABLE = sizeof(readable) - 1 };

/* Of each class of bytes that either tells apart the one to show; how many. */
static uint32_t
bytes_shown(const struct dfa *d, const struct dfa *u, unsigned char out[256])
{
	uint32_t n = 0;

	for (unsigned i = 0; i < READABLE + 256U; i++) {
		unsigned char b = i < READABLE ? (unsigned char)readable[i] :
		    (unsigned char)(i - READABLE);
		bool have = false;

		for (uint32_t k = 0; k < n && !have; k++)
			have = d->class_of[out[k]] == d->class_of[b] &&
			    u->class_of[out[k]] == u->class_of[b];
		if (!have)
			out[n++] = b;
	}
	return n;
}

struct walk { /* pairs of states, in the order of their shortest texts */
	const struct dfa *d, *u;
	uint32_t *queue, *from, n;	/* a pair is one number */
	unsigned char *by;
	bool *seen;
};

static uint32_t
step(const struct dfa *d, uint32_t state, unsigned char byte)
{
	return d->next[(size_t)state * d->classes + d->class_of[byte]];
}

static void
walk_run(struct walk *w)
{
	const struct dfa *d = w->d, *u = w->u;
	size_t pairs = (size_t)d->states * u->states;
	unsigned char bytes[256];
	uint32_t nbytes = bytes_shown(d, u, bytes);

	w->queue = mem_alloc(pairs, sizeof(*w->queue));
	w->from = mem_alloc(pairs, sizeof(*w->from));
	w->by = mem_alloc(pairs, 1);
	w->seen = mem_alloc(pairs, sizeof(*w->seen));
	w->queue[w->n++] = d->start * u->states + u->start;
	w->seen[w->queue[0]] = true;
	for (uint32_t i = 0; i < w->n; i++) {
		uint32_t at = w->queue[i];

		for (uint32_t k = 0; k < nbytes; k++) {
			uint32_t v = step(u, at % u->states, bytes[k]);
			uint32_t to = step(d, at / u->states, bytes[k]) *
			    u->states + v;

			if (v == 0 || w->seen[to])
				continue;	/* 0: it can never be */
			w->seen[to] = true;
			w->from[to] = at;
			w->by[to] = bytes[k];
			w->queue[w->n++] = to;
		}
	}
}

static void
walk_fini(struct walk *w)
{
	free(w->queue);
	free(w->from);
	free(w->by);
	free(w->seen);
}

static struct str
walk_text(const struct walk *w, uint32_t pair, struct arena *a)
{
	size_t len = 0;
	char *p;

	for (uint32_t at = pair; at != w->queue[0]; at = w->from[at])
		len++;
	p = need(arena_alloc(a, len + 1, 1));
	for (size_t i = len; pair != w->queue[0]; pair = w->from[pair])
		p[--i] = (char)w->by[pair];
	return str_of(p, len);
}

int
classes_of(struct nfa *n, const struct dfa *universe, struct arena *a,
    struct classes *out)
{
	struct dfa d;
	struct walk w = { .d = &d, .u = universe };
	struct text_class *v;
	uint32_t culprit;
	bool *done;

	*out = (struct classes){ 0 };
	if (dfa_of(n, a, DFA_STATES_MAX, &d, &culprit) == -1)
		return -1;
	walk_run(&w);
	v = need(arena_alloc(a, (size_t)d.nsets + 1, sizeof(*v)));
	done = need(arena_alloc(a, (size_t)d.nsets + 1, sizeof(*done)));
	for (uint32_t i = 1; i < w.n; i++) {
		uint32_t pair = w.queue[i];
		uint32_t label = d.label[pair / universe->states];

		if (done[label] ||
		    universe->label[pair % universe->states] == 0)
			continue;
		done[label] = true;
		v[out->n++] = (struct text_class){ walk_text(&w, pair, a),
			d.sets[label] };
	}
	out->v = v;
	walk_fini(&w);
	return 0;
}

void
universe_of(universe_part *part, struct arena *a, struct dfa *out)
{
	struct nfa *n = nfa_new(a);
	uint32_t culprit;

	nfa_accept(n, part(n), 0);
	must(dfa_of(n, a, DFA_STATES_MAX, out, &culprit) == 0); /* small */
}

/* ---- what can be at all */

static void
set_add(struct byte_set *s, const char *bytes)
{
	for (const char *p = bytes; *p != '\0'; p++)
		s->bits[(unsigned char)*p / 64] |=
		    UINT64_C(1) << ((unsigned char)*p % 64);
}

static void
set_range(struct byte_set *s, unsigned lo, unsigned hi)
{
	for (unsigned b = lo; b <= hi; b++)
		s->bits[b / 64] |= UINT64_C(1) << (b % 64);
}

static struct part
one_of(struct nfa *n, const char *bytes)
{
	struct byte_set s = { { 0 } };

	set_add(&s, bytes);
	return nfa_set(n, &s);
}

static struct part
maybe(struct nfa *n, struct part p)
{
	return nfa_alt(n, p, nfa_text(n, STR("")));
}

typedef struct part one_char(struct nfa *n, bool dot);

/* Components that are not empty and not dots alone, each after a '/'; and
 * where slash_ends, one more '/' at the end. May be empty, which no class
 * is. */
static struct part
components(struct nfa *n, one_char *chr, bool slash_ends)
{
	struct part plain = nfa_cat(n, chr(n, false), nfa_star(n,
	    chr(n, true)));
	struct part dot = nfa_cat(n, nfa_cat(n, nfa_text(n, STR(".")),
	    chr(n, false)), nfa_star(n, chr(n, true)));
	struct part dots = nfa_cat(n, nfa_cat(n, nfa_text(n, STR("..")),
	    chr(n, true)), nfa_star(n, chr(n, true)));
	struct part one = nfa_cat(n, nfa_text(n, STR("/")), nfa_alt(n, plain,
	    nfa_alt(n, dot, dots)));
	struct part all = nfa_star(n, one);

	if (slash_ends)
		return nfa_cat(n, all, maybe(n, nfa_text(n, STR("/"))));
	return all;
}

#define HEX "0123456789ABCDEF"

static struct part
escaped(struct nfa *n, const char *hi, const char *lo)
{
	return nfa_cat(n, nfa_cat(n, nfa_text(n, STR("%")), one_of(n, hi)),
	    one_of(n, lo));
}

static struct part
more_bytes(struct nfa *n, struct part first, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		first = nfa_cat(n, first, escaped(n, "89AB", HEX));
	return first;
}

/* Sequences of UTF-8, percent-encoded: those whose second byte is any, and
 * the pictures. */
static struct part
beyond_ascii(struct nfa *n)
{
	struct part two = more_bytes(n, nfa_alt(n, escaped(n, "C",
	    "23456789ABCDEF"), escaped(n, "D", HEX)), 1);
	struct part three = more_bytes(n, escaped(n, "E", "123456789ABCEF"),
	    2);
	struct part four = more_bytes(n, nfa_cat(n, nfa_text(n, STR("%F0")),
	    escaped(n, "9AB", HEX)), 2);

	return nfa_alt(n, nfa_alt(n, two, three), four);
}

/* What stands for itself in a canonical path, and what is escaped. */
static struct part
path_char(struct nfa *n, bool dot)
{
	struct byte_set s = { { 0 } };
	struct part p;

	set_range(&s, 'a', 'z');
	set_range(&s, 'A', 'Z');
	set_range(&s, '0', '9');
	set_add(&s, dot ? "-._~!$&'()*+,=:@" : "-_~!$&'()*+,=:@");
	p = nfa_alt(n, nfa_set(n, &s), escaped(n, "2", "0235"));
	p = nfa_alt(n, p, escaped(n, "3", "BCEF"));
	p = nfa_alt(n, p, escaped(n, "5", "BDE"));
	p = nfa_alt(n, p, escaped(n, "6", "0"));
	p = nfa_alt(n, p, escaped(n, "7", "BCD"));
	return nfa_alt(n, p, beyond_ascii(n));
}

struct part
universe_path(struct nfa *n)
{
	return components(n, path_char, true);
}

static struct part
slash_char(struct nfa *n, bool dot)
{
	return nfa_alt(n, path_char(n, dot), nfa_text(n, STR("%2F")));
}

struct part
universe_slash(struct nfa *n)
{
	return components(n, slash_char, true);
}

static struct part
file_char(struct nfa *n, bool dot)
{
	struct byte_set s = { { 0 } };

	set_range(&s, 1, 255);
	s.bits['/' / 64] &= ~(UINT64_C(1) << ('/' % 64));
	if (!dot)
		s.bits['.' / 64] &= ~(UINT64_C(1) << ('.' % 64));
	return nfa_set(n, &s);
}

struct part
universe_file(struct nfa *n)
{
	return nfa_alt(n, nfa_text(n, STR("/")), components(n, file_char,
	    false));
}

static struct part
label(struct nfa *n, const char *first)
{
	static const char ends[] = "abcdefghijklmnopqrstuvwxyz0123456789_";
	static const char all[] = "abcdefghijklmnopqrstuvwxyz0123456789_-";

	return nfa_cat(n, one_of(n, first), maybe(n, nfa_cat(n, nfa_star(n,
	    one_of(n, all)), one_of(n, ends))));
}

/* Names whose last label begins with a letter: others could be addresses. */
struct part
universe_name(struct nfa *n)
{
	static const char first[] = "abcdefghijklmnopqrstuvwxyz0123456789_";
	struct part before = nfa_star(n, nfa_cat(n, label(n, first),
	    nfa_text(n, STR("."))));

	return nfa_cat(n, before, label(n, "abcdefghijklmnopqrstuvwxyz"));
}

/* Any bytes but '/', not empty, and not dots alone. */
struct part
universe_component(struct nfa *n)
{
	struct part plain = nfa_cat(n, file_char(n, false), nfa_star(n,
	    file_char(n, true)));
	struct part dot = nfa_cat(n, nfa_cat(n, nfa_text(n, STR(".")),
	    file_char(n, false)), nfa_star(n, file_char(n, true)));
	struct part dots = nfa_cat(n, nfa_cat(n, nfa_text(n, STR("..")),
	    file_char(n, true)), nfa_star(n, file_char(n, true)));

	return nfa_alt(n, plain, nfa_alt(n, dot, dots));
}
