/* t_policy_trees.c -- file rules made at random, against what they mean: each
 * component matched by libc's fnmatch(), each rule by itself. And what is
 * said of whole trees, against asking about what is in them. */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/buf.h"
#include "base/clean.h"
#include "base/compat.h"
#include "compile/compile.h"
#include "policy/files.h"

enum { RULES = 14, PARTS = 5, TEXT = 64, PATHS = 400 };

struct rule {
	char text[TEXT];
	unsigned access;
	bool deny;
};

struct set { /* of rules: a document, or what two come to */
	struct rule v[2 * RULES];
	size_t n;
};

static uint64_t seed = 88172645463325252ULL;

static unsigned
any(unsigned n)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (unsigned)(seed % n);
}

/* ---- what a rule means */

/* Components from a pattern and from a path; both without the first slash.
 * Recursion is bounded by the components of both. */
static bool
parts_match(const char *p, const char *t, bool below)
{
	size_t n = strcspn(p, "/"), m = strcspn(t, "/");
	char part[TEXT], name[TEXT];

	if (*p == '\0')
		return below || *t == '\0';
	if (n == 2 && memcmp(p, "**", 2) == 0) {
		if (p[2] == '\0')	/* itself, and everything below */
			return true;
		return parts_match(p + 3, t, below) || (*t != '\0' &&
		    parts_match(p, t[m] == '/' ? t + m + 1 : t + m, below));
	}
	if (*t == '\0')
		return false;
	(void)snprintf(part, sizeof(part), "%.*s", (int)n, p);
	(void)snprintf(name, sizeof(name), "%.*s", (int)m, t);
	return fnmatch(part, name, FNM_NOESCAPE) == 0 &&
	    parts_match(p[n] == '/' ? p + n + 1 : p + n, t[m] == '/' ?
	    t + m + 1 : t + m, below);
}

static bool
rule_matches(const struct rule *r, const char *path)
{
	return parts_match(r->text[0] == '/' ? r->text + 1 : r->text,
	    path + 1, r->deny);
}

static unsigned
naive(const struct set *s, const char *path)
{
	unsigned allowed = 0, denied = 0;

	for (size_t i = 0; i < s->n; i++)
		if (rule_matches(&s->v[i], path))
			*(s->v[i].deny ? &denied : &allowed) |=
			    s->v[i].access;
	return allowed & ~denied;
}

/* ---- random ones; no name that the baseline has or protects */

static const char *const names[] = { "a", "b", "ab", "ba", ".a", "abc", "a.b",
	"c", "aa", "a-b" };

static void
some_path(char out[TEXT])
{
	size_t n = 0;

	for (unsigned parts = 1 + any(PARTS); parts > 0; parts--)
		n += (size_t)snprintf(out + n, TEXT - n, "/%s",
		    names[any(NELEM(names))]);
}

static void
some_rule(struct rule *r, bool deny)
{
	static const char *const parts[] = { "*", "a*", "*b", "?", "[ab]",
		"[!a]*", "**", "*a*", "a?", "[.a]*", "**", "[a-]b" };
	unsigned count = 1 + any(PARTS - 1);
	size_t n = 0;

	*r = (struct rule){ .deny = deny, .access = 1 + any(3) };
	if (any(3) == 0)
		n = (size_t)snprintf(r->text, TEXT, "**");
	for (unsigned i = 0; i < count; i++)
		n += (size_t)snprintf(r->text + n, TEXT - n, "/%s",
		    any(3) == 0 ? parts[any(NELEM(parts))] :
		    names[any(NELEM(names))]);
	if (any(3) == 0)
		(void)snprintf(r->text + n, TEXT - n, "/**");
}

static void
some_set(struct set *s)
{
	s->n = RULES;
	for (size_t i = 0; i < s->n; i++)
		some_rule(&s->v[i], any(3) == 0);
}

/* ---- compiled */

static void
put_rules(struct buf *b, const struct set *s, bool deny)
{
	static const char *const access[] = { "", "read", "write",
		"read, write" };

	assert_true(buf_printf(b, "  %s:\n", deny ? "deny" : "allow"));
	for (size_t i = 0; i < s->n; i++)
		if (s->v[i].deny == deny)
			assert_true(buf_printf(b, "    - {path: \"%s\", "
			    "permissions: [%s]}\n", s->v[i].text,
			    access[s->v[i].access]));
	assert_true(buf_printf(b, "    - {path: /unused, permissions: "
	    "[read]}\n"));
}

