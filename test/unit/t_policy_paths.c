/* t_policy_paths.c -- what file_access says of a path: a sentence per case. */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/clean.h"
#include "base/compat.h"
#include "base/err.h"
#include "base/io.h"
#include "base/limits.h"
#include "compile/compile.h"
#include "policy/files.h"

enum { R = FILE_READ, W = FILE_WRITE, RW = FILE_READ | FILE_WRITE };

static struct image *
compiled(const char *yaml, char **bytes)
{
	struct policy_file f = { .name = "p.yaml", .text = str_c(yaml) };
	struct diags d = { 0 };
	struct image *im = NULL;
	size_t len;

	if (policy_compile(&f, 1, POLICY_STAGE_CHECK, bytes, &len, &d) == -1)
		fail_msg("%s\n%s", yaml, d.v[0].text);
	assert_int_equal(image_of(str_of(*bytes, len), &im, NULL), 0);
	diags_fini(&d);
	return im;
}

static unsigned
may(const struct image *im, struct str path)
{
	struct file_query q = { .path = path, .access = RW };
	unsigned got = policy_file_judge(im, &q);

	/* Both ways of asking agree. */
	for (unsigned bit = R; bit <= W; bit <<= 1) {
		struct file_answer a;

		q.access = bit;
		policy_file(im, &q, &a);
		assert_int_equal(a.judged == VERDICT_ALLOW,
		    (got & bit) != 0);
		assert_int_equal(a.verdict, a.judged);
		assert_true(a.reason[0] != '\0');
	}
	return got;
}

/* ---- the documents */

static char *
document(const char *name)
{
	CLEAN_FREE char *path = NULL;
	struct err e = { 0 };
	char *text;
	size_t len;

	assert_true(asprintf(&path, "%s/test/cases/policies/%s",
	    getenv("SOURCE_ROOT"), name) > 0);
	if (io_read_file(AT_FDCWD, path, POLICY_BYTES_MAX, &text, &len, &e) ==
	    -1)
		fail_msg("%s", e.text);
	return text;
}

struct path_case {
	const char *what, *path;
	unsigned may;
};

static const struct path_case agent[] = {
	{ "the workspace", "/app/workspace/x", RW },
	{ "itself too", "/app/workspace", RW },
	{ "not beside it", "/app/workspace2/x", 0 },
	{ "not above it", "/app", 0 },
	{ "a pattern in one component", "/app/config/a.yaml", R },
	{ "is for one component", "/app/config/d/a.yaml", 0 },
	{ "and for the whole name", "/app/config/a.yaml.bak", 0 },
	{ "a dot file is a name like others", "/app/config/.yaml", R },
	{ "password hashes", "/etc/shadow", 0 },
	{ "and their backup", "/etc/shadow-", 0 },
	{ "and what an editor left", "/etc/shadow.bak", 0 },
	{ "who may become root", "/etc/sudoers.d/x", 0 },
	{ "host keys", "/etc/ssh/ssh_host_ed25519_key", 0 },
	{ "but not all of ssh", "/etc/ssh/ssh_config", R },
	{ "root's home itself", "/root", 0 },
	{ "and what is in it", "/root/.profile", 0 },
	{ "an .ssh in the workspace itself", "/app/workspace/.ssh", 0 },
	{ "and all in it", "/app/workspace/.ssh/id_ed25519", 0 },
	{ "however deep", "/app/workspace/a/b/.ssh/c/d", 0 },
	{ "not what begins so", "/app/workspace/.sshx", RW },
	{ "an .env", "/app/workspace/.env", 0 },
	{ "in the home too", "/home/sandbox/p/.env", 0 },
	{ "and as a directory", "/app/workspace/.env/x", 0 },
	{ "not what begins so", "/app/workspace/.env.local", RW },
	{ "the system", "/usr/bin/env", R },
	{ "the sandbox's own", "/tmp/x", RW },
};

