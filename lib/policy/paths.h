/* paths.h -- what all rules together say of one path.  Of the files*.c files
 * alone. */
#ifndef POLICY_PATHS_H
#define POLICY_PATHS_H

#include "policy/files.h"
#include "policy/form.h"

struct path_says { /* by access: read, write; index + 1 of a rule, or 0 */
	uint32_t allow[2], base[2], deny[2];
	uint32_t guard, names;
	uint32_t kinds;		/* KIND_*, that hold for all below too */
	bool ours;		/* what each sandbox is given of us to read */
};

struct path_walk {
	uint32_t anchored, floating;	/* states behind the path */
	struct path_says said;
};

enum why {
	WHY_NO_RULE,	/* zero: denied */
	WHY_DENIED,
	WHY_GUARDED,	/* a protected name */
	WHY_ALLOWED,
	WHY_MOUNTED,	/* the operator's mount gives it */
	WHY_OPEN,	/* default_policy: allow */
	WHY_OURS,	/* what each sandbox is given of us to read */
};

struct path_why {
	enum why why;
	uint32_t rule;	/* index + 1, or 0 */
};

static inline bool
why_allows(struct path_why w)
{
	return w.why >= WHY_ALLOWED;
}

/* false: the path is not canonical; nothing is said of it. */
bool path_walk(const struct image *im, struct str path, struct path_walk *w);
/* About one access. */
struct path_why path_judge(const struct image *im, const struct path_says *s,
    unsigned access, unsigned mounted);

#endif
