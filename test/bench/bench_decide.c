/* bench_decide.c -- how long one decision on a request takes, with few rules
 * and many, and how long PCRE2's machine code takes to try the same rules one
 * after another.  Prints: rules, question, nanoseconds; and what compiling
 * the rules took and came to. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/buf.h"
#include "base/must.h"
#include "compile/compile.h"
#include "policy/decide.h"
#include "policy/image.h"

#ifdef HAVE_PCRE2
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#endif

enum { TURNS = 9, ROUNDS = 20000, PEER_ROUNDS = 200, RULES_MOST = 10000 };

static double
now_ns(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static int
by_value(const void *x, const void *y)
{
	const double *a = x, *b = y;

	return *a < *b ? -1 : *a > *b;
}

/* ---- rules: two paths each, for hosts of their own or for one */

static unsigned
host_of(unsigned i, bool one_host)
{
	return one_host ? 0 : i;
}

static char *
document(unsigned rules, bool one_host)
{
	struct buf b;
	bool ok;

	buf_init(&b, 1 << 20);
	ok = buf_addz(&b, "network:\n  allow:\n");
	for (unsigned i = 0; i < rules; i++)
		ok = ok && buf_printf(&b, "    - {endpoint: host%u.example.com,"
		    " methods: [GET], paths: [/repos/p%u/*, /zen]}\n",
		    host_of(i, one_host), i);
	must(ok);
	return buf_take(&b, NULL);
}

/* ---- ours */

static double
compile_ms(const char *text, char **bytes, size_t *len)
{
	struct policy_file f = { .name = "bench.yaml", .text = str_c(text) };
	struct diags d = { 0 };
	double start = now_ns();
	int rc = policy_compile(&f, 1, POLICY_STAGE_ENFORCE, bytes, len, &d);

	must(rc == 0);
	diags_fini(&d);
	return (now_ns() - start) / 1e6;
}

static struct image *
image_with(unsigned rules, bool one_host, char **bytes)
{
	char *text = document(rules, one_host);
	struct image *im;
	double ms[TURNS];
	size_t len;
	int rc;

	for (unsigned i = 0; i < TURNS; i++) {
		if (i > 0)
			free(*bytes);
		ms[i] = compile_ms(text, bytes, &len);
	}
	qsort(ms, TURNS, sizeof(ms[0]), by_value);
	(void)printf("%6u rules%s  compiled in %.1f ms to %zu kB\n", rules,
	    one_host ? ", one host" : "", ms[TURNS / 2], len / 1000);
	rc = image_of(str_of(*bytes, len), &im, NULL);
	must(rc == 0);
	free(text);
	return im;
}

static void
measure(const struct image *im, unsigned rules, const char *what,
    const char *host, const char *method, const char *path)
{
	struct net_query q = { .host = str_c(host), .port = 443, .tls = true,
		.method = str_c(method), .path = str_c(path) };
	struct net_answer a;
	double ns[TURNS];
	unsigned allowed = 0;

	for (unsigned t = 0; t < TURNS; t++) {
		double start = now_ns();

		for (int i = 0; i < ROUNDS; i++) {
			policy_network(im, &q, &a);
			allowed += a.verdict == VERDICT_ALLOW;
		}
		ns[t] = (now_ns() - start) / ROUNDS;
	}
	qsort(ns, TURNS, sizeof(ns[0]), by_value);
	(void)printf("%6u rules  %-34s %8.0f ns  %s\n", rules, what,
	    ns[TURNS / 2], allowed > 0 ? "allow" : "deny");
}

/* ---- the peer: one expression a rule, over "METHOD host path" */

#ifdef HAVE_PCRE2
static pcre2_code *
regex_of(unsigned i, bool one_host)
{
	char re[256];
	PCRE2_SIZE where;
	pcre2_code *code;
	int error;

	(void)snprintf(re, sizeof(re), "^(?:GET|HEAD) host%u\\.example\\.com "
	    "(?:/repos/p%u/.*|/zen)$", host_of(i, one_host), i);
	code = pcre2_compile((PCRE2_SPTR)re, PCRE2_ZERO_TERMINATED, 0, &error,
	    &where, NULL);
	must(code != NULL);
	must(pcre2_jit_compile(code, PCRE2_JIT_COMPLETE) == 0);
	return code;
}

static void
measure_peer(unsigned rules, bool one_host)
{
	static pcre2_code *code[RULES_MOST];
	pcre2_match_data *m = pcre2_match_data_create(4, NULL);
	char text[256];
	double ns[TURNS];
	unsigned found = 0;

	for (unsigned i = 0; i < rules; i++)
		code[i] = regex_of(i, one_host);
	(void)snprintf(text, sizeof(text), "GET host%u.example.com "
	    "/repos/p%u/pulls/1", host_of(rules - 1, one_host), rules - 1);
	for (unsigned t = 0; t < TURNS; t++) {
		double start = now_ns();

		for (int k = 0; k < PEER_ROUNDS; k++)
			for (unsigned i = 0; i < rules; i++)
				found += pcre2_jit_match(code[i],
				    (PCRE2_SPTR)text, strlen(text), 0, 0, m,
				    NULL) > 0;
		ns[t] = (now_ns() - start) / PEER_ROUNDS;
	}
	qsort(ns, TURNS, sizeof(ns[0]), by_value);
	(void)printf("%6u rules  %-34s %8.0f ns  %s\n", rules,
	    "PCRE2, the last allows", ns[TURNS / 2],
	    found > 0 ? "allow" : "deny");
	for (unsigned i = 0; i < rules; i++)
		pcre2_code_free(code[i]);
	pcre2_match_data_free(m);
}
#else
static void
measure_peer(unsigned rules, bool one_host)
{
	(void)rules;
	(void)one_host;
}
#endif

static void
spread(unsigned rules)
{
	char host[64], path[64], *bytes;
	struct image *im = image_with(rules, false, &bytes);

	(void)snprintf(host, sizeof(host), "host%u.example.com", rules - 1);
	(void)snprintf(path, sizeof(path), "/repos/p%u/pulls/1", rules - 1);
	measure(im, rules, "a host of its own, allowed", host, "GET", path);
	measure(im, rules, "method denied, nearest found", host, "POST",
	    path);
	measure(im, rules, "no such host, nearest found",
	    "a.b.c.d.example.com", "GET", "/");
	measure_peer(rules, false);
	image_free(im);
	free(bytes);
}

static void
together(unsigned rules)
{
	char path[64], *bytes;
	struct image *im = image_with(rules, true, &bytes);

	(void)snprintf(path, sizeof(path), "/repos/p%u/pulls/1", rules - 1);
	measure(im, rules, "all on one host, allowed", "host0.example.com",
	    "GET", path);
	measure(im, rules, "the same, path denied", "host0.example.com",
	    "GET", "/repos/other");
	measure_peer(rules, true);
	image_free(im);
	free(bytes);
}

int
main(void)
{
	static const unsigned counts[] = { 10, 1000, RULES_MOST };

	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		spread(counts[i]);
		together(counts[i]);
	}
	return 0;
}
