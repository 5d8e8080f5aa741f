/* prove.c -- openshell policy prove. */
#include "analysis/prove.h"

#include <stdio.h>
#include <string.h>

#include "api.h"
#include "args.h"
#include "base/clean.h"
#include "base/err.h"
#include "base/must.h"
#include "compile/cond_domain.h"
#include "documents.h"
#include "reply.h"
#include "run.h"
#include "say.h"
#include "show.h"

struct proving {
	struct documents docs, files;	/* policies; statements */
	struct book book;
	struct arena arena;
	struct diags diags;
	json_t *results;
	uint32_t held, broken;
	bool quiet;
};

static void
proving_fini(struct proving *p)
{
	book_close(&p->book);
	documents_fini(&p->docs);
	documents_fini(&p->files);
	diags_fini(&p->diags);
	json_decref(p->results);
	arena_fini(&p->arena);
}
#define CLEAN_PROVING __attribute__((cleanup(proving_fini)))

/* ---- what is said */

static void
show_from(struct arena *a, const struct question *q)
{
	struct str rest, one;

	for (uint32_t i = 0; i < q->nfrom; i++)
		(void)printf(" --from %.*s", (int)q->from[i].len,
		    q->from[i].p);
	reply_details(a, q);
	if (q->cwd.len > 0)
		(void)printf(" --cwd %.*s", (int)q->cwd.len, q->cwd.p);
	if (q->facts == NULL || q->kind == ASK_MODEL)
		return;
	rest = facts_print(q->facts, q->facts->known, a);
	while (rest.len > 0) {
		if (!str_cut(rest, ' ', &one, &rest)) {
			one = rest;
			rest = STR("");
		}
		(void)printf(" --fact %.*s", (int)one.len, one.p);
	}
}

static void
show_proof(struct arena *a, struct str text, const struct proof *r)
{
	bool colour = colour_on(stdout);
	enum colour c = r->holds ? COLOUR_GREEN : COLOUR_RED;
	CLEAN_FREE char *rule = reply_rule(&r->reply.rule);

	(void)printf("%s%s%s %.*s\n", colour ? colour_start(c) : "",
	    r->holds ? "holds " : "broken", colour ? colour_end(c) : "",
	    (int)text.len, text.p);
	if (r->holds)
		return;
	(void)printf("  by       %.*s", (int)r->counter.shown.len,
	    r->counter.shown.p);
	show_from(a, &r->counter);
	(void)printf("\n  why      %s\n  rule     %s\n", r->reply.reason,
	    rule);
}

static void
note_proof(struct proving *p, struct str text, const struct proof *r)
{
	json_t *v = json_pack("{s:s%, s:b}", "statement", text.p, text.len,
	    "holds", r->holds);

	must(v != NULL);
	if (!r->holds)
		must(json_object_update_new(v, json_pack("{s:s%, s:o}",
		    "counterexample", r->counter.shown.p,
		    r->counter.shown.len, "answer", reply_json(&r->reply))) ==
		    0);
	must(json_array_append_new(p->results, v) == 0);
}

/* ---- statements */

static int
prove_one(struct proving *p, const struct doc *doc, uint32_t line,
    struct str text)
{
	struct proof r;

	if (prove(&p->book, doc, line, text, &p->arena, &p->diags, &r) == -1)
		return EXIT_USAGE;
	if (r.holds)
		p->held++;
	else
		p->broken++;
	note_proof(p, text, &r);
	if (!p->quiet)
		show_proof(&p->arena, text, &r);
	return EXIT_OK;
}

/* A statement a line; blank lines and what follows a # at a line's front are
 * for people. */
static int
prove_file(struct proving *p, const struct policy_file *f)
{
	struct doc *doc = arena_alloc(&p->arena, 1, sizeof(*doc));
	struct str rest = f->text, one;
	int code = EXIT_OK;
	bool more = true;

	must(doc != NULL);
	*doc = (struct doc){ .name = f->name, .text = f->text };
	for (uint32_t line = 1; more; line++) {
		more = str_cut(rest, '\n', &one, &rest);
		if (!more)
			one = rest;
		if (str_trim(one).len == 0 || str_trim(one).p[0] == '#')
			continue;
		if (prove_one(p, doc, line, one) != EXIT_OK)
			code = EXIT_USAGE;
	}
	return code;
}

static int
prove_word(struct proving *p, const char *word)
{
	struct doc *doc = arena_alloc(&p->arena, 1, sizeof(*doc));

	must(doc != NULL);
	*doc = (struct doc){ .name = "statement", .text = str_c(word) };
	return prove_one(p, doc, 1, str_c(word));
}

static int
prove_all(struct proving *p, const struct args *a)
{
	int code = EXIT_OK;

	for (size_t i = 0; i < p->files.n; i++)
		if (prove_file(p, &p->files.v[i]) != EXIT_OK)
			code = EXIT_USAGE;
	for (size_t i = 0; i < a->nwords; i++)
		if (prove_word(p, a->word[i]) != EXIT_OK)
			code = EXIT_USAGE;
	return code;
}

static int
read_all(struct proving *p, const struct args *a)
{
	const char *file;
	size_t at = 0;
	int code;

	if (!args_has(a, "policy"))
		return say_usage("policy prove",
		    "policy prove needs --policy FILE");
	if (a->nwords == 0 && !args_has(a, "statements"))
		return say_usage("policy prove", "policy prove needs a "
		    "statement, or --statements FILE");
	while ((file = args_next(a, "statements", &at)) != NULL)
		if (documents_add_file(&p->files, file) != EXIT_OK)
			return EXIT_USAGE;
	if ((code = documents_add_flags(&p->docs, a)) != EXIT_OK ||
	    (code = documents_add_maximum(&p->docs, a)) != EXIT_OK ||
	    (code = documents_close(&p->docs)) != EXIT_OK)
		return EXIT_USAGE;
	if (book_open(p->docs.v, p->docs.n, &p->book) == 0)
		return EXIT_OK;
	documents_say(&p->book.diags);
	return EXIT_USAGE;
}

int
run_policy_prove(const struct args *a)
{
	const char *how = args_get(a, "output");
	CLEAN_PROVING struct proving p = { .results = json_array(),
		.quiet = how != NULL && strcmp(how, "table") != 0 };
	int code = read_all(&p, a);

	if (code != EXIT_OK)
		return code;
	code = prove_all(&p, a);
	documents_say(&p.diags);
	if (!show_as_asked(a, p.results) && p.held + p.broken > 1)
		(void)printf("%u hold, %u broken\n", p.held, p.broken);
	if (code != EXIT_OK)
		return code;
	return p.broken > 0 ? EXIT_FAILED : EXIT_OK;
}
