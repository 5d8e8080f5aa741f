/* t_argv.c -- what is said of all command lines, against trying many: two
 * policies differ where some command line is answered differently, and
 * statements hold where none breaks them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "analysis/diff.h"
#include "analysis/prove.h"
#include "base/buf.h"
#include "base/clean.h"
#include "base/compat.h"
#include "base/err.h"
#include "base/must.h"

enum { PAIRS = 100, QUESTIONS = 1000, RULES = 5, WORDS = 3, ARGS = 4 };

static const char *const names[] = { "tool", "tool", "tool", "tar", "t.x",
	"/opt/tool", "t" };
static const char *const words[] = { "x", "y", "xy", "*", "*", "x*", "*y",
	"*x*", "-r", "-f", "-rf", "-fq", "--force", "--fine", "--force=x",
	"/p/*", "/p/**", "**/q", "/p/q", "-o/p/*", "--out=/p/**", "of=/p/q",
	"-", "--", "x=y", "/", "*q", "-*" };
static const char *const args[] = { "x", "y", "xy", "yx", "xxy", "", "-r",
	"-f", "-rf", "-fr", "-qr", "-R", "--force", "--forc", "--f", "--fi",
	"--force=x", "--forcex", "--fine=y", "/p/q", "/p/../q", "p/q", "p/q/r",
	"q", "./p/./q", "/p", "/p/", "/", "..", "-o/p/q", "-x/p/q", "-ox",
	"--out=/p/q/r", "--out=p/q", "--out=/p/../q", "--out=x", "of=/p/q",
	"of=p/q", "x=y", "-", "--", "-=x", "a:/p/q", "@q", "x\ny", "-\xff",
	"--out=/p/a=/p/b", "--o=x=/p/q", "--out=a=/p/q", "-=", "-xyz/p/q",
	"of=a=/p/q", "-oa=/p/q", "xf", "rf", "zxf/p/q", "/p//q", "/p/q/." };
static const char *const asked[] = { "tool", "tar", "t.x", "t", "/opt/tool",
	"/usr/bin/tool", "/else/tool", "./tool", "t.y", "other" };
static const char *const places[] = { "", "", "/", "/p", "/p/q" };

static uint64_t seed = 20261122;

static unsigned
below(unsigned n)
{
	seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407U;
	return (unsigned)(seed >> 33) % n;
}

/* ---- policies */

struct rule {
	unsigned list;		/* of lists */
	const char *name;
	const char *word[WORDS];
	unsigned n;
};

static const char *const lists[] = { "allow", "deny", "audit" };

static void
rule_make(struct rule *r)
{
	r->list = (unsigned)"\0\0\1\1\2"[below(5)];
	r->name = names[below(NELEM(names))];
	r->n = below(WORDS + 1);
	for (unsigned i = 0; i < r->n; i++)
		r->word[i] = words[below(NELEM(words))];
}

static char *
write_rules(const struct rule *v, unsigned n, bool fallback)
{
	struct buf b;

	buf_init(&b, 1 << 16);
	must(buf_printf(&b, "commands:\n  default_policy: %s\n",
	    fallback ? "allow" : "deny"));
	for (unsigned k = 0; k < 3; k++) {
		must(buf_printf(&b, "  %s: [", lists[k]));
		for (unsigned i = 0; i < n; i++) {
			if (v[i].list != k)
				continue;
			must(buf_printf(&b, "\"%s", v[i].name));
			for (unsigned w = 0; w < v[i].n; w++)
				must(buf_printf(&b, " %s", v[i].word[w]));
			must(buf_addz(&b, "\", "));
		}
		must(buf_addz(&b, "]\n"));
	}
	return buf_take(&b, NULL);
}

static void
open_text(const char *text, struct book *out)
{
	struct policy_file f = { "p.yaml", str_c(text), POLICY_GIVEN, false };

	if (book_open(&f, 1, out) == -1)
		fail_msg("%s%s", text, diags_print(&out->diags, false));
}

/* ---- questions */

struct asking {
	struct str argv[ARGS + 1];
	struct question q;
};

static void
asking_make(struct asking *a)
{
	unsigned n = below(ARGS + 1);

	a->argv[0] = str_c(asked[below(NELEM(asked))]);
	for (unsigned i = 1; i <= n; i++)
		a->argv[i] = str_c(args[below(NELEM(args))]);
	a->q = (struct question){ .kind = ASK_EXEC, .word = a->argv,
		.nwords = n + 1,
		.cwd = str_c(places[below(NELEM(places))]) };
}

static bool
is_told(const struct diff *d, const struct reply *a, const struct reply *b)
{
	enum change change = a->verdict == REPLY_DENY ? CHANGE_POSSIBLE :
	    b->verdict == REPLY_DENY ? CHANGE_IMPOSSIBLE : CHANGE_RECORDED;

	for (uint32_t i = 0; i < d->n; i++)
		if (d->v[i].change == change ||
		    d->v[i].change == CHANGE_UNSURE)
			return true;
	return false;
}

static void
fail_at(const struct question *q, const char *a, const char *b)
{
	struct arena arena = { 0 };
	struct str s = question_print(&arena, q);

	fail_msg("in \"%.*s\" %.*s differs:\n%s\n%s", (int)q->cwd.len,
	    q->cwd.p, (int)s.len, s.p, a, b);
}

