#include "inspect/inspect.h"

#include <stdlib.h>
#include <string.h>

#include "base/fold.h"
#include "base/limits.h"
#include "base/must.h"
#include "inspect/parts.h"

static const struct {
	enum detail detail;
	uint32_t kind;
} kinds[] = {
	{ DETAIL_GRAPHQL_OPERATION, INSPECT_GRAPHQL },
	{ DETAIL_GRAPHQL_NAME, INSPECT_GRAPHQL },
	{ DETAIL_GRAPHQL_FIELD, INSPECT_GRAPHQL },
	{ DETAIL_RPC_METHOD, INSPECT_RPC },
	{ DETAIL_RPC_PARAM, INSPECT_RPC },
	{ DETAIL_MCP_METHOD, INSPECT_MCP },
	{ DETAIL_MCP_TOOL, INSPECT_MCP },
	{ DETAIL_MCP_ARGUMENT, INSPECT_MCP },
	{ DETAIL_GIT_OPERATION, INSPECT_GIT },
	{ DETAIL_GIT_REF, INSPECT_GIT },
};

uint32_t
inspect_kinds(uint32_t details)
{
	uint32_t out = 0;

	for (size_t i = 0; i < NELEM(kinds); i++)
		if ((details >> kinds[i].detail & 1) != 0)
			out |= kinds[i].kind;
	return out;
}

/* ---- units */

enum found
found_odd(struct inspect *in, const char *why)
{
	if (in->why == NULL)
		in->why = why;
	return FOUND_ODD;
}

enum found
found_batch(struct inspect *in, const struct jdoc *d, found_one *one,
    const char *mixed)
{
	const struct jvalue *whole = &d->v[0];
	enum found all = FOUND_NONE;
	bool none = false;

	if (whole->kind != JVALUE_ARRAY)
		return one(in, d, whole);
	for (const struct jvalue *v = jdoc_first(d, whole); v != NULL;
	    v = jdoc_next(d, v)) {
		enum found found = one(in, d, v);

		if (found == FOUND_ODD)
			return found;
		none |= found == FOUND_NONE;
		if (found == FOUND_SOME)
			all = found;
	}
	return all == FOUND_SOME && none ? found_odd(in, mixed) : all;
}

struct inspect_unit *
unit_add(struct inspect *in)
{
	if (in->n == INSPECT_UNITS_MAX) {
		(void)found_odd(in, "it asks for too much at once");
		return NULL;
	}
	if ((in->n & (in->n - 1)) == 0)
		in->v = mem_grow(in->v, in->n == 0 ? 1 : 2 * (size_t)in->n,
		    sizeof(*in->v));
	memset(&in->v[in->n], 0, sizeof(*in->v));
	return &in->v[in->n++];
}

void
unit_known(struct inspect_unit *u, enum detail detail)
{
	u->of[detail].known = true;
}

bool
unit_put(struct inspect *in, struct inspect_unit *u, enum detail detail,
    struct str name, struct str value)
{
	struct detail_list *l = &u->of[detail];
	struct detail_pair *v;
	char *a, *b;

	if (in->npairs == INSPECT_PAIRS_MAX) {
		(void)found_odd(in, "it asks for too much at once");
		return false;
	}
	in->npairs++;
	a = arena_strdup(&in->arena, name);
	b = arena_strdup(&in->arena, value);
	must(a != NULL && b != NULL);	/* it has no limit of its own */
	if ((l->n & (l->n - 1)) == 0) {	/* full at every power of two */
		v = arena_alloc(&in->arena, l->n == 0 ? 1 :
		    2 * (size_t)l->n, sizeof(*v));
		must(v != NULL);
		if (l->n > 0)
			memcpy(v, l->v, l->n * sizeof(*v));
		l->v = v;
	}
	memcpy(&v, &l->v, sizeof(v));	/* ours, and not yet lent */
	v[l->n++] = (struct detail_pair){ str_of(a, name.len),
		str_of(b, value.len) };
	l->known = true;
	return true;
}

void
unit_say(struct inspect *in, struct inspect_unit *u, struct str a,
    struct str b)
{
	char *p = arena_printf(&in->arena, "%.*s%s%.*s", (int)a.len, a.p,
	    b.len > 0 ? " " : "", (int)b.len, b.p);

	must(p != NULL);
	u->says = str_c(p);
}

bool
keys_are_odd(const struct jdoc *d, const struct jvalue *object,
    const char *const *known, size_t n)
{
	if (object->twins)
		return true;
	for (const struct jvalue *v = jdoc_first(d, object); v != NULL;
	    v = jdoc_next(d, v))
		for (size_t i = 0; i < n; i++)
			if (fold_same(v->key, str_c(known[i])) &&
			    !str_eqz(v->key, known[i]))
				return true;
	return false;
}

