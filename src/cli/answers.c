/* answers.c -- openshell policy check, explain, test: what a policy says,
 * without a gateway. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/cases.h"
#include "analysis/narrow.h"
#include "analysis/warn.h"
#include "api.h"
#include "args.h"
#include "base/clean.h"
#include "base/err.h"
#include "base/io.h"
#include "base/must.h"
#include "documents.h"
#include "parse.h"
#include "policy/addr.h"
#include "policy/image.h"
#include "reply.h"
#include "run.h"
#include "say.h"
#include "show.h"

#define CASES_BYTES_MAX POLICY_BYTES_MAX
#define HASH_SHOWN 12 /* hex digits: enough to tell policies apart */

static void
clean_book(struct book *b)
{
	book_close(b);
}
#define CLEAN_BOOK __attribute__((cleanup(clean_book)))

/* ---- check */

static void
diags_json(void *list, const struct diags *d)
{
	for (size_t i = 0; i < d->n; i++) {
		const struct diag *g = &d->v[i];
		json_t *one = json_pack("{s:s, s:s, s:I, s:I, s:I, s:s, s:s*}",
		    "level", g->level == DIAG_ERROR ? "error" : "warning",
		    "file", g->file, "line", (json_int_t)g->line, "column",
		    (json_int_t)g->column, "width", (json_int_t)g->width,
		    "text", g->text, "source", g->source);

		must(one != NULL && json_array_append_new(list, one) == 0);
	}
}

static void
diags_show(void *arg, const struct diags *d)
{
	(void)arg;
	documents_say(d);
}

static const char *
mode_word(enum policy_mode m)
{
	static const char *const words[] = { [POLICY_ENFORCE] = "enforce",
		[POLICY_AUDIT] = "audit", [POLICY_PERMISSIVE] = "permissive" };

	return words[m];
}

static const char *
system_word(enum policy_system s)
{
	static const char *const words[] = {
		[POLICY_SYSTEM_READ_ONLY] = "read-only",
		[POLICY_SYSTEM_NONE] = "none",
		[POLICY_SYSTEM_LAYERED] = "layered",
	};

	return words[s];
}

struct check { /* what became of one */
	struct documents docs;
	struct book book;
	struct diags extends;	/* not there, and the rest of the errors */
	struct diags enforce;	/* what this version cannot enforce */
	struct image_info info;	/* of the image that would be enforced */
	bool fine;
};

static void
check_fini(struct check *k)
{
	book_close(&k->book);
	diags_fini(&k->extends);
	diags_fini(&k->enforce);
	documents_fini(&k->docs);
}
#define CLEAN_CHECK __attribute__((cleanup(check_fini)))

/* Is it well formed; and can this version enforce it? */
static void
check_run(struct check *k)
{
	struct image *im = NULL;
	struct err e = { 0 };
	char *bytes;
	size_t len;

	if (book_open(k->docs.v, k->docs.n, &k->book) == -1)
		return;
	k->info = *image_info(k->book.image);
	warn_all(&k->book, k->docs.v, k->docs.n);
	narrow_check(k->book.checked, str_of(k->book.bytes, k->book.nbytes));
	if (policy_compile(k->docs.v, k->docs.n, POLICY_STAGE_ENFORCE, &bytes,
		&len, &k->enforce) == -1)
		return;
	must(image_of(str_of(bytes, len), &im, &e) == 0);
	k->info = *image_info(im);
	k->fine = k->book.diags.errors == 0;
	image_free(im);
	free(bytes);
}

/* What this version cannot enforce; and what is found on paper. */
static void
check_each(const struct check *k, void (*f)(void *arg, const struct diags *d),
    void *arg)
{
	f(arg, &k->extends);
	if (k->enforce.errors > 0)
		f(arg, &k->enforce);
	f(arg, &k->book.diags);
}

static json_t *
check_json(const struct check *k)
{
	json_t *list = json_array();
	json_t *v = json_pack("{s:b, s:b, s:o}", "well_formed",
	    k->book.image != NULL, "enforced", k->fine, "diagnostics",
	    list);

	must(v != NULL);
	check_each(k, diags_json, list);
	if (k->fine)
		must(json_object_update_new(v, json_pack(
		    "{s:s, s:s, s:s, s:I}", "hash", k->info.hash, "mode",
		    mode_word(k->info.mode), "system",
		    system_word(k->info.system), "files",
		    (json_int_t)k->info.files)) == 0);
	return v;
}

