/* show.h -- what the gateway answered, as JSON or YAML on standard output. */
#ifndef CLI_SHOW_H
#define CLI_SHOW_H

#include <jansson.h>
#include <stdbool.h>

#include "args.h"
#include "base/buf.h"

/* true if -o asked for json or yaml, and then v has been printed. */
bool show_as_asked(const struct args *a, const json_t *v);

/* A YAML document that any YAML 1.1 or 1.2 parser reads back as v. */
void show_yaml(const json_t *v, struct buf *b);

#endif
