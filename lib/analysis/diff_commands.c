/* diff_commands.c -- commands: a command line of each kind that either policy
 * can tell apart (argv.h).
 *
 * What conditions ask and which profile an entry has is looked at as it is
 * written; of programs that run what their arguments say, examples are. */
#include "analysis/argv.h"
#include "analysis/command_examples.h"
#include "analysis/diff.h"
#include "base/must.h"

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

static bool
profile_same(const struct pol_command *a, const struct pol_command *b)
{
	if (a->profile == NULL || b->profile == NULL)
		return a->profile == b->profile;
	return str_eq(a->profile->text, b->profile->text);
}

static bool
conditions_same(const struct checked *j, const struct pol_command *a,
    const struct checked *k, const struct pol_command *b)
{
	if (a->when == 0 || b->when == 0)
		return a->when == b->when;
	return cond_same(pol_cond(&j->c, a->when)->root,
	    pol_cond(&k->c, b->when)->root);
}

static bool
entries_same(const struct checked *j, const struct pol_command *a,
    const struct checked *k, const struct pol_command *b)
{
	return a->list == b->list && a->any == b->any && a->tail == b->tail &&
	    str_eq(a->name, b->name) && profile_same(a, b) &&
	    tokens_same(a, b) && envs_same(a, b) &&
	    conditions_same(j, a, k, b);
}

static const struct pol_command *
entries_of(const struct checked *k)
{
	return k->c.pol.commands == NULL ? NULL : k->c.pol.commands->list;
}

static bool
has_same(const struct checked *k, const struct checked *of,
    const struct pol_command *e)
{
	for (const struct pol_command *x = entries_of(k); x != NULL;
	    x = x->next)
		if (entries_same(k, x, of, e))
			return true;
	return false;
}

/* ---- asking */

static bool
differs(const struct argv_verdict *a, const struct argv_verdict *b)
{
	return a->verdict != b->verdict ||
	    memcmp(a->profiles, b->profiles, sizeof(a->profiles)) != 0;
}

static bool
on_question(void *arg, const struct question *q)
{
	struct diffing *d = arg;
	struct reply before, after;

	book_ask(d->before, q, &before);
	book_ask(d->after, q, &after);
	if (before.verdict == after.verdict &&
	    strcmp(before.profiles, after.profiles) == 0)
		return false;
	(void)diff_ask(d, q);	/* notes it */
	return true;
}

/* What a person would write comes first: of all that are alike, it is shown. */
static void
on_argv(void *arg, struct str *argv, uint32_t n)
{
	struct question q = { .kind = ASK_EXEC, .word = argv, .nwords = n };

	(void)on_question(arg, &q);	/* noted if they differ */
}

static void
ask_entries(struct diffing *d, const struct checked *k,
    const struct checked *other)
{
	for (const struct pol_command *e = entries_of(k); e != NULL;
	    e = e->next)
		if (!has_same(other, k, e))
			command_examples(&d->to->arena, e, on_argv, d);
}

/* "busybox rm x" of a deny of "rm x". */
struct behind {
	struct diffing *d;
	struct str name;
};

static void
on_behind(void *arg, struct str *argv, uint32_t n)
{
	const struct behind *b = arg;
	struct question q = { .kind = ASK_EXEC, .nwords = n + 1 };

	q.word = arena_alloc(&b->d->to->arena, n + 1, sizeof(*q.word));
	must(q.word != NULL);
	q.word[0] = b->name;
	memcpy(q.word + 1, argv, n * sizeof(*argv));
	(void)on_question(b->d, &q);	/* noted if they differ */
}

/* Is there a deny that the other one has not? Then it is tried behind name. */
static bool
try_behind(struct diffing *d, const struct checked *k,
    const struct checked *other, struct str name)
{
	struct behind b = { d, name };
	bool any = false;

	if (k == NULL || other == NULL)
		return k != other;
	for (const struct pol_command *e = entries_of(k); e != NULL;
	    e = e->next)
		if (e->list == COMMAND_DENY && !has_same(other, k, e)) {
			command_examples(&d->to->arena, e, on_behind, &b);
			any = true;
		}
	return any;
}

