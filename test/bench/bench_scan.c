/* bench_scan.c -- how fast bodies are looked through, and how fast PCRE2's
 * machine code tries the same prefixes as one expression on the bytes as they
 * are.  Prints: text, MB/s; and of PCRE2's the same. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/err.h"
#include "base/must.h"
#include "scan/detect.h"
#include "scan/scan.h"

#ifdef HAVE_PCRE2
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#endif

enum { BYTES = 8 << 20, STEP = 16384 };

static double
now_s(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* ---- texts ---- */

static size_t
repeat(char *out, const char *what)
{
	const size_t n = strlen(what);
	size_t len = 0;

	for (; len + n <= BYTES; len += n)
		memcpy(out + len, what, n);
	return len;
}

static unsigned
any(void)
{
	static uint64_t seed = 88172645463325252u;

	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (unsigned)(seed >> 32);
}

static size_t
prose(char *out)
{
	static const char *const words[] = { "the", "agent", "opens", "a",
		"file", "and", "writes", "what", "it", "has", "understood",
		"into", "another", "one,", "then", "(see", "section", "4.2)",
		"asks", "for", "review.", "Nothing", "here", "is", "of",
		"any", "interest", "to", "password", "managers;", "however" };
	size_t len = 0;

	while (len + 16 < BYTES)
		len += (size_t)sprintf(out + len, "%s%s",
		    words[any() % NELEM(words)],
		    any() % 12 == 0 ? "\n" : " ");
	return len;
}

static size_t
json(char *out)
{
	static const char *const lines[] = {
		("{\"role\":\"user\",\"content\":\"int\\nmain(void)\\n{\\n\\t"
		"return run(\\\"x\\\", %u);\\n}\\n\"},\n"),
		"{\"id\":\"%08x-4d1a\",\"url\":\"https://host.net/a/b\"},\n",
		"{\"tool\":\"read\",\"path\":\"/usr/share/doc/libfoo%u/x\"},\n",
	};
	size_t len = 0;

	while (len + 256 < BYTES)
		len += (size_t)sprintf(out + len, lines[any() % 3], any());
	return len;
}

static size_t
image(char *out)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "abcdefghijklmnopqrstuvwxyz0123456789+/";

	for (size_t i = 0; i < BYTES; i++)
		out[i] = letters[any() % 64];
	return BYTES;
}

static size_t
binary(char *out)
{
	for (size_t i = 0; i < BYTES; i++)
		out[i] = (char)any();
	return BYTES;
}

static size_t
numbers(char *out)
{
	return repeat(out, "ssn bsn 100000009 sin: 130692544 212345670 ");
}

static size_t
cards(char *out)
{
	return repeat(out, "4539148803436467 ");
}

static size_t
escapes(char *out)
{
	return repeat(out, "%255cu0061%5c%5cu0070\\u0025\\u0035%2541ZmZmZmZmZm"
	    "ZmZmZmZmZmZmZmZmZm&amp;#65;\xe2\x80\x8b");
}

static size_t
nested(char *out)
{
	return repeat(out, "363336333633363336333633363336333633363336333633"
	    "363336333633363336333633363336333633363336333633\\n");
}

static size_t
begins(char *out)
{
	return repeat(out, "-----BEGIN -eyJ://a:T3BlbkFJ12345678:AApassword:");
}

/* ---- how fast ---- */

static void
on_finding(const struct scan_finding *f, void *arg)
{
	(void)f;
	++*(size_t *)arg;
}

/* The slowest turn, too: what others have to wait for. */
static double
scan_time(struct scan *s, const char *p, size_t n, size_t *found,
    double *slowest)
{
	const double begin = now_s();
	struct scan_stream t;

	*found = 0;
	*slowest = 0;
	scan_begin(&t, s, on_finding, found);
	for (size_t i = 0; i < n; i += STEP) {
		const double turn = now_s();
		double took;

		(void)scan_feed(&t, str_of(p + i, n - i < STEP ? n - i : STEP));
		took = now_s() - turn;
		if (took > *slowest)
			*slowest = took;
	}
	scan_end(&t);
	scan_fini(&t);
	return now_s() - begin;
}

