#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/buf.h"
#include "base/clean.h"
#include "base/compat.h"
#include "base/err.h"
#include "compile/compile.h"
#include "policy/form.h"
#include "policy/profile.h"
#include "policy/rates.h"

/* ---- one policy with profiles */

#define POLICY								\
	"network:\n"							\
	"  allow: [{endpoint: a.test}, {endpoint: b.test}]\n"		\
	"  deny: [{endpoint: a.test, paths: [/no]}]\n"			\
	"file_access:\n"						\
	"  allow:\n"							\
	"    - {path: /srv/**, permissions: [read, write]}\n"		\
	"commands:\n"							\
	"  allow:\n"							\
	"    - git\n"							\
	"    - ls\n"							\
	"    - {command: agent, profile: reader}\n"			\
	"    - {command: agent, args_pattern: \"both\", profile: quiet}\n" \
	"    - {command: /bin/q, profile: quiet}\n"			\
	"profiles:\n"							\
	"  reader:\n"							\
	"    network: {allow: [{endpoint: a.test, methods: [GET]},\n"	\
	"                      {endpoint: c.test}]}\n"			\
	"    file_access:\n"						\
	"      allow: [{path: /srv/pub/**}, {path: /opt/x/**}]\n"	\
	"    commands:\n"						\
	"      allow: [ls, vi, {command: git, profile: quiet}]\n"	\
	"  quiet:\n"							\
	"    file_access:\n"						\
	"      allow: [{path: /srv/**, permissions: [read, write]}]\n"

enum { QUIET = 1, READER = 2 };	/* by name */

struct made { /* made_fini() it */
	char *bytes;
	size_t len;
	struct image *im;
};

static bool
make(const char *text, enum policy_stage stage, struct made *out)
{
	struct policy_file f = { "p.yaml", str_c(text), POLICY_GIVEN, false };
	struct diags d = { 0 };
	struct err e = { 0 };
	bool ok;

	*out = (struct made){ 0 };
	ok = policy_compile(&f, 1, stage, &out->bytes, &out->len, &d) == 0;
	if (!ok)
		print_error("%s:%u: %s\n", d.v[0].file, d.v[0].line,
		    d.v[0].text);
	else
		assert_int_equal(image_of(str_of(out->bytes, out->len),
		    &out->im, &e), 0);
	diags_fini(&d);
	return ok;
}

static void
made_fini(struct made *m)
{
	image_free(m->im);
	free(m->bytes);
}

static void
they_are_there_by_name(void **state)
{
	struct made m;
	char names[64];

	(void)state;
	assert_true(make(POLICY, POLICY_STAGE_CHECK, &m));
	assert_int_equal(image_profiles(m.im), 2);
	assert_int_equal(image_profile_find(m.im, STR("quiet")), 0);
	assert_int_equal(image_profile_find(m.im, STR("reader")), 1);
	assert_int_equal(image_profile_find(m.im, STR("read")), -1);
	assert_int_equal(image_profiles_all(m.im), QUIET | READER);
	assert_true(image_info(m.im)->needs_file_gate);
	assert_true(image_info(m.im)->needs_who);
	profiles_print(m.im, QUIET | READER, names, sizeof(names));
	assert_string_equal(names, "quiet and reader");
	profiles_print(m.im, 0, names, sizeof(names));
	assert_string_equal(names, "");
	made_fini(&m);
}

/* ---- network */

static const struct {
	const char *what;
	uint64_t profiles;
	const char *method, *host, *path;
	enum verdict want;
	const char *why;
} requests[] = {
	{ "under none, the policy alone", 0, "POST", "a.test", "/",
	    VERDICT_ALLOW, "allowed by p.yaml:2" },
	{ "what both allow", READER, "GET", "a.test", "/", VERDICT_ALLOW,
	    "allowed by p.yaml:2" },
	{ "another method", READER, "POST", "a.test", "/", VERDICT_DENY,
	    "the profile reader: " },
	{ "another host", READER, "GET", "b.test", "/", VERDICT_DENY,
	    "the profile reader: " },
	{ "a profile allows nothing by itself", READER, "GET", "c.test", "/",
	    VERDICT_DENY, "no rule" },
	{ "a deny of the policy stays", READER, "GET", "a.test", "/no",
	    VERDICT_DENY, "denied by p.yaml:3" },
	{ "a profile that says nothing of the network has none", QUIET, "GET",
	    "a.test", "/", VERDICT_DENY, "the profile quiet: " },
	{ "under two, both", QUIET | READER, "GET", "a.test", "/",
	    VERDICT_DENY, "the profile quiet: " },
	{ "one that is not there allows nothing", 4, "GET", "a.test", "/",
	    VERDICT_DENY, "does not have" },
	{ "nor the last that there could be", UINT64_C(1) << 63, "GET",
	    "a.test", "/", VERDICT_DENY, "does not have" },
	{ "nor with one that is there", READER | 4, "GET", "a.test", "/",
	    VERDICT_DENY, "does not have" },
};

