/* jline.h -- JSON written straight into a buffer, without a tree.  Pure. */
#ifndef AUDIT_JLINE_H
#define AUDIT_JLINE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"

struct jline { /* zero but for b; full is sticky */
	struct buf *b;
	bool full;
	bool comma;	/* a value was written at this level */
};

/* Within an object. Names are literals of ours and are not escaped. */
void jline_open(struct jline *j, const char *name);	/* "name":{ */
void jline_close(struct jline *j);			/* } */
void jline_str(struct jline *j, const char *name, struct str v);
void jline_num(struct jline *j, const char *name, int64_t v);
void jline_unum(struct jline *j, const char *name, uint64_t v);
void jline_bool(struct jline *j, const char *name, bool v);
/* v is JSON already. */
void jline_raw(struct jline *j, const char *name, struct str v);
/* Nothing at all when v is empty. */
void jline_str_if(struct jline *j, const char *name, struct str v);

/* v between quotes. Control characters (C1, DEL and the marks of direction
 * too) become \uXXXX, so the line is safe on a terminal. Bytes that are not
 * UTF-8, and the backslash itself, become the text \xHH, so that no two
 * strings print alike. */
void jline_quote(struct jline *j, struct str v);
/* Bytes as they are, wherever the line is. */
void jline_add(struct jline *j, struct str s);

#endif
