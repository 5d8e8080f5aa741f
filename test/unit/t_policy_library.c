#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/buf.h"
#include "base/clean.h"
#include "base/compat.h"
#include "base/err.h"
#include "compile/extends.h"
#include "compile/library.h"
#include "library.h"
#include "policy/decide.h"

/* ---- paths */

static const struct {
	const char *in, *want;
} paths[] = {
	{ "a.yaml", "a.yaml" },
	{ "./a.yaml", "a.yaml" },
	{ "x/./y//a.yaml", "x/y/a.yaml" },
	{ "x/../a.yaml", "a.yaml" },
	{ "x/../../a.yaml", "../a.yaml" },
	{ "../../a.yaml", "../../a.yaml" },
	{ "/x/../../a.yaml", "/a.yaml" },
	{ "/x/y/../a.yaml", "/x/a.yaml" },
	{ "//x///a.yaml", "/x/a.yaml" },
	{ "..", ".." },
	{ ".", "" },
	{ "/", "/" },
};

static void
a_path_is_made_plain(void **state)
{
	struct arena a = { 0 };

	(void)state;
	for (size_t i = 0; i < NELEM(paths); i++)
		assert_string_equal(path_plain(&a, str_c(paths[i].in)),
		    paths[i].want);
	arena_fini(&a);
}

/* ---- sets */

#define ALLOW(host) "network: {allow: [{endpoint: " host "}]}\n"

static const struct policy_file shelf[] = {
	{ "pypi", STR("# Install from PyPI.\n" ALLOW("pypi.org")),
	    POLICY_SHIPPED },
	{ "github-readonly", STR(ALLOW("github.com")), POLICY_SHIPPED },
	{ "both", STR("extends: [pypi, github-readonly]\n"), POLICY_SHIPPED },
	{ "round", STR("extends: [about]\n"), POLICY_USER },
	{ "about", STR("extends: [round]\n"), POLICY_USER },
	{ "reaches", STR("extends: [./base.yaml]\n"), POLICY_USER },
};

static const struct policy_file disk[] = {
	{ "base.yaml", STR(ALLOW("base.test")), POLICY_GIVEN },
	{ "d/sub.yaml", STR("extends: [../base.yaml, ./near.yaml]\n"),
	    POLICY_GIVEN },
	{ "d/near.yaml", STR(ALLOW("near.test")), POLICY_GIVEN },
	{ "/etc/top.yaml", STR(ALLOW("top.test")), POLICY_GIVEN },
	{ "broken.yaml", STR("a: [\n# extends\n"), POLICY_GIVEN },
};

static int
find_in(const struct policy_file *v, size_t n, const char *name,
    struct policy_file *out)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(v[i].name, name) == 0) {
			*out = v[i];
			return 0;
		}
	return 1;
}

static int
find_library(void *arg, const char *name, struct policy_file *out,
    struct err *e)
{
	(void)arg;
	(void)e;
	return find_in(shelf, NELEM(shelf), name, out);
}

static int
find_file(void *arg, const char *path, struct policy_file *out,
    struct err *e)
{
	(void)arg;
	if (strcmp(path, "locked.yaml") == 0)
		return err_set(e, ERR_DENIED, "open: Permission denied");
	return find_in(disk, NELEM(disk), path, out);
}

static const char *const names[] = { "about", "both", "github-readonly",
	"pypi", "reaches", "round" };
static const struct policy_library library = { NULL, find_library, find_file,
	names, NELEM(names) };

