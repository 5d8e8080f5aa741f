#include "inspect/jdoc.h"

#include <stdlib.h>
#include <string.h>

#include "base/fold.h"
#include "base/must.h"

struct reader {
	struct jdoc *d;
	struct str in;
	size_t at;
	char *out;		/* where the next decoded text goes */
	const char *why;
	uint32_t open[JDOC_DEPTH_MAX]; /* arrays and objects around */
	uint32_t last[JDOC_DEPTH_MAX]; /* in each the last value; 0: none */
	uint32_t depth;
};

static bool
bad(struct reader *r, const char *why)
{
	r->why = why;
	return false;
}

static int
peek(const struct reader *r)
{
	return r->at < r->in.len ? (unsigned char)r->in.p[r->at] : -1;
}

static void
skip_blanks(struct reader *r)
{
	int c;

	while ((c = peek(r)) == ' ' || c == '\t' || c == '\n' || c == '\r')
		r->at++;
}

/* ---- strings */

static int
hex4(struct reader *r)
{
	int v = 0;

	for (int i = 0; i < 4; i++) {
		int c = peek(r);
		int digit = c == -1 ? -1 : hex_value((char)c);

		if (digit == -1)
			return -1;
		v = v * 16 + digit;
		r->at++;
	}
	return v;
}

static void
put_rune(struct reader *r, uint32_t c)
{
	if (c < 0x80) {
		*r->out++ = (char)c;
	} else if (c < 0x800) {
		*r->out++ = (char)(0xc0 | c >> 6);
		*r->out++ = (char)(0x80 | (c & 0x3f));
	} else if (c < 0x10000) {
		*r->out++ = (char)(0xe0 | c >> 12);
		*r->out++ = (char)(0x80 | (c >> 6 & 0x3f));
		*r->out++ = (char)(0x80 | (c & 0x3f));
	} else {
		*r->out++ = (char)(0xf0 | c >> 18);
		*r->out++ = (char)(0x80 | (c >> 12 & 0x3f));
		*r->out++ = (char)(0x80 | (c >> 6 & 0x3f));
		*r->out++ = (char)(0x80 | (c & 0x3f));
	}
}

static bool
read_unicode(struct reader *r)
{
	int high = hex4(r), low;

	if (high == -1)
		return bad(r, "a broken escape in a string");
	if (high == 0)
		return bad(r, "a NUL in a string");
	if (high < 0xd800 || high > 0xdfff) {
		put_rune(r, (uint32_t)high);
		return true;
	}
	if (high > 0xdbff || r->in.len - r->at < 6 ||
	    r->in.p[r->at] != '\\' || r->in.p[r->at + 1] != 'u')
		return bad(r, "a lone surrogate in a string");
	r->at += 2;
	low = hex4(r);
	if (low < 0xdc00 || low > 0xdfff)
		return bad(r, "a lone surrogate in a string");
	put_rune(r, 0x10000 + ((uint32_t)(high - 0xd800) << 10) +
	    (uint32_t)(low - 0xdc00));
	return true;
}

static bool
read_escape(struct reader *r)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	int c = peek(r);
	const char *at = c <= 0 ? NULL : strchr(from, c);

	r->at++;
	if (c == 'u')
		return read_unicode(r);
	if (at == NULL)
		return bad(r, "a broken escape in a string");
	*r->out++ = to[at - from];
	return true;
}

/* One character of UTF-8, in its shortest form, and no surrogate. */
static bool
read_utf8(struct reader *r)
{
	const unsigned char *p = (const unsigned char *)r->in.p + r->at;
	size_t left = r->in.len - r->at;
	size_t n = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
	uint32_t c = p[0] & (0xffU >> (n + 1));
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };

	if (p[0] < 0xc2 || p[0] > 0xf4 || left < n)
		return bad(r, "it is not UTF-8");
	for (size_t i = 1; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return bad(r, "it is not UTF-8");
		c = c << 6 | (p[i] & 0x3f);
	}
	if (c < least[n] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return bad(r, "it is not UTF-8");
	memcpy(r->out, p, n);
	r->out += n;
	r->at += n;
	return true;
}

