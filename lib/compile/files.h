/* files.h -- the checked file_access section, of all documents together. */
#ifndef COMPILE_FILES_H
#define COMPILE_FILES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "compile/scalar.h"

struct compile;
struct node;

#define FILE_RULES_MAX	16384	/* paths in one policy, {a,b} counted apart */
#define GRANTS_MAX	256	/* that need a place of their own in the root;
				 * the operator's mounts come on top */
#define FILE_ALTERNATIVES_MAX 256	/* of one path with braces */

enum file_origin {
	FILE_OF_POLICY,
	FILE_OF_SYSTEM,		/* the baseline that every sandbox has */
	FILE_PROTECTED,		/* what would run outside the sandbox later */
};

struct pol_file { /* one alternative of a path */
	struct pol_file *next;
	struct str text;	/* as written, braces opened */
	struct str path;	/* the same without a final wildcard; where
				 * glob is false, a canonical path */
	struct str base;	/* the same, compiled (policy/match.h); empty:
				 * the root */
	unsigned access;	/* FILE_*: that an allow gives, a deny takes */
	bool tree;		/* and everything below */
	bool deny, hide;
	bool glob;		/* path holds wildcards */
	bool spent;		/* the baseline has it, or a deny took it */
	enum file_origin origin;
	const struct node *at;	/* NULL: of no document */
};

struct pol_files {
	struct pol_scalar system, fallback, hide;
	const struct node *section; /* first; NULL: none anywhere */
	const struct node *star;    /* a deny that states the default */
	struct pol_file *list, **end;
	uint32_t n;
	bool gate;		/* opens must be judged */
};

/* ---- glob.c: "/x/{a,b}/[c-e]*" as the alternatives it stands for. Adds to
 * *out, one for each; false: said what is wrong. like gives what they have in
 * common. */
struct file_globs {
	struct pol_file *v;
	uint32_t n;
};
bool file_globs(struct compile *c, const struct node *n,
    const struct pol_file *like, struct file_globs *out);
/* Of the tables below: a text that is known to be well. */
void file_glob_own(struct compile *c, const char *text, struct pol_file *f);

/* ---- baseline.c: the rules that every sandbox has besides. */
void baseline_add(struct compile *c, struct pol_files *out);
/* The baseline gives it already: nothing to do, and nothing of the host's
 * own to show in its stead. */
bool baseline_has(const struct compile *c, const struct pol_file *f);
/* It is of the sandbox's own, and nothing of the host's is put there for it
 * (lib/jail/place.c): no name in it is protected for its sake. */
bool baseline_is_own(const struct pol_file *f);
/* One of those that f names or holds, or NULL. */
const char *baseline_own(const struct pol_file *f);
const char *baseline_kernel(const struct pol_file *f);
const char *baseline_secret(const struct pol_file *f);
/* inner is outer or stands below it. */
bool path_is_under(struct str inner, struct str outer);

/* ---- place.c: the directory of an allow with wildcards, as the tree that is
 * to be shown for it. false: there is none that the baseline lacks. */
bool file_place(struct compile *c, const struct pol_file *f,
    struct pol_file *place);

/* ---- floor.c: why the kernel's own means are not enough for the files. */
enum file_need {
	NEED_ALLOW_PATTERN,	/* an allow with wildcards */
	NEED_DENY_PATTERN,	/* a deny with wildcards */
	NEED_DENY_INSIDE,	/* a deny in an allowed tree (other) */
	NEED_DENY_OWN,		/* a deny in what is the sandbox's own */
	NEED_DENY_SOME,		/* a deny of reading or writing alone */
	NEED_HIDE,		/* names that are not to be listed */
	NEED_MAXIMUM,		/* an allow that the maximum does not hold
				 * whole */
	NEED_AUDIT,		/* each open is to be recorded */
	NEED_DEFAULT,		/* default_policy: allow, with denies */
	/* What no gate gives either. */
	NEED_ROOT,		/* a grant of the whole root */
	NEED_KERNEL,		/* a grant in /proc, /dev, /sys */
	NEED_SECRET,		/* a grant of what no sandbox is shown */
	NEED_PLACES,		/* more trees than a root takes */
	NEED_COUNT
};

struct file_why {
	enum file_need need;
	const struct node *at;		/* of the rule, or the key */
	const struct pol_file *rule;	/* NULL: it is about the section */
	const struct pol_file *other;	/* NEED_DENY_INSIDE: the allow */
	const char *hit;		/* the place that it touches, or NULL */
};

typedef void file_why_take(struct compile *c, const struct file_why *w);
/* Each reason once per rule. Marks rules as spent on the way. */
void floor_why(struct compile *c, file_why_take *take);
/* And what the maximum, an image by now, says of each allow. */
struct image;
void floor_bound(struct compile *c, const struct image *max);
/* What a gate of this version holds; the others are refused. */
extern const bool file_gate_holds[NEED_COUNT];

#endif
