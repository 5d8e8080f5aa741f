/* answer.h -- what the decisions of all domains have in common. */
#ifndef POLICY_ANSWER_H
#define POLICY_ANSWER_H

#include <stdint.h>

#include "base/str.h"

enum verdict { VERDICT_DENY, VERDICT_ALLOW };

#define REASON_BYTES_MAX 256	/* one sentence, with its NUL */

struct policy_rule { /* where a rule stands; empty file: no rule */
	struct str file;	/* as the user named it */
	uint32_t line;
	struct str text;	/* for people: "GET api.github.com/zen" */
	struct str policy;	/* name of the rule or section, for denials */
};

#endif
