/* policy.c -- openshell policy set, get, list. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api.h"
#include "args.h"
#include "base/clean.h"
#include "base/err.h"
#include "base/must.h"
#include "compile/print.h"
#include "diag.h"
#include "documents.h"
#include "library.h"
#include "parse.h"
#include "run.h"
#include "say.h"
#include "show.h"
#include "table.h"
#include "when.h"

#define HASH_SHOWN 12 /* hex digits: enough to tell revisions apart */

/* "policy set dev --policy a.yaml b.yaml": a word that could be a sandbox's
 * name is one; the others are more files. */
static int
split_words(const struct args *a, const char **name, json_t *body)
{
	char *files[POLICY_FILES_MAX + 1];
	const char *file;
	size_t at = 0, n = 0;

	*name = NULL;
	while ((file = args_next(a, "policy", &at)) != NULL &&
	    n < NELEM(files))
		files[n++] = (char *)(uintptr_t)file;
	for (size_t i = 0; i < a->nwords && n < NELEM(files); i++) {
		if (!parse_is_name(str_c(a->word[i])))
			files[n++] = a->word[i];
		else if (*name == NULL)
			*name = a->word[i];
		else
			return say_usage("policy set", "\"%s\" and \"%s\": "
			    "which sandbox?", *name, a->word[i]);
	}
	return request_policy_files(files, n, body) == -1 ? EXIT_FAILED :
	    EXIT_OK;
}

void
policy_show_set(const json_t *rev, bool waited)
{
	const char *status = json_text(rev, "status");

	diag_show(json_object_get(rev, "diagnostics"), stderr);
	say("revision %lld is %s%s", (long long)json_number(rev, "revision"),
	    strcmp(status, "loaded") == 0 ? "enforced" : status,
	    json_is_false(json_object_get(rev, "changed")) ?
	    "; the policy was the same already" : "");
	if (!waited && strcmp(status, "pending") == 0)
		say_hint("--wait returns once it is enforced");
	if (strcmp(status, "stored") == 0)
		say_hint("it takes effect when the sandbox starts");
}

int
run_policy_set(const struct args *a)
{
	CLEAN_API struct api api = { 0 };
	CLEAN_JSON json_t *body = json_pack("{s:[], s:b}", "policies", "wait",
	    args_has(a, "wait"));
	CLEAN_JSON json_t *rev = NULL;
	CLEAN_FREE char *path = NULL;
	struct ask q = { "PUT", NULL, body, "waiting for the new policy", -1,
		0 };
	const char *name;
	int code;

	http_init(&api.http, -1);
	if (!args_has(a, "policy"))
		return say_usage("policy set", "policy set needs --policy FILE");
	if ((code = split_words(a, &name, body)) != EXIT_OK)
		return code;
	if (args_has(a, "timeout"))
		(void)json_object_set_new(body, "timeout_s",
		    json_integer(args_seconds(a, "timeout", 0)));
	path = api_path(name, "/policy");
	q.path = path;
	if ((code = api_open(&api, API_START)) != EXIT_OK ||
	    (code = api_ask(&api, &q, &rev)) != EXIT_OK)
		return code;
	if (!show_as_asked(a, rev))
		policy_show_set(rev, args_has(a, "wait"));
	return EXIT_OK;
}

/* "policy rollback dev 2", "policy rollback 2". */
int
run_policy_rollback(const struct args *a)
{
	CLEAN_API struct api api = { 0 };
	CLEAN_JSON json_t *body = NULL, *rev = NULL;
	CLEAN_FREE char *path = NULL;
	struct ask q = { "POST", NULL, NULL, "waiting for the policy", -1,
		0 };
	const char *name = a->nwords > 1 ? a->word[0] : NULL;
	uint64_t number;
	int code;

	http_init(&api.http, -1);
	if (!str_u64(str_c(a->word[a->nwords - 1]), INT64_MAX, &number) ||
	    number == 0)
		return say_usage("policy rollback", "\"%s\" is not the number "
		    "of a revision", a->word[a->nwords - 1]);
	body = json_pack("{s:I, s:b}", "revision", (json_int_t)number, "wait",
	    args_has(a, "wait"));
	if (args_has(a, "timeout"))
		(void)json_object_set_new(body, "timeout_s",
		    json_integer(args_seconds(a, "timeout", 0)));
	q.body = body;
	q.path = path = api_path(name, "/policy/rollback");
	if ((code = api_open(&api, API_START)) != EXIT_OK ||
	    (code = api_ask(&api, &q, &rev)) != EXIT_OK)
		return code;
	if (!show_as_asked(a, rev))
		policy_show_set(rev, args_has(a, "wait"));
	return EXIT_OK;
}

