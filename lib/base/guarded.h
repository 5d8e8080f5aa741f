/* guarded.h -- names of files that programs outside a sandbox run or obey
 * later: git's hooks and configuration, shell start-up files, configuration of
 * editors and agents.  lib/jail covers those that are there; lib/compile has
 * them as rules of every policy. */
#ifndef BASE_GUARDED_H
#define BASE_GUARDED_H

/* GUARDED(name): wherever it is, and everything in it. */
#define GUARDED_NAMES(GUARDED)						\
	GUARDED(".bashrc") GUARDED(".bash_profile") GUARDED(".bash_login") \
	GUARDED(".bash_logout") GUARDED(".bash_aliases")		\
	GUARDED(".profile") GUARDED(".zshrc") GUARDED(".zshenv")	\
	GUARDED(".zprofile") GUARDED(".zlogin") GUARDED(".zlogout")	\
	GUARDED(".kshrc") GUARDED(".cshrc") GUARDED(".tcshrc")		\
	GUARDED(".login") GUARDED(".inputrc") GUARDED(".gitconfig")	\
	GUARDED(".envrc") GUARDED(".vscode") GUARDED(".idea")		\
	GUARDED(".devcontainer") GUARDED(".mcp.json") GUARDED(".vimrc")	\
	GUARDED(".exrc") GUARDED(".husky")

/* GUARDED(directory, name): in a directory of that name, which is not to be
 * renamed away. */
#define GUARDED_IN(GUARDED)						\
	GUARDED(".git", "hooks") GUARDED(".git", "config")		\
	GUARDED(".git", "config.worktree") GUARDED(".git", "modules")	\
	GUARDED(".git", "commondir")					\
	GUARDED(".claude", "settings.json")				\
	GUARDED(".claude", "settings.local.json")			\
	GUARDED(".claude", "hooks") GUARDED(".claude", "commands")	\
	GUARDED(".claude", "agents")					\
	GUARDED(".codex", "config.toml") GUARDED(".codex", "hooks")	\
	GUARDED(".cursor", "mcp.json") GUARDED(".cursor", "hooks.json")	\
	GUARDED(".cursor", "rules")					\
	GUARDED(".gemini", "settings.json")				\
	GUARDED(".opencode", "opencode.json")				\
	GUARDED(".opencode", "plugin") GUARDED(".opencode", "plugins")

#endif
