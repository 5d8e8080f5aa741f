/* args.h -- one command line, parsed by its command's row.  Pure. */
#ifndef CLI_ARGS_H
#define CLI_ARGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "command.h"

struct err;

struct args_value {
	const struct flag *flag;
	const char *text;	/* borrowed from argv; NULL for FLAG_BOOL */
};

struct args {
	const struct command *command;
	struct args_value *value;
	size_t nvalues;
	char **word;		/* what is neither flag nor command */
	size_t nwords;
	char **rest;		/* after --, ended by NULL; NULL: no -- */
	bool help;
};

/* argv holds what follows the command's own words, ended by NULL. Strings
 * stay the caller's. -1: *e says what is wrong. args_fini() it either way. */
int args_parse(const struct command *c, char **argv, struct args *out,
    struct err *e);
void args_fini(struct args *a);

/* The name must be in the command's table: asking for another is a bug. */
bool args_has(const struct args *a, const char *name);
const char *args_get(const struct args *a, const char *name); /* or NULL */
uint64_t args_count(const struct args *a, const char *name, uint64_t unset);
int64_t args_seconds(const struct args *a, const char *name, int64_t unset);
/* Walks the values of a FLAG_LIST: start with *at == 0; NULL at the end. */
const char *args_next(const struct args *a, const char *name, size_t *at);

#endif
