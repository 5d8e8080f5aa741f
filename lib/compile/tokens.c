/* tokens.c -- what stands behind a command's name: the pattern of its
 * arguments, word by word. */
#include "base/compat.h"
#include "compile/commands.h"
#include "policy/match.h"

static struct pol_token *
token_add(struct compile *c, struct pol_command *e, enum token_kind kind,
    struct str shown)
{
	struct pol_token *t;

	if (e->tokens == NULL)
		e->tokens = take_mem(c, TOKENS_MAX, sizeof(*e->tokens));
	t = &e->tokens[e->ntokens++];
	*t = (struct pol_token){ .kind = kind, .shown = take_copy(c, shown) };
	return t;
}

/* ---- one word */

static struct str
glob_form(struct compile *c, struct str s)
{
	char *out = take_mem(c, s.len + 1, 1);
	size_t n = 0;

	for (size_t i = 0; i < s.len; i++)
		if (s.p[i] != '*')
			out[n++] = s.p[i];
		else if (n == 0 || out[n - 1] != OP_SPAN)
			out[n++] = OP_SPAN;
	return str_of(out, n);
}

static bool
is_path(struct str s)
{
	return str_has_prefix(s, STR("/")) || str_has_prefix(s, STR("**"));
}

/* Where a path begins behind an option's name: "--out=/x", "-I/x"; 0: there
 * is none. */
static size_t
attached_at(struct str s)
{
	size_t eq = str_index(s, '=');

	if (s.len > 2 && s.p[0] == '-' && s.p[1] != '-' &&
	    is_path(str_from(s, 2)))
		return 2;
	if (eq > 0 && eq < s.len && is_path(str_from(s, eq + 1)))
		return eq + 1;
	return 0;
}

/* A directory's pattern is its tree's too. */
static void
path_texts(struct compile *c, const struct pol_file *f, bool deny,
    struct strs *out)
{
	char *tree = take_mem(c, f->base.len + 3, 1);

	if (f->base.len > 0)
		strs_add(c, out, f->base);
	if (!f->tree && !deny)
		return;
	memcpy(tree, f->base.p, f->base.len);
	tree[f->base.len] = '/';
	tree[f->base.len + 1] = OP_SPAN;
	strs_add(c, out, str_of(tree, f->base.len + 2));
}

static bool
path_take(struct compile *c, const struct node *n, struct str s, bool deny,
    struct strs *out)
{
	struct node word = *n;
	struct pol_file like = { .at = n };
	struct file_globs globs;

	if (str_eqz(s, "/")) {	/* the root itself */
		strs_add(c, out, s);
		return true;
	}
	word.kind = NODE_SCALAR;
	word.quoted = true;
	word.text = take_copy(c, str_eqz(s, "**") ? STR("/**") : s);
	if (!file_globs(c, &word, &like, &globs))
		return false;
	for (uint32_t i = 0; i < globs.n; i++)
		path_texts(c, &globs.v[i], deny, out);
	return true;
}

static bool
too_many(struct compile *c, const struct node *n, const struct pol_command *e)
{
	/* One word of a deny may become a few. */
	if (e->ntokens < TOKENS_MAX / 2)
		return false;
	node_error(c, n, "a pattern of more than %d arguments",
	    TOKENS_MAX / 2);
	return true;
}

/* "of=/dev/sd*" in a deny: what it is set to counts however it is spelled. */
static bool
setting_take(struct compile *c, const struct node *n, struct str s, size_t at,
    struct pol_command *e)
{
	struct pol_token *t = token_add(c, e, TOKEN_OPTION, str_head(s, at));

	t->prefix = glob_form(c, str_head(s, at));
	t = token_add(c, e, TOKEN_PATH, str_from(s, at));
	return path_take(c, n, str_from(s, at), true, &t->texts);
}

