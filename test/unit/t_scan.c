/* t_scan.c -- what is found in bytes, and what is not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/compat.h"
#include "base/err.h"
#include "scan/detect.h"
#include "scan/scan.h"

#define VALUE "correct-horse/battery+staple"

static struct scan *scan;

struct got {
	char text[4096];	/* "name@at+len under; ..." */
	size_t len;
};

static void
on_finding(const struct scan_finding *f, void *arg)
{
	struct got *g = arg;

	g->len += (size_t)snprintf(g->text + g->len,
	    sizeof(g->text) - g->len, "%s@%lu+%u%s%s;", f->name,
	    (unsigned long)f->at, f->len, f->under[0] == '\0' ? "" : " ",
	    f->under);
	assert_true(g->len < sizeof(g->text));
}

/* In pieces of the size step; 0: as one. */
static void
scan_text(struct str s, size_t step, struct got *g)
{
	struct scan_stream t;
	uint64_t settled = 0;

	*g = (struct got){ .len = 0 };
	scan_begin(&t, scan, on_finding, g);
	while (s.len > 0) {
		struct str some = step == 0 ? s : str_upto(s, step);
		uint64_t now = scan_feed(&t, some);

		assert_true(now >= settled);
		settled = now;
		s = str_from(s, some.len);
	}
	scan_end(&t);
	scan_fini(&t);
}

static bool
finds(const char *text, const char *name)
{
	struct got g;

	scan_text(str_c(text), 0, &g);
	return strstr(g.text, name) != NULL;
}

/* ---- credentials ---- */

/* Never a real one: made anew, of the set's letters. */
static void
body(enum set set, size_t n, unsigned seed, char *out)
{
	size_t i = 0;

	while (i < n) {
		unsigned char c;

		seed = seed * 1103515245u + 12345u;
		c = (unsigned char)(seed >> 16 & 0x7f);
		if (set_has(set, c) && c != '=' && c != '.' &&
		    set_has(SET_WORD, c))
			out[i++] = (char)c;
	}
	out[n] = '\0';
}

/* As their issuers say: beside the table of the library, so that a slip in one
 * is seen in the other. */
