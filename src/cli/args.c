#include "args.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/must.h"
#include "nearest.h"
#include "parse.h"

#define COUNT_MAX 1000000000 /* of any number on the command line */

static int
unknown_flag(const struct command *c, struct str name, struct err *e)
{
	struct nearest n = nearest_to(name);
	const char *like;

	for (const struct flag *f = c->flags; f->name != NULL; f++)
		nearest_try(&n, f->name);
	nearest_try(&n, "help");
	like = nearest_get(&n);
	if (like == NULL)
		return err_set(e, ERR_INPUT, "%s has no flag --%.*s",
		    c->name, (int)name.len, name.p);
	return err_set(e, ERR_INPUT,
	    "%s has no flag --%.*s; did you mean --%s?", c->name,
	    (int)name.len, name.p, like);
}

static int
check_choice(const struct flag *f, const char *text, struct err *e)
{
	struct str left = str_c(f->value), one;

	while (left.len > 0) {
		if (!str_cut(left, '|', &one, &left)) {
			one = left;
			left = STR("");
		}
		if (str_eqz(one, text))
			return 0;
	}
	return err_set(e, ERR_INPUT, "--%s is one of %s, not \"%s\"", f->name,
	    f->value, text);
}

static int
check_value(const struct flag *f, const char *text, struct err *e)
{
	uint64_t n;
	int64_t s;

	switch (f->kind) {
	case FLAG_CHOICE:
		return check_choice(f, text, e);
	case FLAG_COUNT:
		if (!str_u64(str_c(text), COUNT_MAX, &n))
			return err_set(e, ERR_INPUT,
			    "--%s takes a number, not \"%s\"", f->name, text);
		return 0;
	case FLAG_SPAN:
		if (parse_span(str_c(text), &s, e) == -1)
			return err_wrap(e, "--%s", f->name);
		return 0;
	case FLAG_BOOL:
	case FLAG_WORD:
	case FLAG_LIST:
	case FLAG_LATER:
		break;
	}
	return 0;
}

static int
add_flag(struct args *a, const struct flag *f, const char *text, struct err *e)
{
	if (f->kind == FLAG_LATER)
		return err_set(e, ERR_INPUT, "--%s is not in this version (%s)",
		    f->name, f->help);
	if (text != NULL && check_value(f, text, e) == -1)
		return -1;
	a->value[a->nvalues++] = (struct args_value){ f, text };
	return 0;
}

/* at points at the word with the flag; *at moves to the last word used.
 * inside: the value in the same word, or NULL. */
static int
take_flag(struct args *a, const struct flag *f, const char *inside,
    char ***at, struct err *e)
{
	if (f->kind == FLAG_BOOL && inside != NULL)
		return err_set(e, ERR_INPUT, "--%s takes no value", f->name);
	if (f->kind == FLAG_BOOL || f->kind == FLAG_LATER || inside != NULL)
		return add_flag(a, f, inside, e);
	if ((*at)[1] == NULL || strcmp((*at)[1], "--") == 0)
		return err_set(e, ERR_INPUT, "--%s needs a value: --%s %s",
		    f->name, f->name, f->value);
	(*at)++;
	return add_flag(a, f, **at, e);
}

static int
long_flag(struct args *a, char ***at, struct err *e)
{
	struct str word = str_c(**at + 2), name, value;
	bool has_value = str_cut(word, '=', &name, &value);
	const struct flag *f;

	if (!has_value)
		name = word;
	if (str_eqz(name, "help")) {
		a->help = true;
		return 0;
	}
	f = command_flag(a->command, name);
	if (f == NULL)
		return unknown_flag(a->command, name, e);
	return take_flag(a, f, has_value ? value.p : NULL, at, e);
}

