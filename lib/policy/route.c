/* route.c -- the models' one decision. */
#include "policy/route.h"

#include <stdio.h>

void
policy_route(const struct image *im, const struct facts *f,
    struct route_answer *out)
{
	(void)im;
	(void)f;
	*out = (struct route_answer){ 0 };
	(void)snprintf(out->reason, sizeof(out->reason),
	    "the policy has no inference section");
}
