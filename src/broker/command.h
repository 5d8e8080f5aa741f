/* command.h -- an exec, from the question to the program's first instruction.
 *
 *	ask_exec	copies path, arguments and environment once (argv.c),
 *			finds what would run (program.c) and which of the
 *			policy's commands that is (known.c), and decides
 *			(command.c, lib/policy/exec.h)
 *	review_exec	may ask a person first
 *	stop_let_go	the kernel executes, traced by us; when it has, and the
 *			program has not run yet, what it loaded is compared
 *			with what was judged (stop.c)
 *	profile_enter	puts it under a narrower policy */
#ifndef BROKER_COMMAND_H
#define BROKER_COMMAND_H

#include <sys/stat.h>

#include "base/arena.h"
#include "broker/broker.h"
#include "policy/exec.h"
#include "policy/same.h"

/* ---- argv.c ---- */

#define COMMAND_BYTES_MAX   2097152	/* arguments and environment; Linux's
					 * own limit with a stack of 8 MiB */
#define COMMAND_STRINGS_MAX 131072
#define COMMAND_STRING_MAX  131072	/* one of them, as the kernel's */

struct args { /* in the arena; each string is followed by a NUL */
	struct str *argv, *env;
	uint32_t argc, nenv;
};

/* 0 or -errno: E2BIG, EFAULT. */
int args_copy(const struct ask *a, uint64_t argv, uint64_t env,
    struct arena *arena, struct args *out);

/* ---- program.c ---- */

struct program_file { /* one that is executed, or read by who is */
	int fd;			/* O_PATH; -1: it is not there */
	struct stat st;
	struct str name;	/* as asked for */
	struct str path;	/* canonical; empty: on no path */
	bool fixed;		/* nobody inside can change it */
	bool hashed;		/* its content was looked at */
	struct file_id id;
};

struct program {
	struct arena arena;
	struct args args;
	struct str cwd;
	/* What was asked for, and the interpreters one after the other. The
	 * kernel executes files[runs]; behind it may stand what env would
	 * find. */
	struct program_file files[EXEC_FORMS_MAX + 1];
	struct exec_form forms[EXEC_FORMS_MAX];
	uint32_t nfiles, nforms, runs;
	struct program_file loader;	/* its PT_INTERP; fd -1: none */
	struct str *argv;	/* that files[runs] gets */
	uint32_t argc;
};

/* ---- review.c ---- */

enum review { REVIEW_DENY, REVIEW_ALLOW, REVIEW_HOLD };

/* Was a file of it made in the sandbox, and has nobody reviewed it? Asked
 * before the policy is. */
bool review_made(const struct ask *a, const struct program *p);
/* After the policy allowed it, or said that a person may (v->ask). HOLD: the
 * caller waits, and the question is asked anew, from its start, after
 * hold_again(); who holds it has a time-out for that. */
enum review review_exec(const struct ask *a, const struct program *p,
    struct exec_answer *v);

/* ---- profile.c ---- */

/* Under which profiles the caller is, so that a is judged by them. 0, or
 * -errno: it is not known. */
int profile_take(struct ask *a);
/* The verified program in process pid (outer) is about to run, under profiles
 * besides its parent's. 0 or -1: it is killed. */
int profile_enter(struct broker *b, pid_t pid, uint64_t profiles);

#endif
