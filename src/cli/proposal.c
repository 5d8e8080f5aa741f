/* proposal.c -- openshell proposal list, show, approve, reject. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api.h"
#include "args.h"
#include "base/clean.h"
#include "base/compat.h"
#include "base/log.h"
#include "base/must.h"
#include "run.h"
#include "say.h"
#include "show.h"
#include "table.h"
#include "when.h"

#define SUBJECT_SHOWN 19	/* "sha256:" and twelve digits */
#define SAFE_BYTES    4096

/* Characters that are not seen, or turn the text around: what a person reads
 * must be what is there. */
static bool
is_unseen(struct str s)
{
	static const char *const unseen[] = { "\xd8\x9c", "\xe2\x80\x8b",
		"\xe2\x80\x8c", "\xe2\x80\x8d", "\xe2\x80\x8e",
		"\xe2\x80\x8f", "\xe2\x80\xa8", "\xe2\x80\xa9",
		"\xe2\x80\xaa", "\xe2\x80\xab", "\xe2\x80\xac",
		"\xe2\x80\xad", "\xe2\x80\xae", "\xe2\x81\xa0",
		"\xe2\x81\xa6", "\xe2\x81\xa7", "\xe2\x81\xa8",
		"\xe2\x81\xa9", "\xef\xbb\xbf" };

	if (s.len > 1 && (unsigned char)s.p[0] == 0xc2 &&
	    (unsigned char)s.p[1] < 0xa0)
		return true; /* controls */
	for (size_t i = 0; i < NELEM(unseen); i++)
		if (str_has_prefix(s, str_c(unseen[i])))
			return true;
	return false;
}

/* As log_shown(), and these as their bytes. */
static const char *
shown(const char *text, char out[SAFE_BYTES])
{
	char plain[SAFE_BYTES];
	struct str s = str_c(text);
	size_t at = 0;

	while (s.len > 0 && at + 17 < sizeof(plain)) {
		size_t n = str_utf8_len(s);

		n = n == 0 ? 1 : n;
		for (size_t i = 0; i < n; i++)
			if (is_unseen(s))
				at += (size_t)snprintf(plain + at, 5,
				    "<%02x>", (unsigned char)s.p[i]);
			else
				plain[at++] = s.p[i];
		s = str_from(s, n);
	}
	plain[at] = '\0';
	return log_shown(str_c(plain), out, SAFE_BYTES);
}

static enum colour
status_colour(const char *status)
{
	if (strcmp(status, "pending") == 0)
		return COLOUR_YELLOW;
	if (strcmp(status, "approved") == 0 || strcmp(status, "once") == 0)
		return COLOUR_GREEN;
	return strcmp(status, "rejected") == 0 ? COLOUR_RED : COLOUR_DIM;
}

/* ---- list ---- */

static void
show_list(const json_t *list)
{
	static const char *const head[] = { "PROPOSAL", "STATUS", "SANDBOX",
		"ASKED", "KIND", "SUBJECT", "WHAT", NULL };
	struct table t = { 0 };
	const json_t *p;
	char age[WHEN_BYTES], safe[SAFE_BYTES];
	size_t i;

	table_head(&t, head);
	json_array_foreach(list, i, p) {
		const char *status = json_text(p, "status");

		table_add(&t, COLOUR_BOLD, "%lld",
		    (long long)json_number(p, "proposal"));
		table_add(&t, status_colour(status), "%s", status);
		table_add(&t, COLOUR_NONE, "%s", json_text(p, "sandbox"));
		table_add(&t, COLOUR_NONE, "%s",
		    when_age(json_text(p, "asked_at"), age));
		table_add(&t, COLOUR_NONE, "%s", json_text(p, "kind"));
		table_add(&t, COLOUR_DIM, "%.*s", SUBJECT_SHOWN,
		    json_text(p, "subject"));
		table_add(&t, COLOUR_NONE, "%s", shown(json_text(p, "title"),
		    safe));
	}
	table_show(&t);
	table_fini(&t);
}

