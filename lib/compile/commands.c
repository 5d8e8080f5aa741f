/* commands.c -- the commands section: entries, and what is said of them. */
#include "base/compat.h"
#include "compile/commands.h"
#include "compile/cond.h"
#include "policy/exec.h"

enum { NAME_MAX_BYTES = 255 };	/* of a path's component (limits.h) */

struct pol_commands *
commands_of(struct compile *c)
{
	struct pol_commands *k = c->pol.commands;

	if (k == NULL) {
		k = take_mem(c, 1, sizeof(*k));
		k->end = &k->list;
		c->pol.commands = k;
	}
	return k;
}

/* ---- names */

static const char *
path_fault(struct str s)
{
	struct str rest = str_from(s, 1), part;
	bool more = true;

	while (more) {
		more = str_cut(rest, '/', &part, &rest);
		if (!more)
			part = rest;
		if (part.len == 0 || str_eqz(part, ".") ||
		    str_eqz(part, ".."))
			return "its path must have no empty and no dot "
			    "components";
	}
	return NULL;
}

static const char *
name_fault(struct str s)
{
	struct str base = s;

	if (s.len > 0 && strpbrk(s.p, "*?[]{}") != NULL)
		return "a command has no wildcards, since its file is looked "
		    "up when the sandbox starts: write one entry for each";
	if (s.len > 0 && s.p[0] == '/')
		return path_fault(s);
	if (str_index(s, '/') != s.len)
		return "a command is a bare name, or an absolute path";
	if (s.len > 0 && s.p[0] == '-')
		return "a command does not begin with -";
	if (s.len > 0 && strchr("\"'`$~", s.p[0]) != NULL)
		return "quotes and variables mean nothing here: write the "
		    "name itself";
	return base.len > NAME_MAX_BYTES ? "it is too long" : NULL;
}

static bool
take_name(struct compile *c, const struct node *n, struct str name,
    struct pol_command *e)
{
	const char *fault;

	name = take_copy(c, name);
	fault = name_fault(name);
	if (fault != NULL) {
		node_error(c, n, "command \"%.80s\": %s", name.p, fault);
		return false;
	}
	e->name = name;
	return true;
}

/* ---- an entry */

struct entry {
	struct pol_command e;
	const struct node *pattern;	/* args_pattern or args */
	const struct node *env;		/* where its variables stand */
	bool bad;
};

static void
on_command(struct compile *c, const struct node *n, void *arg)
{
	struct entry *e = arg;
	struct str name = n->text;

	if (take_word(c, n, "command") == NULL) {
		e->bad = true;
	} else if (str_eqz(name, "*")) {
		e->e.name = name;
	} else if (str_index(name, ' ') != name.len) {
		node_error(c, n, "command is a name alone: write what follows "
		    "it in args_pattern");
		e->bad = true;
	} else if (!take_name(c, n, name, &e->e))
		e->bad = true;
}

static void
on_pattern(struct compile *c, const struct node *n, void *arg)
{
	struct entry *e = arg;

	if (e->pattern != NULL) {
		node_error(c, n, "an entry has args_pattern or args, not "
		    "both");
		e->bad = true;
	}
	e->pattern = n;
}

static bool
env_name_ok(struct str s, bool star)
{
	for (size_t i = 0; i < s.len; i++) {
		char ch = s.p[i];

		if (ch == '*' && star && i > 0 && i + 1 == s.len)
			return true;
		if (ch != '_' && (ch < 'A' || ch > 'Z') &&
		    (ch < 'a' || ch > 'z') &&
		    (i == 0 || ch < '0' || ch > '9'))
			return false;
	}
	return s.len > 0;
}

static void
env_add(struct compile *c, const struct node *n, struct entry *e,
    const struct node *value)
{
	struct pol_env *v = &e->e.envs[e->e.nenvs];

	if (take_word(c, n, "a variable") == NULL)
		return;
	if (!env_name_ok(n->text, value == NULL)) {
		node_error(c, n, "\"%.64s\" is no name of an environment "
		    "variable%s", n->text.p, value == NULL ?
		    " (a final * is allowed)" : "");
		return;
	}
	if (e->e.nenvs == ENVS_MAX) {
		node_error(c, n, "more than %d variables in one entry",
		    ENVS_MAX);
		return;
	}
	*v = (struct pol_env){ .name = n->text, .pin = value != NULL };
	if (value != NULL)
		v->value = value->text;
	e->e.nenvs++;
}

static void
on_forbid(struct compile *c, const struct node *n, void *arg)
{
	for (uint32_t i = 0; i < n->n; i++)
		env_add(c, n->items[i], arg, NULL);
}

