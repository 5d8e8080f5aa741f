#include "analysis/classes.h"

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

/* Of each class of bytes the one to show; how many. */
static uint32_t
bytes_shown(const struct dfa *d, unsigned char out[256])
{
	bool have[256] = { false };
	uint32_t n = 0;

	for (unsigned i = 0; i < READABLE + 256U; i++) {
		unsigned char b = i < READABLE ? (unsigned char)readable[i] :
		    (unsigned char)(i - READABLE);

		if (!have[d->class_of[b]]) {
			have[d->class_of[b]] = true;
			out[n++] = b;
		}
	}
	return n;
}

struct walk { /* states in the order of their shortest texts */
	const struct dfa *d;
	uint32_t *queue, *from, n;
	unsigned char *by;
	bool *seen;
};

static void
walk_run(struct walk *w, struct arena *a)
{
	const struct dfa *d = w->d;
	unsigned char bytes[256];
	uint32_t nbytes = bytes_shown(d, bytes);

	w->queue = need(arena_alloc(a, d->states, sizeof(*w->queue)));
	w->from = need(arena_alloc(a, d->states, sizeof(*w->from)));
	w->by = need(arena_alloc(a, d->states, 1));
	w->seen = need(arena_alloc(a, d->states, sizeof(*w->seen)));
	w->queue[w->n++] = d->start;
	w->seen[d->start] = true;
	for (uint32_t i = 0; i < w->n; i++)
		for (uint32_t k = 0; k < nbytes; k++) {
			uint32_t to = d->next[(size_t)w->queue[i] *
			    d->classes + d->class_of[bytes[k]]];

			if (w->seen[to])
				continue;
			w->seen[to] = true;
			w->from[to] = w->queue[i];
			w->by[to] = bytes[k];
			w->queue[w->n++] = to;
		}
}

static struct str
walk_text(const struct walk *w, uint32_t state, struct arena *a)
{
	size_t len = 0;
	char *p;

	for (uint32_t at = state; at != w->d->start; at = w->from[at])
		len++;
	p = need(arena_alloc(a, len + 1, 1));
	for (size_t i = len; state != w->d->start; state = w->from[state])
		p[--i] = (char)w->by[state];
	return str_of(p, len);
}

static bool
holds(const struct id_set *s, uint32_t id)
{
	for (uint32_t i = 0; i < s->n; i++)
		if (s->v[i] == id)
			return true;
	return false;
}

int
classes_of(struct nfa *n, uint32_t universe, struct arena *a,
    struct classes *out)
{
	struct dfa d;
	struct walk w = { .d = &d };
	struct text_class *v;
	uint32_t culprit;
	bool *done;

	*out = (struct classes){ 0 };
	if (dfa_of(n, a, DFA_STATES_MAX, &d, &culprit) == -1)
		return -1;
	walk_run(&w, a);
	v = need(arena_alloc(a, (size_t)d.nsets + 1, sizeof(*v)));
	done = need(arena_alloc(a, (size_t)d.nsets + 1, sizeof(*done)));
	for (uint32_t i = 0; i < w.n; i++) {
		uint32_t label = d.label[w.queue[i]];

		if (done[label] || w.queue[i] == d.start ||
		    !holds(&d.sets[label], universe))
			continue;
		done[label] = true;
		v[out->n++] = (struct text_class){
			walk_text(&w, w.queue[i], a), d.sets[label] };
	}
	out->v = v;
	return 0;
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