static const struct {
	const char *name, *word;
	enum set set;
	unsigned min, max;
} issued[] = {
	{ "age-key", "AGE-SECRET-KEY-1", SET_UPPER, 58, 58 },
	{ "anthropic-key", "sk-ant-", SET_URL, 80, 130 },
	{ "artifactory-key", "AKCp", SET_ALNUM, 60, 80 },
	{ "atlassian-token", "ATATT3", SET_BASE64, 180, 200 },
	{ "aws-access-key", "AKIA", SET_UPPER, 16, 16 },
	{ "aws-access-key", "ASIA", SET_UPPER, 16, 16 },
	{ "aws-access-key", "ABIA", SET_UPPER, 16, 16 },
	{ "aws-access-key", "ACCA", SET_UPPER, 16, 16 },
	{ "clojars-token", "CLOJARS_", SET_ALNUM, 60, 60 },
	{ "cloudflare-origin-key", "v1.0-", SET_URL, 150, 180 },
	{ "databricks-token", "dapi", SET_HEX, 32, 34 },
	{ "digitalocean-token", "dop_v1_", SET_HEX, 64, 64 },
	{ "digitalocean-token", "doo_v1_", SET_HEX, 64, 64 },
	{ "digitalocean-token", "dor_v1_", SET_HEX, 64, 64 },
	{ "docker-token", "dckr_pat_", SET_URL, 27, 40 },
	{ "doppler-token", "dp.pt.", SET_ALNUM, 40, 48 },
	{ "duffel-token", "duffel_live_", SET_URL, 43, 43 },
	{ "dynatrace-token", "dt0c01.", SET_DOTTED, 80, 100 },
	{ "easypost-key", "EZAK", SET_ALNUM, 54, 54 },
	{ "figma-token", "figd_", SET_URL, 40, 50 },
	{ "fly-token", "fo1_", SET_WORD, 43, 43 },
	{ "github-token", "ghp_", SET_ALNUM, 36, 36 },
	{ "github-token", "gho_", SET_ALNUM, 36, 36 },
	{ "github-token", "ghu_", SET_ALNUM, 36, 36 },
	{ "github-token", "ghs_", SET_ALNUM, 36, 36 },
	{ "github-token", "ghr_", SET_ALNUM, 36, 76 },
	{ "github-token", "github_pat_", SET_WORD, 82, 82 },
	{ "gitlab-token", "glpat-", SET_DOTTED, 20, 60 },
	{ "gitlab-token", "gldt-", SET_URL, 20, 60 },
	{ "gitlab-token", "glptt-", SET_HEX, 40, 40 },
	{ "gitlab-token", "glrt-", SET_DOTTED, 20, 60 },
	{ "gitlab-token", "glcbt-", SET_URL, 20, 70 },
	{ "gitlab-token", "glsoat-", SET_URL, 20, 60 },
	{ "google-key", "AIza", SET_URL, 35, 35 },
	{ "google-client-secret", "GOCSPX-", SET_URL, 28, 28 },
	{ "google-token", "ya29.", SET_DOTTED, 40, 1000 },
	{ "grafana-token", "glsa_", SET_WORD, 41, 41 },
	{ "grafana-token", "glc_", SET_BASE64, 32, 400 },
	{ "groq-key", "gsk_", SET_ALNUM, 48, 56 },
	{ "heroku-key", "HRKU-AA", SET_URL, 50, 60 },
	{ "hugging-face-token", "hf_", SET_ALNUM, 34, 38 },
	{ "linear-key", "lin_api_", SET_ALNUM, 40, 40 },
	{ "netlify-token", "nfp_", SET_ALNUM, 36, 48 },
	{ "new-relic-key", "NRAK-", SET_UPPER, 27, 27 },
	{ "notion-token", "ntn_", SET_ALNUM, 40, 50 },
	{ "npm-token", "npm_", SET_ALNUM, 36, 36 },
	{ "openrouter-key", "sk-or-v1-", SET_HEX, 64, 64 },
	{ "perplexity-key", "pplx-", SET_ALNUM, 48, 56 },
	{ "planetscale-token", "pscale_tkn_", SET_DOTTED, 32, 64 },
	{ "planetscale-token", "pscale_pw_", SET_DOTTED, 32, 64 },
	{ "postman-key", "PMAK-", SET_URL, 59, 59 },
	{ "prefect-key", "pnu_", SET_ALNUM, 36, 36 },
	{ "pulumi-token", "pul-", SET_HEX, 40, 40 },
	{ "pypi-token", "pypi-AgEIcHlwaS5vcmc", SET_URL, 50, 1000 },
	{ "readme-key", "rdme_", SET_ALNUM, 70, 70 },
	{ "replicate-token", "r8_", SET_ALNUM, 37, 37 },
	{ "rubygems-key", "rubygems_", SET_HEX, 48, 48 },
	{ "sendgrid-key", "SG.", SET_DOTTED, 66, 66 },
	{ "sentry-token", "sntrys_", SET_BASE64, 80, 400 },
	{ "sentry-token", "sntryu_", SET_HEX, 64, 64 },
	{ "shopify-token", "shpat_", SET_HEX, 32, 32 },
	{ "shopify-token", "shpss_", SET_HEX, 32, 32 },
	{ "shopify-token", "shpca_", SET_HEX, 32, 32 },
	{ "shopify-token", "shppa_", SET_HEX, 32, 32 },
	{ "slack-token", "xoxb-", SET_URL, 40, 90 },
	{ "slack-token", "xoxp-", SET_URL, 40, 100 },
	{ "slack-token", "xoxa-", SET_URL, 40, 100 },
	{ "slack-token", "xoxs-", SET_URL, 40, 100 },
	{ "slack-token", "xoxr-", SET_URL, 40, 100 },
	{ "slack-token", "xoxe-", SET_URL, 100, 200 },
	{ "slack-token", "xapp-", SET_URL, 60, 120 },
	{ "square-token", "sq0atp-", SET_URL, 22, 22 },
	{ "square-token", "sq0csp-", SET_URL, 43, 43 },
	{ "stripe-key", "sk_live_", SET_ALNUM, 20, 120 },
	{ "stripe-key", "rk_live_", SET_ALNUM, 20, 120 },
	{ "stripe-webhook-secret", "whsec_", SET_BASE64, 32, 64 },
	{ "supabase-token", "sbp_", SET_HEX, 40, 40 },
	{ "vault-token", "hvs.", SET_URL, 24, 200 },
	{ "vault-token", "hvb.", SET_URL, 100, 300 },
	{ "xai-key", "xai-", SET_ALNUM, 80, 80 },
	{ "twilio-key", "SK0", SET_HEX, 31, 31 },
	{ "twilio-key", "SK1", SET_HEX, 31, 31 },
	{ "twilio-key", "SK2", SET_HEX, 31, 31 },
	{ "twilio-key", "SK3", SET_HEX, 31, 31 },
	{ "twilio-key", "SK4", SET_HEX, 31, 31 },
	{ "twilio-key", "SK5", SET_HEX, 31, 31 },
	{ "twilio-key", "SK6", SET_HEX, 31, 31 },
	{ "twilio-key", "SK7", SET_HEX, 31, 31 },
	{ "twilio-key", "SK8", SET_HEX, 31, 31 },
	{ "twilio-key", "SK9", SET_HEX, 31, 31 },
	{ "twilio-key", "SKa", SET_HEX, 31, 31 },
	{ "twilio-key", "SKb", SET_HEX, 31, 31 },
	{ "twilio-key", "SKc", SET_HEX, 31, 31 },
	{ "twilio-key", "SKd", SET_HEX, 31, 31 },
	{ "twilio-key", "SKe", SET_HEX, 31, 31 },
	{ "twilio-key", "SKf", SET_HEX, 31, 31 },
};

