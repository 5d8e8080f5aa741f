/* create.c -- openshell sandbox create. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "api.h"
#include "args.h"
#include "base/clean.h"
#include "base/err.h"
#include "parse.h"
#include "run.h"
#include "say.h"
#include "show.h"

/* Their own profiles, with the endpoints each needs, are not in this
 * version: without a policy they only fail to reach their model. */
static const char *const agents[] = { "claude", "codex", "opencode",
	"openclaw", "ollama", "copilot", "gemini", "pi" };

static int
check_flags(const struct args *a)
{
	const char *name = args_get(a, "name"), *from = args_get(a, "from");

	if (name != NULL && !parse_is_name(str_c(name)))
		return say_usage("sandbox create", "--name \"%s\": a name is "
		    "1 to %d of a-z, 0-9 and -, and does not begin or end "
		    "with -", name, NAME_BYTES_MAX);
	if (from != NULL && strcmp(from, "host") != 0)
		return say_usage("sandbox create", "--from %s is not in this "
		    "version; it knows host", from);
	if (args_has(a, "tty") && args_has(a, "no-tty"))
		return say_usage("sandbox create",
		    "--tty and --no-tty exclude each other");
	if (args_has(a, "detach") && args_has(a, "no-keep") &&
	    a->rest == NULL)
		return say_usage("sandbox create",
		    "--detach --no-keep needs a command that ends");
	return EXIT_OK;
}

static int
add_mount(json_t *list, const char *text, struct err *e)
{
	CLEAN_FREE struct mount_arg *m = malloc(sizeof(*m));
	char host[PATH_MAX];
	const char *inside;

	if (m == NULL)
		return err_sys(e, "--mount");
	if (parse_mount(str_c(text), m, e) == -1)
		return err_wrap(e, "--mount %s", text);
	if (realpath(m->host, host) == NULL)
		return err_sys(e, "--mount %s", m->host);
	inside = m->inside[0] != '\0' ? m->inside : host;
	if (json_array_append_new(list, json_pack("{s:s, s:s, s:b}", "host",
		host, "inside", inside, "read_only", m->read_only)) == -1)
		return err_set(e, ERR_INPUT, "--mount %s: not valid UTF-8",
		    text);
	return 0;
}

static int
request_mounts(const struct args *a, json_t *body)
{
	json_t *list = json_array();
	struct err e = { 0 };
	const char *text;
	size_t at = 0;

	(void)json_object_set_new(body, "mounts", list);
	while ((text = args_next(a, "mount", &at)) != NULL)
		if (add_mount(list, text, &e) == -1) {
			(void)say_error(&e);
			return -1;
		}
	return 0;
}

static int
request_labels(const struct args *a, json_t *body)
{
	json_t *labels = json_object();
	struct err e = { 0 };
	const char *text;
	size_t at = 0;

	(void)json_object_set_new(body, "labels", labels);
	while ((text = args_next(a, "label", &at)) != NULL) {
		struct str key, value;

		if (parse_label(str_c(text), &key, &value, &e) == -1) {
			(void)err_wrap(&e, "--label");
			(void)say_error(&e);
			return -1;
		}
		(void)json_object_setn_new(labels, key.p, key.len,
		    json_stringn(value.p, value.len));
	}
	return 0;
}

/* The command, or a login shell: the system inside is the host's. */
static int
request_main(const struct args *a, json_t *body)
{
	bool bash = access("/bin/bash", X_OK) == 0;
	char *shell[] = { (char *)(uintptr_t)(bash ? "/bin/bash" : "/bin/sh"),
		(char *)(uintptr_t) "-l", NULL };

	if (a->rest != NULL && a->rest[0] != NULL)
		return request_command(a->rest, body);
	return request_command(shell, body);
}

