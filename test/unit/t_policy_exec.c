/* t_policy_exec.c -- which commands a policy lets run, with which
 * arguments. */
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
#include "policy/form.h"
#include "policy/image.h"

enum { ARGS = 64 };

struct policy_under_test {
	char *bytes;
	struct image *im;
};

static void
compile(struct policy_under_test *p, const char *text)
{
	struct policy_file f = { "p.yaml", str_c(text) };
	struct diags d = { 0 };
	size_t len;

	if (policy_compile(&f, 1, POLICY_STAGE_CHECK, &p->bytes, &len, &d) ==
	    -1)
		fail_msg("%s", diags_print(&d, false));
	assert_int_equal(image_of(str_of(p->bytes, len), &p->im, NULL), 0);
	diags_fini(&d);
}

static void
done(struct policy_under_test *p)
{
	image_free(p->im);
	free(p->bytes);
}

/* Words parted by blanks, on paper, in /app/workspace. */
static void
ask(const struct image *im, const char *text, struct exec_answer *a)
{
	struct str argv[ARGS], rest = str_c(text);
	struct exec_form form = { .argv = argv };
	struct exec_query q = { .forms = &form, .nforms = 1, .paper = true,
		.cwd = STR("/app/workspace") };

	while (form.argc < ARGS - 1 &&
	    str_cut(rest, ' ', &argv[form.argc], &rest))
		form.argc++;
	argv[form.argc++] = rest;
	form.name = argv[0];
	policy_exec(im, &q, a);
}

struct exec_case {
	const char *behaviour, *command;
	char want;	/* Allow, Deny, aUdit */
};

static void
check_cases(const char *policy, const struct exec_case *cases, size_t n)
{
	struct policy_under_test p;

	compile(&p, policy);
	for (size_t i = 0; i < n; i++) {
		const struct exec_case *c = &cases[i];
		struct exec_answer a;
		char got;

		ask(p.im, c->command, &a);
		got = a.verdict != VERDICT_ALLOW ? 'D' : a.audit ? 'U' : 'A';
		if (got != c->want)
			fail_msg("%s: %s: wanted %c, got %c: %s",
			    c->behaviour, c->command, c->want, got,
			    a.reason);
		assert_true(a.reason[0] != '\0');
	}
	done(&p);
}

/* ---- spec/policies/03 */

static const char agent_policy[] = "commands:\n"
	"  allow: [python3, node, curl]\n"
	"  deny: [\"rm -rf *\", chmod, chown, sudo, wget]\n";

static const struct exec_case agent_cases[] = {
	{ "a bare name allows any arguments", "python3 -c import os", 'A' },
	{ "and none", "python3", 'A' },
	{ "another allowed command", "node x.js", 'A' },
	{ "curl with what it likes", "curl -o f https://evil.example", 'A' },
	{ "rm -rf is denied", "rm -rf /", 'D' },
	{ "and rm at all, since nothing allows it", "rm x", 'D' },
	{ "chmod", "chmod 644 x", 'D' },
	{ "chown", "chown root x", 'D' },
	{ "sudo", "sudo id", 'D' },
	{ "sudo by its path", "/usr/bin/sudo id", 'D' },
	{ "sudo somewhere else", "/opt/tools/sudo id", 'D' },
	{ "wget", "wget https://x", 'D' },
	{ "what nothing names", "bash", 'D' },
	{ "another file of an allowed name", "/tmp/python3 x.py", 'D' },
	{ "one beside the caller", "./python3 x.py", 'D' },
	{ "an allowed name where it lies", "/usr/bin/python3 x.py", 'A' },
	{ "names are not prefixes", "python3.11 x.py", 'D' },
	{ "nor case-blind", "Python3", 'D' },
	{ "the empty name", "", 'D' },
};

static void
the_agent_policy(void **state)
{
	(void)state;
	check_cases(agent_policy, agent_cases, NELEM(agent_cases));
}

/* ---- spec/policies/06 */

static const char commands_policy[] =
	"commands:\n"
	"  default_policy: \"deny\"\n"
	"  allow:\n"
	"    - command: \"python3\"\n"
	"      args_pattern: \"/app/workspace/scripts/*.py\"\n"
	"    - command: \"node\"\n"
	"      args_pattern: \"/app/workspace/scripts/*.js\"\n"
	"    - command: \"curl\"\n"
	"      args_pattern: \"--max-time 30 https://*\"\n"
	"    - command: \"cat\"\n"
	"      args_pattern: \"/app/workspace/**\"\n"
	"  deny:\n"
	"    - {command: \"rm\", args_pattern: \"-rf *\"}\n"
	"    - command: \"sudo\"\n"
	"    - command: \"chmod\"\n"
	"    - command: \"chown\"\n"
	"    - command: \"dd\"\n"
	"    - command: \"mkfs\"\n"
	"    - command: \"mount\"\n"
	"    - command: \"wget\"\n"
	"    - command: \"nc\"\n"
	"    - command: \"ncat\"\n"
	"  audit:\n"
	"    - command: \"git\"\n"
	"    - command: \"pip\"\n";

