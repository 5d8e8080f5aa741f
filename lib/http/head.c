#include "http/head.h"

#include "http/chars.h"

#define METHOD_BYTES_MAX 32

/* ---- where the head ends ---- */

static enum parse
find_more(struct str in, size_t *scan, struct http_fault *f)
{
	if (in.len > HTTP_TARGET_BYTES_MAX + METHOD_BYTES_MAX + 16 &&
	    memchr(in.p, '\n', in.len) == NULL)
		return http_bad(f, 414, "the request target is over 8 KiB");
	if (in.len >= HTTP_HEAD_BYTES_MAX)
		return http_bad(f, 431, "the header fields are over 32 KiB");
	*scan = in.len;
	return PARSE_MORE;
}

enum parse
http_head_find(struct str in, size_t *scan, size_t *end, struct http_fault *f)
{
	size_t at = *scan;

	while (at < in.len) {
		const char *lf = memchr(in.p + at, '\n', in.len - at);

		if (lf == NULL)
			break;
		at = (size_t)(lf - in.p) + 1;
		if (at < 2 || in.p[at - 2] != '\r')
			return http_bad(f, 400,
			    "a line ends without a carriage return");
		if (at == 2)
			return http_bad(f, 400,
			    "an empty line stands before the message");
		if (at > HTTP_HEAD_BYTES_MAX)
			break;
		if (in.p[at - 3] == '\n') {
			*end = at;
			return PARSE_OK;
		}
	}
	return find_more(in, scan, f);
}

/* Cuts the next line off text; the CRLF is gone. Every line of a head that
 * http_head_find gave has one. */
static bool
take_line(struct str *text, struct str *line)
{
	size_t at = str_index(*text, '\n');

	if (at == text->len || at == 0 || text->p[at - 1] != '\r')
		return false;
	*line = str_head(*text, at - 1);
	*text = str_from(*text, at + 1);
	return true;
}

static bool
all_are(struct str s, enum http_char kind)
{
	for (size_t i = 0; i < s.len; i++)
		if (!http_is(s.p[i], kind))
			return false;
	return true;
}

/* ---- fields ---- */

static enum http_name
name_id(struct str n)
{
	static const struct {
		struct str name;
		enum http_name id;
	} known[] = {
		{ { "te", 2 }, HTTP_HOP },
		{ { "host", 4 }, HTTP_HOST },
		{ { "expect", 6 }, HTTP_EXPECT },
		{ { "upgrade", 7 }, HTTP_UPGRADE },
		{ { "connection", 10 }, HTTP_CONNECTION },
		{ { "keep-alive", 10 }, HTTP_HOP },
		{ { "content-length", 14 }, HTTP_CONTENT_LENGTH },
		{ { "http2-settings", 14 }, HTTP_HOP },
		{ { "transfer-encoding", 17 }, HTTP_TRANSFER_ENCODING },
	};
	static const struct str proxy = { "proxy-", 6 };

	if (n.len > 6 && (n.p[0] | 0x20) == 'p' &&
	    str_case_eq(str_head(n, 6), proxy))
		return HTTP_HOP;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (known[i].name.len == n.len &&
		    (n.p[0] | 0x20) == known[i].name.p[0] &&
		    str_case_eq(n, known[i].name))
			return known[i].id;
	return HTTP_OTHER;
}

static enum parse
on_length(struct http_head *h, struct str v, struct http_fault *f)
{
	if (h->has_length)
		return http_bad(f, 400, "Content-Length is given twice");
	if (!str_u64(v, INT64_MAX, &h->length))
		return http_bad(f, 400,
		    "Content-Length is not a plain decimal number");
	h->has_length = true;
	return PARSE_OK;
}

static enum parse
on_coding(struct http_head *h, struct str v, struct http_fault *f)
{
	if (h->chunked)
		return http_bad(f, 400, "Transfer-Encoding is given twice");
	if (!str_case_eq(v, STR("chunked")))
		return http_bad(f, 501,
		    "the only transfer coding understood is chunked");
	h->chunked = true;
	return PARSE_OK;
}

/* The next element of a comma-separated list of tokens; false at its end.
 * *bad when it is not one. */
static bool
take_token(struct str *list, struct str *token, bool *bad)
{
	struct str rest = { 0 };

	while (list->len > 0) {
		if (!str_cut(*list, ',', token, &rest)) {
			*token = *list;
			rest = str_of("", 0);
		}
		*list = rest;
		*token = str_trim(*token);
		if (token->len == 0)
			continue;
		*bad = !all_are(*token, CHAR_TOKEN);
		return true;
	}
	return false;
}