/* What nobody has answered. */
static json_t *
open_ones(const json_t *all)
{
	json_t *list = json_array(), *p;
	size_t i;

	json_array_foreach(all, i, p) {
		const char *status = json_text(p, "status");

		if (strcmp(status, "pending") == 0 ||
		    strcmp(status, "unanswered") == 0)
			(void)json_array_append(list, p);
	}
	return list;
}

static char *
list_path(const struct args *a)
{
	const char *status = args_get(a, "status");
	struct buf b;

	buf_init(&b, SAFE_BYTES);
	must(buf_printf(&b, "/v1/proposals?status=%s",
	    status == NULL ? "all" : status));
	if (a->nwords > 0) {
		must(buf_addz(&b, "&sandbox="));
		http_escape(&b, str_upto(str_c(a->word[0]), HOST_BYTES_MAX));
	}
	return buf_take(&b, &(size_t){ 0 });
}

int
run_proposal_list(const struct args *a)
{
	const char *status = args_get(a, "status");
	CLEAN_API struct api api = { 0 };
	CLEAN_JSON json_t *answer = NULL, *list = NULL;
	CLEAN_FREE char *path = list_path(a);
	struct ask q = { "GET", path, NULL, "asking", -1, 0 };
	int code = api_open(&api, API_START);

	if (code != EXIT_OK || (code = api_ask(&api, &q, &answer)) != EXIT_OK)
		return code;
	list = json_incref(json_object_get(answer, "proposals"));
	if (status == NULL) {
		json_decref(list);
		list = open_ones(json_object_get(answer, "proposals"));
	}
	if (show_as_asked(a, list))
		return EXIT_OK;
	if (json_array_size(list) == 0)
		say("nothing waits for an answer");
	else
		show_list(list);
	return EXIT_OK;
}

/* ---- show ---- */

static void
line(const char *name, const char *text)
{
	char safe[SAFE_BYTES];

	if (text[0] != '\0')
		(void)printf("%-10s %s\n", name, shown(text, safe));
}

static void
show_processes(const json_t *list)
{
	const json_t *one;
	size_t i;

	json_array_foreach(list, i, one)
		line(i == 0 ? "asked by" : "  below",
		    json_string_value(one));
}

static void
show_lines(const json_t *list, int64_t size)
{
	char safe[SAFE_BYTES];
	const json_t *one;
	int64_t seen = 0;
	size_t i;

	if (json_array_size(list) == 0)
		return;
	json_array_foreach(list, i, one)
		seen += (int64_t)json_string_length(one) + 1;
	(void)printf(seen < size ? "it begins, in the first %lld bytes\n" :
	    "its text\n", (long long)seen);
	json_array_foreach(list, i, one)
		(void)printf("  | %s\n", shown(json_string_value(one),
		    safe));
}

static void
show_how(const json_t *p)
{
	long long n = (long long)json_number(p, "proposal");
	const char *status = json_text(p, "status");
	bool pending = strcmp(status, "pending") == 0;

	if (strcmp(status, "approved") != 0)
		(void)printf("to allow   openshell proposal approve %lld"
		    "%s\n", n, pending ? " [--once | --for TIME]" :
		    " [--for TIME]");
	if (strcmp(status, "rejected") != 0)
		(void)printf("to %s openshell proposal reject %lld "
		    "[--reason TEXT]\n", strcmp(status, "approved") == 0 ?
		    "undo   " : "refuse ", n);
}

static void
show_answer(const json_t *p)
{
	char at[WHEN_BYTES];

	if (json_text(p, "actor")[0] == '\0')
		return;
	(void)printf("%-10s %s, %s%s\n", "answered", json_text(p, "actor"),
	    when_local(when_parse(json_text(p, "decided_at")), at),
	    json_is_true(json_object_get(p, "everywhere")) ?
	    ", in every sandbox" : "");
	line("because", json_text(p, "reason"));
	if (json_text(p, "until")[0] != '\0')
		line("until", when_local(when_parse(json_text(p, "until")),
		    at));
}