static const struct path_case areas[] = {
	{ "reports", "/app/workspace/reports/q3/a.md", RW },
	{ "hr itself", "/app/workspace/hr", 0 },
	{ "what is in hr", "/app/workspace/hr/x", 0 },
	{ "legal itself", "/app/workspace/legal", 0 },
	{ "not what begins so, but nobody allows it",
	    "/app/workspace/legally", 0 },
	{ "a template", "/app/workspace/templates/a.docx", R },
	{ "one that lies deeper", "/app/workspace/templates/b/a.docx", 0 },
	{ "write alone does not give read", "/app/output/x", W },
	{ "credentials, as a file", "/app/workspace/reports/credentials",
	    0 },
	{ "with more after it",
	    "/app/workspace/reports/credentials.json", 0 },
	{ "as a directory", "/app/workspace/reports/credentials.d/x", 0 },
	{ "not with something before it",
	    "/app/workspace/reports/my-credentials", RW },
	{ "an .env with more after it",
	    "/app/workspace/reports/.env.local", 0 },
	{ "a key", "/app/workspace/reports/a.pem", 0 },
	{ "in what may only be written", "/app/output/a.key", 0 },
	{ "below what looks like one", "/app/output/a.key/b", 0 },
	{ "its backup is another name",
	    "/app/workspace/reports/a.pem.bak", RW },
	{ "a bare suffix is one", "/app/workspace/reports/.pem", 0 },
	{ "an id_rsa in scratch", "/tmp/agent-scratch/id_rsa", 0 },
	{ "its public half too", "/tmp/agent-scratch/id_rsa.pub", 0 },
	{ "scratch", "/tmp/agent-scratch/x", RW },
	{ "a name with a newline", "/app/workspace/reports/a\nb", RW },
	{ "that does not end a pattern early",
	    "/app/workspace/reports/\n.pem", 0 },
	{ "bytes that are no text", "/app/workspace/reports/\xff\xfe", RW },
	{ "nor do they", "/app/workspace/reports/\xff\xfe.pem", 0 },
};

static void
document_cases(const char *name, const struct path_case *v, size_t n)
{
	CLEAN_FREE char *yaml = document(name), *bytes = NULL;
	struct image *im = compiled(yaml, &bytes);

	for (size_t i = 0; i < n; i++)
		if (may(im, str_c(v[i].path)) != v[i].may)
			fail_msg("%s: %s: %u", v[i].what, v[i].path,
			    may(im, str_c(v[i].path)));
	image_free(im);
}

static void
documents(void **state)
{
	(void)state;
	document_cases("03-agent-policy.yaml", agent, NELEM(agent));
	document_cases("04-file-access.yaml", areas, NELEM(areas));
}

/* ---- the language */

