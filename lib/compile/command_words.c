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

enum { STATES_MAX = 16384 };	/* of one automaton here */

struct word {
	const struct pol_token *t;
	const struct pol_command *by;	/* the first entry that has it */
	uint32_t rules;		/* how many denies have it */
};

/* What is read apart: an option and its value in one argument would be told
 * apart as the product of both. */
enum kind { OF_ARGUMENTS, OF_OPTIONS, OF_PATHS };

struct reader {
	uint32_t from, to;	/* numbers of its words */
	enum kind kind;
	bool like;		/* of no word: is it a path at all? An
				 * automaton that all commands share */
	struct dfa d;
	/* By word: the labels whose sets have it, rising. Those of word
	 * from + i are labels[starts[i]] up to labels[starts[i + 1]]. */
	uint32_t *starts, *labels;
};

struct command_words {
	struct emit *e;
	struct arena arena;
	bool deny;
	struct word *v;		/* v[0] is none */
	uint32_t n;		/* with that */
	struct reader automata[READERS_MAX];
	uint32_t nautomata;
	struct { /* the same automaton may read two forms */
		const struct reader *r;
		uint32_t source;
	} readers[READERS_MAX];
	uint32_t nreaders;
};

struct command_words *
command_words_new(struct emit *e)
{
	struct command_words *w = mem_alloc(1, sizeof(*w));

	w->e = e;
	return w;
}

void
command_words_free(struct command_words *w)
{
	arena_fini(&w->arena);
	free(w);
}

static void *
scratch(struct command_words *w, size_t n, size_t size)
{
	void *p = arena_alloc(&w->arena, n + 1, size);

	must(p != NULL);	/* the arena has no limit of its own */
	return p;
}

