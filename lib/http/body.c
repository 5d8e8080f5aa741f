#include "http/body.h"

#include "base/must.h"
#include "http/write.h"

void
body_init(struct body *b, enum http_framing in, enum http_framing out,
    uint64_t length)
{
	*b = (struct body){ .in = in, .out = out };
	if (in == HTTP_LENGTH)
		b->left = length;
	b->done = in == HTTP_NO_BODY;
}

static size_t
room_in(const struct buf *to)
{
	size_t used = to->len + CHUNK_OVERHEAD_MAX;

	return used < BODY_ROOM ? BODY_ROOM - used : 0;
}

static void
put(struct body *b, struct buf *to, struct str data)
{
	b->bytes += data.len;
	if (b->out == HTTP_CHUNKED)
		must(chunk_put(to, data));
	else
		must(buf_adds(to, data));
}

static enum parse
complete(struct body *b)
{
	b->done = true;
	return PARSE_OK;
}

static enum parse
cut_short(struct http_fault *f)
{
	return http_bad(f, 400, "the body ends before its announced end");
}

static enum parse
move_length(struct body *b, struct buf *from, struct buf *to, bool ended,
    struct http_fault *f)
{
	struct str data = str_upto(buf_str(from), room_in(to));

	if (data.len > b->left)
		data.len = (size_t)b->left;
	put(b, to, data);
	buf_eat(from, data.len);
	b->left -= data.len;
	if (b->left == 0)
		return complete(b);
	return ended && from->len == 0 ? cut_short(f) : PARSE_MORE;
}

/* The body is over: its trailers, if there are any, go along. */
static enum parse
end_with(struct body *b, struct buf *to, struct str trailers,
    struct http_head *scratch, struct http_fault *f)
{
	const struct http_head *t = NULL;

	memset(scratch, 0, offsetof(struct http_head, fields));
	if (trailers.len > 0 &&
	    http_fields_parse(trailers, scratch, f) != PARSE_OK)
		return PARSE_BAD;
	if (trailers.len > 0 && !b->drop_trailers)
		t = scratch;
	if (b->out == HTTP_CHUNKED)
		must(trailers_put(to, t));
	else if (t != NULL && b->trailers_out != NULL)
		must(trailer_fields_put(b->trailers_out, t));
	return complete(b);
}

static enum parse
move_chunked(struct body *b, struct buf *from, struct buf *to, bool ended,
    struct http_head *scratch, struct http_fault *f)
{
	for (;;) { /* every turn eats input, or returns */
		struct str in = buf_str(from), data;
		enum parse got;
		size_t used;

		if (room_in(to) == 0)
			return PARSE_MORE;
		if (b->chunked.at == CHUNK_DATA)
			in = str_upto(in, room_in(to));
		got = chunked_next(&b->chunked, in, &used, &data, f);
		if (got == PARSE_BAD)
			return got;
		if (got == PARSE_OK)
			got = end_with(b, to, data, scratch, f);
		else
			put(b, to, data);
		buf_eat(from, used);
		if (got != PARSE_MORE)
			return got;
		if (used == 0)
			return ended ? cut_short(f) : PARSE_MORE;
	}
}

static enum parse
move_to_end(struct body *b, struct buf *from, struct buf *to, bool ended,
    struct http_head *scratch, struct http_fault *f)
{
	struct str trailers = str_of("", 0);
	struct str data = str_upto(buf_str(from), room_in(to));

	/* Heads alone may have filled it: trailers wait for room, too. */
	if (room_in(to) == 0)
		return PARSE_MORE;
	put(b, to, data);
	buf_eat(from, data.len);
	if (!ended || from->len > 0)
		return PARSE_MORE;
	if (b->trailers_in != NULL)
		trailers = buf_str(b->trailers_in);
	return end_with(b, to, trailers, scratch, f);
}

enum parse
body_move(struct body *b, struct buf *from, struct buf *to, bool ended,
    struct http_head *scratch, struct http_fault *f)
{
	if (b->done)
		return PARSE_OK;
	switch (b->in) {
	case HTTP_LENGTH:
		return move_length(b, from, to, ended, f);
	case HTTP_CHUNKED:
		return move_chunked(b, from, to, ended, scratch, f);
	case HTTP_TO_END:
		return move_to_end(b, from, to, ended, scratch, f);
	case HTTP_NO_BODY:
		break;
	}
	return complete(b);
}

size_t
body_passes(const struct body *b, const struct buf *to)
{
	size_t room = room_in(to);

	if (b->done || b->in != HTTP_LENGTH || b->out != HTTP_LENGTH)
		return 0;
	return room < b->left ? room : (size_t)b->left;
}

void
body_passed(struct body *b, size_t n)
{
	must(n <= b->left);
	b->left -= n;
	b->bytes += n;
	b->done = b->left == 0;
}
