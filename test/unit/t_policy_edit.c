#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/clean.h"
#include "base/compat.h"
#include "base/err.h"
#include "base/must.h"
#include "compile/edit.h"

static const char native[] = "# an agent\n"
    "version: \"1.0\"\n"
    "network:\n"
    "  # what it may\n"
    "  allow:\n"
    "    - endpoint: a.test     # first\n"
    "      ports: [443, 8443]\n"
    "      methods: [GET]       # only\n"
    "      binaries: [curl, git]\n"
    "    # between\n"
    "    - endpoint: \"b.test\"\n"
    "  deny:\n"
    "    - endpoint: \"*.pastebin.com\" # bad\n"
    "# end\n";

static const char older[] = "version: 1\n"
    "network_policies:\n"
    "  one:\n"
    "    endpoints:\n"
    "      - host: a.test\n"
    "        port: 443\n"
    "        protocol: rest\n"
    "        access: read-only # ro\n"
    "        enforcement: enforce\n"
    "    binaries:\n"
    "      - path: /usr/bin/curl\n"
    "  two:\n"
    "    endpoints: [{host: b.test, port: 443}, {host: c.test, "
    "ports: [443, 80], protocol: rest, access: full}]\n"
    "    binaries: [{path: /usr/bin/git}, {path: /usr/bin/curl}]\n"
    "  rules:\n"
    "    endpoints:\n"
    "      - host: r.test\n"
    "        port: 443\n"
    "        protocol: rest\n"
    "        rules:\n"
    "          - allow: {method: GET, path: /x}\n"
    "        deny_rules:\n"
    "          - {method: GET, path: /y}\n"
    "    binaries:\n"
    "      - path: /usr/bin/curl\n";

#define E EDIT_ADD_ENDPOINT
#define NO_E EDIT_REMOVE_ENDPOINT
#define ALLOW EDIT_ADD_ALLOW
#define DENY EDIT_ADD_DENY
#define NO_RULE EDIT_REMOVE_RULE
#define NO_BIN EDIT_REMOVE_BINARY

