/* sandbox.c -- openshell sandbox list, get, connect, exec, stop, start,
 * delete. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api.h"
#include "args.h"
#include "base/clean.h"
#include "base/err.h"
#include "base/must.h"
#include "run.h"
#include "say.h"
#include "show.h"
#include "table.h"
#include "when.h"

#define REASON_IN_LIST 40 /* bytes; "sandbox get" shows all of it */

static const char *
word_or_last(const struct args *a, size_t i)
{
	return i < a->nwords ? a->word[i] : NULL;
}

static enum colour
phase_colour(const char *phase)
{
	if (strcmp(phase, "running") == 0)
		return COLOUR_GREEN;
	if (strcmp(phase, "failed") == 0)
		return COLOUR_RED;
	return strcmp(phase, "provisioning") == 0 ? COLOUR_YELLOW :
						    COLOUR_DIM;
}

/* "Running", "Exited (3)", "Exited (signal 9)", "Failed (why)"; of why at
 * most so many bytes. */
static void
add_state(struct table *t, const json_t *box, int most)
{
	const char *phase = json_text(box, "phase");
	enum colour c = phase_colour(phase);
	char first = (char)(phase[0] >= 'a' && phase[0] <= 'z' ?
	    phase[0] - 'a' + 'A' : '?');

	if (phase[0] == '\0')
		table_add(t, c, "?");
	else if (strcmp(phase, "failed") == 0)
		table_add(t, c, "Failed (%.*s%s)", most,
		    json_text(box, "reason"),
		    strlen(json_text(box, "reason")) > (size_t)most ? "..." :
								      "");
	else if (json_is_integer(json_object_get(box, "signal")))
		table_add(t, c, "%c%s (signal %lld)", first, phase + 1,
		    (long long)json_number(box, "signal"));
	else if (json_is_integer(json_object_get(box, "exit_code")))
		table_add(t, c, "%c%s (%lld)", first, phase + 1,
		    (long long)json_number(box, "exit_code"));
	else
		table_add(t, c, "%c%s", first, phase + 1);
}

static char *
command_of(const json_t *box)
{
	const json_t *word;
	struct buf b;
	size_t i;

	buf_init(&b, 1 << 20);
	json_array_foreach(json_object_get(box, "command"), i, word)
		must(buf_printf(&b, "%s%s", i > 0 ? " " : "",
		    json_string_value(word)));
	must(buf_addz(&b, ""));
	return buf_take(&b, &(size_t){ 0 });
}

static void
add_policy(struct table *t, const json_t *box)
{
	const json_t *policy = json_object_get(box, "policy");

	table_add(t, COLOUR_NONE, "%lld %s",
	    (long long)json_number(policy, "revision"),
	    json_text(policy, "status"));
}

static void
show_list(const json_t *list)
{
	static const char *const head[] = { "NAME", "STATE", "POLICY",
		"CREATED", "COMMAND", NULL };
	struct table t = { 0 };
	const json_t *box;
	size_t i;

	table_head(&t, head);
	json_array_foreach(list, i, box) {
		CLEAN_FREE char *command = command_of(box);
		char age[WHEN_BYTES];

		table_add(&t, COLOUR_NONE, "%s", json_text(box, "name"));
		add_state(&t, box, REASON_IN_LIST);
		add_policy(&t, box);
		table_add(&t, COLOUR_NONE, "%s", when_age(
		    json_text(box, "created_at"), age));
		table_add(&t, COLOUR_NONE, "%s", command);
	}
	table_show(&t);
	table_fini(&t);
}

int
run_list(const struct args *a)
{
	CLEAN_API struct api api = { 0 };
	CLEAN_JSON json_t *answer = NULL;
	struct ask q = { "GET", "/v1/sandboxes", NULL, "listing", -1, 0 };
	const json_t *list;
	int code = api_open(&api, API_START);

	if (code != EXIT_OK || (code = api_ask(&api, &q, &answer)) != EXIT_OK)
		return code;
	list = json_object_get(answer, "sandboxes");
	if (show_as_asked(a, list))
		return EXIT_OK;
	if (json_array_size(list) > 0) {
		show_list(list);
		return EXIT_OK;
	}
	say("there are no sandboxes");
	say_hint("make one: openshell sandbox create");
	return EXIT_OK;
}

static void
add_row(struct table *t, const char *what, const char *value)
{
	if (value[0] == '\0')
		return;
	table_add(t, COLOUR_DIM, "%s", what);
	table_add(t, COLOUR_NONE, "%s", value);
}

static void
add_mounts(struct table *t, const json_t *box)
{
	const json_t *m;
	size_t i;

	json_array_foreach(json_object_get(box, "mounts"), i, m) {
		table_add(t, COLOUR_DIM, "%s", i == 0 ? "mounts" : " ");
		table_add(t, COLOUR_NONE, "%s on %s%s", json_text(m, "host"),
		    json_text(m, "inside"), json_is_true(json_object_get(m,
		    "read_only")) ? " (read-only)" : "");
	}
}

