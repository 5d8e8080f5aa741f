/* keys.c -- shapes of credentials. */
#include <string.h>

#include "scan/detect.h"

enum { TOKEN_BEFORE = 32 };

/* A bit for each set that a character is of. */
#define IN(set) (1u << SET_##set)
#define ALNUM (IN(ALNUM) | IN(WORD) | IN(URL) | IN(BASE64) | IN(DOTTED))
#define LOWER8 ALNUM, ALNUM, ALNUM, ALNUM, ALNUM, ALNUM, ALNUM, ALNUM
#define UPPER (ALNUM | IN(UPPER))
#define UPPER8 UPPER, UPPER, UPPER, UPPER, UPPER, UPPER, UPPER, UPPER
#define DIGIT (UPPER | IN(HEX) | IN(DIGIT))
#define DIGIT8 DIGIT, DIGIT, DIGIT, DIGIT, DIGIT, DIGIT, DIGIT, DIGIT
#define HEX(of) ((of) | IN(HEX))
const uint8_t set_bits[256] = {
	['+'] = IN(BASE64), ['/'] = IN(BASE64), ['='] = IN(BASE64),
	['_'] = IN(WORD) | IN(URL) | IN(DOTTED),
	['-'] = IN(URL) | IN(DOTTED), ['.'] = IN(DOTTED),
	['0'] = DIGIT8, DIGIT, DIGIT,
	['A'] = HEX(UPPER), HEX(UPPER), HEX(UPPER), HEX(UPPER), HEX(UPPER),
	HEX(UPPER), UPPER8, UPPER8, UPPER, UPPER, UPPER, UPPER,
	['a'] = HEX(ALNUM), HEX(ALNUM), HEX(ALNUM), HEX(ALNUM), HEX(ALNUM),
	HEX(ALNUM), LOWER8, LOWER8, ALNUM, ALNUM, ALNUM, ALNUM,
};

/* ---- what stands for a secret in examples ---- */

static bool
holds_word(const struct text *t, size_t at, size_t len, const char *word)
{
	const size_t n = strlen(word);

	for (size_t i = 0; i + n <= len; i++) {
		size_t k = 0;

		while (k < n && (t->p[at + i + k] | 0x20) == word[k])
			k++;
		if (k == n)
			return true;
	}
	return false;
}

bool
is_varied(const struct text *t, size_t at, size_t len)
{
	static const char *const stands[] = { "example", "xxxx", "your",
		"placeholder", "redacted", "changeme", "dummy", "1234567890",
		"abcdefgh", "insert" };
	uint64_t seen[4] = { 0 };
	unsigned different = 0;

	for (size_t i = 0; i < len; i++) {
		const unsigned char c = t->p[at + i];

		different += (seen[c / 64] >> c % 64 & 1) == 0;
		seen[c / 64] |= 1ul << c % 64;
	}
	for (size_t i = 0; i < sizeof(stands) / sizeof(*stands); i++)
		if (holds_word(t, at, len, stands[i]))
			return false;
	return different >= (len < 16 ? len / 2 : 8);
}

/* ---- a word, and so many characters of a set behind it ---- */

enum seen
look_prefix(const struct detector *d, const struct text *t, size_t at,
    struct span *out)
{
	const size_t head = strlen(d->word);
	size_t n;

	if (!d->inside && !text_begins(t, at))
		return SEEN_NO;
	n = set_run(d->set, t, at + head, d->max + 1u);
	if (n <= d->max && at + head + n == t->n && !t->final)
		return SEEN_MORE;
	if (n < d->min || n > d->max || !is_varied(t, at + head, n))
		return SEEN_NO;
	*out = (struct span){ at, head + n };
	return SEEN_YES;
}

/* Such a word in the middle, and what stands before it. */
enum seen
look_middle(const struct detector *d, const struct text *t, size_t at,
    struct span *out)
{
	const size_t head = strlen(d->before.word);
	size_t from = at;
	enum seen got;

