#include "analysis/argv_bytes.h"

#include <stdlib.h>

#include "base/must.h"

uint32_t
walks_add(struct walks *w, const struct f_step *steps, uint32_t n,
    uint32_t start)
{
	for (uint32_t i = 0; i < w->n; i++)
		if (w->v[i].steps == steps && w->v[i].start == start)
			return i;
	if (w->n == WALKS_MAX)
		return VECTORS_NONE;
	w->v[w->n] = (struct walk_of){ steps, n, start };
	return w->n++;
}

/* ---- classes of bytes */

struct cutting {
	unsigned char class_of[256];
	uint32_t n;
};

/* Of each class, those that lead elsewhere than its first are apart. */
static void
cut(struct cutting *c, const uint32_t to[256])
{
	uint32_t first[256], more[256][2], nmore = 0, was = c->n;

	for (uint32_t i = 0; i < was; i++)
		first[i] = UINT32_MAX;
	for (unsigned b = 0; b < 256; b++) {
		uint32_t k = c->class_of[b], i = 0;

		if (first[k] == UINT32_MAX)
			first[k] = b;
		if (to[b] == to[first[k]])
			continue;
		while (i < nmore && (more[i][0] != k ||
		    to[more[i][1]] != to[b]))
			i++;
		if (i == nmore) {
			more[nmore][0] = k;
			more[nmore++][1] = b;
		}
		c->class_of[b] = (unsigned char)(was + i);
	}
	c->n = was + nmore;
}

static void
cut_walk(struct cutting *c, const struct walk_of *w)
{
	uint32_t *queue = mem_alloc(w->nsteps, sizeof(*queue)), n = 1;
	bool *seen = mem_alloc(w->nsteps, sizeof(*seen));

	queue[0] = w->start;
	seen[w->start] = true;
	for (uint32_t i = 0; i < n; i++) {
		uint32_t to[256];

		for (unsigned b = 0; b < 256; b++) {
			to[b] = walk_byte(w->steps, queue[i], (char)b);
			if (!seen[to[b]]) {
				seen[to[b]] = true;
				queue[n++] = to[b];
			}
		}
		cut(c, to);
	}
	free(queue);
	free(seen);
}

static bool
is_letter(unsigned b)
{
	return (b >= 'a' && b <= 'z') || (b >= 'A' && b <= 'Z') ||
	    (b >= '0' && b <= '9');
}

/* What the forms of an argument are told apart by. */
static void
cut_marks(struct cutting *c)
{
	uint32_t to[256];

	for (unsigned b = 0; b < 256; b++)
		to[b] = b == 0 || b == '-' || b == '=' || b == '/' ||
		    b == '.' ? b + 2 : is_letter(b);
	cut(c, to);
}

static const char shown_first[] = "abcdefghijklmnopqrstuvwxyz0123456789/.-_="
    "ABCDEFGHIJKLMNOPQRSTUVWXYZ:@+,~%!#$^&()[]{};?'\"*<>|` ";

void
bytes_of(const struct walks *const *w, uint32_t n, struct bytes *out)
{
	struct cutting c = { .n = 1 };
	bool have[256] = { false };

	cut_marks(&c);
	for (uint32_t i = 0; i < n; i++)
		for (uint32_t k = 0; k < w[i]->n; k++)
			cut_walk(&c, &w[i]->v[k]);
	have[c.class_of[0]] = true;
	out->n = 0;
	for (unsigned i = 0; i < sizeof(shown_first) - 1 + 255; i++) {
		unsigned char b = i < sizeof(shown_first) - 1 ?
		    (unsigned char)shown_first[i] : (unsigned char)(i + 1 -
		    (sizeof(shown_first) - 1));

		if (!have[c.class_of[b]]) {
			have[c.class_of[b]] = true;
			out->v[out->n++] = b;
		}
	}
}

/* ---- what exec_value(), exec_attached() and exec_clustered() see */

enum {
	LENGTH = 7,		/* so far, up to 4 */
	DASH = 8, DASHES = 16,	/* of the first bytes: "-", "--" */
	LETTER1 = 32, LETTER2 = 64,
	EQUALS = 128,		/* there was one */
	BEHIND = 256,		/* and something after the first */
	SLASHED = 512,		/* there was "=/" */
	LAST = 1024,		/* the byte before this one is '=' */
	VALUE = 2048,		/* some of it was there */
	SLASH = 4096,		/* before the first '=', and no dash */
};

/* "-x": what follows is attached to x. */
static bool
is_option(uint32_t phase)
{
	return (phase & DASH) != 0 && (phase & DASHES) == 0;
}

