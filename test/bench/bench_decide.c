/* bench_decide.c -- how long one decision takes, with few rules and many.
 * Prints: rules, question, nanoseconds. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/must.h"
#include "compile/compile.h"
#include "policy/decide.h"
#include "policy/image.h"

enum { ROUNDS = 200000 };

static double
now_ns(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static struct image *
image_with(unsigned rules, bool one_host, char **bytes)
{
	struct policy_file f = { "bench.yaml", { NULL, 0 } };
	struct diags d = { 0 };
	struct image *im;
	struct buf b;
	size_t len;
	bool ok;
	int rc;

	buf_init(&b, 1 << 20);
	ok = buf_addz(&b, "network:\n  allow:\n");
	for (unsigned i = 0; i < rules; i++)
		ok = ok && buf_printf(&b, "    - {endpoint: host%u.example.com,"
		    " methods: [GET], paths: [/repos/p%u/*, /zen]}\n",
		    one_host ? 0 : i, i);
	must(ok);
	f.text = buf_str(&b);
	rc = policy_compile(&f, 1, POLICY_STAGE_ENFORCE, bytes, &len, &d);
	must(rc == 0);
	rc = image_of(str_of(*bytes, len), &im, NULL);
	must(rc == 0);
	diags_fini(&d);
	buf_fini(&b);
	return im;
}

static void
measure(const struct image *im, unsigned rules, const char *what,
    const char *host, const char *method, const char *path)
{
	struct net_query q = { .host = str_c(host), .port = 443, .tls = true,
		.method = str_c(method), .path = str_c(path) };
	struct net_answer a;
	double start = now_ns();
	unsigned allowed = 0;

	for (int i = 0; i < ROUNDS; i++) {
		policy_network(im, &q, &a);
		allowed += a.verdict == VERDICT_ALLOW;
	}
	(void)printf("%6u rules  %-32s %8.0f ns  %s\n", rules, what,
	    (now_ns() - start) / ROUNDS, allowed > 0 ? "allow" : "deny");
}

int
main(void)
{
	static const unsigned counts[] = { 10, 1000, 10000 };

	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		char *bytes;
		struct image *im = image_with(counts[i], false, &bytes);

		measure(im, counts[i], "a host, allowed", "host7.example.com",
		    "GET", "/repos/p7/pulls/1");
		measure(im, counts[i], "a host, method denied",
		    "host7.example.com", "POST", "/repos/p7/pulls/1");
		measure(im, counts[i], "no such host",
		    "a.b.c.d.example.org", "GET", "/");
		image_free(im);
		free(bytes);
		if (counts[i] > 1000)
			continue;
		im = image_with(counts[i], true, &bytes);
		measure(im, counts[i], "all on one host, last allows",
		    "host0.example.com", "GET", counts[i] == 10 ?
		    "/repos/p9/pulls/1" : "/repos/p999/pulls/1");
		image_free(im);
		free(bytes);
	}
	return 0;
}
