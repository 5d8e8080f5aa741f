/* numbers.c -- numbers whose check digits agree, and addresses.
 *
 * One in ten numbers passes a check digit, so that alone says nothing: a card
 * needs an issuer's range and length, every other number its word close by. */
#include <string.h>

#include "scan/detect.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

enum { DIGITS_MAX = 19, LONG = 13, NEAR = 64, IBAN_MAX = 34,
	WORDS_MAX = 6 };

static const struct detector card = { .name = "card-number",
	.class = SCAN_PERSONAL };
static const struct detector iban = { .name = "iban",
	.class = SCAN_PERSONAL };
static const struct detector mail = { .name = "email-address",
	.class = SCAN_ADDRESS };

static const struct person {
	struct detector d;
	size_t digits;
	bool (*check)(const unsigned char *d, size_t n);
	const char *words[WORDS_MAX];	/* in small letters; one must be near */
} persons[] = {
	{ { .name = "us-social-security-number", .class = SCAN_PERSONAL }, 9,
	    check_ssn, { "ssn", "social security", "social_security" } },
	{ { .name = "uk-nhs-number", .class = SCAN_PERSONAL }, 10, check_nhs,
	    { "nhs number", "nhs no", "nhs_number" } },
	{ { .name = "german-tax-number", .class = SCAN_PERSONAL }, 11,
	    check_mod11_10, { "steuer-id", "steueridentifikation",
		"steuerid", "identifikationsnummer" } },
	{ { .name = "french-social-security-number", .class = SCAN_PERSONAL },
	    15, check_nir, { "nir", "insee", "sécurité sociale",
		"securite sociale", "sécu" } },
	{ { .name = "dutch-citizen-number", .class = SCAN_PERSONAL }, 9,
	    check_bsn, { "bsn", "burgerservice" } },
	{ { .name = "brazilian-taxpayer-number", .class = SCAN_PERSONAL }, 11,
	    check_cpf, { "cpf" } },
	{ { .name = "aadhaar-number", .class = SCAN_PERSONAL }, 12,
	    check_verhoeff, { "aadhaar", "aadhar", "uidai" } },
	{ { .name = "canadian-insurance-number", .class = SCAN_PERSONAL }, 9,
	    check_luhn, { "social insurance", "sin number", "sin:",
		"nas:" } },
	{ { .name = "swedish-personal-number", .class = SCAN_PERSONAL }, 10,
	    check_luhn, { "personnummer" } },
};

/* ---- digits ---- */

struct digits {
	unsigned char d[DIGITS_MAX + 1];
	size_t n, len;		/* how many, in how many bytes */
};

static bool
is_separator(unsigned char c)
{
	return c == ' ' || c == '-' || c == '.' || c == '+';
}

/* So many digits in one piece are a number, beside whatever others. */
static bool
is_long(const struct text *t, size_t at)
{
	return set_run(SET_DIGIT, t, at, LONG) == LONG;
}