static void
explosion(struct command_words *w, const struct pol_command *by)
{
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
	w->nautomata = w->nreaders = 0;
	w->v = scratch(w, (size_t)all + 1, sizeof(*w->v));
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

static uint32_t
word_number(const struct command_words *w, const struct pol_token *t)
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

/* As many of the words as it can tell apart; false: not even one. */
static bool
reader_make(struct command_words *w, struct reader *r)
{
	uint32_t culprit;

	while (dfa_of(reader_nfa(w, r), &w->arena, STATES_MAX, &r->d,
		&culprit) == -1) {
		if (culprit <= r->from || culprit >= r->to) {
			explosion(w, w->v[r->from].by);
			return false;
		}
		r->to = culprit;
	}
	return true;
}

static void
reader_index(struct command_words *w, struct reader *r)
{
	uint32_t words = r->like ? 1 : r->to - r->from, all = 0, *at;

	for (uint32_t s = 0; s < r->d.nsets; s++)
		all += r->d.sets[s].n;
	r->starts = scratch(w, (size_t)words + 1, sizeof(*r->starts));
	r->labels = scratch(w, all, sizeof(*r->labels));
	at = scratch(w, (size_t)words + 1, sizeof(*at));
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
		explosion(w, w->v[*from].by);
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

static bool
all_the_same(const struct dfa *d, uint32_t state)
{
	const uint32_t *next = d->next + (size_t)state * d->classes;

	for (uint32_t k = 1; k < d->classes; k++)
		if (next[k] != next[0])
			return false;
	return true;
}

/* Does it matter what is read next, one byte or two? Of a minimal automaton
 * different states never come to the same. */
static bool
state_cares(const struct dfa *d, uint32_t state)
{
	return !all_the_same(d, state) ||
	    !all_the_same(d, d->next[(size_t)state * d->classes]);
}

/* The arrays must outlive the scratch memory: they are packed at the end. */
static uint32_t
walk_put(struct command_words *w, const struct dfa *d, bool part)
{
	struct dfa copy = *d;
	size_t cells = (size_t)d->states * d->classes;
	uint32_t *next = take_mem(w->e->c, cells, sizeof(*next));
	uint32_t *label = take_mem(w->e->c, d->states, sizeof(*label));

	memcpy(next, d->next, cells * sizeof(*next));
	memcpy(label, d->label, d->states * sizeof(*label));
	for (uint32_t i = 1; part && i < d->states; i++)
		if (state_cares(d, i))
			label[i] |= PART_CARES;
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

static bool
is_wide(const struct reader *r)
{
	return r->d.nsets > 256;
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
			.walk = walk_put(w, &r->d, false),
			.wide = is_wide(r) };

		if (w->deny)
			lists = lists_put(w->e, r->d.sets, r->d.nsets);
		f.lists = lists;
		emit_put(w->e, FORM_creaders, &f, sizeof(f));
	}
	return all;
}

/* ---- parts: which words follow each other */

static struct part
any_byte(struct nfa *n)
{
	struct byte_set s;

	memset(&s, 0xff, sizeof(s));
	return nfa_set(n, &s);
}

static struct part
any_symbol(struct nfa *n, const struct reader *r)
{
	return is_wide(r) ? nfa_cat(n, any_byte(n), any_byte(n)) :
	    any_byte(n);
}

/* What a reader found: a label whose set has the word. */
static struct part
found_word(struct nfa *n, const struct reader *r, uint32_t id)
{
	struct part p = { 0, 0 };
	bool any = false;

	id -= r->from;
	for (uint32_t i = r->starts[id]; i < r->starts[id + 1];) {
		struct byte_set first = { { 0 } }, last = { { 0 } };
		uint32_t hi = r->labels[i] / 256;
		struct part one;

		for (; i < r->starts[id + 1] && r->labels[i] / 256 == hi; i++)
			last.bits[r->labels[i] % 256 / 64] |=
			    UINT64_C(1) << (r->labels[i] % 64);
		first.bits[hi / 64] |= UINT64_C(1) << (hi % 64);
		one = nfa_set(n, &last);
		if (is_wide(r))
			one = nfa_cat(n, nfa_set(n, &first), one);
		p = any ? nfa_alt(n, p, one) : one;
		any = true;
	}
	return any ? p : nfa_set(n, &(struct byte_set){ { 0 } });
}

/* Must this reader have found the word? */
static bool
is_asked(const struct command_words *w, uint32_t i, const struct pol_token *t,
    uint32_t id)
{
	const struct reader *r = w->readers[i].r;

	if (r->like)
		return t->kind == TOKEN_PATH;
	if (id < r->from || id >= r->to || t->kind == TOKEN_ONE)
		return false;
	if (w->readers[i].source == READ_ARGUMENT)
		return t->kind != TOKEN_PATH;
	return t->kind == (w->readers[i].source == READ_PATH ? TOKEN_PATH :
	    TOKEN_ATTACHED);
}

static struct part
argument(const struct command_words *w, struct nfa *n,
    const struct pol_token *t)
{
	uint32_t id = t == NULL ? 0 : word_number(w, t);
	struct part p = nfa_text(n, STR(""));

	for (uint32_t i = 0; i < w->nreaders; i++) {
		const struct reader *r = w->readers[i].r;
		struct part one;

		if (t != NULL && is_asked(w, i, t, id))
			one = found_word(n, r, r->like ? r->from : id);
		else
			one = any_symbol(n, r);
		p = nfa_cat(n, p, one);
	}
	return p;
}

static struct part
arguments(const struct command_words *w, struct nfa *n,
    const struct pol_command *r)
{
	struct part p = nfa_text(n, STR(""));

	for (uint32_t i = 0; i < r->ntokens; i++)
		p = nfa_cat(n, p, argument(w, n, &r->tokens[i]));
	if (r->tail)
		p = nfa_cat(n, p, nfa_star(n, argument(w, n, NULL)));
	return p;
}

/* Of rules [from, to), or of as many of them as it takes. */
static bool
part_make(struct command_words *w, struct pol_command *const *v,
    uint32_t first, uint32_t from, uint32_t *to, struct dfa *d)
{
	uint32_t culprit;

	for (;;) {
		struct nfa *n = nfa_new(&w->arena);

		for (uint32_t i = from; i < *to; i++)
			nfa_accept(n, arguments(w, n, v[i]), first + i);
		if (dfa_of(n, &w->arena, STATES_MAX, d, &culprit) == 0)
			return true;
		if (culprit <= first + from || culprit >= first + *to) {
			explosion(w, v[from]);
			return false;
		}
		*to = culprit - first;
	}
}

static void
parts_put(struct command_words *w, struct pol_command *const *v, uint32_t n,
    uint32_t first, struct f_span *out)
{
	uint32_t at = 0;

	out->first = emit_count(w->e, FORM_cparts, sizeof(struct f_cpart));
	while (at < n) {
		struct f_cpart p;
		struct dfa d;
		uint32_t to = n;

		if (out->n == PARTS_MAX) {
			explosion(w, v[at]);
			return;
		}
		if (!part_make(w, v, first, at, &to, &d))
			return;
		p.walk = walk_put(w, &d, true);
		p.lists = lists_put(w->e, d.sets, d.nsets);
		emit_put(w->e, FORM_cparts, &p, sizeof(p));
		out->n++;
		at = to;
	}
}

void
command_grants(struct emit *e, struct command_words *w,
    struct pol_command *const *v, uint32_t n, uint32_t first,
    struct f_command *out)
{
	(void)e;
	if (n == 0)
		return;
	words_take(w, v, n, false);
	if (!readers_make(w))
		return;
	out->readers = readers_put(w);
	parts_put(w, v, n, first, &out->parts);
}

/* ---- denies */

static void
count_rules(struct command_words *w, struct pol_command *const *v, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		for (uint32_t k = 0; k < v[i]->ntokens; k++)
			w->v[word_number(w, &v[i]->tokens[k])].rules++;
}

/* The word of a rule that the fewest others have: a rule is only looked at
 * when that one is there. */
static uint32_t
key_of(const struct command_words *w, const struct pol_command *r)
{
	uint32_t key = 0;

	for (uint32_t k = 0; k < r->ntokens; k++) {
		uint32_t word = word_number(w, &r->tokens[k]);

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
	uint32_t *counts = scratch(w, (size_t)w->n + 1, sizeof(*counts));
	uint32_t *rules = scratch(w, n, sizeof(*rules));
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
command_denies(struct emit *e, struct command_words *w,
    struct pol_command *const *v, uint32_t n, uint32_t first,
    struct f_command *out)
{
	(void)e;
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
command_needs(struct emit *e, const struct command_words *w,
    const struct pol_command *r, struct f_crule *out)
{
	out->needs.first = emit_count(e, FORM_crefs, sizeof(uint32_t));
	out->needs.n = r->ntokens;
	for (uint32_t pass = 0; pass < 2; pass++)
		for (uint32_t k = 0; k < r->ntokens; k++) {
			bool option = r->tokens[k].kind == TOKEN_OPTION;
			uint32_t word = word_number(w, &r->tokens[k]);

			if (option != (pass == 0))
				continue;
			out->options += option;
			emit_put(e, FORM_crefs, &word, sizeof(word));
		}
}
