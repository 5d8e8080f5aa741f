/* forms.h -- what is looked for: the detectors' words, and exact values in the
 * forms that they may take. */
#ifndef SCAN_FORMS_H
#define SCAN_FORMS_H

#include "scan/view.h"

enum {
	DEPTH_MAX = 3,		/* of views in views */
	FORMS_MAX = 13		/* an exact value's */
};

struct form { /* of an exact value */
	unsigned char *p;
	size_t len;
	bool any_case;
	uint32_t value;
};

struct found {
	size_t at, end;
	const struct detector *d;
	const char *under;
};

struct scan {
	unsigned refs;		/* beside the first */
	struct words *near;	/* that say whose number it is */
	struct words *words;	/* the detectors' first, then the forms' */
	struct form forms[SCAN_EXACT_MAX * FORMS_MAX];
	size_t nforms, longest;	/* of them, in bytes */
	uint64_t begins[4];	/* the bytes that one begins with */
	struct detector values[SCAN_EXACT_MAX];
	size_t nvalues;
	/* what one run over a window needs, and none after it */
	struct room made[DEPTH_MAX + 1], runs[DEPTH_MAX + 1];
	struct found *found;
	size_t found_cap;
};

enum seen look_form(const struct form *f, const struct text *t, size_t at,
    struct span *out);

#endif
