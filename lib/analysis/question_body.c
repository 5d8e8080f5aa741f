/* question_body.c -- a request's body from what it is to ask for. */
#include <stdio.h>

#include "analysis/question.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/must.h"
#include "http/json.h"

enum part { BODY, GRAPHQL, RPC, MCP, TOOL, PARAMS, ARGUMENTS, PUSH, DELETE,
	PARTS };

static const char *const names[PARTS] = { [BODY] = "body",
	[GRAPHQL] = "graphql", [RPC] = "rpc", [MCP] = "mcp", [TOOL] = "tool",
	[PARAMS] = "params", [ARGUMENTS] = "arguments", [PUSH] = "push",
	[DELETE] = "delete" };

/* Those that begin a body, and what may stand beside each. */
#define BIT(part) (1U << (part))
static const unsigned beside[PARTS] = { [BODY] = 0, [GRAPHQL] = 0,
	[RPC] = BIT(PARAMS), [MCP] = BIT(PARAMS), [TOOL] = BIT(ARGUMENTS),
	[PUSH] = BIT(DELETE), [DELETE] = BIT(PUSH) };

struct parts {
	unsigned seen;
	struct str v[PARTS];
	struct buf out;
};

static void
put_text(struct json *j, const char *key, struct str value)
{
	json_str(j, key, value);
}

/* What is JSON already. */
static bool
put_raw(struct parts *p, const char *key, struct str value)
{
	return buf_printf(&p->out, ",\"%s\":%.*s", key, (int)value.len,
	    value.p);
}

static bool
put_graphql(struct parts *p)
{
	struct json j = { .out = &p->out };

	json_open(&j, NULL, '{');
	put_text(&j, "query", p->v[GRAPHQL]);
	json_close(&j, '}');
	return !j.over;
}

static bool
put_call(struct parts *p)
{
	bool tool = (p->seen & BIT(TOOL)) != 0;
	struct json j = { .out = &p->out };
	bool ok = true;

	json_open(&j, NULL, '{');
	put_text(&j, "jsonrpc", STR("2.0"));
	json_u64(&j, "id", 1);
	put_text(&j, "method", tool ? STR("tools/call") :
	    p->v[(p->seen & BIT(MCP)) != 0 ? MCP : RPC]);
	if ((p->seen & BIT(PARAMS)) != 0)
		ok = put_raw(p, "params", p->v[PARAMS]);
	if (tool) {
		json_open(&j, "params", '{');
		put_text(&j, "name", p->v[TOOL]);
		if ((p->seen & BIT(ARGUMENTS)) != 0)
			ok = put_raw(p, "arguments", p->v[ARGUMENTS]);
		json_close(&j, '}');
	}
	json_close(&j, '}');
	return ok && !j.over;
}

/* A line as git sends it; of what was there, and comes, nothing is said. */
static bool
put_command(struct parts *p, enum part part, struct str ref)
{
	static const char was[] = "1111111111111111111111111111111111111111";
	static const char is[] = "2222222222222222222222222222222222222222";
	static const char no[] = "0000000000000000000000000000000000000000";

	return buf_printf(&p->out, "%04zx%s %s %.*s", 4 + 82 + ref.len, was,
	    part == DELETE ? no : is, (int)ref.len, ref.p);
}

static int
take_word(struct parts *p, struct str word, struct err *e)
{
	struct str name, value;

	if (!str_cut(word, '=', &name, &value))
		return err_set(e, ERR_INPUT, "\"%s\" is not what a body asks "
		    "for: write tool=NAME, graphql=DOCUMENT or the like",
		    word.p);
	for (unsigned i = 0; i < PARTS; i++) {
		bool many = i == PUSH || i == DELETE;

		if (!str_eqz(name, names[i]))
			continue;
		if ((p->seen & BIT(i)) != 0 && !many)
			return err_set(e, ERR_INPUT, "%s stands there twice",
			    names[i]);
		p->seen |= BIT(i);
		p->v[i] = value;
		if (many && (value.len == 0 || value.len > 4096 ||
			!put_command(p, i, value)))
			return err_set(e, ERR_INPUT, "%s is not the name of "
			    "a ref", word.p);
		return 0;
	}
	return err_set(e, ERR_INPUT, "\"%.*s\" is nothing that a body asks "
	    "for: there are body, graphql, rpc, mcp, tool, push and delete",
	    (int)name.len, name.p);
}

static int
check_parts(const struct parts *p, struct err *e)
{
	for (unsigned i = 0; i < PARTS; i++) {
		bool begins = i != PARAMS && i != ARGUMENTS;

		if ((p->seen & BIT(i)) != 0 && begins)
			return (p->seen & ~(BIT(i) | beside[i])) == 0 ? 0 :
			    err_set(e, ERR_INPUT, "%s does not go with all "
			    "of what stands beside it", names[i]);
	}
	return err_set(e, ERR_INPUT, "params go with rpc or mcp, and "
	    "arguments with tool");
}

static bool
put_body(struct parts *p)
{
	if ((p->seen & BIT(BODY)) != 0)
		return buf_adds(&p->out, p->v[BODY]);
	if ((p->seen & BIT(GRAPHQL)) != 0)
		return put_graphql(p);
	if ((p->seen & (BIT(RPC) | BIT(MCP) | BIT(TOOL))) != 0)
		return put_call(p);
	return buf_addz(&p->out, "0000");
}

int
question_body(struct arena *a, const struct str *words, size_t n,
    struct question *q, struct err *e)
{
	struct parts p = { .seen = 0 };
	int rc = 0;

	buf_init(&p.out, 4 * (size_t)QUESTION_BYTES_MAX);
	for (size_t i = 0; i < n && rc == 0; i++)
		rc = take_word(&p, words[i], e);
	if (rc == 0)
		rc = check_parts(&p, e);
	if (rc == 0 && !put_body(&p))
		rc = err_set(e, ERR_LIMIT, "the body is too long");
	if (rc == 0) {
		char *text = arena_strdup(a, buf_str(&p.out));

		must(text != NULL);
		q->body = str_of(text, p.out.len);
		q->has_body = true;
	}
	buf_fini(&p.out);
	return rc;
}
