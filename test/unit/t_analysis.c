/* t_analysis.c -- what two policies answer differently, against trying
 * everything over small alphabets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "analysis/diff.h"
#include "analysis/narrow.h"
#include "analysis/prove.h"
#include "analysis/warn.h"
#include "base/buf.h"
#include "base/clean.h"
#include "base/compat.h"
#include "base/err.h"
#include "base/must.h"

enum { PAIRS = 12, TEXT_BYTES_MAX = 65536 };

/* ---- policies at random; the same ones each time */

static uint64_t seed = 1;

static uint32_t
roll(uint32_t n)
{
	seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407;
	return (uint32_t)(seed >> 33) % n;
}

static const char *
pick(const char *const *v, uint32_t n)
{
	return v[roll(n)];
}
#define PICK(v) pick(v, NELEM(v))

static void
say(struct buf *b, const char *text)
{
	must(buf_addz(b, text));
}

static void
random_entry(struct buf *b, bool deny)
{
	static const char *const hosts[] = { "b.test", "a.b.test",
		"'*.b.test'", "'**.b.test'", "'*.a.b.test'", "c.test",
		"192.0.2.7", "'10.0.0.0/8'" };
	static const char *const ports[] = { "", "", "ports: [80]",
		"ports: [443, 80]", "ports: ['1-1000']", "ports: [22, 8443]" };
	static const char *const methods[] = { "", "", "methods: [GET]",
		"methods: [POST, HEAD]", "methods: [FROB]" };
	static const char *const paths[] = { "", "", "paths: [/x]",
		"paths: [/x/*]", "paths: ['/x/**', /y]", "paths: ['**/y']",
		"paths: ['/*/y', /z]" };
	static const char *const who[] = { "", "", "", "binaries: [git]",
		"binaries: [/bin/sh, '/opt/**']" };
	static const char *const nets[] = { "", "", "", "",
		"allowed_ips: [10.1.0.0/16]" };
	static const char *const wires[] = { "", "", "", "protocols: [http]",
		"protocols: [https]", "protocols: [wss]", "protocols: [tls]",
		"protocols: [tcp]", "protocols: [grpc]", "protocols: [h2c]" };
	const char *wire = PICK(wires);
	bool unseen = strstr(wire, "tls") != NULL ||
	    strstr(wire, "tcp") != NULL;

	must(buf_printf(b, "    - endpoint: %s\n", PICK(hosts)));
	must(buf_printf(b, "      %s\n      %s\n", PICK(ports), wire));
	if (!unseen)
		must(buf_printf(b, "      %s\n      %s\n", PICK(methods),
		    PICK(paths)));
	must(buf_printf(b, "      %s\n", PICK(who)));
	if (!deny)
		must(buf_printf(b, "      %s\n", PICK(nets)));
}

static char *
random_policy(void)
{
	struct buf b;
	uint32_t n;

	buf_init(&b, TEXT_BYTES_MAX);
	if (roll(20) == 0)
		say(&b, "policy_mode: audit\n");
	say(&b, "network:\n");
	if (roll(20) == 0)
		say(&b, "  default_policy: allow\n");
	say(&b, "  allow:\n");
	for (n = 1 + roll(3); n > 0; n--)
		random_entry(&b, false);
	n = roll(3);
	if (n > 0)
		say(&b, "  deny:\n");
	for (; n > 0; n--)
		random_entry(&b, true);
	return buf_take(&b, NULL);
}

/* ---- everything, over small alphabets */

static const char *const all_hosts[] = { "b.test", "a.b.test", "x.b.test",
	"x.a.b.test", "a.a.b.test", "y.x.b.test", "c.test", "x.c.test", "test",
	"other.example", "192.0.2.7", "192.0.2.8", "10.1.2.3", "11.0.0.1" };
static const uint16_t all_ports[] = { 443, 80, 22, 999, 1001, 8443 };
static const char *const all_methods[] = { "GET", "HEAD", "POST", "FROB",
	"PUT" };
static const char *const all_paths[] = { "/", "/x", "/x/", "/x/y", "/x/y/z",
	"/y", "/z", "/z/y", "/xy", "/y/x" };
static const char *const all_exes[] = { NULL, "/usr/bin/git", "/bin/sh",
	"/opt/a/b", "/git/x" };
static const char *const all_addrs[] = { NULL, "8.8.8.8", "10.1.0.1",
	"10.2.0.1", "192.0.2.7", "127.0.0.1" };

struct sweep {
	const struct book *a, *b;
	struct question q;
	uint32_t differ, asked;
	bool addresses;		/* some rule speaks of them */
	const struct diff *diff;
};

