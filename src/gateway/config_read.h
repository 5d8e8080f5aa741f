/* config_read.h -- between the files that read config.yaml. */
#ifndef GATEWAY_CONFIG_READ_H
#define GATEWAY_CONFIG_READ_H

#include "base/str.h"

struct config;
struct err;
struct fy_node;

struct reader {
	const char *file;
	struct fy_node *key;	/* being read, or NULL */
	struct err *e;
};

int config_fault(const struct reader *r, struct fy_node *at,
    const char *text);
/* A plain or quoted scalar, borrowed; not an alias. */
int config_scalar(const struct reader *r, struct fy_node *n,
    struct str *out);
/* config_ways.c */
int config_read_proxy(const struct reader *r, struct fy_node *n,
    struct config *out);
int config_read_tls(const struct reader *r, struct fy_node *n,
    struct config *out);

#endif
