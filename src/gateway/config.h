/* config.h -- the operator's config.yaml, read strictly. */
#ifndef GATEWAY_CONFIG_H
#define GATEWAY_CONFIG_H

#include <stdbool.h>

#include "base/str.h"

struct err;

#define CONFIG_BYTES_MAX 262144
#define RESOLVE_COUNT_MAX 1024
#define APPROVAL_S_MAX	 86400
#define RESOLVE_BYTES_MAX 65536	/* as BOX_START carries it */

struct config { /* zero is the empty one */
	char *resolve;		/* "host[:port]=addr[:port]\n"..., or "" */
	char *upstream_ca;	/* absolute path, or "" */
	char *maximum_policy;	/* a path as it is written, or "" */
	uint32_t approval_s;	/* how long an answer is waited for */
	char *proxy, *tls;	/* lines as BOX_START carries them, or "" */
};

/* Text to configuration; file is for messages. -1: FILE:LINE:COLUMN: ... */
int config_parse(const char *file, struct str text, struct config *out,
    struct err *e);
/* The same from a file; one that is not there is the empty configuration. */
int config_load(const char *file, struct config *out, struct err *e);
bool config_same(const struct config *a, const struct config *b);
void config_fini(struct config *c);

#endif
