/* limits.h -- the checked resources, rate_limits, process and labels of all
 * documents together. */
#ifndef COMPILE_LIMITS_H
#define COMPILE_LIMITS_H

#include <stdbool.h>

#include "base/str.h"
#include "compile/scalar.h"
#include "policy/fact.h"
#include "policy/labels.h"
#include "policy/resources.h"

struct node;

#define LABELS_MAX 4096		/* patterns in one policy */

struct pol_label { /* one alternative of a path */
	struct str base;	/* compiled; empty: the root */
	struct str text;	/* as written */
	enum sensitivity level;
	uint64_t names;		/* by their order in pol_limits */
	const struct node *at;
};

struct pol_limits {
	struct pol_scalar v[LIMIT_COUNT];
	const struct node *watchdog;	/* a section that does not say no */
	struct pol_label *labels;
	uint32_t nlabels;
	struct str names[LABEL_NAMES_MAX];
	uint32_t nnames;
};

#endif