static bool
diff_names(const struct diff *d, enum change change)
{
	for (uint32_t i = 0; i < d->n; i++)
		if (d->v[i].change == change)
			return true;
	return false;
}

static void
sweep_ask(struct sweep *s)
{
	struct arena arena = { 0 };
	struct reply a, b;
	struct str shown;

	book_ask(s->a, &s->q, &a);
	book_ask(s->b, &s->q, &b);
	s->asked++;
	if (a.verdict == b.verdict)
		return;
	s->differ++;
	if (diff_names(s->diff, a.verdict == REPLY_DENY ? CHANGE_POSSIBLE :
		b.verdict == REPLY_DENY ? CHANGE_IMPOSSIBLE :
					  CHANGE_RECORDED))
		return;
	shown = question_print(&arena, &s->q);
	fail_msg("%.*s: %s, then %s: not told", (int)shown.len, shown.p,
	    a.reason, b.reason);
}

static void
sweep_requests(struct sweep *s)
{
	s->q.kind = ASK_HTTP;
	for (unsigned t = 0; t < 5; t++)
		for (size_t m = 0; m < NELEM(all_methods); m++)
			for (size_t p = 0; p < NELEM(all_paths); p++) {
				s->q.tls = t != 1 && t != 4;
				s->q.websocket = t == 2;
				s->q.grpc = t == 3;
				s->q.h2c = t == 4;
				if (t == 2 && m > 0)
					continue;
				s->q.method = str_c(all_methods[m]);
				if (t == 3 && strcmp(all_methods[m], "POST") != 0)
					continue;
				s->q.path = str_c(all_paths[p]);
				sweep_ask(s);
			}
}

static void
sweep_connection(struct sweep *s)
{
	static const enum question_kind kinds[] = { ASK_CONNECT, ASK_TLS,
		ASK_TCP };

	for (size_t i = 0; i < NELEM(kinds); i++) {
		s->q.kind = kinds[i];
		sweep_ask(s);
	}
	sweep_requests(s);
}

static void
sweep_from(struct sweep *s)
{
	for (size_t p = 0; p < NELEM(all_ports); p++)
		for (size_t d = 0; d < NELEM(all_addrs); d++) {
			s->q.port = all_ports[p];
			s->q.has_address = all_addrs[d] != NULL &&
			    addr_parse(str_c(all_addrs[d]), s->q.address);
			if (d == 0 || (s->addresses &&
				s->q.host.kind == HOST_NAME))
				sweep_connection(s);
		}
}

static void
sweep_all(struct sweep *s)
{
	for (size_t h = 0; h < NELEM(all_hosts); h++)
		for (size_t x = 0; x < NELEM(all_exes) + 1; x++) {
			const struct str both[] = { STR("/usr/bin/git"),
				STR("/bin/sh") };
			struct str one = str_c(x < NELEM(all_exes) ?
			    all_exes[x] : NULL);
			struct http_fault f;

			assert_int_equal(host_parse(str_c(all_hosts[h]),
			    &s->q.host, &f), PARSE_OK);
			s->q.from = x < NELEM(all_exes) ? &one : both;
			s->q.nfrom = x < NELEM(all_exes) ? one.len > 0 : 2;
			sweep_from(s);
		}
}

/* Each example, asked again as a person would, says what was told. */
static void
confirm(const struct book *a, const struct book *b, const struct diff *d)
{
	for (uint32_t i = 0; i < d->n; i++) {
		const struct difference *one = &d->v[i];
		struct arena arena = { 0 };
		struct reply before, after;
		struct question q;
		struct err e = { 0 };

		if (one->text != NULL)
			continue;
		if (question_parse(&arena, &one->example.shown, 1, &q, &e) ==
		    -1)
			fail_msg("%s", e.text);
		q.from = one->example.from;
		q.nfrom = one->example.nfrom;
		q.mounted = one->example.mounted;
		q.facts = one->example.facts;
		q.has_address = one->example.has_address;
		memcpy(q.address, one->example.address, sizeof(q.address));
		book_ask(a, &q, &before);
		book_ask(b, &q, &after);
		if (before.verdict != one->before.verdict ||
		    after.verdict != one->after.verdict)
			fail_msg("%.*s: %s, %s", (int)one->example.shown.len,
			    one->example.shown.p, before.reason,
			    after.reason);
		arena_fini(&arena);
	}
}

static bool
open_text(const char *name, const char *text, struct book *b)
{
	const struct policy_file f = { name, str_c(text),
		.kind = POLICY_GIVEN };

	return book_open(&f, 1, b) == 0;
}

