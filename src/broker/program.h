/* program.h -- what an exec would run, held. */
#ifndef BROKER_PROGRAM_H
#define BROKER_PROGRAM_H

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
	int cwd_fd;		/* -1: not known, and so is cwd */
	struct str cwd;
	/* What was asked for, and the interpreters one after the other. The
	 * kernel executes files[runs]; behind it may stand what env would
	 * find. */
	struct program_file files[EXEC_FORMS_MAX + 1];
	struct exec_form forms[EXEC_FORMS_MAX];
	uint32_t nfiles, nforms, runs;
	struct program_file loader;	/* its PT_INTERP; fd -1: none */
	bool copied;		/* args are the caller's */
	bool main;		/* the operator launches it */
	uint64_t profiles;	/* that it is to run under, too */
	struct str script;	/* what the kernel calls files[0] to the next */
	struct str *argv;	/* that files[runs] gets */
	uint32_t argc;
};

struct exec_asked { /* what the caller said */
	int dirfd, flags;
	char path[PATH_BYTES_MAX];
};

void program_init(struct program *p);
/* Takes held, what the path leads to. With p->args, which may be empty if
 * arguments do not matter. 0 or -errno; -ENOEXEC: it is no program. */
int program_find(const struct ask *a, const struct exec_asked *q, int held,
    struct program *p);
void program_fini(struct program *p);
/* Open for reading, or -1. */
int program_open(const struct broker *b, const struct program_file *file);

#endif