static const struct {
	const char *what, *rules, *path;
	unsigned may;
} cases[] = {
#define A(paths) "allow: [" paths "]"
#define RULE(p, how) "{path: \"" p "\", permissions: [" how "]}"
	/* patterns */
	{ "a path is itself", A("{path: /srv/x}"), "/srv/x", R },
	{ "and not what is below", A("{path: /srv/x}"), "/srv/x/y", 0 },
	{ "a tree is itself", A("{path: /srv/x/**}"), "/srv/x", R },
	{ "and all below", A("{path: /srv/x/**}"), "/srv/x/y/z", R },
	{ "a star may be empty", A("{path: \"/srv/*x\"}"), "/srv/x", R },
	{ "a star stays in its component", A("{path: \"/srv/*x\"}"),
	    "/srv/a/x", 0 },
	{ "a star alone is one component", A("{path: \"/srv/*\"}"),
	    "/srv/.x", R },
	{ "not none", A("{path: \"/srv/*\"}"), "/srv", 0 },
	{ "nor two", A("{path: \"/srv/*\"}"), "/srv/x/y", 0 },
	{ "a question mark is one byte", A("{path: \"/srv/?\"}"), "/srv/x",
	    R },
	{ "not none", A("{path: \"/srv/x?\"}"), "/srv/x", 0 },
	{ "and no slash", A("{path: \"/srv?x\"}"), "/srv/x", 0 },
	{ "two stars are no component", A("{path: \"/srv/**/x\"}"),
	    "/srv/x", R },
	{ "or many", A("{path: \"/srv/**/x\"}"), "/srv/a/b/x", R },
	{ "whole ones", A("{path: \"/srv/**/x\"}"), "/srv/ax", 0 },
	{ "in front too", A("{path: \"**/x\"}"), "/x", R },
	{ "anywhere", A("{path: \"**/x\"}"), "/a/b/x", R },
	{ "as the whole of it", A("{path: \"**/**\"}"), "/a/b/x", R },
	{ "or so", A("{path: \"/**\"}"), "/", R },
	{ "a class", A("{path: \"/srv/[a-c]\"}"), "/srv/b", R },
	{ "is what it holds", A("{path: \"/srv/[a-c]\"}"), "/srv/d", 0 },
	{ "its negation", A("{path: \"/srv/[!a-c]\"}"), "/srv/d", R },
	{ "is not", A("{path: \"/srv/[!a-c]\"}"), "/srv/b", 0 },
	{ "and never a slash", A("{path: \"/srv[!a]x\"}"), "/srv/x", 0 },
	{ "a bracket in a class", A("{path: \"/srv/[]x]\"}"), "/srv/]", R },
	{ "a dash at its end", A("{path: \"/srv/[a-]\"}"), "/srv/-", R },
	{ "a class by name", A("{path: \"/srv/[[:digit:]x]\"}"), "/srv/7",
	    R },
	{ "a wildcard as itself", A("{path: \"/srv/[*]\"}"), "/srv/*", R },
	{ "and nothing else", A("{path: \"/srv/[*]\"}"), "/srv/x", 0 },
	{ "bytes beyond ASCII are not in a class",
	    A("{path: \"/srv/[a-z]\"}"), "/srv/\xe9", 0 },
	{ "but in its negation", A("{path: \"/srv/[!a-z]\"}"), "/srv/\xe9",
	    R },
	{ "alternatives", A("{path: \"/srv/{a,b}/**\"}"), "/srv/b/x", R },
	{ "are those alone", A("{path: \"/srv/{a,b}/**\"}"), "/srv/ab", 0 },
	{ "one may be empty", A("{path: \"/srv/x{,.bak}\"}"), "/srv/x", R },
	{ "one may hold a slash", A("{path: \"/srv/{a/b,c}\"}"), "/srv/a/b",
	    R },
	{ "or braces", A("{path: \"/srv/{a,b{c,d}}\"}"), "/srv/bd", R },
	{ "a brace in a class is itself", A("{path: \"/srv/[{,}]\"}"),
	    "/srv/{", R },
	{ "case counts", A("{path: /srv/x}"), "/srv/X", 0 },

	/* permissions */
	{ "write alone", A(RULE("/srv/**", "write")), "/srv/x", W },
	{ "what is not said is read", A("{path: /srv/**}"), "/srv/x", R },
	{ "rules add up", A(RULE("/srv/**", "write") ", {path: /srv/x}"),
	    "/srv/x", RW },
	{ "a deny wins, whatever is more exact",
	    A(RULE("/srv/x", "read, write")) ", deny: [{path: /srv/**}]",
	    "/srv/x", 0 },
	{ "of a directory it covers all below",
	    A(RULE("/srv/**", "read, write")) ", deny: [{path: /srv/x}]",
	    "/srv/x/y/z", 0 },
	{ "and nothing beside", A(RULE("/srv/**", "read, write"))
	    ", deny: [{path: /srv/x}]", "/srv/xy", RW },
	{ "a deny of some", A(RULE("/srv/**", "read, write"))
	    ", deny: [" RULE("/srv/x", "write") "]", "/srv/x/y", R },
	{ "a deny of reading leaves writing",
	    A(RULE("/srv/**", "read, write")) ", deny: ["
	    RULE("/srv/x", "read") "]", "/srv/x", W },
	{ "a deny of * is the default", A("{path: /srv/**}")
	    ", deny: [{path: \"*\"}]", "/srv/x", R },
	{ "allow is the default when it says so",
	    "default_policy: allow, deny: [{path: /srv/x}]", "/srv/y", RW },
	{ "but for the denies",
	    "default_policy: allow, deny: [{path: /srv/x}]", "/srv/x", 0 },
	{ "and what no sandbox sees", "default_policy: allow",
	    "/etc/shadow", 0 },

	/* the baseline */
	{ "programs are there", "", "/usr/bin/env", R },
	{ "not without the system", "system: none", "/usr/bin/env", 0 },
	{ "writable on a layer", "system: layered", "/usr/local/bin/x",
	    RW },
	{ "a deny takes it away", "deny: [{path: /usr/bin/env}]",
	    "/usr/bin/env", 0 },
	{ "the root may be listed", "", "/", R },
	{ "not all below", "", "/x", 0 },
	{ "nothing above the home", "", "/home/alice", 0 },
	{ "a secret stays one", A("{path: /etc/shadow}"), "/etc/shadow",
	    0 },

	/* protected names */
#define TREE A(RULE("/srv/p/**", "read, write"))
	{ "a hook may be read", TREE, "/srv/p/.git/hooks/pre-commit", R },
	{ "its directory likewise", TREE, "/srv/p/.git/hooks", R },
	{ "what says where a repository is", TREE, "/srv/p/q/.git", R },
	{ "its neighbours are free", TREE, "/srv/p/.git/index", RW },
	{ "in a module too", TREE, "/srv/p/a/b/.git/config", R },
	{ "an editor's tasks", TREE, "/srv/p/.vscode/tasks.json", R },
	{ "an agent's settings", TREE, "/srv/p/.claude/settings.local.json",
	    R },
	{ "not all of an agent's", TREE, "/srv/p/.claude/notes.md", RW },
	{ "tools of an agent", TREE, "/srv/p/.mcp.json", R },
	{ "a name that begins so is free", TREE, "/srv/p/.mcp.json.md",
	    RW },
	{ "the exact path frees it",
	    A(RULE("/srv/p/**", "read, write") ", "
	    RULE("/srv/p/.git/config", "read, write")),
	    "/srv/p/.git/config", RW },
	{ "and nothing else",
	    A(RULE("/srv/p/**", "read, write") ", "
	    RULE("/srv/p/.git/config", "read, write")),
	    "/srv/p/q/.git/config", R },
	{ "a tree of that name frees all of it",
	    A(RULE("/srv/p/.git/hooks/**", "read, write")),
	    "/srv/p/.git/hooks/a/b", RW },
	{ "a pattern is not exact",
	    A(RULE("/srv/*/.git/config", "read, write")),
	    "/srv/p/.git/config", R },
	{ "reading it exactly frees nothing",
	    A(RULE("/srv/p/**", "read, write") ", {path: /srv/p/.envrc}"),
	    "/srv/p/.envrc", R },
	{ "a deny is stronger",
	    A(RULE("/srv/p/.envrc", "read, write"))
	    ", deny: [{path: \"**/.envrc\"}]", "/srv/p/.envrc", 0 },
	{ "the sandbox's own home is not obeyed outside", "",
	    "/home/sandbox/.bashrc", RW },
	{ "nor when it is allowed in words",
	    A(RULE("/home/sandbox/**", "read, write")),
	    "/home/sandbox/.bashrc", RW },
	{ "what is named in /tmp may be the host's",
	    A(RULE("/tmp/p/**", "read, write")), "/tmp/p/.envrc", R },
	{ "with everything allowed they stay", "default_policy: allow",
	    "/srv/p/.bashrc", R },

	/* paths that are none */
	{ "no relative one", "default_policy: allow", "srv", 0 },
	{ "no empty one", "default_policy: allow", "", 0 },
	{ "no empty component", "default_policy: allow", "/srv//x", 0 },
	{ "no final slash", "default_policy: allow", "/srv/", 0 },
	{ "no dots", "default_policy: allow", "/srv/../x", 0 },
	{ "nor at the end", "default_policy: allow", "/srv/.", 0 },
	{ "three dots are a name", "default_policy: allow", "/srv/...",
	    RW },
};

