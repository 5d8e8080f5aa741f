/* spec.h -- the body of a creation, checked, and what is kept of it. */
#ifndef GATEWAY_SPEC_H
#define GATEWAY_SPEC_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"

struct err;

struct create { /* json: borrowed from the body, or NULL */
	const char *name;
	json_t *command, *policies, *env, *mounts, *labels;
	const char *workdir;
	bool tty, keep, attach, wait;
	int64_t rows, cols;
};

int create_read(const json_t *body, struct create *out, struct err *e);
/* What a later start needs, with every member there; a new reference. */
json_t *create_spec(const struct create *c);

/* Also for exec: argv and environment, in form and within the limits. */
int command_check(const json_t *command, const json_t *env, struct err *e);
/* Absolute, no ".." nor "." nor empty components, shorter than a path. */
int path_check(const char *what, const char *path, struct err *e);

/* A checked list of strings, and an environment as K=V; ended by NULL. */
char **strings_of(struct arena *a, const json_t *array);
char **env_of(struct arena *a, json_t *env);

#endif
