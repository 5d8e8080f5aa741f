/* exec.c -- the commands' one decision. */
#include "policy/exec.h"

#include <stdio.h>

#include "policy/form.h"

bool
image_has_commands(const struct image *im)
{
	(void)im;
	return true;
}

enum exec_made
image_made(const struct image *im)
{
	(void)im;
	return MADE_DENY;
}

uint32_t
image_commands(const struct image *im)
{
	(void)im;
	return 0;
}

void
image_command(const struct image *im, uint32_t i, struct exec_command *out)
{
	(void)im;
	(void)i;
	*out = (struct exec_command){ 0 };
}

uint32_t
image_envs(const struct image *im)
{
	(void)im;
	return 0;
}

struct str
image_env(const struct image *im, uint32_t i)
{
	(void)im;
	(void)i;
	return STR("");
}

struct str
exec_attached(struct str arg)
{
	size_t eq = str_index(arg, '=');

	if (arg.len < 3 || arg.p[0] != '-')
		return STR("");
	if (arg.p[1] != '-')
		return str_from(arg, 2);
	return eq == arg.len ? STR("") : str_from(arg, eq + 1);
}

void
policy_exec(const struct image *im, const struct exec_query *q,
    struct exec_answer *out)
{
	*out = (struct exec_answer){ 0 };
	if (q->main) {
		out->judged = VERDICT_ALLOW;
		(void)snprintf(out->reason, sizeof(out->reason),
		    "the operator launched it");
	} else
		(void)snprintf(out->reason, sizeof(out->reason),
		    "no rule of commands allows it");
	out->verdict = im->info.mode == POLICY_ENFORCE ? out->judged :
	    VERDICT_ALLOW;
}
