/* need.c -- what an entry asks of a request beside host, method and path:
 * query, headers, graphql, json_rpc, mcp, git, sql. */
#include "base/compat.h"
#include "compile/check.h"
#include "compile/need.h"
#include "policy/match.h"

enum { NEEDS_MAX = 256 };	/* of one entry */

static bool
is_deny(const struct pol_rule *r)
{
	return (r->flags & RULE_DENY) != 0;
}

static bool
need_add(struct compile *c, const struct node *at, struct pol_rule *r,
    const struct pol_need *need)
{
	if (r->nneeds == NEEDS_MAX) {
		node_error(c, at, "an entry asks for more than %d things",
		    NEEDS_MAX);
		return false;
	}
	if ((r->nneeds & (r->nneeds - 1)) == 0) {
		struct pol_need *v = take_mem(c, 2 * (size_t)r->nneeds + 1,
		    sizeof(*v));

		if (r->nneeds > 0)
			memcpy(v, r->needs, r->nneeds * sizeof(*v));
		r->needs = v;
	}
	r->needs[r->nneeds++] = *need;
	return true;
}

/* ---- patterns of values */

/* '*' is any characters; in the older schema it may end at a dot, so that a
 * grant takes the narrow reading and a deny the wide one. */
static struct str
value_compile(struct compile *c, struct str s, char star)
{
	char *out = take_mem(c, 4 * s.len + 1, 1);
	size_t n = 0;

	for (size_t i = 0; i < s.len; i++) {
		if (s.p[i] == '*') {
			if (n == 0 || out[n - 1] != star)
				out[n++] = star;
		} else if (s.p[i] == '?') {
			memcpy(out + n, "\6\1\0\xff", 4); /* OP_SET, all */
			n += 4;
		} else {
			if (s.p[i] == '\\' && i + 1 < s.len)
				i++;
			out[n++] = s.p[i];
		}
	}
	return str_of(out, n);
}

static bool
is_path_like(const struct pol_need *need, struct str s)
{
	if (need->detail == DETAIL_GIT_REPOSITORY ||
	    need->detail == DETAIL_GIT_REF)
		return true;
	return (need->detail == DETAIL_MCP_ARGUMENT ||
	    need->detail == DETAIL_RPC_PARAM) &&
	    (str_has_prefix(s, STR("/")) || str_has_prefix(s, STR("**")));
}

/* A field is also all that is selected below it. */
static struct str
below_field(struct compile *c, struct str p)
{
	char *out = take_mem(c, p.len + 3, 1);

	memcpy(out, p.p, p.len);
	out[p.len] = '.';
	out[p.len + 1] = OP_SPAN;
	return str_of(out, p.len + 2);
}

static bool
take_pattern(struct compile *c, const struct node *n, struct pol_need *need,
    char star)
{
	struct str p;

	if (take_word(c, n, "a pattern") == NULL)
		return false;
	if (need->detail == DETAIL_GIT_REF &&
	    !str_has_prefix(n->text, STR("refs/")) && n->text.p[0] != '*') {
		node_error(c, n, "a ref is named in full: write "
		    "refs/heads/%.64s, or refs/tags/%.64s", n->text.p,
		    n->text.p);
		return false;
	}
	if (is_path_like(need, n->text)) {
		need->flags |= NEED_PATH;
		p = path_pattern(c, n->text);
	} else {
		p = value_compile(c, n->text, star);
	}
	if (p.len > PATTERN_BYTES_MAX) {
		node_error(c, n, "the pattern is too long");
		return false;
	}
	strs_add(c, &need->patterns, p);
	if (need->detail == DETAIL_GRAPHQL_FIELD)
		strs_add(c, &need->patterns, below_field(c, p));
	strs_add(c, &need->shown, n->text);
	return true;
}

static bool
take_patterns(struct compile *c, const struct node *n, struct pol_need *need,
    char star)
{
	bool ok = true;

	if (n->kind != NODE_LIST)
		return take_pattern(c, n, need, star);
	if (n->n == 0 || n->n > LIST_MAX) {
		node_error(c, n, "a list of patterns has 1 to %d items",
		    LIST_MAX);
		return false;
	}
	for (uint32_t i = 0; i < n->n; i++)
		ok = take_pattern(c, n->items[i], need, star) && ok;
	return ok;
}

/* ---- by name: query, headers, params, arguments */

struct value { /* {any: [...], optional: true, forbidden: true} */
	struct pol_need *need;
	bool deny;
	char star;
};

static void
on_any(struct compile *c, const struct node *n, void *arg)
{
	struct value *v = arg;

	(void)take_patterns(c, n, v->need, v->star); /* said if wrong */
}

static void
take_flag(struct compile *c, const struct node *n, struct value *v,
    unsigned flag, const char *instead)
{
	if (v->deny)
		node_error(c, n, "a deny is about what is there: %s", instead);
	else if (str_eqz(n->text, "true"))
		v->need->flags |= flag;
}

