/* back.c -- exact values in what comes back, as it comes.
 *
 * Nothing is decoded, so that nothing has to be kept but what may be the
 * beginning of a value: a stream of events goes on event by event. */
#include <stdlib.h>
#include <string.h>

#include "base/must.h"
#include "scan/forms.h"

struct looking {
	const struct scan *s;
	const struct text *t;
	struct scan_finding v[SCAN_BACK_MAX];
	size_t n;
};

bool
scan_has_values(const struct scan *s)
{
	return s->nvalues > 0;
}

static void
on_word(size_t word, size_t at, void *arg)
{
	struct looking *l = arg;
	const struct form *f;
	const struct detector *d;
	struct span s;

	if (word < detectors_count || l->n == SCAN_BACK_MAX)
		return;
	f = &l->s->forms[word - detectors_count];
	d = &l->s->values[f->value];
	if (look_form(f, l->t, at, &s) == SEEN_YES)
		l->v[l->n++] = (struct scan_finding){ d->name, d->class, at,
			(uint32_t)s.len, "", 1u << d->class };
}

static int
by_place(const void *a, const void *b)
{
	const struct scan_finding *x = a, *y = b;

	return x->at < y->at ? -1 : x->at > y->at;
}

/* Could what begins at at become a value? */
static bool
may_begin(const struct scan *s, const struct text *t, size_t at)
{
	struct span unused;

	if ((s->begins[t->p[at] / 64] >> t->p[at] % 64 & 1) == 0)
		return false;
	for (size_t i = 0; i < s->nforms; i++)
		if (look_form(&s->forms[i], t, at, &unused) == SEEN_MORE)
			return true;
	return false;
}

size_t
scan_back(const struct scan *s, struct str bytes, bool last,
    void (*on_finding)(const struct scan_finding *f, void *arg), void *arg)
{
	const struct text t = { (const unsigned char *)bytes.p, bytes.len,
		last };
	struct looking l = { s, &t, { { 0 } }, 0 };
	size_t end = 0;

	words_find(s->words, &t, 0, on_word, &l);
	qsort(l.v, l.n, sizeof(*l.v), by_place);
	for (size_t i = 0; i < l.n; i++) {
		if (l.v[i].at < end)
			continue; /* as something else it is in one */
		on_finding(&l.v[i], arg);
		end = l.v[i].at + l.v[i].len;
	}
	if (l.n == SCAN_BACK_MAX) /* there may be more behind */
		return end;
	if (t.n - end >= s->longest)
		end = t.n - s->longest + 1;
	while (!last && end < t.n && !may_begin(s, &t, end))
		end++;
	return last ? t.n : end;
}
