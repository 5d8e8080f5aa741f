/* rpc.c -- JSON-RPC, and MCP, which is spoken in it. Each message of a batch
 * is a unit. */
#include <stdio.h>

#include "base/fold.h"
#include "base/must.h"
#include "inspect/parts.h"

enum { PATH_MAX_BYTES = 1024 };	/* of a name with its dots */

struct way { /* to a value, from the parameters on: "a.b" */
	char p[PATH_MAX_BYTES];
	size_t len;
};

static const char *const message_keys[] = { "jsonrpc", "method", "params",
	"id", "result", "error" };
static const char *const call_keys[] = { "name", "arguments", "_meta" };

static bool
asks(const struct inspect *in, uint32_t kind)
{
	return (in->head.kinds & kind) != 0;
}

static bool
odd(struct inspect *in, const char *why)
{
	(void)found_odd(in, why);
	return false;
}

/* ---- parameters by name */

static bool
way_add(struct way *w, struct str name)
{
	size_t dot = w->len > 0;

	if (sizeof(w->p) - w->len < name.len + dot)
		return false;
	if (dot)
		w->p[w->len] = '.';
	for (size_t i = 0; i < name.len; i++)
		w->p[w->len + dot + i] = name.p[i];
	w->len += dot + name.len;
	return true;
}

/* What a rule compares: a string, or what is written. An object stands there
 * as "{}", too, so that it is not taken for nothing. */
static struct str
shown(const struct jvalue *v)
{
	if (v->kind == JVALUE_OBJECT)
		return STR("{}");
	return v->kind == JVALUE_ARRAY ? STR("[]") : v->text;
}

/* With a dot in it, it would look like one inside another, and with "[]" like
 * one inside the items of a list. */
static bool
name_add(struct inspect *in, struct way *w, struct str name)
{
	if (str_index(name, '.') != name.len)
		return odd(in, "a name with a dot in it");
	if (memmem(name.p, name.len, "[]", 2) != NULL)
		return odd(in, "a name with [] in it");
	return way_add(w, name) || odd(in, "a name is too long");
}

/* Of a list's items that have names of their own: "a[].b" is not "a.b". */
static bool
item_add(struct inspect *in, struct way *w, const struct jvalue *item)
{
	if (item->kind != JVALUE_OBJECT ||
	    (w->len >= 2 && memcmp(w->p + w->len - 2, "[]", 2) == 0))
		return true;
	if (sizeof(w->p) - w->len < 2)
		return odd(in, "a name is too long");
	memcpy(w->p + w->len, "[]", 2);
	w->len += 2;
	return true;
}

/* As deep as the reader lets it. Items of an array have its name. */
static bool
put_value(struct inspect *in, struct inspect_unit *u, enum detail detail,
    const struct jdoc *d, const struct jvalue *v, struct way *w)
{
	bool list = v->kind == JVALUE_ARRAY;
	const struct jvalue *one = list || v->kind == JVALUE_OBJECT ?
	    jdoc_first(d, v) : NULL;

	if ((!list || one == NULL) && !unit_put(in, u, detail,
		str_of(w->p, w->len), shown(v)))
		return false;
	if (v->kind == JVALUE_OBJECT && v->twins)
		return odd(in, "two names differ in case alone");
	for (; one != NULL; one = jdoc_next(d, one)) {
		size_t len = w->len;

		if (list ? !item_add(in, w, one) :
			   !name_add(in, w, one->key))
			return false;
		if (!put_value(in, u, detail, d, one, w))
			return false;
		w->len = len;
	}
	return true;
}

static bool
put_members(struct inspect *in, struct inspect_unit *u, enum detail detail,
    const struct jdoc *d, const struct jvalue *of)
{
	uint32_t i = 0;

	unit_known(u, detail);
	if (of == NULL)
		return true;
	if (of->twins)
		return odd(in, "two names differ in case alone");
	for (const struct jvalue *v = jdoc_first(d, of); v != NULL;
	    v = jdoc_next(d, v), i++) {
		struct way w = { .len = 0 };
		char number[16];

		(void)snprintf(number, sizeof(number), "%u", i);
		if (!name_add(in, &w, of->kind == JVALUE_ARRAY ?
			str_c(number) : v->key))
			return false;
		if (!put_value(in, u, detail, d, v, &w))
			return false;
	}
	return true;
}

/* ---- one message */

