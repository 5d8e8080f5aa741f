/* numbers.c -- numbers whose check digits agree, and addresses.
 *
 * One in ten numbers passes a check digit, so that alone says nothing: a card
 * needs an issuer's range and length, every other number its word close by. */
#include <string.h>

#include "scan/detect.h"

enum { DIGITS_MAX = 19, NEAR = 64, IBAN_MAX = 34 };

static const struct detector card = { .name = "card-number",
	.class = SCAN_PERSONAL };
static const struct detector iban = { .name = "iban",
	.class = SCAN_PERSONAL };
static const struct detector mail = { .name = "email-address",
	.class = SCAN_ADDRESS };

static const struct person {
	struct detector d;
	uint8_t min, max;
	bool (*check)(const unsigned char *d, size_t n);
	const char *words[6];	/* in small letters; one must be near */
} persons[] = {
	{ { .name = "us-social-security-number", .class = SCAN_PERSONAL }, 9,
	    9, check_ssn, { "ssn", "social security", "social_security" } },
	{ { .name = "uk-nhs-number", .class = SCAN_PERSONAL }, 10, 10, NULL,
	    { "nhs number", "nhs no", "nhs_number" } },
	{ { .name = "german-tax-number", .class = SCAN_PERSONAL }, 11, 11,
	    check_mod11_10, { "steuer-id", "steueridentifikation",
		"steuerid", "identifikationsnummer" } },
	{ { .name = "french-social-security-number", .class = SCAN_PERSONAL },
	    15, 15, check_nir, { "nir", "insee", "sécurité sociale",
		"securite sociale", "sécu" } },
	{ { .name = "dutch-citizen-number", .class = SCAN_PERSONAL }, 9, 9,
	    check_bsn, { "bsn", "burgerservice" } },
	{ { .name = "brazilian-taxpayer-number", .class = SCAN_PERSONAL }, 11,
	    11, check_cpf, { "cpf" } },
	{ { .name = "aadhaar-number", .class = SCAN_PERSONAL }, 12, 12,
	    check_verhoeff, { "aadhaar", "aadhar", "uidai" } },
	{ { .name = "canadian-insurance-number", .class = SCAN_PERSONAL }, 9,
	    9, check_luhn, { "social insurance", "sin number", "sin:",
		"nas:" } },
	{ { .name = "swedish-personal-number", .class = SCAN_PERSONAL }, 10,
	    10, check_luhn, { "personnummer" } },
};

/* ---- digits ---- */

struct digits {
	unsigned char d[DIGITS_MAX + 1];
	size_t n, len;		/* how many, in how many bytes */
};

static bool
is_separator(unsigned char c)
{
	return c == ' ' || c == '-' || c == '.';
}

/* Groups of digits, with one separator, always the same, between them. */
static void
digits_read(const struct text *t, size_t at, struct digits *out)
{
	unsigned char between = 0;
	size_t i = at;

	*out = (struct digits){ .n = 0 };
	while (i < t->n && out->n <= DIGITS_MAX) {
		const unsigned char c = t->p[i];

		if (set_has(SET_DIGIT, c)) {
			out->d[out->n++] = c;
			out->len = ++i - at;
		} else if (is_separator(c) && (between == 0 || between == c) &&
		    i + 1 < t->n && set_has(SET_DIGIT, t->p[i + 1])) {
			between = c;
			i++;
		} else {
			return;
		}
	}
}

/* A byte may be of a letter: only ASCII's case is put aside. */
static bool
is_near(const struct text *t, size_t at, size_t end, const char *word)
{
	const size_t n = strlen(word);
	size_t i = at > NEAR ? at - NEAR : 0;
	const size_t last = t->n - end > NEAR ? end + NEAR : t->n;

	for (; i + n <= last; i++) {
		size_t k = 0;

		while (k < n) {
			unsigned char c = t->p[i + k];

			if (c >= 'A' && c <= 'Z')
				c |= 0x20;
			if (c != (unsigned char)word[k])
				break;
			k++;
		}
		if (k == n && text_begins(t, i))
			return true;
	}
	return false;
}

static bool
is_of(const struct person *p, const struct text *t, size_t at,
    const struct digits *g)
{
	if (g->n < p->min || g->n > p->max ||
	    (p->check != NULL && !p->check(g->d, g->n)))
		return false;
	for (size_t i = 0; i < 6 && p->words[i] != NULL; i++)
		if (is_near(t, at, at + g->len, p->words[i]))
			return true;
	return false;
}

