/* t_policy_exec_random.c -- the commands' decision against what the manual
 * says, word by word, over generated policies and arguments. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/compat.h"
#include "compile/compile.h"
#include "policy/exec.h"
#include "policy/image.h"

enum { POLICIES = 300, QUESTIONS = 2000, RULES = 7, WORDS = 4, ARGS = 5 };

static const char *const words[] = { "x", "y", "xy", "*", "*", "x*", "*y",
	"*x*", "-r", "-f", "-rf", "-fq", "--force", "--fine", "--force=x",
	"/p/*", "/p/**", "**/q", "/p/q", "-o/p/*", "--out=/p/**", "of=/p/q",
	"-", "--", "x=y", "/" };
static const char *const args[] = { "x", "y", "xy", "yx", "xxy", "", "-r",
	"-f", "-rf", "-fr", "-qr", "-R", "--force", "--forc", "--f", "--fi",
	"--force=x", "--forcex", "--fine=y", "/p/q", "/p/../q", "p/q", "p/q/r",
	"q", "./p/./q", "/p", "/p/", "/", "..", "-o/p/q", "-x/p/q", "-ox",
	"--out=/p/q/r", "--out=p/q", "--out=/p/../q", "--out=x", "of=/p/q",
	"of=p/q", "x=y", "-", "--", "-=x", "a:/p/q", "@q", "x\ny", "-\xff",
	"--out=/p/a=/p/b", "--o=x=/p/q", "--out=a=/p/q",
	"of=a=/p/q", "-oa=/p/q" };

struct rule {
	char list;		/* Allow, Deny, aUdit */
	const char *word[WORDS];
	unsigned n;
};

struct question {
	struct str argv[ARGS + 1];
	unsigned n;		/* arguments, argv[0] not counted */
};

static uint64_t seed = 20261122;

static unsigned
below(unsigned n)
{
	seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407U;
	return (unsigned)(seed >> 33) % n;
}

/* ---- what the manual says */

static bool
stars(const char *p, struct str s)
{
	if (*p == '\0')
		return s.len == 0;
	if (*p == '*')
		return stars(p + 1, s) || (s.len > 0 &&
		    stars(p, str_from(s, 1)));
	return s.len > 0 && *p == s.p[0] && stars(p + 1, str_from(s, 1));
}

/* The working directory is the root. */
static const char *
canonical(struct str s)
{
	static char out[256];
	size_t n = 0;

	while (s.len > 0) {
		size_t len = str_index(s, '/');
		struct str part = str_head(s, len);

		s = str_from(s, len < s.len ? len + 1 : len);
		if (str_eqz(part, ".."))
			while (n > 0 && out[--n] != '/')
				;
		else if (part.len > 0 && !str_eqz(part, ".")) {
			out[n++] = '/';
			memcpy(out + n, part.p, part.len);
			n += part.len;
		}
	}
	if (n == 0)
		out[n++] = '/';
	out[n] = '\0';
	return out;
}

/* The few patterns that are used above. */
static bool
path_is(const char *p, struct str arg, bool deny)
{
	const char *s;

	if (arg.len == 0)
		return false;
	s = canonical(arg);
	if (strcmp(p, "/") == 0)
		return strcmp(s, "/") == 0;
	if (strcmp(p, "/p/**") == 0)
		return strcmp(s, "/p") == 0 || strncmp(s, "/p/", 3) == 0;
	if (strcmp(p, "/p/q") == 0)
		return strcmp(s, "/p/q") == 0 ||
		    (deny && strncmp(s, "/p/q/", 5) == 0);
	if (strcmp(p, "/p/*") == 0)
		return strncmp(s, "/p/", 3) == 0 &&
		    (deny || strchr(s + 3, '/') == NULL);
	if (strcmp(p, "**/q") == 0) {
		const char *last = strrchr(s, '/');

		if (strcmp(last, "/q") == 0)
			return true;
		return deny && strstr(s, "/q/") != NULL;
	}
	fail_msg("%s is no pattern of this test", p);
	return false;
}

static bool
is_path(const char *word)
{
	return word[0] == '/' || strncmp(word, "**", 2) == 0;
}

static bool
names_file(struct str s, bool equals)
{
	size_t colon = str_index(s, ':'), slash = str_index(s, '/');
	size_t sign = str_index(s, '=');

	if (s.len == 0 || (!equals && str_index(s, '=') < s.len))
		return false;
	if (s.p[0] == '/')
		return true;
	return strchr("-+@:=", s.p[0]) == NULL && (colon == s.len ||
	    slash < colon) && (sign == s.len || slash < sign);
}

static const char *
behind(const char *word)
{
	const char *eq = strchr(word, '=');

	if (word[0] == '-' && word[1] != '-' && word[1] != '\0' &&
	    is_path(word + 2))
		return word + 2;
	return eq != NULL && is_path(eq + 1) ? eq + 1 : NULL;
}

