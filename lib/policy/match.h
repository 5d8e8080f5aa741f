/* match.h -- wildcard patterns over paths, in time pattern x text at worst.
 *
 * A compiled pattern is bytes: itself, but for the operators below, which
 * are control characters and so can stand in no pattern as written. */
#ifndef POLICY_MATCH_H
#define POLICY_MATCH_H

#include <stdbool.h>

#include "base/str.h"

#define PATTERN_BYTES_MAX 1024	/* one compiled pattern */

#define OP_STAR	'\1'	/* any bytes but '/' */
#define OP_SPAN	'\2'	/* any bytes */
#define OP_DIRS	'\3'	/* nothing, or any bytes that end in '/' */
#define OP_ONE	'\4'	/* one byte but '/' */
#define OP_LABEL '\5'	/* any bytes but '.' */
#define OP_SET	'\6'	/* one byte of a set: n, then n pairs of its first
			 * and last; n > 0 and the pairs rise */

/* How many bytes the operator or byte at the pattern's front takes; 0: it is
 * a set that the pattern's end cuts off, which matches nothing. */
size_t match_op_len(struct str pattern);
/* How many bytes at the front are themselves. */
size_t match_literal(struct str pattern);
/* Does the pattern match the whole of text? */
bool match_path(struct str pattern, struct str text);
/* The same, when the first literal bytes of both are known to agree. */
bool match_rest(struct str pattern, struct str text);

#endif