static const struct exec_case commands_cases[] = {
	{ "a script of the folder", "python3 /app/workspace/scripts/a.py",
	    'A' },
	{ "by a way round", "python3 /app/workspace/scripts/../scripts/a.py",
	    'A' },
	{ "a relative name is where it leads", "python3 scripts/a.py", 'A' },
	{ "out of the folder by dots",
	    "python3 /app/workspace/scripts/../evil.py", 'D' },
	{ "a folder further down", "python3 /app/workspace/scripts/x/a.py",
	    'D' },
	{ "nothing may be left over",
	    "python3 /app/workspace/scripts/a.py extra", 'D' },
	{ "nor stand before", "python3 -i /app/workspace/scripts/a.py",
	    'D' },
	{ "no argument at all", "python3", 'D' },
	{ "code in place of a script", "python3 -c x.py", 'D' },
	{ "code that looks like a script here",
	    "python3 -c/app/workspace/scripts/a.py", 'D' },
	{ "a module", "python3 -m scripts/a.py", 'D' },
	{ "standard input", "python3 -", 'D' },
	{ "node's own folder", "node /app/workspace/scripts/a.js", 'A' },
	{ "but not python's scripts", "node /app/workspace/scripts/a.py",
	    'D' },
	{ "curl as written", "curl --max-time 30 https://a", 'A' },
	{ "with any URL", "curl --max-time 30 https://a.b/c?d=e/f", 'A' },
	{ "longer than that", "curl --max-time 300 https://a", 'D' },
	{ "in another order", "curl https://a --max-time 30", 'D' },
	{ "in one word", "curl --max-time=30 https://a", 'D' },
	{ "with more behind", "curl --max-time 30 https://a -o f", 'D' },
	{ "two URLs", "curl --max-time 30 https://a https://b", 'D' },
	{ "in clear", "curl --max-time 30 http://a", 'D' },
	{ "cat of the tree", "cat /app/workspace/a/b", 'A' },
	{ "cat of a relative name", "cat a", 'A' },
	{ "cat of one file more", "cat /app/workspace/a /etc/passwd", 'D' },
	{ "cat of two allowed ones",
	    "cat /app/workspace/a /app/workspace/b", 'D' },
	{ "cat with dots out of it", "cat /app/workspace/../x", 'D' },
	{ "cat with dots inside", "cat /app/workspace/x/../y", 'A' },
	{ "cat of a sibling that begins alike", "cat /app/workspace2/x",
	    'D' },
	{ "cat of an option that is a name here too", "cat -n", 'D' },
	{ "cat of a file named like one", "cat ./-n", 'A' },
	{ "rm -rf", "rm -rf x", 'D' },
	{ "rm alone is not allowed either", "rm x", 'D' },
	{ "rm -r: no entry allows it", "rm -r x", 'D' },
	{ "sudo", "sudo -l", 'D' },
	{ "sudo under another path", "/home/sandbox/bin/sudo -l", 'D' },
	{ "chmod", "chmod +x a", 'D' },
	{ "chown", "chown a b", 'D' },
	{ "dd", "dd if=/dev/zero of=x", 'D' },
	{ "mkfs", "mkfs /dev/sda", 'D' },
	{ "and a kind of it", "mkfs.ext4 /dev/sda", 'D' },
	{ "mount", "mount /dev/sda /mnt", 'D' },
	{ "wget", "wget x", 'D' },
	{ "nc", "nc -l 1", 'D' },
	{ "nc by the name that Debian gives it", "nc.openbsd -l 1", 'D' },
	{ "ncat", "ncat x 1", 'D' },
	{ "git is recorded", "git push --force", 'U' },
	{ "pip is recorded", "pip install x", 'U' },
	{ "bash", "bash -c ls", 'D' },
};

static void
the_commands_policy(void **state)
{
	(void)state;
	check_cases(commands_policy, commands_cases, NELEM(commands_cases));
}

/* ---- denies, however they are written */

static const char deny_policy[] =
	"commands:\n"
	"  default_policy: allow\n"
	"  deny:\n"
	"    - rm -rf *\n"
	"    - git push --force\n"
	"    - {command: git, args: [commit, -n]}\n"
	"    - find -delete\n"
	"    - chmod 777 /etc/**\n"
	"    - curl -o /etc/**\n"
	"    - tar -x\n"
	"    - dd /dev/*\n"
	"    - mkdd of=/dev/sd*\n"
	"    - mv /a/** /b/**\n"
	"    - npm *secret*\n"
	"    - tool --output=/srv/*\n"
	"    - two * *\n"
	"    - mkfs\n";

