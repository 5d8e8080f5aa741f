/* policy.h -- policy texts to an image, for the API. */
#ifndef GATEWAY_POLICY_H
#define GATEWAY_POLICY_H

#include <jansson.h>
#include <stddef.h>

#include "base/limits.h"
#include "base/shelf.h"
#include "base/str.h"
#include "compile/compile.h"
#include "policy/image.h"

struct box;
struct cache;
struct call;
struct docset;
struct err;

/* What every policy is compiled with. */
struct policy_base {
	struct shelf shipped;	/* the library */
	json_t *maximum;	/* the closed list of the organisation's maximum
				 * policy, or NULL: there is none */
	char maximum_hash[HASH_HEX_BYTES + 1]; /* of it alone */
	char *nothing;		/* the empty policy's image, made when it is
				 * asked for */
	size_t nothing_len;
	struct cache *cache;	/* borrowed; NULL: every time anew */
};

struct compiled {
	char *bytes;		/* the image */
	size_t len;
	struct image *im;	/* of them */
	struct image_info info;
	struct diags diags;	/* warnings, or why there is no image */
	json_t *list;		/* policies_take(): closed; else NULL */
};

/* [{name, text, kind}, ...] of a request, every field checked. */
int policies_check(const json_t *policies, struct err *e);
/* Closes what policies_check accepted over the shipped library, and compiles
 * it. -1: c->diags says why. */
int policies_take(const json_t *policies, const struct policy_base *base,
    enum policy_stage stage, struct compiled *c);
/* The same of a closed list: a revision keeps what it was made of. */
int policies_compile(const json_t *policies, const struct policy_base *base,
    enum policy_stage stage, struct compiled *c);
/* A closed set as a list. */
json_t *policies_list(const struct docset *set);
/* A hash of what a running sandbox cannot change: the same for two only if
 * policy_locked_changes() says nothing about them. Empty: cannot be told. */
void compiled_locked(const struct compiled *c, struct policy_base *base,
    char out[HASH_HEX_BYTES + 1]);
void compiled_fini(struct compiled *c);

/* One of a sandbox's, with its texts; 0 is the newest that did not fail. */
json_t *revision_of(const struct box *b, uint64_t number, struct err *e);
json_t *diags_json(const struct diags *d);
/* Answers 422 with all of them. */
void call_fail_diags(struct call *c, const struct diags *d);
const char *policy_mode_name(enum policy_mode m);
const char *policy_system_name(enum policy_system s);

#endif