/* The documents as they were given, each under its name. */
static void
print_policies(const json_t *rev)
{
	const json_t *list = json_object_get(rev, "policies"), *one;
	size_t i;

	if (json_array_size(list) == 0)
		(void)printf("# no documents: all network is denied\n");
	json_array_foreach(list, i, one) {
		const char *text = json_text(one, "text");
		size_t len = strlen(text);

		if (json_array_size(list) > 1)
			(void)printf("%s# %s\n", i > 0 ? "---\n" : "",
			    json_text(one, "name"));
		(void)printf("%s%s", text,
		    len > 0 && text[len - 1] != '\n' ? "\n" : "");
	}
}

/* Heap text, or what is wrong with it. */
static int
print_text(char *text, struct diags *d)
{
	CLEAN_FREE char *said = diags_print(d, colour_on(stderr));

	(void)fputs(said, stderr);
	if (text != NULL)
		(void)fputs(text, stdout);
	free(text);
	diags_fini(d);
	return text != NULL ? EXIT_OK : EXIT_FAILED;
}

int
run_policy_convert(const struct args *a)
{
	CLEAN_DOCUMENTS struct documents docs = { 0 };
	struct diags d = { 0 };
	int code = documents_add_file(&docs, a->word[0]);

	if (code != EXIT_OK)
		return code;
	return print_text(policy_convert(&docs.v[0], &d), &d);
}

static int
get_effective(const struct args *a)
{
	CLEAN_DOCUMENTS struct documents docs = { 0 };
	CLEAN_JSON json_t *v = NULL;
	struct diags d = { 0 };
	char *text;
	int code;

	if (a->nwords > 0 && args_has(a, "policy"))
		return say_usage("policy get", "\"%s\" or --policy: whose "
		    "policy?", a->word[0]);
	if (args_has(a, "policy")) {
		code = documents_add_flags(&docs, a);
		if (code == EXIT_OK)
			code = documents_close(&docs);
	} else {
		code = documents_add_sandbox(&docs, a->nwords > 0 ?
		    a->word[0] : NULL, args_count(a, "rev", 0));
	}
	if (code != EXIT_OK)
		return code;
	text = policy_effective(docs.v, docs.n, &d);
	v = json_pack("{s:s*}", "effective", text);
	if (text != NULL && show_as_asked(a, v)) {
		free(text);
		text = mem_strdup("");
	}
	return print_text(text, &d);
}

static int
get_given(const struct args *a)
{
	CLEAN_FREE char *tail = args_has(a, "rev") ?
	    mem_printf("/policy/revisions/%llu",
		(unsigned long long)args_count(a, "rev", 0)) :
	    mem_strdup("/policy");
	CLEAN_FREE char *path = api_path(a->nwords > 0 ? a->word[0] : NULL,
	    tail);
	CLEAN_API struct api api = { 0 };
	CLEAN_JSON json_t *rev = NULL;
	struct ask q = { "GET", path, NULL, "asking", -1, 0 };
	int code = api_open(&api, API_START);

	if (code != EXIT_OK || (code = api_ask(&api, &q, &rev)) != EXIT_OK)
		return code;
	if (show_as_asked(a, rev))
		return EXIT_OK;
	if (colour_on(stderr))
		say("revision %lld, %s, set by %s, %.*s",
		    (long long)json_number(rev, "revision"),
		    json_text(rev, "status"), json_text(rev, "actor"),
		    HASH_SHOWN, json_text(rev, "hash"));
	print_policies(rev);
	return EXIT_OK;
}

