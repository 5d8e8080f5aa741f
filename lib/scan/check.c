/* check.c -- check digits.
 *
 * ISO/IEC 7812-1 (cards), ISO 13616 (IBAN), ISO 7064 mod 11,10 (German tax
 * number), and the rules that the issuers of persons' numbers publish. */
#include <string.h>

#include "scan/detect.h"

bool
check_luhn(const unsigned char *d, size_t n)
{
	unsigned sum = 0;

	for (size_t i = 0; i < n; i++) {
		unsigned v = d[n - 1 - i] - '0';

		if (i % 2 == 1)
			v = v > 4 ? 2 * v - 9 : 2 * v;
		sum += v;
	}
	return sum % 10 == 0;
}

static unsigned
number(const unsigned char *d, size_t n)
{
	unsigned v = 0;

	for (size_t i = 0; i < n; i++)
		v = v * 10 + (d[i] - '0');
	return v;
}

/* Ranges of issuers, by their first four digits, with the lengths that they
 * issue. */
static const struct {
	uint16_t low, high;
	uint32_t lengths;	/* a bit each */
} issuers[] = {
	{ 4000, 4999, 1u << 13 | 1u << 16 | 1u << 19 },	/* Visa */
	{ 5100, 5599, 1u << 16 }, { 2221, 2720, 1u << 16 },	/* Mastercard */
	{ 3400, 3499, 1u << 15 }, { 3700, 3799, 1u << 15 },	/* Amex */
	{ 6011, 6011, 1u << 16 | 1u << 19 },	/* Discover */
	{ 6440, 6599, 1u << 16 | 1u << 19 },
	{ 3528, 3589, 1u << 16 | 1u << 19 },	/* JCB */
	{ 3000, 3059, 1u << 14 }, { 3600, 3699, 1u << 14 },	/* Diners */
	{ 3800, 3999, 1u << 14 },
	{ 6200, 6299, 1u << 16 | 1u << 19 },	/* UnionPay */
};

/* What every handbook shows. */
static bool
is_sample(const unsigned char *d, size_t n)
{
	static const char *const samples[] = { "4111111111111111",
		"4242424242424242", "4012888888881881", "5555555555554444",
		"5105105105105100", "378282246310005", "371449635398431",
		"6011111111111117", "6011000990139424", "3530111333300000",
		"30569309025904", "38520000023237", "4000000000000002" };
	size_t same = 1;

	while (same < n && d[same] == d[0])
		same++;
	for (size_t i = 0; i < sizeof(samples) / sizeof(*samples); i++)
		if (strlen(samples[i]) == n && memcmp(samples[i], d, n) == 0)
			return true;
	return same == n;
}

bool
check_card(const unsigned char *d, size_t n)
{
	bool issued = false;
	unsigned first;

	if (n < 13 || n > 19)
		return false;
	first = number(d, 4);
	for (size_t i = 0; i < sizeof(issuers) / sizeof(*issuers); i++)
		issued |= first >= issuers[i].low &&
		    first <= issuers[i].high &&
		    (issuers[i].lengths >> n & 1) != 0;
	return issued && check_luhn(d, n) && !is_sample(d, n);
}

static const struct {
	char country[3];
	uint8_t len;
} ibans[] = {
	{ "AD", 24 }, { "AE", 23 }, { "AL", 28 }, { "AT", 20 }, { "AZ", 28 },
	{ "BA", 20 }, { "BE", 16 }, { "BG", 22 }, { "BH", 22 }, { "BR", 29 },
	{ "BY", 28 }, { "CH", 21 }, { "CR", 22 }, { "CY", 28 }, { "CZ", 24 },
	{ "DE", 22 }, { "DK", 18 }, { "DO", 28 }, { "EE", 20 }, { "EG", 29 },
	{ "ES", 24 }, { "FI", 18 }, { "FO", 18 }, { "FR", 27 }, { "GB", 22 },
	{ "GE", 22 }, { "GI", 23 }, { "GL", 18 }, { "GR", 27 }, { "GT", 28 },
	{ "HR", 21 }, { "HU", 28 }, { "IE", 22 }, { "IL", 23 }, { "IQ", 23 },
	{ "IS", 26 }, { "IT", 27 }, { "JO", 30 }, { "KW", 30 }, { "KZ", 20 },
	{ "LB", 28 }, { "LC", 32 }, { "LI", 21 }, { "LT", 20 }, { "LU", 20 },
	{ "LV", 21 }, { "LY", 25 }, { "MC", 27 }, { "MD", 24 }, { "ME", 22 },
	{ "MK", 19 }, { "MR", 27 }, { "MT", 31 }, { "MU", 30 }, { "NL", 18 },
	{ "NO", 15 }, { "PK", 24 }, { "PL", 28 }, { "PS", 29 }, { "PT", 25 },
	{ "QA", 29 }, { "RO", 24 }, { "RS", 22 }, { "SA", 24 }, { "SC", 31 },
	{ "SE", 24 }, { "SI", 19 }, { "SK", 24 }, { "SM", 27 }, { "ST", 25 },
	{ "SV", 28 }, { "TL", 23 }, { "TN", 24 }, { "TR", 26 }, { "UA", 29 },
	{ "VA", 22 }, { "VG", 24 }, { "XK", 20 },
};

