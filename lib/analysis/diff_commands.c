/* diff_commands.c -- commands: each name that some entry has, with the
 * arguments that its patterns are made of, and near ones.
 *
 * Entries that are alike in both policies are left out.  Where patterns are
 * not alike, what was tried is not everything, and that is said. */
#include "analysis/command_examples.h"
#include "analysis/diff.h"

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

/* ---- asking */

static void
on_argv(void *arg, struct str *argv, uint32_t n)
{
	struct question q = { .kind = ASK_EXEC, .word = argv, .nwords = n };

	(void)diff_ask(arg, &q);	/* noted if they differ */
}

static void
ask_entries(struct diffing *d, const struct checked *k,
    const struct checked *other)
{
	for (const struct pol_command *e = entries_of(k); e != NULL;
	    e = e->next) {
		if (has_same(other, e))
			continue;
		command_examples(&d->to->arena, e, on_argv, d);
		if (!e->any || !is_plain(e))
			diff_unsure(d, "commands", e->at, "the arguments of "
			    "\"%.*s\" are compared by examples alone",
			    (int)e->shown.len, e->shown.p);
	}
}

void
diff_commands(struct diffing *d)
{
	struct str any[] = { STR("any-other"), STR("x") };
	const struct checked *a = d->before->checked, *b = d->after->checked;

	on_argv(d, any, 1);
	on_argv(d, any, 2);
	ask_entries(d, a, b);
	ask_entries(d, b, a);
	if (a->max != NULL && b->max != NULL) {
		ask_entries(d, a->max, b->max);
		ask_entries(d, b->max, a->max);
	}
}