static const struct {
	const char *what, *yaml;
	const char *want;	/* begins the messages; NULL: none */
	const char *allows;	/* hosts that are in it, parted by blanks */
} cases[] = {
	{ "a library by its name", "extends: [pypi]\n", NULL, "pypi.org" },
	{ "a file beside the document", "extends: [./base.yaml]\n", NULL,
	    "base.test" },
	{ "a file extends beside itself", "extends: [./d/sub.yaml]\n", NULL,
	    "base.test near.test" },
	{ "an absolute file", "extends: [/etc/top.yaml]\n", NULL,
	    "top.test" },
	{ "a library of libraries", "extends: [both]\n", NULL,
	    "pypi.org github.com" },
	{ "the same twice, and by two ways, is once",
	    "extends: [pypi, both, pypi, ./base.yaml, ./d/../base.yaml]\n",
	    NULL, "pypi.org github.com base.test" },
	{ "its own rules stay", "extends: [pypi]\n" ALLOW("own.test"), NULL,
	    "pypi.org own.test" },
	{ "a missing name, with the nearest", "extends: [pypy]\n",
	    "p.yaml:1:11: error: no library is called \"pypy\": did you mean "
	    "\"pypi\"?", NULL },
	{ "a missing name, with the list", "extends: [xyzzy]\n",
	    "p.yaml:1:11: error: no library is called \"xyzzy\": there are "
	    "about, both, github-readonly, pypi, reaches, round", NULL },
	{ "a missing file", "extends:\n  - ./gone.yaml\n",
	    "p.yaml:2:5: error: extends gone.yaml: there is no such file",
	    NULL },
	{ "a file that cannot be read", "extends: [./locked.yaml]\n",
	    "p.yaml:1:11: error: extends locked.yaml: open: Permission "
	    "denied", NULL },
	{ "a file without its slash", "extends: [base.yaml]\n",
	    "p.yaml:1:11: error: \"base.yaml\" cannot be a library's name "
	    "(a-z, 0-9 and -); a file has a slash: write ./base.yaml", NULL },
	{ "a capital", "extends: [PyPI]\n", "p.yaml:1:11: error: \"PyPI\" "
	    "cannot be a library's name", NULL },
	{ "a number", "extends: [5]\n", "p.yaml:1:11: error: extends names "
	    "libraries", NULL },
	{ "an empty word", "extends: ['']\n", "p.yaml:1:12: error: extends "
	    "names libraries", NULL },
	{ "a map", "extends: [{a: b}]\n", "p.yaml:1:11: error: extends names "
	    "libraries", NULL },
	{ "a word instead of a list", "extends: pypi\n",
	    "p.yaml:1:10: error: extends must be a list: write [pypi]",
	    NULL },
	{ "itself", "extends: [./p.yaml]\n", "p.yaml:1:11: error: extends "
	    "\"p.yaml\", which extends this document: break the circle",
	    NULL },
	{ "a circle of others", "extends: [round]\n", "about:1:11: error: "
	    "extends \"round\", which extends this document", NULL },
	{ "a library that extends a file", "extends: [reaches]\n",
	    "reaches:1:11: error: a library extends other libraries, by "
	    "their names, and no files", NULL },
	{ "what is extended must be well formed", "extends: [./broken.yaml]\n",
	    "broken.yaml:", NULL },
	{ "the older schema has no extends", "version: 1\nextends: [pypi]\n",
	    "p.yaml:2:1: error: unknown key \"extends\"", NULL },
};

static bool
is_allowed(const struct image *im, struct str host, char *from, size_t cap)
{
	struct net_query q = { .host = host, .port = 443, .tls = true };
	struct net_answer a;

	policy_network(im, &q, &a);
	(void)snprintf(from, cap, "%.*s", (int)a.rule.file.len,
	    a.rule.file.p);
	return a.verdict == VERDICT_ALLOW;
}

static bool
all_allowed(struct str image, const char *hosts)
{
	struct image *im = NULL;
	struct err e = { 0 };
	struct str rest = str_c(hosts), host;
	bool all = true;
	char from[64];

	assert_int_equal(image_of(image, &im, &e), 0);
	while (rest.len > 0) {
		if (!str_cut(rest, ' ', &host, &rest)) {
			host = rest;
			rest = STR("");
		}
		all = all && is_allowed(im, host, from, sizeof(from));
	}
	image_free(im);
	return all;
}