static const struct exec_case deny_cases[] = {
	{ "as written", "rm -rf x", 'D' },
	{ "the letters the other way round", "rm -fr x", 'D' },
	{ "apart", "rm -r -f x", 'D' },
	{ "apart, the other way round", "rm -f -r x", 'D' },
	{ "behind the operand", "rm x -rf", 'D' },
	{ "one before and one behind", "rm -r x -f", 'D' },
	{ "with a letter between", "rm -rvf x", 'D' },
	{ "-R is -r to rm", "rm -Rf x", 'D' },
	{ "long options", "rm --recursive --force x", 'D' },
	{ "abbreviated", "rm --rec --fo x", 'D' },
	{ "by one letter", "rm --r --f x", 'D' },
	{ "mixed", "rm --recursive -f x", 'D' },
	{ "without an operand", "rm -rf", 'D' },
	{ "after --", "rm -- -rf", 'D' },
	{ "-r alone is allowed", "rm -r x", 'A' },
	{ "-f alone is allowed", "rm -f x", 'A' },
	{ "--force alone is allowed", "rm --force x", 'A' },
	{ "letters of names do not count", "rm rf", 'A' },
	{ "under another path", "/opt/rm -rf x", 'D' },
	{ "by an applet", "busybox rm -rf x", 'D' },
	{ "by an applet's applet", "busybox busybox rm -rf x", 'D' },
	{ "by another build of it", "busybox.static rm -rf x", 'D' },
	{ "by one program for all", "coreutils rm -rf x", 'D' },
	{ "by its option", "coreutils --coreutils-prog=rm -rf x", 'D' },
	{ "another applet", "busybox ls -rf", 'A' },
	{ "by the loader", "/lib64/ld-linux-x86-64.so.2 /bin/rm -rf x",
	    'D' },
	{ "by the loader with options of its own",
	    "ld.so --argv0 ls --inhibit-cache /bin/rm -rf x", 'D' },
	{ "another program by the loader", "ld.so /bin/ls -rf", 'A' },

	{ "git push --force", "git push --force", 'D' },
	{ "with words between", "git push origin main --force", 'D' },
	{ "before", "git --force push", 'D' },
	{ "-f is --force to git", "git push -f origin", 'D' },
	{ "behind global options", "git -C /x push -f", 'D' },
	{ "a value does not hide it", "git push --force=yes", 'D' },
	{ "git push alone", "git push origin main", 'A' },
	{ "git pull --force", "git pull --force", 'A' },
	{ "a list is as good as a text", "git commit -n -m x", 'D' },
	{ "and its long name counts", "git commit --no-verify", 'D' },
	{ "commit otherwise", "git commit -m x", 'A' },

	{ "worded options are no clusters", "find . -type l -depth -exec",
	    'A' },
	{ "they are themselves", "find . -name x -delete", 'D' },

	{ "a path that is denied", "chmod 777 /etc/passwd", 'D' },
	{ "by a way round", "chmod 777 /usr/../etc/passwd", 'D' },
	{ "relative", "chmod 777 ../../etc/passwd", 'D' },
	{ "the tree itself", "chmod 777 /etc", 'D' },
	{ "another mode", "chmod 700 /etc/passwd", 'A' },
	{ "another path", "chmod 777 /srv/x", 'A' },

	{ "an option and its value apart", "curl -o /etc/x https://a", 'D' },
	{ "in one word", "curl -o/etc/x https://a", 'D' },
	{ "by its long name", "curl --output /etc/x https://a", 'D' },
	{ "with =", "curl --output=/etc/x https://a", 'D' },
	{ "in a cluster", "curl -so /etc/x https://a", 'D' },
	{ "in a cluster, in one word", "curl -sSo/etc/x https://a", 'D' },
	{ "relative, too", "curl -sSo../../etc/x https://a", 'D' },
	{ "behind more than letters", "curl -so/tmp/etc/x https://a", 'A' },
	{ "elsewhere", "curl -o /tmp/x https://a", 'A' },

	{ "tar -x", "tar -xf a", 'D' },
	{ "tar without its dash", "tar xf a", 'D' },
	{ "tar --extract", "tar --extract -f a", 'D' },
	{ "tar --get", "tar --get -f a", 'D' },
	{ "tar -c", "tar -cf a b", 'A' },
	{ "x in a file's name", "tar -cf box b", 'A' },

	{ "what is attached to a name", "dd if=a of=/dev/sda", 'D' },
	{ "dd to a file", "dd if=/etc/a of=b", 'A' },
	{ "a setting", "mkdd of=/dev/sda", 'D' },
	{ "spelled otherwise", "mkdd of=//dev/./sda", 'D' },
	{ "another setting", "mkdd if=/dev/sda", 'A' },
	{ "set to another path", "mkdd of=/srv/sda", 'A' },

	{ "in order", "mv /a/1 /b/1", 'D' },
	{ "with an option between", "mv /a/1 -v /b/1", 'D' },
	{ "the other way round is something else", "mv /b/1 /a/1", 'A' },

	{ "part of a word", "npm --x=a-secret-b", 'D' },
	{ "no part of a word", "npm secre t", 'A' },

	{ "an option with a value", "tool --output=/srv/x", 'D' },
	{ "apart", "tool --output /srv/x", 'D' },
	{ "another value", "tool --output /srv/x/y/../../../tmp/y", 'A' },

	{ "stars count arguments", "two a", 'D' },
	{ "none", "two", 'A' },

	{ "a denied name covers its kinds", "mkfs.ext4 /dev/x", 'D' },
	{ "not what only begins alike", "mkfsx /dev/x", 'A' },
};

static void
a_deny_counts_however_it_is_written(void **state)
{
	(void)state;
	check_cases(deny_policy, deny_cases, NELEM(deny_cases));
}

/* ---- grants */

static const char grant_policy[] =
	"commands:\n"
	"  allow:\n"
	"    - git status\n"
	"    - git log *\n"
	"    - {command: ls, args_pattern: \"\"}\n"
	"    - {command: cc, args: [-I/usr/include/**, \"*.c\"]}\n"
	"    - {command: tool, args_pattern: \"--config=/app/**\"}\n"
	"    - {command: say, args: [\"two words\", \"*\"]}\n"
	"    - {command: blank, args: [\"\"]}\n"
	"    - one * x\n"
	"    - /usr/bin/jq\n"
	"    - {command: any, args_pattern: \"*\"}\n"
	"    - head **\n"
	"    - tail **/*.log\n"
	"    - sed /a/{b,c}/[0-9]?\n"
	"  audit:\n"
	"    - git log --all\n"
	"  deny:\n"
	"    - git log --graph\n";