static void
requests_are_bounded(void **state)
{
	const struct in6_addr addr = { .s6_addr = { [10] = 0xff, [11] = 0xff,
		8, 8, 8, 8 } };
	struct made m;
	size_t bad = 0;

	(void)state;
	assert_true(make(POLICY, POLICY_STAGE_CHECK, &m));
	for (size_t i = 0; i < NELEM(requests); i++) {
		const struct net_query q = {
			.profiles = requests[i].profiles,
			.host = str_c(requests[i].host), .port = 443,
			.tls = true, .method = str_c(requests[i].method),
			.path = str_c(requests[i].path) };
		struct net_answer a;
		char why[REASON_BYTES_MAX];

		policy_network(m.im, &q, &a);
		if (a.verdict == requests[i].want &&
		    a.judged == requests[i].want &&
		    strstr(a.reason, requests[i].why) != NULL &&
		    (q.profiles < 4 || !policy_address(m.im, &q, &addr, why,
		    sizeof(why))))
			continue;
		print_error("%s: %s\n", requests[i].what, a.reason);
		bad++;
	}
	assert_int_equal(bad, 0);
	made_fini(&m);
}

static void
an_address_needs_all(void **state)
{
	static const char text[] =
	    "network: {allow: [{endpoint: a.test, allowed_ips: "
	    "[10.0.0.0/8]}]}\n"
	    "commands: {allow: [{command: x, profile: p}]}\n"
	    "profiles: {p: {network: {allow: [{endpoint: a.test, "
	    "allowed_ips: [10.1.0.0/16]}]}}}\n";
	struct in6_addr in = { .s6_addr = { [10] = 0xff, [11] = 0xff, 10, 1,
		0, 1 } }, out = in;
	struct net_query q = { .host = STR("a.test"), .port = 443,
		.tls = true };
	struct made m;
	char why[256];

	(void)state;
	out.s6_addr[13] = 2;
	assert_true(make(text, POLICY_STAGE_CHECK, &m));
	assert_true(policy_address(m.im, &q, &in, why, sizeof(why)));
	assert_true(policy_address(m.im, &q, &out, why, sizeof(why)));
	q.profiles = 1;
	assert_true(policy_address(m.im, &q, &in, why, sizeof(why)));
	assert_false(policy_address(m.im, &q, &out, why, sizeof(why)));
	made_fini(&m);
}

/* ---- files */

static const struct {
	const char *what;
	uint64_t profiles;
	const char *path;
	unsigned mounted, want;
} paths[] = {
	{ "under none", 0, "/srv/x", 0, 3 },
	{ "not of the profile", READER, "/srv/x", 0, 0 },
	{ "read alone", READER, "/srv/pub/x", 0, 1 },
	{ "what the policy lacks", READER, "/opt/x/y", 0, 0 },
	{ "under two, both", QUIET | READER, "/srv/pub/x", 0, 1 },
	{ "all of it", QUIET, "/srv/x", 0, 3 },
	{ "a mount is no allow of a profile", READER, "/data/x", 7, 0 },
	{ "though it is one of the policy", 0, "/data/x", 7, 3 },
	{ "unless the profile names it", QUIET, "/srv/x", 7, 3 },
	{ "the sandbox's own is of others, too", READER, "/tmp/x", 0, 0 },
	{ "and so is the home", READER, "/home/sandbox/.bashrc", 0, 0 },
	{ "the layer over the system, too", READER, "/opt/y", 0, 0 },
	{ "what every program needs stays", READER, "/dev/null", 0, 3 },
	{ "the system stays", READER, "/usr/lib/x", 0, 1 },
	{ "one that is not there", 8, "/srv/x", 0, 0 },
};

