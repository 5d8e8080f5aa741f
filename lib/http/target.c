#include "http/target.h"

#include "http/chars.h"

static enum parse
absolute_parse(struct str in, struct target *out, struct http_fault *f)
{
	struct str scheme, rest;
	size_t slash;

	if (!str_cut(in, ':', &scheme, &rest) || rest.len < 2 ||
	    rest.p[0] != '/' || rest.p[1] != '/')
		return http_bad(f, 400,
		    "the request target is neither /PATH nor "
		    "http://HOST/PATH");
	out->form = TARGET_ABSOLUTE;
	out->https = str_case_eq(scheme, STR("https"));
	if (!out->https && !str_case_eq(scheme, STR("http")))
		return http_bad(f, 400,
		    "the only schemes spoken here are http and https");
	rest = str_from(rest, 2);
	for (slash = 0; slash < rest.len; slash++)
		if (rest.p[slash] == '/' || rest.p[slash] == '?')
			break;
	if (authority_parse(str_head(rest, slash), &out->at, f) != PARSE_OK)
		return PARSE_BAD;
	if (out->at.port == 0)
		out->at.port = out->https ? 443 : 80;
	out->path = str_from(rest, slash);
	return PARSE_OK;
}

enum parse
target_parse(struct str in, struct target *out, struct http_fault *f)
{
	struct str path;

	*out = (struct target){ .form = TARGET_ORIGIN };
	if (in.len > 0 && in.p[0] == '/')
		out->path = in;
	else if (absolute_parse(in, out, f) != PARSE_OK)
		return PARSE_BAD;
	if (str_cut(out->path, '?', &path, &out->query)) {
		out->path = path;
		out->has_query = true;
	}
	if (out->path.len == 0)
		out->path = STR("/");
	return PARSE_OK;
}

/* ---- the canonical path ---- */

struct canon { /* progress along one path */
	char *out;		/* room for three bytes per byte of input */
	size_t len, segment;	/* where the open segment begins in out */
	int utf8;		/* continuation bytes still owed */
	unsigned char lo, hi;
	bool encoded_slash;
};

static const char hex_upper[] = "0123456789ABCDEF";

static void
put_encoded(struct canon *c, unsigned char b)
{
	c->out[c->len++] = '%';
	c->out[c->len++] = hex_upper[b >> 4];
	c->out[c->len++] = hex_upper[b & 15];
}

static enum parse
put_high(struct canon *c, unsigned char b, struct http_fault *f)
{
	if (c->utf8 == 0) {
		c->utf8 = utf8_first(b, &c->lo, &c->hi);
		if (c->utf8 < 0)
			return http_bad(f, 400,
			    "the path holds bytes that are not UTF-8");
	} else {
		if (b < c->lo || b > c->hi)
			return http_bad(f, 400,
			    "the path holds bytes that are not UTF-8");
		c->utf8--;
		c->lo = 0x80;
		c->hi = 0xBF;
	}
	put_encoded(c, b);
	return PARSE_OK;
}

/* One byte of the path's meaning; encoded: it was written as %XX. */
static enum parse
put_byte(struct canon *c, unsigned char b, bool encoded, struct http_fault *f)
{
	if (b >= 0x80)
		return put_high(c, b, f);
	if (c->utf8 != 0)
		return http_bad(f, 400,
		    "the path holds bytes that are not UTF-8");
	if (b < 0x20 || b == 0x7F)
		return http_bad(f, 400, "the path holds a control character");
	if (b == '\\')
		return http_bad(f, 400, "the path holds a backslash");
	if (b == ';' && !encoded)
		return http_bad(f, 400,
		    "the path holds ';' parameters (write %3B for the "
		    "character itself)");
	if (b == '/')
		c->encoded_slash = true;
	if (http_is((char)b, CHAR_PLAIN))
		c->out[c->len++] = (char)b;
	else
		put_encoded(c, b);
	return PARSE_OK;
}

/* Does a server that takes %2F for a slash see a dot segment in this one? */
static bool
hides_dots(struct str s)
{
	size_t at = 0;

	for (size_t i = 0; i <= s.len; i++) {
		struct str part = str_of(s.p + at, i - at);
		bool cut = i + 3 <= s.len && memcmp(s.p + i, "%2F", 3) == 0;

		if (i < s.len && !cut)
			continue;
		if (str_eq(part, STR(".")) || str_eq(part, STR("..")))
			return true;
		at = i + 3;
	}
	return false;
}

/* Ends the open segment. c->out[..segment) ends in '/'. last: the path ends
 * here, so no slash follows, and a dot segment leaves a directory. */
static enum parse
end_segment(struct canon *c, bool last, struct http_fault *f)
{
	struct str s = str_of(c->out + c->segment, c->len - c->segment);

	if (c->utf8 != 0)
		return http_bad(f, 400,
		    "the path holds bytes that are not UTF-8");
	if (str_eq(s, STR("."))) {
		c->len = c->segment;
		return PARSE_OK;
	}
	if (str_eq(s, STR(".."))) {
		if (c->segment == 1)
			return http_bad(f, 400,
			    "the path climbs above the root");
		for (c->len = c->segment - 1; c->out[c->len - 1] != '/';)
			c->len--;
		c->segment = c->len;
		return PARSE_OK;
	}
	if (c->encoded_slash && hides_dots(s))
		return http_bad(f, 400,
		    "the path holds a dot segment beside an encoded slash");
	if (s.len > 0 && !last)
		c->out[c->len++] = '/';
	c->segment = c->len;
	return PARSE_OK;
}

static enum parse
canon_run(struct canon *c, struct str raw, struct http_fault *f)
{
	for (size_t i = 1; i < raw.len; i++) {
		unsigned char b = (unsigned char)raw.p[i];
		int hi, lo;

		if (b == '/') {
			if (end_segment(c, false, f) != PARSE_OK)
				return PARSE_BAD;
			continue;
		}
		if (b != '%') {
			if (put_byte(c, b, false, f) != PARSE_OK)
				return PARSE_BAD;
			continue;
		}
		hi = i + 2 < raw.len ? hex_value(raw.p[i + 1]) : -1;
		lo = i + 2 < raw.len ? hex_value(raw.p[i + 2]) : -1;
		if (hi < 0 || lo < 0)
			return http_bad(f, 400,
			    "the path holds '%' without two hex digits");
		if (put_byte(c, (unsigned char)(hi << 4 | lo), true, f) !=
		    PARSE_OK)
			return PARSE_BAD;
		i += 2;
	}
	return end_segment(c, true, f);
}

enum parse
path_canon(struct str raw, struct buf *out, struct path *p,
    struct http_fault *f)
{
	struct canon c = { .len = 1, .segment = 1 };
	size_t room;

	if (raw.len == 0 || raw.p[0] != '/')
		return http_bad(f, 400, "the path does not begin with '/'");
	if (raw.len > HTTP_TARGET_BYTES_MAX)
		return http_bad(f, 414, "the path is over 8 KiB");
	buf_clear(out);
	c.out = buf_space(out, raw.len * 3, &room);
	if (room < raw.len * 3)
		return http_bad(f, 414, "the path is too long");
	c.out[0] = '/';
	if (canon_run(&c, raw, f) != PARSE_OK)
		return PARSE_BAD;
	if (c.len > HTTP_TARGET_BYTES_MAX)
		return http_bad(f, 414,
		    "the path is over 8 KiB when percent-encoded");
	buf_added(out, c.len);
	p->text = buf_str(out);
	p->encoded_slash = c.encoded_slash;
	return PARSE_OK;
}