static void
show_one(const json_t *p)
{
	const json_t *d = json_object_get(p, "detail");
	const char *status = json_text(p, "status");
	bool colour = colour_on(stdout);
	char age[WHEN_BYTES];

	(void)printf("%-10s %lld, %s%s%s\n", "proposal",
	    (long long)json_number(p, "proposal"),
	    colour ? colour_start(status_colour(status)) : "", status,
	    colour ? colour_end(status_colour(status)) : "");
	line("sandbox", json_text(p, "sandbox"));
	(void)printf("%-10s %s, %lld in all\n", "asked",
	    when_age(json_text(p, "asked_at"), age),
	    (long long)json_number(p, "asks"));
	line("file", json_text(d, "path"));
	line("content", json_text(p, "subject"));
	(void)printf("%-10s %lld bytes\n", "size",
	    (long long)json_number(d, "size"));
	line("to run", json_text(d, "command"));
	show_processes(json_object_get(d, "processes"));
	line("why", json_text(d, "reason"));
	show_lines(json_object_get(d, "lines"), json_number(d, "size"));
	show_answer(p);
	show_how(p);
}

/* The path of a proposal whose number is a word; NULL: it is none, said. */
static char *
path_of(const struct args *a, const char *tail)
{
	uint64_t number;

	if (str_u64(str_c(a->word[0]), INT64_MAX, &number) && number > 0)
		return mem_printf("/v1/proposals/%llu%s",
		    (unsigned long long)number, tail);
	(void)say_usage(a->command->name, "\"%s\" is not the number of a "
	    "proposal", a->word[0]);
	return NULL;
}

int
run_proposal_show(const struct args *a)
{
	CLEAN_API struct api api = { 0 };
	CLEAN_JSON json_t *answer = NULL;
	CLEAN_FREE char *path = path_of(a, "");
	struct ask q = { "GET", path, NULL, "asking", -1, 0 };
	int code;

	http_init(&api.http, -1);
	if (path == NULL)
		return EXIT_USAGE;
	if ((code = api_open(&api, API_START)) != EXIT_OK ||
	    (code = api_ask(&api, &q, &answer)) != EXIT_OK)
		return code;
	if (!show_as_asked(a, answer))
		show_one(answer);
	return EXIT_OK;
}

/* ---- answer ---- */

static int
answer(const struct args *a, const char *tail, const json_t *body)
{
	CLEAN_API struct api api = { 0 };
	CLEAN_JSON json_t *got = NULL;
	CLEAN_FREE char *path = path_of(a, tail);
	struct ask q = { "POST", path, (json_t *)(uintptr_t)body,
		"answering", -1, 0 };
	char safe[SAFE_BYTES];
	int code;

	http_init(&api.http, -1);
	if (path == NULL)
		return EXIT_USAGE;
	if ((code = api_open(&api, API_START)) != EXIT_OK ||
	    (code = api_ask(&api, &q, &got)) != EXIT_OK)
		return code;
	if (show_as_asked(a, got))
		return EXIT_OK;
	say("proposal %lld is %s%s: %s",
	    (long long)json_number(got, "proposal"),
	    strcmp(json_text(got, "status"), "once") == 0 ?
	    "approved, once" : json_text(got, "status"),
	    json_is_true(json_object_get(got, "everywhere")) ?
	    ", in every sandbox" : "", shown(json_text(got,
	    "title"), safe));
	return EXIT_OK;
}

int
run_proposal_approve(const struct args *a)
{
	CLEAN_JSON json_t *body = json_pack("{s:b, s:b}", "once",
	    args_has(a, "once"), "everywhere", args_has(a, "everywhere"));

	if (args_has(a, "once") &&
	    (args_has(a, "for") || args_has(a, "everywhere")))
		return say_usage("proposal approve",
		    "--once goes with neither --for nor --everywhere");
	if (args_has(a, "for"))
		(void)json_object_set_new(body, "for_s",
		    json_integer(args_seconds(a, "for", 0)));
	return answer(a, "/approve", body);
}

int
run_proposal_reject(const struct args *a)
{
	const char *reason = args_get(a, "reason");
	CLEAN_JSON json_t *body = json_pack("{s:s}", "reason",
	    reason == NULL ? "" : reason);

	if (body == NULL)
		return say_usage("proposal reject",
		    "the reason is not valid UTF-8");
	return answer(a, "/reject", body);
}
