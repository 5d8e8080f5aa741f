/* detail.h -- what a request says beside host, method and path, for the rules
 * that ask for it.  One table for the language, the image and whoever reads
 * requests. */
#ifndef POLICY_DETAIL_H
#define POLICY_DETAIL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

/* DETAIL(id, key, word, known): key is the entry's, word the part's in it;
 * known: from method, path and query alone. */
#define DETAILS(DETAIL)							\
	DETAIL(QUERY, "query", "", true)				\
	DETAIL(HEADER, "headers", "", false)				\
	DETAIL(GRAPHQL_OPERATION, "graphql", "operations", false)	\
	DETAIL(GRAPHQL_NAME, "graphql", "names", false)			\
	DETAIL(GRAPHQL_FIELD, "graphql", "fields", false)		\
	DETAIL(RPC_METHOD, "json_rpc", "methods", false)		\
	DETAIL(RPC_PARAM, "json_rpc", "params", false)			\
	DETAIL(MCP_METHOD, "mcp", "methods", false)			\
	DETAIL(MCP_TOOL, "mcp", "tools", false)				\
	DETAIL(MCP_ARGUMENT, "mcp", "arguments", false)			\
	DETAIL(GIT_OPERATION, "git", "operations", true)		\
	DETAIL(GIT_REPOSITORY, "git", "repositories", true)		\
	DETAIL(GIT_REF, "git", "refs", false)				\
	DETAIL(SQL_STATEMENT, "sql", "statements", false)		\
	DETAIL(SQL_TABLE, "sql", "tables", false)

enum detail {
#define DETAIL(id, ...) DETAIL_##id,
	DETAILS(DETAIL)
#undef DETAIL
	DETAIL_COUNT
};

/* Those that are read from a request's body. */
#define DETAILS_OF_BODY							\
	(((1U << (DETAIL_MCP_ARGUMENT + 1)) -				\
	    (1U << DETAIL_GRAPHQL_OPERATION)) |				\
	    1U << DETAIL_GIT_OPERATION | 1U << DETAIL_GIT_REF)

struct detail_pair { /* name: of what has names, else empty */
	struct str name, value;
};

struct detail_list { /* zero: not known */
	bool known;
	const struct detail_pair *v;
	uint32_t n;
};

/* What was read of a request. Query and git are not taken from here but from
 * the target, which is what the server sees. */
struct net_details {
	struct detail_list of[DETAIL_COUNT];
};

struct detail_info {
	const char *key, *word;
	bool known;
};

extern const struct detail_info detail_table[DETAIL_COUNT];

/* The next name and value of a query, decoded into text of
 * HTTP_TARGET_BYTES_MAX bytes. false: there is none; *bad: servers may read
 * the rest in several ways. */
bool detail_query_next(struct str *rest, char *text,
    struct detail_pair *out, bool *bad);

/* May some server take both names for one? Of a query: "a", " a", "a[]",
 * "a[0]"; "a.b" and "a_b". */
bool detail_name_same(enum detail detail, struct str a, struct str b);
/* "..", "." and empty parts: where such a path leads is not in it. */
bool detail_has_dots(struct str path);

/* How a value of a detail is to be, in a rule that grants; a rule that denies
 * is about requests in which any value is so. */
enum { /* a set of these */
	NEED_OPTIONAL = 1,	/* need not be there */
	NEED_FORBIDDEN = 2,	/* must not be there */
	NEED_REST = 4,		/* of all names that no other need names */
	NEED_PATH = 8,		/* values are paths: never with dot segments */
	NEED_CALL = 16,		/* of an MCP message that calls a tool: of
				 * others nothing is asked */
	NEED_FLAGS = 31,
};

#endif
