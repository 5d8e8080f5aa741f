/* content.c -- what a request's body is, in questions. */
#include "analysis/question.h"
#include "base/err.h"
#include "base/must.h"

static void *
need(void *p)
{
	must(p != NULL);	/* the arena has no limit of its own */
	return p;
}

bool
question_knows(enum detail detail)
{
	return detail >= DETAIL_GRAPHQL_OPERATION &&
	    detail <= DETAIL_MCP_ARGUMENT;
}

uint32_t
question_read(enum detail detail)
{
	uint32_t set = 0;

	for (unsigned i = 0; i < DETAIL_COUNT; i++)
		if (question_knows((enum detail)i) &&
		    strcmp(detail_table[i].key, detail_table[detail].key) ==
		    0)
			set |= UINT32_C(1) << i;
	return set;
}

static bool
has_names(enum detail detail)
{
	return detail == DETAIL_RPC_PARAM || detail == DETAIL_MCP_ARGUMENT;
}

/* What stands before the "=". */
static bool
find(struct str name, struct detail_value *out)
{
	struct str key, rest;

	if (!str_cut(name, '.', &key, &rest))
		return false;
	for (unsigned i = 0; i < DETAIL_COUNT; i++) {
		const struct detail_info *d = &detail_table[i];
		struct str word = rest, own = STR("");

		out->detail = (enum detail)i;
		if (!question_knows(out->detail) || !str_eqz(key, d->key))
			continue;
		if (has_names(out->detail))
			(void)str_cut(rest, '.', &word, &own);
		if (!str_eqz(word, d->word) ||
		    has_names(out->detail) != (own.len > 0))
			continue;
		out->name = own;
		return true;
	}
	return false;
}

static uint32_t
whole(struct str key)
{
	for (unsigned i = 0; i < DETAIL_COUNT; i++)
		if (question_knows((enum detail)i) &&
		    str_eqz(key, detail_table[i].key))
			return question_read((enum detail)i);
	return 0;
}

static struct str
copy(struct arena *a, struct str s)
{
	return str_of(need(arena_strdup(a, s)), s.len);
}

int
question_content(struct arena *a, struct str word, struct question *q,
    struct err *e)
{
	struct detail_value v;
	struct str name, value;

	if (!str_cut(word, '=', &name, &value) && whole(word) != 0) {
		q->read |= whole(word);
		return 0;
	}
	if (str_index(word, '=') == word.len || !find(name, &v))
		return err_set(e, ERR_INPUT, "\"%.*s\" is no content: write "
		    "as mcp.tools=NAME, mcp.arguments.NAME=VALUE, "
		    "graphql.operations=query, json_rpc.methods=NAME",
		    (int)word.len, word.p);
	if (q->content == NULL)
		q->content = need(arena_alloc(a, QUESTION_FIELDS_MAX,
		    sizeof(*q->content)));
	if (q->ncontent == QUESTION_FIELDS_MAX)
		return err_set(e, ERR_LIMIT, "more than %d parts of content",
		    QUESTION_FIELDS_MAX);
	v.name = copy(a, v.name);
	v.value = copy(a, value);
	q->content[q->ncontent++] = v;
	q->read |= question_read(v.detail);
	return 0;
}

struct str
question_content_print(struct arena *a, const struct detail_value *v)
{
	const struct detail_info *d = &detail_table[v->detail];

	return str_c(need(arena_printf(a, "%s.%s%s%.*s=%.*s", d->key, d->word,
	    v->name.len > 0 ? "." : "", (int)v->name.len, v->name.p,
	    (int)v->value.len, v->value.p)));
}