static void
hint_agent(const struct args *a)
{
	const char *command = a->rest == NULL ? NULL : a->rest[0];
	const char *base;

	if (command == NULL || args_has(a, "policy"))
		return;
	base = strrchr(command, '/') == NULL ? command :
					       strrchr(command, '/') + 1;
	for (size_t i = 0; i < NELEM(agents); i++)
		if (strcmp(agents[i], base) == 0) {
			say("%s has no network without a policy, not even to "
			    "its model", base);
			say_hint("give it one: openshell sandbox create "
			    "--policy FILE -- %s", base);
		}
}

static json_t *
create_body(const struct args *a, bool tty)
{
	const char *name = args_get(a, "name");
	bool detach = args_has(a, "detach");
	json_t *body = json_pack("{s:b, s:b, s:b, s:b}", "tty", tty, "keep",
	    !args_has(a, "no-keep"), "attach", !detach, "wait", detach);

	if (name != NULL)
		(void)json_object_set_new(body, "name", json_string(name));
	request_size(tty && !detach, body);
	if (request_main(a, body) == -1 || request_policies(a, body) == -1 ||
	    request_env(a, tty, body) == -1 ||
	    request_workdir(a, body) == -1 || request_mounts(a, body) == -1 ||
	    request_labels(a, body) == -1) {
		json_decref(body);
		return NULL;
	}
	return body;
}

/* A command that ends at once was hardly meant to be left running. */
static void
tell_ended(struct api *api, const char *name)
{
	const struct timespec moment = { .tv_nsec = 25000000 };
	CLEAN_FREE char *path = api_path(name, "");
	CLEAN_JSON json_t *box = NULL;
	struct ask q = { .method = "GET", .path = path, .passed = -1,
		.quiet = true };
	const char *how;

	(void)nanosleep(&moment, NULL);
	if (api_ask(api, &q, &box) != EXIT_OK ||
	    strcmp(json_text(box, "phase"), "exited") != 0)
		return;
	how = json_is_integer(json_object_get(box, "signal")) ? "signal" :
								"exit_code";
	say("%s has ended already (%s %lld): openshell sandbox start %s runs "
	    "its command again", name, how[0] == 's' ? "signal" : "exit code",
	    (long long)json_number(box, how), name);
}

static int
say_detached(const struct args *a, struct api *api, const json_t *box)
{
	const char *name = json_text(box, "name");

	if (strcmp(json_text(box, "phase"), "failed") == 0) {
		struct err e = { 0 };

		(void)err_set(&e, ERR_STATE, "%s failed: %s", name,
		    json_text(box, "reason"));
		return say_error(&e);
	}
	if (!show_as_asked(a, box))
		(void)printf("%s\n", name);
	if (!args_has(a, "no-keep"))
		tell_ended(api, name);
	return EXIT_OK;
}

int
run_create(const struct args *a)
{
	/* a shell without a terminal would end at once */
	bool shell = a->rest == NULL || a->rest[0] == NULL;
	bool tty = args_has(a, "detach") ?
	    args_has(a, "tty") || (shell && !args_has(a, "no-tty")) :
	    request_tty(a);
	CLEAN_API struct api api = { 0 };
	CLEAN_JSON json_t *body = NULL, *box = NULL;
	struct ask q = { "POST", "/v1/sandboxes", NULL,
		"creating the sandbox", -1, 0 };
	struct session s;
	int code;

	http_init(&api.http, -1);
	if ((code = check_flags(a)) != EXIT_OK)
		return code;
	body = q.body = create_body(a, tty);
	if (body == NULL)
		return EXIT_FAILED;
	hint_agent(a);
	if ((code = api_open(&api, API_START)) != EXIT_OK ||
	    (code = api_ask(&api, &q, &box)) != EXIT_OK)
		return code;
	if (args_has(a, "detach"))
		return say_detached(a, &api, box);
	s = (struct session){ .api = &api, .fd = q.passed,
		.id = json_text(box, "id"), .name = json_text(box, "name"),
		.tty = tty, .main = true, .kept = !args_has(a, "no-keep"),
		.unnamed = !args_has(a, "name") };
	return session_join(&s);
}