static uint32_t
compare(const char *x, const char *y, uint32_t *told)
{
	struct book a, b;
	struct diff d = { 0 };
	struct err e = { 0 };
	struct sweep s = { .a = &a, .b = &b, .diff = &d };
	bool ok = open_text("a", x, &a);

	s.addresses = strstr(x, "10.") != NULL || strstr(y, "10.") != NULL ||
	    strstr(x, "192.") != NULL || strstr(y, "192.") != NULL;
	ok = open_text("b", y, &b) && ok;
	if (ok) {
		if (diff_books(&a, &b, &d, &e) == -1)
			fail_msg("%s", e.text);
		confirm(&a, &b, &d);
		sweep_all(&s);
	}
	*told = d.n;
	diff_fini(&d);
	book_close(&a);
	book_close(&b);
	return s.asked;
}

static void
a_difference_is_told_exactly_where_there_is_one(void **state)
{
	uint32_t told, some = 0, none = 0, asked = 0;

	(void)state;
	for (unsigned i = 0; i < PAIRS; i++) {
		CLEAN_FREE char *x = random_policy();
		CLEAN_FREE char *y = random_policy();
		uint32_t n = compare(x, y, &told);

		asked += n > 0;
		some += told > 0;
		none += n > 0 && told == 0;
	}
	/* The alphabets are such that all of this happens. */
	assert_in_range(asked, PAIRS / 4, PAIRS);
	assert_in_range(some, PAIRS / 8, PAIRS);
	(void)none;
}

/* ---- files */

static const char *const file_names[] = { "a", "b", ".git", "hooks", "x.pem",
	"hr", ".env", "etc" };

static char *
random_files(void)
{
	static const char *const allows[] = { "/a/**", "/a/b", "/b/*.pem",
		"/**", "/a/*/b/**", "/etc/a", "/a/.git/hooks", "/hr/**" };
	static const char *const denies[] = { "/a/hr/**", "'**/*.pem'",
		"'**/.env*'", "/a/*/hr", "'**/hr/**'", "/b/a" };
	static const char *const gives[] = { "[read]", "[write]",
		"[read, write]" };
	struct buf b;
	uint32_t n;

	buf_init(&b, TEXT_BYTES_MAX);
	say(&b, "file_access:\n");
	if (roll(3) == 0)
		say(&b, "  system: none\n");
	say(&b, "  allow:\n");
	for (n = 1 + roll(3); n > 0; n--)
		must(buf_printf(&b, "    - {path: \"%s\", permissions: %s}\n",
		    PICK(allows), PICK(gives)));
	n = roll(3);
	if (n > 0)
		say(&b, "  deny:\n");
	for (; n > 0; n--)
		must(buf_printf(&b, "    - path: %s\n", PICK(denies)));
	return buf_take(&b, NULL);
}

static void
sweep_path(struct sweep *s, const char *path)
{
	for (unsigned i = 0; i < 4; i++) {
		s->q.kind = (i & 1) != 0 ? ASK_WRITE : ASK_READ;
		s->q.mounted = (i & 2) != 0;
		s->q.file = str_c(path);
		sweep_ask(s);
	}
}

static void
sweep_files(struct sweep *s)
{
	char path[64];
	uint32_t n = NELEM(file_names), all = (n + 1) * (n + 1) * (n + 1);

	for (uint32_t i = 1; i < all * (n + 1); i++) {
		size_t len = 0;

		path[0] = '\0';
		for (uint32_t at = i; at > 0; at /= n + 1)
			if (at % (n + 1) > 0)
				len += (size_t)snprintf(path + len,
				    sizeof(path) - len, "/%s",
				    file_names[at % (n + 1) - 1]);
		if (len > 0)
			sweep_path(s, path);
	}
}

static void
a_difference_about_files_is_told_exactly(void **state)
{
	uint32_t some = 0, differ = 0;

	(void)state;
	for (unsigned i = 0; i < 4 * PAIRS; i++) {
		CLEAN_FREE char *x = random_files();
		CLEAN_FREE char *y = random_files();
		struct book a, b;
		struct diff d = { 0 };
		struct err e = { 0 };
		struct sweep s = { .a = &a, .b = &b, .diff = &d };
		bool ok = open_text("a", x, &a);

		ok = open_text("b", y, &b) && ok;
		if (ok && diff_books(&a, &b, &d, &e) == -1)
			fail_msg("%s", e.text);
		if (ok) {
			confirm(&a, &b, &d);
			sweep_files(&s);
		}
		some += d.n > 0;
		differ += s.differ > 0;
		diff_fini(&d);
		book_close(&a);
		book_close(&b);
	}
	assert_true(some > PAIRS && differ > PAIRS);
}