static void
files_are_bounded(void **state)
{
	struct made m;
	size_t bad = 0;

	(void)state;
	assert_true(make(POLICY, POLICY_STAGE_CHECK, &m));
	for (size_t i = 0; i < NELEM(paths); i++) {
		struct file_query q = { .path = str_c(paths[i].path),
			.profiles = paths[i].profiles,
			.mounted = paths[i].mounted };
		unsigned got = policy_file_judge(m.im, &q);

		for (unsigned bit = 1; bit <= 2; bit <<= 1) {
			struct file_answer a;

			q.access = bit;
			policy_file(m.im, &q, &a);
			if ((a.verdict == VERDICT_ALLOW) !=
			    ((got & bit) != 0))
				got = 99;
		}
		if (got == paths[i].want)
			continue;
		print_error("%s: %s: %u\n", paths[i].what, paths[i].path,
		    got);
		bad++;
	}
	assert_int_equal(bad, 0);
	made_fini(&m);
}

/* A directory that may go from a to b under the policy takes what is denied
 * to a profile to where it is not. */
static void
a_directory_moves_where_all_say_the_same(void **state)
{
	struct made m;

	(void)state;
	assert_true(make(POLICY, POLICY_STAGE_CHECK, &m));
	assert_true(profiles_file_same(m.im, 0, STR("/srv/a"),
	    STR("/srv/pub/a")));
	assert_false(profiles_file_same(m.im, READER, STR("/srv/a"),
	    STR("/srv/pub/a")));
	assert_true(profiles_file_same(m.im, READER, STR("/srv/a"),
	    STR("/srv/b")));
	assert_false(profiles_file_same(m.im, 8, STR("/srv/a"),
	    STR("/srv/b")));
	made_fini(&m);
}

/* ---- commands */

static const struct {
	const char *what;
	uint64_t profiles;
	const char *line;	/* one blank at most */
	enum verdict want;
	uint64_t enters;
} lines[] = {
	{ "an entry without one", 0, "git", VERDICT_ALLOW, 0 },
	{ "an entry with one", 0, "agent", VERDICT_ALLOW, READER },
	{ "two entries demand both", 0, "agent both", VERDICT_ALLOW,
	    READER | QUIET },
	{ "by its path", 0, "/bin/q", VERDICT_ALLOW, QUIET },
	{ "not of the profile", READER, "agent", VERDICT_DENY, 0 },
	{ "both allow it", READER, "ls", VERDICT_ALLOW, 0 },
	{ "not of the policy", READER, "vi", VERDICT_DENY, 0 },
	{ "a profile leads to another", READER, "git", VERDICT_ALLOW,
	    QUIET },
	{ "a profile without the section lets all be", QUIET, "git",
	    VERDICT_ALLOW, 0 },
	{ "under both", QUIET | READER, "git", VERDICT_ALLOW, QUIET },
	{ "one that is not there", 16, "git", VERDICT_DENY, 0 },
};

static void
commands_are_bounded(void **state)
{
	struct made m;
	size_t bad = 0;

	(void)state;
	assert_true(make(POLICY, POLICY_STAGE_CHECK, &m));
	for (size_t i = 0; i < NELEM(lines); i++) {
		struct str argv[2] = { str_c(lines[i].line) };
		struct exec_form form = { .argv = argv, .argc = 1 };
		const struct exec_query q = { .forms = &form, .nforms = 1,
			.paper = true, .cwd = STR("/"),
			.profiles = lines[i].profiles };
		struct exec_answer a;

		if (str_cut(argv[0], ' ', &argv[0], &argv[1]))
			form.argc = 2;
		form.name = argv[0];
		if (form.name.p[0] == '/')
			form.file = form.name;
		policy_exec(m.im, &q, &a);
		if (a.judged == lines[i].want && (a.judged == VERDICT_DENY ||
		    a.profiles == lines[i].enters))
			continue;
		print_error("%s: %s: %llu\n", lines[i].what, a.reason,
		    (unsigned long long)a.profiles);
		bad++;
	}
	assert_int_equal(bad, 0);
	made_fini(&m);
}

/* The operator's own programs run whatever the rules say, but where they
 * say. */