static bool
case_is_right(size_t i)
{
	struct policy_file f = { "p.yaml", str_c(cases[i].yaml),
		POLICY_GIVEN };
	struct docset s = { 0 };
	struct diags d = { 0 };
	CLEAN_FREE char *image = NULL;
	CLEAN_FREE char *text = NULL;
	const char *want = cases[i].want;
	size_t len = 0;
	bool ok;

	(void)docset_add(&s, &f, &d);
	(void)docset_close(&s, &library, &d);
	(void)policy_compile(s.v, s.n, POLICY_STAGE_ENFORCE, &image, &len,
	    &d);
	text = diags_print(&d, false);
	ok = want == NULL ? d.n == 0 && all_allowed(str_of(image, len),
	    cases[i].allows) : d.errors > 0 &&
	    strncmp(text, want, strlen(want)) == 0;
	if (!ok)
		print_error("%s:\n%s\ngot %s", cases[i].what, cases[i].yaml,
		    text);
	diags_fini(&d);
	docset_fini(&s);
	return ok;
}

static void
extends_cases(void **state)
{
	int wrong = 0;

	(void)state;
	for (size_t i = 0; i < NELEM(cases); i++)
		wrong += !case_is_right(i);
	assert_int_equal(wrong, 0);
}

static void
each_is_said_once(void **state)
{
	const struct policy_file f = { "p.yaml",
		STR("extends: [pypy, ./gone.yaml]\nnetwrk: {}\n"),
		POLICY_GIVEN };
	struct docset s = { 0 };
	struct diags d = { 0 };
	CLEAN_FREE char *image = NULL;
	size_t len;

	(void)state;
	(void)docset_add(&s, &f, &d);
	assert_int_equal(docset_close(&s, &library, &d), -1);
	assert_int_equal(policy_compile(s.v, s.n, POLICY_STAGE_CHECK, &image,
	    &len, &d), -1);
	assert_int_equal(d.n, 3);
	diags_fini(&d);
	docset_fini(&s);
}

static void
what_was_not_sent_is_missing(void **state)
{
	const struct policy_file f = { "p.yaml",
		STR("extends: [pypi, ./base.yaml]\n"), POLICY_GIVEN };
	struct diags d = { 0 };
	CLEAN_FREE char *image = NULL;
	CLEAN_FREE char *text = NULL;
	size_t len;

	(void)state;
	assert_int_equal(policy_compile(&f, 1, POLICY_STAGE_CHECK, &image,
	    &len, &d), -1);
	text = diags_print(&d, false);
	assert_int_equal(d.n, 2);
	assert_non_null(strstr(text, "p.yaml:1:11: error: extends \"pypi\", "
	    "and there is no such library among the documents"));
	diags_fini(&d);
}

/* A chain of n documents, the first extending the second and so on. */
static size_t
chain_errors(size_t n, bool backwards, char text[256])
{
	struct policy_file f[POLICY_FILES_MAX];
	char names_of[POLICY_FILES_MAX][8], yaml[POLICY_FILES_MAX][32];
	struct diags d = { 0 };
	CLEAN_FREE char *image = NULL;
	size_t len, errors;

	for (size_t i = 0; i < n; i++) {
		size_t at = backwards ? n - 1 - i : i;

		(void)snprintf(names_of[i], 8, "l%zu", i);
		(void)snprintf(yaml[i], 32, "extends: [l%zu]\n", i + 1);
		f[at] = (struct policy_file){ names_of[i],
			i + 1 < n ? str_c(yaml[i]) : STR("version: '1.0'\n"),
			POLICY_USER };
	}
	(void)policy_compile(f, n, POLICY_STAGE_CHECK, &image, &len, &d);
	errors = d.errors;
	(void)snprintf(text, 256, "%s", d.n > 0 ? d.v[0].text : "");
	diags_fini(&d);
	return errors;
}

static void
a_chain_has_an_end(void **state)
{
	char text[256];

	(void)state;
	for (int back = 0; back < 2; back++) {
		assert_int_equal(chain_errors(EXTENDS_DEPTH_MAX, back, text),
		    0);
		assert_int_equal(chain_errors(EXTENDS_DEPTH_MAX + 1, back,
		    text), 1);
		assert_string_equal(text, "more than 16 documents, each "
		    "extended by the one before");
		assert_true(chain_errors(POLICY_FILES_MAX, back, text) > 0);
	}
}