/* ---- the same meaning in other words */

static const struct {
	const char *what, *a, *b;
} same[] = {
	{ "one entry or two", "network:\n  allow:\n    - endpoint: a.test\n"
	    "      ports: [80, 443]\n", "network:\n  allow:\n"
	    "    - {endpoint: a.test, ports: [443]}\n"
	    "    - {endpoint: a.test, ports: [80]}\n" },
	{ "GET includes HEAD", "network:\n  allow:\n"
	    "    - {endpoint: a.test, methods: [GET]}\n", "network:\n"
	    "  egress:\n    - {destination: A.test., methods: [HEAD, GET]}\n" },
	{ "an entry inside another", "network:\n  allow:\n"
	    "    - {endpoint: '**.b.test'}\n", "network:\n  allow:\n"
	    "    - {endpoint: '**.b.test'}\n    - {endpoint: a.b.test, "
	    "paths: [/x]}\n" },
	{ "a deny of what nobody allows", "network: {allow: [{endpoint: "
	    "a.test}]}\n", "network: {allow: [{endpoint: a.test}], deny: "
	    "[{endpoint: '*.c.test'}, {endpoint: '*'}]}\n" },
	{ "a tree's parts", "file_access: {allow: [{path: /a/**}]}\n",
	    "file_access: {allow: [{path: /a/**}, {path: '/a/b/*.{c,h}'}, "
	    "{path: /a}, {path: /a/b/**}]}\n" },
	{ "denies inside a deny", "file_access: {deny: [{path: /a/**}]}\n",
	    "file_access: {deny: [{path: /a}, {path: /a/b}, {path: /a/**/c, "
	    "permissions: [write]}]}\n" },
	{ "paths in other words", "network: {allow: [{endpoint: a.test, "
	    "paths: [/x/*]}]}\n", "network: {allow: [{endpoint: a.test, "
	    "paths: ['/x/**', /x/y]}]}\n" },
	{ "what is denied is not allowed", "network: {allow: [{endpoint: "
	    "a.test, paths: [/x, /y]}], deny: [{endpoint: a.test, "
	    "paths: [/y]}]}\n", "network: {allow: [{endpoint: a.test, "
	    "paths: [/x]}]}\n" },
};

static void
what_means_the_same_does_not_differ(void **state)
{
	(void)state;
	for (size_t i = 0; i < NELEM(same); i++) {
		uint32_t told;

		assert_true(compare(same[i].a, same[i].b, &told) > 0);
		if (told > 0)
			fail_msg("%s: %u differences", same[i].what, told);
	}
}

/* ---- encoded slashes */

static void
an_encoded_slash_is_a_kind_of_request(void **state)
{
	uint32_t told;

	(void)state;
	assert_true(compare("network: {allow: [{endpoint: a.test, "
	    "encoded_slash: allow}]}\n", "network: {allow: [{endpoint: "
	    "a.test}]}\n", &told) > 0);
	assert_true(told > 0);
	assert_true(compare("network: {allow: [{endpoint: a.test, "
	    "encoded_slash: allow}]}\n", "network: {allow: [{endpoint: "
	    "a.test, encoded_slash: allow}], deny: [{endpoint: a.test, "
	    "paths: ['/**%2F**']}]}\n", &told) > 0);
	assert_true(told > 0);
}

/* ---- what no answer shows */

static const struct {
	const char *what, *a, *b;
} settings[] = {
	{ "a rule for what was made", "commands: {allow: [git], "
	    "unreviewed_code: allow}\n", "commands: {allow: [git]}\n" },
	{ "an environment", "commands: {allow: [{command: git, "
	    "env: {forbid: [X]}}]}\n", "commands: {allow: [git]}\n" },
	{ "what is hidden", "file_access: {hide: true}\n",
	    "file_access: {}\n" },
	{ "an entry's rate", "network: {allow: [{endpoint: a.test, "
	    "rate_limits: {max_requests_per_minute: 1}}]}\n",
	    "network: {allow: [{endpoint: a.test}]}\n" },
	{ "a route's limits", "inference: {router: {rules: [{condition: "
	    "turn > 3, route: local, limits: {cost: $0.80}}]}}\n",
	    "inference: {router: {rules: [{condition: turn > 3, "
	    "route: local}]}}\n" },
	{ "that a call is redacted", "inference: {router: {default: frontier, "
	    "rules: [{condition: turn > 3, action: redact}]}}\n",
	    "inference: {router: {default: frontier}}\n" },
	{ "a backend in the router", "inference: {router: {default: b, "
	    "backends: {b: {kind: openai, url: 'https://a.test'}}}}\n",
	    "inference: {router: {default: b, backends: {b: {kind: openai, "
	    "url: 'https://b.test'}}}}\n" },
	{ "a mode that denies nothing, and another one", "policy_mode: audit\n",
	    "policy_mode: permissive\n" },
	{ "which path a label is of", "labels: [{path: /a, label: high}, "
	    "{path: /b, label: secret}]\n", "labels: [{path: /a, label: "
	    "secret}, {path: /b, label: high}]\n" },
	{ "which entry it is of", "commands: {allow: [{command: git, "
	    "env: {forbid: [X]}}, {command: make}]}\n", "commands: {allow: "
	    "[{command: make, env: {forbid: [X]}}, {command: git}]}\n" },
};

