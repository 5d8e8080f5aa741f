/* json.h -- a small JSON object written field by field, everything escaped.
 * For answers to the agent; egress links no JSON library. */
#ifndef HTTP_JSON_H
#define HTTP_JSON_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"

struct json {
	struct buf *out;
	bool comma;	/* something stands before on this level */
	bool over;	/* out was full: the text is of no use */
};

/* key NULL: inside an array, or the outermost value. */
void json_open(struct json *j, const char *key, char bracket);
void json_close(struct json *j, char bracket);
void json_str(struct json *j, const char *key, struct str value);
void json_u64(struct json *j, const char *key, uint64_t value);

#endif