	while (from > 0 && at - from <= d->before.max &&
	    set_has(d->before.set, t->p[from - 1]))
		from--;
	if (at - from < d->before.min || at - from > d->before.max ||
	    !text_begins(t, from) ||
	    memcmp(t->p + from, d->before.word, head) != 0)
		return SEEN_NO;
	got = look_prefix(d, t, at, out);
	out->len += at - from;
	out->at = from;
	return got;
}

/* ---- blocks ---- */

static size_t
find_after(const struct text *t, size_t from, size_t max, const char *what)
{
	const size_t n = t->n - from < max ? t->n - from : max;
	const char *p = memmem(t->p + from, n, what, strlen(what));

	return p == NULL ? 0 :
	    (size_t)((const unsigned char *)p - t->p) + strlen(what);
}

static bool
is_private(const struct text *t, size_t at, size_t end)
{
	return memmem(t->p + at, end - at, "PRIVATE KEY", 11) != NULL;
}

/* "-----BEGIN": the line says of what; the block ends with an END line, or
 * what was cut of it with the longest finding. */
enum seen
look_key_block(const struct detector *d, const struct text *t, size_t at,
    struct span *out)
{
	const size_t head = strlen(d->word);
	const size_t line = find_after(t, at + head, 64, "-----");
	size_t end, last;

	if (line == 0)
		return t->n - at - head < 64 && !t->final ? SEEN_MORE :
							    SEEN_NO;
	if (!is_private(t, at, line))
		return SEEN_NO;
	end = find_after(t, line, SCAN_FINDING_BYTES_MAX - (line - at),
	    "-----END");
	last = end == 0 ? 0 : find_after(t, end, 64, "-----");
	if (last == 0 && !t->final && t->n - at < SCAN_FINDING_BYTES_MAX)
		return SEEN_MORE;
	if (last == 0)
		last = t->n - at < SCAN_FINDING_BYTES_MAX ? t->n :
		    at + SCAN_FINDING_BYTES_MAX;
	*out = (struct span){ at, last - at };
	return SEEN_YES;
}

/* Close behind where letters begin: "id-eyJ" is a token, but not every "eyJ"
 * of a long text without blanks, each of which would be read to its end. */
static bool
part_begins(const struct text *t, size_t at)
{
	size_t n = 0;

	while (n < at && n < TOKEN_BEFORE && set_has(SET_URL, t->p[at - n - 1]))
		n++;
	return n < TOKEN_BEFORE && text_begins(t, at);
}

/* RFC 7519: three parts; the first begins as the base64 of {" does. */
enum seen
look_token_of_web(const struct detector *d, const struct text *t, size_t at,
    struct span *out)
{
	size_t n = 0, dots = 0, part = 0, shortest = d->max;

	if (!part_begins(t, at))
		return SEEN_NO;
	for (; n <= d->max && at + n < t->n &&
	    set_has(SET_DOTTED, t->p[at + n]); n++) {
		if (t->p[at + n] != '.') {
			part++;
			continue;
		}
		if (++dots > 2)
			return SEEN_NO;
		shortest = part < shortest ? part : shortest;
		part = 0;
	}
	if (n <= d->max && at + n == t->n && !t->final)
		return SEEN_MORE;
	if (dots != 2 || shortest < 10 || part < 16 || n > d->max)
		return SEEN_NO;
	*out = (struct span){ at, n };
	return SEEN_YES;
}

/* https://name:password@host */
enum seen
look_in_address(const struct detector *d, const struct text *t, size_t at,
    struct span *out)
{
	const size_t from = at + strlen(d->word);
	size_t colon = 0, i = from;

	for (; i < t->n && i - from < d->max; i++) {
		const unsigned char c = t->p[i];

		if (c == ':' && colon == 0)
			colon = i;
		else if (c == '@' || c <= ' ' || c == '/' || c == '"' ||
		    c == '\'' || c == '<' || c == '$' || c == '{')
			break;
	}
	if (i == t->n && !t->final && i - from < d->max)
		return SEEN_MORE;
	if (i == t->n || t->p[i] != '@' || colon == 0 || i - colon < 7 ||
	    !is_varied(t, colon + 1, i - colon - 1))
		return SEEN_NO;
	*out = (struct span){ colon + 1, i - colon - 1 };
	return SEEN_YES;
}
