/* prove_commands.c -- "no command rm -rf *", "only python3 runs with -c".
 * The statement is a policy of its own, which denies what may not run; then no
 * command line may be allowed by the one and denied by the other (argv.h). */
#include <stdlib.h>

#include "analysis/argv.h"
#include "analysis/command_examples.h"
#include "analysis/prove.h"
#include "base/buf.h"
#include "base/must.h"

#define SCOPE_BYTES_MAX (1 << 22)

struct command_proof {
	struct statement *s;
	struct argv_space space;
	struct book scope;	/* denies what the statement names */
	struct buf text;	/* of that */
	char *owned;
	uint32_t names, nnames;	/* words of the statement */
	uint32_t pattern, end;	/* and those that are a pattern */
	const char *unknown;	/* why it is not known */
	struct str whose;
};

/* ---- the statement as a deny */

static void
put_quoted(struct buf *b, struct str s)
{
	for (size_t i = 0; i < s.len; i++)
		must(buf_printf(b, s.p[i] == '"' || s.p[i] == '\\' ?
		    "\\%c" : "%c", s.p[i]));
}

/* Names, with "or" between them. */
static int
take_names(struct command_proof *p)
{
	struct statement *s = p->s;

	p->names = s->at;
	do {
		if (s->at == s->n)
			return statement_fault(s, s->at, "the command's name "
			    "is missing");
		s->at++;
	} while (statement_take(s, "or"));
	p->nnames = s->at - p->names;
	return 0;
}

/* "..." at the end is for people: more may follow in any case. */
static void
take_pattern(struct command_proof *p)
{
	struct statement *s = p->s;

	p->pattern = s->at;
	p->end = s->n;
	s->at = s->n;
	if (p->end > p->pattern &&
	    str_eqz(s->word[p->end - 1].text, "..."))
		p->end--;
}

static void
put_entry(struct command_proof *p, struct str name)
{
	must(buf_addz(&p->text, "    - command: \""));
	put_quoted(&p->text, name);
	must(buf_addz(&p->text, p->end > p->pattern ?
	    "\"\n      args_pattern: \"" : "\"\n"));
	for (uint32_t i = p->pattern; i < p->end; i++) {
		put_quoted(&p->text, p->s->word[i].text);
		must(buf_addz(&p->text, i + 1 < p->end ? " " : "\"\n"));
	}
}

static int
open_scope(struct command_proof *p)
{
	struct policy_file f = { .name = "statement" };
	size_t len;

	p->owned = buf_take(&p->text, &len);
	f.text = str_of(p->owned, len);
	if (book_open(&f, 1, &p->scope) == 0)
		return 0;
	return statement_fault(p->s, p->s->at - 1, "%s",
	    p->scope.diags.v[0].text);
}

/* ---- all names that the policy knows */

static bool
is_listed(const struct command_proof *p, struct str name)
{
	for (uint32_t i = 0; i < p->nnames; i += 2)
		if (str_eq(str_base(p->s->word[p->names + i].text),
			str_base(name)))
			return true;
	return false;
}

static const struct pol_command *
entries_of(const struct checked *k)
{
	return k == NULL || k->c.pol.commands == NULL ? NULL :
	    k->c.pol.commands->list;
}

static void
put_others(struct command_proof *p, const struct checked *k)
{
	struct str last = STR("");

	for (const struct pol_command *e = entries_of(k); e != NULL;
	    e = e->next) {
		struct str name = str_base(e->name);

		if (!str_eq(name, last) && !is_listed(p, name))
			put_entry(p, name);
		last = name;
	}
}

/* ---- asking */

static bool
is_against(const struct argv_verdict *policy, const struct argv_verdict *scope)
{
	return policy->verdict != REPLY_DENY && scope->verdict == REPLY_DENY;
}

static bool
on_question(void *arg, const struct question *q)
{
	struct command_proof *p = arg;
	struct reply of_policy, of_scope;

	p->s->proof->asked++;
	book_ask(p->s->book, q, &of_policy);
	book_ask(&p->scope, q, &of_scope);
	if (of_policy.verdict == REPLY_DENY || of_scope.verdict != REPLY_DENY)
		return false;
	statement_counter(p->s, q, &of_policy);
	return true;
}

struct behind { /* "busybox rm x" of "rm x" */
	struct command_proof *p;
	struct str name;	/* empty: none is before it */
};

static void
on_argv(void *arg, struct str *argv, uint32_t n)
{
	const struct behind *b = arg;
	struct question q = { .kind = ASK_EXEC, .word = argv, .nwords = n };

	if (b->name.len > 0) {
		q.word = arena_alloc(b->p->s->arena, ++q.nwords,
		    sizeof(*q.word));
		must(q.word != NULL);
		q.word[0] = b->name;
		memcpy(q.word + 1, argv, n * sizeof(*argv));
	}
	(void)on_question(b->p, &q);	/* noted if it is one */
}

