/* t_git_config.c -- which changes of a repository's configuration run
 * nothing. */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/compat.h"
#include "policy/git_config.h"

#define INIT "[core]\n\trepositoryformatversion = 0\n\tfilemode = true\n" \
	"\tbare = false\n\tlogallrefupdates = true\n"
#define CLONE INIT "[remote \"origin\"]\n\turl = https://x.test/a.git\n" \
	"\tfetch = +refs/heads/*:refs/remotes/origin/*\n" \
	"[branch \"main\"]\n\tremote = origin\n\tmerge = refs/heads/main\n"
#define HOSTS "[core]\n\thooksPath = .githooks\n[alias]\n\tx = !run it\n"

static const struct {
	const char *what, *was, *is;
	bool ok;
} cases[] = {
	{ "nothing", "", "", true },
	{ "what init writes", "", INIT, true },
	{ "what clone writes", INIT, CLONE, true },
	{ "and removes", CLONE, INIT, true },
	{ "who commits", INIT, INIT "[user]\n\tname = \"A; B\"\n\temail = "
	    "a@b\n", true },
	{ "comments and blanks", "", "# a\n\n  ; b\n[user] \n name = x\n",
	    true },
	{ "a key alone", "", "[core]\nbare\n", true },
	{ "no line's end", "", "[core]\nbare = true", true },
	{ "advice of any kind", "", "[advice]\n\tdetachedHead = false\n",
	    true },
	{ "case of names", "", "[CORE]\n\tFileMode = false\n", true },
	{ "what the host had stays", HOSTS, HOSTS INIT, true },
	{ "in front, too", HOSTS, INIT HOSTS, true },

	{ "a hook's directory", INIT, INIT "\thooksPath = x\n", false },
	{ "a monitor", "", "[core]\n\tfsmonitor = ./x\n", false },
	{ "another worktree", "", "[core]\n\tworktree = /\n", false },
	{ "ssh", "", "[core]\n\tsshCommand = x\n", false },
	{ "an editor", "", "[core]\n\teditor = x\n", false },
	{ "an alias", "", "[alias]\n\tst = !x\n", false },
	{ "a filter", "", "[filter \"x\"]\n\tsmudge = x\n", false },
	{ "a diff driver", "", "[diff \"x\"]\n\tcommand = x\n", false },
	{ "another file", "", "[include]\n\tpath = ../x\n", false },
	{ "on a condition", "", "[includeIf \"gitdir:/\"]\n\tpath = x\n",
	    false },
	{ "a helper for passwords", "", "[credential]\n\thelper = !x\n",
	    false },
	{ "the other side's program", "", "[remote \"o\"]\n\tuploadpack = x\n",
	    false },
	{ "a helper as transport", "", "[remote \"o\"]\n\tvcs = x\n", false },
	{ "a URL of it", "", "[remote \"o\"]\n\turl = ext::sh -c x\n", false },
	{ "of an unknown kind", "", "[remote \"o\"]\n\turl = x://y\n", false },
	{ "an option of ssh's", "", "[remote \"o\"]\n\turl = "
	    "ssh://-oProxyCommand=x/y\n", false },
	{ "behind a name", "", "[remote \"o\"]\n\turl = ssh://a@-ox/y\n",
	    false },
	{ "as a path", "", "[remote \"o\"]\n\turl = -x\n", false },
	{ "as a branch's", "", "[branch \"m\"]\n\tremote = -x\n", false },
	{ "a remote's name", "", "[remote \"--upload-pack=x\"]\n\turl = y\n",
	    false },
	{ "a key of another section", "", "[user]\n\thooksPath = x\n",
	    false },
	{ "a name where none belongs", "", "[core \"x\"]\n\tbare = true\n",
	    false },
	{ "and none where it does", "", "[remote]\n\turl = x\n", false },
	{ "before any section", "", "bare = true\n", false },
	{ "a setting behind its section", "", "[core] hooksPath = x\n",
	    false },
	{ "that looks like a name", "", "[core \"a\"] b = \"c\"]\n", false },
	{ "the older form", "", "[remote.o]\n\turl = x\n", false },
	{ "a line that goes on", "", "[user]\n\tname = a\\\nb\n", false },
	{ "a comment that does not", "", "[user]\n# a\\\n[alias]\nx = !y\n",
	    false },
	{ "with a CR", "", "[user]\n\tname = a\\\r\n[alias]\r\nx = y\n",
	    false },
	{ "an escape", "", "[user]\n\tname = a\\n\n", false },
	{ "half a quote", "", "[user]\n\tname = \"a\n", false },
	{ "a comment behind a value", "", "[remote \"o\"]\n\turl = x # y\n",
	    false },
	{ "what the host had goes", HOSTS INIT, INIT, false },
	{ "or changes", HOSTS, "[core]\n\thooksPath = x\n[alias]\n\tx = "
	    "!run it\n", false },
	{ "or changes places", HOSTS, "[alias]\n\tx = !run it\n[core]\n"
	    "\thooksPath = .githooks\n", false },
	{ "or sections", "[a]\nx = y\n", "[b]\nx = y\n", false },
	{ "or comes twice", HOSTS, HOSTS HOSTS, false },
};

static void
a_change_runs_nothing_or_is_refused(void **state)
{
	char why[256];

	(void)state;
	for (size_t i = 0; i < NELEM(cases); i++)
		if (git_config_harmless(str_c(cases[i].was), str_c(cases[i].is),
			why, sizeof(why)) != cases[i].ok)
			fail_msg("%s", cases[i].what);
}

static void
the_reason_names_the_setting(void **state)
{
	char why[256];

	(void)state;
	assert_false(git_config_harmless(STR(""), STR("[core]\n\tfsmonitor = "
		"./x\n"), why, sizeof(why)));
	assert_string_equal(why, "[core] fsmonitor = ./x");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_change_runs_nothing_or_is_refused),
		cmocka_unit_test(the_reason_names_the_setting),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