static const struct exec_case grant_cases[] = {
	{ "a subcommand", "git status", 'A' },
	{ "and nothing more", "git status -s", 'D' },
	{ "nothing before", "git -c core.pager=x status", 'D' },
	{ "a final star is any number", "git log -1 --oneline", 'A' },
	{ "none too", "git log", 'A' },
	{ "no part of a word", "git logs", 'D' },
	{ "what is audited is recorded, though an allow matches",
	    "git log --all", 'U' },
	{ "a deny beats both", "git log --all --graph", 'D' },
	{ "also abbreviated", "git log --gr", 'D' },
	{ "no arguments", "ls", 'A' },
	{ "but those", "ls x", 'D' },
	{ "an attached path", "cc -I/usr/include/x a.c", 'A' },
	{ "out of it", "cc -I/usr/include/../../etc a.c", 'D' },
	{ "a value's path", "tool --config=/app/a", 'A' },
	{ "out of it", "tool --config=/app/../etc/a", 'D' },
	{ "a second =", "tool --config=/app/b=/app/c", 'D' },
	{ "apart is something else", "tool --config /app/a", 'D' },
	{ "a star is one argument", "one a x", 'A' },
	{ "not two", "one a b x", 'D' },
	{ "not none", "one x", 'D' },
	{ "a path is a name too", "/usr/bin/jq .", 'A' },
	{ "and its bare name leads there", "jq .", 'A' },
	{ "elsewhere it is another", "/opt/jq .", 'D' },
	{ "any arguments", "any a b c", 'A' },
	{ "** is any path", "head /etc/passwd", 'A' },
	{ "but no option", "head -c5", 'D' },
	{ "nor anything of another machine", "head host:/x", 'D' },
	{ "nor what it is set to", "head if=/etc/shadow", 'D' },
	{ "a path that begins anywhere", "tail /var/log/x.log", 'A' },
	{ "of another name", "tail /var/log/x.txt", 'D' },
	{ "alternatives and classes", "sed /a/c/1x", 'A' },
	{ "one that is not there", "sed /a/d/1x", 'D' },
};

static void
a_grant_means_what_it_says(void **state)
{
	(void)state;
	check_cases(grant_policy, grant_cases, NELEM(grant_cases));
}

/* ---- bytes that no policy holds */

static void
arguments_may_hold_any_bytes(void **state)
{
	static char many[1000][8];
	static struct str argv[1002];
	struct policy_under_test p;
	struct exec_form form = { .argv = argv, .name = STR("run") };
	struct exec_query q = { .forms = &form, .nforms = 1, .paper = true,
		.cwd = STR("/w") };
	struct exec_answer a;

	(void)state;
	compile(&p, "commands:\n"
	    "  allow:\n"
	    "    - run a *\n"
	    "    - {command: run, args: [\"two words\", x]}\n"
	    "    - {command: run, args: [\"\"]}\n"
	    "    - {command: run, args: [\"b*c\"]}\n"
	    "  deny:\n"
	    "    - run stop\n");
	argv[0] = STR("run");
#define RUN(want, n, ...)						\
	do {								\
		struct str in[] = { __VA_ARGS__ };			\
		memcpy(&argv[1], in, sizeof(in));			\
		form.argc = 1 + (n);					\
		policy_exec(p.im, &q, &a);				\
		if (a.verdict != (want))				\
			fail_msg("%d: %s", __LINE__, a.reason);		\
	} while (0)
	RUN(VERDICT_ALLOW, 2, STR("two words"), STR("x"));
	RUN(VERDICT_DENY, 3, STR("two"), STR("words"), STR("x"));
	RUN(VERDICT_DENY, 1, STR("two words x"));
	RUN(VERDICT_ALLOW, 1, STR(""));
	RUN(VERDICT_DENY, 2, STR(""), STR(""));
	RUN(VERDICT_ALLOW, 1, STR("b\n\1\2\xff c"));
	RUN(VERDICT_DENY, 1, STR("a\n"));
	RUN(VERDICT_DENY, 1, STR("a\1"));
	RUN(VERDICT_ALLOW, 3, STR("a"), STR("\1"), STR("\1x\2"));
	RUN(VERDICT_DENY, 2, STR("a"), STR("stop"));
	RUN(VERDICT_ALLOW, 2, STR("a"), STR("stop\n"));
#undef RUN
	for (unsigned i = 0; i < 1000; i++) {
		(void)snprintf(many[i], sizeof(many[i]), "n%u", i);
		argv[i + 2] = str_c(many[i]);
	}
	argv[1] = STR("a");
	form.argc = 1002;
	policy_exec(p.im, &q, &a);
	assert_int_equal(a.verdict, VERDICT_ALLOW);
	argv[900] = STR("stop");
	policy_exec(p.im, &q, &a);
	assert_int_equal(a.verdict, VERDICT_DENY);
	done(&p);
}

/* ---- who a file is */

static uint32_t
number_of(const struct image *im, const char *name)
{
	struct exec_command c;

	for (uint32_t i = 0; i < image_commands(im); i++) {
		image_command(im, i, &c);
		if (str_eqz(c.name, name))
			return i;
	}
	fail_msg("no command %s", name);
	return 0;
}

struct identity_case {
	const char *behaviour, *name, *file, *same;
	enum verdict want;
	bool copy;
};

static const struct identity_case identity_cases[] = {
	{ "the file that the name led to", "python3", "/usr/bin/python3.11",
	    "python3", VERDICT_ALLOW },
	{ "a copy of it is another file", "python3", "/tmp/python3",
	    "python3", VERDICT_DENY, true },
	{ "that file by another name", "/tmp/link", "/usr/bin/python3.11",
	    "python3", VERDICT_ALLOW },
	{ "another file of that name", "python3", "/tmp/python3", NULL,
	    VERDICT_DENY },
	{ "even where such files lie", "python3", "/usr/bin/python3", NULL,
	    VERDICT_DENY },
	{ "a copy of a denied program", "x", "/tmp/x", "wget", VERDICT_DENY,
	    true },
	{ "a denied program by another name", "x", "/tmp/x", "wget",
	    VERDICT_DENY },
	{ "a denied name, whatever the file", "wget", "/tmp/y", NULL,
	    VERDICT_DENY },
	{ "a denied name that leads to an allowed file", "wget",
	    "/usr/bin/python3.11", "python3", VERDICT_DENY },
	{ "an allowed name that leads to a denied file", "python3",
	    "/usr/bin/wget", "wget", VERDICT_DENY },
	{ "a file that ends in a denied name", "z", "/opt/wget", NULL,
	    VERDICT_DENY },
};

