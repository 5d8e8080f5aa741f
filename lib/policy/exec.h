/* exec.h -- the one decision function of the commands' domain.  No
 * allocation, no lock, no parse.
 *
 * Who asks has found out what would run: the file that a name leads to, and
 * for a script the interpreter too. Each of these is a form of the question.
 * A deny of any form denies; an allow of any form allows. "#!/usr/bin/env X"
 * is X: env is no form of its own. */
#ifndef POLICY_EXEC_H
#define POLICY_EXEC_H

#include <stdbool.h>
#include <stdint.h>

#include "base/limits.h"
#include "base/str.h"
#include "policy/answer.h"

struct facts;
struct image;

#define EXEC_FORMS_MAX	6	/* the kernel follows four "#!" */

struct exec_form {
	struct str name;	/* as asked for: "rm", "/bin/rm", "./x" */
	struct str file;	/* canonical path of the file that it leads to;
				 * empty: not known */
	const struct str *argv;	/* argv[0] included; no NUL in them */
	uint32_t argc;
	/* Canonical forms of the arguments, one for each of argv, empty where
	 * it cannot name a file; and of what is attached to an option
	 * (exec_attached). NULL: made from cwd, by the words alone, as if
	 * there were no symbolic links. */
	const struct str *paths, *attached;
	/* Which commands of the image the file is (image_command), rising:
	 * what their names led to when the sandbox started. And which it is
	 * a copy of, or only the inode of; for denies. See same.h. */
	const uint32_t *same, *copies;
	uint32_t nsame, ncopies;
};

struct exec_query {
	const struct exec_form *forms;	/* [0] is what was asked for */
	uint32_t nforms;
	struct str cwd;		/* canonical; empty: not known */
	const struct str *env;	/* "NAME=VALUE"; of interest are the names of
				 * image_env(), others may be left out */
	uint32_t nenv;
	/* Variables that the sandbox's own processes are given, as they are:
	 * nobody inside chose these, and what an entry with a pattern forbids
	 * by itself is not they. */
	const struct str *given;
	uint32_t ngiven;
	bool paper;		/* nothing was looked up, as for explain and
				 * test: names say which file it is, and the
				 * environment is not judged */
	bool main;		/* the process that the operator launched */
	bool made;		/* a file of it was made in the sandbox */
	bool reviewed;		/* and a person has allowed all of those */
	const struct facts *facts;	/* for `when:'; NULL: none is known */
	uint64_t profiles;	/* that the caller is under */
};

/* What is done about code that was made in the sandbox. */
enum exec_made {
	MADE_DENY,	/* zero: the strict one */
	MADE_ASK,	/* a person may allow it: denied until then */
	MADE_AUDIT,
	MADE_ALLOW,
};

struct exec_answer {
	enum verdict verdict;	/* what is enforced (mode considered) */
	enum verdict judged;	/* what the rules say, whatever the mode */
	bool audit;		/* allowed, and always recorded with all of
				 * its arguments */
	bool ask;		/* denied, until a person allows it */
	struct str profile;	/* it runs under this narrower policy; empty:
				 * under its parent's */
	uint64_t profiles;	/* all that it is to run under, besides those
				 * that the caller is under already */
	struct policy_rule rule;	/* that decided: the allow, or the deny */
	struct policy_rule nearest; /* on a denial without rule: closest allow */
	char reason[REASON_BYTES_MAX]; /* one sentence: why */
};

void policy_exec(const struct image *im, const struct exec_query *q,
    struct exec_answer *out);

/* What the question itself says: command, args, cwd, exe. policy_exec() puts
 * them into what q->facts holds. */
void facts_exec(struct facts *f, const struct exec_query *q);

/* Is there a commands section? Without one every exec is allowed. */
bool image_has_commands(const struct image *im);
enum exec_made image_made(const struct image *im);

/* The names that an image mentions, to be looked up when a sandbox starts:
 * "git", "/usr/bin/git". What a bare name is allowed to be is the file that
 * the sandbox's PATH leads to then; what it denies is every file of that name
 * (a path's last part, also with ".x" behind) and their copies. */
struct exec_command {
	struct str name;
	bool allow, deny;	/* some rule of this kind names it */
};

uint32_t image_commands(const struct image *im);
void image_command(const struct image *im, uint32_t i,
    struct exec_command *out);
/* Names of environment variables that some rule looks at. */
uint32_t image_envs(const struct image *im);
struct str image_env(const struct image *im, uint32_t i);

/* Does some rule look at an argument as at a path? Else no exec_form needs
 * paths and attached. */
bool image_exec_paths(const struct image *im);
/* FACT_BIT of what the conditions of commands ask about. */
uint64_t image_exec_facts(const struct image *im);

/* The loader, by the last part of a path: "ld-linux-x86-64.so.2". */
bool exec_is_loader(struct str base);
/* Which of its arguments is the program that the loader starts; argc or more:
 * none. */
uint32_t exec_loaded(const struct str *argv, uint32_t argc);
/* The path that a text is, without symbolic links; empty: none. */
struct str exec_lexical(struct str cwd, struct str text,
    char buf[PATH_BYTES_MAX]);
/* The part of an argument that may name a file of its own: FILE in
 * "--output=FILE", "of=FILE" and "-oFILE"; empty: none. */
struct str exec_attached(struct str arg);

#endif