static void
add_labels(struct table *t, const json_t *box)
{
	const char *key;
	json_t *value;

	json_object_foreach(json_object_get(box, "labels"), key, value) {
		table_add(t, COLOUR_DIM, "label");
		table_add(t, COLOUR_NONE, "%s=%s", key,
		    json_string_value(value));
	}
}

/* "12 of 60 requests in the last minute, 3.1 of 50 MB in 1h": of what is
 * counted for all of it, and of entries with their place. */
static void
add_limits(struct table *t, const json_t *box)
{
	const json_t *list = json_object_get(box, "limits"), *x;
	size_t i;

	json_array_foreach(list, i, x) {
		const char *rule = json_text(x, "rule");
		long long most = (long long)json_number(x, "requests_most");
		double bytes = (double)json_number(x, "bytes_most") / 1e6;
		char text[256] = "", sent[96] = "";

		if (most > 0)
			(void)snprintf(text, sizeof(text), "%lld of %lld "
			    "requests in the last minute",
			    (long long)json_number(x, "requests"), most);
		if (bytes > 0)
			(void)snprintf(sent, sizeof(sent), "%s%.1f of %.0f MB "
			    "in %lld s", most > 0 ? ", " : "",
			    (double)json_number(x, "bytes") / 1e6, bytes,
			    (long long)json_number(x, "period_s"));
		table_add(t, COLOUR_DIM, i == 0 ? "limits" : " ");
		table_add(t, COLOUR_NONE, "%s%s%s%s%s", text, sent,
		    json_is_true(json_object_get(x, "whole")) ? "" : " (",
		    json_is_true(json_object_get(x, "whole")) ? "" : rule,
		    json_is_true(json_object_get(x, "whole")) ? "" : ")");
	}
}

static void
show_box(const json_t *box)
{
	static const char *const head[] = { "", "", NULL };
	CLEAN_FREE char *command = command_of(box);
	const json_t *policy = json_object_get(box, "policy");
	struct table t = { 0 };

	table_head(&t, head);
	add_row(&t, "name", json_text(box, "name"));
	add_row(&t, "id", json_text(box, "id"));
	table_add(&t, COLOUR_DIM, "state");
	add_state(&t, box, ERR_BYTES_MAX);
	add_row(&t, "command", command);
	add_row(&t, "workdir", json_text(box, "workdir"));
	add_mounts(&t, box);
	add_labels(&t, box);
	table_add(&t, COLOUR_DIM, "policy");
	table_add(&t, COLOUR_NONE, "revision %lld, %s, %.12s",
	    (long long)json_number(policy, "revision"),
	    json_text(policy, "status"), json_text(policy, "hash"));
	add_limits(&t, box);
	add_row(&t, "created", json_text(box, "created_at"));
	add_row(&t, "started", json_text(box, "started_at"));
	add_row(&t, "ended", json_text(box, "ended_at"));
	add_row(&t, "directory", json_text(box, "directory"));
	table_show(&t);
	table_fini(&t);
}

int
run_get(const struct args *a)
{
	CLEAN_FREE char *path = api_path(word_or_last(a, 0), "");
	CLEAN_API struct api api = { 0 };
	CLEAN_JSON json_t *box = NULL;
	struct ask q = { "GET", path, NULL, "asking", -1, 0 };
	int code = api_open(&api, API_START);

	if (code != EXIT_OK || (code = api_ask(&api, &q, &box)) != EXIT_OK)
		return code;
	if (!show_as_asked(a, box))
		show_box(box);
	return EXIT_OK;
}

/* Asks for the main process and joins it. */
static int
ask_and_join(struct api *api, struct ask *q, bool redraw)
{
	CLEAN_JSON json_t *box = NULL;
	struct session s;
	int code = api_ask(api, q, &box);

	if (code != EXIT_OK)
		return code;
	s = (struct session){ .api = api, .fd = q->passed,
		.id = json_text(box, "id"), .name = json_text(box, "name"),
		.tty = json_is_true(json_object_get(box, "tty")),
		.redraw = redraw, .main = true,
		.kept = json_is_true(json_object_get(box, "keep")) };
	return session_join(&s);
}

int
run_connect(const struct args *a)
{
	CLEAN_FREE char *path = api_path(word_or_last(a, 0), "/attach");
	CLEAN_API struct api api = { 0 };
	CLEAN_JSON json_t *body = json_object();
	struct ask q = { "POST", path, body, "connecting", -1, 0 };
	int code = api_open(&api, API_START);

	if (code != EXIT_OK)
		return code;
	request_size(true, body);
	return ask_and_join(&api, &q, true);
}

static json_t *
exec_body(const struct args *a, bool tty)
{
	json_t *body = json_pack("{s:b}", "tty", tty);

	request_size(tty, body);
	if (request_command(a->rest, body) == -1 ||
	    request_env(a, tty, body) == -1 ||
	    request_workdir(a, body) == -1) {
		json_decref(body);
		return NULL;
	}
	if (args_has(a, "timeout"))
		(void)json_object_set_new(body, "timeout_s",
		    json_integer(args_seconds(a, "timeout", 0)));
	return body;
}