static enum parse
on_connection(struct http_head *h, struct str v, struct http_fault *f)
{
	struct str token;
	bool bad = false;

	while (take_token(&v, &token, &bad)) {
		if (bad)
			return http_bad(f, 400,
			    "Connection is not a list of names");
		switch (name_id(token)) {
		case HTTP_HOST:
		case HTTP_CONTENT_LENGTH:
		case HTTP_TRANSFER_ENCODING:
			return http_bad(f, 400,
			    "Connection names a field that frames the "
			    "message");
		case HTTP_OTHER:
		case HTTP_CONNECTION:
		case HTTP_EXPECT:
		case HTTP_UPGRADE:
		case HTTP_HOP:
			break;
		}
		h->says_close |= str_case_eq(token, STR("close"));
		h->says_keep |= str_case_eq(token, STR("keep-alive"));
	}
	return PARSE_OK;
}

static enum parse
on_field(struct http_head *h, const struct http_field *fd,
    struct http_fault *f)
{
	switch (fd->id) {
	case HTTP_HOST:
		if (h->has_host)
			return http_bad(f, 400, "Host is given twice");
		h->has_host = true;
		h->host = fd->value;
		return PARSE_OK;
	case HTTP_CONTENT_LENGTH:
		return on_length(h, fd->value, f);
	case HTTP_TRANSFER_ENCODING:
		return on_coding(h, fd->value, f);
	case HTTP_CONNECTION:
		return on_connection(h, fd->value, f);
	case HTTP_EXPECT:
		if (!str_case_eq(fd->value, STR("100-continue")))
			return http_bad(f, 417,
			    "the only expectation understood is "
			    "100-continue");
		h->expects = true;
		return PARSE_OK;
	case HTTP_UPGRADE:
		h->upgrade = fd->value;
		return PARSE_OK;
	case HTTP_OTHER:
	case HTTP_HOP:
		break;
	}
	return PARSE_OK;
}

static enum parse
field_parse(struct str line, struct http_field *out, struct http_fault *f)
{
	if (line.p[0] == ' ' || line.p[0] == '\t')
		return http_bad(f, 400, "a header field is folded");
	if (!str_cut(line, ':', &out->name, &out->value))
		return http_bad(f, 400, "a header field has no colon");
	if (out->name.len == 0 || !all_are(out->name, CHAR_TOKEN))
		return http_bad(f, 400,
		    "a header field's name is not a token");
	if (!all_are(out->value, CHAR_VALUE))
		return http_bad(f, 400,
		    "a header field's value holds a control character");
	out->value = str_trim(out->value);
	out->id = name_id(out->name);
	out->nominated = false;
	return PARSE_OK;
}

/* Marks what Connection names besides close and keep-alive. Bounded: fields
 * times tokens, both within one head. */
static void
nominate(struct http_head *h, struct str list)
{
	struct str token;
	bool bad = false;

	while (take_token(&list, &token, &bad)) {
		if (str_case_eq(token, STR("close")) ||
		    str_case_eq(token, STR("keep-alive")))
			continue;
		for (unsigned i = 0; i < h->nfields; i++)
			if (str_case_eq(h->fields[i].name, token))
				h->fields[i].nominated = true;
	}
}

enum parse
http_fields_parse(struct str text, struct http_head *h, struct http_fault *f)
{
	struct str line;

	for (;;) {
		struct http_field *fd = &h->fields[h->nfields];

		if (!take_line(&text, &line))
			return http_bad(f, 400, "a line is not ended");
		if (line.len == 0)
			break;
		if (h->nfields == HTTP_FIELDS_MAX)
			return http_bad(f, 431,
			    "there are more than 128 header fields");
		if (field_parse(line, fd, f) != PARSE_OK ||
		    on_field(h, fd, f) != PARSE_OK)
			return PARSE_BAD;
		h->nfields++;
	}
	if (text.len != 0)
		return http_bad(f, 400, "bytes follow the header fields");
	for (unsigned i = 0; i < h->nfields; i++)
		if (h->fields[i].id == HTTP_CONNECTION)
			nominate(h, h->fields[i].value);
	return PARSE_OK;
}

/* Everything but the array of fields, which nfields bounds. */
static void
head_clear(struct http_head *h)
{
	memset(h, 0, offsetof(struct http_head, fields));
}

/* ---- framing ---- */

static enum parse
framing_check(const struct http_head *h, struct http_fault *f)
{
	if (h->chunked && h->has_length)
		return http_bad(f, 400,
		    "Content-Length and Transfer-Encoding are both given");
	if (h->chunked && h->minor == 0)
		return http_bad(f, 400,
		    "Transfer-Encoding is given in an HTTP/1.0 message");
	return PARSE_OK;
}

enum http_framing
http_request_framing(const struct http_head *h)
{
	if (h->chunked)
		return HTTP_CHUNKED;
	return h->has_length && h->length > 0 ? HTTP_LENGTH : HTTP_NO_BODY;
}