static void
language(void **state)
{
	(void)state;
	for (size_t i = 0; i < NELEM(cases); i++) {
		CLEAN_FREE char *yaml = NULL, *bytes = NULL;
		struct image *im;
		unsigned got;

		assert_true(asprintf(&yaml, "file_access: {%s}\n",
		    cases[i].rules) > 0);
		im = compiled(yaml, &bytes);
		got = may(im, str_c(cases[i].path));
		if (got != cases[i].may)
			fail_msg("%s: %s in %s: %u", cases[i].what,
			    cases[i].path, yaml, got);
		image_free(im);
	}
}

static void
the_older_schema(void **state)
{
	static const struct path_case v[] = {
		{ "a tree to read", "/srv/x/y", R },
		{ "itself", "/srv/x", R },
		{ "a tree to write may be read", "/data/x", RW },
		{ "names are protected in it", "/data/x/.git/config", R },
		{ "the baseline is there", "/usr/bin/env", R },
		{ "and nothing else", "/opt/x", 0 },
	};
	CLEAN_FREE char *bytes = NULL;
	struct image *im = compiled("version: 1\nfilesystem_policy:\n"
	    "  read_only: [/srv//x/]\n  read_write: [/data]\n", &bytes);

	(void)state;
	for (size_t i = 0; i < NELEM(v); i++)
		if (may(im, str_c(v[i].path)) != v[i].may)
			fail_msg("%s", v[i].what);
	image_free(im);
}