static const char *const assigned[] = {
	"password", "passwd", "secret", "api_key", "apikey", "api-key",
	"access_key", "accesskey", "private_key", "auth_token",
	"access_token", "credential"
};

static void
every_credential_is_found_at_its_shortest_and_longest(void **unused)
{
	char text[1400], letters[1100], name[64];
	size_t others = 0;

	(void)unused;
	for (size_t i = 0; i < NELEM(issued); i++)
		for (unsigned k = 0; k < 2; k++) {
			const size_t n = k == 0 ? issued[i].min :
						  issued[i].max;

			body(issued[i].set, n, 7 + (unsigned)i, letters);
			(void)snprintf(text, sizeof(text),
			    "export KEY='%s%s'\n", issued[i].word, letters);
			(void)snprintf(name, sizeof(name), "%s@12+%zu;",
			    issued[i].name, strlen(issued[i].word) + n);
			if (!finds(text, name))
				fail_msg("%s is not found in %s", name, text);
			/* one letter less: another thing */
			(void)snprintf(text, sizeof(text), "KEY='%s%.*s'\n",
			    issued[i].word, (int)issued[i].min - 1, letters);
			if (finds(text, issued[i].name))
				fail_msg("too short, and found: %s", text);
			/* and one more */
			body(issued[i].set, issued[i].max + 1,
			    7 + (unsigned)i, letters);
			(void)snprintf(text, sizeof(text), "KEY='%s%s'\n",
			    issued[i].word, letters);
			if (finds(text, issued[i].name))
				fail_msg("too long, and found: %s", text);
		}
	for (size_t i = 0; i < detectors_count; i++)
		others += detectors[i].look != look_prefix;
	assert_int_equal(detectors_count - others, NELEM(issued));
	assert_int_equal(others, NELEM(assigned) + 5);
}