static const struct {
	const char *what, *yaml;
	enum edit_kind kind;
	const char *words, *binary, *rule;
	/* Text after which `in' stands in the result, and what it replaces;
	 * or how the refusal begins. */
	const char *after, *out, *in, *refusal;
} cases[] = {
	/* the native language: what is added */
	{ "a request is an entry of its own, for the same programs", native,
	    ALLOW, "a.test:443:POST:/x/*", NULL, NULL,
	    "    - endpoint: \"b.test\"\n", "",
	    "    - endpoint: a.test\n      ports: [443]\n"
	    "      methods: [POST]\n      paths: [\"/x/*\"]\n"
	    "      binaries: [curl, git]\n", NULL },
	{ "any method and any path are left out", native, ALLOW,
	    "n.test:80:*:**", NULL, NULL, "    - endpoint: \"b.test\"\n", "",
	    "    - endpoint: n.test\n      ports: [80]\n", NULL },
	{ "what is there already is not added", native, ALLOW,
	    "b.test:443:GET:/x", NULL, NULL, "", "", "", NULL },
	{ "a deny stands among the denies", native, DENY,
	    "b.test:443:POST:/up", NULL, NULL, "com\" # bad\n", "",
	    "    - endpoint: b.test\n      ports: [443]\n"
	    "      methods: [POST]\n      paths: [/up]\n", NULL },
	{ "a deny of nothing", native, DENY, "z.test:443:GET:/", NULL, NULL,
	    NULL, NULL, NULL, "z.test:443:GET:/: nothing allows z.test:443, "
	    "so there is nothing to deny" },
	{ "an endpoint with an access", native, E, "c.test:443:read-only",
	    NULL, NULL, "    - endpoint: \"b.test\"\n", "",
	    "    - endpoint: c.test\n      ports: [443]\n"
	    "      methods: [GET, HEAD, OPTIONS]\n", NULL },
	{ "an endpoint with all of its words", native, E,
	    "p.test:5432::postgres:enforce:allowed-ip=10.0.0.0/8,"
	    "allowed-ip=fd00::/8", "psql", NULL,
	    "    - endpoint: \"b.test\"\n", "",
	    "    - endpoint: p.test\n      ports: [5432]\n"
	    "      protocols: [postgres]\n"
	    "      allowed_ips: [10.0.0.0/8, \"fd00::/8\"]\n"
	    "      binaries: [psql]\n", NULL },
	{ "all programs do not get what some have", native, E, "a.test:443",
	    NULL, NULL, NULL, NULL, NULL, "a.test:443: p.yaml:6 allows it to "
	    "some programs alone" },
	{ "one host and port is spoken in one way", native, E,
	    "a.test:443::tcp", "curl", NULL, NULL, NULL, NULL,
	    "a.test:443::tcp: p.yaml:6 has it inspected" },
	{ "access is of requests", native, E, "c.test:22:full:tcp", NULL,
	    NULL, "    - endpoint: \"b.test\"\n", "",
	    "    - endpoint: c.test\n      ports: [22]\n"
	    "      protocols: [tcp]\n", NULL },
	{ "access is of requests", native, E, "c.test:22:read-only:tcp",
	    NULL, NULL, NULL, NULL, NULL, "c.test:22:read-only:tcp: access "
	    "is of requests" },
	{ "audit is of the whole policy", native, E, "c.test:443:::audit",
	    NULL, NULL, NULL, NULL, NULL, "c.test:443:::audit: a native "
	    "entry is enforced" },
	{ "a flow list stays one", "network: {allow: [{endpoint: a.test}]}\n",
	    E, "b.test:443", NULL, NULL, "{endpoint: a.test}", "",
	    ", {endpoint: b.test, ports: [443]}", NULL },
	{ "an empty list", "network:\n  allow: [] # none\n", E, "b.test:443",
	    NULL, NULL, "allow: [", "", "{endpoint: b.test, ports: [443]}",
	    NULL },
	{ "a section without the list", "network:\n  default_policy: deny\n",
	    E, "b.test:443", NULL, NULL, "default_policy: deny\n", "",
	    "  allow:\n    - endpoint: b.test\n      ports: [443]\n", NULL },
	{ "a document without the section", "version: \"1.0\" # x\n", E,
	    "b.test:443", NULL, NULL, "version: \"1.0\" # x\n", "",
	    "network:\n  allow:\n    - endpoint: b.test\n"
	    "      ports: [443]\n", NULL },
	{ "a document of comments", "# nothing", E, "b.test:443", NULL, NULL,
	    "# nothing", "", "\nnetwork:\n  allow:\n"
	    "    - endpoint: b.test\n      ports: [443]\n", NULL },
	{ "a document of nothing", "", E, "b.test:443", NULL, NULL, "", "",
	    "network:\n  allow:\n    - endpoint: b.test\n"
	    "      ports: [443]\n", NULL },
	{ "egress where that is what it is called",
	    "network:\n  egress:\n  - destination: a.test", E, "b.test:443",
	    NULL, NULL, "  - destination: a.test", "",
	    "\n  - endpoint: b.test\n    ports: [443]", NULL },
	{ "lines end as the others do",
	    "network:\r\n  allow:\r\n    - endpoint: a.test\r\n", E,
	    "b.test:443", NULL, NULL, "a.test\r\n", "",
	    "    - endpoint: b.test\r\n      ports: [443]\r\n", NULL },
	{ "words that YAML would take for others are quoted",
	    "network: {allow: []}\n", E, "*.a.test:443", "null", NULL,
	    "allow: [", "", "{endpoint: \"*.a.test\", ports: [443], "
	    "binaries: [\"null\"]}", NULL },
	{ "entries that differ are not guessed about",
	    "network:\n  allow:\n    - {endpoint: a.test, binaries: [x]}\n"
	    "    - {endpoint: a.test, methods: [GET]}\n", ALLOW,
	    "a.test:443:POST:/", NULL, NULL, NULL, NULL, NULL,
	    "a.test:443:POST:/: a.test:443 stands in several entries that "
	    "differ in binaries: p.yaml:3, p.yaml:4" },
	{ "bytes that pass have no methods",
	    "network: {allow: [{endpoint: a.test, protocols: [tls]}]}\n",
	    ALLOW, "a.test:443:GET:/", NULL, NULL, NULL, NULL, NULL,
	    "a.test:443:GET:/: p.yaml:1 is not inspected" },
	/* ... and what is taken out */
	{ "one port of several", native, NO_E, "a.test:8443", NULL, NULL,
	    "ports: [443", ", 8443", "", NULL },
	{ "the entry with its last port, and no comment but its own", native,
	    NO_E, "b.test:443", NULL, NULL, "    # between\n",
	    "    - endpoint: \"b.test\"\n", "", NULL },
	{ "the last entry leaves an empty list",
	    "network:\n  allow: # these\n    - endpoint: a.test\n  # end\n",
	    NO_E, "a.test:443", NULL, NULL, "allow:",
	    " # these\n    - endpoint: a.test\n", " [] # these\n", NULL },
	{ "a flow entry with its comma",
	    "network: {allow: [{endpoint: a.test}, {endpoint: \"b.test\"}]}\n",
	    NO_E, "b.test:443", NULL, NULL, "{endpoint: a.test}",
	    ", {endpoint: \"b.test\"}", "", NULL },
	{ "what is not there", native, NO_E, "x.test:443", NULL, NULL, NULL,
	    NULL, NULL, "x.test:443: nothing allows x.test:443" },
	{ "a rule by its line", native, NO_RULE, "p.yaml:11", NULL, NULL,
	    "    # between\n", "    - endpoint: \"b.test\"\n", "", NULL },
	{ "a deny stays", native, NO_RULE, "p.yaml:13", NULL, NULL, NULL,
	    NULL, NULL, "p.yaml:13: p.yaml:13 is a deny, and without it more "
	    "would be allowed" },
	{ "a line without a rule", native, NO_RULE, "p.yaml:7", NULL, NULL,
	    NULL, NULL, NULL, "p.yaml:7: no entry begins in line 7" },
	{ "a program of several", native, NO_BIN, "p.yaml:6:curl", NULL,
	    NULL, "binaries: [", "curl, ", "", NULL },
	{ "a program that is not named", native, NO_BIN, "p.yaml:6:vi", NULL,
	    NULL, NULL, NULL, NULL, "p.yaml:6:vi: p.yaml:6 does not name "
	    "vi" },
	{ "no programs are all of them", native, NO_BIN, "p.yaml:11:vi",
	    NULL, NULL, NULL, NULL, NULL, "p.yaml:11:vi: p.yaml:11 names no "
	    "programs: it is for all" },
	{ "the last program takes the entry along",
	    "network:\n  allow:\n    - {endpoint: a.test, binaries: [x]}\n"
	    "    - endpoint: b.test\n", NO_BIN, "p.yaml:3:x", NULL, NULL,
	    "  allow:\n", "    - {endpoint: a.test, binaries: [x]}\n", "",
	    NULL },
	/* the older schema */
	{ "a rule goes to the rules", older, ALLOW, "r.test:443:POST:/z",
	    NULL, NULL, "path: /x}\n", "",
	    "          - {allow: {method: POST, path: /z}}\n", NULL },
	{ "a deny goes to the deny rules", older, DENY, "r.test:443:GET:/z",
	    NULL, NULL, "path: /y}\n", "",
	    "          - {method: GET, path: /z}\n", NULL },
	{ "a preset is spelled out first", older, ALLOW, "a.test:443:POST:/z",
	    NULL, NULL, "protocol: rest\n        ",
	    "access: read-only # ro\n        enforcement: enforce\n",
	    "enforcement: enforce\n        rules: [{allow: {method: GET, "
	    "path: \"**\"}}, {allow: {method: HEAD, path: \"**\"}}, {allow: "
	    "{method: OPTIONS, path: \"**\"}}, {allow: {method: POST, "
	    "path: /z}}]\n", NULL },
	{ "nothing to spell out", "version: 1\nnetwork_policies:\n"
	    "  x: {endpoints: [{host: a.test, port: 443, protocol: rest}]}\n",
	    ALLOW, "a.test:443:GET:/", NULL, NULL, NULL, NULL, NULL,
	    "a.test:443:GET:/: p.yaml:3 has neither access nor rules" },
	{ "the first deny of an endpoint", older, DENY, "a.test:443:GET:/z",
	    NULL, NULL, "enforcement: enforce\n", "",
	    "        deny_rules: [{method: GET, path: /z}]\n", NULL },
	{ "bytes that pass have no methods", older, ALLOW, "b.test:443:GET:/",
	    NULL, NULL, NULL, NULL, NULL, "b.test:443:GET:/: p.yaml:13 is "
	    "not inspected" },
	{ "other ports do not get it", older, DENY, "c.test:443:GET:/", NULL,
	    NULL, NULL, NULL, NULL, "c.test:443:GET:/: p.yaml:13 has other "
	    "ports, which would get it, too" },
	{ "no endpoint to add to", older, ALLOW, "z.test:443:GET:/", NULL,
	    NULL, NULL, NULL, NULL, "z.test:443:GET:/: no endpoint is "
	    "z.test:443: add one first" },
	{ "an endpoint is a rule of its own", older, E,
	    "d-e.test:443:read-only", "/usr/bin/curl", NULL,
	    "path: /y}\n    binaries:\n      - path: /usr/bin/curl\n", "",
	    "  allow_d_e_test_443:\n    endpoints:\n"
	    "      - {host: d-e.test, port: 443, protocol: rest, "
	    "access: read-only, enforcement: enforce}\n"
	    "    binaries: [{path: /usr/bin/curl}]\n", NULL },
	{ "a rule is for programs", older, E, "d.test:443", NULL, NULL, NULL,
	    NULL, NULL, "d.test:443: a rule here is for programs that it "
	    "names" },
	{ "an endpoint for the programs of a rule, all of them", older, E,
	    "d.test:443", "/usr/bin/curl", "one",
	    "enforcement: enforce\n", "",
	    "      - host: d.test\n        port: 443\n", NULL },
	{ "others of the rule do not get it", older, E, "d.test:443",
	    "/usr/bin/curl", "two", NULL, NULL, NULL,
	    "d.test:443: /usr/bin/git of rule two would get it, too" },
	{ "a program does not get what else is there", older, E, "b.test:443",
	    "/usr/bin/vi", "two", NULL, NULL, NULL, "b.test:443: /usr/bin/vi "
	    "would get all else that rule two has" },
	{ "a program more where nothing else is", older, E,
	    "a.test:443:read-only", "/usr/bin/vi", "one",
	    "      - path: /usr/bin/curl\n", "",
	    "      - {path: /usr/bin/vi}\n", NULL },
	{ "another access is another matter", older, E, "a.test:443:full",
	    "/usr/bin/curl", "one", NULL, NULL, NULL, "a.test:443:full: rule "
	    "one has it already, with another access" },
	{ "one host and port is spoken in one way", older, E, "a.test:443",
	    "/usr/bin/vi", NULL, NULL, NULL, NULL,
	    "a.test:443: p.yaml:5 has it with protocol rest" },
	{ "a name that YAML would need quotes for", older, E, "d.test:443",
	    "/x", "a: b", NULL, NULL, NULL, "d.test:443: \"a: b\" cannot be "
	    "a rule's name" },
	{ "the first rule of all", "version: 1\n", E, "d.test:443", "/x",
	    NULL, "version: 1\n", "", "network_policies: {allow_d_test_443: "
	    "{endpoints: [{host: d.test, port: 443}], "
	    "binaries: [{path: /x}]}}\n", NULL },
	{ "one port of several", older, NO_E, "c.test:80", NULL, NULL,
	    "ports: [443", ", 80", "", NULL },
	{ "the endpoint among others", older, NO_E, "b.test:443", NULL, NULL,
	    "two:\n    endpoints: [", "{host: b.test, port: 443}, ", "",
	    NULL },
	{ "a rule by its name", older, NO_RULE, "two", NULL, NULL,
	    "path: /usr/bin/curl\n", "  two:\n    endpoints: [{host: b.test, "
	    "port: 443}, {host: c.test, ports: [443, 80], protocol: rest, "
	    "access: full}]\n    binaries: [{path: /usr/bin/git}, "
	    "{path: /usr/bin/curl}]\n", "", NULL },
	{ "a rule with denies stays", older, NO_RULE, "rules", NULL, NULL,
	    NULL, NULL, NULL, "rules: p.yaml:17 has deny_rules, which may "
	    "bound what other rules allow" },
	{ "and so do its endpoints", older, NO_E, "r.test:443", NULL, NULL,
	    NULL, NULL, NULL, "r.test:443: p.yaml:17 has deny_rules" },
	{ "and its programs", older, NO_BIN, "rules:/usr/bin/curl", NULL,
	    NULL, NULL, NULL, NULL, "rules:/usr/bin/curl: p.yaml:17 has "
	    "deny_rules" },
	{ "no rule of that name", older, NO_RULE, "three", NULL, NULL, NULL,
	    NULL, NULL, "three: no rule is called \"three\"" },
	{ "a program of several", older, NO_BIN, "two:/usr/bin/git", NULL,
	    NULL, "binaries: [", "{path: /usr/bin/git}, ", "", NULL },
	{ "no programs, none to take away", "version: 1\nnetwork_policies:\n"
	    "  x: {endpoints: [{host: a.test, port: 443}], binaries: []}\n",
	    NO_BIN, "x:/y", NULL, NULL, NULL, NULL, NULL,
	    "x:/y: rule x names no programs, so there is none" },
	{ "an endpoint in two rules", "version: 1\nnetwork_policies:\n"
	    "  x: {endpoints: [{host: a.test, port: 443, protocol: rest, "
	    "access: full}]}\n"
	    "  y: {endpoints: [{host: a.test, port: 443, protocol: rest, "
	    "access: full}]}\n", DENY, "a.test:443:GET:/", NULL, NULL, NULL,
	    NULL, NULL, "a.test:443:GET:/: a.test:443 stands in several "
	    "places: p.yaml:3, p.yaml:4; say which with --rule-name" },
	/* layouts */
	{ "a list that is an alias's is left alone",
	    "network:\n  allow: &a\n    - endpoint: a.test\n  egress: *a\n",
	    E, "b.test:443", NULL, NULL, NULL, NULL, NULL,
	    "b.test:443: p.yaml:" },
	{ "a dash far from its entry", "network:\n  allow:\n    -\n"
	    "      # x\n      endpoint: a.test\n    - endpoint: b.test\n",
	    NO_E, "a.test:443", NULL, NULL, NULL, NULL, NULL,
	    "a.test:443: p.yaml:5: written in a way that cannot be edited "
	    "here" },
	{ "a document that is not YAML", "network: [\n", E, "b.test:443",
	    NULL, NULL, NULL, NULL, NULL, "p.yaml:" },
};

