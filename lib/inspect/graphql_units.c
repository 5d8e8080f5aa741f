/* graphql_units.c -- GraphQL over HTTP: where the document is in a request,
 * and its operations as units. */
#include "base/fold.h"
#include "base/limits.h"
#include "inspect/graphql.h"
#include "inspect/parts.h"

static const char *const request_keys[] = { "query", "operationName",
	"variables", "extensions" };
/* What asks a server for a document that it has already. */
static const char *const stored_keys[] = { "documentId", "doc_id", "queryId",
	"sha256Hash", "hash", "extensions" };

static bool
put_operation(struct inspect *in, const struct graphql *g,
    const struct graphql_operation *op)
{
	struct inspect_unit *u = unit_add(in);

	if (u == NULL)
		return false;
	unit_say(in, u, op->kind, op->name.len > 0 ? op->name :
	    str_upto(graphql_path(g, op->first), 60));
	for (uint32_t i = 0; i < op->n; i++)
		if (!unit_put(in, u, DETAIL_GRAPHQL_FIELD, STR(""),
			graphql_path(g, op->first + i)))
			return false;
	return unit_put(in, u, DETAIL_GRAPHQL_OPERATION, STR(""), op->kind) &&
	    unit_put(in, u, DETAIL_GRAPHQL_NAME, STR(""), op->name);
}

/* Which one a server executes is up to it: each counts. */
enum found
graphql_text(struct inspect *in, struct str text)
{
	const char *why = NULL;
	enum found found = FOUND_SOME;
	struct graphql g;

	if (graphql_read(text, &g, &why) == -1)
		found = found_odd(in, why);
	for (uint32_t i = 0; found == FOUND_SOME && i < g.noperations; i++)
		if (!put_operation(in, &g, &g.operations[i]))
			found = FOUND_ODD;
	graphql_free(&g);
	return found;
}

/* Are all keys those of a request, as written? */
static bool
keys_are_plain(const struct jdoc *d, const struct jvalue *o)
{
	for (const struct jvalue *v = jdoc_first(d, o); v != NULL;
	    v = jdoc_next(d, v)) {
		bool known = false;

		for (size_t i = 0; i < NELEM(request_keys); i++)
			known |= str_eqz(v->key, request_keys[i]);
		if (!known)
			return false;
	}
	return true;
}

static bool
has_like(const struct jdoc *d, const struct jvalue *o, const char *const *keys,
    size_t n)
{
	for (const struct jvalue *v = jdoc_first(d, o); v != NULL;
	    v = jdoc_next(d, v))
		for (size_t i = 0; i < n; i++)
			if (fold_same(v->key, str_c(keys[i])))
				return true;
	return false;
}

/* Nothing but an id, and what goes with an operation? Much else has one. */
static bool
is_id_alone(const struct jdoc *d, const struct jvalue *o)
{
	static const char *const id[] = { "id" };
	bool alone = has_like(d, o, id, 1);

	for (const struct jvalue *v = jdoc_first(d, o); v != NULL;
	    v = jdoc_next(d, v)) {
		bool known = fold_same(v->key, str_c(id[0]));

		for (size_t i = 0; i < NELEM(request_keys); i++)
			known |= fold_same(v->key, str_c(request_keys[i]));
		alone = alone && known;
	}
	return alone;
}

static bool
kind_is(const struct jvalue *v, enum jkind kind)
{
	return v == NULL || v->kind == JVALUE_NULL || v->kind == kind;
}

static enum found
one_request(struct inspect *in, const struct jdoc *d, const struct jvalue *o)
{
	const struct jvalue *query = jdoc_find(d, o, "query");
	const struct jvalue *extensions = jdoc_find(d, o, "extensions");

	if (o->kind != JVALUE_OBJECT)
		return FOUND_NONE;
	if (query == NULL && (is_id_alone(d, o) ||
		has_like(d, o, stored_keys, NELEM(stored_keys))))
		return found_odd(in, "it may ask for a stored operation, "
		    "which only the server knows");
	if (query == NULL && !has_like(d, o, request_keys, 2))
		return FOUND_NONE;
	if (query == NULL || query->kind != JVALUE_STRING ||
	    !keys_are_plain(d, o))
		return found_odd(in, "a request with other keys than query, "
		    "operationName, variables and extensions");
	if (!kind_is(jdoc_find(d, o, "operationName"), JVALUE_STRING) ||
	    !kind_is(jdoc_find(d, o, "variables"), JVALUE_OBJECT) ||
	    !kind_is(extensions, JVALUE_OBJECT))
		return found_odd(in, "a request whose parts are of another "
		    "kind");
	if (extensions != NULL && has_like(d, extensions,
		(const char *const[]){ "persistedQuery" }, 1))
		return found_odd(in, "it names a stored operation, which only "
		    "the server knows");
	return graphql_text(in, query->text);
}

