/* compare.c -- openshell policy diff. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "analysis/diff.h"
#include "api.h"
#include "args.h"
#include "base/clean.h"
#include "base/err.h"
#include "base/must.h"
#include "compile/cond_domain.h"
#include "documents.h"
#include "parse.h"
#include "policy/addr.h"
#include "reply.h"
#include "run.h"
#include "say.h"
#include "show.h"

struct side { /* one of the two */
	struct documents docs;
	struct book book;
};

struct compare {
	struct side side[2];
	struct diff diff;
};

static void
compare_fini(struct compare *c)
{
	for (unsigned i = 0; i < 2; i++) {
		book_close(&c->side[i].book);
		documents_fini(&c->side[i].docs);
	}
	diff_fini(&c->diff);
}
#define CLEAN_COMPARE __attribute__((cleanup(compare_fini)))

/* A file, or NAME, or NAME@REV; a file of that name comes first. */
static int
read_side(struct side *s, const char *word)
{
	struct str name = str_c(word), rev;
	CLEAN_FREE char *owned = NULL;
	uint64_t number = 0;

	if (access(word, F_OK) == 0 || strcmp(word, "-") == 0)
		return documents_add_file(&s->docs, word);
	if (str_cut(str_c(word), '@', &name, &rev) &&
	    (!str_u64(rev, UINT32_MAX, &number) || number == 0))
		return say_usage("policy diff", "\"%s\": a revision is a "
		    "number, as in dev@2", word);
	if (!parse_is_name(name))
		return documents_add_file(&s->docs, word); /* says why not */
	owned = str_dup(name);
	return documents_add_sandbox(&s->docs, owned, number);
}

static int
open_side(struct side *s, const char *word, const struct args *a)
{
	int code = read_side(s, word);

	if (code == EXIT_OK)
		code = documents_add_maximum(&s->docs, a);
	if (code == EXIT_OK)
		code = documents_close(&s->docs);
	if (code != EXIT_OK)
		return code;
	if (book_open(s->docs.v, s->docs.n, &s->book) == 0)
		return EXIT_OK;
	documents_say(&s->book.diags);
	return EXIT_USAGE;
}

/* ---- what is said */

static const struct {
	const char *word, *key;
	char mark;
	enum colour colour;
} changes[] = {
	[CHANGE_POSSIBLE] = { "now possible", "possible", '+',
	    COLOUR_GREEN },
	[CHANGE_IMPOSSIBLE] = { "no longer", "impossible", '-', COLOUR_RED },
	[CHANGE_RECORDED] = { "recorded as", "recorded", '~',
	    COLOUR_YELLOW },
	[CHANGE_ROUTED] = { "routed otherwise", "routed", '~',
	    COLOUR_YELLOW },
	[CHANGE_PROFILE] = { "runs under another profile:", "profile", '~',
	    COLOUR_YELLOW },
	[CHANGE_SETTING] = { "is set otherwise:", "setting", '~',
	    COLOUR_YELLOW },
	[CHANGE_UNSURE] = { "may differ:", "unsure", '?', COLOUR_YELLOW },
};

static const char *
address_print(const struct question *q, char text[PREFIX_TEXT_BYTES])
{
	struct prefix p = { .bits = 128 };

	memcpy(p.addr, q->address, sizeof(p.addr));
	prefix_print(&p, text);
	text[strcspn(text, "/")] = '\0';
	return text;
}

static void
show_facts(struct arena *a, const struct facts *f)
{
	struct str rest = facts_print(f, f->known, a), one;

	while (rest.len > 0) {
		if (!str_cut(rest, ' ', &one, &rest)) {
			one = rest;
			rest = STR("");
		}
		(void)printf(" --fact %.*s", (int)one.len, one.p);
	}
}

static void
show_flags(struct arena *a, const struct question *q)
{
	char text[PREFIX_TEXT_BYTES];

	for (uint32_t i = 0; i < q->nfrom; i++)
		(void)printf(" --from %.*s", (int)q->from[i].len,
		    q->from[i].p);
	if (q->facts != NULL && q->kind != ASK_MODEL)
		show_facts(a, q->facts);
	for (uint32_t i = 0; i < q->nprofiles; i++)
		(void)printf(" --profile %.*s", (int)q->profile[i].len,
		    q->profile[i].p);
	reply_details(a, q);
	if (q->mounted)
		(void)printf(" --mounted");
	if (q->cwd.len > 0)
		(void)printf(" --cwd %.*s", (int)q->cwd.len, q->cwd.p);
	if (q->has_address)
		(void)printf(" --address %s", address_print(q, text));
}