/* The yaml with `out' after `after' replaced by `in'. */
static char *
wanted(const char *yaml, const char *after, const char *out, const char *in)
{
	const char *at = strstr(yaml, after);

	must(at != NULL);
	at += strlen(after);
	must(strncmp(at, out, strlen(out)) == 0);
	return mem_printf("%.*s%s%s", (int)(at - yaml), yaml, in,
	    at + strlen(out));
}

static int
run(const char *yaml, const struct edit *ed, struct edited *out,
    struct err *e)
{
	const struct policy_file f = { "p.yaml", str_c(yaml), POLICY_GIVEN,
		false };

	return policy_edit(&f, 1, ed, 1, out, e);
}

static bool
case_is_right(size_t i)
{
	CLEAN_FREE char *want = NULL;
	const char *got = NULL;
	struct edited out = { 0 };
	struct err e = { 0 };
	struct edit ed;
	bool ok;
	int rc = edit_parse(cases[i].kind, cases[i].words, &ed, &e);

	if (cases[i].binary != NULL)
		ed.binaries[ed.nbinaries++] = str_c(cases[i].binary);
	if (cases[i].rule != NULL)
		ed.rule = str_c(cases[i].rule);
	if (rc == 0)
		rc = run(cases[i].yaml, &ed, &out, &e);
	if (rc == 0)
		got = out.texts[0] != NULL ? out.texts[0] : cases[i].yaml;
	if (cases[i].refusal != NULL) {
		ok = rc == -1 && strncmp(e.text, cases[i].refusal,
		    strlen(cases[i].refusal)) == 0;
	} else {
		want = wanted(cases[i].yaml, cases[i].after, cases[i].out,
		    cases[i].in);
		ok = rc == 0 && strcmp(got, want) == 0;
	}
	if (!ok)
		print_error("%s: %s\n---\n%s---\n", cases[i].what, rc == -1 ?
		    e.text : "done", got == NULL ? "" : got);
	edited_fini(&out);
	return ok;
}