static void
the_operator_is_no_way_around(void **state)
{
	struct str argv[] = { STR("agent") };
	struct exec_form form = { .name = argv[0], .argv = argv, .argc = 1 };
	struct exec_query q = { .forms = &form, .nforms = 1, .paper = true,
		.main = true };
	struct exec_answer a;
	struct made m;

	(void)state;
	assert_true(make(POLICY, POLICY_STAGE_CHECK, &m));
	policy_exec(m.im, &q, &a);
	assert_int_equal(a.judged, VERDICT_ALLOW);
	assert_int_equal(a.profiles, READER);
	argv[0] = form.name = STR("vi");
	policy_exec(m.im, &q, &a);
	assert_int_equal(a.judged, VERDICT_ALLOW);
	assert_int_equal(a.profiles, 0);
	made_fini(&m);
}

/* Each part of the image has names of its own, counted through. */
static void
names_are_counted_through(void **state)
{
	struct str argv[] = { STR("git") };
	uint32_t same[8], n = 0;
	struct exec_form form = { .name = STR("git"), .file = STR("/bin/g"),
		.argv = argv, .argc = 1, .same = same };
	struct exec_query q = { .forms = &form, .nforms = 1 };
	struct exec_answer a;
	struct made m;

	(void)state;
	assert_true(make(POLICY, POLICY_STAGE_CHECK, &m));
	assert_int_equal(image_commands(m.im), 4 + 3);
	for (uint32_t i = 0; i < image_commands(m.im); i++) {
		struct exec_command c;

		image_command(m.im, i, &c);
		if (str_eqz(c.name, "git"))
			same[n++] = i;
	}
	assert_int_equal(n, 2);
	form.nsame = 2;
	q.profiles = READER;
	policy_exec(m.im, &q, &a);
	assert_int_equal(a.judged, VERDICT_ALLOW);
	assert_int_equal(a.profiles, QUIET);
	form.nsame = 1;	/* the policy's own: the profile knows no such file */
	policy_exec(m.im, &q, &a);
	assert_int_equal(a.judged, VERDICT_DENY);
	q.profiles = 0;
	policy_exec(m.im, &q, &a);
	assert_int_equal(a.judged, VERDICT_ALLOW);
	made_fini(&m);
}

/* ---- any policy under any two profiles: what all of them allow */

static uint64_t
roll(uint64_t *seed, uint64_t n)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed % n;
}

static void
put_some(struct buf *b, uint64_t *seed, const char *key,
    const char *const *items, uint64_t n)
{
	uint64_t count = roll(seed, 4);

	assert_true(buf_printf(b, "%s: [", key));
	for (uint64_t i = 0; i < count; i++)
		assert_true(buf_printf(b, "%s%s", i > 0 ? ", " : "",
		    items[roll(seed, n)]));
	assert_true(buf_addz(b, "]"));
}

/* Sections in one line, between braces or as a document. */
static char *
some_sections(uint64_t *seed)
{
	static const char *const nets[] = { "{endpoint: a.test}",
		"{endpoint: a.test, methods: [GET]}", "{endpoint: b.test}",
		"{endpoint: \"*.x.test\"}", "{endpoint: b.x.test, paths: [/x/*]}" };
	static const char *const files[] = { "{path: /srv/**}",
		"{path: /srv/a/**, permissions: [read, write]}",
		"{path: \"/srv/**/*.x\"}", "{path: /srv/b}" };
	static const char *const runs[] = { "git", "git push", "ls",
		"\"ls *\"" };
	static const struct {
		const char *name;
		const char *const *items;
		uint64_t n;
	} all[] = { { "network", nets, NELEM(nets) }, { "file_access", files,
		NELEM(files) }, { "commands", runs, NELEM(runs) } };
	struct buf b;

	buf_init(&b, 65536);
	for (size_t i = 0; i < NELEM(all); i++) {
		if (i != 1 && roll(seed, 5) == 0)
			continue;	/* a policy has the layer then */
		assert_true(buf_printf(&b, "%s%s: {default_policy: %s, ",
		    b.len > 0 ? ", " : "", all[i].name, roll(seed, 4) == 0 ?
		    "allow" : "deny"));
		put_some(&b, seed, "allow", all[i].items, all[i].n);
		assert_true(buf_addz(&b, ", "));
		put_some(&b, seed, "deny", all[i].items, all[i].n);
		assert_true(buf_addz(&b, "}"));
	}
	return buf_take(&b, NULL);
}

