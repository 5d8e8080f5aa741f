/* prove_commands.c -- "no command rm -rf *".  Sure where nothing grants the
 * name, or a deny takes it whole; broken where an example of some grant shows
 * it; otherwise it is not said. */
#include <stdlib.h>

#include "analysis/command_examples.h"
#include "analysis/prove.h"
#include "base/buf.h"
#include "base/must.h"

#define SCOPE_BYTES_MAX 65536

struct command_proof {
	struct statement *s;
	struct book scope;	/* denies what the statement names */
	char *text;
	struct str name;
	bool granted;
};

/* ---- the statement as a deny */

static void
put_quoted(struct buf *b, struct str s)
{
	for (size_t i = 0; i < s.len; i++)
		must(buf_printf(b, s.p[i] == '"' || s.p[i] == '\\' ?
		    "\\%c" : "%c", s.p[i]));
}

static int
open_scope(struct command_proof *p)
{
	struct statement *s = p->s;
	struct policy_file f = { .name = "statement" };
	uint32_t end = s->n;
	struct buf b;
	size_t len;

	if (s->at == s->n)
		return statement_fault(s, s->at, "the command's name is "
		    "missing");
	p->name = s->word[s->at++].text;
	if (end > s->at && str_eqz(s->word[end - 1].text, "..."))
		end--;
	buf_init(&b, SCOPE_BYTES_MAX);
	must(buf_addz(&b, "commands:\n  default_policy: allow\n  deny:\n"
	    "    - command: \""));
	put_quoted(&b, p->name);
	must(buf_addz(&b, end > s->at ? "\"\n      args_pattern: \"" :
	    "\"\n"));
	for (uint32_t i = s->at; i < end; i++) {
		put_quoted(&b, s->word[i].text);
		must(buf_addz(&b, i + 1 < end ? " " : "\"\n"));
	}
	p->text = buf_take(&b, &len);
	f.text = str_of(p->text, len);
	if (book_open(&f, 1, &p->scope) == 0)
		return 0;
	return statement_fault(s, s->at - 1, "%s", p->scope.diags.v[0].text);
}

/* ---- asking */

static struct str
last_part(struct str path)
{
	size_t at = path.len;

	while (at > 0 && path.p[at - 1] != '/')
		at--;
	return str_from(path, at);
}

static bool
is_named(const struct command_proof *p, const struct pol_command *e)
{
	return str_eq(last_part(e->name), last_part(p->name));
}

static const struct pol_command *
entries_of(const struct checked *k)
{
	return k->c.pol.commands == NULL ? NULL : k->c.pol.commands->list;
}

static void
on_argv(void *arg, struct str *argv, uint32_t n)
{
	struct command_proof *p = arg;
	struct question q = { .kind = ASK_EXEC, .word = argv, .nwords = n };
	struct reply of_policy, of_scope;

	if (!p->s->proof->holds)
		return;
	p->s->proof->asked++;
	book_ask(p->s->book, &q, &of_policy);
	book_ask(&p->scope, &q, &of_scope);
	if (of_policy.verdict != REPLY_DENY &&
	    of_scope.verdict == REPLY_DENY)
		statement_counter(p->s, &q, &of_policy);
}

/* Also with what the statement names: it is what a person would try. */
static void
ask_all(struct command_proof *p)
{
	struct arena *a = p->s->arena;

	for (const struct pol_command *e = entries_of(p->scope.checked);
	    e != NULL; e = e->next)
		command_examples(a, e, on_argv, p);
	for (const struct pol_command *e = entries_of(p->s->book->checked);
	    e != NULL; e = e->next) {
		if (!is_named(p, e))
			continue;
		command_examples(a, e, on_argv, p);
		if (e->list != COMMAND_DENY)
			p->granted = true;
	}
}

/* A deny of the name, whatever its arguments are. */
static bool
is_denied(const struct command_proof *p)
{
	for (const struct pol_command *e = entries_of(p->s->book->checked);
	    e != NULL; e = e->next)
		if (e->list == COMMAND_DENY && e->any && e->when == 0 &&
		    str_eq(e->name, last_part(p->name)))
			return true;
	return false;
}

static int
say(struct command_proof *p)
{
	if (!p->s->proof->holds || !p->granted || is_denied(p))
		return 0;
	return statement_fault(p->s, p->s->at - 1, "no example breaks this, "
	    "and \"%.*s\" is granted with patterns: that it holds for all "
	    "arguments is not known", (int)p->name.len, p->name.p);
}

int
prove_commands(struct statement *s)
{
	struct command_proof p = { .s = s };
	int rc = open_scope(&p);

	if (rc == 0) {
		ask_all(&p);
		rc = say(&p);
	}
	book_close(&p.scope);
	free(p.text);
	return rc;
}