static void
edit_cases(void **state)
{
	int wrong = 0;

	(void)state;
	for (size_t i = 0; i < NELEM(cases); i++)
		wrong += !case_is_right(i);
	assert_int_equal(wrong, 0);
}

/* ---- words */

static const struct {
	enum edit_kind kind;
	const char *text;
	bool fine;
} words[] = {
	{ E, "a.test:443", true },
	{ E, "[fd00::1]:443", true },
	{ E, "a.test:443:::", true },
	{ E, "a.test", false },
	{ E, "a.test:", false },
	{ E, ":443", false },
	{ E, "a.test:0", false },
	{ E, "a.test:65536", false },
	{ E, "a.test:443:some", false },
	{ E, "a.test:443::::tls-skip", false },
	{ E, "[fd00::1:443", false },
	{ E, "[fd00::1]443", false },
	{ E, "a\ntest:443", false },
	{ NO_E, "a.test:443", true },
	{ NO_E, "a.test:443:x", false },
	{ ALLOW, "a.test:443:GET:/", true },
	{ ALLOW, "a.test:443:GET:/a:b", true },
	{ ALLOW, "a.test:443:GET", false },
	{ ALLOW, "a.test:443:GET:x", false },
	{ ALLOW, "a.test:443::/x", false },
	{ NO_RULE, "", false },
	{ NO_BIN, "x", false },
	{ NO_BIN, "x:", false },
	{ NO_BIN, ":x", false },
	{ NO_BIN, "p.yaml:3:x", true },
};

