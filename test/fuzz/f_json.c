/* f_json.c -- a body of JSON.  What is taken, another reader takes too, and
 * finds the same in it; and it falls into units without a fault. */
#include <stdint.h>
#include <stdlib.h>

#include <jansson.h>

#include "base/must.h"
#include "inspect/inspect.h"
#include "inspect/jdoc.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t len);

static void
check_same(const struct jdoc *d, const struct jvalue *v, json_t *other)
{
	const struct jvalue *one = jdoc_first(d, v);
	size_t n = 0;

	switch (v->kind) {
	case JVALUE_NULL:
		must(json_is_null(other));
		break;
	case JVALUE_BOOL:
		must(json_is_boolean(other) &&
		    json_is_true(other) == (v->text.p[0] == 't'));
		break;
	case JVALUE_NUMBER:
		must(json_is_number(other));
		break;
	case JVALUE_STRING:
		must(json_is_string(other) && str_eq(v->text,
		    str_of(json_string_value(other),
			json_string_length(other))));
		break;
	case JVALUE_ARRAY:
		must(json_is_array(other));
		for (; one != NULL; one = jdoc_next(d, one))
			check_same(d, one, json_array_get(other, n++));
		must(n == json_array_size(other));
		break;
	case JVALUE_OBJECT:
		must(json_is_object(other));
		for (; one != NULL; one = jdoc_next(d, one), n++)
			check_same(d, one, json_object_getn(other,
			    one->key.p, one->key.len));
		must(n == json_object_size(other));
		break;
	}
}

static void
inspect_all(struct str text)
{
	const struct inspect_head h = { .kinds = INSPECT_GRAPHQL |
		INSPECT_RPC | INSPECT_MCP, .method = STR("POST"),
		.path = STR("/"), .body = true,
		.type = STR("application/json") };
	struct inspect in;
	char said[256];

	inspect_begin(&in, &h);
	inspect_feed(&in, text);
	inspect_close(&in);
	must(in.over && in.n > 0 && in.n <= INSPECT_UNITS_MAX);
	for (uint32_t i = 0; in.why != NULL && i < in.n; i++)
		for (unsigned k = 0; k < DETAIL_COUNT; k++)
			must(!in.v[i].of[k].known);
	inspect_print(&in, said, sizeof(said));
	must(strlen(said) < sizeof(said));
	inspect_fini(&in);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t len)
{
	struct str text = str_of((const char *)p, len);
	const char *why = NULL;
	struct jdoc d;
	json_error_t e;
	json_t *other;

	if (len > INSPECT_PIECE_MAX)
		return 0;
	if (jdoc_read(text, &d, &why) == 0) {
		other = json_loadb(text.p, text.len, JSON_REJECT_DUPLICATES |
		    JSON_DECODE_ANY, &e);
		must(other != NULL || json_error_code(&e) ==
		    json_error_numeric_overflow);
		if (other != NULL)
			check_same(&d, &d.v[0], other);
		json_decref(other);
	} else {
		must(why != NULL);
	}
	jdoc_free(&d);
	inspect_all(text);
	return 0;
}