/* Those that a person would try come first. */
static void
ask_examples(struct command_proof *p, struct str before)
{
	struct behind b = { p, before };

	for (const struct pol_command *e = entries_of(p->scope.checked);
	    e != NULL && p->s->proof->holds; e = e->next)
		command_examples(p->s->arena, e, on_argv, &b);
}

/* Each name that may not run is denied whatever its arguments are? */
static bool
is_denied(const struct command_proof *p)
{
	for (const struct pol_command *x = entries_of(p->scope.checked);
	    x != NULL; x = x->next) {
		const struct pol_command *e = entries_of(p->s->book->checked);

		while (e != NULL && (e->list != COMMAND_DENY || !e->any ||
		    e->when != 0 || !str_eq(e->name, str_base(x->name))))
			e = e->next;
		if (e == NULL)
			return false;
	}
	return true;
}

static void
on_unsure(void *arg, struct str name, enum argv_unsure why)
{
	static const char *const texts[] = {
		[ARGV_LARGE] = "has patterns of too many kinds together",
		[ARGV_LINKS] = ("is granted where an argument leads to "
		    "another file than it spells, by a symbolic link"),
		[ARGV_MANIFOLD] = "runs what its arguments say",
		[ARGV_HIDDEN] = "is granted where a condition is so" };
	struct command_proof *p = arg;

	if (why == ARGV_MANIFOLD) {
		struct str copy = str_c(arena_strdup(p->s->arena, name));

		if (!p->space.may_run[0] || is_denied(p))
			return;
		ask_examples(p, copy);
	}
	if (p->unknown != NULL)
		return;
	p->unknown = texts[why];
	p->whose = str_c(arena_strdup(p->s->arena, name));
}

static int
ask_all(struct command_proof *p)
{
	struct statement *s = p->s;

	p->space = (struct argv_space){ .arena = s->arena,
		.side = { s->book, &p->scope }, .differs = is_against,
		.plain = true, .on = on_question, .unsure = on_unsure,
		.arg = p };
	ask_examples(p, STR(""));
	if (s->proof->holds)
		argv_walk(&p->space);
	if (!s->proof->holds || p->unknown == NULL)
		return 0;
	return statement_fault(s, s->n - 1, "no example breaks this, and that "
	    "it holds for all arguments is not known: %.*s %s",
	    (int)p->whose.len, p->whose.p, p->unknown);
}

/* ---- the forms */

static void
scope_begin(struct command_proof *p)
{
	buf_init(&p->text, SCOPE_BYTES_MAX);
	must(buf_addz(&p->text, "commands:\n  default_policy: allow\n"
	    "  deny:\n"));
}

static int
finish(struct command_proof *p)
{
	int rc = open_scope(p);

	if (rc == 0)
		rc = ask_all(p);
	book_close(&p->scope);
	free(p->owned);
	return rc;
}

/* All but those that are listed, and any that the policy does not name. */
static int
prove_others(struct command_proof *p)
{
	take_pattern(p);
	scope_begin(p);
	put_others(p, p->s->book->checked);
	put_others(p, p->s->book->checked->max);
	put_entry(p, STR("any-other"));
	return finish(p);
}

int
prove_commands(struct statement *s)
{
	struct command_proof p = { .s = s };

	if (s->n - s->at >= 2 && str_eqz(s->word[s->at].text, "runs") &&
	    str_eqz(s->word[s->at + 1].text, "with")) {
		s->at += 2;
		if (s->at == s->n)
			return statement_fault(s, s->at, "what no command may "
			    "run with is missing");
		return prove_others(&p);
	}
	if (take_names(&p) == -1)
		return -1;
	if (statement_take(s, "runs") && s->at < s->n &&
	    !str_eqz(s->word[s->at].text, "with"))
		return statement_fault(s, s->at, "\"with\" and a pattern "
		    "follow after \"runs\", or nothing");
	(void)statement_take(s, "with");	/* it need not be there */
	take_pattern(&p);
	scope_begin(&p);
	for (uint32_t i = 0; i < p.nnames; i += 2)
		put_entry(&p, s->word[p.names + i].text);
	return finish(&p);
}

int
prove_only_commands(struct statement *s)
{
	struct command_proof p = { .s = s };

	if (take_names(&p) == -1)
		return -1;
	if (!statement_take(s, "runs"))
		return statement_fault(s, s->at, "\"runs\" follows after the "
		    "names");
	if (s->at < s->n && !statement_take(s, "with"))
		return statement_fault(s, s->at, "\"with\" and a pattern "
		    "follow after \"runs\", or nothing");
	return prove_others(&p);
}
