/* command_words.c -- readers and parts of one command (form_commands.h).
 *
 * What a reader tells apart grows with the product of patterns that overlap
 * ("*a*", "*b*": four kinds of arguments), so the words are given to as many
 * readers as it takes, and grants to as many parts. */
#include "compile/command_words.h"

#include <stdlib.h>

#include "base/err.h"
#include "base/must.h"
#include "compile/command_nfa.h"

enum {
	STATES_MAX = 16384,	/* of one automaton here */
	/* Of all commands together, states times words: a policy may hold
	 * many that each stay just below the bound above. */
	READING_MAX = 3 << 20,
	READING_WORDS = 32,
};

struct command_words *
command_words_new(struct emit *e, struct command_ways *ways)
{
	struct command_words *w = mem_alloc(1, sizeof(*w));

	w->e = e;
	w->ways = ways;
	return w;
}

void
command_words_free(struct command_words *w)
{
	arena_fini(&w->arena);
	free(w);
}

void *
command_scratch(struct command_words *w, size_t n, size_t size)
{
	void *p = arena_alloc(&w->arena, n + 1, size);

	must(p != NULL);	/* the arena has no limit of its own */
	return p;
}

void
command_explosion(struct command_words *w, const struct pol_command *by)
{
	if (by == NULL)	/* it is of no word */
		by = w->some;
	node_error(w->e->c, by->at, "\"%.*s\": with the other patterns of "
	    "this command, arguments are of more kinds than can be told "
	    "apart (* at the beginning of several patterns does that): "
	    "write fewer, or begin them with what they have in common",
	    (int)by->shown.len, by->shown.p);
}

/* ---- numbers */

static int
by_text(const struct pol_token *x, const struct pol_token *y)
{
	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	return strcmp(x->shown.p, y->shown.p);
}

static int
by_word(const void *a, const void *b)
{
	const struct word *x = a, *y = b;
	int c = by_text(x->t, y->t);

	if (c != 0)
		return c;
	return x->by < y->by ? -1 : x->by > y->by;
}

static void
words_take(struct command_words *w, struct pol_command *const *v, uint32_t n,
    bool deny)
{
	uint32_t all = 0, out = 0;

	for (uint32_t i = 0; i < n; i++)
		all += v[i]->ntokens;
	w->deny = deny;
	w->some = v[0];
	w->nautomata = w->nreaders = 0;
	w->v = command_scratch(w, (size_t)all + 1, sizeof(*w->v));
	w->n = 1;
	for (uint32_t i = 0; i < n; i++)
		for (uint32_t k = 0; k < v[i]->ntokens; k++)
			if (v[i]->tokens[k].kind != TOKEN_ONE)
				w->v[w->n++] = (struct word){
					&v[i]->tokens[k], v[i], 0 };
	qsort(w->v + 1, w->n - 1, sizeof(*w->v), by_word);
	for (uint32_t i = 1; i < w->n; i++)
		if (out == 0 || by_text(w->v[out].t, w->v[i].t) != 0)
			w->v[++out] = w->v[i];
	w->n = out + 1;
}

