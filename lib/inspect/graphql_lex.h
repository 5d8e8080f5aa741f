/* graphql_lex.h -- the words of a GraphQL document.  Of graphql.c alone. */
#ifndef INSPECT_GRAPHQL_LEX_H
#define INSPECT_GRAPHQL_LEX_H

#include <stdbool.h>

#include "base/str.h"

enum gtoken {
	GTOKEN_END,
	GTOKEN_BAD,		/* why says what it is */
	GTOKEN_NAME,
	GTOKEN_NUMBER,
	GTOKEN_STRING,
	GTOKEN_SPREAD,		/* ... */
	GTOKEN_SIGN,		/* one of !$&()=:@[]{|} */
};

struct glex {
	struct str in;
	size_t at;
	enum gtoken token;	/* the one that was read last */
	struct str text;	/* as written */
	const char *why;
};

void glex_next(struct glex *x);

static inline bool
glex_is(const struct glex *x, char sign)
{
	return x->token == GTOKEN_SIGN && x->text.p[0] == sign;
}

static inline bool
glex_is_name(const struct glex *x, const char *name)
{
	return x->token == GTOKEN_NAME && str_eqz(x->text, name);
}

#endif
