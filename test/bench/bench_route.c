/* bench_route.c -- how long one decision on a call to a model takes, by the
 * number of routing rules.  Prints: rules, question, nanoseconds. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/buf.h"
#include "base/must.h"
#include "compile/compile.h"
#include "policy/image.h"
#include "policy/route.h"

enum { ROUNDS = 300000 };

static double
now_ns(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

/* Rules as people write them: a level, a task, a number, a flag. */
static struct image *
image_with(unsigned rules, char **bytes)
{
	static const char *const conditions[] = {
		"context_sensitivity >= high && turn > %u",
		"task in [plan, debug] && input_tokens < %u",
		"has_image && max_output_tokens > %u",
		"findings.secret > %u", "subagent && turn > %u" };
	struct policy_file f = { .name = "bench.yaml" };
	struct diags d = { 0 };
	struct image *im;
	struct buf b;
	size_t len;
	bool ok;
	int rc;

	buf_init(&b, 1 << 20);
	ok = buf_addz(&b, "inference:\n  router:\n    rules:\n");
	for (unsigned i = 0; i < rules; i++) {
		char text[96];

		(void)snprintf(text, sizeof(text), "%s", conditions[i % 5]);
		*strchr(text, '%') = '\0';
		ok = ok && buf_printf(&b, "      - {condition: '%s%u', route: "
		    "%s}\n", text, 10 + i, i % 5 == 0 ? "local" : "frontier");
	}
	must(ok);
	f.text = buf_str(&b);
	rc = policy_compile(&f, 1, POLICY_STAGE_CHECK, bytes, &len, &d);
	must(rc == 0);
	rc = image_of(str_of(*bytes, len), &im, NULL);
	must(rc == 0);
	diags_fini(&d);
	buf_fini(&b);
	return im;
}

static void
measure(const struct image *im, unsigned rules, const char *what,
    const struct facts *f)
{
	struct route_answer a;
	double start = now_ns();

	for (int i = 0; i < ROUNDS; i++)
		policy_route(im, f, &a);
	(void)printf("%6u rules  %-32s %8.0f ns  %.*s\n", rules, what,
	    (now_ns() - start) / ROUNDS, (int)a.route.len, a.route.p);
}

int
main(void)
{
	static const unsigned counts[] = { 5, 50, 500 };
	struct facts known = { 0 }, some;

	fact_put(&known, FACT_SENSITIVITY, SENSITIVITY_INTERNAL);
	fact_put(&known, FACT_TASK, fact_word_find(FACT_TASK, STR("chat")));
	fact_put(&known, FACT_INPUT_TOKENS, 20000);
	fact_put(&known, FACT_MAX_OUTPUT_TOKENS, 4096);
	fact_put(&known, FACT_TURN, 3);
	fact_put(&known, FACT_HAS_IMAGE, 0);
	fact_put(&known, FACT_SUBAGENT, 0);
	fact_put(&known, FACT_SECRETS, 0);
	some = known;
	some.known &= ~FACT_BIT(FACT_SENSITIVITY);
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		char *bytes;
		struct image *im = image_with(counts[i], &bytes);

		measure(im, counts[i], "no rule matches", &known);
		measure(im, counts[i], "the level is not known", &some);
		image_free(im);
		free(bytes);
	}
	return 0;
}