int
run_exec(const struct args *a)
{
	CLEAN_FREE char *path = api_path(word_or_last(a, 0), "/exec");
	bool tty = request_tty(a);
	CLEAN_API struct api api = { 0 };
	CLEAN_JSON json_t *body = NULL, *answer = NULL;
	struct ask q = { "POST", path, NULL, "starting the command", -1, 0 };
	struct session s;
	int code;

	http_init(&api.http, -1);
	if (a->rest == NULL || a->rest[0] == NULL)
		return say_usage("sandbox exec", "no command: say "
		    "openshell sandbox exec [NAME] -- COMMAND...");
	q.about = a->rest[0];
	body = q.body = exec_body(a, tty);
	if (body == NULL)
		return EXIT_FAILED;
	if ((code = api_open(&api, API_START)) != EXIT_OK ||
	    (code = api_ask(&api, &q, &answer)) != EXIT_OK)
		return code;
	s = (struct session){ .api = &api, .fd = q.passed,
		.id = json_text(answer, "sandbox"), .name = a->rest[0],
		.tty = tty };
	return session_join(&s);
}

static int
stop_one(struct api *api, const struct args *a, const char *name)
{
	CLEAN_FREE char *path = api_path(name, "/stop");
	CLEAN_JSON json_t *body = json_object(), *box = NULL;
	struct ask q = { "POST", path, body, "stopping", -1, 0 };
	int code;

	if (args_has(a, "grace"))
		(void)json_object_set_new(body, "grace_s",
		    json_integer(args_seconds(a, "grace", 0)));
	code = api_ask(api, &q, &box);
	if (code == EXIT_OK)
		say("%s is %s; its files are kept", json_text(box, "name"),
		    json_text(box, "phase"));
	return code;
}

int
run_stop(const struct args *a)
{
	CLEAN_API struct api api = { 0 };
	int code = api_open(&api, API_START), worst = EXIT_OK;

	if (code != EXIT_OK)
		return code;
	if (a->nwords == 0)
		return stop_one(&api, a, NULL);
	for (size_t i = 0; i < a->nwords; i++) {
		code = stop_one(&api, a, a->word[i]);
		if (code > worst)
			worst = code;
	}
	return worst;
}

static int
started(struct api *api, struct ask *q)
{
	CLEAN_JSON json_t *box = NULL;
	struct err e = { 0 };
	int code = api_ask(api, q, &box);

	if (code != EXIT_OK)
		return code;
	if (strcmp(json_text(box, "phase"), "failed") == 0) {
		(void)err_set(&e, ERR_STATE, "%s failed: %s",
		    json_text(box, "name"), json_text(box, "reason"));
		return say_error(&e);
	}
	say("%s is %s", json_text(box, "name"), json_text(box, "phase"));
	return EXIT_OK;
}

int
run_start(const struct args *a)
{
	CLEAN_FREE char *path = api_path(word_or_last(a, 0), "/start");
	bool detach = args_has(a, "detach"), tty = request_tty(a);
	CLEAN_API struct api api = { 0 };
	CLEAN_JSON json_t *body = json_pack("{s:b, s:b}", "attach", !detach,
	    "wait", detach);
	struct ask q = { "POST", path, body, "starting the sandbox", -1, 0 };
	int code = api_open(&api, API_START);

	if (code != EXIT_OK)
		return code;
	if (detach)
		return started(&api, &q);
	(void)json_object_set_new(body, "tty", json_boolean(tty));
	request_size(tty, body);
	return ask_and_join(&api, &q, false);
}

static int
delete_path(struct api *api, const struct args *a, const char *base)
{
	CLEAN_FREE char *path = args_has(a, "grace") ?
	    mem_printf("%s?grace_s=%lld", base,
		(long long)args_seconds(a, "grace", 0)) :
	    mem_strdup(base);
	struct ask q = { "DELETE", path, NULL, "deleting", -1, 0 };
	CLEAN_JSON json_t *answer = NULL;
	const json_t *name;
	size_t i;
	int code = api_ask(api, &q, &answer);

	if (code != EXIT_OK)
		return code;
	if (json_object_get(answer, "name") != NULL)
		say("%s is deleted", json_text(answer, "name"));
	json_array_foreach(json_object_get(answer, "deleted"), i, name)
		say("%s is deleted", json_string_value(name));
	return EXIT_OK;
}

int
run_delete(const struct args *a)
{
	bool all = args_has(a, "all");
	CLEAN_API struct api api = { 0 };
	int code, worst = EXIT_OK;

	http_init(&api.http, -1);
	if (all != (a->nwords == 0))
		return say_usage("sandbox delete", all ?
		    "--all takes no names" : "name the sandboxes, or --all");
	if ((code = api_open(&api, API_START)) != EXIT_OK)
		return code;
	if (all)
		return delete_path(&api, a, "/v1/sandboxes");
	for (size_t i = 0; i < a->nwords; i++) {
		CLEAN_FREE char *path = api_path(a->word[i], "");

		code = delete_path(&api, a, path);
		if (code > worst)
			worst = code;
	}
	return worst;
}