static void
an_allowed_name_is_a_file_and_a_denied_one_many(void **state)
{
	struct policy_under_test p;

	(void)state;
	compile(&p, "commands: {allow: [python3, node], deny: [wget]}\n");
	for (size_t i = 0; i < NELEM(identity_cases); i++) {
		const struct identity_case *c = &identity_cases[i];
		struct str argv[] = { str_c(c->name), STR("x") };
		uint32_t same = c->same == NULL ? 0 : number_of(p.im,
		    c->same);
		struct exec_form form = { .name = argv[0], .argv = argv,
			.argc = 2, .file = str_c(c->file), .same = &same,
			.nsame = c->same != NULL && !c->copy,
			.copies = &same, .ncopies = c->copy };
		struct exec_query q = { .forms = &form, .nforms = 1 };
		struct exec_answer a;

		policy_exec(p.im, &q, &a);
		if (a.verdict != c->want)
			fail_msg("%s: %s", c->behaviour, a.reason);
	}
	done(&p);
}

static void
a_script_is_itself_and_its_interpreter(void **state)
{
	struct str script[] = { STR("pip"), STR("install"), STR("x") };
	struct str python[] = { STR("python3"), STR("/usr/bin/pip"),
		STR("install"), STR("x") };
	struct exec_form forms[] = {
		{ .name = STR("pip"), .argv = script, .argc = 3 },
		{ .name = STR("python3"), .argv = python, .argc = 4 },
	};
	struct exec_query q = { .forms = forms, .nforms = 2, .paper = true };
	static const struct {
		const char *behaviour, *policy;
		enum verdict want;
		bool audit;
	} cases[] = {
		{ "by its own name", "{audit: [pip]}", VERDICT_ALLOW, true },
		{ "by its interpreter's", "{allow: [python3]}",
		    VERDICT_ALLOW, false },
		{ "by the interpreter with its arguments",
		    "{allow: [\"python3 /usr/bin/pip *\"]}", VERDICT_ALLOW,
		    false },
		{ "by neither", "{allow: [\"python3 /w/*\"]}", VERDICT_DENY,
		    false },
		{ "the interpreter denied", "{audit: [pip], deny: "
		    "[python3]}", VERDICT_DENY, false },
		{ "the script denied", "{allow: [python3], deny: [pip]}",
		    VERDICT_DENY, false },
		{ "a pattern of the interpreter denied", "{audit: [pip], "
		    "deny: [\"python3 /usr/bin/**\"]}", VERDICT_DENY,
		    false },
	};

	(void)state;
	for (size_t i = 0; i < NELEM(cases); i++) {
		struct policy_under_test p;
		struct exec_answer a;
		char text[256];

		(void)snprintf(text, sizeof(text), "commands: %s\n",
		    cases[i].policy);
		compile(&p, text);
		policy_exec(p.im, &q, &a);
		if (a.verdict != cases[i].want || a.audit != cases[i].audit)
			fail_msg("%s: %s", cases[i].behaviour, a.reason);
		done(&p);
	}
}

/* ---- environment, launch, made code, modes */

struct env_case {
	const char *behaviour, *entry, *env[3];
	enum verdict want;
};

static const struct env_case env_cases[] = {
	{ "a bare name demands nothing", "run", { "LD_PRELOAD=x" },
	    VERDICT_ALLOW },
	{ "a pattern forbids what would run other code", "run a",
	    { "LD_PRELOAD=x" }, VERDICT_DENY },
	{ "even empty", "run a", { "LD_PRELOAD=" }, VERDICT_DENY },
	{ "and names by their beginning", "run a", { "GIT_CONFIG_COUNT=1" },
	    VERDICT_DENY },
	{ "other variables are fine", "run a", { "HOME=/", "PATH=/bin" },
	    VERDICT_ALLOW },
	{ "env: lifts the built-in list",
	    "{command: run, args: [a], env: {forbid: []}}",
	    { "LD_PRELOAD=x" }, VERDICT_ALLOW },
	{ "a variable of its own is forbidden",
	    "{command: run, env: {forbid: [FOO, BAR_*]}}", { "BAR_1=x" },
	    VERDICT_DENY },
	{ "and another one is not",
	    "{command: run, env: {forbid: [FOO, BAR_*]}}", { "FOOL=x" },
	    VERDICT_ALLOW },
	{ "a pin is met", "{command: run, env: {pin: {FOO: \"1\"}}}",
	    { "FOO=1" }, VERDICT_ALLOW },
	{ "a pin is not met", "{command: run, env: {pin: {FOO: \"1\"}}}",
	    { "FOO=2" }, VERDICT_DENY },
	{ "a pinned variable is missing",
	    "{command: run, env: {pin: {FOO: \"1\"}}}", { "BAR=1" },
	    VERDICT_DENY },
	{ "a pinned variable is there twice",
	    "{command: run, env: {pin: {FOO: \"1\"}}}", { "FOO=1", "FOO=2" },
	    VERDICT_DENY },
	{ "what an entry demands holds though another allows",
	    "run, {command: run, args: [a], env: {forbid: [FOO]}}",
	    { "FOO=1" }, VERDICT_DENY },
	{ "but the built-in list only where patterns alone allow",
	    "run, run a", { "LD_PRELOAD=x" }, VERDICT_ALLOW },
};

static void
an_entry_says_what_the_environment_may_hold(void **state)
{
	static const struct str argv[] = { STR("run"), STR("a") };

	(void)state;
	for (size_t i = 0; i < NELEM(env_cases); i++) {
		const struct env_case *c = &env_cases[i];
		struct policy_under_test p;
		struct str env[3];
		uint32_t same;
		struct exec_form form = { .name = argv[0], .argv = argv,
			.argc = 2, .same = &same, .nsame = 1 };
		struct exec_query q = { .forms = &form, .nforms = 1,
			.env = env };
		struct exec_answer a;
		char text[512];

		for (; c->env[q.nenv] != NULL; q.nenv++)
			env[q.nenv] = str_c(c->env[q.nenv]);
		(void)snprintf(text, sizeof(text), "commands: {allow: [%s]}\n",
		    c->entry);
		compile(&p, text);
		same = number_of(p.im, "run");
		policy_exec(p.im, &q, &a);
		if (a.verdict != c->want)
			fail_msg("%s: %s", c->behaviour, a.reason);
		done(&p);
	}
}