static bool
may_connect(const struct image *im, uint64_t profiles, uint64_t i)
{
	static const char *const hosts[] = { "a.test", "b.test", "b.x.test" };
	static const char *const methods[] = { "GET", "POST" };
	static const char *const where[] = { "/", "/x/y" };
	const struct net_query q = { .profiles = profiles, .port = 443,
		.tls = true, .host = str_c(hosts[i % 3]),
		.method = str_c(methods[i / 3 % 2]),
		.path = str_c(where[i / 6 % 2]) };
	struct net_answer a;

	policy_network(im, &q, &a);
	return a.judged == VERDICT_ALLOW;
}

static bool
may_open(const struct image *im, uint64_t profiles, uint64_t i)
{
	static const char *const names[] = { "/srv", "/srv/a", "/srv/b",
		"/srv/a/b.x", "/srv/c/d.x", "/srv/c/d" };
	const struct file_query q = { .profiles = profiles,
		.path = str_c(names[i % 6]), .access = 1 + i / 6 % 2 };
	struct file_answer a;

	policy_file(im, &q, &a);
	assert_int_equal((policy_file_judge(im, &q) & q.access) != 0,
	    a.judged == VERDICT_ALLOW);
	return a.judged == VERDICT_ALLOW;
}

static bool
may_run(const struct image *im, uint64_t profiles, uint64_t i)
{
	static const char *const words[] = { "git", "ls", "vi" };
	struct str argv[] = { str_c(words[i % 3]), i / 3 % 2 == 0 ?
	    STR("push") : STR("-l") };
	struct exec_form form = { .name = argv[0], .argv = argv,
		.argc = 1 + i / 6 % 2 };
	const struct exec_query q = { .forms = &form, .nforms = 1,
		.paper = true, .profiles = profiles };
	struct exec_answer a;

	policy_exec(im, &q, &a);
	return a.judged == VERDICT_ALLOW;
}

static void
a_profile_is_never_wider(void **state)
{
	static bool (*const asks[])(const struct image *, uint64_t,
	    uint64_t) = { may_connect, may_open, may_run };
	uint64_t seed = 2463534242;

	(void)state;
	for (int round = 0; round < 80; round++) {
		struct made all, own, alone[2];
		CLEAN_FREE char *text = NULL;
		char *parts[3], *one;

		for (size_t i = 0; i < 3; i++) {
			parts[i] = some_sections(&seed);
			assert_true(asprintf(&one, "{%s}", parts[i]) > 0);
			assert_true(make(one, POLICY_STAGE_CHECK, i == 2 ?
			    &own : &alone[i]));
			free(one);
		}
		assert_true(asprintf(&text, "{%s%sprofiles: {p: {%s}, "
		    "q: {%s}}}", parts[2], parts[2][0] == '\0' ? "" : ", ",
		    parts[0], parts[1]) > 0);
		assert_true(make(text, POLICY_STAGE_CHECK, &all));
		for (uint64_t i = 0; i < 12 * 4 * NELEM(asks); i++) {
			uint64_t which = i / 12 % 4;
			bool (*ask)(const struct image *, uint64_t,
			    uint64_t) = asks[i / 48];
			bool want = ask(own.im, 0, i % 12);

			for (unsigned k = 0; k < 2; k++)
				want = want && ((which >> k & 1) == 0 ||
				    ask(alone[k].im, 0, i % 12));
			if (ask(all.im, which, i % 12) != want)
				fail_msg("%d under %d: %s", (int)(i % 48),
				    (int)which, text);
		}
		for (size_t i = 0; i < 3; i++) {
			made_fini(i == 2 ? &own : &alone[i]);
			free(parts[i]);
		}
		made_fini(&all);
	}
}

/* ---- what is refused */

static const struct {
	const char *what, *text, *why;
} refused[] = {
	{ "a name that is no name", "profiles: {\"a b\": {}}\n",
	    "a profile's name has letters" },
	{ "models, by this version",
	    "profiles: {a: {inference: {allow: []}}}\n",
	    "inference in a profile" },
	{ "amounts, by this version",
	    "profiles: {a: {resources: {max_memory_mb: 100}}}\n",
	    "resources in a profile" },
	{ "what contradicts itself", "profiles: {a: {commands: "
	    "{default_policy: allow, deny: [\"*\"]}}}\n", "remove one" },
	{ "the same of the network", "profiles: {a: {network: "
	    "{default_policy: allow, deny: [{endpoint: \"*\"}]}}}\n",
	    "remove one" },
	{ "what a profile leads to and is not there",
	    "profiles: {a: {commands: {allow: [{command: x, "
	    "profile: b}]}}}\n", "there is no profile \"b\"" },
};

