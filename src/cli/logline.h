/* logline.h -- one audit record as one aligned line for people. */
#ifndef CLI_LOGLINE_H
#define CLI_LOGLINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/str.h"

struct logline { /* zero it; columns grow as longer words come by */
	bool colour;
	size_t name_width, what_width;
};

/* json: one line of the log. What is not a record is shown as it is, made
 * safe: the log holds words of the agent. */
void logline_print(struct logline *l, struct str json, FILE *to);

#endif