static void
say_manifold(struct diffing *d, struct str name)
{
	const struct checked *a = d->before->checked, *b = d->after->checked;
	char *p = arena_strdup(&d->to->arena, name);
	bool any;

	must(p != NULL);
	name = str_of(p, name.len);
	any = try_behind(d, a, b, name);
	any |= try_behind(d, b, a, name);
	any |= try_behind(d, a->max, b->max, name);
	any |= try_behind(d, b->max, a->max, name);
	if (any)
		diff_unsure(d, "commands", NULL, "\"%.*s\" runs what its "
		    "arguments say: what of that is denied is compared by "
		    "examples", (int)name.len, name.p);
}

/* Where an entry of that name stands, after before before. */
static const struct node *
place_of(const struct diffing *d, struct str name)
{
	const struct checked *k[] = { d->after->checked, d->before->checked,
		d->after->checked->max, d->before->checked->max };

	for (size_t i = 0; i < sizeof(k) / sizeof(k[0]); i++)
		for (const struct pol_command *e = k[i] == NULL ? NULL :
		    entries_of(k[i]); e != NULL; e = e->next)
			if (str_eq(e->name, name))
				return e->at;
	return NULL;
}

static void
on_unsure(void *arg, struct str name, enum argv_unsure why)
{
	static const char *const texts[] = {
		[ARGV_LARGE] = "is too large to compare exactly: its "
		    "patterns are of too many kinds together",
		[ARGV_LINKS] = "differs where an argument leads to another "
		    "file than it spells, by a symbolic link",
		[ARGV_HIDDEN] = "differs where a condition does not decide" };
	struct diffing *d = arg;

	d->spent |= d->most != 0 && why == ARGV_LARGE;
	if (why == ARGV_MANIFOLD)
		say_manifold(d, name);
	else
		diff_unsure(d, "commands", place_of(d, name),
		    "\"%.*s\" %s", (int)name.len, name.p, texts[why]);
}

/* ---- what no command line shows */

/* Of "git" and "/usr/bin/git" the other one, for the same arguments. */
static const struct pol_command *
other_spelling(const struct checked *k, const struct pol_command *e)
{
	for (const struct pol_command *x = entries_of(k); x != NULL;
	    x = x->next)
		if (x->list == e->list && x->any == e->any &&
		    x->tail == e->tail && !str_eq(x->name, e->name) &&
		    (x->name.p[0] == '/') != (e->name.p[0] == '/') &&
		    str_eq(str_base(x->name), str_base(e->name)) &&
		    tokens_same(x, e))
			return x;
	return NULL;
}

/* k: after, where that is not the same twice. */
static void
tell_unshown(struct diffing *d, const struct checked *k,
    const struct checked *other, bool after)
{
	for (const struct pol_command *e = entries_of(k); e != NULL;
	    e = e->next) {
		const struct pol_command *x;

		if (has_same(other, k, e))
			continue;
		if (e->when != 0)
			diff_unsure(d, "commands", e->at, "the condition of "
			    "\"%.*s\" is compared as it is written",
			    (int)e->shown.len, e->shown.p);
		x = after && e->list != COMMAND_DENY ?
		    other_spelling(other, e) : NULL;
		if (x != NULL)
			diff_unsure(d, "commands", e->at, "\"%.*s\" before "
			    "and \"%.*s\" after are one file if the "
			    "sandbox's PATH leads there when it starts: they "
			    "are compared as one", (int)x->name.len,
			    x->name.p, (int)e->name.len, e->name.p);
	}
}

void
diff_commands(struct diffing *d)
{
	struct argv_space s = { .arena = &d->to->arena,
		.side = { d->before, d->after }, .differs = differs,
		.on = on_question, .unsure = on_unsure, .arg = d,
		.most = 8 * d->most };
	const struct checked *a = d->before->checked, *b = d->after->checked;

	ask_entries(d, a, b);
	ask_entries(d, b, a);
	argv_walk(&s);
	tell_unshown(d, a, b, false);
	tell_unshown(d, b, a, true);
	if (a->max != NULL && b->max != NULL) {
		tell_unshown(d, a->max, b->max, false);
		tell_unshown(d, b->max, a->max, true);
	}
}