/* Decoded is never longer than written. */
static bool
read_string(struct reader *r, struct str *out)
{
	char *begin = r->out;

	r->at++;	/* the quote */
	for (;;) {	/* every turn eats a byte, or returns */
		int c = peek(r);

		if (c == -1)
			return bad(r, "it ends too early");
		if (c < 0x20)
			return bad(r, "a control character in a string");
		if (c >= 0x80) {
			if (!read_utf8(r))
				return false;
			continue;
		}
		r->at++;
		if (c == '"')
			break;
		if (c != '\\')
			*r->out++ = (char)c;
		else if (!read_escape(r))
			return false;
	}
	*out = str_of(begin, (size_t)(r->out - begin));
	return true;
}

/* ---- other values */

static bool
skip_digits(struct reader *r)
{
	size_t begin = r->at;
	int c;

	while ((c = peek(r)) >= '0' && c <= '9')
		r->at++;
	return r->at > begin;
}

static bool
read_number(struct reader *r)
{
	const char *const why = "a number that is none";
	int c;

	if (peek(r) == '-')
		r->at++;
	if (peek(r) == '0')
		r->at++;
	else if (!skip_digits(r))
		return bad(r, why);
	if (peek(r) == '.') {
		r->at++;
		if (!skip_digits(r))
			return bad(r, why);
	}
	if ((c = peek(r)) == 'e' || c == 'E') {
		r->at++;
		if ((c = peek(r)) == '+' || c == '-')
			r->at++;
		if (!skip_digits(r))
			return bad(r, why);
	}
	return true;
}

static bool
read_word(struct reader *r, struct jvalue *v)
{
	static const struct {
		struct str word;
		enum jkind kind;
	} words[] = { { { "null", 4 }, JVALUE_NULL },
		{ { "true", 4 }, JVALUE_BOOL }, { { "false", 5 }, JVALUE_BOOL } };

	for (size_t i = 0; i < NELEM(words); i++)
		if (str_has_prefix(str_from(r->in, r->at), words[i].word)) {
			v->kind = words[i].kind;
			r->at += words[i].word.len;
			return true;
		}
	return bad(r, "it is not JSON");
}

static struct jvalue *
value_new(struct reader *r)
{
	struct jdoc *d = r->d;

	if (d->n == JDOC_VALUES_MAX) {
		(void)bad(r, "it has too many values");
		return NULL;
	}
	if (d->n == d->cap) {
		d->cap = d->cap == 0 ? 32 : 2 * d->cap;
		d->v = mem_grow(d->v, d->cap, sizeof(*d->v));
	}
	d->v[d->n] = (struct jvalue){ .kind = JVALUE_NULL };
	return &d->v[d->n++];
}

/* The one just made is the last of what is open. */
static void
link_in(struct reader *r)
{
	uint32_t i = r->d->n - 1, *last;

	if (r->depth == 0)
		return;
	last = &r->last[r->depth - 1];
	if (*last == 0)
		r->d->v[r->open[r->depth - 1]].first = i;
	else
		r->d->v[*last].next = i;
	*last = i;
}

static bool
open_one(struct reader *r, struct jvalue *v, enum jkind kind)
{
	v->kind = kind;
	if (r->depth == JDOC_DEPTH_MAX)
		return bad(r, "it is nested too deep");
	r->open[r->depth] = r->d->n - 1;
	r->last[r->depth++] = 0;
	r->at++;
	return true;
}

static bool
read_value(struct reader *r, struct str key)
{
	struct jvalue *v = value_new(r);
	size_t begin = r->at;
	int c = peek(r);
	bool ok;

	if (v == NULL)
		return false;
	v->key = key;
	link_in(r);
	if (c == '"') {
		v->kind = JVALUE_STRING;
		return read_string(r, &v->text);
	}
	if (c == '{' || c == '[')
		return open_one(r, v, c == '{' ? JVALUE_OBJECT : JVALUE_ARRAY);
	if (c == '-' || (c >= '0' && c <= '9')) {
		v->kind = JVALUE_NUMBER;
		ok = read_number(r);
	} else {
		ok = c == -1 ? bad(r, "it ends too early") : read_word(r, v);
	}
	v->text = str_of(r->in.p + begin, r->at - begin);
	return ok;
}

/* ---- keys that are the same, or as good as that */