static enum seen
look_digits(const struct text *t, size_t at, struct span *out,
    const struct detector **what)
{
	struct digits g;
	size_t end;

	if (at > 0 && (set_has(SET_WORD, t->p[at - 1]) ||
			  is_separator(t->p[at - 1])) &&
	    (t->p[at - 1] != ' ' || (at > 1 && set_has(SET_DIGIT,
						   t->p[at - 2]))))
		return SEEN_NO;
	digits_read(t, at, &g);
	end = at + g.len;
	if (!t->final && t->n - end < NEAR && g.n >= 9)
		return SEEN_MORE;
	if (!t->final && t->n - end < 2)
		return SEEN_MORE;
	if (g.n < 9 || g.n > DIGITS_MAX ||
	    (end < t->n && set_has(SET_WORD, t->p[end])))
		return SEEN_NO;
	*out = (struct span){ at, g.len };
	*what = &card;
	if (check_card(g.d, g.n))
		return SEEN_YES;
	for (size_t i = 0; i < sizeof(persons) / sizeof(*persons); i++)
		if (is_of(&persons[i], t, at, &g)) {
			*what = &persons[i].d;
			return SEEN_YES;
		}
	return SEEN_NO;
}

/* ---- accounts ---- */

static enum seen
look_iban(const struct text *t, size_t at, struct span *out)
{
	unsigned char s[IBAN_MAX];
	size_t n = 0, i = at, last = at;

	for (; i < t->n && n < IBAN_MAX; i++) {
		if (set_has(SET_UPPER, t->p[i])) {
			s[n++] = t->p[i];
			last = i + 1;
		} else if (t->p[i] != ' ' || t->p[i - 1] == ' ') {
			break;
		}
		if (n == 4 && (set_has(SET_DIGIT, s[0]) ||
				  set_has(SET_DIGIT, s[1]) ||
				  !set_has(SET_DIGIT, s[2]) ||
				  !set_has(SET_DIGIT, s[3])))
			return SEEN_NO;
	}
	if (i == t->n && !t->final && n < IBAN_MAX)
		return SEEN_MORE;
	/* words in capitals may follow: the country says how long it is */
	for (; n >= 15; n--) {
		if (check_iban(s, n) && (last == t->n ||
					    !set_has(SET_WORD, t->p[last]))) {
			*out = (struct span){ at, last - at };
			return SEEN_YES;
		}
		do
			last--;
		while (t->p[last - 1] == ' ');
	}
	return SEEN_NO;
}

/* ---- addresses ---- */

static bool
ends_with(const struct text *t, size_t end, const char *tail)
{
	const size_t n = strlen(tail);

	return end >= n && memcmp(t->p + end - n, tail, n) == 0;
}

/* Who nobody is behind. */
static bool
is_nobodys(const struct text *t, size_t from, size_t at, size_t end)
{
	return ends_with(t, end, "example.com") ||
	    ends_with(t, end, "example.org") ||
	    ends_with(t, end, "example.net") ||
	    ends_with(t, end, ".example") || ends_with(t, end, ".test") ||
	    ends_with(t, end, ".invalid") || ends_with(t, end, "localhost") ||
	    ends_with(t, end, "users.noreply.github.com") ||
	    memmem(t->p + from, at - from, "noreply", 7) != NULL ||
	    memmem(t->p + from, at - from, "no-reply", 8) != NULL ||
	    (at - from == 3 && memcmp(t->p + from, "git", 3) == 0);
}

static enum seen
look_mail(const struct text *t, size_t at, struct span *out)
{
	const size_t n = set_run(SET_DOTTED, t, at + 1, 254);
	size_t from = at, end = at + 1 + n, dot = 0;

	while (from > 0 && at - from < 64 &&
	    (set_has(SET_DOTTED, t->p[from - 1]) || t->p[from - 1] == '+'))
		from--;
	if (from == at || n == 254)
		return SEEN_NO;
	if (end == t->n && !t->final)
		return SEEN_MORE;
	while (end > at + 1 && !set_has(SET_ALNUM, t->p[end - 1]))
		end--;
	for (size_t i = at + 1; i < end; i++)
		if (t->p[i] == '.')
			dot = i;
	if (dot <= at + 1 || end - dot < 3 || is_nobodys(t, from, at, end))
		return SEEN_NO;
	for (size_t i = dot + 1; i < end; i++)
		if (set_has(SET_DIGIT, t->p[i]))
			return SEEN_NO;
	*out = (struct span){ from, end - from };
	return SEEN_YES;
}

enum seen
look_number(const struct text *t, size_t at, struct span *out,
    const struct detector **what)
{
	const unsigned char c = t->p[at];

	if (c == '@') {
		*what = &mail;
		return look_mail(t, at, out);
	}
	if (set_has(SET_DIGIT, c))
		return look_digits(t, at, out, what);
	*what = &iban;
	return text_begins(t, at) ? look_iban(t, at, out) : SEEN_NO;
}
