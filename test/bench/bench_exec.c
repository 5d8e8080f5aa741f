/* bench_exec.c -- how long a decision on a command of 8 arguments takes, with
 * few rules and many, beside a scan of as many PCRE2 patterns (JIT) over the
 * joined arguments. Prints: layout, rules, ours, theirs, in nanoseconds, the
 * best of several batches. */
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/must.h"
#include "compile/compile.h"
#include "policy/exec.h"
#include "policy/image.h"

enum { BATCHES = 40, ROUNDS = 4000, ARGS = 9 };

struct layout {
	const char *name, *list;	/* allow, deny */
	const char *entry;		/* of rule %u */
	const char *regex;
	const char *args[ARGS];		/* with %u for the last rule */
};

static const struct layout layouts[] = {
	{ "one rule for each of many commands", "allow",
	    "\"tool%u build --target x%u --jobs * -o /app/out/** *\"",
	    "^tool%u\\nbuild\\n--target\\nx%u\\n--jobs\\n[^\\n]*\\n-o\\n"
	    "/app/out/.*",
	    { "tool%u", "build", "--target", "x%u", "--jobs", "8", "-o",
	    "/app/out/a/b.o", "last" } },
	{ "many rules for one command", "allow",
	    "\"tool build --target x%u --jobs * -o /app/out%u/** *\"",
	    "^tool\\nbuild\\n--target\\nx%u\\n--jobs\\n[^\\n]*\\n-o\\n"
	    "/app/out%u/.*",
	    { "tool", "build", "--target", "x%u", "--jobs", "8", "-o",
	    "/app/out%u/a/b.o", "last" } },
	{ "many denies for one command", "deny",
	    "\"tool build --target x%u --force%u\"",
	    "^(?=.*\\nbuild(\\n|$))(?=.*\\n--target(\\n|=))"
	    "(?=.*\\nx%u(\\n|$))(?=.*\\n--force%u)",
	    { "tool", "build", "--target", "x%u", "--jobs", "8", "-o",
	    "/app/out/a/b.o", "--faster" } },
};

static double
now_ns(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static struct image *
image_with(const struct layout *l, unsigned rules, char **bytes, size_t *len,
    double *ms)
{
	struct policy_file f = { "bench.yaml", { NULL, 0 } };
	struct diags d = { 0 };
	struct image *im;
	double start;
	struct buf b;
	bool ok;
	int rc;

	buf_init(&b, 1 << 20);
	ok = buf_printf(&b, "commands:\n  default_policy: %s\n  %s:\n",
	    l->list[0] == 'd' ? "allow" : "deny", l->list);
	for (unsigned i = 0; i < rules; i++) {
		ok = ok && buf_addz(&b, "    - ") &&
		    buf_printf(&b, l->entry, i, i) && buf_addz(&b, "\n");
	}
	must(ok);
	f.text = buf_str(&b);
	start = now_ns();
	rc = policy_compile(&f, 1, POLICY_STAGE_CHECK, bytes, len, &d);
	*ms = (now_ns() - start) / 1e6;
	if (rc == -1)
		fputs(diags_print(&d, false), stderr);
	must(rc == 0);
	rc = image_of(str_of(*bytes, *len), &im, NULL);
	must(rc == 0);
	diags_fini(&d);
	buf_fini(&b);
	return im;
}

static double
ours(const struct image *im, const struct str *argv)
{
	struct exec_form form = { .name = argv[0], .argv = argv,
		.argc = ARGS };
	struct exec_query q = { .forms = &form, .nforms = 1, .paper = true,
		.cwd = STR("/app/workspace") };
	struct exec_answer a;
	uint32_t same = 0;
	double best = 0;

	policy_exec(im, &q, &a);
	must(a.verdict == VERDICT_ALLOW);
	/* As an enforcer asks: it knows which file it is. */
	for (uint32_t i = 0; i < image_commands(im); i++) {
		struct exec_command c;

		image_command(im, i, &c);
		if (str_eq(c.name, argv[0]))
			same = i;
	}
	q.paper = false;
	form.same = &same;
	form.nsame = 1;
	form.file = STR("/usr/bin/tool");
	for (unsigned k = 0; k < BATCHES; k++) {
		double start = now_ns(), took;

		for (unsigned i = 0; i < ROUNDS; i++)
			policy_exec(im, &q, &a);
		took = (now_ns() - start) / ROUNDS;
		best = k == 0 || took < best ? took : best;
	}
	must(a.verdict == VERDICT_ALLOW);
	return best;
}

static double
theirs(const struct layout *l, unsigned rules, const struct str *argv)
{
	pcre2_code **v = mem_alloc(rules, sizeof(pcre2_code *));
	pcre2_match_data *m = pcre2_match_data_create(4, NULL);
	unsigned rounds = 200000 / rules + 1;
	char text[512], joined[1024] = "";
	double best = 0;

	for (unsigned i = 0; i < rules; i++) {
		int fault;
		PCRE2_SIZE at;

		(void)snprintf(text, sizeof(text), l->regex, i, i);
		v[i] = pcre2_compile((PCRE2_SPTR)text,
		    PCRE2_ZERO_TERMINATED, PCRE2_DOTALL, &fault, &at, NULL);
		must(v[i] != NULL);
		must(pcre2_jit_compile(v[i], PCRE2_JIT_COMPLETE) == 0);
	}
	for (unsigned i = 0; i < ARGS; i++)
		(void)snprintf(joined + strlen(joined), sizeof(joined) -
		    strlen(joined), "%s%s", i > 0 ? "\n" : "", argv[i].p);
	for (unsigned k = 0; k < 10; k++) {
		double start = now_ns(), took;

		for (unsigned r = 0; r < rounds; r++)
			for (unsigned i = 0; i < rules; i++)
				if (pcre2_jit_match(v[i], (PCRE2_SPTR)joined,
					strlen(joined), 0, 0, m, NULL) >= 0)
					break;
		took = (now_ns() - start) / rounds;
		best = k == 0 || took < best ? took : best;
	}
	for (unsigned i = 0; i < rules; i++)
		pcre2_code_free(v[i]);
	pcre2_match_data_free(m);
	free(v);
	return best;
}

static void
measure(const struct layout *l, unsigned rules)
{
	char texts[ARGS][64], *bytes;
	struct str argv[ARGS];
	struct image *im;
	double ms;
	size_t len;

	for (unsigned i = 0; i < ARGS; i++) {
		(void)snprintf(texts[i], sizeof(texts[i]), l->args[i],
		    rules - 1);
		argv[i] = str_c(texts[i]);
	}
	im = image_with(l, rules, &bytes, &len, &ms);
	printf("%-36s %6u rules %8.0f ns, PCRE2 %10.0f ns; compiled in "
	    "%.0f ms to %zu kB\n", l->name, rules, ours(im, argv),
	    theirs(l, rules, argv), ms, len / 1024);
	image_free(im);
	free(bytes);
}

int
main(void)
{
	static const unsigned rules[] = { 10, 1000, 10000 };

	for (unsigned i = 0; i < sizeof(layouts) / sizeof(layouts[0]); i++)
		for (unsigned k = 0; k < 3; k++)
			measure(&layouts[i], rules[k]);
	return 0;
}
