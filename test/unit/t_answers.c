/* t_answers.c -- requests as people write them, what a policy answers, and
 * files of cases. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "analysis/cases.h"
#include "base/clean.h"
#include "base/compat.h"
#include "base/err.h"

/* ---- requests */

static const struct {
	const char *what, *text;
	const char *want; /* part of the refusal, or NULL: it is a request */
} requests[] = {
	{ "a method and a URL", "GET https://a.example/x", NULL },
	{ "any method", "PROPFIND https://a.example/", NULL },
	{ "blanks around", "  GET   https://a.example/x ", NULL },
	{ "a connection", "CONNECT a.example:443", NULL },
	{ "a name", "DNS a.example", NULL },
	{ "a file with a blank in it", "READ /srv/a b", NULL },
	{ "a command", "EXEC rm -rf '/srv/a b' \"c d\" e\\ f", NULL },
	{ "facts", "MODEL sensitivity=high agent='a b'", NULL },
	{ "a host that cannot be is still a request", "GET https://127.1/",
	    NULL },
	{ "nothing", "", "begins with" },
	{ "a method alone", "GET", "of what" },
	{ "no URL", "GET a.example", "is not a URL" },
	{ "a URL further on", "GET /x/https://a.example", "is not a URL" },
	{ "a fragment", "GET https://a.example/#x", "never sent" },
	{ "a connection without a port", "CONNECT a.example",
	    "names its port" },
	{ "a relative path", "READ srv/x", "begins with /" },
	{ "a quote that does not end", "EXEC rm 'x", "not closed" },
	{ "a control character", "READ /a\nb", "control" },
	{ "no method", "G(T https://a.example/", "begins with a method" },
};

static void
requests_are_taken_or_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < NELEM(requests); i++) {
		struct str text = str_c(requests[i].text);
		struct arena a = { 0 };
		struct question q;
		struct err e = { 0 };
		int rc = question_parse(&a, &text, 1, &q, &e);

		arena_fini(&a);
		if ((rc == 0) != (requests[i].want == NULL))
			fail_msg("%s: %d %s", requests[i].what, rc, e.text);
		if (rc == -1 && strstr(e.text, requests[i].want) == NULL)
			fail_msg("%s: %s", requests[i].what, e.text);
	}
}

static void
words_are_parted_as_a_shell_does(void **state)
{
	static const char *const want[] = { "sh", "-c", "rm -rf \"x\"", "",
		"a b", "\\n" };
	struct str text = STR("EXEC sh -c 'rm -rf \"x\"' '' a\\ b \"\\n\"");
	struct arena a = { 0 };
	struct question q;
	struct err e = { 0 };

	(void)state;
	assert_int_equal(question_parse(&a, &text, 1, &q, &e), 0);
	assert_int_equal(q.nwords, NELEM(want));
	for (size_t i = 0; i < NELEM(want); i++)
		assert_true(str_eqz(q.word[i], want[i]));
	arena_fini(&a);
}

static void
words_from_a_shell_stay_as_they_are(void **state)
{
	struct str words[] = { STR("EXEC"), STR("sh"), STR("-c"),
		STR("rm 'x") };
	struct arena a = { 0 };
	struct question q;
	struct err e = { 0 };

	(void)state;
	assert_int_equal(question_parse(&a, words, 4, &q, &e), 0);
	assert_int_equal(q.nwords, 3);
	assert_true(str_eqz(q.word[2], "rm 'x"));
	assert_true(str_eqz(q.shown, "EXEC sh -c rm 'x"));
	arena_fini(&a);
}

static const struct {
	const char *text, *want;
} paths[] = {
	{ "READ /a/./b//c/", "/a/b/c" },
	{ "READ /a/../../b", "/b" },
	{ "READ /..", "/" },
	{ "WRITE /a/...", "/a/..." },
};

static void
a_file_is_named_without_dots(void **state)
{
	(void)state;
	for (size_t i = 0; i < NELEM(paths); i++) {
		struct str text = str_c(paths[i].text);
		struct arena a = { 0 };
		struct question q;
		struct err e = { 0 };

		assert_int_equal(question_parse(&a, &text, 1, &q, &e), 0);
		if (!str_eqz(q.file, paths[i].want))
			fail_msg("%s: %.*s", paths[i].text, (int)q.file.len,
			    q.file.p);
		arena_fini(&a);
	}
}

