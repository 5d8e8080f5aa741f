/* stop.h -- an exec that was allowed, until it runs. */
#ifndef BROKER_STOP_H
#define BROKER_STOP_H

#include "broker/program.h"

/* p: what may run, NULL: nothing may, it is no program. What a handler
 * returns. */
long stop_let_go(const struct ask *a, const struct program *p);
/* What waitpid(2) says of a process that is no child of ours. false: it is
 * not one of those either. */
bool stop_on(struct broker *b, pid_t pid, int status);

/* ---- loaded.c: what the kernel is to load, and did. */

struct loaded { /* expected */
	bool nothing;		/* it is no program */
	dev_t dev;
	ino_t ino;
	bool hashed;		/* may be written by who asks: look again */
	unsigned char hash[SHA256_BYTES];
	bool has_loader;
	dev_t loader_dev;	/* as maps say, which differs from stat */
	ino_t loader_ino;
	bool has_args;
	uint32_t argc, nenv;
	size_t len;		/* of the arguments and the environment */
	char *bytes;		/* if they are short; else their hash */
	unsigned char args_hash[SHA256_BYTES];
};

/* 0 or -errno. */
int loaded_expect(const struct ask *a, const struct program *p,
    struct loaded *out);
void loaded_fini(struct loaded *l);
/* In the stop after an exec. NULL: it is what was expected; or what is not. */
const char *loaded_compare(struct broker *b, pid_t pid,
    const struct loaded *l);

#endif
