/* say.h -- what the person at the terminal is told, on standard error, and
 * when colour is used. */
#ifndef CLI_SAY_H
#define CLI_SAY_H

#include <stdbool.h>
#include <stdio.h>

#include "base/compat.h"

struct err;

/* "openshell: TEXT" */
void say(const char *fmt, ...) PRINTF(1, 2);
/* "openshell: TEXT" and, on a terminal, in red. Returns EXIT_FAILED. */
int say_error(const struct err *e);
/* "  TEXT": what to do next. */
void say_hint(const char *fmt, ...) PRINTF(1, 2);
/* "openshell: TEXT" and how to get help on a command ("" for all of it).
 * Returns EXIT_USAGE. */
int say_usage(const char *command, const char *fmt, ...) PRINTF(2, 3);

enum colour { COLOUR_NONE, COLOUR_RED, COLOUR_GREEN, COLOUR_YELLOW,
	COLOUR_DIM, COLOUR_BOLD };
/* A terminal that shows colours, and NO_COLOR is not set. */
bool colour_on(FILE *f);
const char *colour_start(enum colour c); /* "" for COLOUR_NONE */
const char *colour_end(enum colour c);

#endif