static void
what_is_assigned_to_each_name_is_found(void **unused)
{
	char text[128];

	(void)unused;
	for (size_t i = 0; i < NELEM(assigned); i++) {
		(void)snprintf(text, sizeof(text), "my_%s = \"%s\"",
		    assigned[i], "qX9v2LmK4tR7");
		if (!finds(text, "assigned-secret"))
			fail_msg("%s", text);
		(void)snprintf(text, sizeof(text), "my_%s = getenv(\"HOME\")",
		    assigned[i]);
		if (finds(text, "assigned-secret"))
			fail_msg("%s", text);
	}
}

static const char utf16[] = "4\0005\0003\0009\0001\0004\0008\0008\0000\0003\0004"
    "\0003\0006\0004\0006\0007\0";

static struct str
text_of(const char *text)
{
	return text == NULL ? str_of(utf16, sizeof(utf16) - 1) : str_c(text);
}

static const struct {
	const char *behaviour, *text; /* NULL: utf16 */
	const char *found; /* NULL: nothing */
} texts[] = {
	{ "a private key is found whole",
	    "x\n-----BEGIN RSA PRIVATE " "KEY-----\nMIIE\n"
	    "-----END RSA PRIVATE " "KEY-----\ny", "private-key@2+66;" },
	{ "a web token", "x eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0"
	    ".SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV y",
	    "json-web-token@2+75;" },
	{ "a public key is nobody's secret",
	    "-----BEGIN PUBLIC KEY-----\nMIIE\n-----END PUBLIC KEY-----",
	    NULL },
	{ "a certificate neither",
	    "-----BEGIN CERTIFICATE-----\nMIIE\n-----END CERTIFICATE-----",
	    NULL },
	{ "a key whose end does not come",
	    "-----BEGIN OPENSSH PRIVATE " "KEY-----\nb3Bl",
	    "private-key@0+40;" },
	{ "a password in an address",
	    "git clone https://bob:s3cr3tW0rd@host.net/x",
	    "password-in-url@22+19;" },
	{ "an address without one", "https://bob@host/a:b@c", NULL },
	{ "one that a shell will fill in", "https://u:${TOKEN}@host.net/",
	    NULL },
	{ "the sample key of every handbook", "AKIAIOSFODNN7" "EXAMPLE",
	    NULL },
	{ "what stands for a key", "ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
	    NULL },
	{ "a secret beside its name",
	    "db_password: \"qX9v2LmK4tR7\"", "assigned-secret@14+12;" },
	{ "a name of a secret is none",
	    "password = get_password_from_environment", NULL },
	{ "a digest is none",
	    "sha512-9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b",
	    NULL },
	/* persons */
	{ "a card", "pay 4539 1488 0343 6467 now", "card-number@4+19;" },
	{ "a card without blanks", "4539148803436467", "card-number@0+16;" },
	{ "a card whose check digit is wrong", "4539 1488 0343 6468", NULL },
	{ "the card of every handbook", "4242 4242 4242 4242", NULL },
	{ "a time in milliseconds", "\"at\":1732270000006", NULL },
	{ "a migration's number", "20240101123005_users.sql", NULL },
	{ "a number inside a longer one", "74539148803436467", NULL },
	{ "digits of a version", "1.4539148803436467", NULL },
	{ "an account", "IBAN DE89 3704 0044 0532 0130 00.",
	    "iban@5+27;" },
	{ "an account in one piece", "GB82WEST12345698765432",
	    "iban@0+22;" },
	{ "an account with words in capitals behind it",
	    "GB82 WEST 1234 5698 7654 32 IS MINE", "iban@0+27;" },
	{ "an account whose check digits are wrong",
	    "DE88 3704 0044 0532 0130 00", NULL },
	{ "nine digits beside their name", "SSN: 219-09-9999",
	    "us-social-security-number@5+11;" },
	{ "nine digits alone", "219-09-9999", NULL },
	{ "a number that nobody has", "ssn 666-09-9999", NULL },
	{ "an Indian number beside its name", "Aadhaar 2341 2341 2346",
	    "aadhaar-number@8+14;" },
	{ "a Brazilian one", "CPF 529.982.247-25", NULL },
	{ "a Brazilian one in one piece", "CPF 52998224725",
	    "brazilian-taxpayer-number@4+11;" },
	{ "a French one", "NIR 255081416802538",
	    "french-social-security-number@4+15;" },
	{ "a Dutch one", "BSN 111222333", "dutch-citizen-number@4+9;" },
	{ "a Dutch one that is none", "BSN 111222334", NULL },
	{ "a Canadian one", "SIN: 130 692 544",
	    "canadian-insurance-number@5+11;" },
	{ "a Canadian one that is none", "SIN: 130 692 545", NULL },
	{ "a Swedish one", "personnummer 811228-9874",
	    "swedish-personal-number@13+11;" },
	{ "a Swedish one that is none", "personnummer 811228-9875", NULL },
	{ "a German one", "Steuer-ID 86095742719",
	    "german-tax-number@10+11;" },
	/* addresses */
	{ "a person's address", "to bob.smith+x@corp-mail.de, today",
	    "email-address@3+24;" },
	{ "nobody's address", "noreply@anthropic.com git@github.com a@b.test",
	    NULL },
	{ "a package with its version", "left-pad@1.3.0", NULL },
	/* encodings */
	{ "a card in escapes", "\"\\u0034539148803436467\"",
	    "card-number@1+21 escapes;" },
	{ "a card in percents", "q=%34539148803436467&",
	    "card-number@2+18 percent-encoding;" },
	{ "a card with nothing in it", "4539\xe2\x80\x8b" "148803436467",
	    "card-number@0+19 invisible characters;" },
	{ "a card in base64", "NDUzOTE0ODgwMzQzNjQ2NyBpcyBtaW5l",
	    "card-number@0+22 base64;" },
	{ "a card in hexadecimal",
	    "34353339313438383033343336343637206d", "card-number@0+32 "
	    "hexadecimal;" },
	{ "an escape in base64 in percents",
	    "d=XHUwMDM0NTM5MTQ4ODAzNDM2NDY3%20", "card-number@2+28" },
	{ "base64 over two lines",
	    "cGF5IHdpdGggdGhlIGNhcmQgNDUzOTE0\r\nODgwMzQzNjQ2NyBub3c=",
	    "card-number" },
	{ "base64 behind letters of a path", "/v1/x/NDUzOTE0ODgwMzQzNjQ2NyBpcyBt",
	    "card-number@6+22 base64;" },
	{ "base64 of base64", "TkRVek9URTBPRGd3TXpRek5qUTJOeUJwY3lCdGFXNWw=",
	    "card-number@0+30 base64;" },
	{ "hexadecimal behind a letter of it",
	    "d34353339313438383033343336343637206d", "card-number@1+32 "
	    "hexadecimal;" },
	{ "a card in entities", "&#52;5391488&#x30;3436467",
	    "card-number@0+25 entities;" },
	{ "a card in wide digits", "\xef\xbc\x94" "539148803436467",
	    "card-number@0+18 other letters;" },
	{ "a card in UTF-16", NULL, "card-number@0+31 UTF-16;" },
	{ "a key with a letter of another script",
	    "\xd0\x90IzaSyD9tB2kQ7wX4mN8vC3jR6hL1pY5gF0sE2a",
	    "google-key@0+40 other letters;" },
	{ "cards one behind the other", "4539148803436467 5425233430109903",
	    "card-number@0+16;card-number@17+16;" },
	{ "a British one", "NHS number 943 476 5919",
	    "uk-nhs-number@11+12;" },
	{ "a British one that is none", "NHS number 943 476 5918", NULL },
	{ "a bot's token",
	    "x 123456789:AAq7Zr2Lm9Kx4TbW8sYc3Vd6Nf1Hg5Jp0Qe2",
	    "telegram-bot-token@2+46;" },
	{ "a bot's token with too few digits",
	    "x 1234567:AAq7Zr2Lm9Kx4TbW8sYc3Vd6Nf1Hg5Jp0Qe2", NULL },
	{ "an OpenAI key",
	    "sk-proj-q7Zr2Lm9Kx4TbW8sYc3VT3BlbkFJd6Nf1Hg5Jp0Qe2Ra9wLx",
	    "openai-key@0+56;" },
	{ "the middle of one without its beginning",
	    "xx-proj-q7Zr2Lm9Kx4TbW8sYc3VT3BlbkFJd6Nf1Hg5Jp0Qe2Ra9wLx",
	    NULL },
	/* what the runtime holds */
	{ "an exact value", "a " VALUE " b", "store/key@2+28;" },
	{ "an exact value reversed", "elpats+yrettab/esroh-tcerroc",
	    "store/key@0+28;" },
	{ "an exact value in hexadecimal",
	    "636F72726563742D686F7273652F626174746572792B737461706C65",
	    "store/key@0+56" },
	{ "an exact value in base64",
	    "eHljb3JyZWN0LWhvcnNlL2JhdHRlcnkrc3RhcGxl", "store/key" },
	{ "in base64 that begins elsewhere",
	    "!b3JyZWN0LWhvcnNlL2JhdHRlcnkrc3RhcGxl", NULL },
	{ "an exact value cut short", "correct-horse/battery+stapl", NULL },
	{ "a canary", "x=nightingale-7731", "canary/one@2+16;" },
};

