/* emit_commands.c -- the commands in an image (policy/form_commands.h): in
 * the order of their names, whatever that of the documents was. */
#include <stdlib.h>

#include "compile/command_words.h"
#include "policy/exec.h"

/* ---- order */

static unsigned
group(const struct pol_command *e)
{
	if (e->any)
		return 0;
	return e->list == COMMAND_DENY ? 2 : 1;
}

static int
compare(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}

/* Grants of the same shape stand together: they share an automaton. */
static int
by_shape(const struct pol_command *x, const struct pol_command *y)
{
	int c = compare(x->ntokens, y->ntokens);

	for (uint32_t i = 0; c == 0 && i < x->ntokens; i++)
		c = compare(x->tokens[i].kind, y->tokens[i].kind);
	if (c == 0)
		c = compare(x->tail, y->tail);
	for (uint32_t i = 0; c == 0 && i < x->ntokens; i++)
		c = strcmp(x->tokens[i].shown.p, y->tokens[i].shown.p);
	return c;
}

static int
by_name(const void *a, const void *b)
{
	const struct pol_command *x = *(const struct pol_command *const *)a;
	const struct pol_command *y = *(const struct pol_command *const *)b;
	int c = strcmp(x->name.p, y->name.p);

	if (c == 0)
		c = compare(group(x), group(y));
	if (c == 0)
		c = by_shape(x, y);
	if (c == 0)
		c = compare(x->list, y->list);
	if (c == 0)
		c = compare(x->at->doc->index, y->at->doc->index);
	if (c == 0)
		c = compare(x->at->line, y->at->line);
	return c != 0 ? c : compare(x->at->column, y->at->column);
}

/* ---- rules */

struct known;

struct writing {
	struct f_span own;	/* the built-in variables */
	struct known *known;
	uint32_t slots;
	struct command_ways ways;
};

static struct f_span
put_envs(struct emit *e, const struct pol_command *r)
{
	struct f_cenv *v = take_mem(e->c, (size_t)r->nenvs + 1, sizeof(*v));
	uint32_t n = 0;

	for (unsigned pass = 0; pass < 2; pass++)
		for (uint32_t i = 0; i < r->nenvs; i++)
			if (r->envs[i].pin == (pass == 0))
				v[n++] = (struct f_cenv){
					emit_text(e, r->envs[i].name),
					emit_text(e, r->envs[i].value),
					pass == 0 };
	return emit_span(e, FORM_cenvs, v, n, sizeof(*v));
}

static struct f_span
put_texts(struct emit *e, const struct strs *texts)
{
	struct f_span s = { emit_count(e, FORM_cpats, sizeof(struct f_text)),
		texts->n };

	for (uint32_t i = 0; i < texts->n; i++) {
		struct f_text t = emit_text(e, texts->v[i]);

		emit_put(e, FORM_cpats, &t, sizeof(t));
	}
	return s;
}

static const uint32_t kinds[] = { [TOKEN_GLOB] = CTOKEN_GLOB,
	[TOKEN_PATH] = CTOKEN_PATH, [TOKEN_ATTACHED] = CTOKEN_ATTACHED,
	[TOKEN_ONE] = CTOKEN_ONE };

/* Most words stand in many patterns, and in the image once. */
struct known {
	const struct pol_token *t;
	uint32_t number;	/* of the ctoken, + 1 */
};

static uint32_t
token_hash(const struct pol_token *t)
{
	uint32_t h = form_hash(FORM_HASH_START, (char)t->kind);

	for (size_t i = 0; i < t->shown.len; i++)
		h = form_hash(h, t->shown.p[i]);
	return h;
}