#ifdef HAVE_PCRE2
/* What stands in for each set. */
static const char *const classes[] = { "[0-9]", "[0-9A-Fa-f]", "[0-9A-Z]",
	"[0-9A-Za-z]", "[0-9A-Za-z_-]", "[0-9A-Za-z_]", "[0-9A-Za-z+/=]",
	"[0-9A-Za-z_.-]" };

static pcre2_code *
expression(void)
{
	static char text[65536];
	size_t n = 0, at;
	int error;
	pcre2_code *code;

	for (size_t i = 0; i < detectors_count; i++) {
		const struct detector *d = &detectors[i];

		if (d->look == look_prefix)
			n += (size_t)sprintf(text + n, "%s\\b\\Q%s\\E%s{%u,%u}",
			    n == 0 ? "" : "|", d->word, classes[d->set],
			    d->min, d->max);
	}
	n += (size_t)sprintf(text + n, "|-----BEGIN [A-Z ]*PRIVATE KEY|"
	    "\\beyJ[0-9A-Za-z_.-]{37,}|://[^\\s/:]*:[^\\s/@]{6,}@|"
	    "(?i:password|passwd|secret|api[_-]?key|access_?key|credential)"
	    "[\\w.-]{0,20}[\"' ]*[:=>]+[\"' ]*[\\w+/=~!@#.-]{10,150}|"
	    "\\b(?:[0-9][ -]?){13,19}\\b|\\b[A-Z]{2}[0-9]{2}[A-Z0-9 ]{11,30}|"
	    "[\\w.+-]{1,64}@[\\w.-]+\\.[A-Za-z]{2,}");
	code = pcre2_compile((PCRE2_SPTR)text, n, 0, &error, &at, NULL);
	must(code != NULL && pcre2_jit_compile(code, PCRE2_JIT_COMPLETE) == 0);
	return code;
}

static double
peer_time(const char *p, size_t n)
{
	pcre2_code *code = expression();
	pcre2_match_data *m = pcre2_match_data_create(4, NULL);
	const double begin = now_s();
	double took;

	for (size_t at = 0; at < n; at = pcre2_get_ovector_pointer(m)[1])
		if (pcre2_match(code, (PCRE2_SPTR)p, n, at, 0, m, NULL) <= 0)
			break;
	took = now_s() - begin;
	pcre2_match_data_free(m);
	pcre2_code_free(code);
	return took;
}
#endif

int
main(void)
{
	static const struct {
		const char *name;
		size_t (*make)(char *out);
	} texts[] = { { "prose", prose }, { "json", json },
		{ "base64 of an image", image }, { "binary", binary },
		{ "cards", cards }, { "numbers of persons", numbers },
		{ "escapes in escapes", escapes },
		{ "hexadecimal in it", nested }, { "beginnings", begins } };
	char *p = malloc(BYTES + 512);
	struct scan *s;
	struct err e = { 0 };

	must(p != NULL && scan_new(NULL, 0, &s, &e) == 0);
	for (size_t i = 0; i < NELEM(texts); i++) {
		const size_t n = texts[i].make(p);
		size_t found;
		double slowest;
		const double took = scan_time(s, p, n, &found, &slowest);

		printf("%-20s %7.0f MB/s, %zu findings, slowest turn %.1f ms",
		    texts[i].name, (double)n / took / 1e6, found,
		    slowest * 1e3);
#ifdef HAVE_PCRE2
		printf(", PCRE2 %.0f MB/s", (double)n / peer_time(p, n) / 1e6);
#endif
		printf("\n");
		(void)fflush(stdout);
	}
	scan_free(s);
	free(p);
	return 0;
}