static void
on_optional(struct compile *c, const struct node *n, void *arg)
{
	take_flag(c, n, arg, NEED_OPTIONAL, "leave optional out");
}

static void
on_forbidden(struct compile *c, const struct node *n, void *arg)
{
	take_flag(c, n, arg, NEED_FORBIDDEN, "write \"*\" for any value");
}

static bool
take_value(struct compile *c, const struct node *n, struct pol_need *need,
    bool deny, char star)
{
	static const struct key keys[] = {
		{ "any", WANT_LIST, on_any, NULL },
		{ "glob", WANT_WORD, on_any, NULL },
		{ "optional", WANT_BOOL, on_optional, NULL },
		{ "forbidden", WANT_BOOL, on_forbidden, NULL },
	};
	struct value v = { need, deny, star };
	size_t before = c->diags->errors;

	if (n->kind != NODE_MAP)
		return take_patterns(c, n, need, star);
	check_map(c, n, keys, NELEM(keys), &v, "a value");
	if (c->diags->errors != before)
		return false;
	if ((need->flags & NEED_FORBIDDEN) != 0 && need->patterns.n > 0)
		node_error(c, n, "what is forbidden has no values: leave out "
		    "one of the two");
	else if (n->n == 0 || (map_find(n, "any") != NULL &&
	    map_find(n, "glob") != NULL))
		node_error(c, n, "a value is one of any, glob and forbidden");
	return c->diags->errors == before;
}

/* Fields that the proxy writes anew, or that end at it. */
static bool
is_own_field(struct str name)
{
	static const char *const own[] = { "host", "content-length",
		"transfer-encoding", "connection", "keep-alive", "te",
		"trailer", "upgrade", "expect", "http2-settings" };

	for (size_t i = 0; i < NELEM(own); i++)
		if (str_eqz(name, own[i]))
			return true;
	return str_has_prefix(name, STR("proxy-"));
}

static bool
field_name(struct compile *c, const struct node *key, struct str *out)
{
	char *p = take_mem(c, key->text.len + 1, 1);
	bool ok = key->text.len > 0;

	for (size_t i = 0; i < key->text.len; i++) {
		char ch = key->text.p[i];

		p[i] = ch >= 'A' && ch <= 'Z' ? (char)(ch | 0x20) : ch;
		ok = ok && ((p[i] >= 'a' && p[i] <= 'z') ||
		    (ch >= '0' && ch <= '9') ||
		    (ch != '\0' && strchr("!#$%&'*+-.^_`|~", ch) != NULL));
	}
	*out = str_of(p, key->text.len);
	if (!ok)
		node_error(c, key, "\"%.64s\" is not the name of a field",
		    key->text.p);
	else if (is_own_field(*out))
		node_error(c, key, "%s is written by the proxy itself: it "
		    "cannot be asked for", p);
	else
		return true;
	return false;
}

static bool
take_name(struct compile *c, const struct node *key, struct pol_need *need)
{
	if (str_eqz(key->text, "*")) {
		need->flags |= NEED_REST;
		return true;
	}
	if (need->detail == DETAIL_HEADER)
		return field_name(c, key, &need->name);
	if (take_word(c, key, "a name") == NULL)
		return false;
	need->name = key->text;
	return true;
}

void
need_named(struct compile *c, const struct node *n, struct pol_rule *r,
    enum detail detail, char star)
{
	if (!check_want(c, n, WANT_MAP, detail_table[detail].key))
		return;
	if (n->n == 0)
		node_error(c, n, "%s is empty: leave it out, or name "
		    "something", detail_table[detail].key);
	for (uint32_t i = 0; i < n->n; i++) {
		struct pol_need need = { .detail = detail };

		if (take_name(c, n->items[2 * i], &need) &&
		    take_value(c, n->items[2 * i + 1], &need, is_deny(r),
			star) &&
		    !need_add(c, n, r, &need))
			return;
	}
}

void
need_query(struct compile *c, const struct node *n, struct pol_rule *r)
{
	need_named(c, n, r, DETAIL_QUERY, OP_SPAN);
}

void
need_headers(struct compile *c, const struct node *n, struct pol_rule *r)
{
	need_named(c, n, r, DETAIL_HEADER, OP_SPAN);
}

/* ---- lists: of patterns, or of a few words */

void
need_list(struct compile *c, const struct node *n, struct pol_rule *r,
    enum detail detail, char star)
{
	struct pol_need need = { .detail = detail };

	if (take_patterns(c, n, &need, star))
		(void)need_add(c, n, r, &need); /* said if too many */
}

static const char *const graphql_operations[] = { "query", "mutation",
	"subscription", NULL };
static const char *const git_operations[] = { "fetch", "push", "delete",
	NULL };
static const char *const sql_statements[] = { "select", "insert", "update",
	"delete", "merge", "call", "copy", "create", "alter", "drop",
	"truncate", "grant", "revoke", "set", "begin", "commit", "rollback",
	"explain", "show", NULL };