static void
word_cases(void **state)
{
	(void)state;
	for (size_t i = 0; i < NELEM(words); i++) {
		struct err e = { 0 };
		struct edit ed;

		if ((edit_parse(words[i].kind, words[i].text, &ed, &e) ==
			0) != words[i].fine)
			fail_msg("%s", words[i].text);
	}
}

/* ---- sets of documents */

static void
a_batch_is_all_or_nothing(void **state)
{
	const struct policy_file f = { "p.yaml", str_c(native), POLICY_GIVEN,
		false };
	struct edited out;
	struct err e = { 0 };
	struct edit ed[2];

	(void)state;
	assert_int_equal(edit_parse(E, "c.test:443", &ed[0], &e), 0);
	assert_int_equal(edit_parse(NO_E, "x.test:443", &ed[1], &e), 0);
	assert_int_equal(policy_edit(&f, 1, ed, 2, &out, &e), -1);
	assert_null(out.texts);
	assert_int_equal(edit_parse(NO_E, "c.test:443", &ed[1], &e), 0);
	assert_int_equal(policy_edit(&f, 1, ed, 2, &out, &e), 0);
	assert_string_equal(out.texts[0], native);
	edited_fini(&out);
}

static void
a_library_is_not_changed(void **state)
{
	const struct policy_file f[] = {
		{ "lib", STR("network: {allow: [{endpoint: l.test, "
		    "binaries: [curl]}]}\n"), POLICY_SHIPPED, false },
		{ "max.yaml", STR("network: {allow: [{endpoint: m.test}]}\n"),
		    POLICY_GIVEN, true },
		{ "p.yaml", STR("network: {allow: [{endpoint: l.test, "
		    "binaries: [curl]}]}\n"), POLICY_GIVEN, false },
	};
	struct edited out;
	struct err e = { 0 };
	struct edit ed;

	(void)state;
	assert_int_equal(edit_parse(ALLOW, "l.test:443:GET:/x", &ed, &e), 0);
	assert_int_equal(policy_edit(f, 3, &ed, 1, &out, &e), 0);
	assert_int_equal(out.nnotes, 1);
	edited_fini(&out);
	/* It is still there for its programs alone. */
	assert_int_equal(edit_parse(E, "l.test:443", &ed, &e), 0);
	assert_int_equal(policy_edit(f, 3, &ed, 1, &out, &e), -1);
	assert_int_equal(edit_parse(NO_E, "l.test:443", &ed, &e), 0);
	assert_int_equal(policy_edit(f, 3, &ed, 1, &out, &e), 0);
	assert_null(out.texts[0]);
	assert_non_null(out.texts[2]);
	assert_non_null(strstr(out.notes[0], "still allowed by lib:1"));
	edited_fini(&out);
	assert_int_equal(edit_parse(NO_RULE, "lib:1", &ed, &e), 0);
	assert_int_equal(policy_edit(f, 3, &ed, 1, &out, &e), -1);
	assert_non_null(strstr(e.text, "lib is a library"));
	assert_int_equal(policy_edit(f, 2, &ed, 1, &out, &e), -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(edit_cases),
		cmocka_unit_test(word_cases),
		cmocka_unit_test(a_batch_is_all_or_nothing),
		cmocka_unit_test(a_library_is_not_changed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
