/* diff_commands.c -- commands: each name that some entry has, with the
 * arguments that its patterns are made of, and near ones.
 *
 * Entries that are alike in both policies are left out.  Where patterns are
 * not alike, what was tried is not everything, and that is said. */
#include "analysis/diff.h"
#include "base/must.h"
#include "compile/commands.h"
#include "policy/match.h"

enum { ARGS_MAX = TOKENS_MAX + 4, EXAMPLE_MAX = 1024 };

struct argv { /* one on its way */
	struct str v[ARGS_MAX];
	uint32_t n;
};

static void *
need(void *p)
{
	must(p != NULL);	/* the arena has no limit of its own */
	return p;
}

/* ---- entries that are alike */

static bool
texts_same(const struct strs *a, const struct strs *b)
{
	if (a->n != b->n)
		return false;
	for (uint32_t i = 0; i < a->n; i++)
		if (!str_eq(a->v[i], b->v[i]))
			return false;
	return true;
}

static bool
tokens_same(const struct pol_command *a, const struct pol_command *b)
{
	if (a->ntokens != b->ntokens)
		return false;
	for (uint32_t i = 0; i < a->ntokens; i++) {
		const struct pol_token *x = &a->tokens[i], *y = &b->tokens[i];

		if (x->kind != y->kind || x->words != y->words ||
		    !texts_same(&x->texts, &y->texts) ||
		    !texts_same(&x->longs, &y->longs) ||
		    !str_eq(x->prefix, y->prefix) ||
		    !str_eq(x->letters, y->letters))
			return false;
	}
	return true;
}

static bool
envs_same(const struct pol_command *a, const struct pol_command *b)
{
	if (a->nenvs != b->nenvs)
		return false;
	for (uint32_t i = 0; i < a->nenvs; i++)
		if (!str_eq(a->envs[i].name, b->envs[i].name) ||
		    !str_eq(a->envs[i].value, b->envs[i].value) ||
		    a->envs[i].pin != b->envs[i].pin)
			return false;
	return true;
}

/* Conditions and profiles are looked at nowhere else here. */
static bool
is_plain(const struct pol_command *e)
{
	return e->when == 0 && e->profile == NULL;
}

static bool
entries_same(const struct pol_command *a, const struct pol_command *b)
{
	return a->list == b->list && a->any == b->any && a->tail == b->tail &&
	    str_eq(a->name, b->name) && is_plain(a) && is_plain(b) &&
	    tokens_same(a, b) && envs_same(a, b);
}

static const struct pol_command *
entries_of(const struct checked *k)
{
	return k->c.pol.commands == NULL ? NULL : k->c.pol.commands->list;
}

static bool
has_same(const struct checked *k, const struct pol_command *e)
{
	for (const struct pol_command *x = entries_of(k); x != NULL;
	    x = x->next)
		if (entries_same(x, e))
			return true;
	return false;
}

/* ---- examples */

/* A text that the pattern matches, with `star' for what may be anything. */
static struct str
example(struct arena *a, struct str pattern, const char *star)
{
	char *out = need(arena_alloc(a, EXAMPLE_MAX, 1));
	size_t n = 0;

	for (size_t i = 0, len; i < pattern.len; i += len) {
		char c = pattern.p[i];

		len = match_op_len(str_from(pattern, i));
		if (len == 0 || n + strlen(star) + 2 > EXAMPLE_MAX)
			break;
		if (c == OP_DIRS)
			continue;
		if (c == OP_ONE)
			out[n++] = 'x';
		else if (c == OP_SET)
			out[n++] = pattern.p[i + 2];
		else if (c >= OP_STAR && c <= OP_LABEL)
			for (const char *s = star; *s != '\0'; s++)
				out[n++] = *s;
		else
			out[n++] = c;
	}
	return str_of(out, n);
}

static struct str
token_example(struct arena *a, const struct pol_token *t, const char *star)
{
	if (t->kind == TOKEN_ONE)
		return str_c(star);
	if (t->kind == TOKEN_OPTION && t->letters.len > 0)
		return str_c(need(arena_printf(a, "-%c", t->letters.p[0])));
	if (t->kind == TOKEN_OPTION)
		return t->longs.n > 0 ? str_c(need(arena_printf(a, "--%.*s",
		    (int)t->longs.v[0].len, t->longs.v[0].p))) : STR("-x");
	if (t->texts.n == 0)
		return t->prefix;
	if (t->kind == TOKEN_ATTACHED) {
		struct str path = example(a, t->texts.v[0], star);

		return str_c(need(arena_printf(a, "%.*s%.*s",
		    (int)t->prefix.len, t->prefix.p, (int)path.len,
		    path.p)));
	}
	return example(a, t->texts.v[0], star);
}

/* ---- asking */

static void
ask(struct diffing *d, const struct argv *v)
{
	struct arena *a = &d->to->arena;
	struct question q = { .kind = ASK_EXEC, .nwords = v->n };

	q.word = need(arena_alloc(a, v->n, sizeof(*q.word)));
	memcpy(q.word, v->v, v->n * sizeof(*q.word));
	(void)diff_ask(d, &q);	/* noted if they differ */
}

/* The arguments, without the last, and with one more. */
static void
ask_near(struct diffing *d, const struct argv *v)
{
	struct argv near = *v;

	ask(d, v);
	if (v->n > 1) {
		near.n = v->n - 1;
		ask(d, &near);
	}
	near.n = v->n;
	near.v[near.n++] = STR("x");
	ask(d, &near);
	near.v[near.n - 1] = STR("--other");
	ask(d, &near);
}

static void
ask_entry(struct diffing *d, const struct pol_command *e)
{
	static const char *const stars[] = { "x", "", "x/y", "/x" };
	struct argv bare = { { e->name }, 1 };

	ask_near(d, &bare);
	for (unsigned s = 0; s < 4 && e->ntokens > 0; s++) {
		struct argv v = { { e->name }, 1 };

		for (uint32_t i = 0; i < e->ntokens; i++)
			v.v[v.n++] = token_example(&d->to->arena,
			    &e->tokens[i], stars[s]);
		ask_near(d, &v);
	}
}

static void
ask_entries(struct diffing *d, const struct checked *k,
    const struct checked *other)
{
	for (const struct pol_command *e = entries_of(k); e != NULL;
	    e = e->next) {
		if (has_same(other, e))
			continue;
		ask_entry(d, e);
		if (!e->any || !is_plain(e))
			diff_unsure(d, "commands", e->at, "the arguments of "
			    "\"%.*s\" are compared by examples alone",
			    (int)e->shown.len, e->shown.p);
	}
}

void
diff_commands(struct diffing *d)
{
	static const struct argv any = { { { "any-other", 9 } }, 1 };
	const struct checked *a = d->before->checked, *b = d->after->checked;

	ask_near(d, &any);
	ask_entries(d, a, b);
	ask_entries(d, b, a);
	if (a->max != NULL && b->max != NULL) {
		ask_entries(d, a->max, b->max);
		ask_entries(d, b->max, a->max);
	}
}