static enum found
mcp_call(struct inspect *in, struct inspect_unit *u, const struct jdoc *d,
    const struct jvalue *params)
{
	const struct jvalue *name, *args;

	if (params == NULL || params->kind != JVALUE_OBJECT ||
	    keys_are_odd(d, params, call_keys, NELEM(call_keys)))
		return found_odd(in, "a call of a tool that is none");
	name = jdoc_find(d, params, "name");
	args = jdoc_find(d, params, "arguments");
	if (name == NULL || name->kind != JVALUE_STRING)
		return found_odd(in, "a call of a tool without its name");
	if (args != NULL && args->kind != JVALUE_OBJECT)
		return found_odd(in, "arguments of a tool that are none");
	unit_say(in, u, STR("tools/call"), name->text);
	if (!unit_put(in, u, DETAIL_MCP_TOOL, STR(""), name->text) ||
	    !put_members(in, u, DETAIL_MCP_ARGUMENT, d, args))
		return FOUND_ODD;
	return FOUND_SOME;
}

static enum found
mcp_message(struct inspect *in, struct inspect_unit *u, const struct jdoc *d,
    struct str method, const struct jvalue *params)
{
	static const struct str call = { "tools/call", 10 };

	unit_known(u, DETAIL_MCP_TOOL);
	unit_known(u, DETAIL_MCP_ARGUMENT);
	if (!unit_put(in, u, DETAIL_MCP_METHOD, STR(""), method))
		return FOUND_ODD;
	if (str_eq(method, call))
		return mcp_call(in, u, d, params);
	if (fold_same(method, call))
		return found_odd(in, "a method that is nearly tools/call");
	return FOUND_SOME;
}

/* To a request of the server's own. Rules know it by the word "response",
 * which is no method of MCP. */
static enum found
response(struct inspect *in, struct inspect_unit *u, const struct jdoc *d,
    const struct jvalue *m)
{
	if ((jdoc_find(d, m, "result") == NULL) ==
	    (jdoc_find(d, m, "error") == NULL) ||
	    jdoc_find(d, m, "id") == NULL)
		return found_odd(in, "a message without a method");
	unit_say(in, u, STR("response"), STR(""));
	if (asks(in, INSPECT_RPC))
		return found_odd(in, "a message without a method");
	return mcp_message(in, u, d, STR("response"), NULL);
}

static enum found
read_message(struct inspect *in, const struct jdoc *d,
    const struct jvalue *m)
{
	const struct jvalue *method = jdoc_find(d, m, "method");
	const struct jvalue *params = jdoc_find(d, m, "params");
	const struct jvalue *version = jdoc_find(d, m, "jsonrpc");
	struct inspect_unit *u = unit_add(in);
	enum found found = FOUND_SOME;

	if (u == NULL)
		return FOUND_ODD;
	if (asks(in, INSPECT_MCP) && (version == NULL ||
	    version->kind != JVALUE_STRING || !str_eqz(version->text, "2.0")))
		return found_odd(in, "a message that is not of JSON-RPC 2.0");
	if (method == NULL)
		return response(in, u, d, m);
	if (method->kind != JVALUE_STRING)
		return found_odd(in, "a method that is no string");
	if (params != NULL && params->kind != JVALUE_OBJECT &&
	    params->kind != JVALUE_ARRAY)
		return found_odd(in, "parameters that are none");
	unit_say(in, u, method->text, STR(""));
	if (asks(in, INSPECT_MCP))
		found = mcp_message(in, u, d, method->text, params);
	if (found != FOUND_SOME || !asks(in, INSPECT_RPC))
		return found;
	return unit_put(in, u, DETAIL_RPC_METHOD, STR(""), method->text) &&
	    put_members(in, u, DETAIL_RPC_PARAM, d, params) ? FOUND_SOME :
	    FOUND_ODD;
}

/* ---- the body */

/* Does it look like one, to whatever reader? */
static bool
may_be_message(const struct jdoc *d, const struct jvalue *m)
{
	for (const struct jvalue *v = jdoc_first(d, m); v != NULL;
	    v = jdoc_next(d, v))
		for (size_t i = 0; i < 2; i++)
			if (fold_same(v->key, str_c(message_keys[i])))
				return true;
	return false;
}

static enum found
one_message(struct inspect *in, const struct jdoc *d,
    const struct jvalue *m)
{
	if (m->kind != JVALUE_OBJECT)
		return FOUND_NONE;
	if (!may_be_message(d, m))
		return FOUND_NONE;
	if (keys_are_odd(d, m, message_keys, NELEM(message_keys)))
		return found_odd(in, "a message with keys that differ in "
		    "case alone");
	return read_message(in, d, m);
}

enum found
rpc_body(struct inspect *in, const struct jdoc *d)
{
	if (rpc_in_target(in))
		return found_odd(in, "a call in the target of the request");
	return found_batch(in, d, one_message,
	    "a batch in which not all are messages");
}