static void
the_longest_path(void **state)
{
	CLEAN_FREE char *bytes = NULL;
	struct image *im = compiled("file_access: {default_policy: allow, "
	    "deny: [{path: \"**/x\"}]}\n", &bytes);
	char path[PATH_BYTES_MAX + 1];

	(void)state;
	for (size_t i = 0; i < sizeof(path); i++)
		path[i] = i % 2 == 0 ? '/' : 'a';
	assert_int_equal(may(im, str_of(path, PATH_BYTES_MAX - 2)), RW);
	path[4001] = 'x';
	assert_int_equal(may(im, str_of(path, PATH_BYTES_MAX - 2)), 0);
	path[4001] = 'a';
	assert_int_equal(may(im, str_of(path, PATH_BYTES_MAX)), 0);
	path[5] = '\0';
	assert_int_equal(may(im, str_of(path, 10)), 0);
	image_free(im);
}

/* ---- why */

static const struct {
	const char *what, *rules, *path;
	unsigned access, mounted;
	const char *reason, *nearest;
} whys[] = {
	{ "an allow says where it stands", A("{path: /srv/**}"), "/srv/x", R,
	    0, "allowed by p.yaml:1 `/srv/**`", NULL },
	{ "a deny too", A("{path: /srv/**}") ", deny: [{path: /srv/x/**}]",
	    "/srv/x/y", R, 0, "/srv/x/y is denied by p.yaml:1 `/srv/x/**`",
	    NULL },
	{ "the baseline has no place", "", "/usr/x", R, 0,
	    "allowed by the system baseline `/usr/**`", NULL },
	{ "what is allowed and what not", A("{path: /srv/**}"), "/srv/x", W,
	    0, "p.yaml:1 `/srv/**` allows reading /srv/x, not writing",
	    "/srv/**" },
	{ "the other way round", A(RULE("/srv/**", "write")), "/srv/x", R, 0,
	    "p.yaml:1 `/srv/**` allows writing /srv/x, not reading",
	    "/srv/**" },
	{ "the nearest", A("{path: /a/**}, {path: \"/srv/w/*.md\"}, {path: "
	    "/z/**}"), "/srv/w/x.txt", R, 0, "no rule allows reading "
	    "/srv/w/x.txt; nearest is p.yaml:1 `/srv/w/*.md`",
	    "/srv/w/*.md" },
	{ "none that is far", A("{path: /a/**}"), "/srv/x", R, 0,
	    "no rule allows reading /srv/x", NULL },
	{ "a protected name", TREE, "/srv/p/.envrc", W, 0, "/srv/p/.envrc is "
	    "a protected name (`**/.envrc/**`)", NULL },
	{ "what is asked and denied is what is said", A("{path: /srv/**}"),
	    "/srv/x", RW, 0, "p.yaml:1 `/srv/**` allows reading", "/srv/**" },
	{ "a mount is an allow", "", "/work/x", W, RW,
	    "the operator's mount gives it", NULL },
	{ "as far as it goes", "", "/work/x", W, R, "no rule allows writing "
	    "/work/x", NULL },
	{ "a deny beats it", "deny: [{path: \"**/.env\"}]", "/work/.env", R,
	    RW, "/work/.env is denied by p.yaml:1 `**/.env`", NULL },
	{ "and names are protected in it, also in the home", "",
	    "/home/sandbox/p/.envrc", W, RW, "/home/sandbox/p/.envrc is a "
	    "protected name", NULL },
	{ "even if it gives nothing by itself", "",
	    "/home/sandbox/p/.envrc", W, FILE_MOUNTED,
	    "/home/sandbox/p/.envrc is a protected name", NULL },
	{ "it gives nothing then", "", "/work/x", W, FILE_MOUNTED,
	    "no rule allows writing /work/x", NULL },
	{ "bytes that nobody can print are not", "", "/a\033[2J\xff", R, 0,
	    "no rule allows reading /a?[2J?", NULL },
	{ "nothing asked is nothing allowed", A("{path: /srv/**}"), "/srv",
	    0, 0, "neither reading nor writing was asked for", NULL },
};

