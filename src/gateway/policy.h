/* policy.h -- policy texts to an image, for the API. */
#ifndef GATEWAY_POLICY_H
#define GATEWAY_POLICY_H

#include <jansson.h>
#include <stddef.h>

#include "base/limits.h"
#include "base/str.h"
#include "compile/compile.h"
#include "policy/image.h"

struct call;
struct err;

struct compiled {
	char *bytes;		/* the image */
	size_t len;
	struct image_info info;
	struct diags diags;	/* warnings, or why there is no image */
};

/* [{name, text}, ...], every field checked. */
int policies_check(const json_t *policies, struct err *e);
/* Compiles what policies_check accepted. -1: c->diags says why. */
int policies_compile(const json_t *policies, enum policy_stage stage,
    struct compiled *c);
void compiled_fini(struct compiled *c);

json_t *diags_json(const struct diags *d);
/* Answers 422 with all of them. */
void call_fail_diags(struct call *c, const struct diags *d);
const char *policy_mode_name(enum policy_mode m);
const char *policy_system_name(enum policy_system s);

#endif
