/* fields.c -- members of a JSON object and query parameters, strictly. */
#include "call.h"

#include <string.h>

#include "base/err.h"
#include "http/chars.h"

static const char *const type_names[] = {
	[FIELD_STRING] = "a string", [FIELD_BOOL] = "true or false",
	[FIELD_NUMBER] = "a number", [FIELD_ARRAY] = "a list",
	[FIELD_OBJECT] = "an object",
};

static bool
take(const struct field *f, json_t *v)
{
	switch (f->type) {
	case FIELD_STRING:
		*(const char **)f->out = json_string_value(v);
		return json_is_string(v);
	case FIELD_BOOL:
		*(bool *)f->out = json_is_true(v);
		return json_is_boolean(v);
	case FIELD_NUMBER:
		*(int64_t *)f->out = json_integer_value(v);
		return json_is_integer(v);
	case FIELD_ARRAY:
		*(json_t **)f->out = v;
		return json_is_array(v);
	case FIELD_OBJECT:
		*(json_t **)f->out = v;
		return json_is_object(v);
	}
	return false;
}

static int
read_one(const char *what, const struct field *f, json_t *v, struct err *e)
{
	if (!take(f, v))
		return err_set(e, ERR_INPUT, "%s: \"%s\" must be %s", what,
		    f->name, type_names[f->type]);
	if (f->type == FIELD_NUMBER && (json_integer_value(v) < 0 ||
	    json_integer_value(v) > f->max))
		return err_set(e, ERR_INPUT, "%s: \"%s\" must be 0 to %lld",
		    what, f->name, (long long)f->max);
	return 0;
}

static const struct field *
find(const struct field *f, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(f[i].name, name) == 0)
			return &f[i];
	return NULL;
}

int
fields_read(const json_t *o, const char *what, const struct field *f,
    size_t n, struct err *e)
{
	const char *name;
	json_t *v;

	for (size_t i = 0; i < n; i++)
		if (f[i].required && json_object_get(o, f[i].name) == NULL)
			return err_set(e, ERR_INPUT, "%s: \"%s\" is missing",
			    what, f[i].name);
	/* jansson's iterator does not take const */
	json_object_foreach((json_t *)(uintptr_t)o, name, v) {
		const struct field *at = find(f, n, name);

		if (at == NULL)
			return err_set(e, ERR_INPUT,
			    "%s: unknown key \"%.64s\"", what, name);
		if (read_one(what, at, v, e) == -1)
			return -1;
	}
	return 0;
}

/* ---- query ---- */

static int
decode(struct str in, const struct param *p, struct err *e)
{
	size_t at = 0;

	for (size_t i = 0; i < in.len; i++, at++) {
		char c = in.p[i];

		if (at + 1 >= p->cap)
			return err_set(e, ERR_INPUT,
			    "parameter %s: too long", p->name);
		if (c == '%') {
			int hi = i + 2 < in.len ? hex_value(in.p[i + 1]) : -1;
			int lo = i + 2 < in.len ? hex_value(in.p[i + 2]) : -1;

			if (hi < 0 || lo < 0 || (hi == 0 && lo == 0))
				return err_set(e, ERR_INPUT,
				    "parameter %s: a bad %%XX", p->name);
			c = (char)(hi * 16 + lo);
			i += 2;
		}
		p->out[at] = c;
	}
	p->out[at] = '\0';
	return 0;
}

static int
param_one(struct str pair, const struct param *p, size_t n, bool *seen,
    struct err *e)
{
	struct str name, value;

	if (!str_cut(pair, '=', &name, &value))
		return err_set(e, ERR_INPUT, "a query is NAME=VALUE&...");
	for (size_t i = 0; i < n; i++) {
		if (!str_eqz(name, p[i].name))
			continue;
		if (seen[i])
			return err_set(e, ERR_INPUT,
			    "parameter %s stands twice", p[i].name);
		seen[i] = true;
		return decode(value, &p[i], e);
	}
	return err_set(e, ERR_INPUT, "unknown parameter \"%.*s\"",
	    (int)(name.len < 64 ? name.len : 64), name.p);
}

#define PARAMS_MAX 8

int
params_read(struct str query, const struct param *p, size_t n, struct err *e)
{
	bool seen[PARAMS_MAX] = { false };
	struct str pair;

	for (size_t i = 0; i < n; i++)
		p[i].out[0] = '\0';
	while (query.len > 0) {
		if (!str_cut(query, '&', &pair, &query)) {
			pair = query;
			query = STR("");
		}
		if (param_one(pair, p, n, seen, e) == -1)
			return -1;
	}
	return 0;
}