uint32_t
command_word(const struct command_words *w, const struct pol_token *t)
{
	uint32_t lo = 1, hi = w->n;

	if (t->kind == TOKEN_ONE)
		return 0;
	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;
		int c = by_text(w->v[mid].t, t);

		if (c == 0)
			return mid;
		if (c < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	must(false);	/* all of them were numbered */
	return 0;
}

/* ---- readers */

static bool
word_is_read(const struct command_words *w, uint32_t i, enum kind kind)
{
	switch (w->v[i].t->kind) {
	case TOKEN_PATH:
		return kind == OF_PATHS;
	case TOKEN_OPTION:
		return kind == OF_OPTIONS;
	case TOKEN_ATTACHED:
		return kind != OF_OPTIONS;
	case TOKEN_GLOB:
	case TOKEN_ONE:
		break;
	}
	return kind == OF_ARGUMENTS;
}

static struct nfa *
reader_nfa(struct command_words *w, const struct reader *r)
{
	struct nfa *n = nfa_new(&w->arena);

	if (r->like)
		nfa_accept(n, word_like_path(n, '\0'), r->from);
	for (uint32_t i = r->from; i < r->to; i++) {
		if (!word_is_read(w, i, r->kind))
			continue;
		if (r->kind == OF_PATHS)
			word_paths(n, w->v[i].t, i);
		else
			nfa_accept(n, word_argument(n, w->v[i].t), i);
	}
	return n;
}

static bool
reading_ends(struct command_words *w, const struct reader *r, uint32_t states)
{
	uint32_t words = r->to - r->from;

	w->ways->reading += (uint64_t)states *
	    (words < READING_WORDS ? words : READING_WORDS);
	return w->ways->reading > READING_MAX;
}

/* As many of the words as it can tell apart; false: not even one. */
static bool
reader_make(struct command_words *w, struct reader *r)
{
	uint32_t culprit;

	while (dfa_of(reader_nfa(w, r), &w->arena, STATES_MAX, &r->d,
		&culprit) == -1) {
		if (reading_ends(w, r, STATES_MAX) || culprit <= r->from ||
		    culprit >= r->to) {
			command_explosion(w, w->v[r->from].by);
			return false;
		}
		r->to = culprit;
	}
	if (!reading_ends(w, r, r->d.states))
		return true;
	command_explosion(w, w->v[r->from].by);
	return false;
}

static void
reader_index(struct command_words *w, struct reader *r)
{
	uint32_t words = r->like ? 1 : r->to - r->from, all = 0, *at;

	for (uint32_t s = 0; s < r->d.nsets; s++)
		all += r->d.sets[s].n;
	r->starts = command_scratch(w, (size_t)words + 1, sizeof(*r->starts));
	r->labels = command_scratch(w, all, sizeof(*r->labels));
	at = command_scratch(w, (size_t)words + 1, sizeof(*at));
	for (uint32_t s = 0; s < r->d.nsets; s++)
		for (uint32_t i = 0; i < r->d.sets[s].n; i++)
			at[r->d.sets[s].v[i] - r->from + 1]++;
	for (uint32_t i = 0; i < words; i++) {
		at[i + 1] += at[i];
		r->starts[i + 1] = at[i + 1];
	}
	for (uint32_t s = 0; s < r->d.nsets; s++)
		for (uint32_t i = 0; i < r->d.sets[s].n; i++)
			r->labels[at[r->d.sets[s].v[i] - r->from]++] = s;
}

static bool
reader_add(struct command_words *w, uint32_t *from, enum kind kind, bool like)
{
	struct reader *r = &w->automata[w->nautomata];

	/* Each may be read in two forms. */
	if (w->nautomata == READERS_MAX / 2) {
		command_explosion(w, w->v[*from].by);
		return false;
	}
	w->nautomata++;
	*r = (struct reader){ .from = *from, .to = like ? *from : w->n,
		.kind = kind, .like = like };
	if (!reader_make(w, r))
		return false;
	reader_index(w, r);
	*from = r->to;
	return true;
}

static bool
readers_cover(struct command_words *w, enum kind kind)
{
	/* Grants count arguments by what the first reader finds. */
	bool any = kind == OF_ARGUMENTS && !w->deny;
	uint32_t at = 1;

	for (uint32_t i = 1; i < w->n && !any; i++)
		any = word_is_read(w, i, kind);
	for (bool first = true; any && (at < w->n || first); first = false)
		if (!reader_add(w, &at, kind, false))
			return false;
	return true;
}

static bool
has_kind(const struct command_words *w, enum token_kind kind)
{
	for (uint32_t i = 1; i < w->n; i++)
		if (w->v[i].t->kind == kind)
			return true;
	return false;
}

static void
read_as(struct command_words *w, enum kind kind, uint32_t source)
{
	for (uint32_t i = 0; i < w->nautomata; i++)
		if (w->automata[i].kind == kind) {
			must(w->nreaders < READERS_MAX);
			w->readers[w->nreaders].r = &w->automata[i];
			w->readers[w->nreaders++].source = source;
		}
}

static bool
readers_make(struct command_words *w)
{
	bool paths = has_kind(w, TOKEN_PATH);
	bool attached = has_kind(w, TOKEN_ATTACHED);
	uint32_t none = w->n;

	if (!readers_cover(w, OF_ARGUMENTS) ||
	    (paths && !w->deny && !reader_add(w, &none, OF_ARGUMENTS, true)) ||
	    !readers_cover(w, OF_OPTIONS) || !readers_cover(w, OF_PATHS))
		return false;
	read_as(w, OF_ARGUMENTS, READ_ARGUMENT);
	if (w->deny)
		read_as(w, OF_ARGUMENTS, READ_VALUE);
	read_as(w, OF_OPTIONS, READ_ARGUMENT);
	if (paths)
		read_as(w, OF_PATHS, READ_PATH);
	if (attached || (paths && w->deny))
		read_as(w, OF_PATHS, READ_ATTACHED);
	return true;
}

/* The arrays must outlive the scratch memory: they are packed at the end. */
static uint32_t
walk_put(struct command_words *w, const struct dfa *d)
{
	struct dfa copy = *d;
	size_t cells = (size_t)d->states * d->classes;
	uint32_t *next = take_mem(w->e->c, cells, sizeof(*next));
	uint32_t *label = take_mem(w->e->c, d->states, sizeof(*label));

	memcpy(next, d->next, cells * sizeof(*next));
	memcpy(label, d->label, d->states * sizeof(*label));
	copy.next = next;
	copy.label = label;
	copy.sets = NULL;
	return emit_walk(w->e, FORM_csteps, &copy);
}

static struct f_span
lists_put(struct emit *e, const struct id_set *sets, uint32_t n)
{
	struct f_span all = { emit_count(e, FORM_clists,
	    sizeof(struct f_span)), n };

	for (uint32_t i = 0; i < n; i++) {
		struct f_span one = { emit_count(e, FORM_crefs,
		    sizeof(uint32_t)), sets[i].n };

		emit_put(e, FORM_crefs, sets[i].v,
		    sets[i].n * sizeof(uint32_t));
		emit_put(e, FORM_clists, &one, sizeof(one));
	}
	return all;
}

static struct f_span
readers_put(struct command_words *w)
{
	struct f_span all = { emit_count(w->e, FORM_creaders,
	    sizeof(struct f_creader)), w->nreaders };
	struct f_span lists = { 0, 0 };

	for (uint32_t i = 0; i < w->nreaders; i++) {
		const struct reader *r = w->readers[i].r;
		struct f_creader f = { .source = w->readers[i].source,
			.walk = walk_put(w, &r->d) };

		if (w->deny)
			lists = lists_put(w->e, r->d.sets, r->d.nsets);
		f.lists = lists;
		emit_put(w->e, FORM_creaders, &f, sizeof(f));
	}
	return all;
}

void
command_grants(struct command_words *w, struct pol_command *const *v,
    uint32_t n, uint32_t first, struct f_command *out)
{
	if (n == 0)
		return;
	words_take(w, v, n, false);
	if (!readers_make(w))
		return;
	out->readers = readers_put(w);
	command_parts(w, v, n, first, &out->parts);
}

/* ---- denies */

static void
count_rules(struct command_words *w, struct pol_command *const *v, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		for (uint32_t k = 0; k < v[i]->ntokens; k++)
			w->v[command_word(w, &v[i]->tokens[k])].rules++;
}

/* The word of a rule that the fewest others have: a rule is only looked at
 * when that one is there. */
static uint32_t
key_of(const struct command_words *w, const struct pol_command *r)
{
	uint32_t key = 0;

	for (uint32_t k = 0; k < r->ntokens; k++) {
		uint32_t word = command_word(w, &r->tokens[k]);

		if (word != 0 && (key == 0 ||
			w->v[word].rules < w->v[key].rules))
			key = word;
	}
	return key;
}

static struct f_span
keys_put(struct command_words *w, struct pol_command *const *v, uint32_t n,
    uint32_t first)
{
	struct f_span all = { emit_count(w->e, FORM_clists,
	    sizeof(struct f_span)), w->n };
	uint32_t *counts = command_scratch(w, (size_t)w->n + 1, sizeof(*counts));
	uint32_t *rules = command_scratch(w, n, sizeof(*rules));
	uint32_t at = emit_count(w->e, FORM_crefs, sizeof(uint32_t));

	for (uint32_t i = 0; i < n; i++)
		counts[key_of(w, v[i]) + 1]++;
	for (uint32_t k = 0; k < w->n; k++) {
		struct f_span one = { at + counts[k], counts[k + 1] };

		emit_put(w->e, FORM_clists, &one, sizeof(one));
		counts[k + 1] += counts[k];
	}
	for (uint32_t i = 0; i < n; i++)
		rules[counts[key_of(w, v[i])]++] = first + i;
	emit_put(w->e, FORM_crefs, rules, n * sizeof(*rules));
	return all;
}

void
command_denies(struct command_words *w, struct pol_command *const *v,
    uint32_t n, uint32_t first, struct f_command *out)
{
	if (n == 0)
		return;
	words_take(w, v, n, true);
	if (w->n > WORDS_MAX) {
		node_error(w->e->c, v[n - 1]->at, "the denies of this "
		    "command have more than %d different words", WORDS_MAX);
			return;
	}
	if (!readers_make(w))
		return;
	count_rules(w, v, n);
	out->words = readers_put(w);
	out->keys = keys_put(w, v, n, first);
}

void
command_needs(const struct command_words *w, const struct pol_command *r,
    struct f_crule *out)
{
	struct emit *e = w->e;

	out->needs.first = emit_count(e, FORM_crefs, sizeof(uint32_t));
	out->needs.n = r->ntokens;
	for (uint32_t pass = 0; pass < 2; pass++)
		for (uint32_t k = 0; k < r->ntokens; k++) {
			bool option = r->tokens[k].kind == TOKEN_OPTION;
			uint32_t word = command_word(w, &r->tokens[k]);

			if (option != (pass == 0))
				continue;
			out->options += option;
			emit_put(e, FORM_crefs, &word, sizeof(word));
		}
}