static bool
operand_take(struct compile *c, const struct node *n, struct str s,
    struct pol_command *e)
{
	bool deny = e->list == COMMAND_DENY;
	size_t at = attached_at(s);
	struct pol_token *t;

	if (str_eqz(s, "*")) {
		(void)token_add(c, e, TOKEN_ONE, s);
		return true;
	}
	if (is_path(s)) {
		t = token_add(c, e, TOKEN_PATH, s);
		return path_take(c, n, s, deny, &t->texts);
	}
	if (at > 0 && deny)
		return setting_take(c, n, s, at, e);
	if (at > 0) {
		t = token_add(c, e, TOKEN_ATTACHED, s);
		t->prefix = take_copy(c, str_head(s, at));
		if (str_index(t->prefix, '*') == t->prefix.len)
			return path_take(c, n, str_from(s, at), deny,
			    &t->texts);
		node_error(c, n, "\"%.*s\": no * before a path in the same "
		    "argument", (int)s.len, s.p);
		return false;
	}
	t = token_add(c, e, TOKEN_GLOB, s);
	strs_add(c, &t->texts, glob_form(c, s));
	return true;
}

static bool
token_take(struct compile *c, const struct node *n, struct str s,
    struct pol_command *e)
{
	struct str value = STR("");

	if (too_many(c, n, e))
		return false;
	if (e->list != COMMAND_DENY || !command_options(c, s, e, &value))
		return operand_take(c, n, s, e);
	return value.len == 0 || operand_take(c, n, value, e);
}

/* ---- all words */

/* A final '*' is any number of arguments, and in a deny, where a match
 * anywhere counts, no more than nothing. */
static bool
tokens_end(struct compile *c, const struct node *n, struct pol_command *e)
{
	bool deny = e->list == COMMAND_DENY;

	if (e->ntokens > 0 && e->tokens[e->ntokens - 1].kind == TOKEN_ONE) {
		e->ntokens--;
		e->tail = true;
	}
	e->any = e->ntokens == 0 && e->tail;
	if (deny && e->ntokens == 0 && !e->any) {
		node_error(c, n, "a deny of no arguments at all would deny "
		    "all of them: leave the pattern out, or name some");
		return false;
	}
	return true;
}

static const char *
word_fault(struct str s)
{
	if (s.len > PATTERN_BYTES_MAX / 2)
		return "it is too long";
	for (size_t i = 0; i < s.len; i++)
		if (strchr("\"'`", s.p[i]) != NULL)
			return "quotes do not group here: write args: "
			    "[\"one\", \"two words\"]";
	return NULL;
}

bool
command_tokens(struct compile *c, const struct node *n, struct str text,
    struct pol_command *e)
{
	struct str rest = str_trim(text), word;
	const char *fault;

	while (rest.len > 0) {
		if (!str_cut(rest, ' ', &word, &rest)) {
			word = rest;
			rest = STR("");
		}
		rest = str_trim(rest);
		fault = word_fault(word);
		if (fault != NULL) {
			node_error(c, n, "argument %.*s: %s",
			    (int)str_upto(word, 80).len, word.p, fault);
			return false;
		}
		if (!token_take(c, n, word, e))
			return false;
	}
	return tokens_end(c, n, e);
}

bool
command_list_tokens(struct compile *c, const struct node *list,
    struct pol_command *e)
{
	for (uint32_t i = 0; i < list->n; i++) {
		const struct node *n = list->items[i];

		if (n->kind != NODE_SCALAR || (!n->quoted && !is_word(n))) {
			(void)check_want(c, n, WANT_WORD, "an argument");
			return false;
		}
		if (n->text.len > 0 && take_word(c, n, "an argument") == NULL)
			return false;
		if (n->text.len > PATTERN_BYTES_MAX / 2) {
			node_error(c, n, "an argument's pattern is too long");
			return false;
		}
		if (!token_take(c, n, n->text, e))
			return false;
	}
	return tokens_end(c, list, e);
}
