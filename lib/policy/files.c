/* files.c -- the files' one decision. */
#include "policy/files.h"

#include <stdio.h>

void
policy_file(const struct image *im, const struct file_query *q,
    struct file_answer *out)
{
	(void)im;
	(void)q;
	*out = (struct file_answer){ 0 };
	(void)snprintf(out->reason, sizeof(out->reason),
	    "this image says nothing about single files");
}

unsigned
policy_file_judge(const struct image *im, const struct file_query *q)
{
	(void)im;
	(void)q;
	return 0;
}

uint64_t
policy_file_state(const struct image *im, struct str path)
{
	(void)im;
	(void)path;
	return 0;
}

void
policy_file_below(const struct image *im, struct str path, unsigned mounted,
    struct file_below *out)
{
	(void)im;
	(void)path;
	(void)mounted;
	*out = (struct file_below){ FILE_NONE, FILE_NONE };
}