static void
what_no_answer_shows_differs_as_it_is_written(void **state)
{
	(void)state;
	for (size_t i = 0; i < NELEM(settings); i++) {
		struct book a, b;
		struct diff d;
		struct err e = { 0 };

		assert_true(open_text("a", settings[i].a, &a));
		assert_true(open_text("b", settings[i].b, &b));
		assert_int_equal(diff_books(&a, &b, &d, &e), 0);
		if (d.n == 0 || d.v[0].change != CHANGE_SETTING)
			fail_msg("%s: it is not told", settings[i].what);
		diff_fini(&d);
		book_close(&a);
		book_close(&b);
	}
}

/* ---- conditions, which hide and are not looked into */

static const char by_session[] = "  deny: [{endpoint: a.test, when: "
    "sensitivity >= high}]\n";
static const char by_request[] = "  deny: [{endpoint: a.test, headers: "
    "{X: y}}, {endpoint: a.test, when: body_size > 1KiB}]\n";

static void
compare_under(const char *deny, enum change first, enum change second)
{
	CLEAN_FREE char *x = NULL;
	CLEAN_FREE char *y = NULL;
	struct book a, b;
	struct diff d;
	struct err e = { 0 };

	assert_true(asprintf(&x, "network:\n  allow: [{endpoint: a.test, "
	    "methods: [GET]}]\n%s", deny) > 0);
	assert_true(asprintf(&y, "network:\n  allow: [{endpoint: a.test, "
	    "methods: [POST]}]\n%s", deny) > 0);
	assert_true(open_text("a", x, &a));
	assert_true(open_text("b", y, &b));
	assert_int_equal(diff_books(&a, &b, &d, &e), 0);
	assert_true(d.n > 0);
	confirm(&a, &b, &d);
	for (uint32_t i = 0; i < d.n; i++) {
		assert_true(d.v[i].change == first ||
		    d.v[i].change == second);
		assert_true(d.v[i].text == NULL || d.v[i].text[0] != ',');
	}
	diff_fini(&d);
	assert_int_equal(diff_books(&a, &a, &d, &e), 0);
	assert_int_equal(d.n, 0);
	diff_fini(&d);
	book_close(&a);
	book_close(&b);
}

static void
a_condition_on_the_session_is_looked_into(void **state)
{
	(void)state;
	compare_under(by_session, CHANGE_POSSIBLE, CHANGE_IMPOSSIBLE);
}

static void
what_a_request_must_hold_may_hide_a_difference(void **state)
{
	(void)state;
	compare_under(by_request, CHANGE_UNSURE, CHANGE_UNSURE);
}

/* ---- warnings */