static void
a_text_gives_what_is_in_it(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < NELEM(texts); i++) {
		struct got g;

		scan_text(text_of(texts[i].text), 0, &g);
		if (texts[i].found == NULL ? g.len != 0 :
			strncmp(g.text, texts[i].found,
			    strlen(texts[i].found)) != 0)
			fail_msg("%s: %s gives %s", texts[i].behaviour,
			    text_of(texts[i].text).p, g.text);
	}
}

/* However it arrives. */
static void
a_text_in_pieces_gives_the_same(void **unused)
{
	static const size_t steps[] = { 1, 2, 3, 7, 64, 255, 257, 1000, 4096,
		32768 };
	char *all = calloc(1, 200000);
	struct got whole, parts;
	size_t n = 0;

	(void)unused;
	assert_non_null(all);
	for (size_t round = 0; n < 60000; round++) {
		const size_t i = round % NELEM(texts);

		if (strstr(texts[i].behaviour, "end does not come") == NULL)
			n += (size_t)sprintf(all + n, " %s\n",
			    text_of(texts[i].text).p);
		for (size_t k = 0; k < round * 37 % 2000; k++)
			all[n++] = "lorem ipsum; "[k % 13];
		if (n > 50000)
			break;
	}
	scan_text(str_of(all, n), 0, &whole);
	assert_true(whole.len > 500);
	for (size_t i = 0; i < NELEM(steps); i++) {
		size_t same = 0;

		scan_text(str_of(all, n), steps[i], &parts);
		while (same < whole.len &&
		    parts.text[same] == whole.text[same])
			same++;
		if (parts.len != whole.len || same != whole.len)
			fail_msg("in steps of %zu: ...%.60s and not ...%.60s",
			    steps[i], parts.text + same, whole.text + same);
	}
	free(all);
}