int
run_policy_get(const struct args *a)
{
	if (args_has(a, "effective"))
		return get_effective(a);
	if (args_has(a, "policy"))
		return say_usage("policy get", "--policy goes with "
		    "--effective: a file as it is, is the file");
	return get_given(a);
}

static void
show_revisions(const json_t *list)
{
	static const char *const head[] = { "REVISION", "STATUS", "HASH",
		"SET BY", "WHEN", "REASON", NULL };
	struct table t = { 0 };
	const json_t *rev;
	char age[WHEN_BYTES];
	size_t i;

	table_head(&t, head);
	json_array_foreach(list, i, rev) {
		const char *status = json_text(rev, "status");

		table_add(&t, COLOUR_NONE, "%lld",
		    (long long)json_number(rev, "revision"));
		table_add(&t, strcmp(status, "loaded") == 0 ? COLOUR_GREEN :
		    strcmp(status, "failed") == 0 ? COLOUR_RED : COLOUR_DIM,
		    "%s", status);
		table_add(&t, COLOUR_NONE, "%.*s", HASH_SHOWN,
		    json_text(rev, "hash"));
		table_add(&t, COLOUR_NONE, "%s", json_text(rev, "actor"));
		table_add(&t, COLOUR_NONE, "%s",
		    when_age(json_text(rev, "created_at"), age));
		table_add(&t, COLOUR_NONE, "%s", json_text(rev, "reason"));
	}
	table_show(&t);
	table_fini(&t);
}

static void
add_shelf(json_t *list, const struct shelf *s, const char *whose)
{
	for (size_t i = 0; i < s->n; i++) {
		struct str title = policy_title(s->texts[i]);

		must(json_array_append_new(list, json_pack("{s:s, s:s, s:s%}",
		    "name", s->names[i], "from", whose, "title", title.p,
		    title.len)) == 0);
	}
}

static void
show_library(const json_t *list)
{
	static const char *const head[] = { "NAME", "FROM", "WHAT IT IS FOR",
		NULL };
	struct table t = { 0 };
	const json_t *one;
	size_t i;

	table_head(&t, head);
	json_array_foreach(list, i, one) {
		table_add(&t, COLOUR_BOLD, "%s", json_text(one, "name"));
		table_add(&t, COLOUR_DIM, "%s", json_text(one, "from"));
		table_add(&t, COLOUR_NONE, "%s", json_text(one, "title"));
	}
	table_show(&t);
	table_fini(&t);
}

static int
list_library(const struct args *a)
{
	CLEAN_JSON json_t *list = json_array();
	struct library l = { 0 };
	struct err e = { 0 };
	int code = EXIT_OK;

	if (a->nwords > 0)
		return say_usage("policy list", "\"%s\" or --library: which?",
		    a->word[0]);
	if (library_read(&l, &e) == -1) {
		code = say_error(&e);
	} else {
		add_shelf(list, &l.shipped, "shipped");
		add_shelf(list, &l.user, "yours");
		if (!show_as_asked(a, list))
			show_library(list);
	}
	library_fini(&l);
	return code;
}

static int
list_revisions(const struct args *a)
{
	CLEAN_FREE char *path = api_path(a->nwords > 0 ? a->word[0] : NULL,
	    "/policy/revisions");
	CLEAN_API struct api api = { 0 };
	CLEAN_JSON json_t *answer = NULL;
	struct ask q = { "GET", path, NULL, "asking", -1, 0 };
	const json_t *list;
	int code = api_open(&api, API_START);

	if (code != EXIT_OK || (code = api_ask(&api, &q, &answer)) != EXIT_OK)
		return code;
	list = json_object_get(answer, "revisions");
	if (!show_as_asked(a, list))
		show_revisions(list);
	return EXIT_OK;
}

int
run_policy_list(const struct args *a)
{
	return args_has(a, "library") ? list_library(a) : list_revisions(a);
}
