/* command_parts.c -- which words follow each other in a command's grants: the
 * places that a text may have come to in all of its patterns at once
 * (form_commands.h). */
#include <stdlib.h>

#include "base/err.h"
#include "base/must.h"
#include "compile/command_words.h"

enum {
	PLACES_MAX = 65536,	/* of one part */
	WORK_MAX = 1 << 25,	/* items looked at on the way to all of them,
				 * of all commands together */
};

/* A rule, and how many of its words are behind us. */
#define ITEM(rule, at)	((rule) * (TOKENS_MAX + 1) + (at))
#define ITEM_RULE(item)	((item) / (TOKENS_MAX + 1))
#define ITEM_AT(item)	((item) % (TOKENS_MAX + 1))

struct items { /* rising */
	uint32_t *v;
	uint32_t n;
};

struct place {
	struct items items;
	uint32_t reader;	/* the next one to be asked; NODE_ANY: none */
	bool begins;		/* nothing of this argument is known */
	uint32_t other, label, to; /* of the node, once they are made */
};

struct pair { /* an item that stays when the label is found */
	uint32_t label, item;
};

struct parting {
	struct command_words *w;
	struct pol_command *const *v;
	struct place *places;	/* places[i] is cnode base + i */
	uint32_t n, cap, base;
	uint32_t *slots, nslots; /* hash: place + 1, or 0 */
};

/* ---- who asks what */

/* Does the reader have to find the word of this item? */
static bool
asks(const struct command_words *w, uint32_t reader,
    const struct pol_token *t)
{
	const struct reader *r = w->readers[reader].r;
	uint32_t word;

	if (t->kind == TOKEN_ONE)
		return false;
	if (r->like)
		return t->kind == TOKEN_PATH;
	word = command_word(w, t);
	if (word < r->from || word >= r->to)
		return false;
	if (w->readers[reader].source == READ_ARGUMENT)
		return t->kind != TOKEN_PATH;
	return t->kind == (w->readers[reader].source == READ_PATH ?
	    TOKEN_PATH : TOKEN_ATTACHED);
}

/* The item's word, or NULL: it takes any argument. */
static const struct pol_token *
next_word(const struct parting *p, uint32_t item)
{
	const struct pol_command *r = p->v[ITEM_RULE(item)];
	uint32_t at = ITEM_AT(item);

	return at < r->ntokens ? &r->tokens[at] : NULL;
}

static uint32_t
first_reader(const struct parting *p, const struct items *items,
    uint32_t from)
{
	for (uint32_t r = from; r < p->w->nreaders; r++)
		for (uint32_t i = 0; i < items->n; i++) {
			const struct pol_token *t = next_word(p,
			    items->v[i]);

			if (t != NULL && asks(p->w, r, t))
				return r;
		}
	return NODE_ANY;
}

/* ---- places, each once */

static uint32_t
place_hash(const struct items *items, uint32_t reader, bool begins)
{
	uint32_t h = form_way_hash(reader + 1, begins);

	for (uint32_t i = 0; i < items->n; i++)
		h = (h ^ items->v[i]) * UINT32_C(16777619);
	return h;
}

static void
slots_grow(struct parting *p)
{
	p->nslots = form_slots(2 * (p->n + 1));
	p->slots = command_scratch(p->w, p->nslots, sizeof(*p->slots));
	for (uint32_t i = 0; i < p->n; i++) {
		const struct place *x = &p->places[i];
		uint32_t at = form_slot(place_hash(&x->items, x->reader,
		    x->begins), p->nslots);

		while (p->slots[at] != 0)
			at = (at + 1) & (p->nslots - 1);
		p->slots[at] = i + 1;
	}
}

static void
places_grow(struct parting *p)
{
	struct place *more;

	p->cap = p->cap == 0 ? 64 : 2 * p->cap;
	more = command_scratch(p->w, p->cap, sizeof(*more));
	if (p->n > 0)
		memcpy(more, p->places, p->n * sizeof(*more));
	p->places = more;
}