/* A value may be empty, and may look like a number. */
static void
on_pin(struct compile *c, const struct node *n, void *arg)
{
	for (uint32_t i = 0; i < n->n; i++) {
		const struct node *value = n->items[2 * i + 1];

		if (!value->quoted && !is_word(value))
			node_error(c, value, "a variable's value is a word: "
			    "put it in quotes");
		else
			env_add(c, n->items[2 * i], arg, value);
	}
}

static void
on_env(struct compile *c, const struct node *n, void *arg)
{
	static const struct key keys[] = {
		{ "forbid", WANT_LIST, on_forbid, NULL },
		{ "pin", WANT_MAP, on_pin, NULL },
	};
	struct entry *e = arg;

	e->env = n;
	e->e.envs = take_mem(c, ENVS_MAX, sizeof(*e->e.envs));
	check_map(c, n, keys, NELEM(keys), e, "env");
}

static void
on_profile(struct compile *c, const struct node *n, void *arg)
{
	struct entry *e = arg;

	if (take_word(c, n, "profile") == NULL)
		return;
	e->e.profile = n;
	if (c->maximum)	/* it has no sandbox to be entered in */
		not_enforced(c, n, "a profile of the maximum policy");
}

#define FACTS_OF_COMMANDS (FACT_BIT(FACT_COMMAND) | FACT_BIT(FACT_ARGS) | \
	FACT_BIT(FACT_CWD) | FACT_BIT(FACT_EXE) | FACT_BIT(FACT_CALLERS) | \
	FACT_BIT(FACT_TTY) | FACT_BIT(FACT_TIME_OF_DAY) |		     \
	FACT_BIT(FACT_WEEKDAY))

static void
on_when(struct compile *c, const struct node *n, void *arg)
{
	struct entry *e = arg;

	e->e.when = take_cond(c, n, FOR_EXEC, PHASE_START,
	    e->e.list != COMMAND_DENY);
	e->bad |= e->e.when == 0;	/* said */
	cond_not_enforced(c, e->e.when, FACTS_OF_COMMANDS);
}

static const struct key entry_keys[] = {
	{ "command", WANT_WORD, on_command, NULL },
	{ "args_pattern", WANT_WORD, on_pattern, NULL },
	{ "args", WANT_LIST, on_pattern, NULL },
	{ "env", WANT_MAP, on_env, NULL },
	{ "profile", WANT_WORD, on_profile, NULL },
	{ "when", WANT_WORD, on_when, NULL },
};

/* "name", "name pattern" */
static void
take_short(struct compile *c, const struct node *n, struct entry *e)
{
	struct str name, rest = STR("");

	if (take_word(c, n, "a command") == NULL) {
		e->bad = true;
		return;
	}
	name = str_trim(n->text);
	if (str_cut(name, ' ', &name, &rest))
		rest = str_trim(rest);
	if (str_eqz(name, "*") && rest.len == 0)
		e->e.name = STR("*");
	else if (!take_name(c, n, name, &e->e) ||
	    (rest.len > 0 && !command_tokens(c, n, rest, &e->e)))
		e->bad = true;
	e->e.any |= rest.len == 0;
}

static void
take_long(struct compile *c, const struct node *n, struct entry *e)
{
	const struct node *p;
	bool ok = true;

	check_map(c, n, entry_keys, NELEM(entry_keys), e, "a command");
	if (n->kind != NODE_MAP || map_find(n, "command") == NULL) {
		if (n->kind == NODE_MAP)
			node_error(c, n, "a command needs the key command");
		e->bad = true;
	}
	p = e->pattern;
	e->e.any = p == NULL;
	if (p == NULL || e->bad)
		return;
	if (p->kind == NODE_LIST)
		ok = command_list_tokens(c, p, &e->e);
	else
		ok = command_tokens(c, p, p->text, &e->e);
	e->bad |= !ok;
}

/* ---- its place */

/* As it was written; a list as a shell would be given it. */
static void
shown_set(struct compile *c, struct entry *e)
{
	const struct node *p = e->pattern;
	const char *z = e->e.name.p;

	if (e->e.at->kind != NODE_MAP)
		z = e->e.at->text.p;
	else if (p != NULL && p->kind == NODE_SCALAR)
		z = arena_printf(c->arena, "%s %s", z, p->text.len == 0 ?
		    "''" : p->text.p);
	else if (p != NULL && p->n == 0)
		z = arena_printf(c->arena, "%s ''", z);
	for (uint32_t i = 0; p != NULL && p->kind == NODE_LIST && i < p->n &&
	    strlen(z) < SHOWN_BYTES_MAX; i++) {
		struct str one = p->items[i]->text;
		bool bare = one.len > 0 && str_index(one, ' ') == one.len;

		z = arena_printf(c->arena, bare ? "%s %s" : "%s '%s'", z,
		    one.p);
	}
	e->e.shown = str_upto(str_c(z), SHOWN_BYTES_MAX);
}

