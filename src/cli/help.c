/* help.c -- what --help prints, all of it from the table of commands. */
#include <stdio.h>
#include <string.h>

#include "base/compat.h"
#include "command.h"
#include "run.h"

#define NAME_COLUMNS 20
#define FLAG_COLUMNS 34

static void
print_summaries(const char *group)
{
	size_t len = strlen(group);

	for (const struct command *c = commands; c->name != NULL; c++)
		if (len == 0 || (strncmp(c->name, group, len) == 0 &&
		    c->name[len] == ' '))
			(void)printf("  %-*s %s\n", NAME_COLUMNS, c->name,
			    c->summary);
}

void
help_all(void)
{
	(void)printf("openshell runs programs you do not trust, under a "
	    "policy they cannot reach.\n\n"
	    "Usage: openshell COMMAND [FLAGS] [-- PROGRAM...]\n\n"
	    "Commands:\n");
	print_summaries("");
	(void)printf("\nShort names: sb sandbox, pol policy, gw gateway, "
	    "lg logs. A sandbox left out is\nthe last one used. "
	    "\"openshell COMMAND --help\" has the flags and an example.\n\n"
	    "Examples:\n"
	    "  openshell doctor\n"
	    "  openshell sandbox create --policy agent.yaml -- claude\n"
	    "  openshell logs --tail\n");
}

void
help_group(const char *group)
{
	(void)printf("Usage: openshell %s VERB [FLAGS]\n\nVerbs:\n", group);
	print_summaries(group);
	(void)printf("\n\"openshell %s VERB --help\" has the flags and an "
	    "example.\n", group);
}

static void
print_flag(const struct flag *f)
{
	char left[80], letter[5] = "    ";

	if (f->letter != 0)
		(void)snprintf(letter, sizeof(letter), "-%c, ", f->letter);
	(void)snprintf(left, sizeof(left), "  %s--%s %s", letter, f->name,
	    f->value == NULL ? "" : f->value);
	if (strlen(left) > FLAG_COLUMNS)
		(void)printf("%s\n%-*s %s\n", left, FLAG_COLUMNS, "", f->help);
	else
		(void)printf("%-*s %s\n", FLAG_COLUMNS, left, f->help);
}

void
help_command(const struct command *c)
{
	static const struct flag help = { "help", 'h', FLAG_BOOL, NULL,
		"show this" };
	bool some = c->flags->name != NULL;

	(void)printf("%s: %s\n\nUsage: openshell %s%s%s%s\n\n", c->name,
	    c->summary, c->name, some ? " [FLAGS]" : "",
	    c->usage[0] != '\0' ? " " : "", c->usage);
	(void)printf("%s\nFlags:\n", c->help);
	for (const struct flag *f = c->flags; f->name != NULL; f++)
		if (f->kind != FLAG_LATER)
			print_flag(f);
	print_flag(&help);
}