static bool
grant_word(const char *word, struct str arg)
{
	const char *path = behind(word);
	struct str prefix;

	if (strcmp(word, "*") == 0)
		return true;
	if (is_path(word))
		return names_file(arg, true) && path_is(word, arg, false);
	if (path == NULL)
		return stars(word, arg);
	prefix = str_of(word, (size_t)(path - word));
	return str_has_prefix(arg, prefix) &&
	    names_file(str_from(arg, prefix.len), false) &&
	    path_is(path, str_from(arg, prefix.len), false);
}

static bool
grants(const struct rule *r, const struct question *q)
{
	unsigned n = r->n;
	bool tail = n > 0 && strcmp(r->word[n - 1], "*") == 0;

	if (n == 0)
		return true;	/* a bare name */
	n -= tail;
	if (q->n < n || (q->n > n && !tail))
		return false;
	for (unsigned i = 0; i < n; i++)
		if (!grant_word(r->word[i], q->argv[i + 1]))
			return false;
	return true;
}

static struct str
value_of(struct str arg)
{
	size_t eq = str_index(arg, '=');

	if (arg.len > 2 && arg.p[0] == '-' && arg.p[1] != '-')
		return str_from(arg, arg.p[2] == '=' ? 3 : 2);
	return eq == arg.len ? STR("") : str_from(arg, eq + 1);
}

static bool
operand_is(const char *word, struct str arg)
{
	struct str value = value_of(arg);

	if (strcmp(word, "*") == 0)
		return true;
	if (is_path(word))
		return path_is(word, arg, true) ||
		    path_is(word, exec_attached(arg), true);
	return stars(word, arg) || (value.len > 0 && stars(word, value));
}

static bool
letter_in(char letter, const struct question *q)
{
	for (unsigned i = 1; i <= q->n; i++) {
		struct str a = q->argv[i];

		if (a.len > 1 && a.p[0] == '-' && a.p[1] != '-' &&
		    str_index(a, letter) < a.len)
			return true;
	}
	return false;
}

static bool
long_in(struct str name, const struct question *q)
{
	for (unsigned i = 1; i <= q->n; i++) {
		struct str a = q->argv[i];

		a = str_head(a, str_index(a, '='));
		if (a.len > 2 && str_has_prefix(a, STR("--")) &&
		    str_has_prefix(name, str_from(a, 2)))
			return true;
	}
	return false;
}

static bool
begins_in(struct str prefix, const struct question *q)
{
	for (unsigned i = 1; i <= q->n; i++)
		if (str_has_prefix(q->argv[i], prefix))
			return true;
	return false;
}

/* All options are there; *operand is what is left of the word, or NULL. */
static bool
options_in(const char *word, const struct question *q, const char **operand)
{
	struct str name;
	size_t eq;

	*operand = NULL;
	if (word[0] != '-' && !is_path(word) && behind(word) != NULL) {
		*operand = behind(word);
		return begins_in(str_of(word, (size_t)(*operand - word)), q);
	}
	if (word[0] != '-' || word[1] == '\0' || strcmp(word, "--") == 0) {
		*operand = word;
		return true;
	}
	name = str_c(word + 2);
	eq = str_index(name, '=');
	if (word[1] == '-') {
		if (eq < name.len)
			*operand = name.p + eq + 1;
		return long_in(str_head(name, eq), q);
	}
	if (word[2] == '/')
		*operand = word + 2;
	for (const char *p = word + 1; *p != '\0' && p != *operand; p++)
		if (!letter_in(*p, q))
			return false;
	return true;
}

static bool
denies(const struct rule *r, const struct question *q)
{
	unsigned at = 1, n = r->n;

	if (n > 0 && strcmp(r->word[n - 1], "*") == 0)
		n--;
	for (unsigned i = 0; i < n; i++) {
		const char *operand;

		if (!options_in(r->word[i], q, &operand))
			return false;
		while (operand != NULL && at <= q->n &&
		    !operand_is(operand, q->argv[at]))
			at++;
		if (operand != NULL && at++ > q->n)
			return false;
	}
	return true;
}

static char
judge(const struct rule *v, unsigned n, bool fallback,
    const struct question *q)
{
	bool allow = fallback, audit = false;

	for (unsigned i = 0; i < n; i++) {
		if (v[i].list == 'D' && denies(&v[i], q))
			return 'D';
		if (v[i].list != 'D' && grants(&v[i], q)) {
			allow = true;
			audit |= v[i].list == 'U';
		}
	}
	return !allow ? 'D' : audit ? 'U' : 'A';
}

/* ---- and what is decided */

