#include "spec.h"

#include <string.h>

#include "base/compat.h"
#include "base/err.h"
#include "base/limits.h"
#include "base/must.h"
#include "call.h"
#include "names.h"
#include "policy.h"

#define LABEL_COUNT_MAX 64
#define LABEL_TEXT_MAX 256

static bool
is_env_name(const char *z)
{
	if (*z == '\0' || (*z >= '0' && *z <= '9'))
		return false;
	for (; *z != '\0'; z++)
		if (!((*z >= 'a' && *z <= 'z') || (*z >= 'A' && *z <= 'Z') ||
		    (*z >= '0' && *z <= '9') || *z == '_'))
			return false;
	return true;
}

static int
strings_check(const char *what, const json_t *o, size_t max_each,
    size_t *total, struct err *e)
{
	const char *name;
	json_t *v;

	/* jansson's iterator does not take const */
	json_object_foreach((json_t *)(uintptr_t)o, name, v) {
		if (!json_is_string(v))
			return err_set(e, ERR_INPUT,
			    "%s: \"%.64s\" must be a string", what, name);
		if (strlen(name) + json_string_length(v) > max_each)
			return err_set(e, ERR_LIMIT, "%s: \"%.64s\" is over "
			    "%zu bytes", what, name, max_each);
		*total += strlen(name) + json_string_length(v) + 2;
	}
	return 0;
}

int
command_check(const json_t *command, const json_t *env, struct err *e)
{
	size_t n = json_array_size(command), total = 0;
	const char *name;
	json_t *v;

	if (n == 0 || n > ARG_COUNT_MAX ||
	    json_object_size(env) > ARG_COUNT_MAX)
		return err_set(e, ERR_INPUT, "command and env have at most "
		    "%d entries, command at least one", ARG_COUNT_MAX);
	for (size_t i = 0; i < n; i++) {
		const json_t *arg = json_array_get(command, i);

		if (!json_is_string(arg))
			return err_set(e, ERR_INPUT,
			    "command is a list of strings");
		total += json_string_length(arg) + 1;
	}
	if (json_string_length(json_array_get(command, 0)) == 0)
		return err_set(e, ERR_INPUT, "the command's name is empty");
	if (strings_check("env", env, ARGS_BYTES_MAX, &total, e) == -1)
		return -1;
	json_object_foreach((json_t *)(uintptr_t)env, name, v)
		if (!is_env_name(name))
			return err_set(e, ERR_INPUT, "env: \"%.64s\" is not "
			    "a name of letters, digits and _", name);
	if (total > ARGS_BYTES_MAX)
		return err_set(e, ERR_LIMIT, "command and environment are "
		    "together over %d bytes", ARGS_BYTES_MAX);
	return 0;
}

int
path_check(const char *what, const char *path, struct err *e)
{
	struct str s = str_c(path), part;

	if (path[0] != '/' || s.len >= PATH_BYTES_MAX)
		return err_set(e, ERR_INPUT, "%s must be an absolute path, "
		    "shorter than %d bytes", what, PATH_BYTES_MAX);
	if (s.len == 1)
		return 0;
	while (s.len > 0) {
		s = str_from(s, 1);
		part = str_head(s, str_index(s, '/'));
		s = str_from(s, part.len);
		if (part.len == 0 || str_eqz(part, ".") ||
		    str_eqz(part, ".."))
			return err_set(e, ERR_INPUT, "%s: an empty part, "
			    "\".\" or \"..\" in a path; write it plainly",
			    what);
	}
	return 0;
}

/* Gives each mount its "inside" and "read_only". */
static int
mounts_check(json_t *mounts, struct err *e)
{
	if (json_array_size(mounts) > MOUNT_COUNT_MAX)
		return err_set(e, ERR_LIMIT, "more than %d mounts",
		    MOUNT_COUNT_MAX);
	for (size_t i = 0; i < json_array_size(mounts); i++) {
		json_t *m = json_array_get(mounts, i);
		const char *host = NULL, *inside = NULL;
		bool read_only = false;
		const struct field fields[] = {
			{ "host", FIELD_STRING, &host, true, 0 },
			{ "inside", FIELD_STRING, &inside, false, 0 },
			{ "read_only", FIELD_BOOL, &read_only, false, 0 },
		};

		if (!json_is_object(m))
			return err_set(e, ERR_INPUT,
			    "mounts: each is {\"host\", \"inside\"}");
		if (fields_read(m, "mounts", fields, NELEM(fields), e) == -1)
			return -1;
		if (inside == NULL)
			inside = host;
		if (path_check("mounts: host", host, e) == -1 ||
		    path_check("mounts: inside", inside, e) == -1)
			return -1;
		(void)json_object_set_new(m, "inside", json_string(inside));
		(void)json_object_set_new(m, "read_only",
		    json_boolean(read_only));
	}
	return 0;
}