/* Groups of digits, with one separator, always the same, between them. */
static void
digits_read(const struct text *t, size_t at, struct digits *out)
{
	unsigned char between = 0;
	size_t i = at;

	*out = (struct digits){ .n = 0 };
	if (is_long(t, at)) { /* what follows it is another one */
		out->n = out->len = set_run(SET_DIGIT, t, at, DIGITS_MAX + 1);
		memcpy(out->d, t->p + at, out->n);
		return;
	}
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

/* ---- whose number ---- */

struct near {
	const struct text *t;
	unsigned persons;	/* whose word is there: a bit each */
};

/* persons[] by their words, in the order in which they are looked for. */
static size_t
person_of(size_t word)
{
	size_t i = 0;

	for (;; i++) {
		size_t n = 0;

		while (n < WORDS_MAX && persons[i].words[n] != NULL)
			n++;
		if (word < n)
			return i;
		word -= n;
	}
}

static void
on_near(size_t word, size_t at, void *arg)
{
	struct near *n = arg;

	if (text_begins(n->t, at))
		n->persons |= 1u << person_of(word);
}

int
numbers_words(struct words **out, struct err *e)
{
	struct words_word w[NELEM(persons) * WORDS_MAX];
	size_t n = 0;

	for (size_t i = 0; i < NELEM(persons); i++)
		for (size_t k = 0; k < WORDS_MAX &&
		    persons[i].words[k] != NULL; k++)
			w[n++] = (struct words_word){
				(const unsigned char *)persons[i].words[k],
				strlen(persons[i].words[k]) };
	return words_new(w, n, out, e);
}

static const struct detector *
person_find(const struct text *t, size_t at, const struct digits *g,
    const struct words *words)
{
	const size_t from = at > NEAR ? at - NEAR : 0, end = at + g->len;
	const struct text close = { t->p,
		t->n - end > NEAR ? end + NEAR : t->n, true };
	struct near near = { &close, 0 };
	unsigned may = 0;

	for (size_t i = 0; i < NELEM(persons); i++)
		if (g->n == persons[i].digits && persons[i].check(g->d, g->n))
			may |= 1u << i;
	if (may == 0)
		return NULL;
	words_find(words, &close, from, on_near, &near);
	may &= near.persons;
	return may == 0 ? NULL : &persons[__builtin_ctz(may)].d;
}

/* A number of its own, or a part of a longer one or of a word? */
static bool
goes_on_at(const struct text *t, size_t at)
{
	const unsigned char before = at > 0 ? t->p[at - 1] : 0;

	if (at == 0 || !is_separator(before))
		return at > 0 && set_has(SET_WORD, before);
	if (before == ' ' || before == '+')
		return at > 1 && set_has(SET_DIGIT, t->p[at - 2]) &&
		    !is_long(t, at);
	return at > 1 && set_has(SET_WORD, t->p[at - 2]);
}

static enum seen
look_digits(const struct text *t, size_t at, struct span *out,
    const struct detector **what, const struct words *near)
{
	struct digits g;
	size_t end;

	if (goes_on_at(t, at))
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
	*what = person_find(t, at, &g, near);
	return *what == NULL ? SEEN_NO : SEEN_YES;
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

/* ---- all of a text ---- */

static size_t
digit_next(const struct text *t, size_t i)
{
#ifdef __SSE2__
	const __m128i zero = _mm_set1_epi8('0'), nine = _mm_set1_epi8(9);

	for (; i + 16 <= t->n; i += 16) {
		const __m128i v = _mm_sub_epi8(_mm_loadu_si128(
		    (const __m128i *)(const void *)(t->p + i)), zero);
		const unsigned mask = (unsigned)_mm_movemask_epi8(
		    _mm_cmpeq_epi8(_mm_min_epu8(v, nine), v));

		if (mask != 0)
			return i + (size_t)__builtin_ctz(mask);
	}
#endif
	while (i < t->n && !set_has(SET_DIGIT, t->p[i]))
		i++;
	return i;
}

static void
take(const struct number_taker *to, enum seen got, size_t at, struct span s,
    const struct detector *d)
{
	if (got == SEEN_MORE)
		to->on_more(at, to->arg);
	if (got == SEEN_YES)
		to->on_number(s, d, to->arg);
}

/* The two letters of a country before check digits, a blank at most between
 * each; or the place of the digits: none. */
static size_t
country_of(const struct text *t, size_t at)
{
	size_t i = at;

	for (int n = 0; n < 2; n++) {
		i -= i > 1 && t->p[i - 1] == ' ';
		if (i == 0 || !set_has(SET_UPPER, t->p[i - 1]) ||
		    set_has(SET_DIGIT, t->p[i - 1]))
			return at;
		i--;
	}
	return text_begins(t, i) ? i : at;
}

static void
addresses_find(const struct text *t, size_t from,
    const struct number_taker *to)
{
	const unsigned char *p = t->p + from;
	struct span s;

	while ((p = memchr(p, '@', (size_t)(t->p + t->n - p))) != NULL) {
		const size_t at = (size_t)(p++ - t->p);

		take(to, look_mail(t, at, &s), at, s, &mail);
	}
}

void
numbers_find(const struct text *t, size_t from, const struct number_taker *to)
{
	size_t i = digit_next(t, from);

	while (i < t->n) {
		const struct detector *d = NULL;
		const size_t country = country_of(t, i);
		struct span s = { i, 0 };
		enum seen got = look_digits(t, i, &s, &d, to->near);

		take(to, got, i, s, d);
		if (country != i)
			take(to, look_iban(t, country, &s), country, s, &iban);
		while (i < t->n && set_has(SET_DIGIT, t->p[i]))
			i++;
		i = digit_next(t, i);
	}
	addresses_find(t, from, to);
}
