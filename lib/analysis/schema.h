/* schema.h -- the keys of the native language, for editors: `policy schema'
 * prints them as a JSON Schema.  A test holds them against what the compiler
 * says it knows, map by map. */
#ifndef ANALYSIS_SCHEMA_H
#define ANALYSIS_SCHEMA_H

#include <stddef.h>

/* The type of a value, one word:
 *	word bool any		as they are
 *	count			a whole number from 1
 *	amount			a number, or a word as 2M, $0.80, 5m
 *	a|b|c			one of these words
 *	@shape			a map of that shape
 * and around it: [..] a list of such, {..} a map from any name to such, and
 * X/Y either. */
struct schema_key {
	const char *key;	/* NULL ends them */
	const char *type;
	const char *help;
};

struct schema_shape {
	const char *name;
	const char *place;	/* a policy with one such map, as %s */
	const struct schema_key *keys;
	const char *required;	/* a key, or NULL */
	const char *title;
};

extern const struct schema_shape schema_shapes[]; /* NULL ends them; the first
						   * is the whole */

#endif
