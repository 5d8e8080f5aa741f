/* schema.c -- openshell policy schema: the native language as a JSON Schema,
 * from the table in analysis/schema.h. */
#include "analysis/schema.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "args.h"
#include "base/must.h"
#include "base/str.h"
#include "run.h"

#define SCHEMA_ID "https://openshell.dev/policy.schema.json"

static json_t *
typed(const char *type)
{
	return json_pack("{s:s}", "type", type);
}

/* Words that YAML readers give as something else are taken, too. */
static json_t *
word_type(void)
{
	return json_pack("{s:s, s:i}", "type", "string", "minLength", 1);
}

static json_t *
port_type(void)
{
	return json_pack("{s:[{s:s, s:i, s:i}, {s:s, s:s}]}", "anyOf", "type",
	    "integer", "minimum", 1, "maximum", 65535, "type", "string",
	    "pattern", "^[0-9]{1,5}(-[0-9]{1,5})?$");
}

static json_t *
choice_type(struct str words)
{
	json_t *list = json_array();
	struct str one, rest = words;
	bool more = true;

	while (more) {
		more = str_cut(rest, '|', &one, &rest);
		if (!more)
			one = rest;
		must(json_array_append_new(list, json_stringn(one.p,
		    one.len)) == 0);
	}
	return json_pack("{s:o}", "enum", list);
}

static json_t *
plain_type(struct str t)
{
	if (str_eqz(t, "word"))
		return word_type();
	if (str_eqz(t, "bool"))
		return typed("boolean");
	if (str_eqz(t, "any"))
		return json_object();
	if (str_eqz(t, "port"))
		return port_type();
	if (str_eqz(t, "count"))
		return json_pack("{s:s, s:i}", "type", "integer", "minimum",
		    1);
	if (str_eqz(t, "amount"))
		return json_pack("{s:[s, s]}", "type", "number", "string");
	if (t.len > 1 && t.p[0] == '@') {
		char ref[64];

		(void)snprintf(ref, sizeof(ref), "#/$defs/%.*s",
		    (int)t.len - 1, t.p + 1);
		return json_pack("{s:s}", "$ref", ref);
	}
	return choice_type(t);
}

/* A list or a map of one type deep: no type of the table nests further. */
static json_t *
around_type(struct str t, json_t *(*inner)(struct str t))
{
	struct str in = str_of(t.p + 1, t.len - 2);

	if (t.p[0] == '[')
		return json_pack("{s:s, s:o}", "type", "array", "items",
		    inner(in));
	return json_pack("{s:s, s:o}", "type", "object",
	    "additionalProperties", inner(in));
}

static json_t *
item_type(struct str t)
{
	if (t.len > 2 && (t.p[0] == '[' || t.p[0] == '{'))
		return around_type(t, plain_type);
	return plain_type(t);
}

static json_t *
either_type(struct str t)
{
	json_t *list = json_array();
	struct str one, rest = t;
	bool more = true;

	if (str_index(t, '/') == t.len) {
		json_decref(list);
		return item_type(t);
	}
	while (more) {
		more = str_cut(rest, '/', &one, &rest);
		if (!more)
			one = rest;
		must(json_array_append_new(list, item_type(one)) == 0);
	}
	return json_pack("{s:o}", "anyOf", list);
}

static json_t *
key_type(struct str t)
{
	if (t.len > 2 && (t.p[0] == '[' || t.p[0] == '{') &&
	    (t.p[t.len - 1] == ']' || t.p[t.len - 1] == '}'))
		return around_type(t, either_type);
	return either_type(t);
}

static json_t *
shape_json(const struct schema_shape *s)
{
	json_t *keys = json_object();
	json_t *v = json_pack("{s:s, s:b, s:o}", "type", "object",
	    "additionalProperties", 0, "properties", keys);

	must(v != NULL);
	for (const struct schema_key *k = s->keys; k->key != NULL; k++) {
		json_t *type = key_type(str_c(k->type));

		must(type != NULL);
		if (k->help[0] != '\0')
			must(json_object_set_new(type, "description",
			    json_string(k->help)) == 0);
		must(json_object_set_new(keys, k->key, type) == 0);
	}
	if (s->title[0] != '\0')
		must(json_object_set_new(v, "description",
		    json_string(s->title)) == 0);
	if (s->required != NULL)
		must(json_object_set_new(v, "required", json_pack("[s]",
		    s->required)) == 0);
	return v;
}

int
run_policy_schema(const struct args *a)
{
	json_t *defs = json_object();
	json_t *v = json_pack("{s:s, s:s, s:s, s:s, s:o}", "$schema",
	    "https://json-schema.org/draft/2020-12/schema", "$id", SCHEMA_ID,
	    "title", "OpenShell policy", "$ref", "#/$defs/policy", "$defs",
	    defs);

	(void)a; /* it takes no flags */
	must(v != NULL);
	for (const struct schema_shape *s = schema_shapes; s->name != NULL;
	    s++)
		must(json_object_set_new(defs, s->name, shape_json(s)) == 0);
	(void)json_dumpf(v, stdout, JSON_INDENT(2));
	(void)fputc('\n', stdout); /* main checks stdout at the end */
	json_decref(v);
	return EXIT_OK;
}
