/* request.c -- flags to the fields of a request's body. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api.h"
#include "args.h"
#include "base/clean.h"
#include "base/err.h"
#include "base/limits.h"
#include "documents.h"
#include "parse.h"
#include "run.h"
#include "say.h"
#include "tty.h"

/* The shipped library is the gateway's own: only what it cannot know goes
 * along. */
static int
add_policy(json_t *list, const struct policy_file *f, struct err *e)
{
	json_t *one;

	if (f->kind == POLICY_SHIPPED)
		return 0;
	one = json_pack("{s:s, s:s%, s:s}", "name", f->name, "text",
	    f->text.p, f->text.len, "kind", f->kind == POLICY_USER ? "user" :
	    "given");
	if (one == NULL)
		return err_set(e, ERR_INPUT, "%s: not valid UTF-8", f->name);
	return json_array_append_new(list, one);
}

int
request_policy_files(char *const *files, size_t n, json_t *body)
{
	CLEAN_DOCUMENTS struct documents docs = { 0 };
	json_t *list = json_array();
	struct err e = { 0 };

	(void)json_object_set_new(body, "policies", list);
	for (size_t i = 0; i < n; i++)
		if (documents_add_file(&docs, files[i]) != EXIT_OK)
			return -1;
	if (documents_close(&docs) != EXIT_OK)
		return -1;
	for (size_t i = 0; i < docs.n; i++)
		if (add_policy(list, &docs.v[i], &e) == -1) {
			(void)say_error(&e);
			return -1;
		}
	return 0;
}

int
request_policies(const struct args *a, json_t *body)
{
	char *files[POLICY_FILES_MAX + 1];
	const char *file;
	size_t at = 0, n = 0;

	while ((file = args_next(a, "policy", &at)) != NULL &&
	    n < NELEM(files))
		files[n++] = (char *)(uintptr_t)file;
	return request_policy_files(files, n, body);
}

static int
add_env(json_t *env, const char *text, struct err *e)
{
	CLEAN_FREE char *name = NULL;
	struct str key, value;
	const char *v;

	if (parse_env(str_c(text), &key, &value, e) == -1)
		return err_wrap(e, "--env");
	name = str_dup(key);
	v = value.p != NULL ? value.p : getenv(name);
	if (v == NULL)
		return err_set(e, ERR_INPUT,
		    "--env %s: it is not set here; say %s=VALUE", name, name);
	if (json_object_set_new(env, name, json_string(v)) == -1)
		return err_set(e, ERR_INPUT, "--env %s: not valid UTF-8",
		    name);
	return 0;
}

int
request_env(const struct args *a, bool tty, json_t *body)
{
	static const char *const of_terminal[] = { "TERM", "COLORTERM" };
	json_t *env = json_object();
	struct err e = { 0 };
	const char *text;
	size_t at = 0;

	for (size_t i = 0; tty && i < NELEM(of_terminal); i++)
		if (getenv(of_terminal[i]) != NULL)
			(void)add_env(env, of_terminal[i], &e);
	while ((text = args_next(a, "env", &at)) != NULL)
		if (add_env(env, text, &e) == -1) {
			json_decref(env);
			(void)say_error(&e);
			return -1;
		}
	return json_object_set_new(body, "env", env);
}

int
request_workdir(const struct args *a, json_t *body)
{
	const char *dir = args_get(a, "workdir");

	if (dir == NULL)
		return 0;
	if (dir[0] == '/')
		return json_object_set_new(body, "workdir", json_string(dir));
	say("--workdir must be an absolute path inside the sandbox, not "
	    "\"%s\"", dir);
	return -1;
}

void
request_size(bool tty, json_t *body)
{
	uint16_t rows, cols;

	if (!tty)
		return;
	tty_size(&rows, &cols);
	(void)json_object_set_new(body, "rows", json_integer(rows));
	(void)json_object_set_new(body, "cols", json_integer(cols));
}

int
request_command(char *const *argv, json_t *body)
{
	json_t *list = json_array();

	for (; *argv != NULL; argv++)
		if (json_array_append_new(list, json_string(*argv)) == -1) {
			json_decref(list);
			say("\"%s\": not valid UTF-8", *argv);
			return -1;
		}
	return json_object_set_new(body, "command", list);
}

bool
request_tty(const struct args *a)
{
	if (args_has(a, "no-tty"))
		return false;
	return args_has(a, "tty") || tty_is_there();
}