/* ---- answers */

static const char policy[] =
    "network:\n"
    "  allow:\n"
    "    - endpoint: api.github.com\n"
    "      methods: [GET]\n"
    "      paths: [/repos/*, /zen]\n"
    "    - endpoint: git.example\n"
    "      binaries: [/usr/bin/git]\n"
    "    - endpoint: mail.example\n"
    "      ports: [465]\n"
    "      protocols: [smtps]\n"
    "    - endpoint: '*.wide.example'\n"
    "  deny:\n"
    "    - endpoint: '*.bad.wide.example'\n"
    "    - endpoint: api.github.com\n"
    "      paths: [/repos/secret/*]\n";

static const struct {
	const char *what, *text, *from;
	enum reply_verdict want;
	const char *reason;
} asked[] = {
	{ "what a rule allows", "GET https://api.github.com/zen", NULL,
	    REPLY_ALLOW, "allowed by p.yaml:3" },
	{ "GET includes HEAD", "HEAD https://api.github.com/zen", NULL,
	    REPLY_ALLOW, "allowed" },
	{ "a name's case and final dot do not matter",
	    "GET https://API.GitHub.COM./zen", NULL, REPLY_ALLOW, "allowed" },
	{ "the path that is sent is judged",
	    "GET https://api.github.com/x/../%7aen", NULL, REPLY_ALLOW,
	    "allowed" },
	{ "another method", "POST https://api.github.com/zen", NULL,
	    REPLY_DENY, "POST is not in" },
	{ "another port", "GET https://api.github.com:8443/zen", NULL,
	    REPLY_DENY, "port 8443" },
	{ "in clear", "GET http://api.github.com:443/zen", NULL, REPLY_DENY,
	    "not TLS" },
	{ "above the root", "GET https://api.github.com/../zen", NULL,
	    REPLY_DENY, "climbs above" },
	{ "an encoded slash", "GET https://api.github.com/repos/a%2fb", NULL,
	    REPLY_DENY, "encoded slash" },
	{ "a deny inside an allow", "GET https://api.github.com/repos/secret",
	    NULL, REPLY_DENY, "denied by p.yaml:14" },
	{ "a number for a host", "GET https://2130706433/", NULL, REPLY_DENY,
	    "refused before any rule" },
	{ "who asks is not known", "GET https://git.example/", NULL,
	    REPLY_DENY, "not known" },
	{ "who asks is the one named", "GET https://git.example/",
	    "/usr/bin/git", REPLY_ALLOW, "allowed" },
	{ "who asks is another", "GET https://git.example/",
	    "/usr/bin/curl", REPLY_DENY, "the program is" },
	{ "a request where nothing looks", "GET https://mail.example:465/",
	    NULL, REPLY_ALLOW, "no request on it is judged" },
	{ "a connection", "CONNECT api.github.com:443", NULL, REPLY_ALLOW,
	    "each request on it is judged" },
	{ "a connection elsewhere", "CONNECT api.github.com:22", NULL,
	    REPLY_DENY, "port 22" },
	{ "bytes unseen where nothing looks", "TLS mail.example:465", NULL,
	    REPLY_ALLOW, "allowed" },
	{ "bytes unseen that are not TLS", "TCP mail.example:465", NULL,
	    REPLY_DENY, "" },
	{ "bytes unseen where requests are judged", "TLS api.github.com:443",
	    NULL, REPLY_DENY, "inspected" },
	{ "a WebSocket where the rule is for requests",
	    "GET wss://api.github.com/zen", NULL, REPLY_DENY, "" },
	{ "an address of nobody", "GET https://10.0.0.1/", NULL, REPLY_DENY,
	    "" },
	{ "a name with some connection", "DNS mail.example", NULL,
	    REPLY_ALLOW, "on port 465" },
	{ "one label below a star", "DNS a.wide.example", NULL, REPLY_ALLOW,
	    "allowed" },
	{ "two labels below a star", "DNS a.b.wide.example", NULL,
	    REPLY_DENY, "no rule" },
	{ "a name that a deny takes", "DNS bad.wide.example", NULL,
	    REPLY_DENY, "denied by" },
	{ "a name of nobody", "DNS other.example", NULL, REPLY_DENY,
	    "no rule names" },
};

