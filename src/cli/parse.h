/* parse.h -- the small languages of flag values.  Pure. */
#ifndef CLI_PARSE_H
#define CLI_PARSE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/limits.h"
#include "base/str.h"

struct err;

/* "90" "90s" "5m" "2h" "1d" to seconds. */
int parse_span(struct str text, int64_t *seconds, struct err *e);

struct mount_arg { /* as typed; host is made canonical by its user */
	char host[PATH_BYTES_MAX], inside[PATH_BYTES_MAX];
	bool read_only;
};

/* HOST[:SANDBOX[:ro|rw]]. inside is "" when left out; a colon in a path is
 * not possible, as everywhere. */
int parse_mount(struct str text, struct mount_arg *out, struct err *e);

/* "K=V" with a name that a shell could export. *value.p is NULL for "K". */
int parse_env(struct str text, struct str *name, struct str *value,
    struct err *e);

/* "k=v", both of [A-Za-z0-9._/-]. */
int parse_label(struct str text, struct str *key, struct str *value,
    struct err *e);

/* A sandbox's name: a-z, 0-9 and -, starts and ends with a letter or digit,
 * at most 63. */
bool parse_is_name(struct str text);

#endif