static const struct {
	const char *what, *text, *want; /* want NULL: nothing is said */
} warned[] = {
	{ "a plain policy", "network: {allow: [{endpoint: a.test}]}\n", NULL },
	{ "a rule inside another", "network: {allow: [{endpoint: a.test}, "
	    "{endpoint: a.test, methods: [GET]}]}\n",
	    "warning: this changes nothing: p:1 allows it already" },
	{ "a rule inside two others", "network: {allow: [{endpoint: a.test, "
	    "paths: [/x]}, {endpoint: a.test, paths: [/y]},\n"
	    "  {endpoint: a.test, paths: [/x, /y]}]}\n",
	    "p:2:3: warning: this changes nothing" },
	{ "a rule that is denied whole", "network: {allow: [{endpoint: "
	    "x.b.test}],\n  deny: [{endpoint: '*.b.test'}]}\n",
	    "p:2 denies all of it" },
	{ "a deny that takes something", "network: {allow: [{endpoint: "
	    "a.test}], deny: [{endpoint: a.test, paths: [/x]}]}\n", NULL },
	{ "a deny beside what it cannot take from", "network: {allow: "
	    "[{endpoint: a.test, methods: [GET]}], deny: [{endpoint: a.test, "
	    "methods: [POST]}]}\n", "this denies nothing" },
	{ "a precaution", "network: {allow: [{endpoint: a.test}], deny: "
	    "[{endpoint: '*.b.test'}]}\n", NULL },
	{ "a suffix under which anybody may be", "network: {allow: "
	    "[{endpoint: '*.github.io'}]}\n", "anybody may have a name" },
	{ "all methods where credentials are used", "network: {allow: "
	    "[{endpoint: api.github.com}]}\n", "every method" },
	{ "one method where credentials are used", "network: {allow: "
	    "[{endpoint: api.github.com, methods: [GET]}]}\n", NULL },
	{ "bytes unseen on the port of https", "network: {allow: "
	    "[{endpoint: a.test, protocols: [tcp]}]}\n", "pass unseen" },
	{ "everything by default", "network: {default_policy: allow}\n",
	    "every public host" },
	{ "a mode that denies nothing", "policy_mode: audit\n",
	    "nothing is denied" },
	{ "what runs outside", "file_access: {allow: [{path: "
	    "/w/.git/hooks/x, permissions: [write]}]}\n",
	    "a program outside the sandbox" },
	{ "everything written", "file_access: {allow: [{path: /**, "
	    "permissions: [write]}]}\n", "everything may be written" },
	{ "a path inside a tree", "file_access: {allow: [{path: /w/**}, "
	    "{path: /w/x}]}\n", "this changes nothing" },
};

static void
what_was_hardly_meant_is_warned_of(void **state)
{
	(void)state;
	for (size_t i = 0; i < NELEM(warned); i++) {
		const struct policy_file f = { .name = "p",
			.text = str_c(warned[i].text) };
		CLEAN_FREE char *said = NULL;
		struct book b;

		assert_int_equal(book_open(&f, 1, &b), 0);
		warn_all(&b, &f, 1);
		said = diags_print(&b.diags, false);
		if (warned[i].want == NULL ? said[0] != '\0' :
		    strstr(said, warned[i].want) == NULL)
			fail_msg("%s: %s", warned[i].what, said);
		book_close(&b);
	}
}

/* ---- statements */

static const char proved[] =
    "network:\n"
    "  allow:\n"
    "    - {endpoint: api.github.com, methods: [GET], paths: [/repos/*]}\n"
    "    - {endpoint: '*.b.test', ports: [443, 8443]}\n"
    "    - {endpoint: m.test, ports: [465], protocols: [smtps]}\n"
    "    - {endpoint: g.test, binaries: [git]}\n"
    "file_access:\n"
    "  system: none\n"
    "  allow:\n"
    "    - {path: /w/**, permissions: [read, write]}\n"
    "    - {path: /r/**}\n"
    "  deny:\n"
    "    - path: /w/hr/**\n"
    "commands:\n"
    "  allow: [ls, 'cat /w/**']\n"
    "  deny: ['rm -rf *']\n"
    "inference:\n"
    "  router:\n"
    "    default: local\n"
    "    rules:\n"
    "      - {condition: sensitivity < high && task == chat, "
    "route: frontier}\n";