static void
check_show(const struct check *k)
{
	check_each(k, diags_show, NULL);
	if (k->fine)
		/* "fine" stands on standard output, to be looked for. */
		(void)printf("fine: mode %s, system %s, %u file grant%s, "
		    "hash %.*s\n", mode_word(k->info.mode),
		    system_word(k->info.system), k->info.files,
		    k->info.files == 1 ? "" : "s", HASH_SHOWN,
		    k->info.hash);
	else if (k->book.image != NULL && k->book.diags.errors == 0)
		say_hint("the policy is well formed; this version cannot "
		    "enforce all of it, so it would be refused");
}

int
run_policy_check(const struct args *a)
{
	CLEAN_CHECK struct check k = { 0 };
	CLEAN_JSON json_t *v = NULL;
	bool strict;
	int code;

	for (size_t i = 0; i < a->nwords; i++)
		if ((code = documents_add_file(&k.docs, a->word[i])) !=
		    EXIT_OK)
			return code;
	if ((code = documents_add_maximum(&k.docs, a)) != EXIT_OK)
		return code;
	code = documents_find(&k.docs, &k.extends);
	if (code == EXIT_OK)
		check_run(&k);
	else if (k.extends.errors == 0)
		return code;	/* said */
	strict = args_has(a, "strict") && k.book.diags.n > 0;
	v = check_json(&k);
	if (!show_as_asked(a, v))
		check_show(&k);
	if (k.fine && strict)
		say_hint("--strict: warnings fail");
	return k.fine && !strict ? EXIT_OK : EXIT_FAILED;
}

/* ---- explain */

/* The sandbox's name, when the words begin with one; *at: the first word of
 * the request. */
static const char *
take_name(const struct args *a, size_t *at)
{
	*at = 0;
	if (a->nwords == 0 || !parse_is_name(str_c(a->word[0])))
		return NULL;
	*at = 1;
	return a->word[0];
}

static int
take_profiles(const struct args *a, struct arena *arena, struct question *q)
{
	struct str *names = arena_alloc(arena, QUESTION_PROFILES_MAX,
	    sizeof(*names));
	const char *name;
	size_t at = 0;

	must(names != NULL);
	q->profile = names;
	while ((name = args_next(a, "profile", &at)) != NULL) {
		if (q->nprofiles == QUESTION_PROFILES_MAX)
			return say_usage("policy explain", "more than %d "
			    "profiles", QUESTION_PROFILES_MAX);
		names[q->nprofiles++] = str_c(name);
	}
	return EXIT_OK;
}

/* Who asks, and where the name leads. */
static int
take_caller(const struct args *a, struct arena *arena, struct question *q)
{
	struct str *from = arena_alloc(arena, QUESTION_FROM_MAX,
	    sizeof(*from));
	const char *exe, *addr = args_get(a, "address");
	size_t at = 0;

	must(from != NULL);
	q->from = from;
	q->mounted = args_has(a, "mounted");
	q->cwd = str_c(args_get(a, "cwd"));
	while ((exe = args_next(a, "from", &at)) != NULL) {
		if (exe[0] != '/' || q->nfrom == QUESTION_FROM_MAX)
			return say_usage("policy explain", "--from is the path "
			    "of an executable, as /usr/bin/%s", exe);
		from[q->nfrom++] = str_c(exe);
	}
	if (take_profiles(a, arena, q) != EXIT_OK)
		return EXIT_USAGE;
	if (addr == NULL)
		return EXIT_OK;
	q->has_address = addr_parse(str_c(addr), q->address);
	return q->has_address ? EXIT_OK : say_usage("policy explain",
	    "--address is an address, not \"%s\"", addr);
}

/* What follows a -- is a request in words, as a shell parted them. */
static int
take_question(const struct args *a, size_t at, struct arena *arena,
    struct question *q)
{
	struct str words[QUESTION_WORDS_MAX];
	const char *fact;
	struct err e = { 0 };
	size_t n = 0;