static char *
written(const struct set *s)
{
	struct buf b;

	buf_init(&b, 65536);
	assert_true(buf_addz(&b, "file_access:\n  system: none\n"));
	put_rules(&b, s, false);
	put_rules(&b, s, true);
	return buf_take(&b, NULL);
}

struct made {
	struct image *im;
	char *bytes;
};

static struct made
make(const struct set *a, const struct set *b)
{
	CLEAN_FREE char *x = written(a), *y = b == NULL ? NULL : written(b);
	struct policy_file f[] = {
		{ .name = "a.yaml", .text = str_c(x) },
		{ .name = "b.yaml", .text = str_c(y) },
	};
	struct diags d = { 0 };
	struct made m = { 0 };
	size_t len;

	if (policy_compile(f, b == NULL ? 1 : 2, POLICY_STAGE_CHECK,
	    &m.bytes, &len, &d) == -1)
		fail_msg("%s\n%s", x, d.v[0].text);
	diags_fini(&d);
	assert_int_equal(image_of(str_of(m.bytes, len), &m.im, NULL), 0);
	return m;
}

static void
drop(struct made *m)
{
	image_free(m->im);
	free(m->bytes);
}

static unsigned
judge(const struct made *m, const char *path)
{
	struct file_query q = { .path = str_c(path) };

	return policy_file_judge(m->im, &q);
}

/* ---- properties */

static void
it_means_what_its_rules_say(void **state)
{
	unsigned long pairs = 0, allowed = 0;

	(void)state;
	for (int i = 0; i < 200; i++) {
		struct set s;
		struct made m;

		some_set(&s);
		m = make(&s, NULL);
		for (int k = 0; k < PATHS; k++, pairs += RULES) {
			char path[TEXT];
			unsigned got, want;

			some_path(path);
			got = judge(&m, path);
			want = naive(&s, path);
			allowed += want != 0;
			if (got != want) {
				for (size_t r = 0; r < s.n; r++)
					print_message("%s %u %s\n",
					    s.v[r].deny ? "deny" : "allow",
					    s.v[r].access, s.v[r].text);
				fail_msg("%s: %u, not %u", path, got, want);
			}
		}
		drop(&m);
	}
	assert_true(pairs > 1000000 && allowed > 5000);
}

static void
a_deny_more_allows_nothing_more(void **state)
{
	(void)state;
	for (int i = 0; i < 40; i++) {
		struct set s, more = { .n = 1 };
		struct made m, n;

		some_set(&s);
		some_rule(&more.v[0], true);
		m = make(&s, NULL);
		n = make(&s, &more);
		for (int k = 0; k < PATHS; k++) {
			char path[TEXT];

			some_path(path);
			assert_int_equal(judge(&n, path) &
			    ~judge(&m, path), 0);
		}
		drop(&m);
		drop(&n);
	}
}

static void
the_order_of_documents_does_not_matter(void **state)
{
	(void)state;
	for (int i = 0; i < 30; i++) {
		struct set a, b;
		struct made m, n;

		some_set(&a);
		some_set(&b);
		m = make(&a, &b);
		n = make(&b, &a);
		for (int k = 0; k < PATHS; k++) {
			char path[TEXT];

			some_path(path);
			assert_int_equal(judge(&m, path), judge(&n, path));
			assert_true(file_state_same(
			    policy_file_state(m.im, str_c(path)),
			    policy_file_state(m.im, str_c(path))));
		}
		drop(&m);
		drop(&n);
	}
}

