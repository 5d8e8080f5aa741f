/* command_env.c -- variables that make a program run other code than its
 * arguments say. */
#include "base/compat.h"
#include "compile/commands.h"

#define FORBID(text) { .name = { text, sizeof(text) - 1 } }

static const struct pol_env own[] = {
	/* the loader's */
	FORBID("LD_AUDIT"), FORBID("LD_LIBRARY_PATH"), FORBID("LD_PRELOAD"),
	/* shells */
	FORBID("BASH_ENV"), FORBID("BASH_FUNC_*"), FORBID("ENV"),
	FORBID("ZDOTDIR"),
	/* interpreters */
	FORBID("PYTHONHOME"), FORBID("PYTHONINSPECT"), FORBID("PYTHONPATH"),
	FORBID("PYTHONSTARTUP"), FORBID("NODE_OPTIONS"),
	FORBID("NODE_PATH"), FORBID("BUN_OPTIONS"), FORBID("PERL5LIB"),
	FORBID("PERL5OPT"), FORBID("RUBYLIB"), FORBID("RUBYOPT"),
	FORBID("JAVA_TOOL_OPTIONS"), FORBID("JDK_JAVA_OPTIONS"),
	FORBID("_JAVA_OPTIONS"), FORBID("LUA_INIT"),
	/* git runs what these name */
	FORBID("GIT_CONFIG*"), FORBID("GIT_EDITOR"),
	FORBID("GIT_EXEC_PATH"), FORBID("GIT_EXTERNAL_DIFF"),
	FORBID("GIT_PAGER"), FORBID("GIT_PROXY_COMMAND"),
	FORBID("GIT_SEQUENCE_EDITOR"), FORBID("GIT_SSH*"),
	FORBID("GIT_TEMPLATE_DIR"),
	/* others that are given commands */
	FORBID("CURL_HOME"), FORBID("EDITOR"), FORBID("LESSOPEN"),
	FORBID("MAKEFLAGS"), FORBID("PAGER"), FORBID("VISUAL"),
};

const struct pol_env *
command_own_env(uint32_t *n)
{
	*n = NELEM(own);
	return own;
}
