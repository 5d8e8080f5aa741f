/* command.h -- what a command is: one row of the table in commands.c.
 * Usage, help, completion and the man page check all read the same rows. */
#ifndef CLI_COMMAND_H
#define CLI_COMMAND_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

struct args;

enum flag_kind {
	FLAG_BOOL,	/* zero: takes no value */
	FLAG_WORD,	/* one value; the last one given counts */
	FLAG_CHOICE,	/* one of the words in value, parted by | */
	FLAG_COUNT,	/* decimal digits */
	FLAG_SPAN,	/* 90, 90s, 5m, 2h, 1d */
	FLAG_LIST,	/* may be given many times */
	FLAG_LATER,	/* a word of a later version: says so */
};

struct flag {
	const char *name;	/* without the dashes; NULL ends a table */
	char letter;		/* or 0 */
	enum flag_kind kind;
	const char *value;	/* what usage calls its value */
	const char *help;
};

/* What the words after the flags are. */
enum words {
	WORDS_NONE,
	WORDS_SANDBOX,		/* at most one; left out: the last one used */
	WORDS_SANDBOXES,
	WORDS_POLICY,		/* a sandbox and policy files */
	WORDS_FILES,
	WORDS_SHELL,
	WORDS_PROPOSAL,		/* the number of one */
};

struct command {
	const char *name;	/* "sandbox create" */
	const char *usage;	/* what follows the flags, for people */
	const char *summary;	/* one line */
	const char *help;	/* paragraphs, then examples */
	const struct flag *flags;
	enum words words;
	size_t words_min, words_max;
	bool takes_command;	/* may end in -- COMMAND... */
	int (*run)(const struct args *a); /* the exit code */
	const char *command_word; /* as "--", and begins what follows; or NULL */
};

enum { EXIT_OK, EXIT_FAILED, EXIT_USAGE, EXIT_TIMED_OUT = 124 };

extern const struct command commands[]; /* a NULL name ends it */

/* Verbs of the whole design that this version does not have. */
extern const char *const commands_later[]; /* NULL ends it */

/* "sb" is "sandbox": the long name of an alias, or the word itself. */
const char *command_alias(const char *word);
/* Is this the first word of commands that have two? */
bool command_is_group(const char *word);
/* NULL if there is none. */
const struct command *command_find(const char *first, const char *second);
const struct flag *command_flag(const struct command *c, struct str name);
const struct flag *command_letter(const struct command *c, char letter);

#endif