static void
write_rules(struct buf *b, const struct rule *v, unsigned n, bool fallback)
{
	static const char *const lists[] = { "allow", "deny", "audit" };
	bool ok;

	buf_clear(b);
	ok = buf_printf(b, "commands:\n  default_policy: %s\n",
	    fallback ? "allow" : "deny");
	for (unsigned k = 0; k < 3; k++) {
		ok = ok && buf_printf(b, "  %s: [", lists[k]);
		for (unsigned i = 0; i < n; i++) {
			if (v[i].list != "ADU"[k])
				continue;
			ok = ok && buf_addz(b, "\"tool");
			for (unsigned w = 0; w < v[i].n; w++)
				ok = ok && buf_printf(b, " %s",
				    v[i].word[w]);
			ok = ok && buf_addz(b, "\", ");
		}
		ok = ok && buf_addz(b, "]\n");
	}
	assert_true(ok);
}

static struct image *
compile(struct buf *b, char **bytes)
{
	struct policy_file f = { "p.yaml", buf_str(b) };
	struct diags d = { 0 };
	struct image *im;
	size_t len;

	if (policy_compile(&f, 1, POLICY_STAGE_CHECK, bytes, &len, &d) == -1)
		fail_msg("%.*s%s", (int)f.text.len, f.text.p,
		    diags_print(&d, false));
	assert_int_equal(image_of(str_of(*bytes, len), &im, NULL), 0);
	diags_fini(&d);
	return im;
}

static char
decide(const struct image *im, const struct question *q, char *why)
{
	struct exec_form form = { .name = q->argv[0], .argv = q->argv,
		.argc = q->n + 1 };
	struct exec_query x = { .forms = &form, .nforms = 1, .paper = true,
		.cwd = STR("/") };
	struct exec_answer a;

	policy_exec(im, &x, &a);
	memcpy(why, a.reason, sizeof(a.reason));
	return a.verdict != VERDICT_ALLOW ? 'D' : a.audit ? 'U' : 'A';
}

static void
rule_make(struct rule *r)
{
	r->list = "AADDU"[below(5)];
	r->n = below(WORDS + 1);
	for (unsigned i = 0; i < r->n; i++)
		r->word[i] = words[below(NELEM(words))];
}

static void
question_make(struct question *q)
{
	q->argv[0] = STR("tool");
	q->n = below(ARGS);
	for (unsigned i = 1; i <= q->n; i++)
		q->argv[i] = str_c(args[below(NELEM(args))]);
}

static void
fail_with(struct buf *b, const struct question *q, char want, char got,
    const char *why)
{
	char line[512] = "tool";

	for (unsigned i = 1; i <= q->n; i++)
		(void)snprintf(line + strlen(line), sizeof(line) -
		    strlen(line), " '%s'", q->argv[i].p);
	fail_msg("wanted %c, got %c (%s): %s\n%.*s", want, got, why, line,
	    (int)buf_str(b).len, buf_str(b).p);
}

static void
automata_say_what_the_words_say(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 1 << 16);
	for (unsigned p = 0; p < POLICIES; p++) {
		unsigned n = 1 + below(RULES);
		bool fallback = below(3) == 0;
		struct rule rules[RULES];
		char *bytes, why[REASON_BYTES_MAX];
		struct image *im;

		for (unsigned i = 0; i < n; i++)
			rule_make(&rules[i]);
		write_rules(&b, rules, n, fallback);
		im = compile(&b, &bytes);
		for (unsigned i = 0; i < QUESTIONS; i++) {
			struct question q;
			char want, got;

			question_make(&q);
			want = judge(rules, n, fallback, &q);
			got = decide(im, &q, why);
			if (want != got)
				fail_with(&b, &q, want, got, why);
		}
		image_free(im);
		free(bytes);
	}
	buf_fini(&b);
}

static void
a_deny_more_allows_no_more(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 1 << 16);
	for (unsigned p = 0; p < POLICIES / 3; p++) {
		unsigned n = 1 + below(RULES - 1);
		bool fallback = below(2) == 0;
		char *bytes[2], why[REASON_BYTES_MAX];
		struct rule rules[RULES];
		struct image *im[2];

		for (unsigned i = 0; i <= n; i++)
			rule_make(&rules[i]);
		rules[n].list = 'D';
		for (unsigned k = 0; k < 2; k++) {
			write_rules(&b, rules, n + k, fallback);
			im[k] = compile(&b, &bytes[k]);
		}
		for (unsigned i = 0; i < QUESTIONS; i++) {
			struct question q;

			question_make(&q);
			if (decide(im[1], &q, why) != 'D' &&
			    decide(im[0], &q, why) == 'D')
				fail_with(&b, &q, 'D', 'A', why);
		}
		for (unsigned k = 0; k < 2; k++) {
			image_free(im[k]);
			free(bytes[k]);
		}
	}
	buf_fini(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(automata_say_what_the_words_say),
		cmocka_unit_test(a_deny_more_allows_no_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