enum parse
http_response_framing(const struct http_head *h, struct str method,
    enum http_framing *out, struct http_fault *f)
{
	bool bare = h->status < 200 || h->status == 204;

	if (bare && (h->chunked || (h->has_length && h->length > 0)))
		return http_bad(f, 502,
		    "the response announces a body that its status rules "
		    "out");
	if (bare || h->status == 304 || str_eq(method, STR("HEAD")))
		*out = HTTP_NO_BODY;
	else if (h->chunked)
		*out = HTTP_CHUNKED;
	else if (h->has_length)
		*out = h->length > 0 ? HTTP_LENGTH : HTTP_NO_BODY;
	else
		*out = HTTP_TO_END;
	return PARSE_OK;
}

bool
http_keeps_alive(const struct http_head *h)
{
	return !h->says_close && (h->minor == 1 || h->says_keep);
}

/* ---- first lines ---- */

/* Exactly "HTTP/1.0" or "HTTP/1.1". */
static enum parse
version_parse(struct str v, unsigned *minor, struct http_fault *f)
{
	if (v.len != 8 || memcmp(v.p, "HTTP/", 5) != 0 || v.p[6] != '.')
		return http_bad(f, 400, "the version is not HTTP/1.1");
	if (v.p[5] != '1' || (v.p[7] != '0' && v.p[7] != '1'))
		return http_bad(f, 505,
		    "only HTTP/1.1 and HTTP/1.0 are spoken here");
	*minor = (unsigned)(v.p[7] - '0');
	return PARSE_OK;
}

static enum parse
request_line_parse(struct str line, struct http_head *h, struct http_fault *f)
{
	struct str rest, version;

	if (!str_cut(line, ' ', &h->method, &rest) ||
	    !str_cut(rest, ' ', &h->target, &version))
		return http_bad(f, 400,
		    "the request line is not METHOD TARGET HTTP/1.1");
	if (h->method.len == 0 || h->method.len > METHOD_BYTES_MAX ||
	    !all_are(h->method, CHAR_TOKEN))
		return http_bad(f, 400, "the method is not a token");
	if (h->target.len > HTTP_TARGET_BYTES_MAX)
		return http_bad(f, 414, "the request target is over 8 KiB");
	if (h->target.len == 0 || !all_are(h->target, CHAR_TARGET))
		return http_bad(f, 400,
		    "the request target holds a character that must be "
		    "percent-encoded");
	return version_parse(version, &h->minor, f);
}

enum parse
http_request_parse(struct str text, struct http_head *h, struct http_fault *f)
{
	struct str line;

	head_clear(h);
	if (!take_line(&text, &line))
		return http_bad(f, 400, "a line is not ended");
	if (request_line_parse(line, h, f) != PARSE_OK ||
	    http_fields_parse(text, h, f) != PARSE_OK)
		return PARSE_BAD;
	/* The target of CONNECT says as much as Host does. */
	if (!h->has_host && h->minor == 1 &&
	    !str_eq(h->method, STR("CONNECT")))
		return http_bad(f, 400, "the Host field is missing");
	return framing_check(h, f);
}

static enum parse
status_line_parse(struct str line, struct http_head *h, struct http_fault *f)
{
	struct str version, rest, code;

	if (!str_cut(line, ' ', &version, &rest))
		return http_bad(f, 502, "the status line has no status");
	if (version_parse(version, &h->minor, f) != PARSE_OK)
		return PARSE_BAD;
	code = str_upto(rest, 3);
	/* The blank before an empty reason is often left out. */
	h->reason = rest.len > 3 ? str_from(rest, 4) : str_of("", 0);
	if (code.len != 3 || (rest.len > 3 && rest.p[3] != ' ') ||
	    code.p[0] < '1' || code.p[0] > '5')
		return http_bad(f, 502, "the status is not 100 to 599");
	for (int i = 0; i < 3; i++) {
		if (code.p[i] < '0' || code.p[i] > '9')
			return http_bad(f, 502,
			    "the status is not three digits");
		h->status = h->status * 10 + (unsigned)(code.p[i] - '0');
	}
	if (!all_are(h->reason, CHAR_VALUE))
		return http_bad(f, 502,
		    "the reason phrase holds a control character");
	return PARSE_OK;
}

enum parse
http_response_parse(struct str text, struct http_head *h,
    struct http_fault *f)
{
	struct str line;

	head_clear(h);
	if (!take_line(&text, &line))
		return http_bad(f, 502, "a line is not ended");
	if (status_line_parse(line, h, f) != PARSE_OK ||
	    http_fields_parse(text, h, f) != PARSE_OK ||
	    framing_check(h, f) != PARSE_OK) {
		f->status = 502;
		return PARSE_BAD;
	}
	return PARSE_OK;
}
