/* mask.c -- what names a secret (--password, token=, X-Api-Key:), what is made
 * like one (sk-..., a URL's password), and what stands behind either. */
#include "audit/mask.h"

#include "base/compat.h"

#define STARS "***"

enum { TOKEN_BYTES_MIN = 16, NAME_BYTES_MAX_SEEN = 64 };

static const char *const names[] = { "password", "passwd", "passphrase",
	"secret", "token", "apikey", "api_key", "api-key", "access_key",
	"access-key", "private_key", "private-key", "authorization",
	"credential", "cookie" };

static const struct str prefixes[] = { STR("sk-"), STR("sk_live_"),
	STR("ghp_"), STR("gho_"), STR("ghu_"), STR("ghs_"), STR("ghr_"),
	STR("github_pat_"), STR("glpat-"), STR("xoxb-"), STR("xoxp-"),
	STR("xoxa-"), STR("xapp-"), STR("AKIA"), STR("ASIA"), STR("AIza"),
	STR("eyJ"), STR("npm_"), STR("hf_"), STR("dop_v1_"), STR("pypi-") };

struct out {
	char *p;
	size_t len;
};

static void
put(struct out *o, struct str s)
{
	s = str_upto(s, MASK_BYTES_MAX - o->len);
	if (s.len > 0)
		memcpy(o->p + o->len, s.p, s.len);
	o->len += s.len;
}

static char
lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

static bool
holds(struct str s, const char *word)
{
	const size_t len = strlen(word);

	for (size_t at = 0; at + len <= s.len; at++) {
		size_t i = 0;

		while (i < len && lower(s.p[at + i]) == word[i])
			i++;
		if (i == len)
			return true;
	}
	return false;
}

static bool
is_secret_name(struct str s)
{
	if (s.len > NAME_BYTES_MAX_SEEN)
		return false;
	for (size_t i = 0; i < NELEM(names); i++)
		if (holds(s, names[i]))
			return true;
	return false;
}

static bool
is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
}

/* How long the token is that s begins with, and its prefix; 0: none. */
static size_t
token_at(struct str s, size_t *prefix)
{
	for (size_t i = 0; i < NELEM(prefixes); i++) {
		size_t n = prefixes[i].len;

		if (!str_has_prefix(s, prefixes[i]))
			continue;
		while (n < s.len && is_word(s.p[n]))
			n++;
		if (n - prefixes[i].len >= TOKEN_BYTES_MIN) {
			*prefix = prefixes[i].len;
			return n;
		}
	}
	return 0;
}

/* "//user:word@": where the word begins and ends; false: there is none. */
static bool
url_word(struct str s, size_t *from, size_t *to)
{
	size_t colon = s.len;

	if (!str_has_prefix(s, STR("//")))
		return false;
	for (size_t i = 2; i < s.len; i++) {
		if (s.p[i] == '/' || s.p[i] == ' ' || s.p[i] == '?')
			return false;
		if (s.p[i] == ':' && colon == s.len)
			colon = i;
		if (s.p[i] == '@') {
			*from = colon < s.len ? colon + 1 : 2;
			*to = i;
			return true;
		}
	}
	return false;
}

/* Tokens and URLs, wherever they stand. */
static void
put_rest(struct out *o, struct str s)
{
	bool inside = false;

	while (s.len > 0) {
		size_t prefix, from, to, n = 0;

		if (!inside)
			n = token_at(s, &prefix);
		if (n > 0) {
			put(o, str_head(s, prefix));
			put(o, STR(STARS));
		} else if (url_word(s, &from, &to)) {
			put(o, str_head(s, from));
			put(o, STR(STARS));
			n = to;
		} else {
			put(o, str_head(s, 1));
			n = 1;
		}
		inside = is_word(s.p[n - 1]);
		s = str_from(s, n);
	}
}

/* "name=value", "Name: value": a secret's name, and its value. */
static bool
put_named(struct out *o, struct str s)
{
	size_t at = str_index(s, '='), colon = str_index(s, ':');

	if (colon < at && !str_has_prefix(str_from(s, colon), STR("://")))
		at = colon;
	if (at == s.len || !is_secret_name(str_head(s, at)))
		return false;
	put(o, str_head(s, at + 1));
	put(o, at + 1 < s.len ? STR(STARS) : STR(""));
	return true;
}

static bool
is_user_option(struct str s)
{
	return str_eqz(s, "-u") || str_eqz(s, "--user") ||
	    str_eqz(s, "-U") || str_eqz(s, "--proxy-user");
}

struct str
mask_argument(struct mask *m, struct str arg, char *buf)
{
	struct out o = { buf, 0 };
	const struct mask was = *m;

	*m = (struct mask){ .next = arg.len > 1 && arg.p[0] == '-' &&
		str_index(arg, '=') == arg.len && is_secret_name(arg),
		.user = is_user_option(arg) };
	arg = str_upto(arg, MASK_BYTES_MAX);
	if (was.next && !m->next && arg.len > 0)
		return STR(STARS);
	if (was.user && str_index(arg, ':') < arg.len) {
		put(&o, str_head(arg, str_index(arg, ':') + 1));
		put(&o, STR(STARS));
	} else if (!put_named(&o, arg))
		put_rest(&o, arg);
	return str_of(buf, o.len);
}