static uint32_t
put_token(struct emit *e, struct writing *w, const struct pol_token *t)
{
	uint32_t at = form_slot(token_hash(t), w->slots);
	struct f_ctoken f;

	for (; w->known[at].number != 0; at = (at + 1) & (w->slots - 1))
		if (w->known[at].t->kind == t->kind &&
		    str_eq(w->known[at].t->shown, t->shown))
			return w->known[at].number - 1;
	w->known[at] = (struct known){ t, emit_count(e, FORM_ctokens,
	    sizeof(f)) + 1 };
	f = (struct f_ctoken){ .kind = kinds[t->kind],
		.texts = put_texts(e, &t->texts),
		.prefix = emit_text(e, t->prefix),
		.shown = emit_text(e, t->shown) };
	emit_put(e, FORM_ctokens, &f, sizeof(f));
	return w->known[at].number - 1;
}

static struct f_span
put_tokens(struct emit *e, struct writing *w, const struct pol_command *r)
{
	struct f_span s = { emit_count(e, FORM_crefs, sizeof(uint32_t)),
		r->ntokens };

	for (uint32_t i = 0; i < r->ntokens; i++) {
		uint32_t number = put_token(e, w, &r->tokens[i]);

		emit_put(e, FORM_crefs, &number, sizeof(number));
	}
	return s;
}

static void
put_rule(struct emit *e, const struct pol_command *r,
    const struct command_words *words, struct writing *w)
{
	struct f_crule f = { .file = r->at->doc->index, .line = r->at->line,
		.text = emit_text(e, r->shown) };

	if (r->list == COMMAND_DENY)
		f.flags |= CRULE_DENY;
	if (r->list == COMMAND_AUDIT)
		f.flags |= CRULE_AUDIT;
	if (r->tail)
		f.flags |= CRULE_TAIL;
	if (r->any)
		f.flags |= CRULE_ANY;
	if (r->profile != NULL) {
		f.profile = emit_text(e, r->profile->text);
		f.under = profile_number(e->c, r->profile->text);
	}
	if (r->env_own) {
		f.flags |= CRULE_ENV_OWN;
		if (w->own.n == 0)
			w->own = put_envs(e, r);
		f.envs = w->own;
	} else
		f.envs = put_envs(e, r);
	for (uint32_t i = 0; i < r->nenvs; i++)
		f.pins += r->envs[i].pin;
	if (group(r) == 1)
		f.tokens = put_tokens(e, w, r);
	if (group(r) == 2)
		command_needs(words, r, &f);
	f.when = emit_cond(e, r->when);
	emit_put(e, FORM_crules, &f, sizeof(f));
}

/* ---- one command */

static uint32_t
name_hash(struct str name)
{
	uint32_t h = FORM_HASH_START;

	for (size_t i = 0; i < name.len; i++)
		h = form_hash(h, name.p[i]);
	return h;
}

static bool
is_old_style(struct str name)
{
	const char *slash = strrchr(name.p, '/');
	struct str base = slash == NULL ? name : str_c(slash + 1);

	return str_eqz(base, "tar") || str_eqz(base, "bsdtar") ||
	    str_eqz(base, "ar") || str_eqz(base, "ps");
}

static void
put_command(struct emit *e, struct pol_command **v, uint32_t n,
    struct writing *w)
{
	uint32_t at = emit_count(e, FORM_crules, sizeof(struct f_crule));
	struct f_command c = { .name = emit_text(e, v[0]->name),
		.hash = name_hash(v[0]->name) };
	struct f_span *spans[] = { &c.bare, &c.grants, &c.denies };
	struct command_words *words = command_words_new(e, &w->ways);

	if (is_old_style(v[0]->name))
		c.flags |= COMMAND_OLD_STYLE;
	for (uint32_t i = 0; i < n; i++) {
		struct f_span *s = spans[group(v[i])];

		if (s->n++ == 0)
			s->first = at + i;
		c.flags |= v[i]->list == COMMAND_DENY ?
		    (uint32_t)COMMAND_DENIED : (uint32_t)COMMAND_GRANTED;
	}
	command_grants(words, v + c.bare.n, c.grants.n, c.grants.first, &c);
	command_denies(words, v + c.bare.n + c.grants.n, c.denies.n,
	    c.denies.first, &c);
	for (uint32_t i = 0; i < n; i++)
		put_rule(e, v[i], words, w);
	command_words_free(words);
	emit_put(e, FORM_cnames, &c, sizeof(c));
}

