/* main.c -- openshell: find the command's row, parse by it, run it. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "args.h"
#include "base/err.h"
#include "base/log.h"
#include "nearest.h"
#include "run.h"
#include "say.h"

/* "gateway add" or "audit": a command of a later version? */
static bool
is_later(const char *first, const char *second)
{
	size_t len = strlen(first);

	for (const char *const *p = commands_later; *p != NULL; p++) {
		if (strncmp(*p, first, len) != 0)
			continue;
		if ((*p)[len] == '\0')
			return true;
		if (second != NULL && (*p)[len] == ' ' &&
		    strcmp(*p + len + 1, second) == 0)
			return true;
	}
	return false;
}

static int
unknown_word(const char *word)
{
	struct nearest n = nearest_to(str_c(word));
	const char *like;

	for (const struct command *c = commands; c->name != NULL; c++)
		if (strchr(c->name, ' ') == NULL)
			nearest_try(&n, c->name);
	nearest_try(&n, "sandbox");
	nearest_try(&n, "policy");
	nearest_try(&n, "gateway");
	like = nearest_get(&n);
	if (like == NULL)
		return say_usage("", "there is no command \"%s\"", word);
	return say_usage("", "there is no command \"%s\"; did you mean %s?",
	    word, like);
}

static int
unknown_verb(const char *group, const char *verb)
{
	struct nearest n = nearest_to(str_c(verb));
	size_t len = strlen(group);
	const char *like;

	for (const struct command *c = commands; c->name != NULL; c++)
		if (strncmp(c->name, group, len) == 0 && c->name[len] == ' ')
			nearest_try(&n, c->name + len + 1);
	like = nearest_get(&n);
	if (like == NULL)
		return say_usage(group, "%s has no verb \"%s\"", group, verb);
	return say_usage(group, "%s has no verb \"%s\"; did you mean "
	    "openshell %s %s?", group, verb, group, like);
}

static bool
is_help(const char *word)
{
	return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0 ||
	    strcmp(word, "help") == 0;
}

static int
run_row(const struct command *c, char **argv)
{
	struct err e = { 0 };
	struct args a;
	int code;

	if (args_parse(c, argv, &a, &e) == -1)
		code = say_usage(c->name, "%s", e.text);
	else if (a.help) {
		help_command(c);
		code = EXIT_OK;
	} else
		code = c->run(&a);
	args_fini(&a);
	return code;
}

static int
run_group(const char *group, char **argv)
{
	const struct command *c;

	if (argv[0] == NULL)
		return say_usage(group, "%s needs a verb", group);
	if (is_help(argv[0])) {
		help_group(group);
		return EXIT_OK;
	}
	c = command_find(group, argv[0]);
	if (c != NULL)
		return run_row(c, argv + 1);
	if (is_later(group, argv[0]))
		return say_usage(group, "%s %s is not in this version", group,
		    argv[0]);
	return unknown_verb(group, argv[0]);
}

/* "openshell help policy set" */
static int
run_help(char **words)
{
	const char *first = words[0] == NULL ? NULL : command_alias(words[0]);
	const struct command *c;

	if (first == NULL) {
		help_all();
		return EXIT_OK;
	}
	c = command_find(first, words[1]);
	if (c != NULL)
		help_command(c);
	else if (!command_is_group(first))
		return unknown_word(words[0]);
	else if (words[1] != NULL)
		return unknown_verb(first, words[1]);
	else
		help_group(first);
	return EXIT_OK;
}

/* argv: what follows "openshell". */
static int
dispatch(char **argv, size_t n)
{
	const struct command *c;
	const char *word;

	if (argv[0] == NULL) {
		help_all();
		return EXIT_USAGE;
	}
	if (strcmp(argv[0], "__complete") == 0)
		return complete(argv + 1, n - 1);
	if (is_help(argv[0]))
		return run_help(argv + 1);
	word = strcmp(argv[0], "--version") == 0 ? "version" :
	    command_alias(argv[0]);
	if (command_is_group(word))
		return run_group(word, argv + 1);
	c = command_find(word, NULL);
	if (c != NULL)
		return run_row(c, argv + 1);
	if (is_later(word, NULL))
		return say_usage("", "%s is not in this version", word);
	return unknown_word(argv[0]);
}

int
main(int argc, char **argv)
{
	int code;

	log_init("openshell");
	(void)signal(SIGPIPE, SIG_IGN); /* a write says EPIPE instead */
	if (argc < 1)
		return EXIT_USAGE;
	code = dispatch(argv + 1, (size_t)argc - 1);
	if (fflush(stdout) == EOF || ferror(stdout) != 0) {
		if (errno != EPIPE)
			say("standard output could not be written");
		return code == EXIT_OK ? (int)EXIT_FAILED : code;
	}
	return code;
}
