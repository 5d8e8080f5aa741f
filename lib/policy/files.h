/* files.h -- the one decision function of the files' domain, and what is true
 * of whole trees.  No allocation, no lock, no parse.
 *
 * All paths here are canonical: absolute as it is inside the sandbox, of the
 * object reached (never as it was spelled), without empty and dot components
 * and without a final '/' but for "/" itself. Any bytes but NUL. A path that
 * is not so is denied. */
#ifndef POLICY_FILES_H
#define POLICY_FILES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "policy/answer.h"
#include "policy/image.h"

/* Beside enum file_access in file_query.mounted: the object lies in a mount,
 * whatever that gives. Set it for every object in one, also where the policy
 * or the baseline (the home) allow it: it is the host's then, and protected
 * names are. */
enum { FILE_MOUNTED = 4 };

struct file_query {
	struct str path;
	unsigned access;	/* of enum file_access; with both, both must
				 * be allowed. Read: open, map, list. Write:
				 * create, change, and all that is done to a
				 * name. */
	unsigned mounted;	/* what the operator's own mount that the
				 * object lies in gives (of enum file_access)
				 * and FILE_MOUNTED; 0: in none. It is as an
				 * allow; denies and protected names beat it. */
	uint64_t profiles;	/* that the caller is under */
};

struct file_answer {
	enum verdict verdict;	/* what is enforced (mode considered) */
	enum verdict judged;	/* what the rules say, whatever the mode */
	bool hidden;		/* it is to look as if it was not there: not
				 * listed, ENOENT; only on a denial */
	struct policy_rule rule;	/* that decided: the allow, or the deny.
				 * Of the baseline and of protected names file
				 * says so in words, and line is 0. */
	struct policy_rule nearest; /* on a denial without rule: closest allow */
	char reason[REASON_BYTES_MAX]; /* one sentence: why */
};

void policy_file(const struct image *im, const struct file_query *q,
    struct file_answer *out);

/* The same without words: which of enum file_access the rules allow,
 * whatever the mode and whatever q->access. */
unsigned policy_file_judge(const struct image *im, const struct file_query *q);

/* Is writing it denied because its name is protected, and by nothing else? */
bool policy_file_guarded(const struct image *im, const struct file_query *q);

/* A class of places: where two paths have the same one, the same is allowed
 * to them and to all that may ever stand below them, so a directory may be
 * renamed from one to the other, and a file linked. For a file,
 * policy_file_judge() alone must be the same. */
struct file_state {
	uint64_t own, maximum;	/* own 0: no such path; the same as nothing */
};

struct file_state policy_file_state(const struct image *im, struct str path);

static inline bool
file_state_same(struct file_state a, struct file_state b)
{
	return a.own != 0 && a.own == b.own && a.maximum == b.maximum;
}

enum file_extent { FILE_NONE, FILE_SOME, FILE_ALL };

struct file_below { /* of all that may ever stand below, itself not counted */
	enum file_extent read, write;
};

/* FILE_NONE and FILE_ALL are certain. mounted as in file_query, and the same
 * for all below. */
void policy_file_below(const struct image *im, struct str path,
    unsigned mounted, struct file_below *out);

#endif