static void
show_reply(const char *when, const struct reply *r)
{
	CLEAN_FREE char *rule = reply_rule(&r->rule);

	(void)printf("      %-6s %s: %s\n", when, reply_word(r->verdict),
	    r->rule.file.len > 0 && r->route.len == 0 &&
	    r->profiles[0] == '\0' ? rule : r->reason);
}

static void
show_one(struct arena *a, const struct difference *one)
{
	bool colour = colour_on(stdout);

	(void)printf("  %s%c %s%s %.*s", colour ?
	    colour_start(changes[one->change].colour) : "",
	    changes[one->change].mark, changes[one->change].word,
	    colour ? colour_end(COLOUR_RED) : "",
	    one->text != NULL ? (int)strlen(one->text) :
	    (int)one->example.shown.len, one->text != NULL ? one->text :
	    one->example.shown.p);
	if (one->text != NULL) {
		if (one->at.line > 0)
			(void)printf(" (%.*s:%u)", (int)one->at.file.len,
			    one->at.file.p, one->at.line);
		(void)fputc('\n', stdout); /* main checks it at the end */
		return;
	}
	show_flags(a, &one->example);
	if (one->kinds > 1)
		(void)printf(", and %u kinds of request like it",
		    one->kinds - 1);
	(void)fputc('\n', stdout); /* main checks stdout at the end */
	show_reply("before", &one->before);
	show_reply("after", &one->after);
}

static void
show_all(struct diff *d)
{
	const char *domain = "";

	for (uint32_t i = 0; i < d->n; i++) {
		if (strcmp(domain, d->v[i].domain) != 0)
			(void)printf("%s\n", d->v[i].domain);
		domain = d->v[i].domain;
		show_one(&d->arena, &d->v[i]);
	}
	if (d->more)
		(void)printf("and more: these are the first %d\n",
		    DIFFERENCES_MAX);
}

static json_t *
one_json(const struct difference *one)
{
	json_t *from;
	json_t *v;

	if (one->text != NULL) {
		v = json_pack("{s:s, s:s, s:s, s:s%, s:I}", "change",
		    changes[one->change].key, "domain", one->domain, "text",
		    one->text, "file", one->at.file.len > 0 ? one->at.file.p :
		    "", one->at.file.len, "line", (json_int_t)one->at.line);
		must(v != NULL);
		return v;
	}
	from = json_array();
	for (uint32_t i = 0; i < one->example.nfrom; i++)
		must(json_array_append_new(from, json_stringn(
		    one->example.from[i].p, one->example.from[i].len)) == 0);
	v = json_pack("{s:s, s:s, s:s%, s:o, s:I, s:o, s:o}", "change",
	    changes[one->change].key, "domain", one->domain, "example",
	    one->example.shown.p, one->example.shown.len, "from", from,
	    "kinds", (json_int_t)one->kinds, "before",
	    reply_json(&one->before), "after", reply_json(&one->after));
	must(v != NULL);
	return v;
}

static json_t *
all_json(const struct diff *d)
{
	json_t *list = json_array();

	for (uint32_t i = 0; i < d->n; i++)
		must(json_array_append_new(list, one_json(&d->v[i])) == 0);
	return json_pack("{s:b, s:b, s:o}", "same", d->n == 0, "more",
	    d->more, "differences", list);
}

int
run_policy_diff(const struct args *a)
{
	CLEAN_COMPARE struct compare c = { 0 };
	CLEAN_JSON json_t *v = NULL;
	struct err e = { 0 };

	for (unsigned i = 0; i < 2; i++) {
		int code = open_side(&c.side[i], a->word[i], a);

		/* 1 would say that they differ. */
		if (code != EXIT_OK)
			return EXIT_USAGE;
	}
	if (diff_books(&c.side[0].book, &c.side[1].book, &c.diff, &e) == -1) {
		(void)say_error(&e);
		return EXIT_USAGE;
	}
	v = all_json(&c.diff);
	if (!show_as_asked(a, v))
		show_all(&c.diff);
	return c.diff.n > 0 ? (int)EXIT_FAILED : EXIT_OK;
}