/* Two paths of one state are, with anything after them, judged alike. */
static void
what_has_one_state_has_one_future(void **state)
{
	unsigned long same = 0;

	(void)state;
	for (int i = 0; i < 60; i++) {
		struct set s;
		struct made m;

		some_set(&s);
		m = make(&s, NULL);
		for (int k = 0; k < PATHS; k++) {
			char x[2 * TEXT], y[2 * TEXT], tail[TEXT];

			some_path(x);
			some_path(y);
			if (!file_state_same(policy_file_state(m.im,
			    str_c(x)), policy_file_state(m.im, str_c(y))))
				continue;
			same++;
			assert_int_equal(judge(&m, x), judge(&m, y));
			for (int t = 0; t < 8; t++) {
				some_path(tail);
				(void)strcat(x, tail);
				(void)strcat(y, tail);
				assert_int_equal(judge(&m, x),
				    judge(&m, y));
				x[strlen(x) - strlen(tail)] = '\0';
				y[strlen(y) - strlen(tail)] = '\0';
			}
		}
		drop(&m);
	}
	assert_true(same > 1000);
}

static void
check_extent(enum file_extent e, bool may, const char *path)
{
	if ((e == FILE_ALL && !may) || (e == FILE_NONE && may))
		fail_msg("%s", path);
}

static void
what_is_certain_below_is_so(void **state)
{
	unsigned long all = 0, none = 0;

	(void)state;
	for (int i = 0; i < 60; i++) {
		struct set s;
		struct made m;

		some_set(&s);
		m = make(&s, NULL);
		for (int k = 0; k < PATHS; k++) {
			char path[2 * TEXT], tail[TEXT];
			struct file_below b;
			unsigned may;

			some_path(path);
			policy_file_below(m.im, str_c(path), 0, &b);
			all += b.read == FILE_ALL;
			none += b.read == FILE_NONE;
			some_path(tail);
			(void)strcat(path, tail);
			may = judge(&m, path);
			check_extent(b.read, (may & FILE_READ) != 0, path);
			check_extent(b.write, (may & FILE_WRITE) != 0, path);
		}
		drop(&m);
	}
	assert_true(all > 500 && none > 500);
}

/* ---- by hand: what a gate must know */

static const struct {
	const char *what, *rules, *x, *y;
	bool same;
} moves[] = {
#define HR "allow: [{path: /w/**, permissions: [read, write]}], " \
	"deny: [{path: /w/hr/**}, {path: \"**/.env\"}]"
	{ "hr renamed would be open", HR, "/w/hr", "/w/x", false },
	{ "what holds it too", HR, "/w", "/w/x", false },
	{ "source is source", HR, "/w/src", "/w/lib", true },
	{ "deeper too", HR, "/w/src", "/w/a/b/c", true },
	{ "not in and out of the tree", HR, "/w/src", "/v/src", false },
	{ "a name that is denied", HR, "/w/a", "/w/.env", false },
	{ "what is denied below one is denied below the other", HR,
	    "/w/.env", "/w/hr", true },
	{ "not in a place where a tree goes on", "allow: [{path: /w/**, "
	    "permissions: [read, write]}], deny: [{path: \"**/a/b\"}]",
	    "/w/a", "/w/x", false },
	{ "nor where names are protected", "allow: [{path: /w/**, "
	    "permissions: [read, write]}]", "/w/.git", "/w/git", false },
	{ "nor from the sandbox's own to the host's", "allow: [{path: /w/**, "
	    "permissions: [read, write]}]", "/tmp/x", "/w/x", false },
	{ "the order of letters does not matter", "allow: [{path: /w/**, "
	    "permissions: [read, write]}], deny: [{path: /w/legal}]",
	    "/w/leg", "/w/x", true },
	{ "no path is the same as itself when it is none", HR, "/w/../x",
	    "/w/../x", false },
};

static void
renames(void **state)
{
	(void)state;
	for (size_t i = 0; i < NELEM(moves); i++) {
		CLEAN_FREE char *yaml = NULL, *bytes = NULL;
		struct policy_file f = { .name = "p.yaml" };
		struct diags d = { 0 };
		struct image *im;
		size_t len;

		assert_true(asprintf(&yaml, "file_access: {%s}\n",
		    moves[i].rules) > 0);
		f.text = str_c(yaml);
		assert_int_equal(policy_compile(&f, 1, POLICY_STAGE_CHECK,
		    &bytes, &len, &d), 0);
		diags_fini(&d);
		assert_int_equal(image_of(str_of(bytes, len), &im, NULL), 0);
		if (file_state_same(policy_file_state(im, str_c(moves[i].x)),
		    policy_file_state(im, str_c(moves[i].y))) !=
		    moves[i].same)
			fail_msg("%s", moves[i].what);
		image_free(im);
	}
}