static const struct {
	const char *text;
	const char *want; /* NULL: it holds; "!...": no statement, and why */
} stated[] = {
	{ "every request to api.github.com has method GET or HEAD", NULL },
	{ "every request to api.github.com has method HEAD", "GET " },
	{ "every request to api.github.com has path /repos/*", NULL },
	{ "every request to api.github.com has path /repos/a/*",
	    "GET https://api.github.com/repos/" },
	{ "no request reaches *.internal with method POST", NULL },
	{ "no request to *.test with method POST", "POST https://" },
	{ "no request to *.test with method POST and port 443, 8443", "POST" },
	{ "no request to *.test on port 80", NULL },
	{ "no request from /usr/bin/curl to g.test", "https://g.test" },
	{ "no request from /usr/bin/curl to api.github.com path /x", NULL },
	{ "no request from /usr/bin/git to g.test", "https://g.test" },
	{ "no request to m.test", "m.test:465" },
	{ "every request to m.test has method GET", "m.test:465" },
	{ "no connection to 10.0.0.0/8", NULL },
	{ "no connection port 465", "CONNECT m.test:465" },
	{ "nothing under /w/hr is readable", NULL },
	{ "nothing under /w/hr or /x is readable or writable", NULL },
	{ "nothing under /w is readable", "READ /w" },
	{ "nothing under /r is writable", NULL },
	{ "only /w or /run, /tmp, /dev, /var, /home/sandbox is writable",
	    NULL },
	{ "only /w is writable", "WRITE /" },
	{ "nothing under **/hr is readable", "READ /" },
	{ "sensitivity >= high => route == local", NULL },
	{ "sensitivity >= internal => locality == local",
	    "MODEL context_sensitivity=internal task=chat" },
	{ "route == frontier => sensitivity <= internal", NULL },
	{ "sensitivty >= high => route == local", "!did you mean" },
	{ "no command rm", NULL },
	{ "no command sudo ...", NULL },
	{ "no command ls", "EXEC ls" },
	{ "no command cat /w/hr/**", "EXEC cat /w/hr" },
	{ "no command cat /etc/passwd", NULL },
	{ "no command cat runs with /w/x", "EXEC cat /w/x" },
	{ "no command rm or dd or sudo", NULL },
	{ "no command ls or rm", "EXEC ls" },
	{ "no command runs with /etc/**", "EXEC ls /etc" },
	{ "only ls or cat runs", NULL },
	{ "only ls runs", "EXEC cat /w" },
	{ "only ls runs with /etc/**", NULL },
	{ "only cat runs with -l", "EXEC ls -l" },
	{ "only cat runs on /x", "!with" },
	{ "no command runs with", "!missing" },
	{ "no command", "!missing" },
	{ "", "!no statement" },
	{ "no", "!begins with" },
	{ "no request to", "!a host is missing" },
	{ "no request to a/b", "!neither a host" },
	{ "no request port 0", "!port" },
	{ "no request methd GET", "!not understood" },
	{ "no request to a.test to b.test", "!said already" },
	{ "no connection method GET", "!no method" },
	{ "every request to a.test", "!has method" },
	{ "every request has", "!missing" },
	{ "nothing under x is readable", "!absolute" },
	{ "nothing under /x", "!is readable" },
	{ "nothing under /x is seen", "!writable" },
};

static void
statements_hold_or_have_an_example(void **state)
{
	struct book b;

	(void)state;
	assert_true(open_text("p", proved, &b));
	for (size_t i = 0; i < NELEM(stated); i++) {
		const char *want = stated[i].want, *said = "";
		struct str text = str_c(stated[i].text);
		struct doc doc = { .name = "s", .text = text };
		struct arena arena = { 0 };
		struct diags d = { 0 };
		struct proof p;
		int rc = prove(&b, &doc, 1, text, &arena, &d, &p);

		if (rc == -1)
			said = d.v[0].text;
		else if (!p.holds)
			said = p.counter.shown.p;
		if ((rc == -1) != (want != NULL && want[0] == '!') ||
		    (rc == 0 && p.holds != (want == NULL)) ||
		    (want != NULL && strstr(said, want + (rc == -1)) == NULL))
			fail_msg("%s: %d %s", stated[i].text, rc, said);
		diags_fini(&d);
		arena_fini(&arena);
	}
	book_close(&b);
}

/* ---- profiles */

#define WHOLE "network: {allow: [{endpoint: a.test, methods: [GET]}], deny: " \
	"[{endpoint: a.test, paths: [/no]}]}\n"			\
	"file_access: {allow: [{path: /srv/**, permissions: [read, write]}],"\
	" deny: [{path: /srv/x}]}\n"					\
	"commands: {allow: [ls, 'cat /srv/**', {command: a, profile: p}]}\n"

static const struct {
	const char *what, *profile;
	const char *want; /* of what is said; NULL: nothing */
} profiles[] = {
	{ "nothing at all", "{}", NULL },
	{ "less of the network", "{network: {allow: [{endpoint: a.test, "
	    "methods: [GET], paths: [/x]}]}}", NULL },
	{ "the same, without the denies", "{network: {allow: [{endpoint: "
	    "a.test, methods: [GET]}]}, file_access: {allow: [{path: "
	    "/srv/**, permissions: [read, write]}]}}", NULL },
	{ "another host", "{network: {allow: [{endpoint: b.test}]}}",
	    "p:4:34: https://b.test/" },
	{ "another method", "{network: {allow: [{endpoint: a.test, methods: "
	    "[GET]}, {endpoint: a.test, methods: [PUT]}]}}",
	    "p:4:70: PUT https://a.test/" },
	{ "all by default", "{network: {default_policy: allow}, commands: "
	    "{default_policy: allow, deny: [rm]}}", NULL },
	{ "a file", "{file_access: {allow: [{path: /srv/a}, {path: "
	    "/opt/x}]}}", "p:4:61: READ /opt/x" },
	{ "a protected name", "{file_access: {allow: [{path: /srv/**, "
	    "permissions: [read, write]}]}}", NULL },
	{ "a command", "{commands: {allow: [ls, vi]}}", "p:4:39: EXEC vi" },
	{ "arguments", "{commands: {allow: ['cat /srv/a/*', 'cat *.x']}}",
	    "p:4:52: EXEC cat" },
	{ "fewer arguments", "{commands: {allow: ['ls -l *', 'cat /srv/q']}}",
	    NULL },
};