bool
check_iban(const unsigned char *s, size_t n)
{
	unsigned rest = 0;
	bool known = false;

	for (size_t i = 0; i < sizeof(ibans) / sizeof(*ibans); i++)
		known |= ibans[i].len == n && n >= 4 &&
		    memcmp(ibans[i].country, s, 2) == 0;
	for (size_t i = 0; known && i < n; i++) {
		const unsigned char c = s[(i + 4) % n];

		if (c >= '0' && c <= '9')
			rest = (rest * 10 + (c - '0')) % 97;
		else
			rest = (rest * 100 + (10u + c - 'A')) % 97;
	}
	return known && rest == 1;
}

/* Aadhaar. The dihedral group of order ten. */
bool
check_verhoeff(const unsigned char *d, size_t n)
{
	static const uint8_t turn[8][10] = {
		{ 0, 1, 2, 3, 4, 5, 6, 7, 8, 9 },
		{ 1, 5, 7, 6, 2, 8, 3, 0, 9, 4 },
		{ 5, 8, 0, 3, 7, 9, 6, 1, 4, 2 },
		{ 8, 9, 1, 6, 0, 4, 3, 5, 2, 7 },
		{ 9, 4, 5, 3, 1, 2, 6, 8, 7, 0 },
		{ 4, 2, 8, 6, 5, 7, 3, 9, 0, 1 },
		{ 2, 7, 9, 3, 8, 0, 6, 4, 1, 5 },
		{ 7, 0, 4, 6, 9, 1, 3, 2, 5, 8 },
	};
	unsigned c = 0;

	for (size_t i = 0; i < n; i++) {
		const unsigned v = turn[i % 8][d[n - 1 - i] - '0'];

		if (c < 5)
			c = v < 5 ? (c + v) % 5 : 5 + (c + v) % 5;
		else
			c = v < 5 ? 5 + (c - v) % 5 : (c - v + 5) % 5;
	}
	return c == 0;
}

bool
check_mod11_10(const unsigned char *d, size_t n)
{
	unsigned product = 10;

	for (size_t i = 0; i + 1 < n; i++) {
		unsigned sum = (product + (d[i] - '0')) % 10;

		product = (sum == 0 ? 10 : sum) * 2 % 11;
	}
	return (11 - product) % 10 == (unsigned)(d[n - 1] - '0');
}

bool
check_cpf(const unsigned char *d, size_t n)
{
	if (n != 11)
		return false;
	for (size_t k = 9; k < 11; k++) {
		unsigned sum = 0;

		for (size_t i = 0; i < k; i++)
			sum += (d[i] - '0') * (unsigned)(k + 1 - i);
		if (sum * 10 % 11 % 10 != (unsigned)(d[k] - '0'))
			return false;
	}
	return true;
}

bool
check_bsn(const unsigned char *d, size_t n)
{
	int sum = 0;

	if (n != 9)
		return false;
	for (int i = 0; i < 8; i++)
		sum += (d[i] - '0') * (9 - i);
	return (sum - (d[8] - '0')) % 11 == 0;
}

/* The last is what the others lack to a multiple of eleven. */
bool
check_nhs(const unsigned char *d, size_t n)
{
	unsigned sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += (unsigned)(d[i] - '0') * (unsigned)(n - i);
	return sum % 11 == 0;
}

bool
check_ssn(const unsigned char *d, size_t n)
{
	const unsigned area = n == 9 ? number(d, 3) : 0;

	return area != 0 && area != 666 && area < 900 &&
	    number(d + 3, 2) != 0 && number(d + 5, 4) != 0;
}

/* France: the last two are 97 less the rest of the first thirteen. */
bool
check_nir(const unsigned char *d, size_t n)
{
	unsigned rest = 0;

	if (n != 15 || d[0] < '1' || d[0] > '4')
		return false;
	for (size_t i = 0; i < 13; i++)
		rest = (rest * 10 + (d[i] - '0')) % 97;
	return 97 - rest == number(d + 13, 2);
}
