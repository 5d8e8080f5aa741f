/* prove_files.c -- statements about files.  The paths that a statement names
 * are a policy of denies, as in prove_net.c. */
#include <stdlib.h>

#include "analysis/prove.h"
#include "analysis/space_files.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/must.h"
#include "policy/files.h"

#define SCOPE_BYTES_MAX 65536

struct file_proof {
	struct statement *s;
	struct book scope;	/* denies what the statement names */
	char *text;
	uint32_t path[STATEMENT_WORDS_MAX], npaths;
	unsigned access;	/* of enum file_access */
	bool only;		/* it is about all else */
};

/* ---- the statement */

static int
take_access(struct file_proof *p)
{
	struct statement *s = p->s;

	if (!statement_take(s, "is") && !statement_take(s, "are"))
		return statement_fault(s, s->at, "\"is readable\" or \"is "
		    "writable\" belongs here");
	do {
		if (statement_take(s, "readable"))
			p->access |= FILE_READ;
		else if (statement_take(s, "writable"))
			p->access |= FILE_WRITE;
		else
			return statement_fault(s, s->at, "\"readable\" or "
			    "\"writable\" belongs here");
	} while (statement_take(s, "or"));
	return s->at == s->n ? 0 : statement_fault(s, s->at, "nothing "
	    "follows \"readable\" and \"writable\"");
}

static int
read_all(struct file_proof *p)
{
	struct statement *s = p->s;

	do {
		(void)statement_take(s, "under"); /* may be said again */
		if (s->at == s->n)
			return statement_fault(s, s->at, "a path is missing "
			    "here");
		p->path[p->npaths++] = s->at++;
	} while (statement_take(s, "or"));
	return take_access(p);
}

/* ---- its paths as a policy; each with all below it */

static void
put_path(struct buf *b, struct str text)
{
	bool tree = str_has_suffix(text, STR("/**"));

	must(buf_addz(b, "    - path: \""));
	for (size_t i = 0; i < text.len; i++)
		must(buf_printf(b, text.p[i] == '"' || text.p[i] == '\\' ?
		    "\\%c" : "%c", text.p[i]));
	/* A path is its tree, the root all there is. */
	must(buf_addz(b, tree ? "\"\n" : str_eqz(text, "/") ? "**\"\n" :
	    "/**\"\n"));
}

static int
open_scope(struct file_proof *p)
{
	struct policy_file f = { .name = "statement" };
	const struct diag *first;
	struct buf b;
	size_t len;

	buf_init(&b, SCOPE_BYTES_MAX);
	must(buf_addz(&b, "file_access:\n  system: none\n  deny:\n"));
	for (uint32_t i = 0; i < p->npaths; i++)
		put_path(&b, p->s->word[p->path[i]].text);
	p->text = buf_take(&b, &len);
	f.text = str_of(p->text, len);
	if (book_open(&f, 1, &p->scope) == 0)
		return 0;
	first = p->scope.diags.v;
	return statement_fault(p->s, first->line > 3 && first->line - 4 <
	    p->npaths ? p->path[first->line - 4] : 0, "%s", first->text);
}

/* ---- asking */

static bool
is_in(const struct file_proof *p, struct str path)
{
	struct file_query q = { .path = path, .access = FILE_READ };
	struct file_answer a;

	policy_file(p->scope.image, &q, &a);
	return a.rule.line > 0;
}

static bool
on_path(void *arg, struct str path)
{
	struct file_proof *p = arg;
	bool in = is_in(p, path);

	for (unsigned i = 0; i < 2 && in != p->only; i++) {
		struct question q = { .kind = i == 0 ? ASK_READ : ASK_WRITE,
			.file = path };
		struct reply r;

		if ((p->access & (i == 0 ? FILE_READ : FILE_WRITE)) == 0)
			continue;
		p->s->proof->asked++;
		book_ask(p->s->book, &q, &r);
		if (r.verdict != REPLY_DENY)
			statement_counter(p->s, &q, &r);
	}
	return p->s->proof->holds;
}

static int
ask_all(struct file_proof *p)
{
	struct files_space s = { .arena = p->s->arena,
		.book = { p->s->book, &p->scope }, .nbooks = 2,
		.on = on_path, .arg = p };
	struct err e = { 0 };

	if (files_walk(&s, &e) == 0)
		return 0;
	return statement_fault(p->s, 0, "%s", e.text);
}

int
prove_files(struct statement *s, bool only)
{
	struct file_proof p = { .s = s, .only = only };
	int rc = read_all(&p);

	if (rc == 0)
		rc = open_scope(&p);
	if (rc == 0)
		rc = ask_all(&p);
	book_close(&p.scope);
	free(p.text);
	return rc;
}