static bool
in_target(const struct inspect *in)
{
	struct str rest = in->head.query;
	char text[HTTP_TARGET_BYTES_MAX];
	struct detail_pair one;
	bool bad = false;

	while (detail_query_next(&rest, text, &one, &bad)) {
		for (size_t i = 0; i < NELEM(request_keys); i++)
			if (fold_same(one.name, str_c(request_keys[i])))
				return true;
		for (size_t i = 0; i < NELEM(stored_keys); i++)
			if (fold_same(one.name,
				str_c(stored_keys[i])))
				return true;
	}
	return bad;
}

/* A batch is an array of requests. */
enum found
graphql_body(struct inspect *in, const struct jdoc *d)
{
	if (in_target(in))
		return found_odd(in, "a part of the operation is in the "
		    "target of the request");
	return found_batch(in, d, one_request,
	    "a batch in which not all are requests");
}

/* GET /graphql?query=... */
enum found
graphql_query(struct inspect *in)
{
	struct str rest = in->head.query, query = { "", 0 };
	char text[HTTP_TARGET_BYTES_MAX], other[HTTP_TARGET_BYTES_MAX];
	struct detail_pair one;
	bool bad = false, seen = false;

	if (!in_target(in))
		return FOUND_NONE;
	if (!str_eqz(in->head.method, "GET"))
		return found_odd(in, "an operation in the target of a "
		    "request that is no GET");
	while (detail_query_next(&rest, seen ? other : text, &one, &bad)) {
		bool is_query = str_eqz(one.name, "query");

		if (is_query && !seen) {
			seen = true;
			query = one.value;
			continue;
		}
		if (!str_eqz(one.name, "operationName") &&
		    !str_eqz(one.name, "variables"))
			bad = true;	/* twice, or something stored */
	}
	if (bad || !seen)
		return found_odd(in, "a target with other parts than query, "
		    "operationName and variables");
	return graphql_text(in, query);
}

/* ---- in messages: graphql-transport-ws and the older graphql-ws */

static bool
is_one_of(struct str s, const char *const *words, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (str_eqz(s, words[i]))
			return true;
	return false;
}

static enum found
enveloped(struct inspect *in, const struct jdoc *d, const struct jvalue *o,
    struct str type)
{
	static const char *const keys[] = { "type", "id", "payload" };
	static const char *const starts[] = { "subscribe", "start" };
	static const char *const others[] = { "connection_init", "ping",
		"pong", "complete", "stop", "connection_terminate" };
	const struct jvalue *payload = jdoc_find(d, o, "payload");

	for (const struct jvalue *v = jdoc_first(d, o); v != NULL;
	    v = jdoc_next(d, v))
		if (!is_one_of(v->key, keys, NELEM(keys)))
			return found_odd(in, "a message with other keys than "
			    "type, id and payload");
	if (is_one_of(type, others, NELEM(others))) {
		in->asks_nothing = true;
		return FOUND_NONE;
	}
	if (!is_one_of(type, starts, NELEM(starts)))
		return found_odd(in, "a message whose type is none of "
		    "GraphQL over WebSocket");
	if (payload == NULL || one_request(in, d, payload) != FOUND_SOME)
		return found_odd(in, "a message that begins an operation "
		    "without one");
	return FOUND_SOME;
}

enum found
graphql_message(struct inspect *in, const struct jdoc *d)
{
	static const char *const type_key[] = { "type" };
	const struct jvalue *whole = &d->v[0];
	const struct jvalue *type;

	if (whole->kind != JVALUE_OBJECT ||
	    !has_like(d, whole, type_key, NELEM(type_key)))
		return graphql_body(in, d);
	type = jdoc_find(d, whole, "type");
	if (type == NULL || type->kind != JVALUE_STRING)
		return found_odd(in, "a message whose type is no text");
	return enveloped(in, d, whole, type->text);
}