struct other_case {
	const char *behaviour, *policy;
	bool main, made;
	enum verdict want, judged;
	bool audit, ask;
};

static const struct other_case other_cases[] = {
	{ "no section, no judgement", "network: {}", false, false,
	    VERDICT_ALLOW, VERDICT_ALLOW, false, false },
	{ "an empty section denies", "commands: {}", false, false,
	    VERDICT_DENY, VERDICT_DENY, false, false },
	{ "but not what the operator launched", "commands: {deny: [run]}",
	    true, false, VERDICT_ALLOW, VERDICT_ALLOW, false, false },
	{ "audit mode lets pass, and says what it would have been",
	    "{policy_mode: audit, commands: {deny: [run]}}", false, false,
	    VERDICT_ALLOW, VERDICT_DENY, false, false },
	{ "a star in deny overrides nothing",
	    "commands: {allow: [run], deny: [\"*\"]}", false, false,
	    VERDICT_ALLOW, VERDICT_ALLOW, false, false },
	{ "code made inside is denied, even where the default allows",
	    "commands: {default_policy: allow}", false, true, VERDICT_DENY,
	    VERDICT_DENY, false, false },
	{ "or a person is asked", "commands: {unreviewed_code: ask}", false,
	    true, VERDICT_DENY, VERDICT_DENY, false, true },
	{ "or it runs, recorded", "commands: {unreviewed_code: audit}",
	    false, true, VERDICT_ALLOW, VERDICT_ALLOW, true, false },
	{ "or it just runs", "commands: {unreviewed_code: allow}", false,
	    true, VERDICT_ALLOW, VERDICT_ALLOW, false, false },
	{ "but never what is denied",
	    "commands: {unreviewed_code: allow, deny: [run]}", false, true,
	    VERDICT_DENY, VERDICT_DENY, false, false },
};

static void
launch_mode_and_made_code(void **state)
{
	static const struct str argv[] = { STR("run"), STR("a") };

	(void)state;
	for (size_t i = 0; i < NELEM(other_cases); i++) {
		const struct other_case *c = &other_cases[i];
		struct policy_under_test p;
		struct exec_form form = { .name = argv[0], .argv = argv,
			.argc = 2 };
		struct exec_query q = { .forms = &form, .nforms = 1,
			.paper = true, .main = c->main, .made = c->made };
		struct exec_answer a;

		compile(&p, c->policy);
		policy_exec(p.im, &q, &a);
		if (a.verdict != c->want || a.judged != c->judged ||
		    a.audit != c->audit || a.ask != c->ask)
			fail_msg("%s: %s", c->behaviour, a.reason);
		done(&p);
	}
}

static void
a_persons_word_counts_where_a_person_is_asked(void **state)
{
	static const struct {
		const char *behaviour, *policy;
		enum verdict want;
	} cases[] = {
		{ "what a person has allowed runs, though no entry names it",
		    "commands: {unreviewed_code: ask}", VERDICT_ALLOW },
		{ "but not where nobody is asked",
		    "commands: {unreviewed_code: deny}", VERDICT_DENY },
		{ "and not what is denied",
		    "commands: {unreviewed_code: ask, deny: [run]}",
		    VERDICT_DENY },
	};
	static const struct str argv[] = { STR("run") };
	struct exec_form form = { .name = argv[0], .argv = argv, .argc = 1 };
	const struct exec_query q = { .forms = &form, .nforms = 1,
		.paper = true, .made = true, .reviewed = true };

	(void)state;
	for (size_t i = 0; i < NELEM(cases); i++) {
		struct policy_under_test p;
		struct exec_answer a;

		compile(&p, cases[i].policy);
		policy_exec(p.im, &q, &a);
		if (a.verdict != cases[i].want || a.ask)
			fail_msg("%s: %s", cases[i].behaviour, a.reason);
		done(&p);
	}
}

/* A program for all looks at what it is called by. */
static void
a_denied_name_counts_as_argv0_too(void **state)
{
	static const struct {
		const char *behaviour, *called;
		enum verdict want;
	} cases[] = {
		{ "by its name", "tac", VERDICT_DENY },
		{ "by a path", "/x/tac", VERDICT_DENY },
		{ "as a login shell", "-tac", VERDICT_DENY },
		{ "as a login shell, by a path", "-/x/tac", VERDICT_DENY },
		{ "by another name", "ls", VERDICT_ALLOW },
		{ "by a name that only ends so", "-ptac", VERDICT_ALLOW },
		{ "by none", "-", VERDICT_ALLOW },
	};
	struct policy_under_test p;

	(void)state;
	compile(&p, "commands: {default_policy: allow, deny: [tac]}\n");
	for (size_t i = 0; i < NELEM(cases); i++) {
		const struct str argv[] = { str_c(cases[i].called) };
		struct exec_form form = { .name = STR("/opt/box"),
			.argv = argv, .argc = 1 };
		const struct exec_query q = { .forms = &form, .nforms = 1,
			.paper = true };
		struct exec_answer a;

		policy_exec(p.im, &q, &a);
		if (a.verdict != cases[i].want)
			fail_msg("%s: %s", cases[i].behaviour, a.reason);
	}
	done(&p);
}