	for (; at < a->nwords && n < QUESTION_WORDS_MAX; at++)
		words[n++] = str_c(a->word[at]);
	for (char **p = a->rest; p != NULL && *p != NULL &&
	    n < QUESTION_WORDS_MAX; p++)
		words[n++] = str_c(*p);
	if (n == 0)
		return say_usage("policy explain", "policy explain needs a "
		    "request, as: 'GET https://api.github.com/zen'");
	if (question_parse(arena, words, n, q, &e) == -1)
		return say_usage("policy explain", "%s", e.text);
	at = 0;
	while ((fact = args_next(a, "header", &at)) != NULL)
		if (question_field(arena, str_c(fact), q, &e) == -1)
			return say_usage("policy explain", "%s", e.text);
	at = 0;
	while ((fact = args_next(a, "content", &at)) != NULL)
		if (question_content(arena, str_c(fact), q, &e) == -1)
			return say_usage("policy explain", "%s", e.text);
	at = 0;
	while ((fact = args_next(a, "fact", &at)) != NULL)
		if (question_know(arena, str_c(fact), q, &e) == -1)
			return say_usage("policy explain", "%s", e.text);
	return take_caller(a, arena, q);
}

static int
say_no_profile(const struct book *b, struct str missing)
{
	const uint32_t n = image_profiles(b->image);
	char names[1024] = ", nor any other";
	size_t len = 0;

	for (uint32_t i = 0; i < n && len < sizeof(names); i++) {
		struct str name = image_profile(b->image, i);

		len += (size_t)snprintf(names + len, sizeof(names) - len,
		    "%s%.*s", i > 0 ? ", " : ": it has ", (int)name.len,
		    name.p);
	}
	return say_usage("policy explain", "the policy has no profile "
	    "\"%.*s\"%s", (int)missing.len, missing.p, names);
}

static int
explain(const struct args *a, const struct documents *docs,
    const struct question *q, const char *name)
{
	CLEAN_BOOK struct book b = { 0 };
	CLEAN_JSON json_t *v = NULL;
	struct reply r;
	struct str missing;
	uint64_t profiles;

	if (book_open(docs->v, docs->n, &b) == -1) {
		documents_say(&b.diags);
		return EXIT_USAGE;
	}
	if (!book_profiles(&b, q, &profiles, &missing))
		return say_no_profile(&b, missing);
	book_ask(&b, q, &r);
	v = reply_json(&r);
	if (!show_as_asked(a, v))
		reply_show(&b, q, &r, name, stdout);
	return r.verdict == REPLY_DENY ? EXIT_FAILED : EXIT_OK;
}

static int
explain_in(const struct args *a, struct arena *arena)
{
	CLEAN_DOCUMENTS struct documents docs = { 0 };
	struct question q;
	size_t at;
	const char *name = take_name(a, &at);
	bool files = args_has(a, "policy");
	int code = take_question(a, at, arena, &q);

	if (code != EXIT_OK)
		return code;
	if (files && name != NULL)
		return say_usage("policy explain", "\"%s\" or --policy: whose "
		    "policy?", name);
	code = files ? documents_add_flags(&docs, a) :
		       documents_add_in_force(&docs, name);
	if (code == EXIT_OK)
		code = documents_add_maximum(&docs, a);
	if (code == EXIT_OK)
		code = documents_close(&docs);
	if (code != EXIT_OK)
		return EXIT_USAGE;	/* no answer; 1 is a denial */
	return explain(a, &docs, &q, files ? NULL :
	    name != NULL ? name : "NAME");
}

int
run_policy_explain(const struct args *a)
{
	struct arena arena = { 0 };
	int code = explain_in(a, &arena);

	arena_fini(&arena);
	return code;
}

/* ---- test */

struct tally {
	uint32_t passed, failed;
	json_t *failures;
};

