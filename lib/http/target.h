/* target.h -- the request target, and the canonical path.  Pure.
 *
 * Canonical path: begins with '/'; every character that may stand in a path
 * (unreserved, sub-delimiters, ':' and '@') stands for itself; every other
 * byte is %XX in upper case; no dot segments, no empty segments. Refused:
 * ';' parameters, backslash, control characters, bytes that are not UTF-8,
 * '..' above the root. An encoded slash stays %2F and is reported, since
 * only an endpoint that opts in may take it. What is judged is what is
 * sent: the query goes along as it came. */
#ifndef HTTP_TARGET_H
#define HTTP_TARGET_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/str.h"
#include "http/fault.h"
#include "http/host.h"

enum target_form { TARGET_ORIGIN, TARGET_ABSOLUTE };

struct target { /* views into the text that was parsed */
	enum target_form form;
	bool https;		/* of the absolute form */
	struct authority at;	/* of the absolute form; port filled in */
	struct str path, query;	/* as sent; no '?' */
	bool has_query;
};

/* The target of any method but CONNECT. PARSE_OK or PARSE_BAD. */
enum parse target_parse(struct str in, struct target *out,
    struct http_fault *f);

struct path { /* canonical; in the caller's buffer */
	struct str text;
	bool encoded_slash;
};

/* Writes the canonical form to out (emptied first). */
enum parse path_canon(struct str raw, struct buf *out, struct path *p,
    struct http_fault *f);

#endif