static void
a_profile_goes_with_every_match(void **state)
{
	struct policy_under_test p;
	struct exec_answer a;

	(void)state;
	compile(&p, "profiles: {narrow: {network: {}}}\n"
	    "commands:\n"
	    "  allow:\n"
	    "    - claude\n"
	    "    - {command: claude, args_pattern: \"--sub *\", profile: "
	    "narrow}\n");
	ask(p.im, "claude -p x", &a);
	assert_int_equal(a.verdict, VERDICT_ALLOW);
	assert_int_equal(a.profile.len, 0);
	ask(p.im, "claude --sub x", &a);
	assert_int_equal(a.verdict, VERDICT_ALLOW);
	assert_true(str_eqz(a.profile, "narrow"));
	done(&p);
}

static void
a_condition_narrows_a_rule(void **state)
{
	struct policy_under_test p;
	struct exec_answer a;

	(void)state;
	compile(&p, "commands:\n"
	    "  default_policy: allow\n"
	    "  deny:\n"
	    "    - {command: cp, when: cwd == \"/app/workspace\"}\n"
	    "    - {command: mv, when: cwd == \"/elsewhere\"}\n"
	    "    - {command: scp, when: context_sensitivity >= high}\n");
	ask(p.im, "cp a b", &a);
	assert_int_equal(a.verdict, VERDICT_DENY);
	ask(p.im, "mv a b", &a);
	assert_int_equal(a.verdict, VERDICT_ALLOW);
	ask(p.im, "scp a b", &a);	/* not known: it counts */
	assert_int_equal(a.verdict, VERDICT_DENY);
	done(&p);
	compile(&p, "commands:\n"
	    "  allow:\n"
	    "    - {command: cp, when: cwd == \"/app/workspace\"}\n"
	    "    - {command: mv, when: cwd == \"/elsewhere\"}\n"
	    "    - {command: scp, when: context_sensitivity < high}\n");
	ask(p.im, "cp a b", &a);
	assert_int_equal(a.verdict, VERDICT_ALLOW);
	ask(p.im, "mv a b", &a);
	assert_int_equal(a.verdict, VERDICT_DENY);
	assert_non_null(strstr(a.reason, "its condition does not hold"));
	ask(p.im, "scp a b", &a);
	assert_int_equal(a.verdict, VERDICT_DENY);
	done(&p);
}

/* ---- images that somebody changed */

static uint32_t
below(uint64_t *seed, size_t n)
{
	*seed = *seed * UINT64_C(6364136223846793005) + 1442695040888963407U;
	return (uint32_t)((*seed >> 33) % n);
}

static void
ask_all(const struct image *im)
{
	static const char *const texts[] = { "git log x", "cc -I/usr/include",
		"tool --config=/app/x", "sed /a/b/1x", "head x",
		"busybox git log --gr" };
	struct exec_answer a;

	for (size_t i = 0; i < NELEM(texts); i++) {
		ask(im, texts[i], &a);
		assert_true(a.reason[0] != '\0');
	}
}

/* Somewhere in the commands' sections, a number becomes another. */
static void
spoil(char *bytes, uint64_t *seed)
{
	static const uint32_t values[] = { 0, 1, 2, 255, 65536, 1U << 31,
		UINT32_MAX };
	struct f_head *h = (struct f_head *)(void *)bytes;
	uint32_t from = h->sections[FORM_commands].first;
	uint32_t to = h->sections[FORM_csteps].first, v;
	uint32_t at = from + 4 * below(seed, (to - from) / 4);

	memcpy(&v, bytes + at, 4);
	v = below(seed, 2) == 0 ? values[below(seed, NELEM(values))] :
	    v + below(seed, 9) - 4;
	memcpy(bytes + at, &v, 4);
	sha256(str_from(str_of(bytes, h->size), FORM_HASHED), h->hash);
}

static void
a_damaged_image_is_refused_or_harmless(void **state)
{
	struct policy_under_test p;
	uint64_t seed = 1;
	unsigned refused = 0;
	size_t len;

	(void)state;
	compile(&p, grant_policy);
	len = p.im->head->size;
	for (unsigned i = 0; i < 1500; i++) {
		char *bytes = malloc(len);
		struct image *im;

		assert_non_null(bytes);
		memcpy(bytes, p.bytes, len);
		spoil(bytes, &seed);
		if (image_of(str_of(bytes, len), &im, NULL) == 0) {
			ask_all(im);
			image_free(im);
		} else
			refused++;
		free(bytes);
	}
	assert_true(refused > 400);
	done(&p);
}

/* ---- why not */

static const struct {
	const char *command, *reason;
} reasons[] = {
	{ "curl -o f https://a", "allowed only as \"curl --max-time 30 "
	    "https://*\" (p.yaml:8): argument 1 \"-o\" is not --max-time" },
	{ "curl --max-time 30", "allowed only as \"curl --max-time 30 "
	    "https://*\" (p.yaml:8): argument 3 is missing, and must be "
	    "https://*" },
	{ "curl --max-time 30 https://a -o", "allowed only as \"curl "
	    "--max-time 30 https://*\" (p.yaml:8): argument 4 \"-o\" is one "
	    "too many" },
	{ "rm -fr x", "denied by p.yaml:13: rm -rf *" },
	{ "bash -c ls", "no rule of commands allows bash" },
	{ "git push", "allowed and recorded by p.yaml:24: git" },
	{ "/tmp/python3 x", "/tmp/python3 is not the file that p.yaml:4 "
	    "allows: that is the one to which the name led when the sandbox "
	    "started" },
};

static void
a_denial_says_what_differs(void **state)
{
	struct policy_under_test p;

	(void)state;
	compile(&p, commands_policy);
	for (size_t i = 0; i < NELEM(reasons); i++) {
		struct exec_answer a;

		ask(p.im, reasons[i].command, &a);
		assert_string_equal(a.reason, reasons[i].reason);
	}
	done(&p);
}