static void
show_failure(const struct cases *c, const struct one_case *one,
    const struct reply *r)
{
	bool colour = colour_on(stdout);
	CLEAN_FREE char *rule = reply_rule(r->rule.file.len > 0 ? &r->rule :
								   &r->nearest);

	(void)printf("%sFAILED%s %s:%u: %.*s%s%.*s\n", colour ?
	    colour_start(COLOUR_RED) : "", colour ? colour_end(COLOUR_RED) :
	    "", c->file, one->line, (int)one->name.len, one->name.p,
	    one->name.len > 0 ? ": " : "", (int)one->question.shown.len,
	    one->question.shown.p);
	(void)printf("  expected %s%s%.*s, and it is %s%s%.*s: %s\n  %s %s\n",
	    reply_word(one->expect), one->route.len > 0 ? " by " : "",
	    (int)one->route.len, one->route.p, reply_word(r->verdict),
	    r->route.len > 0 ? " by " : "", (int)r->route.len, r->route.p,
	    r->reason,
	    r->rule.file.len == 0 && r->nearest.file.len > 0 ? "nearest" :
	    "rule   ", rule);
}

static void
note_failure(struct tally *t, const struct cases *c,
    const struct one_case *one, const struct reply *r)
{
	json_t *v = reply_json(r);

	must(json_object_update_new(v, json_pack("{s:s, s:I, s:s%, s:s}",
	    "file", c->file, "line", (json_int_t)one->line, "request",
	    one->question.shown.p, one->question.shown.len, "expected",
	    reply_word(one->expect))) == 0);
	must(json_array_append_new(t->failures, v) == 0);
}

static bool
is_expected(const struct one_case *one, const struct reply *r)
{
	return r->verdict == one->expect && (one->route.len == 0 ||
	    str_eq(one->route, r->route));
}

static void
run_cases(const struct book *b, const struct cases *c, bool quiet,
    struct tally *t)
{
	for (uint32_t i = 0; i < c->n; i++) {
		struct reply r;

		book_ask(b, &c->v[i].question, &r);
		if (is_expected(&c->v[i], &r)) {
			t->passed++;
			continue;
		}
		t->failed++;
		note_failure(t, c, &c->v[i], &r);
		if (!quiet)
			show_failure(c, &c->v[i], &r);
	}
}

static int
test_file(const struct book *b, const char *file, bool quiet, struct tally *t)
{
	CLEAN_DOCUMENTS struct documents docs = { 0 };
	struct diags d = { 0 };
	struct cases c;
	int code = documents_add_file(&docs, file);

	if (code != EXIT_OK)
		return EXIT_USAGE;
	if (cases_read(&docs.v[0], &c, &d) == 0)
		run_cases(b, &c, quiet, t);
	else
		code = EXIT_USAGE;
	documents_say(&d);
	diags_fini(&d);
	cases_fini(&c);
	return code;
}

static int
test_all(const struct args *a, const struct book *b, struct tally *t)
{
	const char *how = args_get(a, "output");
	bool quiet = how != NULL && strcmp(how, "table") != 0;
	CLEAN_JSON json_t *v = NULL;
	int code = EXIT_OK;

	for (size_t i = 0; i < a->nwords; i++)
		if (test_file(b, a->word[i], quiet, t) != EXIT_OK)
			code = EXIT_USAGE;	/* some were not asked */
	v = json_pack("{s:I, s:I, s:O}", "passed", (json_int_t)t->passed,
	    "failed", (json_int_t)t->failed, "failures", t->failures);
	if (!show_as_asked(a, v))
		(void)printf("%u passed, %u failed\n", t->passed, t->failed);
	return t->failed > 0 ? (int)EXIT_FAILED : code;
}

int
run_policy_test(const struct args *a)
{
	CLEAN_DOCUMENTS struct documents docs = { 0 };
	CLEAN_BOOK struct book b = { 0 };
	CLEAN_JSON json_t *failures = json_array();
	struct tally t = { .failures = failures };

	if (!args_has(a, "policy"))
		return say_usage("policy test",
		    "policy test needs --policy FILE");
	if (documents_add_flags(&docs, a) != EXIT_OK ||
	    documents_add_maximum(&docs, a) != EXIT_OK ||
	    documents_close(&docs) != EXIT_OK)
		return EXIT_USAGE;
	if (book_open(docs.v, docs.n, &b) == -1) {
		documents_say(&b.diags);
		return EXIT_USAGE;
	}
	return test_all(a, &b, &t);
}
