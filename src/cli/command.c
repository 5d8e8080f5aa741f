#include "command.h"

#include <string.h>

#include "base/compat.h"

static const struct {
	const char *alias, *name;
} aliases[] = {
	{ "sb", "sandbox" },
	{ "pol", "policy" },
	{ "lg", "logs" },
	{ "gw", "gateway" },
	{ "rule", "proposal" },
};

const char *
command_alias(const char *word)
{
	for (size_t i = 0; i < NELEM(aliases); i++)
		if (strcmp(aliases[i].alias, word) == 0)
			return aliases[i].name;
	return word;
}

bool
command_is_group(const char *word)
{
	size_t len = strlen(word);

	for (const struct command *c = commands; c->name != NULL; c++)
		if (strncmp(c->name, word, len) == 0 && c->name[len] == ' ')
			return true;
	return false;
}

const struct command *
command_find(const char *first, const char *second)
{
	size_t len = strlen(first);

	for (const struct command *c = commands; c->name != NULL; c++) {
		if (strncmp(c->name, first, len) != 0)
			continue;
		if (second == NULL && c->name[len] == '\0')
			return c;
		if (second != NULL && c->name[len] == ' ' &&
		    strcmp(c->name + len + 1, second) == 0)
			return c;
	}
	return NULL;
}

const struct flag *
command_flag(const struct command *c, struct str name)
{
	for (const struct flag *f = c->flags; f->name != NULL; f++)
		if (str_eqz(name, f->name))
			return f;
	return NULL;
}

const struct flag *
command_letter(const struct command *c, char letter)
{
	for (const struct flag *f = c->flags; f->name != NULL; f++)
		if (f->letter == letter && letter != 0)
			return f;
	return NULL;
}
