#include "show.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/clean.h"
#include "base/compat.h"
#include "base/must.h"

#define YAML_DEPTH_MAX 32	 /* our answers nest four deep */
#define SHOW_BYTES_MAX (64 << 20) /* as much as an answer may have */

static bool
is_plain_byte(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.' ||
	    c == '/';
}

/* Could some YAML parser take the bare word for a number, a truth value,
 * null or a date? Only words that start with a letter or slash and are none
 * of the known ones stay bare. */
static bool
is_plain(const char *z)
{
	static const char *const taken[] = { "y", "n", "yes", "no", "on",
		"off", "true", "false", "null" };

	if (!((z[0] >= 'a' && z[0] <= 'z') || (z[0] >= 'A' && z[0] <= 'Z') ||
	    z[0] == '/'))
		return false;
	for (const char *p = z; *p != '\0'; p++)
		if (!is_plain_byte(*p))
			return false;
	for (size_t i = 0; i < NELEM(taken); i++)
		if (str_case_eq(str_c(z), str_c(taken[i])))
			return false;
	return true;
}

static void
yaml_scalar(const json_t *v, struct buf *b)
{
	CLEAN_FREE char *text = NULL;

	if (json_is_string(v) && is_plain(json_string_value(v))) {
		must(buf_addz(b, json_string_value(v)));
		return;
	}
	text = json_dumps(v, JSON_ENCODE_ANY);
	must(text != NULL && buf_addz(b, text));
}

static void yaml_value(const json_t *v, int depth, struct buf *b);

static void
yaml_indent(int depth, struct buf *b)
{
	must(depth < YAML_DEPTH_MAX);
	must(buf_printf(b, "%*s", depth * 2, ""));
}

/* A collection after "key:" or "-" goes on lines of its own. */
static void
yaml_member(const json_t *v, int depth, struct buf *b)
{
	bool has_lines = json_array_size(v) > 0 || json_object_size(v) > 0;

	must(buf_addz(b, has_lines ? "\n" : " "));
	yaml_value(v, depth, b);
	if (!has_lines)
		must(buf_addz(b, "\n"));
}

static void
yaml_value(const json_t *v, int depth, struct buf *b)
{
	for (size_t i = 0; i < json_array_size(v); i++) {
		yaml_indent(depth, b);
		must(buf_addz(b, "-"));
		yaml_member(json_array_get(v, i), depth + 1, b);
	}
	for (void *at = json_object_iter((json_t *)(uintptr_t)v); at != NULL;
	    at = json_object_iter_next((json_t *)(uintptr_t)v, at)) {
		json_t *key = json_string(json_object_iter_key(at));

		yaml_indent(depth, b);
		yaml_scalar(key, b);
		json_decref(key);
		must(buf_addz(b, ":"));
		yaml_member(json_object_iter_value(at), depth + 1, b);
	}
	if (json_array_size(v) == 0 && json_object_size(v) == 0)
		yaml_scalar(v, b);
}

void
show_yaml(const json_t *v, struct buf *b)
{
	struct str s;

	yaml_value(v, 0, b);
	s = buf_str(b);
	if (s.len > 0 && s.p[s.len - 1] != '\n')
		must(buf_addz(b, "\n"));
}

bool
show_as_asked(const struct args *a, const json_t *v)
{
	const char *how = args_get(a, "output");
	struct buf b;

	if (how == NULL || strcmp(how, "table") == 0)
		return false;
	if (strcmp(how, "json") == 0) {
		(void)json_dumpf(v, stdout, JSON_INDENT(2) | JSON_ENCODE_ANY);
		(void)fputc('\n', stdout); /* main checks stdout at the end */
		return true;
	}
	buf_init(&b, SHOW_BYTES_MAX);
	show_yaml(v, &b);
	(void)fwrite(buf_str(&b).p, 1, buf_str(&b).len, stdout);
	buf_fini(&b);
	return true;
}