/* ---- what is known without a body */

static bool
asks(const struct inspect *in, uint32_t kind)
{
	return (in->head.kinds & kind) != 0;
}

static bool
is(struct str s, const char *z)
{
	return str_eqz(s, z);
}

static bool
is_push(const struct inspect_head *h)
{
	return is(h->method, "POST") &&
	    str_has_suffix(h->path, STR("/git-receive-pack"));
}

static void
kind_known(struct inspect_unit *u, uint32_t kind)
{
	for (size_t i = 0; i < NELEM(kinds); i++)
		if (kinds[i].kind == kind)
			unit_known(u, kinds[i].detail);
}

static void
all_known(struct inspect *in, uint32_t kind)
{
	for (uint32_t i = 0; i < in->n; i++)
		kind_known(&in->v[i], kind);
}

static bool
has_query(const struct inspect_head *h, const char *const *names, size_t n)
{
	struct str rest = h->query;
	char text[HTTP_TARGET_BYTES_MAX];
	struct detail_pair one;
	bool bad = false;

	while (detail_query_next(&rest, text, &one, &bad))
		for (size_t i = 0; i < n; i++)
			if (fold_same(one.name, str_c(names[i])))
				return true;
	return bad;
}

bool
rpc_in_target(const struct inspect *in)
{
	static const char *const names[] = { "method", "params", "jsonrpc" };

	return has_query(&in->head, names, NELEM(names));
}

static void
rpc_without_body(struct inspect *in)
{
	if (rpc_in_target(in))
		(void)found_odd(in, "a call in the target of the request");
	else
		all_known(in, INSPECT_RPC);
}

/* A GET opens a stream, a DELETE ends a session: rules name them by these
 * words, which are no methods of MCP. */
static void
mcp_without_body(struct inspect *in)
{
	all_known(in, INSPECT_MCP);
	if (!is(in->head.method, "GET") && !is(in->head.method, "DELETE"))
		return;
	for (uint32_t i = 0; i < in->n; i++) {
		struct inspect_unit *u = &in->v[i];

		(void)unit_put(in, u, DETAIL_MCP_METHOD, STR(""),
		    in->head.method); /* else it is not known */
		if (u->says.len == 0)
			unit_say(in, u, in->head.method, STR(""));
	}
}

static void
without_body(struct inspect *in)
{
	enum found graphql = asks(in, INSPECT_GRAPHQL) ? graphql_query(in) :
	    FOUND_NONE;

	if (in->n == 0)
		(void)unit_add(in);	/* there is room for one */
	if (asks(in, INSPECT_GRAPHQL) && graphql == FOUND_NONE)
		all_known(in, INSPECT_GRAPHQL);
	if (asks(in, INSPECT_RPC))
		rpc_without_body(in);
	if (asks(in, INSPECT_MCP))
		mcp_without_body(in);
}

/* ---- bodies */

static const char too_long[] = "its body has more than a mebibyte";

/* Nothing of what is asked is known. */
void
inspect_give_up(struct inspect *in, const char *why)
{
	(void)found_odd(in, why);
	in->asks_nothing = false;
	in->n = 0;
	(void)unit_add(in);	/* there is room for one */
	in->over = true;
}

/* "application/json", and no charset but UTF-8. */
static bool
type_is(struct str type, const char *want)
{
	struct str kind, rest = { "", 0 };

	if (!str_cut(type, ';', &kind, &rest))
		kind = type;
	if (!str_case_eq(str_trim(kind), str_c(want)))
		return false;
	rest = str_trim(rest);
	return rest.len == 0 || str_case_eq(rest, STR("charset=utf-8")) ||
	    str_case_eq(rest, STR("charset=\"utf-8\""));
}

static const char *
body_fault(const struct inspect_head *h)
{
	if (h->twice)
		return "it says twice what its body is";
	if (h->encoding.len > 0 && !str_case_eq(h->encoding, STR("identity")))
		return "its body is compressed";
	if (h->websocket)
		return "it becomes a WebSocket";
	if (!is(h->method, "POST"))
		return "it has a body and is no POST";
	return NULL;
}

/* How much is held at most. */
static size_t
held_max(const struct inspect *in)
{
	return asks(in, INSPECT_WHOLE) ? INSPECT_WHOLE_MAX : INSPECT_BODY_MAX;
}

/* Nothing that it says is asked for. */
static bool
is_only_held(const struct inspect *in)
{
	return in->head.kinds == INSPECT_WHOLE;
}