struct seen {
	unsigned differ, same, unsure;
};

static void
compare(const char *x, const char *y, struct seen *seen)
{
	struct book a, b;
	struct diff d;
	struct err e = { 0 };
	bool differ = false;

	open_text(x, &a);
	open_text(y, &b);
	assert_int_equal(diff_books(&a, &b, &d, &e), 0);
	for (unsigned i = 0; i < QUESTIONS; i++) {
		struct asking k;
		struct reply before, after;

		asking_make(&k);
		book_ask(&a, &k.q, &before);
		book_ask(&b, &k.q, &after);
		if (before.verdict == after.verdict)
			continue;
		differ = true;
		if (!is_told(&d, &before, &after))
			fail_at(&k.q, x, y);
	}
	for (uint32_t i = 0; i < d.n; i++) {
		struct reply before, after;

		if (d.v[i].change == CHANGE_UNSURE) {
			seen->unsure += !differ;
			continue;
		}
		book_ask(&a, &d.v[i].example, &before);
		book_ask(&b, &d.v[i].example, &after);
		assert_true(before.verdict != after.verdict);
	}
	seen->differ += d.n > 0;
	seen->same += d.n == 0;
	diff_fini(&d);
	book_close(&a);
	book_close(&b);
}

/* One more, one less, one other: most of these matter. */
static void
rules_change(struct rule *v, unsigned *n)
{
	unsigned at = below(*n);

	switch (below(4)) {
	case 0:
		v[at] = v[--*n];
		break;
	case 1:
		rule_make(&v[(*n)++]);
		break;
	case 2:
		rule_make(&v[at]);
		break;
	default:
		if (v[at].n > 0)
			v[at].word[below(v[at].n)] =
			    words[below(NELEM(words))];
	}
}

static void
policies_differ_where_some_command_line_does(void **state)
{
	struct seen seen = { 0, 0, 0 };

	(void)state;
	for (unsigned p = 0; p < PAIRS; p++) {
		struct rule v[RULES + 1];
		unsigned n = 1 + below(RULES);
		bool fallback = below(4) == 0;
		CLEAN_FREE char *x = NULL;
		CLEAN_FREE char *y = NULL;

		for (unsigned i = 0; i < n; i++)
			rule_make(&v[i]);
		x = write_rules(v, n, fallback);
		rules_change(v, &n);
		y = write_rules(v, n, fallback);
		compare(x, y, &seen);
	}
	print_message("%u differ, %u are the same, %u may differ\n",
	    seen.differ, seen.same, seen.unsure);
	assert_true(seen.differ > PAIRS / 5 && seen.same > PAIRS / 10);
}

/* ---- statements */

/* "dir/a=b": a statement takes no notice of what looks attached there. */
static bool
is_plain(const struct question *q)
{
	for (uint32_t i = 1; i < q->nwords; i++) {
		struct str a = q->word[i];

		if (a.len > 0 && a.p[0] != '-' && str_index(a, '/') <
		    str_index(a, '='))
			return false;
	}
	return true;
}

static void
try_statement(const char *policy, const struct rule *r, unsigned count[3])
{
	CLEAN_FREE char *denied = write_rules(r, 1, true);
	struct arena arena = { 0 };
	struct diags d = { 0 };
	struct book b, scope;
	struct proof p;
	char text[256];
	struct doc doc = { .name = "s" };
	int rc;

	(void)snprintf(text, sizeof(text), "no command %s", r->name);
	for (unsigned i = 0; i < r->n; i++)
		(void)snprintf(text + strlen(text), sizeof(text) -
		    strlen(text), " %s", r->word[i]);
	doc.text = str_c(text);
	open_text(policy, &b);
	open_text(denied, &scope);
	rc = prove(&b, &doc, 1, doc.text, &arena, &d, &p);
	count[rc == -1 ? 2 : p.holds]++;
	for (unsigned i = 0; i < QUESTIONS && rc == 0 && p.holds; i++) {
		struct asking k;
		struct reply of_policy, of_scope;

		asking_make(&k);
		book_ask(&b, &k.q, &of_policy);
		book_ask(&scope, &k.q, &of_scope);
		if (of_policy.verdict != REPLY_DENY &&
		    of_scope.verdict == REPLY_DENY && is_plain(&k.q))
			fail_at(&k.q, policy, text);
	}
	diags_fini(&d);
	arena_fini(&arena);
	book_close(&b);
	book_close(&scope);
}

static void
statements_hold_where_no_command_line_breaks_them(void **state)
{
	unsigned count[3] = { 0, 0, 0 };

	(void)state;
	for (unsigned p = 0; p < PAIRS; p++) {
		struct rule v[RULES], s;
		unsigned n = 1 + below(RULES);
		CLEAN_FREE char *x = NULL;

		for (unsigned i = 0; i < n; i++)
			rule_make(&v[i]);
		x = write_rules(v, n, false);
		do
			rule_make(&s);
		while (s.n == 0);
		s.list = 1;
		try_statement(x, &s, count);
	}
	print_message("%u broken, %u hold, %u not known\n", count[0],
	    count[1], count[2]);
	assert_true(count[0] > PAIRS / 10 && count[1] > PAIRS / 5);
	assert_true(count[2] < PAIRS / 5);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(policies_differ_where_some_command_line_does),
		cmocka_unit_test(
		    statements_hold_where_no_command_line_breaks_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
