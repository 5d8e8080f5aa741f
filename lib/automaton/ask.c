/* ask.c -- what an automaton's language holds. */
#include <stdlib.h>

#include "automaton/parts.h"
#include "base/compat.h"
#include "base/must.h"

void
dfa_relabel(struct dfa *d, struct arena *a, const uint32_t *label)
{
	uint32_t *v = part_mem(a, d->states, sizeof(*v));

	for (uint32_t i = 0; i < d->states; i++)
		v[i] = label[d->label[i]];
	d->label = v;
	d->sets = NULL;
	d->nsets = 0;
}

uint32_t
dfa_run(const struct dfa *d, uint32_t state, struct str text)
{
	for (size_t i = 0; i < text.len; i++)
		state = d->next[(size_t)state * d->classes +
		    d->class_of[(unsigned char)text.p[i]]];
	return state;
}

/* Bytes from the most readable on; then all the others. */
static const char readable[] = "abcdefghijklmnopqrstuvwxyz0123456789/.-_"
    "ABCDEFGHIJKLMNOPQRSTUVWXYZ =:@+,~%!#$^&()[]{};?'\"*<>|\\`";

enum { READABLE = sizeof(readable) - 1, NOBODY = UINT32_MAX };

/* Of each class the byte to show, the most readable first; how many. */
static uint32_t
bytes_shown(const struct dfa *d, bool all, unsigned char out[256])
{
	bool have[256] = { false };
	uint32_t n = 0;

	for (unsigned i = 0; i < READABLE + (all ? 256U : 0U); i++) {
		unsigned char b = i < READABLE ? (unsigned char)readable[i] :
		    (unsigned char)(i - READABLE);

		if (!have[d->class_of[b]]) {
			have[d->class_of[b]] = true;
			out[n++] = b;
		}
	}
	return n;
}

struct search { /* states in the order of their shortest texts */
	uint32_t *queue, *from;
	unsigned char *by;
};

static bool
search_run(struct search *s, const struct dfa *d, uint32_t start, bool all,
    dfa_want *f, const void *arg, uint32_t *found)
{
	unsigned char bytes[256];
	uint32_t nbytes = bytes_shown(d, all, bytes), n = 1;

	for (uint32_t i = 0; i < d->states; i++)
		s->from[i] = NOBODY;
	s->queue[0] = start;
	s->from[start] = start;
	for (uint32_t i = 0; i < n; i++) {
		uint32_t at = s->queue[i];

		*found = at;
		if (f(arg, d->label[at]))
			return true;
		for (uint32_t k = 0; k < nbytes; k++) {
			uint32_t to = d->next[(size_t)at * d->classes +
			    d->class_of[bytes[k]]];

			if (s->from[to] != NOBODY)
				continue;
			s->from[to] = at;
			s->by[to] = bytes[k];
			s->queue[n++] = to;
		}
	}
	return false;
}

static void
search_init(struct search *s, const struct dfa *d)
{
	s->queue = mem_alloc(d->states, sizeof(*s->queue));
	s->from = mem_alloc(d->states, sizeof(*s->from));
	s->by = mem_alloc(d->states, sizeof(*s->by));
}

static void
search_fini(struct search *s)
{
	free(s->queue);
	free(s->from);
	free(s->by);
}

bool
dfa_reaches(const struct dfa *d, uint32_t from, dfa_want *f, const void *arg)
{
	struct search s;
	uint32_t found;
	bool ok;

	search_init(&s, d);
	ok = search_run(&s, d, from, true, f, arg, &found);
	search_fini(&s);
	return ok;
}

static struct str
search_text(const struct search *s, uint32_t start, uint32_t found,
    struct arena *a)
{
	size_t len = 0;
	char *p;

	for (uint32_t at = found; at != start; at = s->from[at])
		len++;
	p = part_mem(a, len + 1, 1);
	for (size_t i = len; found != start; found = s->from[found])
		p[--i] = (char)s->by[found];
	return str_of(p, len);
}

bool
dfa_example(const struct dfa *d, dfa_want *f, const void *arg,
    struct arena *a, struct str *out)
{
	struct search s;
	uint32_t found;
	bool ok;

	search_init(&s, d);
	ok = search_run(&s, d, d->start, false, f, arg, &found) ||
	    search_run(&s, d, d->start, true, f, arg, &found);
	if (ok)
		*out = search_text(&s, d->start, found, a);
	search_fini(&s);
	return ok;
}
