/* graphql.h -- what an executable GraphQL document asks for: each operation's
 * kind and name, and the fields that it reads or writes, by their own names
 * (never their aliases), through all fragments.  Strict: what two readers may
 * take differently is refused, and so is a document that does not end. */
#ifndef INSPECT_GRAPHQL_H
#define INSPECT_GRAPHQL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"

#define GRAPHQL_DEPTH_MAX   48		/* of selections, fragments included */
#define GRAPHQL_NODES_MAX   16384	/* selections as written */
#define GRAPHQL_FIELDS_MAX  8192	/* of all operations, with fragments */
#define GRAPHQL_PARTS_MAX   256		/* operations and fragments */
#define GRAPHQL_TEXT_MAX    1048576	/* of all fields' paths */

struct graphql_operation {
	struct str kind;		/* query, mutation or subscription */
	struct str name;		/* empty: it has none */
	uint32_t first, n;		/* of fields */
};

/* A field is told by the way to it: "viewer.login". Only those that have none
 * below them. Of a field that is there several times, each. */
struct graphql_field {
	uint32_t off, len;		/* of text */
};

struct graphql { /* zero is fine to free */
	struct graphql_operation *operations;
	uint32_t noperations;
	struct graphql_field *fields;
	uint32_t nfields;
	struct buf text;
};

/* -1: why says what is wrong. Views into text stay in *out, which is to be
 * freed in either case. */
int graphql_read(struct str text, struct graphql *out, const char **why);
void graphql_free(struct graphql *g);
struct str graphql_path(const struct graphql *g, uint32_t field);

#endif