/* Its number; items are kept. */
static uint32_t
place_of(struct parting *p, struct items items, uint32_t reader, bool begins)
{
	uint32_t at;

	if (2 * (p->n + 1) > p->nslots)
		slots_grow(p);
	at = form_slot(place_hash(&items, reader, begins), p->nslots);
	for (; p->slots[at] != 0; at = (at + 1) & (p->nslots - 1)) {
		const struct place *x = &p->places[p->slots[at] - 1];

		if (x->reader == reader && x->begins == begins &&
		    x->items.n == items.n && memcmp(x->items.v, items.v,
			items.n * sizeof(*items.v)) == 0)
			return p->slots[at] - 1;
	}
	if (p->n == p->cap)
		places_grow(p);
	p->slots[at] = p->n + 1;
	p->places[p->n] = (struct place){ .items = items, .reader = reader,
		.begins = begins };
	return p->n++;
}

/* ---- from place to place */

/* All that hold after this argument, one word further. */
static struct items
advance(struct parting *p, const struct items *items)
{
	struct items out = { command_scratch(p->w, items->n,
	    sizeof(*out.v)), 0 };

	for (uint32_t i = 0; i < items->n; i++) {
		const struct pol_command *r = p->v[ITEM_RULE(items->v[i])];

		if (ITEM_AT(items->v[i]) < r->ntokens)
			out.v[out.n++] = items->v[i] + 1;
		else if (r->tail)
			out.v[out.n++] = items->v[i];
	}
	return out;
}

/* What a node's `to' holds: these items are left, and readers from that one
 * on have not been asked. */
static uint32_t
target(struct parting *p, struct items items, uint32_t from)
{
	uint32_t reader = first_reader(p, &items, from);
	struct items next;

	if (reader != NODE_ANY)
		return p->base + place_of(p, items, reader, false);
	next = advance(p, &items);
	if (next.n == 0)
		return NODE_NEXT;	/* dead */
	return (p->base + place_of(p, next, first_reader(p, &next, 0),
	    true)) | NODE_NEXT;
}

static int
by_label(const void *a, const void *b)
{
	const struct pair *x = a, *y = b;

	if (x->label != y->label)
		return x->label < y->label ? -1 : 1;
	return x->item < y->item ? -1 : x->item > y->item;
}

/* Items that stay whatever is found, and pairs of the others. */
static struct pair *
part_items(struct parting *p, const struct place *x, struct items *stay,
    uint32_t *n)
{
	const struct reader *r = p->w->readers[x->reader].r;
	struct pair *pairs = NULL;

	*stay = (struct items){ command_scratch(p->w, x->items.n,
	    sizeof(*stay->v)), 0 };
	for (unsigned pass = 0; pass < 2; pass++) {
		*n = 0;
		stay->n = 0;
		for (uint32_t i = 0; i < x->items.n; i++) {
			uint32_t item = x->items.v[i], word;
			const struct pol_token *t = next_word(p, item);

			if (t == NULL || !asks(p->w, x->reader, t)) {
				stay->v[stay->n++] = item;
				continue;
			}
			word = r->like ? 0 : command_word(p->w, t) - r->from;
			for (uint32_t k = r->starts[word];
			    k < r->starts[word + 1]; k++, (*n)++)
				if (pass == 1)
					pairs[*n] = (struct pair){
						r->labels[k], item };
		}
		if (pass == 0)
			pairs = command_scratch(p->w, *n, sizeof(*pairs));
	}
	qsort(pairs, *n, sizeof(*pairs), by_label);
	return pairs;
}