static uint32_t
phase_step(uint32_t phase, unsigned char b)
{
	uint32_t at = phase & LENGTH;
	uint32_t out = phase & ~(uint32_t)LAST;

	if (at == 0 && b == '-')
		out |= DASH;
	if (b == '/' && (phase & (DASH | EQUALS)) == 0)
		out |= SLASH;
	if (at == 1 && b == '-' && (phase & DASH) != 0)
		out |= DASHES;
	if (at == 1 && is_letter(b))
		out |= LETTER1;
	if (at == 2 && is_letter(b))
		out |= LETTER2;
	if ((phase & EQUALS) != 0)
		out |= BEHIND;
	if (b == '/' && (phase & LAST) != 0)
		out |= SLASHED;
	if (b == '=')
		out |= EQUALS | LAST;
	return at < 4 ? out + 1 : out;
}

bool
row_is_empty(const uint32_t *row)
{
	return (row[ROW_PHASE] & LENGTH) == 0;
}

bool
row_is_dashed(const uint32_t *row)
{
	return (row[ROW_PHASE] & DASH) != 0;
}

bool
row_is_file(const uint32_t *row)
{
	return (row[ROW_PHASE] & SLASH) != 0;
}

bool
row_has_value(const uint32_t *row)
{
	return (row[ROW_PHASE] & VALUE) != 0;
}

bool
row_has_attached(const uint32_t *row)
{
	uint32_t p = row[ROW_PHASE];

	if ((p & SLASHED) != 0)
		return true;
	return is_option(p) ? (p & LENGTH) > 2 : (p & BEHIND) != 0;
}

bool
row_has_cluster(const uint32_t *row)
{
	uint32_t p = row[ROW_PHASE];

	return (p & DASH) != 0 && (p & LETTER1) != 0 && (p & LETTER2) != 0 &&
	    (p & LENGTH) == 4;
}

/* ---- rows */

void
row_begin(const struct reading_of *r, uint32_t *row)
{
	memset(row, 0, row_width(r) * sizeof(*row));
	for (uint32_t i = 0; i < r->spelled.n; i++)
		row[ROW_WALKS + i] = r->spelled.v[i].start;
	for (uint32_t i = 0; i < r->value.n; i++)
		row[ROW_WALKS + r->spelled.n + i] = r->value.v[i].start;
}

static void
value_step(const struct reading_of *r, uint32_t was, unsigned char b,
    uint32_t *v, uint32_t *phase)
{
	uint32_t at = was & LENGTH;
	bool option = at >= 2 && is_option(was);

	if (option ? at == 2 && b == '=' : (was & EQUALS) == 0)
		return;	/* it begins behind this */
	if (!option && is_option(was))
		return;
	for (uint32_t i = 0; i < r->value.n; i++)
		v[i] = walk_byte(r->value.v[i].steps, v[i], (char)b);
	*phase |= VALUE;
}

/* Links and dots are not followed here: the texts are judged later. */
static void
path_begin(const struct reading_of *r, unsigned char b, uint32_t *v)
{
	for (uint32_t i = 0; i < r->path.n; i++) {
		const struct walk_of *w = &r->path.v[i];
		uint32_t at = b == '/' ? w->start : r->cwd[i];

		if (b != '/')
			at = walk_byte(w->steps, at, '/');
		v[i] = walk_byte(w->steps, at, (char)b);
	}
}

static void
path_step(const struct reading_of *r, unsigned char b, uint32_t *v)
{
	for (uint32_t i = 0; i < r->path.n; i++)
		v[i] = walk_byte(r->path.v[i].steps, v[i], (char)b);
}

static void
attached_step(const struct reading_of *r, uint32_t was, unsigned char b,
    uint32_t *v)
{
	uint32_t at = was & LENGTH;
	bool option = at >= 2 && is_option(was);

	if ((was & SLASHED) != 0)
		path_step(r, b, v);
	else if (((was & LAST) != 0 && b == '/') || (option && at == 2) ||
	    (!option && (was & EQUALS) != 0 && (was & BEHIND) == 0))
		path_begin(r, b, v);
	else if (option || (was & BEHIND) != 0)
		path_step(r, b, v);
}

void
row_step(const struct reading_of *r, const uint32_t *row, unsigned char byte,
    uint32_t *out)
{
	uint32_t was = row[ROW_PHASE], *v = out + ROW_WALKS;

	memcpy(out, row, row_width(r) * sizeof(*row));
	out[ROW_PHASE] = phase_step(was, byte);
	for (uint32_t i = 0; i < r->spelled.n; i++)
		v[i] = walk_byte(r->spelled.v[i].steps, v[i], (char)byte);
	v += r->spelled.n;
	value_step(r, was, byte, v, &out[ROW_PHASE]);
	v += r->value.n;
	if (!r->paths)
		return;
	if ((was & LENGTH) == 0)
		path_begin(r, byte, v);
	else
		path_step(r, byte, v);
	attached_step(r, was, byte, v + r->path.n);
}
