#include "analysis/command_examples.h"

#include "base/must.h"
#include "policy/match.h"

enum { ARGS_MAX = TOKENS_MAX + 4, EXAMPLE_MAX = 1024 };

struct argv { /* one on its way */
	struct str v[ARGS_MAX];
	uint32_t n;
};

struct giving {
	struct arena *arena;
	command_on *on;
	void *arg;
};

static void *
need(void *p)
{
	must(p != NULL);	/* the arena has no limit of its own */
	return p;
}

/* A text that the pattern matches, with `star' for what may be anything. */
static struct str
example(struct arena *a, struct str pattern, const char *star)
{
	char *out = need(arena_alloc(a, EXAMPLE_MAX, 1));
	size_t n = 0;

	for (size_t i = 0, len; i < pattern.len; i += len) {
		char c = pattern.p[i];

		len = match_op_len(str_from(pattern, i));
		if (len == 0 || n + strlen(star) + 2 > EXAMPLE_MAX)
			break;
		if (c == OP_DIRS)
			continue;
		if (c == OP_ONE)
			out[n++] = 'x';
		else if (c == OP_SET)
			out[n++] = pattern.p[i + 2];
		else if (c >= OP_STAR && c <= OP_LABEL)
			for (const char *s = star; *s != '\0'; s++)
				out[n++] = *s;
		else
			out[n++] = c;
	}
	return str_of(out, n);
}

static struct str
token_example(struct arena *a, const struct pol_token *t, const char *star)
{
	if (t->kind == TOKEN_ONE)
		return str_c(star);
	if (t->kind == TOKEN_OPTION && t->prefix.len > 0)
		return example(a, t->prefix, star);
	if (t->kind == TOKEN_OPTION && t->letters.len > 0)
		return str_c(need(arena_printf(a, "-%c", t->letters.p[0])));
	if (t->kind == TOKEN_OPTION)
		return t->longs.n > 0 ? str_c(need(arena_printf(a, "--%.*s",
		    (int)t->longs.v[0].len, t->longs.v[0].p))) : STR("-x");
	if (t->texts.n == 0)
		return t->prefix;
	if (t->kind == TOKEN_ATTACHED) {
		struct str path = example(a, t->texts.v[0], star);

		return str_c(need(arena_printf(a, "%.*s%.*s",
		    (int)t->prefix.len, t->prefix.p, (int)path.len,
		    path.p)));
	}
	return example(a, t->texts.v[0], star);
}

/* ---- giving them out */

static void
give(const struct giving *g, const struct argv *v)
{
	struct str *copy = need(arena_alloc(g->arena, v->n, sizeof(*copy)));

	for (uint32_t i = 0; i < v->n; i++)
		copy[i] = str_of(need(arena_strdup(g->arena, v->v[i])),
		    v->v[i].len);
	g->on(g->arg, copy, v->n);
}

/* The arguments, without the last, and with one more. */
static void
give_near(const struct giving *g, const struct argv *v)
{
	struct argv near = *v;

	give(g, v);
	if (v->n > 1) {
		near.n = v->n - 1;
		give(g, &near);
	}
	near.n = v->n;
	near.v[near.n++] = STR("x");
	give(g, &near);
	near.v[near.n - 1] = STR("--other");
	give(g, &near);
}

void
command_examples(struct arena *a, const struct pol_command *e, command_on *on,
    void *arg)
{
	static const char *const stars[] = { "x", "", "x/y", "/x" };
	struct giving g = { a, on, arg };
	struct argv bare = { { e->name }, 1 };

	give_near(&g, &bare);
	for (unsigned s = 0; s < 4 && e->ntokens > 0; s++) {
		struct argv v = { { e->name }, 1 };

		for (uint32_t i = 0; i < e->ntokens; i++)
			v.v[v.n++] = token_example(a, &e->tokens[i],
			    stars[s]);
		give_near(&g, &v);
	}
}