/* ---- all of them */

static void
put_slots(struct emit *e)
{
	uint32_t n = emit_count(e, FORM_cnames, sizeof(struct f_command));
	const struct f_command *v = (const struct f_command *)(const void *)
	    buf_str(&e->s[FORM_cnames]).p;
	uint32_t slots = form_slots(n);
	uint32_t *table = take_mem(e->c, slots, sizeof(*table));

	for (uint32_t i = 0; i < n; i++) {
		uint32_t at = form_slot(v[i].hash, slots);

		while (table[at] != 0)
			at = (at + 1) & (slots - 1);
		table[at] = i + 1;
	}
	if (n > 0)
		emit_put(e, FORM_cslots, table, slots * sizeof(*table));
}

static void
put_ways(struct emit *e, struct command_ways *ways)
{
	uint32_t slots = form_slots(ways->n);
	struct f_cway *table = take_mem(e->c, slots, sizeof(*table));

	for (uint32_t i = 0; i < ways->n; i++) {
		uint32_t at = form_slot(form_way_hash(ways->v[i].from,
		    ways->v[i].label), slots);

		while (table[at].from != 0)
			at = (at + 1) & (slots - 1);
		table[at] = ways->v[i];
	}
	emit_put(e, FORM_cways, table, slots * sizeof(*table));
	free(ways->v);
}

static int
by_text(const void *a, const void *b)
{
	const struct str *x = a, *y = b;

	return strcmp(x->p, y->p);
}

/* Names of variables that anyone must tell. */
static void
put_watch(struct emit *e, struct pol_command **v, uint32_t n)
{
	struct strs names = { 0 };
	bool own = false;

	for (uint32_t i = 0; i < n; i++) {
		if (v[i]->env_own && own)
			continue;
		own |= v[i]->env_own;
		for (uint32_t k = 0; k < v[i]->nenvs; k++)
			strs_add(e->c, &names, v[i]->envs[k].name);
	}
	if (names.n > 0)
		qsort(names.v, names.n, sizeof(*names.v), by_text);
	for (uint32_t i = 0; i < names.n; i++) {
		struct f_text t;

		if (i > 0 && str_eq(names.v[i], names.v[i - 1]))
			continue;
		t = emit_text(e, names.v[i]);
		emit_put(e, FORM_cwatch, &t, sizeof(t));
	}
}

void
emit_commands(struct emit *e)
{
	const struct pol_commands *k = e->c->pol.commands;
	struct f_span none = { 0, 0 };
	struct f_cnode dead = { .reader = NODE_ANY, .other = NODE_NEXT };
	struct writing w = { 0 };
	struct f_commands all = { 0 };
	struct pol_command **v;
	uint32_t n = 0, from = 0;

	if (k == NULL || k->section == NULL)
		return;
	all.fallback = k->fallback.value;
	all.made = k->made.value;
	v = take_mem(e->c, (size_t)k->n + 1, sizeof(*v));
	for (struct pol_command *r = k->list; r != NULL; r = r->next) {
		v[n++] = r;
		w.slots += r->ntokens;
		all.absolute |= r->name.p[0] == '/';
	}
	emit_put(e, FORM_commands, &all, sizeof(all));
	emit_put(e, FORM_cnodes, &dead, sizeof(dead));
	emit_put(e, FORM_clists, &none, sizeof(none));
	w.slots = form_slots(w.slots);
	w.known = take_mem(e->c, w.slots, sizeof(*w.known));
	qsort(v, n, sizeof(*v), by_name);
	/* What is too much was said; others would take as long. */
	for (uint32_t i = 1; i <= n && e->c->diags->errors == 0; i++)
		if (i == n || !str_eq(v[i]->name, v[from]->name)) {
			put_command(e, v + from, i - from, &w);
			from = i;
		}
	put_slots(e);
	put_ways(e, &w.ways);
	put_watch(e, v, n);
}