static void
a_profile_allows_nothing_that_its_policy_does_not(void **state)
{
	(void)state;
	for (size_t i = 0; i < NELEM(profiles); i++) {
		CLEAN_FREE char *text = mem_printf("%sprofiles: {p: %s}\n",
		    WHOLE, profiles[i].profile);
		const struct policy_file f = { .name = "p",
			.text = str_c(text) };
		char said[1024] = "";
		struct diags d = { 0 };
		char *image = NULL;
		size_t len;
		int rc = narrow_compile(&f, 1, POLICY_STAGE_CHECK, &image,
		    &len, &d);

		if (d.n > 0)
			(void)snprintf(said, sizeof(said), "%s:%u:%u: %s",
			    d.v[0].file, d.v[0].line, d.v[0].column,
			    d.v[0].text);
		if ((rc == -1) != (profiles[i].want != NULL) ||
		    (rc == -1 && (strncmp(said, profiles[i].want, 7) != 0 ||
		    strstr(said, profiles[i].want + 8) == NULL)))
			fail_msg("%s: %d %s", profiles[i].what, rc, said);
		diags_fini(&d);
		free(image);
	}
}

/* ---- many rules */

static char *
many_rules(uint32_t n, uint32_t odd)
{
	struct buf b;

	buf_init(&b, 1 << 20);
	say(&b, "network:\n  allow:\n");
	for (uint32_t i = 0; i < n; i++)
		must(buf_printf(&b, "    - {endpoint: h%u.site%u.example, "
		    "methods: [%s], paths: [/v%u/*]}\n", i, i % 7,
		    i == odd ? "POST" : "GET", i % 11));
	return buf_take(&b, NULL);
}

static void
one_of_a_thousand_rules_is_found(void **state)
{
	CLEAN_FREE char *x = many_rules(1000, 1000);
	CLEAN_FREE char *y = many_rules(1000, 517);
	struct book a, b;
	struct diff d;
	struct err e = { 0 };

	(void)state;
	assert_true(open_text("a", x, &a));
	assert_true(open_text("b", y, &b));
	assert_int_equal(diff_books(&a, &b, &d, &e), 0);
	assert_int_equal(d.n, 2);
	assert_string_equal(d.v[0].example.host.text, "h517.site6.example");
	diff_fini(&d);
	book_close(&a);
	book_close(&b);
}

static char *
many_paths(uint32_t n, uint32_t odd)
{
	struct buf b;

	buf_init(&b, 1 << 20);
	say(&b, "network:\n  allow:\n");
	for (uint32_t i = 0; i < n; i++)
		must(buf_printf(&b, "    - {endpoint: a.test, methods: [%s], "
		    "paths: [/%c%u/a/*, '/x%u/*/y']}\n", i % 3 == 0 ? "GET" :
		    "PUT", i == odd ? 'w' : 'v', i, i));
	return buf_take(&b, NULL);
}

static void
one_of_a_thousand_rules_for_a_host_is_found(void **state)
{
	CLEAN_FREE char *x = many_paths(1000, 1000);
	CLEAN_FREE char *y = many_paths(1000, 517);
	struct book a, b;
	struct diff d;
	struct err e = { 0 };

	(void)state;
	assert_true(open_text("a", x, &a));
	assert_true(open_text("b", y, &b));
	assert_int_equal(diff_books(&a, &b, &d, &e), 0);
	assert_int_equal(d.n, 2);
	diff_fini(&d);
	book_close(&a);
	book_close(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    a_difference_is_told_exactly_where_there_is_one),
		cmocka_unit_test(a_difference_about_files_is_told_exactly),
		cmocka_unit_test(what_means_the_same_does_not_differ),
		cmocka_unit_test(an_encoded_slash_is_a_kind_of_request),
		cmocka_unit_test(
		    a_profile_allows_nothing_that_its_policy_does_not),
		cmocka_unit_test(
		    what_no_answer_shows_differs_as_it_is_written),
		cmocka_unit_test(a_condition_on_the_session_is_looked_into),
		cmocka_unit_test(
		    what_a_request_must_hold_may_hide_a_difference),
		cmocka_unit_test(what_was_hardly_meant_is_warned_of),
		cmocka_unit_test(statements_hold_or_have_an_example),
		cmocka_unit_test(one_of_a_thousand_rules_is_found),
		cmocka_unit_test(one_of_a_thousand_rules_for_a_host_is_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