static void
reasons(void **state)
{
	(void)state;
	for (size_t i = 0; i < NELEM(whys); i++) {
		CLEAN_FREE char *yaml = NULL, *bytes = NULL;
		struct file_query q = { str_c(whys[i].path), whys[i].access,
			whys[i].mounted };
		struct file_answer a;
		struct image *im;

		assert_true(asprintf(&yaml, "file_access: {%s}\n",
		    whys[i].rules) > 0);
		im = compiled(yaml, &bytes);
		policy_file(im, &q, &a);
		if (strncmp(a.reason, whys[i].reason,
		    strlen(whys[i].reason)) != 0 ||
		    !str_eqz(a.nearest.text, whys[i].nearest == NULL ? "" :
		    whys[i].nearest))
			fail_msg("%s: %s", whys[i].what, a.reason);
		image_free(im);
	}
}

/* ---- hide */

static void
hidden_names(void **state)
{
	static const struct {
		const char *what, *rules, *path;
		bool hidden;
	} v[] = {
		{ "not unless asked for", "deny: [{path: /srv/x}]", "/srv/x",
		    false },
		{ "a deny that hides", "deny: [{path: /srv/x, hide: true}]",
		    "/srv/x/y", true },
		{ "hides nothing else", "deny: [{path: /srv/x, hide: true}]",
		    "/srv/y", false },
		{ "all that is not to be had", "hide: true", "/srv/y",
		    true },
		{ "but the way to what is", "hide: true, "
		    A("{path: /srv/y/**}"), "/srv", false },
		{ "and what may be written", "hide: true, "
		    A(RULE("/srv/**", "write")), "/srv/x", false },
	};

	(void)state;
	for (size_t i = 0; i < NELEM(v); i++) {
		CLEAN_FREE char *yaml = NULL, *bytes = NULL;
		struct file_query q = { str_c(v[i].path), R, 0 };
		struct file_answer a;
		struct image *im;

		assert_true(asprintf(&yaml, "file_access: {%s}\n",
		    v[i].rules) > 0);
		im = compiled(yaml, &bytes);
		policy_file(im, &q, &a);
		assert_int_equal(a.verdict, VERDICT_DENY);
		if (a.hidden != v[i].hidden)
			fail_msg("%s", v[i].what);
		assert_int_equal(image_info(im)->file_hide, i != 0);
		image_free(im);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(documents),
		cmocka_unit_test(language),
		cmocka_unit_test(the_older_schema),
		cmocka_unit_test(the_longest_path),
		cmocka_unit_test(reasons),
		cmocka_unit_test(hidden_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
