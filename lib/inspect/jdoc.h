/* jdoc.h -- a JSON text, read strictly, as a flat list of values.
 *
 * For bodies that are judged here and then read again by a server that nobody
 * knows: so whatever two readers may take differently is refused.  One value
 * (RFC 8259) in UTF-8, without a byte order mark; no key twice in an object; no
 * lone surrogate and no NUL in a string; no NaN, no comment, no comma too many;
 * nothing behind it.  What is nested too deep or has too many values, too. */
#ifndef INSPECT_JDOC_H
#define INSPECT_JDOC_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

#define JDOC_DEPTH_MAX	64
#define JDOC_VALUES_MAX 65536

enum jkind { JVALUE_NULL, JVALUE_BOOL, JVALUE_NUMBER, JVALUE_STRING,
	JVALUE_ARRAY, JVALUE_OBJECT };

struct jvalue {
	enum jkind kind;
	bool twins;		/* an object: two keys differ in case alone */
	uint32_t next;		/* of the same array or object; 0: none */
	uint32_t first;		/* of its own values; 0: none */
	struct str key;		/* decoded; of an object's value */
	struct str text;	/* a string decoded; others as written */
};

struct jdoc { /* v[0] is the whole; zero is fine to free */
	struct jvalue *v;
	uint32_t n, cap;
	char *text;
};

/* -1: it is not one, or not surely one; why then says what it is, in a few
 * words. *out is to be freed in either case. */
int jdoc_read(struct str in, struct jdoc *out, const char **why);
void jdoc_free(struct jdoc *d);
/* The value of that very key, or NULL. */
const struct jvalue *jdoc_find(const struct jdoc *d, const struct jvalue *of,
    const char *key);
/* The first value of an array or object, and the one after it; or NULL. */
const struct jvalue *jdoc_first(const struct jdoc *d,
    const struct jvalue *of);
const struct jvalue *jdoc_next(const struct jdoc *d, const struct jvalue *v);

#endif