/* -n 5, -n5; several without values may stand together. */
static int
short_flags(struct args *a, char ***at, struct err *e)
{
	for (const char *p = **at + 1; *p != '\0'; p++) {
		const struct flag *f = command_letter(a->command, *p);

		if (*p == 'h' && f == NULL) {
			a->help = true;
			continue;
		}
		if (f == NULL)
			return err_set(e, ERR_INPUT,
			    "%s has no flag -%c", a->command->name, *p);
		if (f->kind != FLAG_BOOL)
			return take_flag(a, f, p[1] != '\0' ? p + 1 : NULL,
			    at, e);
		if (take_flag(a, f, NULL, at, e) == -1)
			return -1;
	}
	return 0;
}

static int
check_words(const struct args *a, struct err *e)
{
	const struct command *c = a->command;

	if (a->help)
		return 0;
	if (a->rest != NULL && !c->takes_command)
		return err_set(e, ERR_INPUT, "%s runs no command: \"-- %s\" "
		    "has no place here", c->name,
		    a->rest[0] != NULL ? a->rest[0] : "");
	if (a->nwords < c->words_min)
		return err_set(e, ERR_INPUT, "%s needs %s", c->name,
		    c->usage);
	if (a->nwords <= c->words_max)
		return 0;
	if (c->takes_command && a->rest == NULL)
		return err_set(e, ERR_INPUT, "\"%s\": a command goes after "
		    "--, as in: openshell %s -- %s", a->word[c->words_max],
		    c->name, a->word[c->words_max]);
	return err_set(e, ERR_INPUT, "%s: \"%s\" is one word too many",
	    c->name, a->word[c->words_max]);
}

int
args_parse(const struct command *c, char **argv, struct args *out,
    struct err *e)
{
	size_t n = 0;
	int rc = 0;

	while (argv[n] != NULL)
		n++;
	/* a word may hold many letters, each of them one value */
	for (char **p = argv; *p != NULL; p++)
		n += strlen(*p);
	*out = (struct args){ .command = c };
	out->value = mem_alloc(n + 1, sizeof(*out->value));
	out->word = mem_alloc(n + 1, sizeof(*out->word));
	for (char **p = argv; *p != NULL && rc == 0; p++) {
		if (strcmp(*p, "--") == 0) {
			out->rest = p + 1;
			break;
		}
		if (c->command_word != NULL &&
		    strcmp(*p, c->command_word) == 0) {
			out->rest = p;
			break;
		}
		if (strncmp(*p, "--", 2) == 0)
			rc = long_flag(out, &p, e);
		else if ((*p)[0] == '-' && (*p)[1] != '\0')
			rc = short_flags(out, &p, e);
		else
			out->word[out->nwords++] = *p;
	}
	return rc == 0 ? check_words(out, e) : rc;
}

void
args_fini(struct args *a)
{
	free(a->value);
	free(a->word);
	*a = (struct args){ 0 };
}

const char *
args_next(const struct args *a, const char *name, size_t *at)
{
	const struct flag *f = command_flag(a->command, str_c(name));

	must(f != NULL);
	while (*at < a->nvalues) {
		const struct args_value *v = &a->value[(*at)++];

		if (v->flag == f)
			return v->text == NULL ? "" : v->text;
	}
	return NULL;
}

const char *
args_get(const struct args *a, const char *name)
{
	const char *last = NULL, *v;
	size_t at = 0;

	while ((v = args_next(a, name, &at)) != NULL)
		last = v;
	return last;
}

bool
args_has(const struct args *a, const char *name)
{
	return args_get(a, name) != NULL;
}

uint64_t
args_count(const struct args *a, const char *name, uint64_t unset)
{
	const char *text = args_get(a, name);

	if (text != NULL)
		must(str_u64(str_c(text), COUNT_MAX, &unset));
	return unset;
}

int64_t
args_seconds(const struct args *a, const char *name, int64_t unset)
{
	const char *text = args_get(a, name);

	if (text != NULL)
		must(parse_span(str_c(text), &unset, NULL) == 0);
	return unset;
}