static void
questions_are_answered_as_egress_would(void **state)
{
	const struct policy_file f = { "p.yaml", str_c(policy) };
	struct book b;

	(void)state;
	assert_int_equal(book_open(&f, 1, &b), 0);
	for (size_t i = 0; i < NELEM(asked); i++) {
		struct str text = str_c(asked[i].text), from;
		struct arena a = { 0 };
		struct question q;
		struct reply r;
		struct err e = { 0 };

		assert_int_equal(question_parse(&a, &text, 1, &q, &e), 0);
		from = str_c(asked[i].from);
		q.from = &from;
		q.nfrom = from.len > 0;
		book_ask(&b, &q, &r);
		if (r.verdict != asked[i].want ||
		    strstr(r.reason, asked[i].reason) == NULL)
			fail_msg("%s: %s: %s", asked[i].what,
			    reply_word(r.verdict), r.reason);
		assert_true(r.verdict != REPLY_ALLOW || r.rule.line > 0);
		arena_fini(&a);
	}
	book_close(&b);
}

static void
a_policy_that_only_audits_says_audit(void **state)
{
	const struct policy_file f = { "p.yaml", STR("policy_mode: audit\n") };
	struct str text = STR("GET https://a.example/");
	struct arena a = { 0 };
	struct question q;
	struct reply r;
	struct book b;
	struct err e = { 0 };

	(void)state;
	assert_int_equal(book_open(&f, 1, &b), 0);
	assert_int_equal(question_parse(&a, &text, 1, &q, &e), 0);
	book_ask(&b, &q, &r);
	assert_int_equal(r.verdict, REPLY_AUDIT);
	arena_fini(&a);
	book_close(&b);
}

/* ---- files of cases */

static const struct {
	const char *what, *text;
	const char *want; /* part of what is said, or NULL: it is well */
} files[] = {
	{ "a case", "cases:\n- {request: DNS a.example, expect: deny}\n",
	    NULL },
	{ "with all keys", "cases:\n- {request: DNS a.example, expect: deny, "
	    "from: /bin/x, name: x}\n", NULL },
	{ "nothing", "", "no case" },
	{ "no cases", "cases: []\n", "no case" },
	{ "no request", "cases: [{expect: deny}]\n", "needs request" },
	{ "no expect", "cases: [{request: DNS a}]\n", "needs expect" },
	{ "a verdict mistyped",
	    "cases: [{request: DNS a, expect: alow}]\n", "1:34: " },
	{ "a key mistyped", "cases: [{reqest: DNS a, expect: deny}]\n",
	    "did you mean \"request\"" },
	{ "a request that is none",
	    "cases: [{request: GET a, expect: deny}]\n", "not a URL" },
	{ "a program by its bare name", "cases: [{request: DNS a, "
	    "expect: deny, from: curl}]\n", "/usr/bin/curl" },
	{ "no YAML", "cases: [\n", "error" },
};

static void
case_files_are_read_with_their_places(void **state)
{
	(void)state;
	for (size_t i = 0; i < NELEM(files); i++) {
		const struct policy_file f = { "c", str_c(files[i].text) };
		CLEAN_FREE char *said = NULL;
		struct diags d = { 0 };
		struct cases c;
		int rc = cases_read(&f, &c, &d);

		said = diags_print(&d, false);
		if ((rc == 0) != (files[i].want == NULL))
			fail_msg("%s: %d %s", files[i].what, rc, said);
		if (rc == -1 && strstr(said, files[i].want) == NULL)
			fail_msg("%s: %s", files[i].what, said);
		diags_fini(&d);
		cases_fini(&c);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests_are_taken_or_refused),
		cmocka_unit_test(words_are_parted_as_a_shell_does),
		cmocka_unit_test(words_from_a_shell_stay_as_they_are),
		cmocka_unit_test(a_file_is_named_without_dots),
		cmocka_unit_test(questions_are_answered_as_egress_would),
		cmocka_unit_test(a_policy_that_only_audits_says_audit),
		cmocka_unit_test(case_files_are_read_with_their_places),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
