/* compile.h -- policy documents to an image.  The gateway, the CLI's
 * `policy check` and tests link this; enforcers never do. */
#ifndef COMPILE_COMPILE_H
#define COMPILE_COMPILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

struct err;

/* How a document is known: what its name is, and what it may extend. */
enum policy_kind {
	POLICY_GIVEN,	/* zero: name is a path, as the user gave it */
	POLICY_USER,	/* a library of the user's own directory */
	POLICY_SHIPPED,	/* a library that came with this version */
};

struct policy_file { /* borrowed */
	const char *name;	/* for messages, and to be extended by */
	struct str text;
	enum policy_kind kind;
	bool maximum;		/* of the policy that bounds the others: what
				 * it does not allow, none of them can */
};

enum diag_level { DIAG_ERROR, DIAG_WARNING };

struct diag {
	enum diag_level level;
	char *file;
	uint32_t line, column;	/* from 1; 0: the file as a whole */
	char *text;		/* what is wrong, with the fix */
	char *source;		/* the offending line, or NULL */
	uint32_t width;		/* of the caret mark, in bytes */
};

struct diags { /* zero is empty; diags_fini() it */
	struct diag *v;
	size_t n, errors;
};

void diags_fini(struct diags *d);
/* "FILE:LINE:COL: error: TEXT\n  SOURCE\n  ^~~~\n" of all, heap text. */
char *diags_print(const struct diags *d, bool colour);

enum policy_stage {
	POLICY_STAGE_CHECK,	/* language only: what is well formed is fine;
				 * image_open() refuses the image */
	POLICY_STAGE_ENFORCE,	/* and this version must be able to enforce
				 * it: "not enforced by this version: ..." */
};

/* Merges and compiles; those of the maximum apart, and into the image's own.
 * 0: *image (free() it) and *len; d may hold warnings. -1: d->errors > 0. No
 * files at all gives the empty policy: deny all network, no file section. */
int policy_compile(const struct policy_file *files, size_t n,
    enum policy_stage stage, char **image, size_t *len, struct diags *d);

/* What of the locked domains (files, processes) differs between two images:
 * names of the changed fields, one per line, heap text; NULL if none. */
struct image;
char *policy_locked_changes(const struct image *old, const struct image *new_);

#endif
