#include "http/chunked.h"

#include <stdio.h>

#include "base/must.h"
#include "http/chars.h"
#include "http/head.h"

static enum parse
size_parse(struct str line, uint64_t *size, struct http_fault *f)
{
	size_t i;

	*size = 0;
	for (i = 0; i < line.len && hex_value(line.p[i]) >= 0; i++) {
		if (i == 16)
			return http_bad(f, 400, "a chunk's size is too long");
		*size = *size << 4 | (unsigned)hex_value(line.p[i]);
	}
	if (i == 0 || *size > INT64_MAX)
		return http_bad(f, 400, "a chunk's size is not a number");
	if (i < line.len && line.p[i] != ';')
		return http_bad(f, 400,
		    "something other than an extension follows a chunk's "
		    "size");
	for (; i < line.len; i++)
		if (!http_is(line.p[i], CHAR_VALUE))
			return http_bad(f, 400,
			    "a chunk's extension holds a control character");
	return PARSE_OK;
}

static enum parse
on_size(struct chunked *c, struct str in, size_t *used, struct http_fault *f)
{
	size_t lf = str_index(str_upto(in, CHUNK_LINE_BYTES_MAX), '\n');

	if (lf == CHUNK_LINE_BYTES_MAX)
		return http_bad(f, 400, "a chunk's first line is too long");
	if (lf == in.len)
		return PARSE_MORE;
	if (lf == 0 || in.p[lf - 1] != '\r')
		return http_bad(f, 400,
		    "a chunk's first line ends without a carriage return");
	if (size_parse(str_head(in, lf - 1), &c->left, f) != PARSE_OK)
		return PARSE_BAD;
	c->at = c->left == 0 ? CHUNK_TRAILER : CHUNK_DATA;
	*used = lf + 1;
	return PARSE_MORE;
}

static enum parse
on_data_end(struct chunked *c, struct str in, size_t *used,
    struct http_fault *f)
{
	if ((in.len > 0 && in.p[0] != '\r') ||
	    (in.len > 1 && in.p[1] != '\n'))
		return http_bad(f, 400,
		    "a chunk is longer than its size says");
	if (in.len < 2)
		return PARSE_MORE;
	c->at = CHUNK_SIZE;
	*used = 2;
	return PARSE_MORE;
}

static enum parse
on_trailer(struct chunked *c, struct str in, size_t *used, struct str *data,
    struct http_fault *f)
{
	size_t scan = 0, end = 0;

	if (in.len >= 2 && in.p[0] == '\r' && in.p[1] == '\n') {
		end = 2;
	} else if (in.len >= 1 && in.p[0] == '\r' && in.len < 2) {
		return PARSE_MORE;
	} else {
		enum parse got = http_head_find(in, &scan, &end, f);

		if (got == PARSE_MORE && in.len >= TRAILER_BYTES_MAX)
			return http_bad(f, 431,
			    "the trailers are over 8 KiB");
		if (got != PARSE_OK)
			return got;
	}
	c->at = CHUNK_DONE;
	*used = end;
	*data = str_head(in, end);
	return PARSE_OK;
}

enum parse
chunked_next(struct chunked *c, struct str in, size_t *used,
    struct str *data, struct http_fault *f)
{
	*used = 0;
	*data = str_of(in.p, 0);
	switch (c->at) {
	case CHUNK_SIZE:
		return on_size(c, in, used, f);
	case CHUNK_DATA:
		*data = str_upto(in, c->left < in.len ? (size_t)c->left :
							in.len);
		*used = data->len;
		c->left -= data->len;
		if (c->left == 0)
			c->at = CHUNK_DATA_END;
		return PARSE_MORE;
	case CHUNK_DATA_END:
		return on_data_end(c, in, used, f);
	case CHUNK_TRAILER:
		return on_trailer(c, in, used, data, f);
	case CHUNK_DONE:
		break;
	}
	must(c->at != CHUNK_DONE);
	return PARSE_BAD;
}

bool
chunk_put(struct buf *out, struct str data)
{
	char line[CHUNK_OVERHEAD_MAX];
	int n;

	if (data.len == 0)
		return true;
	n = snprintf(line, sizeof(line), "%zx\r\n", data.len);
	if (out->max - out->len < data.len + (size_t)n + 2)
		return false;
	return buf_add(out, line, (size_t)n) && buf_adds(out, data) &&
	    buf_add(out, "\r\n", 2);
}
