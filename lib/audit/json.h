/* json.h -- JSON written straight into a buffer, without a tree.  Pure. */
#ifndef AUDIT_JSON_H
#define AUDIT_JSON_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"

struct json_out { /* zero but for b; full is sticky */
	struct buf *b;
	bool full;
	bool comma;	/* a value was written at this level */
};

/* Within an object. Names are literals of ours and are not escaped. */
void json_open(struct json_out *j, const char *name);	/* "name":{ */
void json_close(struct json_out *j);			/* } */
void json_str(struct json_out *j, const char *name, struct str v);
void json_num(struct json_out *j, const char *name, int64_t v);
void json_unum(struct json_out *j, const char *name, uint64_t v);
void json_bool(struct json_out *j, const char *name, bool v);
/* v is JSON already. */
void json_raw(struct json_out *j, const char *name, struct str v);
/* Nothing at all when v is empty. */
void json_str_if(struct json_out *j, const char *name, struct str v);

/* v between quotes. Control characters (C1 and DEL too) become \u00XX, so
 * the line is safe on a terminal. Bytes that are not UTF-8, and the
 * backslash itself, become the text \xHH, so that no two strings print
 * alike. */
void json_quote(struct json_out *j, struct str v);

#endif