static int
by_key(const void *x, const void *y)
{
	const struct str *a = x, *b = y;
	size_t n = a->len < b->len ? a->len : b->len;
	int c = fold_compare(*a, *b);

	if (c == 0)
		c = memcmp(a->p, b->p, n);
	return c != 0 ? c : a->len < b->len ? -1 : a->len > b->len;
}

static bool
check_keys(struct reader *r, uint32_t object)
{
	struct jdoc *d = r->d;
	struct str *keys;
	uint32_t n = 0;
	bool same = false;

	for (uint32_t i = d->v[object].first; i != 0; i = d->v[i].next)
		n++;
	if (n < 2)
		return true;
	keys = mem_alloc(n, sizeof(*keys));
	n = 0;
	for (uint32_t i = d->v[object].first; i != 0; i = d->v[i].next)
		keys[n++] = d->v[i].key;
	qsort(keys, n, sizeof(*keys), by_key);
	for (uint32_t i = 1; i < n; i++) {
		same |= str_eq(keys[i - 1], keys[i]);
		if (fold_compare(keys[i - 1], keys[i]) == 0)
			d->v[object].twins = true;
	}
	free(keys);
	return !same || bad(r, "a key is there twice in one object");
}

/* ---- the whole */

static bool
close_one(struct reader *r)
{
	uint32_t i = r->open[r->depth - 1];

	r->at++;
	r->depth--;
	return r->d->v[i].kind != JVALUE_OBJECT || check_keys(r, i);
}

static bool
read_key(struct reader *r, struct str *key)
{
	skip_blanks(r);
	if (peek(r) != '"')
		return bad(r, "a key that is no string");
	if (!read_string(r, key))
		return false;
	skip_blanks(r);
	if (peek(r) != ':')
		return bad(r, "it is not JSON");
	r->at++;
	skip_blanks(r);
	return true;
}

/* What comes next in the array or object that is open. */
static bool
read_member(struct reader *r)
{
	bool object = r->d->v[r->open[r->depth - 1]].kind == JVALUE_OBJECT;
	bool first = r->last[r->depth - 1] == 0;
	struct str key = { "", 0 };
	int c;

	skip_blanks(r);
	c = peek(r);
	if (c == (object ? '}' : ']'))
		return close_one(r);
	if (!first) {
		if (c != ',')
			return bad(r, c == -1 ? "it ends too early" :
			    "it is not JSON");
		r->at++;
		skip_blanks(r);
	}
	if (object && !read_key(r, &key))
		return false;
	return read_value(r, key);
}

static bool
read_all(struct reader *r)
{
	if (str_has_prefix(r->in, STR("\xef\xbb\xbf")))
		return bad(r, "it begins with a byte order mark");
	skip_blanks(r);
	if (!read_value(r, str_of("", 0)))
		return false;
	while (r->depth > 0) /* each turn eats input, or ends it */
		if (!read_member(r))
			return false;
	skip_blanks(r);
	return r->at == r->in.len || bad(r, "something is behind its end");
}

int
jdoc_read(struct str in, struct jdoc *out, const char **why)
{
	struct reader r = { .d = out, .in = in };

	*out = (struct jdoc){ .text = mem_alloc(in.len + 1, 1) };
	r.out = out->text;
	if (read_all(&r))
		return 0;
	*why = r.why;
	return -1;
}

void
jdoc_free(struct jdoc *d)
{
	free(d->v);
	free(d->text);
	*d = (struct jdoc){ .n = 0 };
}

const struct jvalue *
jdoc_first(const struct jdoc *d, const struct jvalue *of)
{
	return of->first == 0 ? NULL : &d->v[of->first];
}

const struct jvalue *
jdoc_next(const struct jdoc *d, const struct jvalue *v)
{
	return v->next == 0 ? NULL : &d->v[v->next];
}

const struct jvalue *
jdoc_find(const struct jdoc *d, const struct jvalue *of, const char *key)
{
	if (of->kind != JVALUE_OBJECT)
		return NULL;
	for (const struct jvalue *v = jdoc_first(d, of); v != NULL;
	    v = jdoc_next(d, v))
		if (str_eqz(v->key, key))
			return v;
	return NULL;
}