static void
faults_are_said(void **state)
{
	size_t bad = 0;

	(void)state;
	for (size_t i = 0; i < NELEM(refused); i++) {
		struct policy_file f = { "p.yaml", str_c(refused[i].text),
			POLICY_GIVEN, false };
		struct diags d = { 0 };
		char *bytes = NULL;
		size_t len;
		bool found = false;

		if (policy_compile(&f, 1, POLICY_STAGE_ENFORCE, &bytes, &len,
			&d) == 0)
			free(bytes);
		for (size_t k = 0; k < d.n; k++)
			found |= d.v[k].level == DIAG_ERROR &&
			    strstr(d.v[k].text, refused[i].why) != NULL;
		if (!found) {
			print_error("%s: %s\n", refused[i].what, d.n == 0 ?
			    "nothing" : d.v[0].text);
			bad++;
		}
		diags_fini(&d);
	}
	assert_int_equal(bad, 0);
}

/* Each has up to 63 entries with limits, and all together 64 of them. */
static void
all_limits_together_are_bounded(void **state)
{
	(void)state;
	for (unsigned n = 20; n <= 22; n++) {
		char text[32768] = "";
		size_t len = 0;
		struct policy_file f = { "p.yaml", STR(""), POLICY_GIVEN,
			false };
		struct diags d = { 0 };
		char *bytes = NULL;
		int rc;

		len = (size_t)snprintf(text, sizeof(text), "network: "
		    "{default_policy: allow}\nprofiles:\n");
		for (unsigned p = 0; p < 3; p++) {
			len += (size_t)snprintf(text + len, sizeof(text) - len,
			    "  p%u:\n    network:\n      allow:\n", p);
			for (unsigned i = 0; i < n; i++)
				len += (size_t)snprintf(text + len,
				    sizeof(text) - len, "        - {endpoint: "
				    "h%u.test, rate_limits: "
				    "{max_requests_per_minute: 1}}\n", i);
		}
		f.text = str_of(text, len);
		rc = policy_compile(&f, 1, POLICY_STAGE_ENFORCE, &bytes, &len,
		    &d);
		if ((rc == 0) != (3 * n <= RATES_MAX))
			fail_msg("%u: %s", n, diags_print(&d, false));
		if (rc != 0)
			assert_non_null(strstr(diags_print(&d, false),
			    "more than 64 rate_limits"));
		free(bytes);
		diags_fini(&d);
	}
}

static void
a_damaged_profile_is_refused(void **state)
{
	CLEAN_FREE char *bytes = NULL;
	struct made m;
	struct f_head *h;
	struct f_span at;

	(void)state;
	assert_true(make(POLICY, POLICY_STAGE_CHECK, &m));
	bytes = malloc(m.len);
	assert_non_null(bytes);
	memcpy(bytes, m.bytes, m.len);
	h = (struct f_head *)(void *)bytes;
	for (unsigned s = FORM_profiles; s <= FORM_inner; s++) {
		uint32_t record = s == FORM_profiles ?
		    (uint32_t)sizeof(struct f_profile) : 1;

		at = h->sections[s];
		for (uint32_t i = 0; i < at.n * record; i += s ==
		    FORM_profiles ? 1 : 97) {
			struct image *im = NULL;
			struct err e = { 0 };

			bytes[at.first + i] ^= 1;
			sha256(str_from(str_of(bytes, m.len), FORM_HASHED),
			    h->hash);
			if (image_of(str_of(bytes, m.len), &im, &e) == 0)
				/* another name is one, too */
				assert_true(s == FORM_profiles && i %
				    sizeof(struct f_profile) <
				    sizeof(struct f_text));
			image_free(im);
			bytes[at.first + i] ^= 1;
		}
	}
	made_fini(&m);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(they_are_there_by_name),
		cmocka_unit_test(requests_are_bounded),
		cmocka_unit_test(an_address_needs_all),
		cmocka_unit_test(files_are_bounded),
		cmocka_unit_test(a_directory_moves_where_all_say_the_same),
		cmocka_unit_test(commands_are_bounded),
		cmocka_unit_test(the_operator_is_no_way_around),
		cmocka_unit_test(names_are_counted_through),
		cmocka_unit_test(a_profile_is_never_wider),
		cmocka_unit_test(faults_are_said),
		cmocka_unit_test(all_limits_together_are_bounded),
		cmocka_unit_test(a_damaged_profile_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