static void
one_of_several_allows_is_only_the_nearest(void **state)
{
	struct policy_under_test p;
	struct exec_answer a;

	(void)state;
	compile(&p, "commands:\n  allow: [git status, git log *]\n");
	ask(p.im, "git push", &a);
	assert_string_equal(a.reason, "no allow agrees; the nearest is "
	    "\"git status\" (p.yaml:2): argument 1 \"push\" is not status");
	done(&p);
}

/* ---- errors */

static const struct {
	const char *entry, *error;
} errors[] = {
	{ "allow: [\"*\"]", "\"*\" would allow every command" },
	{ "audit: [\"*\"]", "\"*\" would allow every command" },
	{ "deny: [\"* -f\"]", "a command has no wildcards" },
	{ "allow: [\"git-*\"]", "a command has no wildcards" },
	{ "allow: [bin/x]", "a bare name, or an absolute path" },
	{ "allow: [/usr/../x]", "no empty and no dot components" },
	{ "allow: [-x]", "does not begin with -" },
	{ "allow: [\"git commit -m 'a b'\"]", "quotes do not group here" },
	{ "allow: [\"git log --format='%h'\"]", "quotes do not group here" },
	{ "deny: [\"rm -rf *'\"]", "quotes do not group here" },
	{ "allow: [\"git push]", "can stand between ''" },
	{ "allow: ['git push]", "can stand between \"\"" },
	{ "allow: [@x]", "put the word in quotes" },
	{ "allow: [{command: git x}]", "command is a name alone" },
	{ "allow: [{args_pattern: x}]", "needs the key command" },
	{ "allow: [{command: x, args: [a], args_pattern: b}]", "not both" },
	{ "allow: [{command: x, arg: [a]}]", "did you mean \"args\"" },
	{ "deny: [{command: x, args: []}]", "deny of no arguments" },
	{ "deny: [{command: x, env: {forbid: [A]}}]", "no place in a deny" },
	{ "deny: [{command: x, profile: p}]", "no place in a deny" },
	{ "allow: [{command: x, profile: p}]", "there is no profile" },
	{ "allow: [{command: x, env: {forbid: [A-B]}}]", "no name of an "
	    "environment variable" },
	{ "allow: [{command: x, env: {pin: {A: 1}}}]", "put it in quotes" },
	{ "allow: [x /a//b]", "empty component" },
	{ "allow: [x /a/../b]", "dot component" },
	{ "allow: [\"x --a*=/b\"]", "no * before a path" },
	{ "default_policy: deni", "did you mean \"deny\"" },
	{ "unreviewed_code: asks", "did you mean \"ask\"" },
	{ "default_policy: allow, deny: [\"*\"]", "remove one" },
};

static void
an_error_says_what_to_write(void **state)
{
	(void)state;
	for (size_t i = 0; i < NELEM(errors); i++) {
		char text[512];
		struct policy_file f = { "p.yaml", { text, 0 } };
		struct diags d = { 0 };
		char *bytes, *all;
		size_t len;

		f.text.len = (size_t)snprintf(text, sizeof(text),
		    "commands: {%s}\n", errors[i].entry);
		assert_int_equal(policy_compile(&f, 1, POLICY_STAGE_CHECK,
		    &bytes, &len, &d), -1);
		all = diags_print(&d, false);
		if (strstr(all, errors[i].error) == NULL)
			fail_msg("%s: %s", errors[i].entry, all);
		free(all);
		diags_fini(&d);
	}
}

/* Each of its commands is in bounds; all of them would take minutes. */
static void
what_takes_too_long_is_refused_by_name(void **state)
{
	struct policy_file f = { "p.yaml", { NULL, 0 } };
	struct diags d = { 0 };
	char *bytes, *all;
	struct buf b;
	bool ok;
	size_t len;

	(void)state;
	buf_init(&b, 1 << 20);
	ok = buf_addz(&b, "commands:\n  allow:\n");
	for (unsigned i = 0; i < 200 * 16; i++)
		ok = ok && buf_printf(&b, "    - \"t%u *%c*\"\n", i / 16,
		    'a' + i % 16);
	assert_true(ok);
	f.text = buf_str(&b);
	assert_int_equal(policy_compile(&f, 1, POLICY_STAGE_CHECK, &bytes,
	    &len, &d), -1);
	assert_int_equal(d.n, 1);
	all = diags_print(&d, false);
	assert_non_null(strstr(all, "of more kinds than can be told apart"));
	free(all);
	diags_fini(&d);
	buf_fini(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_agent_policy),
		cmocka_unit_test(the_commands_policy),
		cmocka_unit_test(a_deny_counts_however_it_is_written),
		cmocka_unit_test(a_grant_means_what_it_says),
		cmocka_unit_test(arguments_may_hold_any_bytes),
		cmocka_unit_test(
		    an_allowed_name_is_a_file_and_a_denied_one_many),
		cmocka_unit_test(a_script_is_itself_and_its_interpreter),
		cmocka_unit_test(an_entry_says_what_the_environment_may_hold),
		cmocka_unit_test(launch_mode_and_made_code),
		cmocka_unit_test(
		    a_persons_word_counts_where_a_person_is_asked),
		cmocka_unit_test(a_denied_name_counts_as_argv0_too),
		cmocka_unit_test(a_profile_goes_with_every_match),
		cmocka_unit_test(a_condition_narrows_a_rule),
		cmocka_unit_test(a_damaged_image_is_refused_or_harmless),
		cmocka_unit_test(a_denial_says_what_differs),
		cmocka_unit_test(one_of_several_allows_is_only_the_nearest),
		cmocka_unit_test(an_error_says_what_to_write),
		cmocka_unit_test(what_takes_too_long_is_refused_by_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