static int
by_item(const void *a, const void *b)
{
	const uint32_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static void
way_add(struct parting *p, uint32_t from, uint32_t label, uint32_t to)
{
	struct command_ways *ways = p->w->ways;

	if (ways->n == ways->cap) {
		struct f_cway *more;

		ways->cap = ways->cap == 0 ? 256 : 2 * ways->cap;
		more = mem_alloc(ways->cap, sizeof(*more));
		if (ways->n > 0)
			memcpy(more, ways->v, ways->n * sizeof(*more));
		free(ways->v);
		ways->v = more;
	}
	ways->v[ways->n++] = (struct f_cway){ p->base + from, label, to };
}

/* Most nodes have one way, and hold it themselves. */
static void
node_fill(struct parting *p, uint32_t i, uint32_t ways, uint32_t other)
{
	struct place *x = &p->places[i];
	const struct command_ways *all = p->w->ways;

	x->other = other;
	if (all->n != ways + 1)
		return;
	x->label = all->v[ways].label;
	x->to = all->v[ways].to;
	p->w->ways->n = ways;
}

/* Ways out of place i; gives back `other'. */
static uint32_t
ways_make(struct parting *p, uint32_t i)
{
	struct place x = p->places[i];
	struct items stay;
	struct pair *pairs;
	uint32_t n, other;

	if (x.reader == NODE_ANY)
		return target(p, x.items, p->w->nreaders);
	pairs = part_items(p, &x, &stay, &n);
	p->w->ways->work += n;
	other = stay.n == 0 ? NODE_NEXT : target(p, stay, x.reader + 1);
	for (uint32_t k = 0; k < n;) {
		uint32_t to = k, label = pairs[k].label;
		struct items left;

		while (to < n && pairs[to].label == label)
			to++;
		left = (struct items){ command_scratch(p->w, stay.n + to - k,
		    sizeof(*left.v)), stay.n };
		memcpy(left.v, stay.v, stay.n * sizeof(*left.v));
		for (; k < to; k++)
			left.v[left.n++] = pairs[k].item;
		qsort(left.v, left.n, sizeof(*left.v), by_item);
		p->w->ways->work += left.n;
		way_add(p, i, label, target(p, left, x.reader + 1));
	}
	return other;
}

/* ---- a part */

static uint32_t
list_put(struct parting *p, const struct place *x, uint32_t first)
{
	struct emit *e = p->w->e;
	struct f_span one = { emit_count(e, FORM_crefs, sizeof(uint32_t)),
		0 };

	for (uint32_t i = 0; x->begins && i < x->items.n; i++) {
		uint32_t rule = ITEM_RULE(x->items.v[i]);

		if (ITEM_AT(x->items.v[i]) < p->v[rule]->ntokens)
			continue;
		rule += first;
		emit_put(e, FORM_crefs, &rule, sizeof(rule));
		one.n++;
	}
	if (one.n == 0)
		return 0;	/* the empty one */
	emit_put(e, FORM_clists, &one, sizeof(one));
	return emit_count(e, FORM_clists, sizeof(one)) - 1;
}

static bool
places_make(struct parting *p, uint32_t n)
{
	struct items all = { command_scratch(p->w, n, sizeof(*all.v)), n };

	for (uint32_t i = 0; i < n; i++)
		all.v[i] = ITEM(i, 0);
	(void)place_of(p, all, first_reader(p, &all, 0), true); /* the first */
	for (uint32_t i = 0; i < p->n; i++) {
		uint32_t before, other;

		if (p->n > PLACES_MAX || p->w->ways->work > WORK_MAX)
			return false;
		before = p->w->ways->n;
		other = ways_make(p, i);
		node_fill(p, i, before, other);
	}
	return true;
}

/* Of the first n rules of v; false, and nothing is put: it is too much. */
static bool
part_put(struct command_words *w, struct pol_command *const *v, uint32_t n,
    uint32_t first)
{
	struct parting p = { .w = w, .v = v, .base = emit_count(w->e,
	    FORM_cnodes, sizeof(struct f_cnode)) };
	uint32_t ways = w->ways->n;

	if (!places_make(&p, n)) {
		w->ways->n = ways;
		return false;
	}
	for (uint32_t i = 0; i < p.n; i++) {
		const struct place *x = &p.places[i];
		struct f_cnode node = { x->reader, x->other, x->label,
			x->to, list_put(&p, x, first) };

		emit_put(w->e, FORM_cnodes, &node, sizeof(node));
	}
	return true;
}

void
command_parts(struct command_words *w, struct pol_command *const *v,
    uint32_t n, uint32_t first, struct f_span *out)
{
	uint32_t starts[PARTS_MAX];

	for (uint32_t at = 0, many = n; at < n; at += many, many = n - at) {
		if (out->n == PARTS_MAX) {
			command_explosion(w, v[at]);
			return;
		}
		starts[out->n] = emit_count(w->e, FORM_cnodes,
		    sizeof(struct f_cnode));
		while (!part_put(w, v + at, many, first + at)) {
			if (many == 1 || w->ways->work > WORK_MAX) {
				command_explosion(w, v[at]);
				return;
			}
			many /= 2;
		}
		out->n++;
	}
	out->first = emit_count(w->e, FORM_crefs, sizeof(uint32_t));
	emit_put(w->e, FORM_crefs, starts, out->n * sizeof(*starts));
}