static int
create_check(const struct create *c, struct err *e)
{
	size_t unused = 0;

	if (c->name != NULL && name_check(str_c(c->name), e) == -1)
		return -1;
	if (command_check(c->command, c->env, e) == -1)
		return -1;
	if (c->workdir[0] != '\0' &&
	    path_check("workdir", c->workdir, e) == -1)
		return -1;
	if (json_object_size(c->labels) > LABEL_COUNT_MAX)
		return err_set(e, ERR_LIMIT, "more than %d labels",
		    LABEL_COUNT_MAX);
	if (strings_check("labels", c->labels, LABEL_TEXT_MAX, &unused, e) ==
	    -1)
		return -1;
	if (mounts_check(c->mounts, e) == -1)
		return -1;
	return policies_check(c->policies, e);
}

int
create_read(const json_t *body, struct create *out, struct err *e)
{
	const struct field fields[] = {
		{ "name", FIELD_STRING, &out->name, false, 0 },
		{ "command", FIELD_ARRAY, &out->command, true, 0 },
		{ "policies", FIELD_ARRAY, &out->policies, false, 0 },
		{ "env", FIELD_OBJECT, &out->env, false, 0 },
		{ "workdir", FIELD_STRING, &out->workdir, false, 0 },
		{ "mounts", FIELD_ARRAY, &out->mounts, false, 0 },
		{ "tty", FIELD_BOOL, &out->tty, false, 0 },
		{ "rows", FIELD_NUMBER, &out->rows, false, 65535 },
		{ "cols", FIELD_NUMBER, &out->cols, false, 65535 },
		{ "labels", FIELD_OBJECT, &out->labels, false, 0 },
		{ "keep", FIELD_BOOL, &out->keep, false, 0 },
		{ "attach", FIELD_BOOL, &out->attach, false, 0 },
		{ "wait", FIELD_BOOL, &out->wait, false, 0 },
	};

	*out = (struct create){ .keep = true, .workdir = "" };
	if (fields_read(body, "the body", fields, NELEM(fields), e) == -1)
		return -1;
	return create_check(out, e);
}

/* The value, or an empty one. */
static json_t *
or_empty(json_t *v, json_t *empty)
{
	if (v == NULL)
		return empty;
	json_decref(empty);
	return json_incref(v);
}

json_t *
create_spec(const struct create *c)
{
	return json_pack("{s:O, s:o, s:s, s:o, s:b, s:o}", "command",
	    c->command, "env", or_empty(c->env, json_object()), "workdir",
	    c->workdir, "mounts", or_empty(c->mounts, json_array()), "tty",
	    c->tty, "labels", or_empty(c->labels, json_object()));
}

/* ---- in the form of messages ---- */

char **
strings_of(struct arena *a, const json_t *array)
{
	size_t n = json_array_size(array);
	char **list = arena_alloc(a, n + 1, sizeof(*list));

	must(list != NULL);
	for (size_t i = 0; i < n; i++) {
		list[i] = arena_strdup(a,
		    str_c(json_string_value(json_array_get(array, i))));
		must(list[i] != NULL);
	}
	return list;
}

char **
env_of(struct arena *a, json_t *env)
{
	char **list = arena_alloc(a, json_object_size(env) + 1,
	    sizeof(*list));
	const char *name;
	size_t n = 0;
	json_t *v;

	must(list != NULL);
	json_object_foreach(env, name, v) {
		list[n] = arena_printf(a, "%s=%s", name,
		    json_string_value(v));
		must(list[n++] != NULL);
	}
	return list;
}
