/* convert.h -- the older schema's text in native words, and where each of its
 * entries stood.  Of convert.c and print.c alone. */
#ifndef COMPILE_CONVERT_H
#define COMPILE_CONVERT_H

#include "base/buf.h"
#include "compile/check.h"

#define CONVERT_ENTRIES_MAX 16384

struct convert_list { /* what was written, and the line of each entry */
	struct buf text;
	uint32_t *lines;
	uint32_t n;
};

struct converted { /* converted_fini() it */
	struct convert_list allow, deny, files;
	bool has_files;		/* there was a section of them */
	struct buf head;	/* the comments before everything */
};

/* -1: what cannot be said is in d. */
int convert_doc(const struct doc *doc, struct converted *out,
    struct diags *d);
/* The whole of it as a document, heap. */
char *converted_text(const struct converted *v);
void converted_fini(struct converted *v);
/* A scalar as it has to be written; quoted if it was, or needs to be. */
bool print_scalar(struct buf *b, struct str s, bool quoted);

#endif
