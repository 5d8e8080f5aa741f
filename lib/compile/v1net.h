/* v1net.h -- an endpoint of the older schema, as it is taken apart. */
#ifndef COMPILE_V1NET_H
#define COMPILE_V1NET_H

#include "compile/rule.h"

struct compile;

enum v1_protocol { /* as the words of `protocol:' */
	V1_PLAIN,	/* left out */
	V1_REST,
	V1_TCP,
	V1_WEBSOCKET,
	V1_GRAPHQL,
	V1_SQL,
	V1_JSON_RPC,
	V1_MCP,
};

struct v1_end { /* one endpoint */
	struct pol_rule base;	/* host, ports, programs, addresses */
	const struct node *protocol, *access, *rules, *deny, *path, *tls;
	const struct node *host, *port, *options;
	enum v1_protocol speaks;
	bool audit, loose_names;
};

/* v1match.c: rest. Each adds rules, or says what is wrong. */
void v1_add_access(struct compile *c, const struct v1_end *e);
void v1_add_rules(struct compile *c, const struct v1_end *e);
void v1_add_denies(struct compile *c, const struct v1_end *e);

/* A pattern, a list of them, or {any: [...]}. */
void v1_matcher(struct compile *c, const struct node *n, struct pol_rule *r,
    enum detail detail);
/* A star in a value may end at a dot: a grant takes the narrow reading. */
char v1_star(const struct pol_rule *r);
/* What every rule of the endpoint has; of a deny what it needs of that. */
struct pol_rule v1_rule_of(const struct v1_end *e, const struct node *n,
    uint32_t flags);
/* Calls one() with what each item of rules holds under allow. */
void v1_each_allow(struct compile *c, const struct v1_end *e,
    void (*one)(struct compile *c, const struct node *n, void *arg));

/* v1body.c: the protocols of which bodies and messages are judged. */
void v1_body_access(struct compile *c, const struct v1_end *e);
void v1_body_rules(struct compile *c, const struct v1_end *e);
void v1_body_denies(struct compile *c, const struct v1_end *e);

#endif