/* ---- under a maximum */

static const struct {
	const char *what, *own, *max, *path;
	unsigned may;
	bool enforced;	/* by this version */
	const char *why;
} bounds[] = {
#define OWN "allow: [{path: /w/**, permissions: [read, write]}]"
	{ "what both allow is allowed", OWN, OWN, "/w/x", 3, true,
	    "allowed by own.yaml:1" },
	{ "what the maximum does not is not", OWN, "allow: [{path: /w/**}]",
	    "/w/x", 1, true, "the maximum policy: max.yaml:1 `/w/**` allows "
	    "reading" },
	{ "it gives nothing by itself", "", OWN, "/w/x", 0, true,
	    "no rule allows" },
	{ "it may be open", OWN, "default_policy: allow", "/w/x", 3, true,
	    "allowed by own.yaml:1" },
	{ "but for what it denies", OWN, "default_policy: allow, deny: "
	    "[{path: \"**/.env\"}]", "/w/.env", 0, true,
	    "the maximum policy: /w/.env is denied by max.yaml:1" },
	{ "a pattern elsewhere is nobody's", OWN, "default_policy: allow, "
	    "deny: [{path: \"/v/*.key\"}]", "/w/a.key", 3, true, "allowed" },
	{ "names that it would protect may be named below",
	    "allow: [{path: /w/.envrc, permissions: [read, write]}]",
	    "default_policy: allow", "/w/.envrc", 3, true, "allowed" },
	{ "and are protected below", OWN, "default_policy: allow",
	    "/w/.envrc", 1, true, "/w/.envrc is a protected name" },
	{ "its system bounds too", "system: layered", "system: read-only",
	    "/usr/x", 1, true, "the maximum policy: the system baseline" },
};

static bool
bound_compiles(size_t i, enum policy_stage stage, struct made *m)
{
	CLEAN_FREE char *own = NULL, *max = NULL;
	struct policy_file f[] = { { .name = "own.yaml" },
		{ .name = "max.yaml", .maximum = true } };
	struct diags d = { 0 };
	size_t len;
	int rc;

	assert_true(asprintf(&own, "file_access: {%s}\n", bounds[i].own) >
	    0);
	assert_true(asprintf(&max, "file_access: {%s}\n", bounds[i].max) >
	    0);
	f[0].text = str_c(own);
	f[1].text = str_c(max);
	rc = policy_compile(f, 2, stage, &m->bytes, &len, &d);
	diags_fini(&d);
	if (rc == 0)
		assert_int_equal(image_of(str_of(m->bytes, len), &m->im,
		    NULL), 0);
	return rc == 0;
}

static void
the_maximum(void **state)
{
	(void)state;
	for (size_t i = 0; i < NELEM(bounds); i++) {
		struct file_query q = { str_c(bounds[i].path), 3, 0 };
		struct made m = { 0 };
		struct file_answer a;

		assert_true(bound_compiles(i, POLICY_STAGE_CHECK, &m));
		policy_file(m.im, &q, &a);
		if (policy_file_judge(m.im, &q) != bounds[i].may ||
		    (a.judged == VERDICT_ALLOW) != (bounds[i].may == 3) ||
		    strncmp(a.reason, bounds[i].why,
		    strlen(bounds[i].why)) != 0)
			fail_msg("%s: %s", bounds[i].what, a.reason);
		drop(&m);
		m = (struct made){ 0 };
		if (bound_compiles(i, POLICY_STAGE_ENFORCE, &m) !=
		    bounds[i].enforced)
			fail_msg("enforced: %s", bounds[i].what);
		drop(&m);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_means_what_its_rules_say),
		cmocka_unit_test(a_deny_more_allows_nothing_more),
		cmocka_unit_test(the_order_of_documents_does_not_matter),
		cmocka_unit_test(what_has_one_state_has_one_future),
		cmocka_unit_test(what_is_certain_below_is_so),
		cmocka_unit_test(renames),
		cmocka_unit_test(the_maximum),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