static void
a_secret_deep_in_long_base64_is_found(void **unused)
{
	static const char letters[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	enum { BYTES = 60000, AT = 47001 };
	unsigned char *in = calloc(1, BYTES + 3);
	char *out = calloc(1, BYTES * 2);
	size_t n = 0;
	struct got g;

	(void)unused;
	assert_true(in != NULL && out != NULL);
	memset(in, 'a', BYTES);
	memcpy(in + AT, " 4539148803436467 ", 18);
	for (size_t i = 0; i < BYTES; i += 3) {
		const uint32_t v = (uint32_t)in[i] << 16 |
		    (uint32_t)in[i + 1] << 8 | in[i + 2];

		for (int k = 18; k >= 0; k -= 6)
			out[n++] = letters[v >> k & 63];
		if (i % 57 == 54)
			out[n++] = '\n';
	}
	for (size_t step = 0; step < 30000; step = step * 3 + 100) {
		scan_text(str_of(out, n), step, &g);
		if (strstr(g.text, "card-number@") == NULL)
			fail_msg("in steps of %zu: nothing", step);
	}
	free(in);
	free(out);
}

struct opaque {
	unsigned classes;
	bool found;
};

static void
on_opaque(const struct scan_finding *f, void *arg)
{
	struct opaque *o = arg;

	o->classes |= f->classes;
	o->found |= strcmp(f->name, "more-encodings-than-are-read") == 0;
}

/* Whoever wants a secret not to be read puts it there. */
static void
encodings_without_end_are_of_every_class(void **unused)
{
	char *all = calloc(1, 70000);
	struct opaque o = { 0, false };
	struct scan_stream t;
	size_t n = 0;

	(void)unused;
	assert_non_null(all);
	while (n < 30000)
		n += (size_t)sprintf(all + n, "%s\\u0025",
		    n % 7 < 3 ? "33363333363336333633363336333633"
				"36333633363336333633363336333633" :
				"NjM2MzYzNjM2MzYzNjM2MzYzNjM2MzYz");
	scan_begin(&t, scan, on_opaque, &o);
	(void)scan_feed(&t, str_of(all, n));
	scan_end(&t);
	scan_fini(&t);
	assert_true(o.found);
	assert_int_equal(o.classes, (1u << SCAN_CLASS_COUNT) - 1);
	free(all);
}

/* A window had room for so many runs, and those behind were not read. */
static void
what_stands_behind_many_runs_is_found(void **unused)
{
	char *all = calloc(1, 70000);
	size_t n = 0;

	(void)unused;
	assert_non_null(all);
	while (n < 60000)
		n += (size_t)sprintf(all + n, "YWJjZGVmZ2hpamtsbW5vcHFy ");
	(void)sprintf(all + n, "NDUzOTE0ODgwMzQzNjQ2NyBpcyBtaW5l");
	assert_true(finds(all, "card-number"));
	free(all);
}

/* A finding in bytes of which most are noise, wherever it begins. */
static void
noise_around_it_hides_nothing(void **unused)
{
	enum { BYTES = 4096 };
	char *all = calloc(1, BYTES);
	struct got g;
	uint32_t seed = 7;

	(void)unused;
	assert_non_null(all);
	for (size_t at = 1000; at < 1130; at++) {
		for (size_t i = 0; i < BYTES; i++) {
			seed = seed * 1103515245u + 12345u;
			all[i] = (char)(seed >> 16 | 0x80);
			if (i % 5 == 0)
				all[i] = 2;
		}
		memcpy(all + at, "4539148803436467", 16);
		scan_text(str_of(all, BYTES), 0, &g);
		if (strstr(g.text, "card-number@") == NULL)
			fail_msg("at %zu it is not found", at);
		memcpy(all + at, "nightingale-7731", 16);
		scan_text(str_of(all, BYTES), 0, &g);
		assert_non_null(strstr(g.text, "canary/one@"));
	}
	free(all);
}

static void
a_web_token_begins_where_letters_do(void **unused)
{
	static const char token[] = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0"
	    ".SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV";
	char *all = calloc(1, 70000);

	(void)unused;
	assert_non_null(all);
	(void)sprintf(all, "id-%s ", token);
	assert_true(finds(all, "json-web-token@3+"));
	for (int i = 0; i < 16000; i++)
		memcpy(all + 4 * i, "-eyJ", 4);
	(void)sprintf(all + 64000, " %s ", token);
	assert_true(finds(all, "json-web-token@64001+"));
	free(all);
}

static void
what_comes_back_goes_on_up_to_what_may_be_a_value(void **unused)
{
	static const struct {
		const char *says, *text;
		size_t settled;		/* of the text alone */
		const char *found;
	} cases[] = {
		{ "no beginning", "data: {\"x\": 1}\n\n", 16, "" },
		{ "a beginning", "data: correct-ho", 6, "" },
		{ "in capitals", "data: CORRECT-HO", 6, "" },
		{ "a letter of one", "data: c", 6, "" },
		{ "a whole one", "a " VALUE " .", 32, "store/key@2+28;" },
		{ "two of them", VALUE VALUE, 56,
		    "store/key@0+28;store/key@28+28;" },
		{ "as JSON may write it",
		    "\"correct-horse\\/battery+staple\"", 31,
		    "store/key@1+29;" },
		{ "as a URL writes it", "correct-horse%2fbattery%2Bstaple", 32,
		    "store/key@0+32;" },
		{ "in base64", "eHljb3JyZWN0LWhvcnNlL2JhdHRlcnkrc3RhcGxl", 40,
		    "store/key@" },
		{ "one without its end", "correct-horse/battery+stapl", 0, "" },
	};

	(void)unused;
	for (size_t i = 0; i < NELEM(cases); i++) {
		struct str text = str_c(cases[i].text);
		struct got g = { .len = 0 };
		const size_t n = scan_back(scan, text, false, on_finding, &g);

		if (n != cases[i].settled || strncmp(g.text, cases[i].found,
		    strlen(cases[i].found)) != 0 ||
		    (cases[i].found[0] == '\0' && g.len != 0))
			fail_msg("%s: %zu settled, found %s", cases[i].says, n,
			    g.text);
		g = (struct got){ .len = 0 };
		assert_int_equal(scan_back(scan, text, true, on_finding, &g),
		    text.len);
	}
}

static void
a_value_too_short_is_refused(void **unused)
{
	const struct scan_value v = { STR("k"), STR("seven77"), SCAN_EXACT };
	struct scan *s = NULL;
	struct err e = { 0 };

	(void)unused;
	assert_int_equal(scan_new(&v, 1, &s, &e), -1);
	assert_non_null(strstr(e.text, "8 to 512 bytes"));
}

static int
setup(void **unused)
{
	const struct scan_value v[] = {
		{ STR("store/key"), STR(VALUE), SCAN_EXACT },
		{ STR("canary/one"), STR("nightingale-7731"), SCAN_CANARY },
	};
	struct err e = { 0 };

	(void)unused;
	return scan_new(v, NELEM(v), &scan, &e);
}

static int
teardown(void **unused)
{
	(void)unused;
	scan_free(scan);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    every_credential_is_found_at_its_shortest_and_longest),
		cmocka_unit_test(what_is_assigned_to_each_name_is_found),
		cmocka_unit_test(a_text_gives_what_is_in_it),
		cmocka_unit_test(a_text_in_pieces_gives_the_same),
		cmocka_unit_test(a_secret_deep_in_long_base64_is_found),
		cmocka_unit_test(encodings_without_end_are_of_every_class),
		cmocka_unit_test(what_stands_behind_many_runs_is_found),
		cmocka_unit_test(noise_around_it_hides_nothing),
		cmocka_unit_test(a_web_token_begins_where_letters_do),
		cmocka_unit_test(
		    what_comes_back_goes_on_up_to_what_may_be_a_value),
		cmocka_unit_test(a_value_too_short_is_refused),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