static bool
star_take(struct compile *c, struct entry *e)
{
	struct pol_commands *k = commands_of(c);
	const struct node *at = e->e.at;

	if (e->e.list != COMMAND_DENY) {
		node_error(c, at, "\"*\" would allow every command: write "
		    "default_policy: allow, or name them");
		return false;
	}
	if (!e->e.any || e->e.when != 0) {
		node_error(c, at, "\"*\" states the default and holds for "
		    "all arguments at all times: name the command");
		return false;
	}
	if (k->star == NULL)
		k->star = at;
	return true;
}

/* What only a grant can say. */
static void
deny_check(struct compile *c, struct entry *e)
{
	if (e->env != NULL)
		node_error(c, e->env, "env says how an allowed program may "
		    "start, so it has no place in a deny");
	if (e->e.profile != NULL)
		node_error(c, e->e.profile, "profile says how an allowed "
		    "program runs, so it has no place in a deny");
}

static void
entry_add(struct compile *c, struct entry *e)
{
	struct pol_commands *k = commands_of(c);
	struct pol_command *copy;

	if (e->e.list == COMMAND_DENY)
		deny_check(c, e);
	else if (!e->e.any && e->env == NULL) {
		uint32_t n;
		const struct pol_env *own = command_own_env(&n);

		e->e.envs = take_mem(c, n, sizeof(*own));
		memcpy(e->e.envs, own, n * sizeof(*own));
		e->e.nenvs = n;
		e->e.env_own = true;
	}
	if (k->n == COMMANDS_MAX) {
		node_error(c, e->e.at, "more than %d commands",
		    COMMANDS_MAX);
		return;
	}
	shown_set(c, e);
	copy = take_mem(c, 1, sizeof(*copy));
	*copy = e->e;
	*k->end = copy;
	k->end = &copy->next;
	k->n++;
}

static void
take_entry(struct compile *c, const struct node *n, enum command_list list)
{
	struct entry e = { .e = { .list = list, .at = n } };

	if (n->kind == NODE_MAP)
		take_long(c, n, &e);
	else
		take_short(c, n, &e);
	if (e.bad)
		return;
	if (str_eqz(e.e.name, "*"))
		(void)star_take(c, &e);	/* what is wrong is said */
	else
		entry_add(c, &e);
}

/* ---- the section */

static void
on_allow(struct compile *c, const struct node *n, void *arg)
{
	(void)arg;
	for (uint32_t i = 0; i < n->n; i++)
		take_entry(c, n->items[i], COMMAND_ALLOW);
}

static void
on_deny(struct compile *c, const struct node *n, void *arg)
{
	(void)arg;
	for (uint32_t i = 0; i < n->n; i++)
		take_entry(c, n->items[i], COMMAND_DENY);
}

static void
on_audit(struct compile *c, const struct node *n, void *arg)
{
	(void)arg;
	for (uint32_t i = 0; i < n->n; i++)
		take_entry(c, n->items[i], COMMAND_AUDIT);
}

static void
on_default(struct compile *c, const struct node *n, void *arg)
{
	(void)arg;
	take_fallback(c, &commands_of(c)->fallback, n, "commands");
}

static void
on_made(struct compile *c, const struct node *n, void *arg)
{
	static const char *const words[] = { [MADE_DENY] = "deny",
		[MADE_ASK] = "ask", [MADE_AUDIT] = "audit",
		[MADE_ALLOW] = "allow", NULL };
	int v = take_choice(c, n, words, "unreviewed_code");

	(void)arg;
	if (v >= 0)
		take_scalar(c, &commands_of(c)->made, n, (uint32_t)v,
		    "unreviewed_code");
}

void
check_commands(struct compile *c, const struct node *n, void *arg)
{
	static const struct key keys[] = {
		{ "default_policy", WANT_WORD, on_default, NULL },
		{ "unreviewed_code", WANT_WORD, on_made, NULL },
		{ "allow", WANT_LIST, on_allow, NULL },
		{ "deny", WANT_LIST, on_deny, NULL },
		{ "audit", WANT_LIST, on_audit, NULL },
	};
	struct pol_commands *k = commands_of(c);

	if (k->section == NULL)
		k->section = n;
	check_map(c, n, keys, NELEM(keys), arg, "commands");
}