static const char *const *
words_of(enum detail detail)
{
	return detail == DETAIL_GRAPHQL_OPERATION ? graphql_operations :
	    detail == DETAIL_GIT_OPERATION ? git_operations :
	    detail == DETAIL_SQL_STATEMENT ? sql_statements : NULL;
}

static void
need_part(struct compile *c, const struct node *n, struct pol_rule *r,
    enum detail detail)
{
	const char *const *words = words_of(detail);
	size_t before = c->diags->errors;

	if (detail == DETAIL_RPC_PARAM || detail == DETAIL_MCP_ARGUMENT) {
		need_named(c, n, r, detail, OP_SPAN);
		return;
	}
	if (!check_want(c, n, WANT_LIST, detail_table[detail].word))
		return;
	for (uint32_t i = 0; words != NULL && i < n->n; i++)
		(void)take_choice(c, n->items[i], words,
		    detail_table[detail].word); /* said if wrong */
	if (c->diags->errors == before)
		need_list(c, n, r, detail, OP_SPAN);
}

#define PART(id)							\
	static void							\
	on_##id(struct compile *c, const struct node *n, void *arg)	\
	{								\
		need_part(c, n, arg, DETAIL_##id);			\
	}
PART(GRAPHQL_OPERATION)
PART(GRAPHQL_NAME)
PART(GRAPHQL_FIELD)
PART(RPC_METHOD)
PART(RPC_PARAM)
PART(MCP_METHOD)
PART(MCP_TOOL)
PART(MCP_ARGUMENT)
PART(GIT_OPERATION)
PART(GIT_REPOSITORY)
PART(GIT_REF)
PART(SQL_STATEMENT)
PART(SQL_TABLE)
#undef PART

static void
take_parts(struct compile *c, const struct node *n, struct pol_rule *r,
    const struct key *keys, size_t nkeys, const char *what)
{
	check_map(c, n, keys, nkeys, r, what);
	if (n->kind == NODE_MAP && n->n == 0)
		node_error(c, n, "%s is empty: leave it out, or name "
		    "something", what);
}

static bool
has_need(const struct pol_rule *r, enum detail detail)
{
	for (uint32_t i = 0; i < r->nneeds; i++)
		if (r->needs[i].detail == detail)
			return true;
	return false;
}

/* Of a grant: a deny is about what is there. */
static void
flag_needs(struct pol_rule *r, enum detail detail, unsigned flag)
{
	for (uint32_t i = 0; i < r->nneeds && !is_deny(r); i++)
		if (r->needs[i].detail == detail)
			r->needs[i].flags |= flag;
}

void
need_graphql(struct compile *c, const struct node *n, struct pol_rule *r)
{
	static const struct key keys[] = {
		{ "operations", WANT_LIST, on_GRAPHQL_OPERATION, NULL },
		{ "names", WANT_LIST, on_GRAPHQL_NAME, NULL },
		{ "fields", WANT_LIST, on_GRAPHQL_FIELD, NULL },
	};

	take_parts(c, n, r, keys, NELEM(keys), "graphql");
}

void
need_json_rpc(struct compile *c, const struct node *n, struct pol_rule *r)
{
	static const struct key keys[] = {
		{ "methods", WANT_LIST, on_RPC_METHOD, NULL },
		{ "params", WANT_MAP, on_RPC_PARAM, NULL },
	};

	take_parts(c, n, r, keys, NELEM(keys), "json_rpc");
}

void
need_mcp(struct compile *c, const struct node *n, struct pol_rule *r)
{
	static const struct key keys[] = {
		{ "methods", WANT_LIST, on_MCP_METHOD, NULL },
		{ "tools", WANT_LIST, on_MCP_TOOL, NULL },
		{ "arguments", WANT_MAP, on_MCP_ARGUMENT, NULL },
	};

	take_parts(c, n, r, keys, NELEM(keys), "mcp");
	if (!has_need(r, DETAIL_MCP_METHOD))
		return;
	flag_needs(r, DETAIL_MCP_TOOL, NEED_CALL);
	flag_needs(r, DETAIL_MCP_ARGUMENT, NEED_CALL);
}

void
need_git(struct compile *c, const struct node *n, struct pol_rule *r)
{
	static const struct key keys[] = {
		{ "operations", WANT_LIST, on_GIT_OPERATION, NULL },
		{ "repositories", WANT_LIST, on_GIT_REPOSITORY, NULL },
		{ "refs", WANT_LIST, on_GIT_REF, NULL },
	};

	take_parts(c, n, r, keys, NELEM(keys), "git");
	flag_needs(r, DETAIL_GIT_REF, NEED_OPTIONAL); /* a fetch has none */
}

void
need_sql(struct compile *c, const struct node *n, struct pol_rule *r)
{
	static const struct key keys[] = {
		{ "statements", WANT_LIST, on_SQL_STATEMENT, NULL },
		{ "tables", WANT_LIST, on_SQL_TABLE, NULL },
	};

	take_parts(c, n, r, keys, NELEM(keys), "sql");
}