static void
a_rule_names_its_library(void **state)
{
	const struct policy_file f = { "p.yaml", STR("extends: [both]\n"),
		POLICY_GIVEN };
	struct docset s = { 0 };
	struct diags d = { 0 };
	struct image *im = NULL;
	struct err e = { 0 };
	CLEAN_FREE char *image = NULL;
	char from[64];
	size_t len;

	(void)state;
	(void)docset_add(&s, &f, &d);
	assert_int_equal(docset_close(&s, &library, &d), 0);
	assert_int_equal(policy_compile(s.v, s.n, POLICY_STAGE_ENFORCE,
	    &image, &len, &d), 0);
	assert_int_equal(image_of(str_of(image, len), &im, &e), 0);
	assert_true(is_allowed(im, STR("github.com"), from, sizeof(from)));
	assert_string_equal(from, "github-readonly");
	image_free(im);
	diags_fini(&d);
	docset_fini(&s);
}

static void
a_title_is_the_first_comment(void **state)
{
	(void)state;
	assert_true(str_eqz(policy_title(STR("# Read it.\nx: 1\n")),
	    "Read it"));
	assert_true(str_eqz(policy_title(STR("#Read it\n")), "Read it"));
	assert_true(str_eqz(policy_title(STR("x: 1\n# Read it.\n")), ""));
	assert_true(str_eqz(policy_title(STR("")), ""));
	assert_true(str_eqz(policy_title(STR("#")), ""));
}

/* ---- the shipped ones */

/* A document that extends these, with all that it needs. */
static void
compiles(struct library *l, char *const *which, size_t n)
{
	const struct policy_library lib = library_find(l);
	struct buf text;
	struct policy_file f = { "p.yaml", STR(""), POLICY_GIVEN };
	struct docset s = { 0 };
	struct diags d = { 0 };
	CLEAN_FREE char *image = NULL;
	size_t len;

	buf_init(&text, 65536);
	for (size_t i = 0; i < n; i++)
		assert_true(buf_printf(&text, "%s%s", i == 0 ? "extends: [" :
		    ", ", which[i]));
	assert_true(buf_addz(&text, "]\n"));
	f.text = buf_str(&text);
	(void)docset_add(&s, &f, &d);
	(void)docset_close(&s, &lib, &d);
	(void)policy_compile(s.v, s.n, POLICY_STAGE_CHECK, &image, &len, &d);
	if (d.n > 0)
		fail_msg("%s: %s:%u: %s", which[0], d.v[0].file,
		    d.v[0].line, d.v[0].text);
	diags_fini(&d);
	docset_fini(&s);
	buf_fini(&text);
}

static void
remove_home(const char *home)
{
	static const char *const in[] = { "config", "state", "run", "." };
	char dir[64];

	for (size_t i = 0; i < NELEM(in); i++) {
		(void)snprintf(dir, sizeof(dir), "%s/%s", home, in[i]);
		(void)rmdir(i + 1 < NELEM(in) ? dir : home);
	}
}

static void
the_shipped_library_loads(void **state)
{
	char home[] = "/tmp/t_policy_library.XXXXXX";
	struct library l;
	struct err e = { 0 };

	(void)state;
	assert_non_null(mkdtemp(home));
	assert_int_equal(setenv("OPENSHELL_HOME", home, 1), 0);
	assert_int_equal(library_read(&l, &e), 0);
	assert_true(l.shipped.n > 3);
	for (size_t i = 0; i < l.shipped.n; i++) {
		if (policy_title(l.shipped.texts[i]).len < 10)
			fail_msg("%s: no title", l.shipped.names[i]);
		compiles(&l, &l.shipped.names[i], 1);
	}
	compiles(&l, l.shipped.names, l.shipped.n);
	library_fini(&l);
	remove_home(home);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_path_is_made_plain),
		cmocka_unit_test(extends_cases),
		cmocka_unit_test(each_is_said_once),
		cmocka_unit_test(what_was_not_sent_is_missing),
		cmocka_unit_test(a_chain_has_an_end),
		cmocka_unit_test(a_rule_names_its_library),
		cmocka_unit_test(a_title_is_the_first_comment),
		cmocka_unit_test(the_shipped_library_loads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