void
inspect_begin(struct inspect *in, const struct inspect_head *h)
{
	const char *fault = body_fault(h);

	*in = (struct inspect){ .head = *h };
	/* More than that is held where the request goes on all the same. */
	buf_init(&in->held, held_max(in) + INSPECT_PIECE_MAX);
	if (is_only_held(in)) {
		(void)unit_add(in);
		in->over = h->websocket || !h->body ||
		    h->length > INSPECT_WHOLE_MAX;
		return;
	}
	if (asks(in, INSPECT_GIT) && !is_push(h)) {
		in->head.kinds &= ~(uint32_t)INSPECT_GIT;
		if (in->head.kinds == 0) {
			(void)unit_add(in);
			in->over = true;
			return;
		}
	}
	if (h->websocket) {
		inspect_give_up(in, fault);
	} else if (!h->body) {
		without_body(in);
		in->over = true;
	} else if (fault != NULL) {
		inspect_give_up(in, fault);
	} else if (!asks(in, INSPECT_GIT) && h->length > held_max(in)) {
		inspect_give_up(in, too_long);
	}
}

void
inspect_feed(struct inspect *in, struct str bytes)
{
	if (in->over)
		return;
	must(buf_adds(&in->held, bytes));
	if (in->held.len > held_max(in)) {
		if (is_only_held(in))
			in->over = true;
		else
			inspect_give_up(in, too_long);
		return;
	}
	if (asks(in, INSPECT_GIT))
		git_push(in, false);
}

/* A text that is both would be judged as one and read as the other. */
void
inspect_json(struct inspect *in, struct str text,
    enum found (*graphql_of)(struct inspect *in, const struct jdoc *d))
{
	enum found graphql = FOUND_NONE, rpc = FOUND_NONE;
	const char *why = NULL;
	struct jdoc d;

	if (jdoc_read(text, &d, &why) == -1) {
		jdoc_free(&d);
		inspect_give_up(in, why);
		return;
	}
	if (asks(in, INSPECT_GRAPHQL))
		graphql = graphql_of(in, &d);
	if (asks(in, INSPECT_RPC | INSPECT_MCP))
		rpc = rpc_body(in, &d);
	jdoc_free(&d);
	if (graphql == FOUND_ODD || rpc == FOUND_ODD) {
		inspect_give_up(in, in->why);
		return;
	}
	if (rpc == FOUND_SOME && (graphql == FOUND_SOME || in->asks_nothing)) {
		inspect_give_up(in,
		    "it can be read as GraphQL and as a call");
		return;
	}
	if (in->asks_nothing)
		return;
	if (in->n == 0)
		(void)unit_add(in);
	if (graphql == FOUND_NONE && asks(in, INSPECT_GRAPHQL))
		all_known(in, INSPECT_GRAPHQL);
	if (rpc == FOUND_NONE && asks(in, INSPECT_RPC))
		all_known(in, INSPECT_RPC);
	if (rpc == FOUND_NONE && asks(in, INSPECT_MCP))
		all_known(in, INSPECT_MCP);
}

void
inspect_close(struct inspect *in)
{
	const struct inspect_head *h = &in->head;

	if (in->over)
		return;
	if (is_only_held(in)) {
		in->over = true;
	} else if (asks(in, INSPECT_GIT)) {
		git_push(in, true);
	} else if ((h->kinds & ~(uint32_t)INSPECT_WHOLE) == INSPECT_GRAPHQL &&
	    type_is(h->type, "application/graphql")) {
		if (graphql_text(in, buf_str(&in->held)) != FOUND_SOME)
			inspect_give_up(in, in->why);
	} else if (type_is(h->type, "application/json")) {
		inspect_json(in, buf_str(&in->held), graphql_body);
	} else {
		inspect_give_up(in, "its body is not said to be JSON in UTF-8 "
		    "(Content-Type: application/json)");
	}
	in->over = true;
}

void
inspect_fini(struct inspect *in)
{
	buf_fini(&in->held);
	arena_fini(&in->arena);
	free(in->v);
	*in = (struct inspect){ .n = 0 };
}

void
inspect_details(const struct inspect *in, uint32_t i, struct net_details *to)
{
	for (size_t k = 0; k < NELEM(kinds); k++)
		if (asks(in, kinds[k].kind))
			to->of[kinds[k].detail] = in->v[i].of[kinds[k].detail];
}

void
inspect_print(const struct inspect *in, char *out, size_t cap)
{
	size_t len = 0;

	out[0] = '\0';
	for (uint32_t i = 0; i < in->n && len + 8 < cap; i++) {
		struct str s = str_upto(in->v[i].says, cap - len - 4);

		if (s.len == 0)
			continue;
		if (len > 0) {
			out[len++] = ',';
			out[len++] = ' ';
		}
		for (size_t k = 0; k < s.len; k++, len++)
			out[len] = s.p[k] >= 0x20 && s.p[k] < 0x7f ?
			    s.p[k] : '?';
		out[len] = '\0';
	}
}
